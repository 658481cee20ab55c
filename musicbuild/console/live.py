"""What a build shows on a terminal while it runs: what is under way, since when, at what price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from ..cost import Totals, add, describe, total
from ..events import (
    Bought,
    BuildStarted,
    Event,
    Listener,
    Mastering,
    Ordered,
    Postponed,
    Recovered,
    Recovering,
    Remarked,
    Searching,
    Supplied,
    TrackFailed,
    TrackFinished,
    TrackLeft,
    TrackStarted,
    Unsupplied,
    Untold,
    Waiting,
)
from ..steps import Edited
from .look import Look, escape
from .plain import event_lines, status
from .words import why

SAID_AT_ONCE = (Recovered, Postponed, Supplied, Unsupplied, Untold, Remarked, TrackFailed)
"""Events that are said above the rows, and stay."""


@contextmanager
def live(look: Look) -> Iterator[Listener]:
    """Show a build on stderr for the length of the block; the bars are gone when it ends."""
    console = RichConsole(
        stderr=True, no_color=not look.color, highlight=False, markup=False, emoji=False
    )
    progress = _WholeLast(
        SpinnerColumn("line" if look.symbol("…") != "…" else "dots"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    try:
        yield _Display(progress, look).hear
    finally:
        progress.stop()


class _WholeLast(Progress):
    """Rows in the order they were added, but the first, that of the whole build, below them."""

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        rows = [*tasks]
        return super().make_tasks_table(rows[1:] + rows[:1])


class _Display:
    """One row a running track, and one of the whole.

    Bars begin with the work; before it there may be a question to answer.
    """

    def __init__(self, progress: Progress, look: Look) -> None:
        self._progress, self._look = progress, look
        self._whole = progress.add_task("build", total=None, status="")
        self._rows: dict[str, TaskID] = {}
        self._spent: Totals = {}
        self._of = 0
        self._ended = 0

    def hear(self, event: Event) -> None:
        match event:
            case Recovering(tracks):
                self._begin(tracks)
            case Recovered(track) | Postponed((track,)):
                self._end_recovery(track)
            case BuildStarted(plan):
                self._of = sum(not isinstance(step, Edited) for step in plan.to_do)
                if self._of:
                    self._progress.start()
            case TrackStarted(track, step):
                self._rows[track] = self._progress.add_task(track, total=None, status=why(step))
            case Ordered() | Waiting() | Searching() | Bought() | Mastering() if (
                event.track in self._rows
            ):
                self._progress.update(self._rows[event.track], status=status(event))
            case TrackFailed(track, _) if not self._of:
                self._end_recovery(track)
            case TrackFinished(track) | TrackFailed(track) | TrackLeft(track) if (
                track in self._rows
            ):
                self._progress.remove_task(self._rows.pop(track))
                self._ended += 1
        if isinstance(event, Bought):
            self._spent = add(self._spent, total([event.cost]))
        if (
            isinstance(
                event,
                Recovered | Postponed | Supplied | Unsupplied | Untold | Remarked | TrackFailed,
            )
            or not self._progress.live.is_started
        ):
            lines = "\n".join(event_lines(event, self._look))
            if lines:
                self._progress.console.print(Text.from_ansi(lines), soft_wrap=True)
        self._sum_up()

    def _begin(self, tracks: Iterable[str]) -> None:
        """Show the open orders of earlier builds while they are looked after."""
        for track in tracks:
            self._rows[track] = self._progress.add_task(track, total=None, status="ordered before")
        self._progress.start()

    def _end_recovery(self, track: str) -> None:
        """Take a row away; after the last one there may be a question to answer."""
        if track in self._rows:
            self._progress.remove_task(self._rows.pop(track))
        if not self._rows:
            self._progress.stop()

    def _sum_up(self) -> None:
        said = f"{self._ended} of {self._of}   spent {escape(describe(self._spent))}"
        whole = self._of or None
        self._progress.update(self._whole, total=whole, completed=self._ended, status=said)
