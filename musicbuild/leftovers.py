"""What lies about of builds that died, and of orders that failed long ago; changes nothing."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from . import durable
from .errors import IntegrityError
from .journal import Journal
from .lock import FILE_NAME
from .records import WORK


def left_overs(root: Path, state: Path, outputs: Iterable[str]) -> Iterator[tuple[Path, int]]:
    """Yield files that were written aside and folders of work, with their sizes.

    In our own records each file that is called so counts, in the author's folders only one that
    was to become the lock or one of `outputs`.
    """
    objects = state / "store/objects"
    ours = state, state / "state", state / "journal", state / "store", objects
    for folder in (*ours, *entries(objects)):
        yield from _asides(folder)
    for folder, names in _places(root, outputs).items():
        yield from _asides(folder, names)
    for path in entries(state / WORK):
        yield path, sum(size_of(one) or 0 for one in (path, *path.rglob("*")))


def old_failures(journal: Journal, before: datetime) -> Iterator[tuple[Path, int, str]]:
    """Yield records of orders that failed without a charge before then, with their tracks."""
    for path in sorted(journal.folder.glob("failed/*/*.jsonl")):
        try:
            payment, _ = journal.examine(path)
        except (IntegrityError, OSError):  # what it says is not known, nor how old it is
            continue
        if payment and payment.intended < before:
            yield path, size_of(path) or 0, payment.track


def size_of(path: Path) -> int | None:
    """Return the size of a plain file, None for anything else."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def entries(folder: Path) -> list[Path]:
    """Return what is in a folder, nothing if there is none."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _asides(folder: Path, names: Collection[str] = ()) -> Iterator[tuple[Path, int]]:
    for path in entries(folder):
        size = size_of(path)
        is_ours = not names or any(durable.is_aside(path.name, of=name) for name in names)
        if is_ours and durable.ASIDE.fullmatch(path.name) and size is not None:
            yield path, size


def _places(root: Path, outputs: Iterable[str]) -> dict[Path, set[str]]:
    """Return the author's folders that builds write in, and the names that they write there."""
    places: dict[Path, set[str]] = defaultdict(lambda: {"probe"})
    places[root].add(FILE_NAME)
    real = root.resolve()
    for path in sorted(outputs):
        *parts, name = path.split("/")
        folder = root.joinpath(*parts)
        if folder in places or folder.resolve() == real.joinpath(*parts):  # no link on the way
            places[folder].add(name)
    return places
