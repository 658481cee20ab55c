"""The words of the audio tools: blocks of samples, levels, loops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Samples of shape (n, channels), full scale at 1.0."""

BLOCK = 65_536
"""Frames of a block, where nothing else is said: 1.5 s."""


@dataclass(frozen=True, slots=True)
class Loop:
    """What is played again and again: `length` samples per channel from `start` on."""

    start: int
    length: int


def decibels(amplitude: float) -> float:
    """Return an amplitude in dB re full scale, minus infinity for silence."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def amplitude(level: float) -> float:
    """Return a level in dB as a factor."""
    return math.pow(10.0, level / 20)


def to_int16(block: Block) -> NDArray[np.int16]:
    """Round samples to 16 bits; what is over full scale is clipped."""
    scaled = block * np.float32(32768)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32768, 32767, out=scaled)
    return scaled.astype(np.int16)
