"""`musicbuild check`: whether everything is up to date, for CI; never changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import click

from ..console.figures import Remark, remark_lines
from ..console.json import plan_data
from ..console.look import Look, count
from ..console.plan import Shown, plan_lines
from ..console.reports import up_to_date
from ..console.terminal import Answer
from ..errors import MusicbuildError, OutOfDate
from ..mastering import measure
from ..project import Project
from ..quality import differences, remarks
from ..spec import NOTES, TrackSpec
from .glance import glance
from .opening import chosen, open_chosen, shown, wishes
from .options import with_choice, with_settings
from .plan import out_of_date
from .remembering import remember, with_state
from .said import Choice, Settings


@click.command()
@with_choice
@click.option("--audio", is_flag=True, help="Measure the outputs too, against the lock and `qc`.")
@with_state
@with_settings
def command(settings: Settings, *, choice: Choice, audio: bool, remembered: bool) -> Answer:
    """Exit 0 if everything is up to date, else show the plan and exit 3.

    Needs no key and no network.  TRACK is an id or a glob; without any it is all tracks.
    """
    if remembered and not audio and (edited := glance(settings, choice)):
        return Answer({}, partial(_lines, edited, ()), (), out_of_date(edited.plan))
    project = open_chosen(settings)
    sight = project.sight(remembered=remembered)
    plan = project.plan(wishes(project, choice), sight=sight)
    if remembered and choice.everything:
        remember(project, plan, sight)
    told = shown(project, plan)
    found = tuple(_measured(project, chosen(project, choice))) if audio else ()
    data: dict[str, Any] = plan_data(told) if settings.console.manner.json else {}
    if audio:
        data["audio"] = [
            {"track": one.track, "output": one.path, "message": one.text} for one in found
        ]

    error = out_of_date(plan) or _odd(found)
    return Answer(data, partial(_lines, told, found), project.specified.warnings, error)


def _lines(told: Shown, found: Sequence[Remark], look: Look) -> list[str]:
    plan = plan_lines(told, look) if told.plan.to_do else [up_to_date(told.plan)]
    return [*remark_lines(found, look), *plan]


def _measured(project: Project, names: Iterable[str]) -> Iterator[Remark]:
    """Measure the outputs that are there, and say where they are not as the lock or `qc` has it."""
    kept = frozenset(names)
    files = [
        (track, output, project.lock.tracks[track.id].outputs[output.path])
        for track in project.tracks
        if track.id in kept and track.id in project.lock.tracks and track.qc.measured
        for output in track.outputs
        if _is_there(project, track, output.path) and output.master.part != NOTES
    ]
    found = measure([project.root / output.path for _, output, _ in files])
    for (track, output, made), now in zip(files, found, strict=True):
        figures = now.figures or {}
        said = [*now.remarks, *differences(made.measured, figures, track.qc)]
        said += remarks(track, output.master, {**made.measured, **figures})
        yield from (Remark(track.id, output.path, text) for text in said)


def _is_there(project: Project, track: TrackSpec, path: str) -> bool:
    if path not in project.lock.tracks[track.id].outputs:
        return False
    there = project.tree.find(path)
    return there is not None and there.fetched


def _odd(found: tuple[Remark, ...]) -> MusicbuildError | None:
    tracks = {one.track for one in found}
    if not tracks:
        return None
    return OutOfDate(f"the audio of {count(len(tracks), 'track')} is not as it should be")
