"""What lies at an output's path in the author's tree, and how a new output is put there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import durable, reading
from .errors import IntegrityError
from .folders import Folder, Linked, walk
from .hashing import Digest, digest_bytes, digest_open
from .paths import KEPT, astray

POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:[^\n]*\n)*?oid sha256:([0-9a-f]{64})\n"
)
POINTER_SIZE = 1024
"""Git LFS pointers are shorter than this. Source: the Git LFS specification."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the tree; `fetched` is false for a Git LFS pointer to the digest."""

    digest: Digest
    fetched: bool = True


class Tree:
    """The author's files below the manifest's folder, by paths with `/`.

    Whatever is done to a file is done in its folder, held open; a link on the way there is
    followed if it stays within the manifest's folder, and none that comes later is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)

    def find(self, path: str) -> Found | None:
        """Return what lies at a path, None if nothing does.

        Raises IntegrityError if it is no plain file, or lies outside by way of a link.
        """
        try:
            with self._hold(path) as folder:
                return _found(folder, path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file, None if it can't be read; raises IntegrityError as `find`."""
        try:
            with self._hold(path) as folder:
                return reading.contents(_name(path), within=folder)
        except OSError:
            return None

    def deliver(
        self,
        path: str,
        data: bytes,
        *,
        ours: Callable[[Digest], bool],
        keep: Callable[[bytes], object],
    ) -> None:
        """Put an output in place, unless what lies there now is not `ours` to replace.

        `keep` is given the file that goes; after a power cut that may be back, for an output can be
        made again.  Raises IntegrityError, and leaves that file, if it was changed by another hand.
        """
        with self._hold(path, make=True) as folder:
            found = _found(folder, path)
            if found and found == Found(digest_bytes(data)):
                return
            if found and found.fetched and ours(found.digest):
                keep(reading.contents(_name(path), within=folder))
                found = _found(folder, path)  # that takes a while
            if found and not ours(found.digest):
                raise IntegrityError(
                    f"`{path}` was changed by another hand and is kept",
                    hint="move it away, or build with `--overwrite`",
                )
            durable.write_within(folder, _name(path), data, lasting=False)

    def give_up(self, path: str, digests: Collection[Digest], into: Callable[[], Folder]) -> bool:
        """Move a file away if it is one of these to the byte; tell whether it was.

        `into` opens the folder where it goes.
        """
        with suppress(FileNotFoundError, NotADirectoryError), self._hold(path) as folder:
            found = _found(folder, path)
            if found and found.fetched and found.digest in digests:
                with into() as there:
                    durable.move_within(folder, _name(path), there)
                return True
        return False

    def probe(self, path: str, room: int) -> None:
        """Raise OSError if an output, or so many bytes, can't be put into the folder of a path."""
        with self._hold(path, make=True) as folder:
            durable.probe_within(folder, room)

    def _hold(self, path: str, *, make: bool = False) -> Folder:
        """Open the folder of a path; raise IntegrityError if that lies outside."""
        if astray(path):
            raise _outside(path, "")
        parts = path.split("/")[:-1]
        try:
            return walk(self._real, parts, make=make)
        except Linked:
            pass
        real = os.path.realpath(os.path.join(self._real, *parts))  # noqa: PTH118  as text
        inside = Path(real).relative_to(self._real) if _is_below(real, self._real) else None
        if inside is None or any(part.casefold() in KEPT for part in inside.parts):
            raise _outside(path, " by a link")
        try:
            return walk(self._real, inside.parts, make=make)
        except Linked:  # somebody has just put it there
            raise _outside(path, " by a link") from None


def _found(folder: Folder, path: str) -> Found | None:
    name = _name(path)
    try:
        with reading.opened(name, within=folder) as (file, size):
            if size >= POINTER_SIZE:
                return Found(digest_open(file))
            data = file.read(POINTER_SIZE)
    except FileNotFoundError:
        return None
    except reading.NotPlain:
        raise IntegrityError(f"`{path}` is not a plain file", hint=_AWAY) from None
    except reading.TooLarge as error:
        raise IntegrityError(f"`{path}` {error.strerror}, and no output is", hint=_AWAY) from None
    if pointer := POINTER.match(data):
        return Found(Digest(pointer[1].decode()), fetched=False)
    return Found(digest_bytes(data))


_AWAY = "move it out of the way"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_below(path: str, root: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(root, ""))  # noqa: PTH118  as text


def _outside(path: str, how: str) -> IntegrityError:
    return IntegrityError(
        f"`{path}` leads out of the manifest's folder{how}",
        hint="let `output` name a folder of the project's own",
    )
