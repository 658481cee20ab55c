"""Which objects a project has by its lock: bought audio and outputs, and which tracks need each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .errors import IntegrityError
from .hashing import Digest, digest_bytes
from .lock import Lock
from .outputs import Found, Tree
from .spec import TrackSpec
from .store import Store
from .tags import audio_of
from .takes import fitted, picked


@dataclass(frozen=True, slots=True)
class Holding:
    """One object: audio under its generate `key`, or the output at a `path`.

    `track` is one that it was bought or made for, nothing if the manifest has none.  It is
    `needed` if a build would use it: not if the track has moved on, and is to be made anew.
    """

    digest: Digest
    key: Digest
    track: str = ""
    path: str = ""
    needed: bool = False

    @property
    def is_audio(self) -> bool:
        return not self.path


def of_tracks(lock: Lock, tracks: Sequence[TrackSpec]) -> tuple[Holding, ...]:
    """Return what was bought and made for these tracks."""
    found: dict[Digest, Holding] = {}
    for track in tracks:
        for one in (*_bought(lock, track), *_made(lock, track)):
            if one.needed or one.digest not in found:
                found[one.digest] = one
    return tuple(found.values())


def everything(lock: Lock, tracks: Sequence[TrackSpec]) -> tuple[Holding, ...]:
    """Return all that the lock names, whether or not there is a track for it now."""
    found = {one.digest: one for one in of_tracks(lock, tracks)}
    for key, bought in lock.purchases.items():
        found.setdefault(bought.audio, Holding(bought.audio, key))
    for locked in lock.tracks.values():
        for path, made in locked.outputs.items():
            found.setdefault(made.digest, Holding(made.digest, locked.generate, "", path))
    return tuple(found.values())


def _bought(lock: Lock, track: TrackSpec) -> Iterator[Holding]:
    locked = lock.tracks.get(track.id)
    wished = [*(spec.key for spec in track.wishes), picked(track, lock).key]
    for key in dict.fromkeys([*wished, *([locked.generate] if locked else [])]):
        if bought := lock.purchases.get(key):
            yield Holding(bought.audio, key, track.id, needed=key in wished)


def _made(lock: Lock, track: TrackSpec) -> Iterator[Holding]:
    locked = lock.tracks.get(track.id)
    if locked is None:
        return
    bought = lock.purchases.get(picked(track, lock).key)
    for output in (fitted(track, bought) if bought else track).outputs:
        if made := locked.outputs.get(output.path):
            current = bought is not None and made.master == output.master.key(bought.audio)
            yield Holding(made.digest, locked.generate, track.id, output.path, current)


def reading(lock: Lock, store: Store, tree: Tree) -> Callable[[Digest], bytes | None]:
    """Return what reads an object from the store, or from an output that holds it untouched."""
    paths: dict[Digest, list[str]] = {}
    around: dict[Digest, list[tuple[str, Digest]]] = {}
    for locked in lock.tracks.values():
        for path, made in locked.outputs.items():
            paths.setdefault(made.digest, []).append(path)
        for path, made in locked.whole.items():
            around.setdefault(made.audio_digest, []).append((path, made.digest))

    def output(path: str, digest: Digest) -> bytes | None:
        try:
            data = tree.read(path)
        except IntegrityError:  # it leads out of the project
            return None
        return data if data is not None and digest_bytes(data) == digest else None

    def read(digest: Digest) -> bytes | None:
        if (data := store.get(digest)) is not None:
            return data
        for path in paths.get(digest, ()):
            if (data := output(path, digest)) is not None:
                return data
        for path, made in around.get(digest, ()):
            data = output(path, made) or store.get(made)
            if data is not None and (bare := _bare(data)) and digest_bytes(bare) == digest:
                return bare
        return None

    return read


def in_place(holding: Holding, find: Callable[[str], Found | None]) -> bool:
    """Tell whether an output lies in the tree as it was made."""
    try:
        return not holding.is_audio and find(holding.path) == Found(holding.digest)
    except (IntegrityError, OSError):
        return False


def _bare(data: bytes) -> bytes:
    try:
        return audio_of(data)
    except IntegrityError:  # what a lock says of a file may be untrue
        return b""
