"""Which files a manifest is made of, and what each of them brings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..document import Node, read
from ..document.room import Room
from ..document.source import shown
from ..errors import ManifestError
from .faults import Faults
from .keys import ALBUM, INCLUDED
from .patterns import Search

MOST = 1_000


@dataclass(slots=True)
class Gathered:
    """All that the files of a manifest define, in their order, and what was wrong with them.

    `files` are the files read, as their places name them; `looked` are the folders that were looked
    through for them, and links that were met there.
    """

    faults: Faults
    files: list[str]
    looked: list[str] = field(default_factory=list)
    vars: dict[str, Node] = field(default_factory=dict)
    groups: dict[str, Node] = field(default_factory=dict)
    tracks: dict[str, Node] = field(default_factory=dict)

    def add(self, entries: dict[str, Node]) -> None:
        """Take over the tracks, groups and variables of one file."""
        for key in INCLUDED:
            known: dict[str, Node] = getattr(self, key)
            if key not in entries:
                continue
            try:
                found = entries[key].entries()
            except ManifestError as fault:
                self.faults.append(fault)
                continue
            for name, node in found.items():
                if name in known:
                    what = "variable" if key == "vars" else key.removesuffix("s")
                    message = f"the {what} `{shown(name)}` is defined twice"
                    hint = f"it is first at {known[name].key}"
                    self.faults.append(ManifestError(message, span=node.key, hint=hint))
                else:
                    known[name] = node


def gather(root: Path, name: str, entries: dict[str, Node], room: Room, faults: Faults) -> Gathered:
    """Gather what a manifest and the files it includes define."""
    gathered = Gathered(faults, [name])
    gathered.add(entries)
    if "include" in entries:
        search = Search(root)
        for path, node in _matches(search, name, entries["include"], faults).items():
            gathered.files.append(path)
            try:
                gathered.add(_included(root, path, node, room, faults))
            except ManifestError as fault:
                faults.append(fault)
        gathered.looked = sorted(search.looked)
    return gathered


def _matches(search: Search, name: str, node: Node, faults: Faults) -> dict[str, Node]:
    """Return the files that are included, each with the glob that named it first.

    A file that has several names, by links, is included by the first of them.
    """
    root = Path(search.root)
    found: dict[str, Node] = {}
    known = {os.path.realpath(root / name)}
    try:
        patterns = node.items()
    except ManifestError as fault:
        faults.append(fault)
        return found
    for pattern in patterns:
        try:
            paths = search.files(pattern)
        except ManifestError as fault:
            faults.append(fault)
            continue
        for path in paths:
            if (real := os.path.realpath(root / path)) not in known:
                known.add(real)
                found[path] = pattern
        if len(found) > MOST:
            faults.append(node.error(f"more than {MOST:,} files are included"))
            return {}
    return found


def _included(root: Path, path: str, node: Node, room: Room, faults: Faults) -> dict[str, Node]:
    try:
        entries = read(root / path, Path(path), room).mapping()
    except OSError as error:
        raise node.error(f"`{shown(path)}` can't be read: {error.strerror}") from None
    except ManifestError as fault:
        if fault.span is None:
            raise node.error(fault.message) from None
        raise
    for name, entry in entries.items():
        if name == "include":
            message = "an included file includes no others"
            faults.append(ManifestError(message, span=entry.key))
        elif name in ALBUM and name not in INCLUDED:
            hint = "an included file holds `tracks`, `groups` and `vars`"
            message = f"`{name}` belongs in the manifest itself"
            faults.append(ManifestError(message, span=entry.key, hint=hint))
        elif name not in INCLUDED:
            faults.append(entry.unknown(name, INCLUDED))
    return entries
