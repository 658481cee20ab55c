"""What one run remembers for the next of the files it looked at: their digests, by their stamps.

A file that changed only shortly before it was looked at may change again and keep its stamp
(`state.py`), so it is looked at anew each time.  Nothing depends on what is remembered: what can't
be read or written is done without.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import durable, fields, reading, state
from .folders import walk
from .hashing import Digest
from .outputs import Found, Tree
from .paths import astray
from .store import Store

SETTLED = 2_000_000_000
"""Nanoseconds after which a change gets another time: FAT counts by two seconds, others less."""

DIGESTS = "digests"
VERSION = 1

Stamp = tuple[int, int, int, int]
Known = Mapping[str, tuple[Stamp, Found]]
"""Files as they were found, by path, each with its stamp."""


@dataclass(slots=True)
class Sight:
    """What lies on disk, as one plan sees it: each path is looked at once.

    `known` is what an earlier run found; `seen` is what this one did, and `settled` what of it
    a later one may take for known.  `since` is when this one began, in nanoseconds.
    """

    store: Store
    tree: Tree
    known: Known
    since: int
    seen: dict[str, Found | None] = field(default_factory=dict)
    settled: dict[str, tuple[Stamp, Found]] = field(default_factory=dict)
    asked: bool = False
    """Whether the store was looked into, which no stamp tells of."""
    _plain: dict[str, bool] = field(default_factory=dict)

    def holds(self, digest: Digest) -> bool:
        self.asked = True
        return self.store.holds(digest)

    def find(self, path: str) -> Found | None:
        """Return what lies at an output's path; raises as `Tree.find` does."""
        if path not in self.seen:
            self.seen[path] = self._look(path)
        return self.seen[path]

    def _look(self, path: str) -> Found | None:
        folder = path.rpartition("/")[0]
        if folder not in self._plain:
            self._plain[folder] = _is_plain(self.tree.root, folder)
        stamp = None
        if self._plain[folder] and not astray(path):
            try:
                one = os.lstat(f"{self.tree.root}/{path}")
                stamp = one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino
            except FileNotFoundError:
                return None
            except OSError:
                pass  # who reads it says why
        known = self.known.get(path)
        # A stamp is that of before the file is read; where a link may lead there is none.
        found = known[1] if known and known[0] == stamp else self.tree.find(path)
        if found and stamp and is_settled(stamp, self.since):
            self.settled[path] = stamp, found
        return found


def is_settled(stamp: Sequence[int], since: int) -> bool:
    """Tell whether whatever changes a file after `since` also changes its stamp."""
    return max(stamp[1], stamp[2]) < since - SETTLED


def known(records: Path) -> Known:
    """Return the files that earlier runs found, nothing if that can't be read."""
    try:
        value = json.loads(read(records, DIGESTS))
        if value["version"] != VERSION:
            return {}
        return {
            path: ((size, modified, changed, inode), Found(fields.digest(digest), bool(fetched)))
            for path, (size, modified, changed, inode, digest, fetched) in value["files"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def keep(records: Path, sight: Sight) -> None:
    """Write down what was found, and forget what was not looked for."""
    if sight.settled == sight.known:
        return
    files = {
        path: (*stamp, found.digest, found.fetched)
        for path, (stamp, found) in sight.settled.items()
    }
    text = json.dumps({"version": VERSION, "files": files}, separators=(",", ":"))
    write(records, DIGESTS, text.encode())


def prepare(records: Path) -> None:
    """Make the place for what is remembered, so that to remember it changes no record of ours."""
    with suppress(OSError):
        durable.make_folder(_folder(records), mode=0o700)


def read(records: Path, name: str) -> bytes:
    """Return what was written; raises OSError, or ValueError where a disk has changed it."""
    path = _folder(records) / name
    found, _, data = reading.contents(path, most=state.LARGEST).partition(b"\n")
    if found != b"%08x" % zlib.crc32(data):
        raise ValueError(name)
    return data


def write(records: Path, name: str, data: bytes) -> None:
    """Replace what is remembered, with a check sum."""
    replace(records, name, b"%08x\n%s" % (zlib.crc32(data), data))


def replace(records: Path, name: str, data: bytes) -> None:
    """Replace one of our files, if there are records at all; it is no loss if that fails."""
    path = _folder(records) / name
    with suppress(OSError):
        if records.is_dir() and not (path.is_file() and reading.contents(path) == data):
            prepare(records)
            durable.write(path, data, mode=0o600)


def _folder(records: Path) -> Path:
    return records.parent / state.FOLDER


def _is_plain(root: Path, folder: str) -> bool:
    """Tell whether no link leads to a folder of the author's tree, or where it is to be."""
    try:
        walk(root, folder.split("/") if folder else []).__exit__()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
