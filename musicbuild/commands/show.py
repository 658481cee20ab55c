"""`musicbuild show TRACK`: all that is known of one track."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from .. import tags
from ..console.errors import place
from ..console.terminal import Answer
from ..console.track import File, Portrait, Take, Value, show_data, show_lines
from ..errors import IntegrityError, UsageError, suggestion
from ..plan import Wishes
from ..project import Project
from ..spec import NOTES, Output, TrackSpec
from ..specify.origins import origins
from ..takes import fitted, is_adopted, picked, taken
from .opening import open_chosen
from .options import track_names, with_settings
from .said import Settings


@click.command()
@click.argument("track", shell_complete=track_names)
@with_settings
def command(settings: Settings, *, track: str) -> Answer:
    """Show all that is known of one track.

    Its final prompt, where each value comes from, its keys, what was bought for it, what its
    outputs say of themselves, and what a build would do.
    """
    project = open_chosen(settings)
    portrait = portray(project, find(project, track))
    return Answer(
        show_data(portrait), lambda look: show_lines(portrait, look), project.specified.warnings
    )


def find(project: Project, name: str) -> TrackSpec:
    """Return the track of this id; raise UsageError with the nearest if there is none."""
    ids = [track.id for track in project.tracks]
    if name not in ids:
        hint = suggestion(name, ids) or "`musicbuild list` shows the tracks"
        raise UsageError(f"there is no track `{name}`", hint=hint)
    return project.tracks[ids.index(name)]


def portray(project: Project, track: TrackSpec) -> Portrait:
    """Gather what the manifest, the lock, the store and the outputs say of a track."""
    spec = picked(track, project.lock)
    adopted = is_adopted(spec, project.lock)
    if bought := project.lock.purchases.get(spec.key):
        track = fitted(track, bought)
    step = project.plan(Wishes(only=frozenset({track.id}))).steps[0]
    return Portrait(
        track,
        tuple(_values(project, track)),
        tuple(_takes(project, track)),
        tuple(_file(project, track, output) for output in track.outputs),
        project.lock.tracks.get(track.id),
        step,
        None if adopted else project.providers.describe(spec),
    )


def _values(project: Project, track: TrackSpec) -> Iterator[Value]:
    (written,) = (one for one in project.album.tracks if one.id == track.id)
    for name, sourced in origins(written).items():
        yield Value(name, _written(sourced.value), sourced.layer, sourced.span)


def _written(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(_written, value))
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(_named(name, one) for name, one in value.items()) or "yes"
        case None:
            return "no"
    return str(value)


def _named(name: str, value: Any) -> str:
    """Write an entry of a mapping: a format's name alone, or with what is chosen of it."""
    return f"{name} {_written(value)}".rstrip() if value != {} else name


def _takes(project: Project, track: TrackSpec) -> Iterator[Take]:
    beyond = [one for one in taken(track, project.lock) if one not in track.wishes]
    for spec in (*track.wishes, *beyond):
        bought = project.lock.purchases.get(spec.key)
        kept = bought is not None and project.store.holds(bought.audio)
        file = place(project.store.path(bought.audio)) if bought and kept else ""
        yield Take(spec.take, spec.key, bought, file)


def _file(project: Project, track: TrackSpec, output: Output) -> File:
    locked = project.lock.tracks.get(track.id)
    bought = project.lock.purchases.get(picked(track, project.lock).key)
    master = output.master.key(bought.audio) if bought else None
    made = locked.outputs.get(output.path) if locked else None
    figures = made.measured if made else {}
    there = project.tree.find(output.path)
    if there and not there.fetched:
        return File(output.path, master, None, figures, fetched=False)
    data = project.tree.read(output.path)
    if data is None or output.master.format == NOTES:
        return File(output.path, master, None if data is None else {}, figures)
    try:
        return File(output.path, master, tags.read(data, output.master.format), figures)
    except IntegrityError as error:
        return File(output.path, master, {"unreadable": error.message}, figures)
