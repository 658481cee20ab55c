"""How a build is told while it runs: in bars, in lines, in JSON, or its failures alone."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

from ..events import BuildFinished, BuildStarted, Event, Listener, TrackFailed
from ..state import is_terminal
from .envelope import SCHEMA
from .plain import event_lines
from .runner import on_runner
from .stream import event_data
from .summary import Tally, summary_lines
from .terminal import Console

PAUSE = 0.05
"""Seconds between tellings, so that what comes in the meantime is told together."""

Tell = Callable[[Sequence[Event]], None]


@contextmanager
def listening(console: Console) -> Iterator[Listener]:
    """Give a listener that tells a build's events as the user wants it, and their sum at last."""
    tally = console.tally = Tally()
    with _telling(console) as tell:

        def hear(events: Sequence[Event]) -> None:
            for event in events:
                tally.hear(event)
                if isinstance(event, TrackFailed):
                    console.told.append(event.error)
            with suppress(OSError, ValueError):
                tell(events)  # a reader who went away must not stop what is being paid for

        with _apart(hear) as listen:
            yield listen
    if not console.manner.json:
        with suppress(BrokenPipeError):
            console.write(summary_lines(tally, console.out, short=console.manner.quiet))


@contextmanager
def _apart(tell: Tell) -> Iterator[Listener]:
    """Give a listener that keeps nobody waiting for a reader, once tracks are being made.

    From then on a thread of its own tells what has come.  Before, what was told must be there to
    read when a question is asked.
    """
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    over = threading.Event()
    broken: list[BaseException] = []

    def tell_all() -> None:
        try:
            while not over.wait(PAUSE) or not heard.empty():
                tell([heard.get() for _ in range(heard.qsize())])
        except BaseException as error:  # noqa: BLE001  raised again below
            broken.append(error)

    teller = threading.Thread(target=tell_all, daemon=True)

    def listen(event: Event) -> None:
        if teller.ident is not None:
            heard.put(event)
            return
        tell([event])
        if isinstance(event, BuildStarted):
            teller.start()

    try:
        yield listen
    finally:
        if teller.ident is not None:
            over.set()
            teller.join()
    if broken:
        raise broken[0]


@contextmanager
def _telling(console: Console) -> Iterator[Tell]:
    look = console.err  # asked for once: a build has thousands of events

    def tell_plain(events: Sequence[Event]) -> None:
        console.tell((line for event in events for line in event_lines(event, look)), look)

    def tell_errors(events: Sequence[Event]) -> None:
        tell_plain([event for event in events if isinstance(event, TrackFailed)])

    def tell_json(events: Sequence[Event]) -> None:
        console.write_json(
            *(
                {"schema": SCHEMA, **event_data(event)}
                for event in events
                if not isinstance(event, BuildFinished)
            )
        )

    if console.manner.json:
        yield tell_json
    elif console.manner.quiet:
        yield tell_errors
    elif draws(console):
        live = import_module(".live", __package__)  # rich is slow to load
        with live.live(console.err) as hear:

            def tell_live(events: Sequence[Event]) -> None:
                for event in events:
                    hear(event)

            yield tell_live
    else:
        yield tell_plain


def draws(console: Console) -> bool:
    """Tell whether bars can be shown; a runner's log holds lines, even on a terminal."""
    dumb = console.environment.get("TERM") == "dumb"
    return is_terminal(sys.stderr) and not dumb and not on_runner(console.environment)
