"""How much a manifest may hold, all its files together."""

from __future__ import annotations

from pathlib import Path

from ..errors import ManifestError
from .source import read_bytes

EVENTS = 300_000
"""Keys and values: ten thousand tracks of ten settings each take five sixths of it."""
BYTES = 4 * 1024 * 1024
"""The same ten thousand tracks, with a prompt of three hundred characters each."""


class Room:
    """What the files of one manifest may still hold."""

    def __init__(self) -> None:
        self.events = EVENTS
        self.bytes = BYTES

    def read(self, path: Path, shown_as: Path) -> bytes:
        """Read a file; raise ManifestError if it is too large, by itself or with the others."""
        try:
            data = read_bytes(path, self.bytes, shown_as)
        except ManifestError:
            if self.bytes == BYTES:
                raise
            what = f"`{shown_as.as_posix()}` and the files before it"
            size = f"{BYTES // 2**20} MiB" if BYTES >= 2**20 else f"{BYTES // 2**10} KiB"
            raise ManifestError(f"{what} are larger than {size}") from None
        self.bytes -= len(data)
        return data
