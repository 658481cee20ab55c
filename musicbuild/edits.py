"""What an author has edited of a manifest: a shorter one with the edit in it, before and after.

Only the text is looked at.  An edit lies within some tracks, each of which begins with a line of
its own, or in what stands around them all; whatever is neither in a plain way is none, and the
whole manifest has to be read.
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
    """A manifest of some tracks alone, as it was and as it is now.

    Of an edit `within` tracks they are those that it touches, and `above` is how many lines stand
    before them; else they are one for all.
    """

    before: str
    after: str
    within: bool
    above: int = 0


class _Tracks(NamedTuple):
    """Where the entries of `tracks` begin, one by one, and end, and how far they are indented."""

    starts: list[int]
    end: int
    indent: str

    def after(self, place: int) -> int:
        """Return where the first entry begins that begins there or later, else where they end."""
        return next((start for start in self.starts if start >= place), self.end)


def find(old: str, new: str) -> Edit | None:
    """Return what was edited, None if it is not plain what that touches."""
    old, new = (text.replace("\r\n", "\n") for text in (old, new))
    if "\r" in old or "\r" in new:  # alone it ends a line for YAML, and for nothing here
        return None
    tracks = _tracks(old)
    if tracks is None:
        return None
    same = _alike(len(old), len(new), lambda start, stop: old[start:stop] == new[start:stop])
    rest = _alike(
        len(old) - same,
        len(new) - same,
        lambda start, stop: _backwards(old, start, stop) == _backwards(new, start, stop),
    )
    last, grown = len(old) - rest, len(new) - len(old)
    if last < tracks.starts[0] or same > tracks.end:
        return _around(old, new, tracks, grown if same < tracks.starts[0] else 0)
    # The first character of its key must stand as it stood, else it may belong to what is above.
    first = max((one for one in tracks.starts if one + len(tracks.indent) < same), default=-1)
    if first < 0 or last > tracks.end:
        return None
    # What an edit leaves open, such as a quote, shows in what follows: one more track, if any.
    following = tracks.after(max(same, last))
    stop = tracks.after(following + 1)
    edited = new[first : following + grown]
    inside = all(one.startswith(tracks.indent) or not one.strip() for one in edited.splitlines())
    if not inside or stop - first > MOST:
        return None
    head, tail = old[: tracks.starts[0]], old[tracks.end :]
    before = f"{head}{old[first:stop]}{tail}"
    after = f"{head}{new[first : stop + grown]}{tail}"
    return Edit(before, after, within=True, above=head.count("\n"))


def _around(old: str, new: str, tracks: _Tracks, above: int) -> Edit | None:
    """Return an edit before or after all tracks; what is before them has grown by `above`."""
    start, end, stop = tracks.starts[0], tracks.end, tracks.after(tracks.starts[0] + 1)
    if len(old) - (end - start) > MOST or stop - start > MOST:
        return None
    track = old[start:stop]
    after = f"{new[: start + above]}{track}{new[end + above :]}"
    return Edit(f"{old[:start]}{track}{old[end:]}", after, within=False)


def _tracks(text: str) -> _Tracks | None:
    found = TRACKS.search(text)
    first = found and FIRST.match(text, found.end())
    if not found or not first:
        return None
    last = TOP.search(text, found.end())
    end, indent = last.start() + 1 if last else len(text), first[1]
    entry = re.compile(rf"\n{indent}(?=[^\s#])")
    starts = [found.start() + 1 for found in entry.finditer(text, found.end() - 1, end)]
    return _Tracks(starts, end, indent)


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
