"""Which tracks of a manifest its author has edited: a manifest of these alone, before and after.

Only the text is looked at.  Whatever is not plainly an edit within some tracks, each of which
begins with a line of its own, is none, and the whole manifest has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

TRACKS = re.compile(r"^tracks:[ ]*(?:#.*)?\n", re.MULTILINE)
TOP = re.compile(r"\n(?=[^\s#])")
"""How a line begins that ends the tracks.  To look for line ends is what `re` does fastest."""
FIRST = re.compile(r"(?:[ ]*(?:#.*)?\n)*([ ]+)[^\s#]")

MOST = 1 << 16
"""Characters; to read more than that once before and once after takes as long as to read it all."""


class Edit(NamedTuple):
    """A manifest of the tracks around an edit alone, as it was and as it is now."""

    before: str
    after: str


def find(old: str, new: str) -> Edit | None:
    """Return what was edited, None if it is not plain that it lies within some tracks.

    Around the edit stand all of the tracks that it touches, and the one after them, where there
    is one: what an edit leaves open, such as a quote, shows in what follows.
    """
    begin, end, indent = _tracks(old)
    same = _alike(len(old), len(new), lambda start, stop: old[start:stop] == new[start:stop])
    rest = _alike(
        len(old) - same,
        len(new) - same,
        lambda start, stop: _backwards(old, start, stop) == _backwards(new, start, stop),
    )
    grown = len(new) - len(old)
    entry = re.compile(rf"\n{indent}(?=[^\s#])")
    starts = [found.start() + 1 for found in entry.finditer(old, begin - 1, end)] if indent else []
    # The first character of its key must stand as it stood, else it may belong to what is above.
    first = [start for start in starts if start + len(indent) < same][-1:]
    after = [start for start in starts if start >= len(old) - rest]
    if not first or len(old) - rest > end:
        return None
    following, stop = (*after, end, end)[:2] if after else (end, end)
    if stop - first[0] > MOST:
        return None
    edited = new[first[0] : following + grown]
    if any(line.strip() and not line.startswith(indent) for line in edited.splitlines()):
        return None
    head, tail = old[:begin], old[end:]
    return Edit(
        f"{head}{old[first[0] : stop]}{tail}", f"{head}{new[first[0] : stop + grown]}{tail}"
    )


def _tracks(text: str) -> tuple[int, int, str]:
    """Return where the entries of `tracks` begin and end, and their indentation if they have one."""
    found = TRACKS.search(text)
    first = found and FIRST.match(text, found.end())
    if not found or not first:
        return 0, 0, ""
    end = TOP.search(text, found.end())
    return found.end(), end.start() + 1 if end else len(text), first[1]


def _alike(one: int, other: int, same: Callable[[int, int], bool]) -> int:
    """Return how far two texts of such lengths are the same, by halves."""
    low, high = 0, min(one, other)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if same(low, middle) else (low, middle - 1)
    return low


def _backwards(text: str, start: int, stop: int) -> str:
    """Return the characters between two distances from the end of a text."""
    return text[len(text) - stop : len(text) - start]
