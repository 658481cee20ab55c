"""What every command is told alike: which project, which tracks, and how to answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from ..console.terminal import Color
from ..usage import OPTIONS
from .said import Choice, Settings

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def _store(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keep what one option says, unless it was not given."""
    settings = context.find_object(Settings)
    if not value or settings is None:
        return
    match option.name:
        case "file" | "directory" as name:
            setattr(settings, name, value)
        case "color":
            settings.console.manner = settings.console.manner._replace(color=Color(value))
        case "json":
            settings.console.manner = settings.console.manner._replace(json=True)
        case "quiet":
            settings.console.manner = settings.console.manner._replace(quiet=True)
        case "verbose":
            settings.console.manner = settings.console.manner._replace(verbose=True)


def _option(name: str, **more: Any) -> Callable[[Decorated], Decorated]:
    names, _, text = OPTIONS[name]
    return click.option(*names, callback=_store, expose_value=False, help=text, **more)


COMMON = (
    _option("file", type=PATH),
    _option("directory", type=PATH),
    _option("json", is_flag=True),
    _option("quiet", is_flag=True),
    _option("verbose", is_flag=True),
    _option("color", type=click.Choice([one.value for one in Color])),
)


def common(function: Decorated) -> Decorated:
    """Add the options that are understood before a command's name and after it."""
    for option in reversed(COMMON):
        function = option(function)
    return function


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the common options, and pass what they say as the first argument."""
    return common(click.make_pass_decorator(Settings)(function))


def track_names(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Complete an id from the manifest; without one that can be read, nothing."""
    return _complete("track_ids", context, typed)


def label_names(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    return _complete("labels", context, typed)


def _complete(what: str, context: click.Context, typed: str) -> list[str]:
    settings = context.find_object(Settings) or Settings()
    with suppress(Exception):  # a shell that asks for names has no use for errors
        opening = import_module(".opening", __package__)
        return [name for name in getattr(opening, what)(settings) if name.startswith(typed)]
    return []


def with_choice(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add TRACK, `--label` and `--exclude`, and pass what they say as `choice`."""

    @wraps(function)
    def call(
        *given: Any,
        tracks: tuple[str, ...],
        labels: tuple[str, ...],
        exclude: tuple[str, ...],
        **others: Any,
    ) -> Any:
        return function(*given, choice=Choice(tracks, labels, exclude), **others)

    tracks = click.argument("tracks", metavar="[TRACK]...", nargs=-1, shell_complete=track_names)
    labels = click.option(
        "-l",
        "--label",
        "labels",
        multiple=True,
        metavar="LABEL",
        shell_complete=label_names,
        help="Only tracks with this label.",
    )
    exclude = click.option(
        "-x",
        "--exclude",
        multiple=True,
        metavar="TRACK",
        shell_complete=track_names,
        help="Not these tracks; an id or a glob.",
    )
    return tracks(labels(exclude(call)))
