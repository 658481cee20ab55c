"""What is to be reached: a figure of ours beside another of the same run, and whether it is."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .figures import Figures, by_round
from .processes import PASS, VERBS
from .scale import Scale

SLOPPY = 2.0
"""So many times a goal is still taken where little is measured, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so many times another figure; of an absolute one if `than` is empty.

    `least` turns it round.  `instead` is what holds where the other tool can't be had: another
    figure, and the limit in terms of that.
    """

    what: str
    ours: str
    limit: float
    than: str = ""
    least: bool = False
    instead: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out: the ratio of medians (or the median itself), and the median of all rounds'.

    `value` is None if a figure is missing, which is no fault of ours.
    """

    goal: Goal
    than: str
    limit: float
    value: float | None
    by_round: float | None = None

    @property
    def left_out(self) -> bool:
        return self.value is None

    def holds(self, slack: float = 1.0) -> bool:
        """Tell whether the goal is reached, or would be if it were `slack` times as easy."""
        if self.value is None:
            return True
        if self.goal.least:
            return self.value >= self.limit / slack
        return self.value <= self.limit * slack


def goals(scale: Scale) -> Iterator[Goal]:
    """Yield the goals for this scale, of whose numbers of tracks the last is the largest."""
    sizes = scale.sizes
    for option in ("--version", "--help"):
        yield Goal(f"`musicbuild {option}`", f"start/{option}", 2.5, f"start/{PASS}")
    for count in sizes:
        for verb in VERBS:
            yield _no_op(count, verb)
    for before, count in pairwise(sizes):
        yield from _re_plans(before, count)
    yield from _largest(sizes[-1])
    yield from _inside(*scale.locks)


def _no_op(count: int, verb: str) -> Goal:
    what, ours = f"no-op `{verb}`, {count:,} tracks", f"no-op/{count}/{verb}"
    bare = f"no-op/{count}/{PASS}"
    if count < 10_000:
        return Goal(what, ours, 1.3 if count < 1_000 else 1.5, bare)
    return Goal(what, ours, 0.75, f"no-op/{count}/ninja", instead=(bare, 4.0))


def _re_plans(before: int, count: int) -> Iterator[Goal]:
    """Yield goals for any but the smallest size, at which most of a plan is the start."""
    bare = (f"re-plan/{count}/{PASS}", 12.0 if count < 10_000 else 60.0)
    full = "comment in each track"
    for edit in ("touched", "comment at the top"):
        ours, doit = f"re-plan/{count}/{edit}", f"re-plan/{count}/doit"
        yield Goal(f"`plan` of {count:,}, {edit}", ours, 1.0, doit, instead=bare)
    linear = f"`plan` of {count:,}, {full}: linear at most"
    yield Goal(linear, f"re-plan/{count}/{full}", count / before, f"re-plan/{before}/{full}")


def _largest(count: int) -> Iterator[Goal]:
    full = f"re-plan/{count}/comment in each track"
    edited = f"re-plan/{count}/one prompt edited"
    # Of few tracks, most of both is the start.
    yield Goal(f"one prompt edited, {count:,}", edited, 0.25 if count >= 10_000 else 0.8, full)
    yield Goal(f"MB at most, no-op, {count:,}", f"memory/{count}/no-op", 20)
    planned = f"memory/{count}/comment in each track"
    yield Goal(f"MB at most, `plan` of {count:,}", planned, 120)


def _inside(fewer: int, more: int) -> Iterator[Goal]:
    what = "orders at a service of 50 ms, of the ideal"
    yield Goal(what, "orders/1000", 0.75, least=True)
    for way in ("push", "pull"):
        what = f"{way}, 1,000 objects of 1 MB, of obstore alone"
        yield Goal(what, f"transfers/{way}", 0.7, least=True)
    what = f"lock, CPU a track: {more:,} beside {fewer:,}"
    yield Goal(what, f"lock/{more}", 1.25, f"lock/{fewer}")
    lame, lameenc, peer = (
        f"mastering/{name}" for name in ("lame -b 192", "lameenc", "ffmpeg-normalize")
    )
    yield Goal("mastering, CPU", "mastering/ours", 1.3, lame, instead=(lameenc, 1.3))
    yield Goal("mastering, CPU", "mastering/ours", 0.35, peer)
    yield Goal("sketch, x real time a core", "sketch/all styles", 25, least=True)


def judge(goal: Goal, figures: Figures) -> Verdict:
    """Hold a goal against what was measured."""
    than, limit = goal.than, goal.limit
    if than not in figures and goal.instead:
        than, limit = goal.instead
    ours, theirs = figures.get(goal.ours), figures.get(than)
    if ours is None or (than and theirs is None):
        return Verdict(goal, than, limit, None)
    if theirs is None:
        return Verdict(goal, than, limit, ours.median)
    ratios = by_round(ours, theirs)
    each = statistics.median(ratios) if ratios else None
    return Verdict(goal, than, limit, ours.median / theirs.median, each)
