"""The composer inside: a prompt becomes a piece of music, the same on every machine.

`sketch` reads the prompt into a `Brief`, composes a `Score` and renders it.  It needs numpy and
nothing else, and takes its words from `words.py` and its music from `styles/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .brief import MODEL, Brief, read_prompt
from .compose import compose
from .dsp import SAMPLE_RATE
from .render import render
from .score import Score

__all__ = ["MODEL", "SAMPLE_RATE", "Brief", "Piece", "Score", "sketch"]

SHORTEST, LONGEST = Fraction(1, 2), Fraction(600)


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
    """Compose what a prompt asks for.

    The piece has exactly round(seconds * 44100) samples, is about -16 LUFS loud and peaks below
    -1 dBFS.  Equal arguments give equal samples on every machine; another `take` or `seed` gives
    another piece.  A loop has no beginning and no end: what rings on past the end is heard at the
    start.  Raises ValueError for less than half a second or more than ten minutes.
    """
    exact = Fraction(seconds)
    if not SHORTEST <= exact <= LONGEST:
        raise ValueError(f"a piece has {SHORTEST} to {LONGEST} seconds, not {seconds}")
    length = round(exact * SAMPLE_RATE)
    brief = read_prompt(prompt, length, SAMPLE_RATE, take=take, seed=seed, loop=loop)
    score = compose(brief)
    return Piece(render(score), score)
