"""The store: bytes kept by their digest, on this machine.

What is read is checked against its name; an object that does not match is treated as missing.
"""

from __future__ import annotations

import re
from pathlib import Path

from . import durable, reading
from .hashing import Digest, digest_bytes

OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")


class Store:
    """Objects below one folder, `objects/ab/cdef…`, read-only once written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: Digest) -> Path:
        return self.folder.joinpath("objects", digest[:2], digest[2:])

    def named(self, path: Path) -> Digest | None:
        """Return the digest that a path in the store stands for, None if it is no object's."""
        match path.relative_to(self.folder).parts:
            case ("objects", str(folder), str(name)) if OBJECT.fullmatch(f"{folder}/{name}"):
                return Digest(folder + name)
        return None

    def holds(self, digest: Digest) -> bool:
        """Tell whether an object is there, without reading it."""
        return self.path(digest).is_file()

    def is_empty(self) -> bool:
        return next((self.folder / "objects").glob("*/*"), None) is None

    def put(self, data: bytes) -> Digest:
        """Keep bytes for good; they are on disk when this returns."""
        digest = digest_bytes(data)
        if not self.holds(digest) or self.get(digest) is None:
            durable.write(self.path(digest), data, mode=0o444)
        return digest

    def keep(self, data: bytes, digest: Digest) -> bool:
        """Keep bytes from elsewhere as `put` does, if they are what they were said to be."""
        if digest_bytes(data) != digest:
            return False
        durable.write(self.path(digest), data, mode=0o444)
        return True

    def get(self, digest: Digest) -> bytes | None:
        """Return the bytes of this digest, or None if they are missing, damaged or unreadable."""
        try:
            data = reading.contents(self.path(digest))
        except OSError:
            return None
        return data if digest_bytes(data) == digest else None
