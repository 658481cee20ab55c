"""Where the id of a paid order is kept when the disk of the journal fails.

First there is room set aside on that disk, which is given up when the disk is full; then there are
places on other disks.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from . import durable

ROOM = 64 << 10
"""Bytes set aside: the ids of all orders that can be under way at once, a block for each."""


def other_places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return folders of this user's that are likely to be on another disk than the project."""
    state = environment.get("XDG_STATE_HOME") or environment.get("LOCALAPPDATA")
    home = state or os.path.expanduser("~/.local/state")  # noqa: PTH111  there may be no home
    temporary = environment.get("TMPDIR") or environment.get("TEMP") or "/tmp"  # noqa: S108
    return Path(home) / "musicbuild", Path(temporary)


class Reserve:
    """Room in one folder, and the places to turn to where that is not enough."""

    def __init__(self, folder: Path, others: Sequence[Path] = ()) -> None:
        self._room = folder / "reserve"
        self._others = others
        self._kept: set[Path] = set()
        self._mutex = threading.Lock()

    def set_aside(self) -> None:
        """Fill the room; raise OSError if there is none.  It is noise, which no disk compresses."""
        with self._mutex:
            if not self._room.exists():
                durable.write(self._room, os.urandom(ROOM), mode=0o600)

    def give_up(self) -> None:
        with suppress(OSError):
            self._room.unlink()

    def keep(self, name: str, data: bytes) -> None:
        """Write a file in the first of the other places that takes it; raise OSError if none does.

        The name must be one that nobody can guess, for a place may be open to others.
        """
        failed = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for path in self._paths(name):
            self._kept.add(path)
            try:
                durable.make_folder(path.parent, mode=0o700)
                durable.append(path, data)
            except OSError as error:
                failed = error
            else:
                return
        raise failed

    def kept(self, name: str) -> Path | None:
        """Return the file of that name in one of the other places."""
        for path in self._paths(name):
            # A folder that may not be looked into has nothing, where Path would raise.
            if os.path.isfile(path):  # noqa: PTH113
                self._kept.add(path)
                return path
        return None

    def drop(self, name: str) -> None:
        """Remove what was kept or found under that name; nowhere else is looked for it."""
        for path in self._kept.intersection(self._paths(name)):
            self._kept.discard(path)
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _paths(self, name: str) -> list[Path]:
        return [place / name for place in self._others]
