"""Putting bytes on disk so that a crash leaves the old file or the new one, never a part.

Errors of the disk are left as OSError: each caller knows what is at stake and says so.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from . import reading
from .folders import HELD, Folder, hold, open_plain

ASIDE = re.compile(r"\..{1,40}\.[0-9a-f]{16}", re.DOTALL)
"""The name of a file that was written aside and never got its own."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What systems say of a disk on which a file has one name."""


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace a file: written aside in the same folder, synced, then renamed over it."""
    with _hold_made(path.parent) as folder:
        write_within(folder, path.name, data, mode=mode)


def write_within(
    folder: Folder, name: str, data: bytes, *, mode: int = 0o644, lasting: bool = True
) -> None:
    """Replace a file in a folder that is held.

    If it need not be `lasting`, a power cut may undo that; there is never half a file.
    """
    aside = _aside(name)
    handle = folder.open(aside, _NEW, mode)
    try:
        _fill(handle, data)
        folder.replace(aside, name)
    except BaseException:
        folder.remove(aside)
        raise
    if lasting:
        folder.sync()


def create_within(folder: Folder, name: str, data: bytes, *, mode: int = 0o644) -> bool:
    """Make a file that must be new, whole at once; tell whether it was.

    Where a file can't have two names it is written in place, and seen before it is whole.
    """
    aside = _aside(name)
    handle = folder.open(aside, _NEW, mode)
    try:
        _fill(handle, data)
        made = _link(folder, aside, name)
        if made is None:
            made = _create_in_place(folder, name, data, mode)
    finally:
        folder.remove(aside)
    folder.sync()
    return made


def move_within(folder: Folder, name: str, into: Folder) -> None:
    """Move a file to another folder that is held; it is whole in one of them at every moment."""
    try:
        folder.move(name, into)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        write_within(into, name, reading.contents(name, within=folder))
        folder.remove(name)
    into.sync()
    folder.sync()


def append(path: Path, data: bytes, *, at: int | None = None) -> bool:
    """Add to a file, making it if it is new, and return when it is on disk.

    If it should end `at` a place and does not, nothing is added, and False is returned.
    """
    handle = open_plain(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        if at is not None and size != at:
            return False
        _write(handle, data)
    finally:
        os.close(handle)
    if not size:
        sync_folder(path.parent)
    return True


def probe(folder: Path, room: int) -> None:
    """Write a file there and take it away; raise OSError if that or so many bytes can't be had."""
    make_folder(folder)
    with hold(folder) as held:
        probe_within(held, room)


def probe_within(folder: Folder, room: int) -> None:
    """Do the same in a folder that is held."""
    if folder.free() < room:
        raise OSError(errno.ENOSPC, f"less than {room >> 20} MiB are free", folder.path)
    name = _aside("probe")
    handle = folder.open(name, _NEW, 0o600)
    try:
        _fill(handle, b"probe")
    finally:
        folder.remove(name)


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
    with hold(folder) as held:
        held.sync()


def _link(folder: Folder, name: str, other: str) -> bool | None:
    """Give a file a second name; None where there are no second names."""
    try:
        return folder.link(name, other)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return None
        raise


def _create_in_place(folder: Folder, name: str, data: bytes, mode: int) -> bool:
    try:
        handle = folder.open(name, _NEW, mode)
    except FileExistsError:
        return False
    try:
        _fill(handle, data)
    except BaseException:
        folder.remove(name)
        raise
    return True


def is_aside(name: str, *, of: str) -> bool:
    """Tell whether a file is called as one that is written aside to become another."""
    return name.startswith(f".{of[:40]}.") and ASIDE.fullmatch(name) is not None


def _aside(name: str) -> str:
    """Return a name for a file that is soon to have another, or none; nobody can guess it."""
    return f".{name[:40]}.{secrets.token_hex(8)}"


def _hold_made(folder: Path) -> Folder:
    """Open a folder, and make it where there is none."""
    if HELD:
        with suppress(FileNotFoundError):
            return hold(folder)
    make_folder(folder)
    return hold(folder)


def _fill(handle: int, data: bytes) -> None:
    try:
        _write(handle, data)
    finally:
        os.close(handle)


def _write(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
    os.fsync(handle)
