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
from .hashing import Digest, digest_bytes
from .remotes import Remote, object_name
from .store import Store
from .workers import in_parallel

JOBS = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two sides, and how to go about it.

    `jobs` objects are moved at once, and as many are in memory.  `read` gives an object of this
    side, whole, or None; from the store unless another place is named.  `check` has objects read
    that would else be believed to be there: those of the store by `pull`, those of the remote
    by `push`.  With `dry_run` nothing is moved, and what would be is told as if it were.

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
        return self._run(digests, self.fetch)

    def push(self, digests: Iterable[Digest]) -> Moved:
        """Send what the remote lacks; what it has in another size counts as lacking."""
        return self._run(digests, self.send)

    def _run(
        self, digests: Iterable[Digest], move: Callable[[Digest], tuple[Passage, int]]
    ) -> Moved:
        wanted = tuple(dict.fromkeys(digests))
        passages: dict[Digest, Passage] = {}
        moved = 0
        mutex = threading.Lock()

        def see_to(digest: Digest) -> None:
            nonlocal moved
            passage, size = move(digest)
            with mutex:
                passages[digest] = passage
                moved += size
                self.watch(Exchanged(digest, passage, size))

        self.watch(ExchangeStarted(len(wanted)))
        tasks = [partial(see_to, digest) for digest in wanted]
        in_parallel(
            tasks, self.jobs, stop=self.stop, halt=self.stop, monotonic=self.clock.monotonic
        )
        with mutex:
            done = {digest: passages[digest] for digest in wanted if digest in passages}
            return Moved(done, tuple(one for one in wanted if one not in done), moved)

    def fetch(self, digest: Digest) -> tuple[Passage, int]:
        """Fetch an object that the store lacks; tell what became of it, and how many bytes came."""
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
            if digest_bytes(data) == digest:
                self.store.put(data)
                return (Passage.MENDED if damaged else Passage.MOVED), len(data)
        return Passage.DAMAGED, 0

    def send(self, digest: Digest) -> tuple[Passage, int]:
        """Send an object that the remote lacks; tell what became of it, and how many bytes went."""
        name = object_name(digest)
        size = self.remote.size(name)
        if size is not None and self._is_whole(digest, name, size):
            return Passage.THERE, 0
        data = (self.read or self.store.get)(digest)
        if data is None:
            return (Passage.MISSING if size is None else self._unsure(digest, name)), 0
        if size == len(data) and not self.check:
            return Passage.THERE, 0
        if not self.dry_run:
            self.remote.put(name, data)
        return (Passage.MOVED if size is None else Passage.MENDED), len(data)

    def _is_whole(self, digest: Digest, name: str, size: int) -> bool:
        """Tell whether the remote has an object whole, as far as that was to be looked at."""
        if self.check:
            return self._reads(digest, name)
        try:
            return self.store.path(digest).stat().st_size == size
        except OSError:  # it is not in the store, and may be elsewhere here
            return False

    def _unsure(self, digest: Digest, name: str) -> Passage:
        """Say how an object is there that can't be compared with one here.

        Only where the one here is damaged, and of another size, is it read to know which is whole.
        """
        doubted = self.check or self.store.holds(digest)
        whole = not doubted or (not self.check and self._reads(digest, name))
        return Passage.THERE if whole else Passage.DAMAGED

    def _reads(self, digest: Digest, name: str) -> bool:
        try:
            data = self.remote.get(name)
        except Unusable:
            return False
        return data is not None and digest_bytes(data) == digest


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of each object, those that were not begun, and how many bytes were moved."""

    passages: Mapping[Digest, Passage]
    left: tuple[Digest, ...]
    bytes: int

    def those(self, *passages: Passage) -> tuple[Digest, ...]:
        return tuple(digest for digest, one in self.passages.items() if one in passages)
