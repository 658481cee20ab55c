"""What of a project's files nothing needs any more, and what becomes of it; changes nothing.

What can't be made again for nothing goes to the trash.  Bought audio stays, unless it was asked
for and a remote holds it; so does whatever may have been bought by another branch's lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import reading
from .errors import IntegrityError, PolicyError
from .hashing import Digest, digest_file
from .leftovers import entries, left_overs, old_failures, size_of
from .litter import Gone, Kept, Kind, Pruning, Why
from .lock import FILE_NAME, RESTORE, Lock
from .outputs import Found
from .paths import clash_key, may_be_output
from .records import TRASH
from .store import Store
from .takes import taken
from .trust import read_lock
from .verify import Subject

MONTH = timedelta(days=30)
"""How old a failed order is before it is dropped, and by default what is in the trash."""

TIME = "%Y-%m-%dT%H-%M-%SZ"
"""How a folder in the trash is named: no file name on Windows holds a colon."""

MARK = re.compile(rb"musicbuild[ _]key|m\0u\0s\0i\0c\0b\0u\0i\0l\0d\0 \0k\0e\0y", re.IGNORECASE)
"""What the tags of every output hold, in whatever encoding, and no audio as it was delivered."""

NOTES = b"MThd"
"""How a file of notes begins, which has no tags and is never what a provider delivers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants besides; `held` tells whether a remote has bytes, None without any.

    `trash` is the age from which on what is in the trash goes, None to leave all of it.
    """

    now: datetime
    bought: bool = False
    trash: timedelta | None = None
    held: Callable[[Digest], bool] | None = None


def decide(subject: Subject, asked: Asked) -> Pruning:
    """Decide what goes.

    Raises IntegrityError if the lock can't tell what is needed, and PolicyError if `bought` was
    asked for without a remote, or while an order is open that something belongs to.
    """
    lock = read_lock(subject.lock_path, subject.store)
    _check(lock)
    if asked.bought and asked.held is None:
        raise PolicyError(
            "`--bought` takes away only what the team's store has too, and this project names none;"
            " nothing was taken away",
            hint="name a `store` in the manifest and `musicbuild push`, or leave `--bought` out",
        )
    pruning = _Decision(subject, asked, lock).pruning()
    if any(one.kind is not Kind.TRASH for one in pruning.gone):
        _check_orders(subject)
    return pruning


def trashed(folder: Path) -> datetime | None:
    """Return when a folder in the trash was filled, None if it is none of ours."""
    try:
        return datetime.strptime(folder.name, TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _check(lock: Lock) -> None:
    """Raise IntegrityError if the lock does not say what its tracks are made from."""
    for name, track in lock.tracks.items():
        bought = lock.purchases.get(track.generate)
        if bought is None or bought.take != track.take:
            raise IntegrityError(
                f"`{FILE_NAME}` is damaged: `{name}` was made from a purchase that is not in it;"
                " nothing was taken away",
                hint=RESTORE,
            )


def _check_orders(subject: Subject) -> None:
    orders = subject.journal.payments()
    if orders:
        names = ", ".join(sorted({f"`{one.track}`" for one in orders}))
        raise PolicyError(
            f"an order of {names} is open, and may yet need what would go; nothing was taken away",
            hint="`musicbuild recover` looks after it",
        )


@dataclass(frozen=True, slots=True)
class _Decision:
    """The lock against the manifest, the store and the tree; what is asked twice is kept."""

    subject: Subject
    asked: Asked
    lock: Lock
    _whole: dict[Digest, bool] = field(default_factory=dict)
    _found: dict[str, Found | IntegrityError | None] = field(default_factory=dict)

    def pruning(self) -> Pruning:
        outputs = list(self._outputs())
        left = [one for one in outputs if isinstance(one, Gone)]
        place = self.subject.place
        paths = {one.path for track in self.subject.tracks for one in track.outputs}
        paths |= set(filter(may_be_output, self.lock.owners))
        leftovers = left_overs(self.subject.root, self.subject.store.folder.parent, paths)
        failed = old_failures(self.subject.journal, self.asked.now - MONTH)
        found = [
            *outputs,
            *self._objects(left),
            *(Gone(Kind.LEFT_OVER, place(path), size) for path, size in leftovers),
            *(Gone(Kind.FAILED, place(path), size, track) for path, size, track in failed),
            *self._trash(),
        ]
        gone = [one for one in found if isinstance(one, Gone)]
        return Pruning(
            self.lock,
            gone=tuple(one for kind in Kind for one in gone if one.kind is kind),
            kept=tuple(one for one in found if isinstance(one, Kept)),
        )

    def _outputs(self) -> Iterator[Gone | Kept]:
        """Decide on each output in the lock that no track of the manifest makes any more."""
        wanted = {track.id: {one.path for one in track.outputs} for track in self.subject.tracks}
        paths = {path for those in wanted.values() for path in those}
        folded = frozenset(map(clash_key, paths))
        orphans = sorted(self.lock.owners.keys() - paths)
        for path in orphans:
            names = self.lock.owners[path]
            unbuilt = [one for one in names if one in wanted and not wanted[one] & self._made(one)]
            if not may_be_output(path):
                yield Kept(Why.ELSEWHERE, path, track=names[0])
            elif clash_key(path) in folded:
                yield Kept(Why.SAME, path, track=names[0])
            elif unbuilt:
                yield Kept(Why.NOT_BUILT, path, track=unbuilt[0])
            else:
                yield self._output(path, names, orphans)

    def _output(self, path: str, names: Sequence[str], orphans: Collection[str]) -> Gone | Kept:
        """Decide on one of them: it goes if it is as it was made, and its music is not lost."""
        digests = frozenset(self.lock.tracks[name].outputs[path].digest for name in names)
        track, size = names[0], size_of(self.subject.root / path) or 0
        is_safe = all(self._is_safe(self.lock.tracks[name].generate, orphans) for name in names)
        match self._find(path):
            case IntegrityError():
                return Kept(Why.NOT_PLAIN, path, track=track)
            case None if not is_safe and any(map(self._is_whole, digests)):
                return Kept(Why.ONLY, path, track=track)
            case None:
                return Gone(Kind.ENTRY, path, 0, track, digests)
            case Found(digest=digest) if digest not in digests:
                return Kept(Why.CHANGED, path, size, track)
            case Found(fetched=False):
                return Kept(Why.POINTER, path, size, track)
        if not is_safe:
            return Kept(Why.ONLY, path, size, track)
        return Gone(Kind.OUTPUT, path, size, track, digests)

    def _is_safe(self, key: Digest, orphans: Collection[str]) -> bool:
        """Tell whether the music of a purchase is at hand, whatever becomes of these outputs."""
        audio = self.lock.purchases[key].audio
        if self._is_repeatable(key) or self._is_whole(audio) or self._is_held(audio):
            return True
        return any(
            path not in orphans and self._find(path) == Found(made.digest)
            for name in self.lock.made_from[key]
            for path, made in self.lock.tracks[name].whole.items()
        )

    def _objects(self, outputs: Iterable[Gone]) -> Iterator[Gone | Kept]:
        """Decide on each object that nothing names once these outputs have gone."""
        after = self.lock.without({one.path for one in outputs})
        named = {one.digest for track in after.tracks.values() for one in track.outputs.values()}
        keys = {wish.key for track in self.subject.tracks for wish in track.wishes}
        keys |= {take.key for track in self.subject.tracks for take in taken(track, self.lock)}
        keys |= {track.generate for track in after.tracks.values()}
        free, bought = set(self._free_outputs(outputs)), set()
        for key, purchase in self.lock.purchases.items():
            if key in keys:
                named.add(purchase.audio)
            elif self._is_repeatable(key):
                free.add(purchase.audio)
            else:
                bought.add(purchase.audio)
        copies = {digest for one in outputs if one.kind is Kind.OUTPUT for digest in one.digests}
        lying: frozenset[Digest] | None = None
        for digest, path, size in self._stored():
            found = Gone(Kind.UNUSED, self.subject.place(path), size, digests=frozenset({digest}))
            if digest in named or (digest in bought and not self.asked.bought):
                continue
            lying = self._lying() if lying is None else lying
            if digest in lying:
                continue
            if digest in bought:
                yield self._bought(found, digest, Why.ONLY)
            elif digest in copies:
                yield replace(found, kind=Kind.COPY)
            elif digest in free:
                yield replace(found, kind=Kind.DRAFT)
            else:
                yield found if _is_output(path) else self._bought(found, digest, Why.UNKNOWN)

    def _stored(self) -> Iterator[tuple[Digest, Path, int]]:
        for path in sorted(self.subject.store.folder.glob("objects/*/*")):
            digest, size = self.subject.store.named(path), size_of(path)
            if digest and size is not None:
                yield digest, path, size

    def _bought(self, found: Gone, digest: Digest, why: Why) -> Gone | Kept:
        if self.asked.bought and self._is_held(digest):
            return replace(found, kind=Kind.BOUGHT)
        return Kept(why, found.path, found.bytes)

    def _free_outputs(self, outputs: Iterable[Gone]) -> Iterator[Digest]:
        """Yield what was made of free audio, among what goes."""
        for one in outputs:
            names = self.lock.owners[one.path]
            if all(self._is_repeatable(self.lock.tracks[name].generate) for name in names):
                yield from one.digests

    def _lying(self) -> frozenset[Digest]:
        """Return what lies where outputs go: by the store a plan knows it for one of ours."""
        paths = (output.path for track in self.subject.tracks for output in track.outputs)
        found = map(self._find, paths)
        return frozenset(one.digest for one in found if isinstance(one, Found))

    def _trash(self) -> Iterator[Gone | Kept]:
        """Decide on what has been in the trash for long; what is all that is left stays."""
        if self.asked.trash is None:
            return
        for folder in entries(self.subject.store.folder.parent / TRASH):
            when = trashed(folder)
            # Of two prunings in one second the latter names its folder by the next second.
            if when is None or max(self.asked.now - when, timedelta()) < self.asked.trash:
                continue
            store = Store(folder / self.subject.place(self.subject.store.folder))
            for path in sorted(folder.rglob("*")):
                size, place = size_of(path), self.subject.place(path)
                if size is None:
                    continue
                digest = store.named(path) if path.is_relative_to(store.folder) else None
                if digest and self._is_only(digest, path):
                    yield Kept(Why.ONLY, place, size)
                else:
                    yield Gone(Kind.TRASH, place, size)

    def _is_only(self, digest: Digest, path: Path) -> bool:
        """Tell whether an object in the trash may be all that is left of something bought."""
        if self._is_whole(digest) or self._is_held(digest):
            return False
        keys = [key for key, one in self.lock.purchases.items() if one.audio == digest]
        if keys:
            return not all(map(self._is_repeatable, keys))
        return not _is_output(path)

    def _made(self, name: str) -> frozenset[str]:
        return frozenset(self.lock.tracks[name].outputs)

    def _is_repeatable(self, key: Digest) -> bool:
        return self.subject.repeatable(self.lock.purchases[key])

    def _is_held(self, digest: Digest) -> bool:
        return self.asked.held is not None and self.asked.held(digest)

    def _is_whole(self, digest: Digest) -> bool:
        if digest not in self._whole:
            try:
                self._whole[digest] = digest_file(self.subject.store.path(digest)) == digest
            except OSError:
                self._whole[digest] = False
        return self._whole[digest]

    def _find(self, path: str) -> Found | IntegrityError | None:
        if path not in self._found:
            try:
                self._found[path] = self.subject.tree.find(path)
            except IntegrityError as error:
                self._found[path] = error
        return self._found[path]


def _is_output(path: Path) -> bool:
    """Tell whether an object is an output of ours, by what its tags hold."""
    try:
        data = reading.contents(path)
    except OSError:
        return False
    return data.startswith(NOTES) or MARK.search(data) is not None
