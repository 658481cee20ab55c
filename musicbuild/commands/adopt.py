"""`musicbuild adopt FILE --as TRACK`: audio made elsewhere becomes the take that a track uses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from .. import adoption
from ..console.adopted import adopted_data, adopted_lines
from ..console.terminal import Answer
from ..models import SourceType
from .opening import open_chosen
from .options import PATH, track_names, with_settings
from .said import Settings
from .show import find

MAKERS: Mapping[str, SourceType] = {"human": SourceType.CREATED, "ai": SourceType.TRAINED}


@click.command()
@click.argument("audio_file", metavar="FILE", type=PATH)
@click.option(
    "--as",
    "track",
    required=True,
    metavar="TRACK",
    shell_complete=track_names,
    help="The track that is to use it.",
)
@click.option("--made-by", type=click.Choice([*MAKERS]), help="Say in the tags who made it.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what it would do.")
@with_settings
def command(
    settings: Settings, *, audio_file: Path, track: str, made_by: str | None, dry_run: bool
) -> Answer:
    """Make audio from elsewhere the take that a track uses, for nothing.

    FILE is a WAV, FLAC, MP3, Ogg, Opus, AIFF or M4A; it is only read, and may lie anywhere.  An
    output that was edited by hand is one too.  The next build masters, tags and delivers it.
    """
    project = open_chosen(settings)
    wanted = find(project, track)
    kind = MAKERS[made_by] if made_by else None
    audio = adoption.examine(project, wanted, (settings.directory or Path()) / audio_file, kind)
    deed = adoption.propose if dry_run else adoption.adopt
    found = deed(project, wanted, audio)
    return Answer(
        adopted_data(found, dry_run=dry_run),
        lambda look: adopted_lines(found, look, dry_run=dry_run),
        project.specified.warnings,
    )
