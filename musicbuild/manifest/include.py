"""Which files a manifest is made of, and what each of them brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..document import Node, read
from ..document.source import shown
from ..errors import ManifestError
from ..paths import astray
from .keys import ALBUM, INCLUDED

MOST = 1_000


@dataclass(slots=True)
class Gathered:
    """All that the files of a manifest define, in their order, and what was wrong with them.

    `files` are the files read, as their places name them.
    """

    vars: dict[str, Node] = field(default_factory=dict)
    groups: dict[str, Node] = field(default_factory=dict)
    tracks: dict[str, Node] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    faults: list[ManifestError] = field(default_factory=list)

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


def gather(root: Path, name: str, entries: dict[str, Node]) -> Gathered:
    """Gather what a manifest and the files it includes define."""
    gathered = Gathered(files=[name])
    gathered.add(entries)
    if "include" in entries:
        for path, node in _matches(root, name, entries["include"], gathered.faults).items():
            gathered.files.append(path)
            try:
                gathered.add(_included(root, path, node, gathered.faults))
            except ManifestError as fault:
                gathered.faults.append(fault)
    return gathered


def _matches(root: Path, name: str, node: Node, faults: list[ManifestError]) -> dict[str, Node]:
    """Return the files that are included, each with the glob that named it first."""
    found: dict[str, Node] = {}
    try:
        patterns = node.items()
    except ManifestError as fault:
        faults.append(fault)
        return found
    for pattern in patterns:
        try:
            paths = _glob(root, pattern)
        except ManifestError as fault:
            faults.append(fault)
            continue
        for path in paths:
            if path != name:
                found.setdefault(path, pattern)
    if len(found) > MOST:
        faults.append(node.error(f"more than {MOST:,} files are included"))
        return {}
    return found


def _glob(root: Path, node: Node) -> list[str]:
    pattern = node.string()
    if why := astray(pattern):
        raise node.error(why)
    try:
        paths = sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError, OSError, RecursionError) as error:
        message = f"`{shown(pattern)}` can't be looked for: {shown(str(error))}"
        raise node.error(message) from None
    if not paths:
        raise node.error(f"`{shown(pattern)}` matches no file")
    real = root.resolve()
    for path in paths:
        if not path.resolve().is_relative_to(real):
            inside = path.relative_to(root).as_posix()
            raise node.error(f"`{shown(inside)}` leads out of the manifest's folder")
    return sorted(path.relative_to(root).as_posix() for path in paths)


def _included(root: Path, path: str, node: Node, faults: list[ManifestError]) -> dict[str, Node]:
    try:
        entries = read(root / path, Path(path)).mapping()
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
