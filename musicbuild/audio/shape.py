"""Which samples a piece begins and ends with, how long it is, and how it fades in and out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sound import BLOCK, Block

CUT_SECONDS = 0.02
"""How long a piece fades where it is cut and nothing else is asked for: enough not to click."""

_LONGEST = 1e9
_SCANNED = 4096
_EXPONENTIAL_RANGE = 1000.0

_CURVES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "linear": lambda p: p,
    "equal-power": lambda p: np.sin(p * (math.pi / 2)),
    "exponential": lambda p: (_EXPONENTIAL_RANGE**p - 1) / (_EXPONENTIAL_RANGE - 1),
    "s-curve": lambda p: (1 - np.cos(p * math.pi)) / 2,
}

CURVES = tuple(_CURVES)


class NoSuchShape(ValueError):
    """A shape or a fade that can't be, or that the sound is too short for."""


@dataclass(frozen=True, slots=True)
class Fade:
    """A way between silence and full level, `seconds` long.

    With p from 0, silence, to 1, full level, the gain is

    - `linear`: p
    - `equal-power`: sin(p x pi / 2); two of them crossed keep the power of unrelated sounds
    - `exponential`: (1000^p - 1) / 999; about even in dB over the upper 60 dB
    - `s-curve`: (1 - cos(p x pi)) / 2; half a cosine, without a corner at either end

    Of n samples the one numbered i, from 0, has p = (i + 0.5) / n.
    """

    seconds: float = 0.0
    curve: str = "linear"

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= _LONGEST:
            raise NoSuchShape(f"a fade can't last {self.seconds} seconds")
        if self.curve not in _CURVES:
            raise NoSuchShape(f"there is no fade `{self.curve}`, only {', '.join(CURVES)}")


NO_FADE = Fade()


@dataclass(frozen=True, slots=True)
class Shape:
    """The samples from `first` up to, not including, `last`, made `length` long.

    What is longer is cut, what is shorter is followed by silence.  The fades are at the ends of
    what is left of the music: a fade-out before silence ends where the silence begins.  Fades that
    have no room beside each other are both shortened, in proportion.
    """

    first: int
    last: int
    length: int
    fade_in: Fade = NO_FADE
    fade_out: Fade = NO_FADE

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last or self.length < 0:
            raise NoSuchShape(f"samples {self.first} to {self.last} can't become {self.length}")

    @property
    def sounding(self) -> int:
        """The samples of music in the result, before any silence."""
        return min(self.last - self.first, self.length)


def exact(
    first: int,
    last: int,
    seconds: float,
    sample_rate: int,
    *,
    fade_in: Fade = NO_FADE,
    fade_out: Fade | None = None,
) -> tuple[Shape, float]:
    """Return the shape that lasts exactly `seconds`, and how many seconds of it are silence.

    The length is rounded to the nearest sample.  Music that goes on beyond it is cut, with
    `fade_out` or else a fade of 20 ms.  Music that is too short is followed by silence; whether
    that will do is for the caller to decide.
    """
    if not 0 <= seconds <= _LONGEST:
        raise NoSuchShape(f"a piece can't last {seconds} seconds")
    length = round(seconds * sample_rate)
    is_cut = last - first > length
    if fade_out is None:
        fade_out = Fade(CUT_SECONDS, "equal-power") if is_cut else NO_FADE
    shape = Shape(first, last, length, fade_in, fade_out)
    return shape, (length - shape.sounding) / sample_rate


def edges(blocks: Iterable[Block], threshold: float) -> tuple[int, int]:
    """Return where the sound begins and where it has ended, in samples.

    The first is that of the first sample of any channel beyond `threshold`, an amplitude; the
    second that after the last.  Both are 0 if there is nothing but silence.
    """
    first, last, place = None, 0, 0
    for block in blocks:
        if first is None:
            begin = _first_beyond(block, threshold)
            first = None if begin is None else place + begin
        if first is not None:
            back = _first_beyond(block[::-1], threshold)
            last = last if back is None else place + len(block) - back
        place += len(block)
    return (0, 0) if first is None else (first, last)


def _first_beyond(block: Block, threshold: float) -> int | None:
    """Look through a block piece by piece: most end in the first one."""
    for start in range(0, len(block), _SCANNED):
        piece = block[start : start + _SCANNED]
        if piece.max() > threshold or piece.min() < -threshold:
            beyond = (np.abs(piece) > threshold).any(axis=1)
            return start + int(beyond.argmax())
    return None


def shaped(blocks: Iterable[Block], shape: Shape, sample_rate: int) -> Iterator[Block]:
    """Give the sound of `blocks` that shape, block by block, exactly `shape.length` samples.

    No more blocks are taken than needed, and none is changed.  Raises NoSuchShape if they end
    before the music of the shape does.
    """
    ramps = _Ramps.of(shape, sample_rate)
    begin, end = shape.first, shape.first + shape.sounding
    place = done = 0
    channels = None
    for block in blocks:
        channels = block.shape[1]
        piece = block[max(0, begin - place) : max(0, end - place)]
        place += len(block)
        if len(piece):
            yield ramps.applied(piece, done)
            done += len(piece)
        if place >= end:
            break
    if place < end or (channels is None and shape.length):
        raise NoSuchShape(f"the sound ends at sample {place}, before sample {max(end, 1)}")
    while done < shape.length:
        count = min(BLOCK, shape.length - done)
        yield np.zeros((count, channels or 0), np.float32)
        done += count


@dataclass(frozen=True, slots=True)
class _Ramps:
    """Both fades in samples, over music that is `sounding` samples long."""

    shape: Shape
    rise: int
    fall: int

    @classmethod
    def of(cls, shape: Shape, sample_rate: int) -> _Ramps:
        rise = round(shape.fade_in.seconds * sample_rate)
        fall = round(shape.fade_out.seconds * sample_rate)
        if rise + fall > shape.sounding:
            rise = rise * shape.sounding // (rise + fall)
            fall = shape.sounding - rise
        return cls(shape, rise, fall)

    def applied(self, piece: Block, start: int) -> Block:
        """Return the piece of music that begins at sample `start`, faded where it is to be."""
        fall_start = self.shape.sounding - self.fall
        fades_in, fades_out = start < self.rise, start + len(piece) > fall_start
        if not (fades_in or fades_out):
            return piece
        piece = piece.copy()
        if fades_in:
            count = min(len(piece), self.rise - start)
            rising = (np.arange(start, start + count) + 0.5) / self.rise
            _scale(piece[:count], _CURVES[self.shape.fade_in.curve](rising))
        if fades_out:
            skipped = max(0, fall_start - start)
            place = np.arange(start + skipped, start + len(piece)) - fall_start
            falling = 1 - (place + 0.5) / self.fall
            _scale(piece[skipped:], _CURVES[self.shape.fade_out.curve](falling))
        return piece


def _scale(piece: Block, gain: NDArray[np.float64]) -> None:
    single = gain.astype(np.float32)
    for channel in piece.T:
        np.multiply(channel, single, out=channel)
