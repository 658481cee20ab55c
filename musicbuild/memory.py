"""What one run remembers for the next: digests of outputs, that nothing was to do, and of what.

All of it stands beside the stamps of files (`state.py`), and counts while those are as they were.
A file that changed only shortly before it was looked at may change again and keep its stamp, so
it is looked at anew each time.  Nothing depends on what is remembered: what can't be read or
written is done without.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import durable, fields, reading, state
from .cost import Totals, plain
from .folders import walk
from .hashing import Digest
from .lock import FILE_NAME
from .outputs import Found, Tree
from .state import Verdict
from .store import Store

SETTLED = 2_000_000_000
"""Nanoseconds after which a change gets another time: FAT counts by two seconds, others less."""

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""What folders are called that only installers write to."""

DIGESTS = "digests"
MANIFEST = "manifest"
VERSION = 1
LARGEST = 8 << 20
"""Bytes; ten thousand tracks in two formats have half of it."""

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
        if path in self.seen:
            return self.seen[path]
        stamp = self._stamp(path)
        known = self.known.get(path)
        found = known[1] if known and known[0] == stamp else self.tree.find(path)
        if found and stamp and is_settled(stamp, self.since):
            self.settled[path] = stamp, found
        self.seen[path] = found
        return found

    def _stamp(self, path: str) -> Stamp | None:
        """Return a file's stamp as it is before it is read; None where a link may lead to it."""
        folder = path.rpartition("/")[0]
        if folder not in self._plain:
            self._plain[folder] = _is_plain(self.tree.root, folder)
        try:
            one = os.lstat(f"{self.tree.root}/{path}")
        except OSError:
            return None
        stamp = one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino
        return stamp if self._plain[folder] else None


@dataclass(frozen=True, slots=True)
class Noted:
    """A manifest of which nothing was to do: its text, and what is known of it as a whole.

    `ids` are its tracks, `weight` is how much it holds, `spent` what its lock says was paid,
    `budget` what may be, and `orphans` the outputs in the lock that none of its tracks makes, by
    whose they were.
    """

    text: str
    ids: Sequence[str]
    weight: Mapping[str, int]
    spent: Totals
    budget: Totals
    orphans: Mapping[str, Sequence[str]]


def is_settled(stamp: Sequence[int], since: int) -> bool:
    """Tell whether whatever changes a file after `since` also changes its stamp."""
    return max(stamp[1], stamp[2]) < since - SETTLED


def known(records: Path) -> Known:
    """Return the files that earlier runs found, nothing if that can't be read."""
    try:
        value = json.loads(_read(records, DIGESTS))
        if value["version"] != VERSION:
            return {}
        return {
            path: ((size, modified, changed, inode), Found(fields.digest(digest), bool(fetched)))
            for path, (size, modified, changed, inode, digest, fetched) in value["files"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def prepare(records: Path) -> None:
    """Make the place for what is remembered, so that to remember it changes no record of ours."""
    with suppress(OSError):
        durable.make_folder(_folder(records), mode=0o700)


def keep(records: Path, sight: Sight) -> None:
    """Write down what was found, and forget what was not looked for."""
    if sight.settled == sight.known:
        return
    files = {
        path: (*stamp, found.digest, found.fetched)
        for path, (stamp, found) in sight.settled.items()
    }
    text = json.dumps({"version": VERSION, "files": files}, separators=(",", ":"))
    _write(records, DIGESTS, _summed(text.encode()))


def conclude(
    records: Path,
    sight: Sight,
    *,
    inputs: Iterable[str],
    answers: Sequence[str],
    noted: Noted,
) -> None:
    """Write down that nothing is to do, if the stamps of all that was looked at can tell.

    `inputs` are the files and folders besides outputs that the answers came from, the manifest
    first, as seen from its folder.  `noted` must have been read before.
    """
    outputs = [path for path, found in sight.seen.items() if found]
    if sight.asked or len(sight.settled) < len(outputs):
        return
    missing = [path for path, found in sight.seen.items() if not found]
    tool = {place: Path(place).exists() for place in _tool()}
    inputs = [*inputs, *(place for place, there in tool.items() if there)]
    folders = sorted({above for name in (*inputs, *outputs, *missing) for above in _above(name)})
    with suppress(OSError, OverflowError):
        stamps = state.stamps(_placed(records, inputs))
        rows = zip(*[iter(stamps)] * 4, strict=True)
        if not all(is_settled(row, sight.since) for row in rows):
            return
        if any(Path(place).is_symlink() for place in _placed(records, [*inputs, *folders])):
            return
        verdict = Verdict(
            tool=state.tool(),
            inputs=inputs,
            outputs=outputs,
            folders=folders,
            absent=[*missing, *(place for place, there in tool.items() if not there)],
            stamps=[*stamps, *(one for path in outputs for one in sight.settled[path][0])],
            identities=state.identities(_placed(records, folders)),
            answers=list(answers),
        )
        _write(records, state.NAME, state.dump(verdict))
        _write(records, MANIFEST, _summed(_noted(noted, stamps[:4])))


def noted(records: Path) -> Noted | None:
    """Return what is known of a manifest, if nothing else has changed since nothing was to do.

    That the lock has not tells that it was so here: nobody can guess its stamp who puts a verdict
    of his own into a repository.
    """
    folder, root = _folder(records), str(records.parent)
    try:
        verdict = state.load(reading.contents(folder / state.NAME, most=LARGEST))
        if FILE_NAME not in verdict.inputs or not verdict.holds(root, edited=True):
            return None
        facts, _, text = _read(records, MANIFEST).partition(b"\n")
        value = json.loads(facts)
        if value["stamp"] != verdict.stamps[:4]:
            return None
        return Noted(
            text.decode(),
            tuple(map(fields.text, value["ids"])),
            {name: fields.count(number) for name, number in value["weight"].items()},
            _totals(value["spent"]),
            _totals(value["budget"]),
            {name: tuple(map(fields.text, paths)) for name, paths in value["orphans"].items()},
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _noted(noted: Noted, stamp: Sequence[int]) -> bytes:
    facts = {
        "stamp": stamp,
        "ids": noted.ids,
        "weight": noted.weight,
        "spent": {unit: plain(amount) for unit, amount in noted.spent.items()},
        "budget": {unit: plain(amount) for unit, amount in noted.budget.items()},
        "orphans": noted.orphans,
    }
    return json.dumps(facts).encode() + b"\n" + noted.text.encode()


def _totals(value: Mapping[str, str]) -> Totals:
    return {fields.text(unit): fields.amount(amount) for unit, amount in value.items()}


def _tool() -> list[str]:
    """Return the places whose change may be that of the program, or of a plug-in of its own.

    An installer changes the folders; where the program or a plug-in is worked on, its files change.
    """
    places = [place for place in state.places() if Path(place).is_absolute()]
    places += _loaded()
    ours = Path(state.__file__).parent
    if ours.parent.name in INSTALLED:
        return places
    return list(dict.fromkeys([*places, *map(str, ours.rglob("*.py"))]))


def _loaded() -> list[str]:
    """Return the files of modules that neither an installer nor Python itself brought."""
    python = Path(os.__file__).parent
    modules = [one for name, one in sys.modules.items() if name != "__main__"]  # a link may be that
    files = [getattr(module, "__file__", None) or "" for module in modules]
    return [
        file
        for file in files
        if Path(file).is_absolute()
        and INSTALLED.isdisjoint(Path(file).parts)
        and not Path(file).is_relative_to(python)
    ]


def _read(records: Path, name: str) -> bytes:
    """Return what was written by its sum; raise ValueError where a disk has changed it."""
    found, _, data = reading.contents(_folder(records) / name, most=LARGEST).partition(b"\n")
    if found != b"%08x" % zlib.crc32(data):
        raise ValueError(name)
    return data


def _summed(data: bytes) -> bytes:
    return b"%08x\n%s" % (zlib.crc32(data), data)


def _write(records: Path, name: str, data: bytes) -> None:
    """Replace one of our files, if there are records at all; it is no loss if that fails."""
    path = _folder(records) / name
    with suppress(OSError):
        if records.is_dir() and not (path.is_file() and reading.contents(path) == data):
            prepare(records)
            durable.write(path, data, mode=0o600)


def _folder(records: Path) -> Path:
    return records.parent / state.FOLDER


def _placed(records: Path, names: Iterable[str]) -> list[str]:
    return [str(records.parent / name) for name in names]


def _above(name: str) -> Iterator[str]:
    """Yield the folders between the manifest's own and what has a name."""
    if not Path(name).is_absolute():
        parts = name.split("/")[:-1]
        yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def _is_plain(root: Path, folder: str) -> bool:
    """Tell whether no link leads to a folder of the author's tree."""
    try:
        walk(root, folder.split("/") if folder else []).__exit__()
    except OSError:
        return False
    return True
