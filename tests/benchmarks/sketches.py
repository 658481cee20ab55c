"""How fast the embedded composer is, over prompts of all its styles."""

from __future__ import annotations

import time
from fractions import Fraction

from sketch_corpus.prompts import CORPUS

from musicbuild.sketch.piece import sketch


def measure(most: int) -> list[float]:
    """Return seconds of music by seconds of CPU time, for one prompt of each style.

    At most so many prompts are taken, from all over the corpus; 0 is all.
    """
    wishes = list({wish.style: wish for wish in CORPUS}.values())
    wishes = wishes[:: max(1, len(wishes) // most)][:most] if most else wishes
    _speed(wishes[0].prompt, "2")  # what is made once a process, and modules
    return [_speed(wish.prompt, wish.seconds) for wish in wishes]


def _speed(prompt: str, seconds: str) -> float:
    before = time.process_time()
    sketch(prompt, seconds)
    return float(Fraction(seconds)) / (time.process_time() - before)
