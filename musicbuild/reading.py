"""Reading a file that anybody may have put there: a plain one, at once, and only so much of it.

A pipe would be waited at for ever and a device read without end, so neither is opened to be read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from .folders import Folder, Linked, open_plain

LARGEST = 512 << 20
"""Bytes; no file of a project is larger: audio has at most 256 MiB, and tags 16."""

_AT_ONCE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)


class NotPlain(OSError):
    """What lies there is a folder, a link, a pipe or a device."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, "is not a plain file", path)


class TooLarge(OSError):
    def __init__(self, path: str, most: int) -> None:
        size = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        super().__init__(errno.EFBIG, f"is larger than {size}", path)


@contextmanager
def opened(
    path: Path | str, *, most: int = LARGEST, within: Folder | None = None
) -> Iterator[tuple[FileIO, int]]:
    """Open a file to read it, and give its size; `within` a folder `path` is a name in it.

    Raises NotPlain, TooLarge or another OSError.
    """
    handle = _open(path, within)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotPlain(str(path))
        if status.st_size > most:
            raise TooLarge(str(path), most)
    except OSError:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb", buffering=0) as file:
        yield file, status.st_size


def contents(path: Path | str, *, most: int = LARGEST, within: Folder | None = None) -> bytes:
    """Return the bytes of a file, those that it had when it was opened."""
    with opened(path, most=most, within=within) as (file, size):
        data = file.read(size)
        while len(data) < size and (more := file.read(size - len(data))):
            data += more
        return data


def _open(path: Path | str, within: Folder | None) -> int:
    try:
        return within.open(str(path), _AT_ONCE) if within else open_plain(path, _AT_ONCE)
    except Linked:
        raise NotPlain(str(path)) from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise NotPlain(str(path)) from None
        raise
