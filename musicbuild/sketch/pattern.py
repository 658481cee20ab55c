"""How a pattern written as text is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Step:
    """One note of a pattern; `start` and `length` in sixteenths."""

    start: int
    length: int
    mark: str


@cache
def read_pattern(text: str, limit: int) -> tuple[Step, ...]:
    """Read the first `limit` sixteenths of a pattern, in which `=` holds and `.` is silent."""
    steps: list[Step] = []
    text = text[:limit]
    for start, mark in enumerate(text):
        if mark in ".=":
            continue
        rest = text[start + 1 :]
        steps.append(Step(start, 1 + len(rest) - len(rest.lstrip("=")), mark))
    return tuple(steps)
