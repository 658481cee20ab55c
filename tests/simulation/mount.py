"""Where a simulated disk is: below `os`, so that all above it is the real thing.

A path below the disk's folder is the disk's, and so is a handle that it gave; whatever else is
asked goes on to the operating system.  What is not in the table of calls below finds no such
folder, and fails.
"""

from __future__ import annotations

import glob
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from itertools import count
from typing import Any, Self
from unittest.mock import patch

from filelock import Timeout

from musicbuild import claim as claims

from .disk import Disk, File, Folder

FREE = os.statvfs_result((4096, 4096, 1 << 30, 1 << 29, 1 << 29, 0, 0, 0, 0, 255))
FOLDER = os.stat_result((stat.S_IFDIR | 0o755, 0, 0, 1, 0, 0, 0, 0, 0, 0))


class _Written:
    """A file that was opened for writing; each write is on its way at once."""

    def __init__(self, disk: Disk, handle: int) -> None:
        self._disk, self._handle = disk, handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        return self._handle

    def flush(self) -> None: ...

    def write(self, data: bytes) -> int:
        self._disk.written(self._handle, data)
        return len(data)

    def close(self) -> None:
        self._disk.open_files.pop(self._handle, None)


class _Entry:
    """What `os.scandir` gives of one name; there are no links."""

    def __init__(self, folder: str, name: str, node: File | Folder) -> None:
        self.name, self.path, self._node = name, f"{folder}/{name}", node

    def is_dir(self, **_: bool) -> bool:
        return isinstance(self._node, Folder)

    def is_file(self, **_: bool) -> bool:
        return isinstance(self._node, File)

    def is_symlink(self) -> bool:
        return False


class _Scan(list[_Entry]):
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class _Lock:
    """What `filelock.FileLock` is to builds of one process, none of which waits for another."""

    def __init__(self, disk: Disk, path: str) -> None:
        self._locks, self._path = disk.locks, path

    def acquire(self) -> None:
        if self._path in self._locks:
            raise Timeout(self._path)
        self._locks.add(self._path)

    def release(self) -> None:
        self._locks.discard(self._path)


# What each call does on a simulated disk.


def _status(disk: Disk, path: str, **_: Any) -> os.stat_result:
    node = disk.find(path)
    if isinstance(node, Folder):
        return FOLDER
    return os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, len(node.data), 0, 0, 0))


def _real_path(disk: Disk, path: str, **_: Any) -> str:
    del disk  # it has no links
    return os.path.normpath(path)


def _scan(disk: Disk, path: str) -> _Scan:
    path = path.rstrip("/")
    return _Scan(_Entry(path, name, node) for name, node in disk.inside(path))


def _list(disk: Disk, path: str) -> list[str]:
    return [name for name, _ in disk.inside(path)]


def _open(disk: Disk, path: str, flags: int, mode: int = 0o777) -> int:
    del mode
    return disk.open(path, flags)


def _open_file(disk: Disk, path: str, mode: str = "r", *more: Any, **named: Any) -> Any:
    match mode:
        case "rb":
            return io.BytesIO(disk.file(path).data)
        case "wb":
            handle = disk.open(path, os.O_WRONLY | os.O_CREAT)
            if disk.file(path).data:
                disk.truncated(path, 0)
            return _Written(disk, handle)
    raise io.UnsupportedOperation(f"{mode} {more} {named}")


def _replace(disk: Disk, source: str, target: Any) -> None:
    disk.moved(source, os.fspath(target))


def _unlink(disk: Disk, path: str) -> None:
    disk.removed(path)


def _truncate(disk: Disk, path: str, size: int) -> None:
    disk.truncated(path, size)


def _mkdir(disk: Disk, path: str, mode: int = 0o777) -> None:
    del mode
    disk.made_folder(path)


def _chmod(disk: Disk, path: str, mode: int, **_: Any) -> None:
    del mode
    disk.find(path)


def _space(disk: Disk, path: str) -> os.statvfs_result:
    disk.find(path)
    return FREE


def _clear(disk: Disk, path: str, *, ignore_errors: bool = False) -> None:
    with suppress(OSError) if ignore_errors else nullcontext():
        disk.cleared(path)


BY_PATH = {
    (os, "stat"): _status,
    (os, "lstat"): _status,
    (os.path, "realpath"): _real_path,
    (os, "scandir"): _scan,
    (os, "listdir"): _list,
    (os, "open"): _open,
    (io, "open"): _open_file,
    (os, "replace"): _replace,
    (os, "unlink"): _unlink,
    (os, "truncate"): _truncate,
    (os, "mkdir"): _mkdir,
    (os, "chmod"): _chmod,
    (os, "statvfs"): _space,
    (shutil, "rmtree"): _clear,
}
if (
    getattr(getattr(glob, "_StringGlobber", None), "scandir", None) is os.scandir
):  # as of Python 3.13
    BY_PATH[glob._StringGlobber, "scandir"] = _scan


def _fdopen(disk: Disk, handle: int, mode: str) -> _Written:
    if mode not in {"wb", "ab"}:
        raise io.UnsupportedOperation(mode)
    return _Written(disk, handle)


def _fsync(disk: Disk, handle: int) -> None:
    disk.synced(handle)


def _close(disk: Disk, handle: int) -> None:
    del disk.open_files[handle]


BY_HANDLE = {(os, "fdopen"): _fdopen, (os, "fsync"): _fsync, (os, "close"): _close}


@contextmanager
def mounted(current: Callable[[], Disk | None]) -> Iterator[None]:
    """Send what is asked of `os` to the disk at hand, if it has to do with it."""

    def by_path(real: Any, simulated: Any) -> Any:
        def call(path: Any, *more: Any, **named: Any) -> Any:
            disk = current()
            if disk is not None and (name := str(path)).startswith(disk.root):
                return simulated(disk, name, *more, **named)
            return real(path, *more, **named)

        return call

    def by_handle(real: Any, simulated: Any) -> Any:
        def call(handle: int, *more: Any) -> Any:
            disk = current()
            if disk is not None and handle in disk.open_files:
                return simulated(disk, handle, *more)
            return real(handle, *more)

        return call

    numbers, real_mkstemp = count(), tempfile.mkstemp

    def lock(path: Any, **_: Any) -> _Lock:
        return _Lock(current(), os.fspath(path))

    def mkstemp(**named: Any) -> tuple[int, str]:
        disk, folder = current(), str(named.get("dir"))
        if disk is None or not folder.startswith(disk.root):
            return real_mkstemp(**named)
        path = f"{folder}/{named['prefix']}{next(numbers)}"
        return disk.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL), path

    with ExitStack() as stack:
        for table, wrap in ((BY_PATH, by_path), (BY_HANDLE, by_handle)):
            for (module, name), simulated in table.items():
                hook = wrap(getattr(module, name), simulated)
                hook = staticmethod(hook) if isinstance(module, type) else hook
                stack.enter_context(patch.object(module, name, hook))
        stack.enter_context(patch.object(claims, "FileLock", lock))
        stack.enter_context(patch.object(tempfile, "mkstemp", mkstemp))
        yield
