"""Folders held open, so that what is done in one is done there, whatever its name leads to by now.

A path is looked up anew by each call, and whoever may write next to it can put a link in between.
A folder that is open stays what it is.  Windows opens no folders: there a name is joined to its
folder's path, links are looked for on the way, and a link that comes later is followed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HELD = os.name != "nt"

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_ALWAYS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _ALWAYS


class Linked(OSError):
    """A link stands where there must be none."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ELOOP, "is a link", path)


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder, to be closed; `handle` is None where the system holds none."""

    path: str
    handle: int | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.handle is not None:
            os.close(self.handle)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open a file in it, which must be no link."""
        return open_plain(self._place(name), flags, mode, within=self.handle)

    def replace(self, name: str, other: str) -> None:
        """Give a file the name of another, which goes."""
        os.replace(
            self._place(name), self._place(other), src_dir_fd=self.handle, dst_dir_fd=self.handle
        )

    def link(self, name: str, other: str) -> bool:
        """Give a file a second name, which must be new; tell whether it has it.

        On NFS the answer may be lost and what was asked be done, so the file itself is asked.
        """
        places = self._place(name), self._place(other)
        try:
            os.link(*places, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        except FileExistsError:
            return self.status(name).st_nlink > 1
        return True

    def status(self, name: str) -> os.stat_result:
        """Look at what has a name in it; a link is not followed."""
        return os.stat(self._place(name), dir_fd=self.handle, follow_symlinks=False)

    def move(self, name: str, into: Folder) -> None:
        """Move a file to another folder of the same disk, in which nothing is called so."""
        os.rename(
            self._place(name), into._place(name), src_dir_fd=self.handle, dst_dir_fd=into.handle
        )

    def remove(self, name: str) -> None:
        os.unlink(self._place(name), dir_fd=self.handle)

    def sync(self) -> None:
        """Make the names in it durable, where the system has such a call."""
        if self.handle is not None:
            os.fsync(self.handle)

    def free(self) -> int:
        """Return how many bytes the disk has left."""
        return shutil.disk_usage(self.path if self.handle is None else self.handle).free

    def inner(self, name: str, *, make: bool) -> Folder:
        """Open a folder in it, and make it if that is wanted; raise Linked if it is a link."""
        try:
            return self._inner(name)
        except FileNotFoundError:
            if not make:
                raise
        with suppress(FileExistsError):
            os.mkdir(self._place(name), dir_fd=self.handle)
        self.sync()
        return self._inner(name)

    def _inner(self, name: str) -> Folder:
        path = os.path.join(self.path, name)  # noqa: PTH118  it may be of a root that is no Path
        if self.handle is None:
            _must_be_folder(path)
            return Folder(path, None)
        try:
            return Folder(path, os.open(name, _FOLDER | NO_LINK, dir_fd=self.handle))
        except OSError as error:
            if _is_link(name, self.handle):
                raise Linked(path) from None
            raise error from None

    def _place(self, name: str) -> str:
        return name if self.handle is not None else os.path.join(self.path, name)  # noqa: PTH118


def hold(path: Path | str) -> Folder:
    """Open a folder by its path; links in that are followed."""
    return Folder(str(path), os.open(path, _FOLDER) if HELD else None)


def walk(root: Path | str, parts: Sequence[str], *, make: bool = False) -> Folder:
    """Open a folder below another, name by name; raise Linked if one of them is a link."""
    folder = hold(root)
    for part in parts:
        with folder:
            inner = folder.inner(part, make=make)
        folder = inner
    return folder


def open_plain(
    path: Path | str, flags: int, mode: int = 0o666, *, within: int | None = None
) -> int:
    """Open a file that must be no link; raise Linked if it is one."""
    if not NO_LINK and _is_link(path, within):
        raise Linked(str(path))
    try:
        return os.open(path, flags | NO_LINK | _ALWAYS, mode, dir_fd=within)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EMLINK}:  # FreeBSD says the second
            raise Linked(str(path)) from None
        raise


def _is_link(path: Path | str, within: int | None) -> bool:
    try:
        status = os.stat(path, dir_fd=within, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISLNK(status.st_mode)


def _must_be_folder(path: str) -> None:
    if _is_link(path, None):
        raise Linked(path)
    if not stat.S_ISDIR(os.stat(path).st_mode):  # noqa: PTH116  as above
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
