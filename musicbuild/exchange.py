"""Objects between the store and a remote: what is missing on one side comes from the other.

Nothing is believed for its name: what arrives is compared with its digest before it is put into
the store, and what leaves is read and compared first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from .clock import Clock, SystemClock
from .errors import Unusable
from .events import Exchanged, ExchangeStarted, Passage, Watcher
from .hashing import Digest
from .remotes import Remote, is_whole, object_name
from .room import Places
from .store import Store
from .workers import in_parallel

JOBS = 8
LOOKS = 4
"""How many times as many questions are asked at once as objects are moved: they take no memory."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two sides, and how to go about it.

    `jobs` objects are on the way at once, and at most as many more in memory, being read or
    written here.  `read` gives an object of this side, whole, or None; from the store unless
    another place is named.  `check` has objects read that would else be believed to be there:
    those of the store by `pull`, those of the remote by `push`.  With `dry_run` nothing is moved,
    and what would be is told as if it were.

    Both ways raise RemoteError as soon as the remote fails, and OSError as soon as the disk does.
    What was moved until then stays, and so it does when `stop` is set: to go on, do it again.
    """

    store: Store
    remote: Remote
    jobs: int = JOBS
    read: Callable[[Digest], bytes | None] | None = None
    check: bool = False
    dry_run: bool = False
    watch: Watcher = lambda _: None
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)

    def pull(self, digests: Iterable[Digest]) -> Moved:
        """Fetch what the store lacks."""
        run = _Run(self, digests)
        places = Places(self.jobs)
        run.each(lambda digest: self.fetch(digest, places), self.jobs, places)
        return run.end()

    def push(self, digests: Iterable[Digest]) -> Moved:
        """Send what the remote lacks; what it has in another size counts as lacking."""
        run = _Run(self, digests)
        sizes: dict[Digest, int | None] = {}

        def look(digest: Digest) -> tuple[Passage, int] | None:
            sizes[digest] = size = self.remote.size(object_name(digest))
            return (Passage.THERE, 0) if self._is_there(digest, size) else None

        run.each(look, LOOKS * self.jobs)
        run.each(lambda digest: self._send(digest, sizes[digest]), self.jobs)
        return run.end()

    def send(self, digest: Digest) -> tuple[Passage, int]:
        """Send one object that the remote lacks; tell what became of it, and its bytes."""
        size = self.remote.size(object_name(digest))
        there = self._is_there(digest, size)
        return (Passage.THERE, 0) if there else self._send(digest, size)

    def _is_there(self, digest: Digest, size: int | None) -> bool:
        return not self.check and size is not None and size == self._size(digest)

    def fetch(self, digest: Digest, places: Places | None = None) -> tuple[Passage, int]:
        """Fetch one object that the store lacks; tell what became of it, and its bytes.

        A place that is held is given up once the network has done its part.
        """
        if self.store.get(digest) is not None if self.check else self.store.holds(digest):
            return Passage.THERE, 0
        name = object_name(digest)
        if self.dry_run:
            size = self.remote.size(name)
            return (Passage.MISSING, 0) if size is None else (Passage.MOVED, size)
        damaged = self.store.holds(digest)
        for _ in range(2):  # what was spoilt on the way is whole when it is read again
            try:
                data = self.remote.get(name)
            except Unusable:
                return Passage.DAMAGED, 0
            if data is None:
                return Passage.MISSING, 0
            if places:
                places.give_up()  # the disk keeps no other from coming
            if self.store.keep(data, digest):
                return (Passage.MENDED if damaged else Passage.MOVED), len(data)
        return Passage.DAMAGED, 0

    def _send(self, digest: Digest, size: int | None) -> tuple[Passage, int]:
        if self.check and size is not None and is_whole(self.remote, digest) is True:
            return Passage.THERE, 0
        data = (self.read or self.store.get)(digest)
        if data is None:
            return (Passage.MISSING if size is None else self._unsure(digest)), 0
        if size == len(data) and not self.check:
            return Passage.THERE, 0
        if not self.dry_run:
            self.remote.put(object_name(digest), data)
        return (Passage.MOVED if size is None else Passage.MENDED), len(data)

    def _size(self, digest: Digest) -> int | None:
        """Return an object's size in the store; it may be elsewhere here."""
        try:
            return self.store.path(digest).stat().st_size
        except OSError:
            return None

    def _unsure(self, digest: Digest) -> Passage:
        """Say how an object is there that can't be compared with one here.

        Only where the one here is damaged, and of another size, is it read to know which is whole.
        """
        doubted = self.check or self.store.holds(digest)
        whole = not doubted or (not self.check and is_whole(self.remote, digest) is True)
        return Passage.THERE if whole else Passage.DAMAGED


class _Run:
    """One exchange: what became of each object so far."""

    def __init__(self, exchange: Exchange, digests: Iterable[Digest]) -> None:
        self._exchange = exchange
        self._wanted = tuple(dict.fromkeys(digests))
        self._passages: dict[Digest, Passage] = {}
        self._bytes = 0
        self._mutex = threading.Lock()
        exchange.watch(ExchangeStarted(len(self._wanted)))

    def each(
        self,
        see_to: Callable[[Digest], tuple[Passage, int] | None],
        jobs: int,
        places: Places | None = None,
    ) -> None:
        """See to all that nothing has become of yet, so many at once."""

        def task(digest: Digest) -> None:
            if became := see_to(digest):
                passage, size = became
                with self._mutex:
                    self._passages[digest] = passage
                    self._bytes += size
                    self._exchange.watch(Exchanged(digest, passage, size))

        stop, clock = self._exchange.stop, self._exchange.clock
        tasks = [partial(task, digest) for digest in self._left()]
        in_parallel(tasks, jobs, stop=stop, halt=stop, monotonic=clock.monotonic, places=places)

    def end(self) -> Moved:
        with self._mutex:
            left = self._left()
            done = {one: self._passages[one] for one in self._wanted if one in self._passages}
            return Moved(done, left, self._bytes)

    def _left(self) -> tuple[Digest, ...]:
        return tuple(digest for digest in self._wanted if digest not in self._passages)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of each object, those that were not begun, and how many bytes were moved."""

    passages: Mapping[Digest, Passage]
    left: tuple[Digest, ...]
    bytes: int

    def those(self, *passages: Passage) -> tuple[Digest, ...]:
        return tuple(digest for digest, one in self.passages.items() if one in passages)
