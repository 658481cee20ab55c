"""Which files a pattern of `include` names: looked for inside the folder, each looked at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import translate
from pathlib import Path

from ..document import Node
from ..document.source import shown
from ..paths import LONGEST, astray

LOOKS = 200_000
"""How many names all patterns of a manifest may look at; a project has fewer files."""
LINK = 10
"""What following a link costs, in looks."""

MAGIC = re.compile(r"[*?\[]")
CASE = re.IGNORECASE if os.name == "nt" else re.NOFLAG


class Search:
    """Looks for the files of one manifest's patterns.

    A folder is entered once for each part of a pattern, however many links lead to it, and
    `**` follows none.  A link that leads out of the manifest's folder is an error where it is
    written or would be included itself, and is passed over elsewhere.

    `looked` are the folders in which a name more would have been another answer, and the links
    that were met there, relative to the manifest's folder, which itself is `.`.
    """

    def __init__(self, root: Path) -> None:
        self.root = os.path.realpath(root)
        self.looks = LOOKS
        self.looked: set[str] = set()

    def files(self, pattern: Node) -> list[str]:
        """Return the paths a pattern names, relative and sorted; raise ManifestError if none."""
        written = pattern.string()
        if why := astray(written) or _objection(written):
            raise pattern.error(why)
        parts = written.removesuffix("/").split("/")
        found = sorted(self.below("", self.root, parts, pattern, set()))
        if not found:
            raise pattern.error(f"`{shown(written)}` matches no file")
        return found

    def below(
        self,
        folder: str,
        real: str,
        parts: list[str],
        pattern: Node,
        seen: set[tuple[str, int]],
    ) -> Iterator[str]:
        """Return the files that the parts of a pattern name below a folder and its real place."""
        if (real, len(parts)) in seen:
            return
        seen.add((real, len(parts)))
        part, *rest = parts
        if part == "**":
            if rest:
                yield from self.below(folder, real, rest, pattern, seen)
            rest = parts
        for name in self.names(real, part, pattern):
            path = f"{folder}/{name}" if folder else name
            place = self.inside(os.path.join(real, name), pattern)  # noqa: PTH118 - a Path is slow
            if not place:
                if rest and MAGIC.search(part):
                    continue
                raise pattern.error(f"`{shown(path)}` leads out of the manifest's folder")
            if not rest and Path(place).is_file():
                yield path
            elif rest and Path(place).is_dir():
                yield from self.below(path, place, rest, pattern, seen)
            else:
                self.looked.add(os.path.relpath(real, self.root))

    def names(self, real: str, part: str, pattern: Node) -> Iterator[str]:
        """Return the names in a folder that one part of a pattern can mean."""
        if not MAGIC.search(part):
            yield part
            return
        self.looked.add(os.path.relpath(real, self.root))
        wanted = re.compile(translate(part), CASE)
        try:
            entries = os.scandir(real)
        except OSError:
            return
        with entries:
            for entry in entries:
                self.look(pattern)
                if part == "**":
                    if entry.is_dir(follow_symlinks=False):
                        yield entry.name
                elif wanted.match(entry.name):
                    yield entry.name

    def inside(self, path: str, pattern: Node) -> str:
        """Return the real place of a path in a real folder, or nothing if it leads out."""
        self.look(pattern)
        if not Path(path).is_symlink():
            return path
        self.look(pattern, LINK)
        self.looked.add(os.path.relpath(path, self.root))
        place = os.path.realpath(path)
        return place if Path(place).is_relative_to(self.root) else ""

    def look(self, pattern: Node, cost: int = 1) -> None:
        self.looks -= cost
        if self.looks < 0:
            message = f"the patterns look at more than {LOOKS:,} names"
            raise pattern.error(message, "name the folders in place of `**`")


def _objection(written: str) -> str:
    """Return why a pattern can't be looked for, or nothing."""
    parts = written.split("/")
    if len(written) > LONGEST:
        return f"a pattern has at most {LONGEST} characters, not {len(written)}"
    if parts.count("**") > 1:
        return "a pattern has one `**` at most"
    if any("**" in part and part != "**" for part in parts):
        return "`**` is a whole part of a pattern"
    return ""
