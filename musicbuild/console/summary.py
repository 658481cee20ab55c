"""What is said at the end of a build: each track that was touched, and what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ..cost import FREE, Cost, Totals, describe, total
from ..errors import Interrupted
from ..events import Bought, BuildFinished, BuildStarted, Event, TrackFailed, TrackFinished
from ..steps import Edited, Keep, Step
from .look import Look, Style, cells, escape, pad
from .plain import status
from .words import done, prices, why

STYLES: Mapping[str, Style] = {
    "made": Style.NEW,
    "drafted": Style.NEW,
    "failed": Style.BAD,
    "stopped": Style.CHANGED,
    "kept": Style.BAD,
}


@dataclass(slots=True)
class Tally:
    """What was heard of a build so far."""

    steps: dict[str, Step] = field(default_factory=dict)
    finished: dict[str, Step] = field(default_factory=dict)
    failed: list[TrackFailed] = field(default_factory=list)
    paid: dict[str, Cost] = field(default_factory=dict)
    odd: list[Bought] = field(default_factory=list)
    """What came in another length than was asked for."""
    end: BuildFinished | None = None

    def hear(self, event: Event) -> None:
        match event:
            case BuildStarted(plan):
                self.steps = {step.track.id: step for step in plan.steps}
                self.paid.clear()  # what was collected before was paid by an earlier build
            case Bought(track, spec, cost, seconds):
                if not spec.is_near(seconds):
                    self.odd.append(event)
                before = self.paid.get(track, Cost(Decimal(0), cost.unit))
                unit = cost.unit or before.unit
                self.paid[track] = Cost(before.amount + cost.amount, unit)
            case TrackFinished(track, step):
                self.finished[track] = step
            case TrackFailed():
                self.failed.append(event)
            case BuildFinished():
                self.end = event

    @property
    def spent(self) -> Totals:
        return self.end.spent if self.end else total(self.paid.values())

    @property
    def kept(self) -> dict[str, Step]:
        """Return the tracks whose outputs belong to another hand."""
        return {name: step for name, step in self.steps.items() if isinstance(step, Edited)}


def summary_lines(tally: Tally, look: Look, *, short: bool = False) -> list[str]:
    """Word the end of a build; `short` leaves only the line of sums."""
    if tally.end is None:
        return []
    rows = [] if short else _rows(tally)
    costs = iter(prices([row.cost for row in rows if row.cost is not None]))
    names = max((cells(row.track) for row in rows), default=0) + 3
    reasons = max((cells(row.reason) for row in rows), default=0) + 3
    lines = [
        f" {look.paint(pad(row.verb, 10), STYLES.get(row.verb, Style.FREE))}"
        f"{pad(row.track, names)}{pad(row.reason, reasons)}"
        f"{'' if row.cost is None else next(costs)}".rstrip()
        for row in rows
    ]
    odd = [f" `{one.track}`: {status(one)}" for one in tally.odd]
    return [*lines, *odd, _sums(tally, tally.end)]


@dataclass(frozen=True, slots=True)
class _Row:
    verb: str
    track: str
    reason: str
    cost: Cost | None
    """What was paid; None for a track that was not made, and that nothing was paid for."""


def _rows(tally: Tally) -> list[_Row]:
    """Return a row for each track that was touched, in the order of the plan."""
    made = dict.fromkeys(tally.finished, FREE)
    verbs = {name: done(step) for name, step in tally.finished.items()}
    verbs |= dict.fromkeys(tally.kept, "kept")
    verbs |= {event.track: _failed(event) for event in tally.failed}
    return [
        _Row(verbs[name], name, why(step), tally.paid.get(name, made.get(name)))
        for name, step in tally.steps.items()
        if name in verbs
    ]


def _failed(event: TrackFailed) -> str:
    """Return the verb for a track that was not made: not every one has failed."""
    return "stopped" if isinstance(event.error, Interrupted) else "failed"


def _sums(tally: Tally, end: BuildFinished) -> str:
    counted = Counter(done(step) for step in tally.finished.values())
    counted.update(_failed(event) for event in tally.failed)
    counted["not begun"] = end.left
    counted["kept as changed by hand"] = len(tally.kept)
    counted["up to date"] = sum(isinstance(step, Keep) for step in tally.steps.values())
    said = ", ".join(f"{number} {word}" for word, number in counted.items() if number)
    return f" spent {escape(describe(end.spent))}   {said}".rstrip()
