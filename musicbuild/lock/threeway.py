"""What becomes of one value that two branches share: who changed it decides, or nobody can."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Clash(Enum):
    """Both branches changed a value, each in its own way."""

    CLASH = "clash"


CLASH = Clash.CLASH


def decide(base: T | None, ours: T | None, theirs: T | None) -> T | Clash | None:
    """Return what a value becomes, None where it is absent."""
    if theirs in (ours, base):
        return ours
    return theirs if ours == base else CLASH


def decide_each(
    base: Mapping[str, T], ours: Mapping[str, T], theirs: Mapping[str, T]
) -> dict[str, T] | Clash:
    """Do the same for each name in a mapping; one clash is enough."""
    found: dict[str, T] = {}
    for name in sorted(base.keys() | ours.keys() | theirs.keys()):
        one = decide(base.get(name), ours.get(name), theirs.get(name))
        if isinstance(one, Clash):
            return CLASH
        if one is not None:
            found[name] = one
    return found
