"""How high the wave rises between the samples: the true-peak meter of ITU-R BS.1770-4, annex 2.

Oversampling all of a piece would cost more than all else that is measured.  So each stretch is
first held against what its samples can lead to at most, and only those are interpolated that may
beat the highest peak so far.  The answer is that of interpolating everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..sound import Block
from .loudness import HIGHEST, Unmeasurable, check_channels

_TAPS = 32
_BETA = 6.0
"""Of the Kaiser window: flat within 0.02 dB up to 0.44 of the sample rate, 19.4 kHz at 44.1."""

_STRETCH = 32
"""Places interpolated together; their windows reach into the next stretch, not further."""

_CHUNK = 1024 * _STRETCH
"""Samples looked at together, so that the cut into blocks can't change the answer."""

_LOT = 32
"""Stretches interpolated in one product: small enough for BLAS to stay in one thread."""

_ROUNDING = 1.0001
"""What the bounds are raised by, as they and the peaks are rounded in different ways."""


class TruePeakMeter:
    """A meter to be fed block by block; outside of what it is fed there is silence.

    It oversamples 4 times up to 96 kHz, 2 times under 192 kHz and not at all from there on.
    `floor` is an amplitude under which no answer is needed: a result up to `floor` says only
    that the true peak isn't above it, which is cheap to find out.
    """

    def __init__(self, sample_rate: int, channels: int, floor: float = 0.0) -> None:
        self._kernel = _kernel(4 if sample_rate <= 96_000 else 2 if sample_rate < 192_000 else 1)
        self._floor = floor
        self._peak = 0.0
        self._planes = np.zeros((channels, _CHUNK + _TAPS - 1), np.float32)
        self._filled = _TAPS - 1

    def feed(self, block: Block) -> None:
        """Measure more samples; raise Unmeasurable if some are no numbers or beyond all bounds."""
        check_channels(block, len(self._planes))
        size, done = self._planes.shape[1], 0
        while done < len(block):
            taken = min(size - self._filled, len(block) - done)
            filled = self._filled + taken
            self._planes[:, self._filled : filled] = block[done : done + taken].T
            self._filled = filled
            done += taken
            if filled == size:
                self._peak = self._highest(self._planes)
                self._planes[:, : _TAPS - 1] = self._planes[:, 1 - _TAPS :]
                self._filled = _TAPS - 1

    def result(self) -> float:
        """Return the amplitude of the highest peak so far, at least that of the highest sample."""
        after = -self._filled % _STRETCH + _TAPS - 1
        return self._highest(np.pad(self._planes[:, : self._filled], ((0, 0), (0, after))))

    def _highest(self, planes: NDArray[np.float32]) -> float:
        """Return the highest of the peaks in `planes` and those before.

        Its shape is (channels, stretches * 32 + 31).
        """
        kernel = self._kernel
        magnitudes = np.abs(planes)
        highest = float(magnitudes.max(initial=0.0))
        if not highest <= HIGHEST:
            raise Unmeasurable("some of its samples are no numbers, or far beyond full scale")
        peak = max(self._peak, highest)
        least = max(peak, self._floor)
        if highest * kernel.gain <= least:
            return peak
        stretches = _stretches_over(least / kernel.gain, planes, magnitudes)
        bounds = kernel.bounds(stretches)
        order = np.argsort(-bounds)
        for place in range(0, len(order), _LOT):
            lot = order[place : place + _LOT]
            if bounds[lot[0]] <= least:
                break
            peak = max(peak, float(np.abs(stretches[lot] @ kernel.matrix).max()))
            least = max(peak, least)
        return peak


def _stretches_over(
    level: float, planes: NDArray[np.float32], magnitudes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return those stretches that hold a sample over `level`, shape (n, 32 + 31)."""
    starts = np.arange(0, planes.shape[1], _STRETCH)
    tops = np.maximum.reduceat(magnitudes, starts, axis=1)
    near = np.maximum(tops[:, :-1], tops[:, 1:])
    windows = np.lib.stride_tricks.sliding_window_view(planes, _STRETCH + _TAPS - 1, axis=1)
    return windows[:, ::_STRETCH][near > level]


@dataclass(frozen=True, slots=True)
class _Kernel:
    """An interpolator, and what it can make of samples at most.

    `stretch @ matrix` are the interpolated values of a stretch.  None is above `gain` times its
    highest sample, nor above the highest sample plus `curve_gain` times the highest second
    difference: an interpolated value is one on the straight line between its two neighbours plus
    a sum over second differences.  Music is smooth, so the second bound is mostly the lower one.
    """

    matrix: NDArray[np.float32]
    gain: float
    curve_gain: float

    def bounds(self, stretches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what none of the interpolated values of each stretch can be above."""
        curves = np.diff(stretches, 2)
        neighbours = stretches[:, _TAPS // 2 - 1 : _TAPS // 2 + _STRETCH]
        line = np.abs(neighbours).max(axis=1)
        curve = np.abs(curves).max(axis=1)
        bounds: NDArray[np.float32] = (line + curve * self.curve_gain) * _ROUNDING
        return bounds


@lru_cache(maxsize=3)
def _kernel(factor: int) -> _Kernel:
    taps = np.arange(_TAPS)
    matrix = np.zeros((_STRETCH + _TAPS - 1, factor - 1, _STRETCH))
    gains, curve_gains = [0.0], [0.0]  # without oversampling nothing is in between
    for phase in range(1, factor):
        middle = _TAPS // 2 - 1 + phase / factor
        away = (taps - middle) / (_TAPS // 2)
        window = np.i0(_BETA * np.sqrt(1 - away * away))
        weights = np.sinc(taps - middle) * window
        weights /= weights.sum()
        for place in range(_STRETCH):
            matrix[place : place + _TAPS, phase - 1, place] = weights
        centre = float(taps @ weights)
        # The straight line with the same centre: what is left has neither sum nor moment.
        line = np.maximum(0, 1 - np.abs(taps - centre))
        curves = np.cumsum(np.cumsum(weights - line))
        gains.append(float(np.abs(weights).sum()))
        curve_gains.append(float(np.abs(curves).sum()))
    return _Kernel(
        matrix=matrix.reshape(len(matrix), -1).astype(np.float32),
        gain=max(gains) * _ROUNDING,
        curve_gain=max(curve_gains),
    )
