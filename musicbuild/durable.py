"""Putting bytes on disk so that a crash leaves the old file or the new one, never a part.

Errors of the disk are left as OSError: each caller knows what is at stake and says so.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file: written aside in the same folder, synced, then renamed over it."""
    folder = path.parent
    make_folder(folder)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, mode)  # noqa: PTH101  `aside` is a name from mkstemp, not a Path
        os.replace(aside, path)  # noqa: PTH105  as above
    except BaseException:
        os.unlink(aside)  # noqa: PTH108  as above
        raise
    sync_folder(folder)


def append(path: Path, data: bytes) -> None:
    """Add to a file, making it if it is new, and return when it is on disk."""
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if new:
        sync_folder(path.parent)


def probe(folder: Path, room: int) -> None:
    """Write a file there and take it away; raise OSError if that or so many bytes can't be had."""
    make_folder(folder)
    if shutil.disk_usage(folder).free < room:
        raise OSError(errno.ENOSPC, f"less than {room >> 20} MiB are free", str(folder))
    handle, name = tempfile.mkstemp(prefix=".probe.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
    finally:
        os.unlink(name)  # noqa: PTH108  `name` is from mkstemp, not a Path


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder where there is none, and those above it; their names are on disk then.

    A file that is synced in a folder whose own name is not can go with it.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system has such a call (not Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
