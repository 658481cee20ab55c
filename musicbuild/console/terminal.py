"""Where words go: data to stdout, talk to stderr, in lines, in bars or as JSON."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any, TextIO

import click

from ..errors import MusicbuildError
from ..events import BuildFinished, Event, Listener, TrackFailed
from . import json
from .errors import Told, error_lines, warning_lines
from .look import Look, escape
from .plain import event_lines
from .runner import Masking, disarm, disarm_json, is_file, on_runner
from .summary import Tally, summary_lines


class Color(Enum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a user wants to be spoken to."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: Color = Color.AUTO


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: `data` for programs, `lines` for people, and what is amiss in it."""

    data: Mapping[str, Any]
    lines: Callable[[Look], Iterable[str]]
    warnings: tuple[Told, ...] = ()
    error: MusicbuildError | None = None


STREAMING = frozenset({"build"})
"""Commands that answer in JSON with a line an event, the last of them the envelope."""


@dataclass(slots=True)
class Console:
    """Both streams, and what was said on them that must not be said twice."""

    manner: Manner = Manner()
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _told: list[MusicbuildError] = field(default_factory=list)
    _warned: list[Told] = field(default_factory=list)
    _tally: Tally | None = None

    @property
    def out(self) -> Look:
        return self._look(sys.stdout)

    @property
    def err(self) -> Look:
        return self._look(sys.stderr)

    @property
    def interactive(self) -> bool:
        """Tell whether a question would be seen and could be answered."""
        return not self.manner.json and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    def write(self, lines: Iterable[str]) -> None:
        """Write data to stdout."""
        self._print(lines, sys.stdout, self.out)

    def say(self, lines: Iterable[str]) -> None:
        """Talk on stderr, unless the user wants quiet or a program listens."""
        if not (self.manner.quiet or self.manner.json):
            self._print(lines, sys.stderr, self.err)

    def warn(self, warnings: Iterable[Told]) -> None:
        found = list(warnings)
        self._warned += found
        self.say(warning_lines(found, self.err))

    def confirm(self, question: str) -> bool:
        """Ask on stderr; anything but a clear yes is a no."""
        self._print([f"{question} [y/N] "], sys.stderr, self.err, end="")
        try:
            return input().strip().lower() in {"y", "yes"}
        except EOFError:
            return False

    def answer(self, command: str, answer: Answer) -> int:
        """Tell what a command found; return the exit code."""
        errors = [answer.error] if answer.error else []
        if self.manner.json:
            told = json.envelope(command, answer.data, errors=errors, warnings=answer.warnings)
            self._print_json(told)
        else:
            self.warn(answer.warnings)
            self.write(answer.lines(self.out))
            for error in errors:
                self.fail(command, error)
        return answer.error.exit_code if answer.error else 0

    def fail(self, command: str, error: MusicbuildError) -> int:
        """Tell an error, unless it was told already; return the exit code."""
        if self.manner.json:
            self._end_json(command, [error])
        elif error not in self._told:
            self._told.append(error)
            self._print(error_lines(error, self.err), sys.stderr, self.err)
        return error.exit_code

    def trace(self, error: BaseException) -> None:
        """Show where an error of our own making came from, to whoever asked for that."""
        lines = "".join(traceback.format_exception(error)).splitlines()
        self._print(map(escape, lines), sys.stderr, self.err)

    def masking(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment for what reads keys in it, which a CI runner is to mask."""
        stream = sys.stderr
        if not on_runner(self.environment) or stream is None or is_file(stream):
            return environment

        def ask(command: str) -> None:
            with suppress(OSError, ValueError):  # nobody listens, so there is nothing to mask
                click.echo(command, file=stream)

        return Masking(environment, ask)

    def finish(self, command: str) -> None:
        """End a command; one that told its events as they came has an envelope to write yet."""
        if self.manner.json and self._tally:
            self._end_json(command, [])

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Give a listener that tells a build's events in the user's manner, and their sum."""
        tally = self._tally = Tally()
        with self._telling() as tell:

            def hear(event: Event) -> None:
                tally.hear(event)
                if isinstance(event, TrackFailed):
                    self._told.append(event.error)
                with suppress(OSError, ValueError):
                    tell(event)  # a reader who went away must not stop what is being paid for

            yield hear
        if not self.manner.json:
            with suppress(BrokenPipeError):
                self.write(summary_lines(tally, self.out, short=self.manner.quiet))

    @contextmanager
    def _telling(self) -> Iterator[Listener]:
        if self.manner.json:
            yield self._tell_json
        elif self.manner.quiet:
            yield self._tell_errors
        elif self._draws:
            module = import_module(".live", __package__)  # rich is slow to load
            with module.live(self.err) as hear:
                yield hear
        else:
            yield self._tell_plain

    @property
    def _draws(self) -> bool:
        """Tell whether bars can be shown; a runner's log holds lines, even on a terminal."""
        dumb = self.environment.get("TERM") == "dumb"
        return _is_terminal(sys.stderr) and not dumb and not on_runner(self.environment)

    def _tell_plain(self, event: Event) -> None:
        self._print(event_lines(event, self.err), sys.stderr, self.err)

    def _tell_errors(self, event: Event) -> None:
        if isinstance(event, TrackFailed):
            self._tell_plain(event)

    def _tell_json(self, event: Event) -> None:
        if not isinstance(event, BuildFinished):
            self._print_json({"schema": json.SCHEMA, **json.event_data(event)})

    def _end_json(self, command: str, errors: list[MusicbuildError]) -> None:
        """Write the envelope; of a build it is the last line, with all that went wrong."""
        tally = self._tally or Tally()
        found = [*(event.error for event in tally.failed), *errors]
        once = [error for place, error in enumerate(found) if error not in found[:place]]
        told = json.envelope(command, {}, errors=once, warnings=self._warned, spent=tally.spent)
        if command in STREAMING:
            told |= {"event": "finished"}
        if tally.end:
            told |= json.event_data(tally.end)
            told["ok"] = told["ok"] and not tally.end.left
        self._print_json(told)

    def _print_json(self, value: Mapping[str, Any]) -> None:
        self._print([json.encode(value)], sys.stdout, self.out, disarmed=disarm_json)

    def _print(
        self,
        lines: Iterable[str],
        stream: TextIO | None,
        look: Look,
        *,
        end: str = "\n",
        disarmed: Callable[[str], str] = disarm,
    ) -> None:
        """Write lines at once; a stream that was closed before we started hears nothing."""
        text = "\n".join(lines)
        if stream is None or not text:
            return
        encoding = look.encoding or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        if on_runner(self.environment):
            shown = disarmed(shown)
        click.echo(shown + end, file=stream, nl=False, color=look.color)

    def _look(self, stream: TextIO | None) -> Look:
        width = shutil.get_terminal_size((80, 24)).columns
        encoding = getattr(stream, "encoding", None) or ""
        return Look(self._colored(stream), encoding, width, self.manner.verbose)

    def _colored(self, stream: TextIO | None) -> bool:
        """Decide about colour: the option, then NO_COLOR, then FORCE_COLOR, then the stream."""
        if self.manner.color is not Color.AUTO:
            return self.manner.color is Color.ALWAYS
        if self.environment.get("NO_COLOR"):
            return False
        if self.environment.get("FORCE_COLOR"):
            return True
        return _is_terminal(stream) and self.environment.get("TERM") != "dumb"


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False
