"""Whether a lock may be trusted with money: one that is gone or contradicts itself may not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from pathlib import Path

from . import lock as locks
from .errors import IntegrityError
from .hashing import Digest, quoted
from .lock import RESTORE, Lock
from .spec import TrackSpec
from .store import Store

ENTRY = 1 << 10
"""Bytes that a purchase, or an output, may add to the lock, but for texts."""


def read_lock(path: Path, store: Store) -> Lock:
    """Read the lock as `find_lock` does, and raise IntegrityError too if it contradicts itself."""
    lock = find_lock(path, store)
    for fault in faults(lock):
        raise IntegrityError(f"`{path.name}` is damaged: {fault}", hint=RESTORE)
    return lock


def find_lock(path: Path, store: Store) -> Lock:
    """Read the lock, empty in a project that was never built.

    A build writes the lock before it stores anything, so a store with something in it once had
    a lock.  Raises IntegrityError if that is gone, or can't be read.
    """
    lock = locks.load(path)
    if not (lock.purchases or lock.tracks or path.exists() or store.is_empty()):
        raise IntegrityError(
            f"`{path.name}` is missing, and the store holds what it said was made",
            hint=f"{RESTORE}; to begin anew, move `.musicbuild` away",
        )
    return lock


def ensure_written(path: Path, lock: Lock) -> None:
    """Write the lock if there is none yet, before anything is stored."""
    if not path.exists():
        locks.save(path, lock)


def misplaced(lock: Lock) -> Iterator[Digest]:
    """Yield the keys under which another purchase stands than the one they are made from."""
    return (key for key, one in lock.purchases.items() if one.spec.key != key)


def faults(lock: Lock) -> Iterator[str]:
    """Say in what the purchases of a lock contradict themselves."""
    return (f"purchase `{key:.12}` does not match its key" for key in misplaced(lock))


def growth(track: TrackSpec) -> int:
    """Return how many bytes a track may at most add to the lock."""
    tags = track.outputs[0].master.tags
    texts = [track.generate.prompt] * track.takes
    texts += [text for text in (getattr(tags, one.name) for one in fields(tags)) if text]
    texts += [output.path for output in track.outputs]
    entries = track.takes + len(track.outputs)
    return ENTRY * entries + sum(len(quoted(str(text)).encode()) for text in texts)


def check_before_paying(lock: Lock, wanted: Collection[Digest], room: int) -> None:
    """Raise IntegrityError if what is wanted may have been bought, and the lock lost that.

    `room` are the bytes that the lock may grow by; there must be so many before it is too large.
    """
    for fault in faults(lock):
        raise IntegrityError(
            f"`{locks.FILE_NAME}` is damaged: {fault}; nothing was ordered", hint=RESTORE
        )
    if len(locks.dump(lock)) + room > locks.LARGEST:
        raise IntegrityError(
            f"`{locks.FILE_NAME}` is almost as large as may be read; nothing was ordered",
            hint="part the project in two",
        )
    lacking = frozenset(wanted) - lock.purchases.keys()
    for name, track in lock.tracks.items():
        if track.generate in lacking:
            raise IntegrityError(
                f"`{locks.FILE_NAME}` is damaged: `{name}` was made from a purchase that is not"
                " in it; nothing was ordered",
                hint=RESTORE,
            )
