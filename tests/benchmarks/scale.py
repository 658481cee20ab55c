"""How much is measured: how many tracks, how often, and how many pieces of music."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of tracks, seconds for each group, and pieces with their seconds.

    `locks` are two numbers of tracks, fewer and more: only beside each other do they show growth.
    `orders` are those of one build, and `transfers` objects that go to a bucket and back, 0 for
    none: it is the disk that is measured too.  `rounds` is
    None to have as many as fit into the seconds; `sketches` is a number of prompts, 0 for all.
    """

    sizes: tuple[int, ...]
    budget: float
    pieces: tuple[int, int]
    sketches: int
    orders: int
    transfers: int
    locks: tuple[int, int] = (1_000, 10_000)
    rounds: int | None = None


FULL = Scale((100, 1_000, 10_000), 60, (20, 60), 0, 1_000, 1_000)
SMALL = Scale((100, 1_000), 4, (2, 20), 4, 0, 0)
