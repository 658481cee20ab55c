"""How two texts are shown to differ: only the lines, and of long lines only the words, that do."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from .look import Look, cells, escape

AROUND = 3
"""Words shown before a difference in a line that is too long to be shown whole."""

LONGEST = 400
"""Lines, or words of a line, beyond which the whole is taken as different.

Comparing takes a time that grows with the square of the length.
"""


def diff(before: str, after: str, look: Look, *, indent: int = 0) -> list[tuple[str, str]]:
    """Return lines with `-` or `+`, each to be shown as it is; whole ones if verbose."""
    room = max(20, look.width - indent - 2)
    shown: list[tuple[str, str]] = []
    for old, new in _changes(before.splitlines(), after.splitlines()):
        pairs = [*zip(old, new, strict=False)]
        for one, other in pairs:
            start = 0 if look.verbose else _first_difference(one, other, room)
            shown += [("-", _tail(one, start, look)), ("+", _tail(other, start, look))]
        shown += [("-", escape(line)) for line in old[len(pairs) :]]
        shown += [("+", escape(line)) for line in new[len(pairs) :]]
    if look.verbose:
        return shown
    return [(sign, look.cut(text, room)) for sign, text in shown]


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    if max(len(before), len(after)) > LONGEST:
        yield before, after
        return
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield before[a:b], after[c:d]


def _first_difference(one: str, other: str, room: int) -> int:
    """Return where to start showing two lines: 0, or some words before they part."""
    if max(cells(escape(one)), cells(escape(other))) <= room:
        return 0
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    words = one[:same].split(" ")
    kept = " ".join(words[-AROUND - 1 :])
    return same - len(kept) if len(words) > AROUND + 1 else 0


def _tail(text: str, start: int, look: Look) -> str:
    return (look.symbol("…") + " " if start else "") + escape(text[start:])
