"""How an MP3 comes nearest to its loudness without being encoded again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from .decode import open_audio
from .measure import Measured, measure
from .mp3 import Stream, inspect
from .mp3.gain import STEP_DB, gained, steps_for, steps_within
from .mp3.row import whole_frames
from .recipe import Done, Made, Recipe
from .view import FileView


def raise_losslessly(source: Path, recipe: Recipe, path: Path) -> Made:
    """Write the frames of an MP3 with their gain changed in whole steps, as far as that goes.

    The true peak is kept: where it, or a frame, allows no more, the file stays under its loudness.
    Raises NotMp3 or NotAudio if there is no MP3 in the source.
    """
    assert recipe.loudness is not None
    before, problems = _measured(source)
    lacking = recipe.loudness - before.loudness.integrated
    wanted = steps = steps_for(lacking) if math.isfinite(lacking) else 0
    if recipe.true_peak is not None and math.isfinite(before.true_peak):
        steps = min(steps, math.floor((recipe.true_peak - before.true_peak) / STEP_DB))
    with source.open("rb") as file:
        view = FileView(file, file.seek(0, 2))
        stream = inspect(view, max_bytes=len(view))
        steps = _possible(view, stream, steps)
        with path.open("wb") as target:
            for part, is_first in _parts(view, stream):
                target.write(gained(part, steps, is_first=is_first) if steps else part)
    after, _ = _measured(path)
    held_down = steps < wanted and math.isfinite(lacking)
    short = recipe.loudness - after.loudness.integrated if held_down else 0.0
    return Made(
        encoder="lossless gain" if steps else "",
        measured=after,
        done=Done(
            gain=round(steps * STEP_DB, 2),
            steps=steps,
            short=round(short, 2),
        ),
        problems=problems,
    )


def _parts(view: FileView, stream: Stream) -> Iterator[tuple[bytes, bool]]:
    """Give the stream part by part, and tell of each whether it is the first."""
    parts = whole_frames(view, stream.start, stream.end)
    return ((part, number == 0) for number, part in enumerate(parts))


def _possible(view: FileView, stream: Stream, steps: int) -> int:
    """Return how many of the steps all frames can be moved."""
    for part, is_first in _parts(view, stream) if steps else ():
        within = steps_within(part, is_first=is_first)
        steps = min(steps, within[-1]) if steps > 0 else max(steps, within[0])
    return steps


def _measured(path: Path) -> tuple[Measured, tuple[str, ...]]:
    with open_audio(path) as reader:
        measured = measure(reader.blocks(), reader.sample_rate, reader.channels)
        return measured, reader.problems
