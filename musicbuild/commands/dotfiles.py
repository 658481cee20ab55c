"""Lines in files that git reads and others write too: added at the end, once, and taken out."""

from __future__ import annotations

import os
from pathlib import Path

from .. import durable, reading
from ..folders import walk
from ..project import STATE_FOLDER

IGNORES = ".gitignore"
IGNORED = f"{STATE_FOLDER}/"


def ignored(path: Path) -> dict[str, bytes]:
    """Return a `.gitignore` with the state folder in it; nothing if it is in it already."""
    before = contents(path)
    known = {line.strip().strip(b"/") for line in before.splitlines()}
    if IGNORED.strip("/").encode() in known:
        return {}
    return {IGNORES: with_line(before, IGNORED)}


def with_line(before: bytes, line: str) -> bytes:
    """Add a line at the end."""
    gap = b"" if not before or before.endswith(b"\n") else b"\n"
    return before + gap + f"{line}\n".encode()


def without_line(before: bytes, line: str) -> bytes:
    """Take a line out wherever it stands; all others stay as they are, ends included."""
    return b"".join(one for one in before.splitlines(keepends=True) if not _is(one, line))


def has_line(before: bytes, line: str) -> bool:
    return any(_is(one, line) for one in before.splitlines())


def contents(path: Path) -> bytes:
    """Return what a file holds, nothing if there is none; raise NotPlain if it is a link."""
    return reading.contents(path) if os.path.lexists(path) else b""


def put(root: Path, path: str, data: bytes) -> None:
    """Write a file below a folder; raise Linked if a link on the way would lead elsewhere."""
    *folders, name = path.split("/")
    with walk(root, folders, make=True) as folder:
        durable.write_within(folder, name, data)


def _is(written: bytes, line: str) -> bool:
    return written.split() == line.encode().split()
