"""Where words go: data to stdout, talk to stderr, in lines, in bars or as JSON."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import click

from ..errors import MusicbuildError
from ..state import colored, is_terminal
from .envelope import encode, envelope
from .errors import Told, error_lines, warning_lines
from .look import Look, escape
from .runner import disarm, disarm_json, is_file, on_runner

if TYPE_CHECKING:
    from .summary import Tally


class Color(Enum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Manner(NamedTuple):
    """How a user wants to be spoken to."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: Color = Color.AUTO


class Answer(NamedTuple):
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

    manner: Manner = field(default_factory=Manner)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    told: list[MusicbuildError] = field(default_factory=list)
    _warned: list[Told] = field(default_factory=list)
    tally: Tally | None = None

    @property
    def out(self) -> Look:
        return self._look(sys.stdout)

    @property
    def err(self) -> Look:
        return self._look(sys.stderr)

    @property
    def interactive(self) -> bool:
        """Tell whether a question would be seen and could be answered."""
        return not self.manner.json and is_terminal(sys.stdin) and is_terminal(sys.stderr)

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
            _wait_for_answer()
            return input().strip().lower() in {"y", "yes"}
        except EOFError:
            return False

    def answer(self, command: str, answer: Answer) -> int:
        """Tell what a command found; return the exit code."""
        errors = [answer.error] if answer.error else []
        if self.manner.json:
            told = envelope(command, answer.data, errors=errors, warnings=answer.warnings)
            self.write_json(told)
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
        elif error not in self.told:
            self.told.append(error)
            self.tell(error_lines(error, self.err))
        return error.exit_code

    def trace(self, error: BaseException) -> None:
        """Show where an error of our own making came from, to whoever asked for that."""
        traceback = import_module("traceback")  # hardly anybody asks
        lines = "".join(traceback.format_exception(error)).splitlines()
        self.tell(map(escape, lines))

    def masking(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment for what reads keys in it, which a CI runner is to mask."""
        stream = sys.stderr
        if not on_runner(self.environment) or stream is None or is_file(stream):
            return environment

        def ask(command: str) -> None:
            with suppress(OSError, ValueError):  # nobody listens, so there is nothing to mask
                click.echo(command, file=stream)

        masking: Mapping[str, str] = import_module(".masking", __package__).Masking(
            environment, ask
        )
        return masking

    def finish(self, command: str) -> None:
        """End a command; one that told its events as they came has an envelope to write yet."""
        if self.manner.json and self.tally:
            self._end_json(command, [])

    def tell(self, lines: Iterable[str], look: Look | None = None) -> None:
        """Write to stderr, whoever listens: what goes wrong, and what happens in a build."""
        self._print(lines, sys.stderr, look or self.err)

    def write_json(self, *values: Mapping[str, Any]) -> None:
        self._print(map(encode, values), sys.stdout, self.out, disarmed=disarm_json)

    def _end_json(self, command: str, errors: list[MusicbuildError]) -> None:
        """Write the envelope; of a build it is the last line, with all that went wrong."""
        tally = self.tally
        found = [*(event.error for event in tally.failed), *errors] if tally else errors
        once = [error for place, error in enumerate(found) if error not in found[:place]]
        spent = tally.spent if tally else {}
        told = envelope(command, {}, errors=once, warnings=self._warned, spent=spent)
        if command in STREAMING:
            told |= {"event": "finished"}
        if tally and tally.end:
            told |= import_module(".stream", __package__).event_data(tally.end)
            told["ok"] = told["ok"] and not tally.end.left
        self.write_json(told)

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
        if self.manner.color is not Color.AUTO:
            return self.manner.color is Color.ALWAYS
        return colored(stream, self.environment)


def _wait_for_answer() -> None:
    """Return once a terminal has something to read.

    A signal that comes just before a read is heard only after it, so no read is to wait for long.
    """
    if os.name == "posix":
        select = import_module("select").select  # few are asked
        with suppress(OSError, ValueError):  # it is none that can be waited for
            while not select([sys.stdin], [], [], 0.5)[0]:
                pass
