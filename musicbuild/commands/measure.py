"""`musicbuild measure FILE...`: what there is to measure of any audio file."""

from __future__ import annotations

from pathlib import Path

import click

from ..console.figures import MeasuredFile, measured_data, measured_lines
from ..console.terminal import Answer
from ..errors import MusicbuildError, UsageError
from ..mastering import Mastered, measure
from .options import with_settings
from .said import Settings


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@with_settings
def command(settings: Settings, *, files: tuple[str, ...]) -> Answer:
    """Print loudness, true peak, range, length, silence, tempo and key of audio files.

    Needs no manifest.  Exits 1 if a file can't be decoded.
    """
    folder = settings.directory or Path()
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        raise UsageError(f"there is no file `{missing[0]}`")
    found = [
        MeasuredFile(file, one.figures or {}, one.remarks if one.figures else (), _problem(one))
        for file, one in zip(files, measure([folder / file for file in files]), strict=True)
    ]
    bad = sum(bool(one.problem) for one in found)
    return Answer(
        measured_data(found),
        lambda look: measured_lines(found, look),
        (),
        MusicbuildError(f"{bad} of {len(found)} files can't be measured") if bad else None,
    )


def _problem(found: Mastered) -> str:
    """Return why a file could not be measured, nothing if it could."""
    return "" if found.figures else " ".join(found.remarks)
