"""The words of mastering: what is to be done to a piece, into which files, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .loop.seam import Seam
from .measure import Measured
from .shape import Fade
from .sound import Loop


@dataclass(frozen=True, slots=True)
class LoopWish:
    """`crossfade` in seconds, `bars` and `bpm`: zero leaves each to what is found.

    A bar has so many `beats`.  Where the piece was `made` to loop, all of it is taken if that
    proves true.
    """

    crossfade: float = 0.0
    bars: int = 0
    bpm: float = 0.0
    beats: int = 4
    made: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be done to a piece; None is nothing.

    `loudness` is in LUFS, `true_peak` in dBTP, `trim` in dBFS.  `asked` is how many seconds the
    piece was meant to have; with `exact` it gets them to the sample, and may lack `missing`
    seconds of them before it is refused, None for any number.
    """

    asked: float
    loudness: float | None = None
    true_peak: float | None = None
    limit: bool = False
    trim: float | None = None
    fade_in: Fade | None = None
    fade_out: Fade | None = None
    exact: bool = False
    missing: float | None = None
    loop: LoopWish | None = None
    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One file to be written: from which part of the piece, where, and how."""

    part: str
    path: Path
    format: str
    bitrate: int = 0
    quality: float = -1.0
    bits: int = 16


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to one file, beside its encoding.

    `gain` and `reduction`, the most that its limiter turned down, are in dB; `short` are the LU
    that it stays under the loudness asked for, and `missing` the seconds of silence that were
    added for its length.  `steps` are those of a lossless gain.
    """

    gain: float = 0.0
    reduction: float = 0.0
    short: float = 0.0
    missing: float = 0.0
    loop: Loop | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """One finished file, measured as it is; `encoder` is nothing if its frames are as delivered.

    `problems` are phrases that say what is wrong with the source.
    """

    encoder: str
    measured: Measured
    done: Done = Done()
    seam: Seam | None = None
    problems: tuple[str, ...] = ()
