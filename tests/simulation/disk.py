"""A disk that forgets what was not synced: a folder in memory, which `mount` puts below `os`.

Every change in it is a numbered step, and at one of them the power can fail.  What is there
afterwards is what was synced: a file's bytes by its own sync, its name by that of its folder, and
so on up.  Of all else nothing is left, or everything, or a part, as chance has it: a name that was
taken away may come back, and a file that was written may be empty or torn.

To whoever asks it answers as a real one does; `tests/test_simulated_disk.py` compares the two.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

MOMENTS = ("before", "within", "after")
LEFT = ("synced", "all", "part")
UNTRACKED = (".probe.", ".claim.json.", "claim.json", "claim", ".reserve.", "reserve")
"""Beginnings of names that decide nothing: what happens to them is no step, and no cut keeps it."""

FIRST_HANDLE = 1 << 20
"""Above all that the system itself gives to one process."""


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
        self.notes: Callable[[str, str], None] = lambda *_: None
        self.replaced: Callable[[str, File], None] = lambda *_: None
        self.root = str(home)
        self._handles = count(FIRST_HANDLE)
        self._left: dict[str, bytes] = {}
        self.load({})

    def load(self, files: dict[str, bytes]) -> None:
        """Begin anew with these files by path, all of them synced."""
        self.live: dict[str, File | Folder] = {self.root: Folder()}
        self.noise: dict[str, File] = {}
        self.open_files: dict[int, tuple[str, File | Folder]] = {}
        self.locks: set[str] = set()
        for path, data in files.items():
            self._folder(_above(path))
            self.live[path] = File(data, data)
        self.kept = dict(self.live)

    def _folder(self, path: str) -> None:
        if path not in self.live:
            self._folder(_above(path))
            self.live[path] = Folder()

    def reload(self) -> None:
        """Take everything that is there now as synced, after a change by another hand."""
        files = [(path, node) for path, node in self.live.items() if isinstance(node, File)]
        self.load({path: node.data for path, node in sorted(files, key=_parts)})

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
        place = f"{self.root}/{folder}/"
        for path, node in self.kept.items():
            if path.startswith(place) and isinstance(node, File) and self._reached(path, self.kept):
                yield path[len(place) :], node.synced

    def files(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Give the files of a folder as they are now, by name."""
        place = f"{self.root}/{folder}/"
        for path, node in self.live.items():
            if path.startswith(place) and isinstance(node, File):
                yield path[len(place) :], node.data

    # What is asked of it.

    def find(self, path: str) -> File | Folder:
        """Return what has this name; raise what an operating system would."""
        node = self.live.get(path) or self.noise.get(path)
        if node is None:
            raise _error(errno.ENOTDIR if self._below_a_file(path) else errno.ENOENT, path)
        return node

    def file(self, path: str) -> File:
        node = self.find(path)
        if isinstance(node, Folder):
            raise _error(errno.EISDIR, path)
        return node

    def inside(self, folder: str) -> Iterator[tuple[str, File | Folder]]:
        """Give what is in a folder, by name."""
        if isinstance(self.find(folder), File):
            raise _error(errno.ENOTDIR, folder)
        start = len(folder) + 1
        for names in (self.live, self.noise):
            for path, node in names.items():
                if path.startswith(folder) and path.rfind("/") == start - 1:
                    yield path[start:], node

    def open(self, path: str, flags: int) -> int:
        tracked = not _is_noise(path)
        if tracked:
            self.check()
        node = self.live.get(path) or self.noise.get(path)
        if node is None and flags & os.O_CREAT:
            self._must_be_folder(_above(path))
            node = File()
            if tracked:
                self.step("make", path, lambda: self._name({path: node}))
            else:
                self.noise[path] = node
        elif flags & os.O_EXCL:
            raise _error(errno.EEXIST, path)
        elif flags & (os.O_WRONLY | os.O_RDWR):
            node = self.file(path)
        else:
            node = self.find(path)
        handle = next(self._handles)
        self.open_files[handle] = path, node
        return handle

    def written(self, handle: int, data: bytes) -> None:
        path, node = self.open_files[handle]

        def act(part: bytes) -> None:
            node.data += part

        if _is_noise(path):
            act(data)
            return
        half = data[: len(data) // 2]
        self.step("write", path, lambda: act(data), lambda: act(half))

    def synced(self, handle: int) -> None:
        path, node = self.open_files[handle]
        if _is_noise(path):
            return

        def act() -> None:
            if isinstance(node, File):
                node.synced = node.data
                return
            for names in node.unsynced:
                _apply(names, self.kept)
            node.unsynced.clear()

        self.step("sync", path, act)

    def moved(self, source: str, target: str) -> None:
        node = self.file(source)
        self._must_be_folder(_above(target))
        if isinstance(self.live.get(target), Folder):
            above = source.startswith(f"{target}/")
            raise _error(errno.ENOTEMPTY if above else errno.EISDIR, target)
        if source in self.noise:
            self.noise[target] = self.noise.pop(source)
            return

        def act() -> None:
            self.replaced(target, node)
            self._name({source: None, target: node})

        self.step("replace", target, act)

    def removed(self, path: str) -> None:
        if path in self.noise:
            del self.noise[path]
            return
        if self.dead and not _is_noise(path):
            return  # somebody tidies up, and nothing reaches the disk
        self.file(path)
        self.step("remove", path, lambda: self._name({path: None}))

    def truncated(self, path: str, size: int) -> None:
        node = self.file(path)

        def act() -> None:
            node.data = node.data[:size].ljust(size, b"\0")

        self.step("truncate", path, act)

    def made_folder(self, path: str) -> None:
        if path in self.live:
            raise _error(errno.EEXIST, path)
        self._must_be_folder(_above(path))
        self.step("folder", path, lambda: self._name({path: Folder()}))

    def cleared(self, folder: str) -> None:
        """Take a folder away, with all that is in it, by another hand: no cut comes in between."""
        self._must_be_folder(folder)
        for names in (self.live, self.noise):
            for path in [one for one in names if f"{one}/".startswith(f"{folder}/")]:
                del names[path]

    def _must_be_folder(self, path: str) -> None:
        if isinstance(self.find(path), File):
            raise _error(errno.ENOTDIR, path)

    def _below_a_file(self, path: str) -> bool:
        while len(path) > len(self.root):
            path = _above(path)
            if path in self.live:
                return isinstance(self.live[path], File)
        return False

    # The model.

    def _name(self, names: dict[str, File | Folder | None]) -> None:
        _apply(names, self.live)
        parent = _above(next(iter(names)))
        self.live[parent].unsynced.append(names)

    def step(
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
        while len(path) > len(self.root):
            if path not in names:
                return False
            path = _above(path)
        return True


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


def _parts(named: tuple[str, File]) -> list[str]:
    return named[0].split("/")


def _is_noise(path: str) -> bool:
    return path.startswith(UNTRACKED, path.rfind("/") + 1)


def _apply(names: dict[str, File | Folder | None], place: dict[str, File | Folder]) -> None:
    for path, node in names.items():
        if node is None:
            place.pop(path, None)
        else:
            place[path] = node
