"""A finished piece: what was composed, and how it sounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .compose import write
from .exact import SAMPLE_RATE
from .render import render
from .score import Score


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished piece: int16 samples of shape (n, 2), and the score they were made from."""

    samples: NDArray[np.int16]
    score: Score
    sample_rate: int = SAMPLE_RATE

    @property
    def bpm(self) -> Fraction:
        return self.score.form.bpm

    @property
    def key(self) -> str:
        """Return the key in words: `F# minor`."""
        return self.score.brief.key


def sketch(
    prompt: str, seconds: str | Fraction, *, take: int = 1, seed: int = 0, loop: bool = False
) -> Piece:
    """Compose and play what a prompt asks for; see `write` for what it takes and raises.

    The piece has exactly round(seconds * 44100) samples, is about -16 LUFS loud and peaks below
    -1 dBFS.  A loop has no beginning and no end: what rings on past the end is heard at the start.
    """
    score = write(prompt, seconds, take=take, seed=seed, loop=loop)
    return Piece(render(score), score)
