"""How a build is told while it runs: in bars, in lines, in JSON, or its failures alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from ..events import BuildFinished, Event, Listener, TrackFailed
from ..state import is_terminal
from .envelope import SCHEMA
from .plain import event_lines
from .runner import on_runner
from .stream import event_data
from .summary import Tally, summary_lines
from .terminal import Console


@contextmanager
def listening(console: Console) -> Iterator[Listener]:
    """Give a listener that tells a build's events as the user wants it, and their sum at last."""
    tally = console.tally = Tally()
    with _telling(console) as tell:

        def hear(event: Event) -> None:
            tally.hear(event)
            if isinstance(event, TrackFailed):
                console.told.append(event.error)
            with suppress(OSError, ValueError):
                tell(event)  # a reader who went away must not stop what is being paid for

        yield hear
    if not console.manner.json:
        with suppress(BrokenPipeError):
            console.write(summary_lines(tally, console.out, short=console.manner.quiet))


@contextmanager
def _telling(console: Console) -> Iterator[Listener]:
    look = console.err  # asked for once: a build has thousands of events

    def tell_plain(event: Event) -> None:
        console.tell(event_lines(event, look), look)

    def tell_errors(event: Event) -> None:
        if isinstance(event, TrackFailed):
            tell_plain(event)

    def tell_json(event: Event) -> None:
        if not isinstance(event, BuildFinished):
            console.write_json({"schema": SCHEMA, **event_data(event)})

    if console.manner.json:
        yield tell_json
    elif console.manner.quiet:
        yield tell_errors
    elif draws(console):
        live = import_module(".live", __package__)  # rich is slow to load
        with live.live(console.err) as hear:
            yield hear
    else:
        yield tell_plain


def draws(console: Console) -> bool:
    """Tell whether bars can be shown; a runner's log holds lines, even on a terminal."""
    dumb = console.environment.get("TERM") == "dumb"
    return is_terminal(sys.stderr) and not dumb and not on_runner(console.environment)
