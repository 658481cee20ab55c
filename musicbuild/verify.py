"""What of a project is whole, what is missing, damaged or changed, and what mends it.

Nothing is written here, nothing is sent, and no file is held in memory that may be large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .durable import ASIDE
from .errors import IntegrityError
from .findings import Finding, Mend, Problem, Report
from .hashing import Digest, digest_file
from .journal import Journal
from .leftovers import left_overs, size_of
from .lock import Lock, LockedOutput, Purchase
from .outputs import Found, Tree
from .paths import may_be_output
from .records import TRASH
from .spec import Output, TrackSpec
from .store import Store
from .takes import fitted, picked
from .trust import find_lock, misplaced


@dataclass(frozen=True, slots=True)
class Subject:
    """A project as it lies on disk; `repeatable` tells what can be made again for nothing."""

    root: Path
    lock_path: Path
    store: Store
    journal: Journal
    tree: Tree
    tracks: Sequence[TrackSpec]
    repeatable: Callable[[Purchase], bool]

    def place(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds: the size of each whole object, what is damaged, what is no object."""

    whole: Mapping[Digest, int]
    damaged: tuple[Digest, ...]
    strays: tuple[Finding, ...]


def verify(subject: Subject) -> Report:
    """Look at all of it, byte by byte."""
    held = _hold(subject)
    orders = (*_orders(subject), *_records(subject))
    try:
        lock = find_lock(subject.lock_path, subject.store)
    except IntegrityError as error:
        said = Finding(Problem.LOCK, subject.lock_path.name, Mend.SAID, said=error)
        places = [subject.place(subject.store.path(digest)) for digest in held.damaged]
        objects = [Finding(Problem.OBJECT, place, Mend.LOCK_FIRST) for place in places]
        return Report(
            (said, *orders, *objects, *held.strays, *_left_overs(subject, Lock())),
            objects=len(held.whole) + len(held.damaged),
            bytes=sum(held.whole.values()),
            trash=_trash(subject),
        )
    return _Verdict(subject, lock, held).report(orders)


def _hold(subject: Subject) -> Held:
    """Read every object in the store and compare it with its name."""
    whole: dict[Digest, int] = {}
    damaged: list[Digest] = []
    strays: list[Finding] = []
    for path in sorted(subject.store.folder.rglob("*")):
        if digest := subject.store.named(path):
            size = _size(path, digest)
            if size is None:
                damaged.append(digest)
            else:
                whole[digest] = size
        elif (path.is_symlink() or not path.is_dir()) and not ASIDE.fullmatch(path.name):
            problem = Problem.LEFT_OVER if path.name.startswith(".") else Problem.STRAY
            strays.append(Finding(problem, subject.place(path), Mend.REMOVE))
    return Held(whole, tuple(damaged), tuple(strays))


def _size(path: Path, digest: Digest) -> int | None:
    """Return the size of a whole object, None if it is damaged or can't be read."""
    try:
        return path.stat().st_size if digest_file(path) == digest else None
    except OSError:
        return None


def _left_overs(subject: Subject, lock: Lock) -> Iterator[Finding]:
    """Find what builds that died left over, in our own folders and where outputs go."""
    paths = {output.path for track in subject.tracks for output in track.outputs}
    state = subject.store.folder.parent
    paths |= set(filter(may_be_output, lock.owners))
    for path, _ in left_overs(subject.root, state, paths):
        yield Finding(Problem.LEFT_OVER, subject.place(path), Mend.PRUNE)


def _trash(subject: Subject) -> tuple[int, ...]:
    """Return the sizes of all files in the trash."""
    sizes = map(size_of, (subject.store.folder.parent / TRASH).rglob("*"))
    return tuple(size for size in sizes if size is not None)


def _records(subject: Subject) -> Iterator[Finding]:
    """Find damage to the records of orders that are closed."""
    folder = subject.journal.folder
    for path in sorted((*folder.glob("failed/*/*.jsonl"), *folder.glob("given-up/*.jsonl"))):
        try:
            _, torn = subject.journal.examine(path)
        except (IntegrityError, OSError):
            torn = True
        if torn:
            yield Finding(Problem.RECORD, subject.place(path), Mend.CLOSED)


def _orders(subject: Subject) -> Iterator[Finding]:
    for path in sorted(subject.journal.folder.glob("*.jsonl")):
        where = subject.place(path)
        try:
            payment, torn = subject.journal.examine(path)
        except FileNotFoundError:  # it was settled meanwhile
            continue
        except IntegrityError as error:
            yield Finding(Problem.JOURNAL, where, Mend.SAID, said=error)
            continue
        if torn or not payment:
            yield Finding(Problem.TORN, where, Mend.RECOVER if payment else Mend.NOTHING)
        if payment:
            yield Finding(Problem.OPEN, where, Mend.RECOVER, track=payment.track)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The lock against the store and the tree, each output looked at once."""

    subject: Subject
    lock: Lock
    held: Held
    seen: dict[str, Found | IntegrityError | None] = field(default_factory=dict)

    def report(self, orders: tuple[Finding, ...]) -> Report:
        whole, damaged = self.held.whole, self.held.damaged
        audio = {one.audio for one in self.lock.purchases.values()}
        outputs = [one for track in self.lock.tracks.values() for one in track.outputs.values()]
        lost = tuple(self._lost())
        findings = (
            *self._lock(),
            *orders,
            *map(self._object, damaged),
            *self.held.strays,
            *_left_overs(self.subject, self.lock),
            *self._outputs(),
            *lost,
        )
        return Report(
            findings,
            purchases=len(self.lock.purchases),
            objects=len(whole) + len(damaged),
            bytes=sum(whole.values()),
            outputs=len(list(self._wanted())),
            unused=len(whole.keys() - audio - {one.digest for one in outputs}),
            elsewhere=len(audio - whole.keys() - set(damaged)) - len(lost),
            trash=_trash(self.subject),
        )

    def _lock(self) -> Iterator[Finding]:
        """Hold the lock's entries against each other, and against the store."""
        for key in misplaced(self.lock):
            yield Finding(Problem.WRONG_KEY, f"purchase {key:.12}", Mend.VERSION_CONTROL)
        for key, purchase in self.lock.purchases.items():
            if self.held.whole.get(purchase.audio, purchase.bytes) != purchase.bytes:
                yield Finding(Problem.WRONG_SIZE, f"purchase {key:.12}", Mend.VERSION_CONTROL)
        for name, track in self.lock.tracks.items():
            bought = self.lock.purchases.get(track.generate)
            if bought is None:
                yield Finding(Problem.NO_PURCHASE, f"track {name}", Mend.VERSION_CONTROL)
            elif bought.take != track.take:
                yield Finding(Problem.WRONG_TAKE, f"track {name}", Mend.VERSION_CONTROL)

    def _object(self, digest: Digest) -> Finding:
        """Find what a damaged object was, and who can give it again."""
        where = self.subject.place(self.subject.store.path(digest))
        keys = [key for key, one in self.lock.purchases.items() if one.audio == digest]
        for key, name in self._users():
            if key in keys:
                mend, source = self._once_more(key)
                return Finding(Problem.OBJECT, where, mend, name, source, force=True)
        if keys:
            purchase = self.lock.purchases[keys[0]]
            mend = Mend.REMOVE if self._repeatable(keys[0]) else Mend.LATER
            source = purchase.provider
            if purchase.adopted:
                mend, source = Mend.ADOPT, purchase.adopted.file
            return Finding(Problem.OBJECT, where, mend, source=source)
        for track, output, made in self._wanted():
            if made.digest == digest and self._is_current(track, output, made):
                mend, source = self._from(self.lock.tracks[track.id].generate)
                intact = self._intact(output.path, made)
                return Finding(Problem.OBJECT, where, mend, track.id, source, force=intact)
        return Finding(Problem.OBJECT, where, Mend.REMOVE)

    def _outputs(self) -> Iterator[Finding]:
        for track, output, made in self._wanted():
            path, there = output.path, self._find(output.path)
            match there:
                case IntegrityError():
                    yield Finding(Problem.NO_FILE, path, Mend.SAID, track.id, said=there)
                case None:
                    mend, source = self._from(self.lock.tracks[track.id].generate)
                    if made.digest in self.held.whole and self._is_current(track, output, made):
                        mend, source = Mend.FROM_STORE, ""
                    yield Finding(Problem.MISSING, path, mend, track.id, source)
                case Found(digest=digest, fetched=False) if digest == made.digest:
                    yield Finding(Problem.POINTER, path, Mend.LFS, track.id)
                case Found(digest=digest) if digest == made.digest:
                    pass
                case Found(digest=digest) if digest in self.held.whole:
                    mend, source = self._from(self.lock.tracks[track.id].generate)
                    yield Finding(Problem.OTHER, path, mend, track.id, source)
                case _:
                    yield Finding(Problem.CHANGED, path, Mend.OVERWRITE, track.id)

    def _lost(self) -> Iterator[Finding]:
        """Find bought audio that is needed, and that is nowhere on this machine."""
        told = set()
        for key, name in self._users():
            bought = self.lock.purchases[key]
            here = bought.audio in self.held.whole or bought.audio in self.held.damaged
            if here or bought.audio in told or self._repeatable(key):
                continue
            if self._holder(key) is None and not self._has_pointer(key):
                told.add(bought.audio)
                where = f"generation {bought.generation}"
                yield Finding(Problem.AUDIO, where, *_source(bought, name))

    def _once_more(self, key: Digest) -> tuple[Mend, str]:
        """Say who has damaged audio; an output serves only if it holds what was delivered."""
        if holder := self._holder(key):
            path, made = holder
            exact = made.audio_digest == self.lock.purchases[key].audio
            return (Mend.FROM_OUTPUT if exact else Mend.SERVED), path
        return self._from(key)

    def _from(self, key: Digest) -> tuple[Mend, str]:
        """Say what an output is made again from."""
        bought = self.lock.purchases.get(key)
        if bought is None:
            return Mend.VERSION_CONTROL, ""
        if bought.audio in self.held.whole or self._holder(key):
            return Mend.FROM_AUDIO, ""
        if self._repeatable(key):
            return Mend.COMPOSE, ""
        mend, _, source = _source(bought, "")
        return mend, source

    def _users(self) -> Iterator[tuple[Digest, str]]:
        """Yield the keys of what was made and is needed, each with a track that needs it."""
        for track in self.subject.tracks:
            key = picked(track, self.lock).key
            if key in self.lock.purchases:
                yield key, track.id

    def _wanted(self) -> Iterator[tuple[TrackSpec, Output, LockedOutput]]:
        """Yield what was made, as far as the manifest still asks for it."""
        for track in self.subject.tracks:
            locked = self.lock.tracks.get(track.id)
            if bought := self.lock.purchases.get(picked(track, self.lock).key):
                track = fitted(track, bought)  # noqa: PLW2901  as it is to be made
            for output in track.outputs if locked else ():
                if locked and output.path in locked.outputs:
                    yield track, output, locked.outputs[output.path]

    def _holder(self, key: Digest) -> tuple[str, LockedOutput] | None:
        """Find an output made from this audio that is whole, in its place or in the store."""
        made = list(self._made(key))
        intact = (one for one in made if self._intact(*one))
        stored = (one for one in made if one[1].digest in self.held.whole)
        return next(intact, None) or next(stored, None)

    def _has_pointer(self, key: Digest) -> bool:
        made = self._made(key)
        return any(self._find(path) == Found(out.digest, fetched=False) for path, out in made)

    def _made(self, key: Digest) -> Iterator[tuple[str, LockedOutput]]:
        for track in self.lock.tracks.values():
            if track.generate == key:
                yield from track.whole.items()

    def _intact(self, path: str, made: LockedOutput) -> bool:
        return self._find(path) == Found(made.digest)

    def _is_current(self, track: TrackSpec, output: Output, made: LockedOutput) -> bool:
        """Tell whether a build would make just this output again."""
        bought = self.lock.purchases.get(picked(track, self.lock).key)
        return bought is not None and made.master == output.master.key(bought.audio)

    def _repeatable(self, key: Digest) -> bool:
        return self.subject.repeatable(self.lock.purchases[key])

    def _find(self, path: str) -> Found | IntegrityError | None:
        if path not in self.seen:
            self.seen[path] = self._look(path)
        return self.seen[path]

    def _look(self, path: str) -> Found | IntegrityError | None:
        try:
            return self.subject.tree.find(path)
        except IntegrityError as error:
            return error
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return IntegrityError(f"`{path}` can't be read: {why}", hint="let it be read again")


def _source(bought: Purchase, track: str) -> tuple[Mend, str, str]:
    """Say who alone has audio that is gone here, and whose it is."""
    if bought.adopted:
        return Mend.ADOPT, track, bought.adopted.file
    return Mend.FETCH, track, bought.provider
