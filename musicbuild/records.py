"""Where our own records lie: in the project's own folder, of which no part may be a link.

A link in a repository could have a build write, or read, in any other folder of who builds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from .errors import IntegrityError

TRASH = "trash"
"""What was pruned, in folders named by the time."""
WORK = "work"
"""What the audio tools are at; a build that is killed leaves it over."""

PARTS = ("", "store", "store/objects", "journal", "journal/failed", TRASH, WORK)
"""The folders whose names nobody but us gives to anything."""


def check_records(folder: Path) -> None:
    """Raise IntegrityError if the folder of our records, or a part of it, is a link."""
    for place in _links(folder):
        raise IntegrityError(
            f"`{place.relative_to(folder.parent).as_posix()}` is a link, and our own records are"
            " kept in the project itself",
            hint="look where it leads, remove it, and build again",
        )


def _links(folder: Path) -> Iterator[Path]:
    if folder.is_symlink():
        yield folder
    for part in PARTS:
        # What is no folder, or can't be read, fails where it is needed.
        with suppress(OSError), os.scandir(folder / part) as entries:
            yield from (Path(entry.path) for entry in entries if entry.is_symlink())
