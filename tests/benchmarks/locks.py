"""What it takes to keep the lock while a build enters track after track."""

from __future__ import annotations

import time
from pathlib import Path

from musicbuild import lock as locks
from musicbuild.lock import Lock


def measure(folder: str, budget: float) -> list[float]:
    """Return milliseconds of CPU time a track, for entering each track of a project's lock.

    If all of them would take more than `budget` seconds, those in the middle of the way are
    entered instead: what they take is the mean of what all take, as long as it grows evenly.
    """
    path = Path(folder) / locks.FILE_NAME
    whole = locks.load(path)
    names = list(whole.tracks)
    half = len(names) // 2
    began = time.perf_counter()
    _enter(path, whole, names[:half], names[half : half + 1])
    most = max(1, min(len(names), int(budget / (time.perf_counter() - began))))
    first = (len(names) - most) // 2
    return [1e3 * _enter(path, whole, names[:first], names[first : first + most]) / most]


def _enter(path: Path, whole: Lock, there: list[str], names: list[str]) -> float:
    """Enter tracks, as a build does, into a lock that has some; return seconds of CPU time."""
    lock = Lock(
        {key: whole.purchases[key] for key in (whole.tracks[name].generate for name in there)},
        {name: whole.tracks[name] for name in there},
    )
    before = time.process_time()
    for name in names:
        track = whole.tracks[name]
        lock = lock.with_purchase(track.generate, whole.purchases[track.generate])
        locks.save(path, lock)
        lock = lock.with_track(name, track)
        locks.save(path, lock)
    return time.process_time() - before
