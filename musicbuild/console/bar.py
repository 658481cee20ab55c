"""What an exchange shows on a terminal while it runs: how much of it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..events import Exchanged, ExchangeStarted, Watcher
from .look import Look
from .words import size


@contextmanager
def bar(look: Look, verb: str) -> Iterator[Watcher]:
    """Show one bar on stderr for the length of the block; it is gone when that ends."""
    console = RichConsole(
        stderr=True, no_color=not look.color, highlight=False, markup=False, emoji=False
    )
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[moved]}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    task = progress.add_task(verb, total=None, moved="")
    moved = 0

    def watch(event: ExchangeStarted | Exchanged) -> None:
        nonlocal moved
        match event:
            case ExchangeStarted(objects):
                progress.update(task, total=objects)
            case Exchanged(bytes=bytes_):
                moved += bytes_
                progress.update(task, advance=1, moved=size(moved))

    with progress:
        yield watch
