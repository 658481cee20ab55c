"""The room: a reverberation of eight delays that feed each other."""

from __future__ import annotations

import numpy as np

from .dsp import F, Signal
from .exact import SAMPLE_RATE, SIXTY_DECIBELS, exp2
from .style import Room

_DELAYS = (1123, 1277, 1433, 1583, 1733, 1901, 2069, 2251)
_SIGNS = (1, -1, 1, 1, -1, 1, -1, -1)
_BEFORE = 529
"""Samples until the first reflection."""


def reverberate(signal: Signal, room: Room, out: Signal) -> None:
    """Add the reverberation of a mono signal, without the signal itself, to a stereo one.

    It is made in blocks shorter than the shortest delay, so that each reads only what is past.
    """
    count = signal.shape[-1]
    size = 0.8 + 0.12 * room.seconds
    delays = [int(delay * size) | 1 for delay in _DELAYS]
    block = 1 << ((min(delays) - 2).bit_length() - 1)
    ring = 1 << (max(delays) + 2 * block + 4).bit_length()
    lines = np.zeros((8, ring), F)
    flat = lines.reshape(-1)
    gains = np.array(
        [[exp2(-SIXTY_DECIBELS * delay / (room.seconds * SAMPLE_RATE))] for delay in delays], F
    )
    rows = (np.arange(8, dtype=np.int64) * ring)[:, None]
    reads = np.arange(-1, block + 1, dtype=np.int64)[None, :] - np.array(delays, np.int64)[:, None]
    signs = np.array(_SIGNS, F)[:, None]
    middle, sides = F(1.0 - room.damping), F(0.5 * room.damping)
    # A whole number of blocks, so that every block is alike.
    padded = np.zeros(count + _BEFORE + block, F)
    padded[_BEFORE : _BEFORE + count] = signal
    for start in range(0, count, block):
        heard = flat[((reads + start) & (ring - 1)) + rows]
        damped = heard[:, :-2] + heard[:, 2:]
        damped *= sides
        damped += heard[:, 1:-1] * middle
        damped *= gains
        width = min(block, count - start)
        for channel in (0, 1):
            total = damped[channel] + damped[channel + 2]
            total += damped[channel + 4]
            total += damped[channel + 6]
            out[channel, start : start + width] += total[:width] * F(0.36)
        fed = _mixed(damped) * F(0.35355339059327373) + signs * padded[start : start + block]
        first = start & (ring - 1)
        lines[:, first : first + block] = fed  # block divides ring: it never wraps


def _mixed(lines: Signal) -> Signal:
    """Mix eight lines by a Hadamard matrix, in butterflies."""
    width = lines.shape[1]
    for half in (1, 2, 4):
        pairs = lines.reshape(8 // (2 * half), 2, half, width)
        mixed = np.empty_like(pairs)
        np.add(pairs[:, 0], pairs[:, 1], out=mixed[:, 0])
        np.subtract(pairs[:, 0], pairs[:, 1], out=mixed[:, 1])
        lines = mixed.reshape(8, width)
    return lines
