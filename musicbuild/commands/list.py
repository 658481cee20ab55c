"""`musicbuild list`: the tracks, one a line."""

from __future__ import annotations

import click

from ..console.json import step_data
from ..console.reports import list_lines
from ..console.terminal import Answer
from .opening import open_chosen, wishes
from .options import with_choice, with_settings
from .said import Choice, Settings


@click.command()
@with_choice
@with_settings
def command(settings: Settings, *, choice: Choice) -> Answer:
    """List the tracks with their model, length, state and outputs.

    TRACK is an id or a glob; without any it is all tracks.
    """
    project = open_chosen(settings)
    steps = project.plan(wishes(project, choice)).steps
    tracks = [
        {
            **step_data(step),
            "title": step.track.outputs[0].master.tags.title,
            "labels": list(step.track.labels),
        }
        for step in steps
    ]
    notices = project.specified.warnings
    return Answer({"tracks": tracks}, lambda look: list_lines(steps, look), notices)
