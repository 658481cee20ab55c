"""Where a simulated disk is: below `os`, so that all above it is the real thing.

A path below the disk's folder is the disk's, and so is a handle that it gave; whatever else is
asked goes on to the operating system.  What is not in the table of calls below finds no such
folder, and fails.
"""

from __future__ import annotations

import errno
import glob
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import Any, Self
from unittest.mock import patch

from filelock import Timeout

from musicbuild import claim as claims

from .disk import Disk, File, Folder

FREE = os.statvfs_result((4096, 4096, 1 << 30, 1 << 29, 1 << 29, 0, 0, 0, 0, 255))
HELD_BY = ("dir_fd", "src_dir_fd")
"""How a call is told in which folder a name is; that of a second name stays with it."""

FOLDER = os.stat_result((stat.S_IFDIR | 0o755, 0, 0, 1, 0, 0, 0, 0, 0, 0))


class _Written:
    """A file that was opened for writing; each write is on its way at once."""

    def __init__(self, disk: Disk, handle: int) -> None:
        self._disk, self._handle = disk, handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
    return _status_of(disk.find(path))


def _status_of(node: File | Folder) -> os.stat_result:
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
    if flags & os.O_DIRECTORY and isinstance(disk.find(path), File):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
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


def _replace(disk: Disk, source: str, target: Any, *, dst_dir_fd: int | None = None) -> None:
    disk.moved(source, _named(disk, target, dst_dir_fd))


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


def _fdopen(disk: Disk, handle: int, mode: str, *, buffering: int) -> io.BytesIO:
    if (mode, buffering) != ("rb", 0):
        raise io.UnsupportedOperation(mode)
    _, node = disk.open_files.pop(handle)
    return io.BytesIO(node.data)


def _write(disk: Disk, handle: int, data: memoryview) -> int:
    disk.written(handle, bytes(data))
    return len(data)


def _fsync(disk: Disk, handle: int) -> None:
    disk.synced(handle)


def _close(disk: Disk, handle: int) -> None:
    del disk.open_files[handle]


def _status_by_handle(disk: Disk, handle: int) -> os.stat_result:
    return _status_of(disk.open_files[handle][1])


BY_HANDLE = {
    (os, "fdopen"): _fdopen,
    (os, "write"): _write,
    (os, "fsync"): _fsync,
    (os, "close"): _close,
    (os, "fstat"): _status_by_handle,
}


def _named(disk: Disk, path: Any, handle: int | None) -> str:
    """Give a name in a folder that is held its path: here no folder ever moves."""
    name = os.fspath(path)
    return name if handle not in disk.open_files else f"{disk.open_files[handle][0]}/{name}"


@contextmanager
def mounted(current: Callable[[], Disk | None]) -> Iterator[None]:
    """Send what is asked of `os` to the disk at hand, if it has to do with it."""

    def by_path(real: Any, simulated: Any) -> Any:
        def call(path: Any, *more: Any, **named: Any) -> Any:
            disk = current()
            if disk is None:
                return real(path, *more, **named)
            held = next((named[one] for one in HELD_BY if named.get(one) in disk.open_files), None)
            if path in disk.open_files:
                path = disk.open_files[path][0]
            if held is not None or str(path).startswith(disk.root):
                more_named = {one: said for one, said in named.items() if one not in HELD_BY}
                return simulated(disk, _named(disk, path, held), *more, **more_named)
            return real(path, *more, **named)

        return call

    def by_handle(real: Any, simulated: Any) -> Any:
        def call(handle: int, *more: Any, **named: Any) -> Any:
            disk = current()
            if disk is not None and handle in disk.open_files:
                return simulated(disk, handle, *more, **named)
            return real(handle, *more, **named)

        return call

    def lock(path: Any, **_: Any) -> _Lock:
        return _Lock(current(), os.fspath(path))

    with ExitStack() as stack:
        for table, wrap in ((BY_PATH, by_path), (BY_HANDLE, by_handle)):
            for (module, name), simulated in table.items():
                hook = wrap(getattr(module, name), simulated)
                hook = staticmethod(hook) if isinstance(module, type) else hook
                stack.enter_context(patch.object(module, name, hook))
        stack.enter_context(patch.object(claims, "FileLock", lock))
        yield
