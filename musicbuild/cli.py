"""The command line: arguments to calls, answers and errors to exit codes."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from . import __version__
from .commands.group import Commands
from .commands.options import common
from .commands.said import Settings
from .console.errors import system_error
from .console.terminal import Answer
from .errors import IntegrityError, Interrupted, MusicbuildError, UsageError, suggestion
from .usage import ABOUT, COMMANDS, METAVAR, OPTIONS

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended."""


@click.group(
    cls=Commands,
    table=COMMANDS,
    package=f"{__package__}.commands",
    help=ABOUT,
    subcommand_metavar=METAVAR,
    invoke_without_command=True,
    no_args_is_help=False,
    context_settings={"help_option_names": [*OPTIONS["help"][0]]},
)
@click.version_option(__version__, message="%(prog)s %(version)s", help=OPTIONS["version"][2])
@common
@click.pass_context
def program(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; tells every error, raises none."""
    settings = Settings()
    if "--json" in arguments:  # also for errors met before the options are understood
        settings.console.manner = settings.console.manner._replace(json=True)
    try:
        code = _call(arguments, settings)
        _flush()
    except Exception as error:  # noqa: BLE001  a user never meets a traceback unasked
        return _fail(error, settings)
    _let_go()
    return code


def fail(error: Exception) -> int:
    """Tell an error that was met outside of any command, and return its exit code."""
    return _fail(error, Settings())


def _fail(error: Exception, settings: Settings) -> int:
    code = BROKEN_PIPE if isinstance(error, BrokenPipeError) else _report(error, settings)
    _let_go()
    return code


def _call(arguments: Sequence[str], settings: Settings) -> int:
    try:
        result = program.main(
            list(arguments), prog_name="musicbuild", standalone_mode=False, obj=settings
        )
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None
    if isinstance(result, Answer):
        return settings.console.answer(settings.command, result)
    settings.console.finish(settings.command)
    return result if isinstance(result, int) else 0


def _report(error: Exception, settings: Settings) -> int:
    """Tell an error in our own form, and return its exit code."""
    if os.environ.get("MUSICBUILD_DEBUG"):
        with suppress(OSError, ValueError):
            settings.console.trace(error)
    ours = _ours(error, settings.command)
    with suppress(OSError, ValueError):  # there may be nobody left to hear it
        settings.console.fail(settings.command, ours)
    return ours.exit_code


def _ours(error: Exception, command: str) -> MusicbuildError:
    match error:
        case MusicbuildError():
            return error
        case click.Abort():
            return Interrupted("interrupted")
        case click.ClickException():
            return _usage(error, command)
        case OSError(errno=number) if number in FULL:
            return IntegrityError(system_error(error).message, hint="free some space, and retry")
        case OSError():
            return system_error(error)
    return MusicbuildError(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a fault of musicbuild; `MUSICBUILD_DEBUG=1` shows where it happened",
    )


def _usage(error: click.ClickException, command: str) -> UsageError:
    """Word what click says as we word our own errors."""
    hint = f"`musicbuild {command} --help` shows what it takes".replace("  ", " ")
    if isinstance(error, click.NoSuchOption):
        known = suggestion(error.option_name, _options(error))
        return UsageError(f"unknown option `{error.option_name}`", hint=known or hint)
    said = re.sub(r"'([^']*)'", r"`\1`", error.format_message().rstrip("."))
    return UsageError(said[:1].lower() + said[1:], hint=hint)


def _options(error: click.NoSuchOption) -> list[str]:
    if error.ctx is None:
        return []
    return [name for each in error.ctx.command.params for name in (*each.opts, "--help")]


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _let_go() -> None:
    """Empty both streams, or else point them nowhere: at its end Python would complain of them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            with suppress(OSError, ValueError, AttributeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
