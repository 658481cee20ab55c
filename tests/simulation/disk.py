"""A disk that forgets what was not synced: hooks below `os`, and a model beside a real folder.

Every change below one folder is a numbered step, and at one of them the power can fail.  What is
there afterwards is what was synced: a file's bytes by its own sync, its name by that of its
folder, and so on up.  Of all else nothing is left, or everything, or a part, as chance has it: a
name that was taken away may come back, and a file that was written may be empty or torn.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self
from unittest.mock import patch

MOMENTS = ("before", "within", "after")
LEFT = ("synced", "all", "part")
UNTRACKED = (".probe.", ".claim.json.", "claim.json", "claim", ".reserve.", "reserve")
"""Beginnings of names that decide nothing: what happens to them is no step."""


class PowerCut(BaseException):
    """All goes dark; nothing catches it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """At which step the power fails, at which moment of it, and what is left of the unsynced."""

    at: int
    moment: str = "before"
    left: str = "synced"


@dataclass(slots=True)
class File:
    """One file, whatever its names: its bytes, and those of them that are synced."""

    data: bytes = b""
    synced: bytes = b""


@dataclass(slots=True)
class Folder:
    """A folder; `unsynced` are changes of its names, in order, each a set made at once."""

    unsynced: list[dict[str, File | Folder | None]] = field(default_factory=list)


class Disk:
    """The files below `home`, by path; `kept` is what a power cut leaves at the least.

    `notes` hears of each step, and `replaced` of each file about to take another's place.
    """

    def __init__(self, home: Path, chance: Random) -> None:
        self.home, self.chance = home, chance
        self.steps, self.dead, self.cut = 0, False, None
        self._loading = False
        self.notes: Callable[[str, str], None] = lambda *_: None
        self.replaced: Callable[[str, File], None] = lambda *_: None
        self._root = str(home)
        self._open: dict[int, tuple[str, File | Folder]] = {}
        self._left: dict[str, bytes] = {}
        self.load({})

    def load(self, files: dict[str, bytes]) -> None:
        """Begin anew with these files by path, all of them synced."""
        self.live: dict[str, File | Folder] = {}
        self._loading = True
        try:
            shutil.rmtree(self.home, ignore_errors=True)
            self._folder(self._root)
            for path, data in files.items():
                self._folder(_above(path))
                Path(path).write_bytes(data)
                self.live[path] = File(data, data)
        finally:
            self._loading = False
        self.kept = dict(self.live)
        self._open.clear()

    def _folder(self, path: str) -> None:
        if path not in self.live:
            if len(path) > len(self._root):
                self._folder(_above(path))
            Path(path).mkdir(parents=True, exist_ok=True)
            self.live[path] = Folder()

    def reload(self) -> None:
        """Take everything that is there now as synced, after a change by another hand."""
        paths = [path for path in sorted(self.home.rglob("*")) if path.is_file()]
        tracked = [path for path in paths if not path.name.startswith(UNTRACKED)]
        self.load({str(path): path.read_bytes() for path in tracked})

    def arm(self, cut: Cut | None) -> None:
        """Count steps from here, and let the power fail at one of them."""
        self.steps, self.cut = 0, cut

    def power_up(self) -> None:
        """Go on after a cut, with what it left."""
        self.dead, self.cut = False, None
        self.load(self._left)

    def check(self) -> None:
        if self.dead:
            raise PowerCut

    def durable(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Give the files of a folder that any power cut would leave, by name."""
        place = f"{self._root}/{folder}/"
        for path, node in self.kept.items():
            if path.startswith(place) and isinstance(node, File) and self._reached(path, self.kept):
                yield path[len(place) :], node.synced

    # What an operating system is asked for.

    def tracks(self, path: str) -> bool:
        if self._loading or not path.startswith(self._root):
            return False
        return not path.rpartition("/")[2].startswith(UNTRACKED)

    def opened(self, handle: int, path: str, flags: int) -> None:
        node = self.live.get(path)
        if node is None and flags & os.O_CREAT:
            node = File()
            self._step("make", path, lambda: self._name({path: node}))
        if node is not None:
            self._open[handle] = path, node

    def tap(self, handle: int, file: Any) -> Any:
        return _Tap(self, *self._open[handle], file) if handle in self._open else file

    def written(self, path: str, node: File, data: bytes, put: Callable[[bytes], None]) -> None:
        def act(part: bytes) -> None:
            put(part)
            node.data += part

        half = data[: len(data) // 2]
        self._step("write", path, lambda: act(data), lambda: act(half))

    def synced(self, handle: int) -> None:
        found = self._open.get(handle)
        if found is None:
            return
        path, node = found

        def act() -> None:
            if isinstance(node, File):
                node.synced = node.data
                return
            for names in node.unsynced:
                _apply(names, self.kept)
            node.unsynced.clear()

        self._step("sync", path, act)

    def moved(self, source: str, target: str, move: Callable[[], None]) -> None:
        node = self.live[source]

        def act() -> None:
            if isinstance(node, File):
                self.replaced(target, node)
            move()
            self._name({source: None, target: node})

        self._step("replace", target, act)

    def removed(self, path: str, remove: Callable[[], None]) -> None:
        if self.dead:
            return  # somebody tidies up, and nothing reaches the disk
        if path not in self.live:
            remove()
            return

        def act() -> None:
            remove()
            self._name({path: None})

        self._step("remove", path, act)

    def truncated(self, path: str, size: int, truncate: Callable[[], None]) -> None:
        def act() -> None:
            truncate()
            node = self.live[path]
            node.data = node.data[:size]

        self._step("truncate", path, act)

    def made_folder(self, path: str, make: Callable[[], None]) -> None:
        def act() -> None:
            make()
            self._name({path: Folder()})

        if path in self.live:
            make()  # it says so itself
        else:
            self._step("folder", path, act)

    # The model.

    def _name(self, names: dict[str, File | Folder | None]) -> None:
        _apply(names, self.live)
        parent = _above(next(iter(names)))
        self.live[parent].unsynced.append(names)

    def _step(
        self, kind: str, path: str, act: Callable[[], None], torn: Callable[[], None] | None = None
    ) -> None:
        self.check()
        self.steps += 1
        name = path.rpartition("/")[2]
        self.notes(kind, name.rpartition(".")[0] if name.startswith(".") else name)
        if self.cut is None or self.steps != self.cut.at:
            act()
            return
        if self.cut.moment == "after":
            act()
        elif self.cut.moment == "within" and torn:
            torn()
        self.dead = True
        self._left = self._image(self.cut.left)
        raise PowerCut

    def _image(self, left: str) -> dict[str, bytes]:
        names = dict(self.live if left == "all" else self.kept)
        if left == "part":
            for node in self.live.values():
                if isinstance(node, Folder):
                    for change in node.unsynced[: self.chance.randint(0, len(node.unsynced))]:
                        _apply(change, names)
        return {
            path: self._bytes(node, left)
            for path, node in names.items()
            if isinstance(node, File) and self._reached(path, names)
        }

    def _bytes(self, node: File, left: str) -> bytes:
        match left:
            case "all":
                return node.data
            case "part" if node.data != node.synced:
                whole = len(node.synced) if node.data.startswith(node.synced) else len(node.data)
                torn = node.data[: self.chance.randint(whole, len(node.data))]
                return self.chance.choice([node.synced, node.data, torn])
        return node.synced

    def _reached(self, path: str, names: dict[str, File | Folder]) -> bool:
        while len(path) > len(self._root):
            if path not in names:
                return False
            path = _above(path)
        return True


class _Tap:
    """A file in use, whose writes are steps."""

    def __init__(self, disk: Disk, path: str, node: File, file: Any) -> None:
        self._disk, self._path, self._node, self._file = disk, path, node, file
        self.fileno, self.flush = file.fileno, file.flush

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        def put(part: bytes) -> None:
            self._file.write(part)
            self._file.flush()

        self._disk.written(self._path, self._node, data, put)


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _apply(names: dict[str, File | Folder | None], place: dict[str, File | Folder]) -> None:
    for path, node in names.items():
        if node is None:
            place.pop(path, None)
        else:
            place[path] = node


@contextmanager
def mounted(current: Callable[[], Disk | None]) -> Iterator[None]:
    """Send what is asked of `os` to the disk at hand, if it has to do with it."""
    real = {name: getattr(os, name) for name in _HOOKED}

    def disk_of(path: Any) -> tuple[Disk | None, str]:
        disk = current()
        if disk is None or not isinstance(path, str | os.PathLike):
            return None, ""
        name = os.fspath(path)
        return (disk, name) if isinstance(name, str) and disk.tracks(name) else (None, "")

    def open_(path: Any, flags: int, *arguments: Any, **more: Any) -> int:
        disk, name = disk_of(path)
        if disk:
            disk.check()
        handle = real["open"](path, flags, *arguments, **more)
        if (now := current()) is not None:
            now._open.pop(handle, None)
        if disk:
            disk.opened(handle, name, flags)
        return handle

    def fdopen(handle: int, *arguments: Any, **more: Any) -> Any:
        disk, file = current(), real["fdopen"](handle, *arguments, **more)
        return disk.tap(handle, file) if disk else file

    def fsync(handle: int) -> None:
        if (disk := current()) is not None:
            disk.synced(handle)

    def replace(source: Any, target: Any, **more: Any) -> None:
        disk, name = disk_of(target)
        act = lambda: real["replace"](source, target, **more)  # noqa: E731
        disk.moved(os.fspath(source), name, act) if disk else act()

    def unlink(path: Any, **more: Any) -> None:
        disk, name = disk_of(path)
        act = lambda: real["unlink"](path, **more)  # noqa: E731
        disk.removed(name, act) if disk else act()

    def truncate(path: Any, size: int) -> None:
        disk, name = disk_of(path)
        act = lambda: real["truncate"](path, size)  # noqa: E731
        disk.truncated(name, size, act) if disk else act()

    def mkdir(path: Any, *arguments: Any, **more: Any) -> None:
        disk, name = disk_of(path)
        act = lambda: real["mkdir"](path, *arguments, **more)  # noqa: E731
        disk.made_folder(name, act) if disk else act()

    hooks = (open_, fdopen, fsync, replace, unlink, truncate, mkdir)
    with ExitStack() as stack:
        for name, hook in zip(_HOOKED, hooks, strict=True):
            stack.enter_context(patch.object(os, name, hook))
        yield


_HOOKED = ("open", "fdopen", "fsync", "replace", "unlink", "truncate", "mkdir")
