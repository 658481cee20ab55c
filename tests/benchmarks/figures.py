"""What was measured: a figure with a value for each round, and what two of them say together."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """So many of a unit in each round, and the CPU time that each took, where that was measured.

    Figures whose names differ only after the last `/` were measured by turns.
    """

    name: str
    unit: str
    values: Sequence[float]
    cpu: Sequence[float] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def group(self) -> str:
        return self.name.rpartition("/")[0]

    def to_json(self) -> dict[str, Any]:
        spread = {"median": self.median, "min": min(self.values), "max": max(self.values)}
        return {"unit": self.unit, **spread, "values": list(self.values), "cpu": list(self.cpu)}


Figures = Mapping[str, Figure]


def by_round(one: Figure, other: Figure) -> list[float]:
    """Return the ratio in each round, of figures that were measured by turns; else nothing."""
    if one.group != other.group or len(one.values) != len(other.values):
        return []
    return [mine / theirs for mine, theirs in zip(one.values, other.values, strict=True)]
