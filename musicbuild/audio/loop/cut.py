"""How a loop is cut from a piece so that its end runs on into its start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..sound import Block


class NoLoop(ValueError):
    """No loop can be cut from this sound; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A loop of a piece: `length` samples from `start` on.

    Its last `crossfade` samples fade into those that precede the start; nought for a piece that
    loops as it is.  `bpm` and `bars` are nought where no pulse gives them.  `likeness`, from 0 to
    1, is how like the music around the end is to the music around the start.
    """

    start: int
    length: int
    crossfade: int
    bpm: float
    bars: int
    likeness: float


def looped(blocks: Iterable[Block], cut: Cut) -> Iterator[Block]:
    """Yield the loop, in blocks of any size, of a piece that is given in blocks of any size.

    Only what precedes the start and the end of the loop are kept, a crossfade each.  The fade is at
    the end, so that the first beat keeps its attack: there the loop turns into what precedes its
    start, and its last sample is followed by its first as it was in the piece.

    Raises:
        NoLoop: The piece ends before the loop does.
    """
    lead_at, fade_at = cut.start - cut.crossfade, cut.start + cut.length - cut.crossfade
    end = cut.start + cut.length
    lead, tail = list[Block](), list[Block]()
    at = 0
    for block in blocks:
        for begin, stop, kept in ((lead_at, cut.start, lead), (fade_at, end, tail)):
            if at < stop and at + len(block) > begin:
                kept.append(block[max(0, begin - at) : stop - at].copy())
        if at < fade_at and at + len(block) > cut.start:
            yield block[max(0, cut.start - at) : fade_at - at]
        at += len(block)
        if at >= end:
            break
    if at < end:
        raise NoLoop("the sound ends before its loop does")
    if cut.crossfade:
        yield crossfaded(np.concatenate(tail), np.concatenate(lead))


def crossfaded(old: Block, new: Block) -> Block:
    """Return how `old` turns into `new`, of the same shape, whose last sample is left untouched.

    The gains are a cosine and a sine, of constant power for sounds that are unlike.  Sounds that
    are alike would add up to as much as 3 dB more in the middle; so both gains are divided by the
    amplitude that sounds with this correlation add up to.
    """
    turn = (np.pi / 2 * np.arange(1, len(old) + 1) / max(1, len(old)))[:, None]
    fading, rising = np.cos(turn), np.sin(turn)
    alike = correlation(old, new)
    scale = 1 / np.sqrt(1 + 2 * alike * fading * rising)
    mixed = old * (fading * scale).astype(np.float32)
    mixed += new * (rising * scale).astype(np.float32)
    return mixed


def correlation(old: Block, new: Block) -> float:
    """Return the correlation of two sounds of one shape, nought where it is negative."""
    energies = float(np.vdot(old, old)), float(np.vdot(new, new))
    both = float(np.sqrt(energies[0] * energies[1]))
    return min(1.0, max(0.0, float(np.vdot(old, new)) / both)) if both > 0 else 0.0
