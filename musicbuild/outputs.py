"""What lies at an output's path in the author's tree, and how a new output is put there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import durable
from .errors import IntegrityError
from .hashing import Digest, digest_bytes, digest_file

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
    """The author's files below the manifest's folder, by paths with `/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._within = _as_folder(root)

    def find(self, path: str) -> Found | None:
        """Return what lies at a path, None if nothing does.

        Raises IntegrityError if it is no plain file, or lies outside by way of a link.
        """
        place = self._inside(path)
        try:
            status = os.lstat(place)
            if not stat.S_ISREG(status.st_mode):
                raise IntegrityError(f"`{path}` is not a plain file", hint="move it out of the way")
            if status.st_size < POINTER_SIZE and (pointer := POINTER.match(place.read_bytes())):
                return Found(Digest(pointer[1].decode()), fetched=False)
            return Found(digest_file(place))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes | None:
        try:
            return self._inside(path).read_bytes()
        except OSError:
            return None

    def deliver(self, path: str, data: bytes, *, ours: Callable[[Digest], bool]) -> None:
        """Put an output in place, unless what lies there now is not `ours` to replace.

        Raises IntegrityError, and leaves the file, if it was changed by another hand.
        """
        found = self.find(path)
        if found and found.fetched and found.digest == digest_bytes(data):
            return
        if found and not ours(found.digest):
            raise IntegrityError(
                f"`{path}` was changed by another hand and is kept",
                hint="move it away, or build with `--overwrite`",
            )
        durable.write(self._inside(path), data)

    def _inside(self, path: str) -> Path:
        place = self.root / path
        if not _as_folder(place.parent).startswith(self._within):
            raise IntegrityError(
                f"`{path}` leads out of the manifest's folder by a link",
                hint="let `output` name a folder of the project's own",
            )
        return place


def _as_folder(path: Path) -> str:
    """Return where a folder really is, links followed, with a separator at the end."""
    return os.path.join(os.path.realpath(path), "")  # noqa: PTH118  two in one, of plain text
