"""How what would be too loud is turned down: a look-ahead limiter of true peaks.

What a wave does between its samples counts, so each stretch that can exceed the ceiling is
oversampled.  The reduction that a peak asks for is held from one look-ahead before it, falls back
exponentially after it, and is averaged twice over half the look-ahead: a mean of values that all
are enough for the peak is enough too, so the gain is smooth and never late.

Sources: ITU-R BS.1770-5, annex 2 (true peak); the interpolation is a sinc in a Kaiser window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sound import Block, decibels

PRE_ROLL = 1.0
"""Seconds of a loop's end that tell its beginning all of what came before."""

_LOOK_AHEAD = 0.005
_RELEASE = 0.08
"""Seconds in which a reduction falls to 37 %."""

_STEP = 0.75
"""Seconds that are worked on at once: under ten times the release, for the range of float32."""

_FLOOR = 2.0**-14
"""A reduction too small to be made: 0.0005 dB."""

_COUNTED = 1 - 10 ** (-0.1 / 20)

_CELL = 16
"""Samples that are oversampled together, or not at all."""

_COLUMNS = 320
"""Windows that are interpolated in one product: 16 x 47 x 320 is below a BLAS's 2^18."""

_TAPS = 32
_KAISER_BETA = 5.0
"""With 32 taps true to 0.02 dB up to 20 kHz at 44.1 kHz."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a limiter did: the most it turned down, in dB, and for how much of the time.

    `share` is of the samples, 0 to 1, and counts those turned down by more than 0.1 dB.
    """

    greatest: float
    share: float


class Limiter:
    """Keeps the true peak of a stream at or below `ceiling`, an amplitude.

    What goes in comes out, sample for sample: unchanged where nothing near exceeds the ceiling,
    else with one gain for all channels.  The result is the same however the input is cut into
    blocks; it lags by up to a second, and `finish` returns the rest.  Samples must be finite.

    For a loop, `pre_roll` is its last `PRE_ROLL` seconds, or all of it if it is shorter.  It isn't
    returned, but the gain runs on from it into the beginning, and at the end into the beginning
    again, so that there is no step at the seam.
    """

    def __init__(
        self, sample_rate: int, channels: int, ceiling: float, *, pre_roll: Block | None = None
    ) -> None:
        if sample_rate < 1000 or channels < 1 or not 0 < ceiling < math.inf:
            form = f"{channels} channels at {sample_rate} Hz"
            raise ValueError(f"no limiter holds {form} below {ceiling}")
        self._channels = channels
        self._step = _CELL * round(_STEP * sample_rate / _CELL)
        self._excess = _Excess(channels, ceiling)
        self._envelope = _Envelope(sample_rate, self._step)
        self._lag = self._envelope.lag
        self._waiting = [np.zeros((self._lag, channels), np.float32)]
        self._is_loop = pre_roll is not None
        self._beginning = np.zeros((0, channels), np.float32)
        self._entered = self._returned = self._limited = 0
        self._greatest = 0.0
        # Where the next sample that leaves belongs; those before the beginning are dropped.
        self._place = -self._lag
        if pre_roll is not None:
            self._place -= len(pre_roll)
            self._advance(pre_roll)

    @property
    def reduction(self) -> Reduction:
        """What was done to the samples returned so far."""
        share = self._limited / self._returned if self._returned else 0.0
        return Reduction(max(0.0, -decibels(1 - self._greatest)), share)

    def push(self, block: Block) -> Block:
        """Take samples of shape (n, channels), return those that are ready, none or more."""
        missing = self._lag + _CELL - len(self._beginning)
        if self._is_loop and missing > 0:
            self._beginning = np.concatenate([self._beginning, block[:missing]])
        self._entered += len(block)
        return self._advance(block)

    def finish(self) -> Block:
        """Return the samples that are left."""
        after = np.zeros((self._lag + _CELL + self._step - 1, self._channels), np.float32)
        if len(self._beginning):
            after[: self._lag + _CELL] = np.resize(
                self._beginning, (self._lag + _CELL, self._channels)
            )
        return self._advance(after)

    def _advance(self, block: Block) -> Block:
        """Work on as many steps as there are, each with what its look-ahead needs behind it."""
        have = sum(map(len, self._waiting)) + len(block)
        steps = (have - self._lag - _CELL) // self._step
        if steps < 1:
            self._waiting.append(np.array(block, np.float32))
            return np.zeros((0, self._channels), np.float32)
        sound = np.concatenate([*self._waiting, block]).astype(np.float32, copy=False)
        end = steps * self._step
        self._waiting = [sound[end:]]
        dropped = max(0, -self._place)
        left = self._entered - self._returned
        for start in range(0, end, self._step):
            ahead = start + self._lag
            excess = self._excess.of(sound[ahead - _CELL : ahead + self._step + _CELL])
            self._lower(sound[start : start + self._step], self._envelope.follow(excess))
        ready = sound[:end][dropped:][:left]
        self._returned += len(ready)
        return ready

    def _lower(self, sound: Block, reduction: NDArray[np.float32] | None) -> None:
        """Apply a reduction to one step, in place, and take account of what is returned of it."""
        start, self._place = self._place, self._place + len(sound)
        if reduction is None:
            return
        returned = reduction[max(0, -start) : max(0, self._entered - start)]
        if len(returned):
            self._greatest = max(self._greatest, float(returned.max()))
            self._limited += int(np.count_nonzero(returned > _COUNTED))
        gain = 1 - reduction
        for channel in sound.T:  # to broadcast over two channels would be slow
            np.multiply(channel, gain, out=channel)


class _Envelope:
    """The reduction over time, from what each sample asks for; it lags by `lag` samples."""

    def __init__(self, sample_rate: int, step: int) -> None:
        self._half = 2 ** round(math.log2(_LOOK_AHEAD / 2 * sample_rate))
        self.lag = max(2 * self._half, _CELL)
        self._step = step
        self._fall = np.exp(np.arange(step) / (-_RELEASE * sample_rate)).astype(np.float32)
        self._rise = 1 / self._fall
        # From one sample before those returned: a peak between two samples is one of both.
        self._asked = np.zeros(self.lag + 1, np.float32)
        self._held = np.zeros(2 * self._half - 2, np.float32)
        self._rests = True

    def follow(self, asked: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        """Take the reductions asked for in one step, return those to be made; None is nothing."""
        if asked is None:
            if self._rests:
                return None
            asked = np.zeros(self._step, np.float32)
        level = self._held[-1] * self._fall[1]
        ahead = np.concatenate([self._asked, asked])
        self._asked = ahead[self._step :]
        held = _over(np.maximum, ahead, 2 * self._half)[: self._step]
        held[0] = max(held[0], level)
        # The greatest so far of values that fall by a constant factor, without a loop.
        held *= self._rise
        np.maximum.accumulate(held, out=held)
        held *= self._fall
        held *= held >= _FLOOR
        past = np.concatenate([self._held, held])
        self._held = past[self._step :]
        self._rests = not (self._held.any() or self._asked.any())
        reduction = _over(np.add, _over(np.add, past, self._half), self._half)
        reduction *= 1 / self._half**2
        return reduction


def _over(combine: Any, values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Combine each value with the `count` - 1 that follow it; `count` is a power of two.

    Sums come out the same wherever a block begins, and of zeros exactly zero.
    """
    reach = 1
    while reach < count:
        values = combine(values[:-reach], values[reach:])
        reach *= 2
    return values


class _Excess:
    """How far the peaks from each sample up to the next are over the ceiling."""

    def __init__(self, channels: int, ceiling: float) -> None:
        self._channels = channels
        self._ceiling = ceiling
        # All that is reduced at all is reduced by more than the floor.
        self._target = ceiling * (1 - 2 * _FLOOR)

    def of(self, sound: Block) -> NDArray[np.float32] | None:
        """Return the reduction that each sample asks for, None if there is none.

        `sound` is a step with one more cell before and behind.
        """
        cells = len(sound) // _CELL - 2
        flat = sound.reshape(-1)
        if max(flat.max(), -flat.min()) * _BOUND <= self._ceiling:
            return None
        peaks = np.maximum.reduceat(np.abs(flat), np.arange(cells + 2) * _CELL * self._channels)
        near = np.maximum(np.maximum(peaks[:-2], peaks[2:]), peaks[1:-1])
        loud, true_peaks = self._oversample(flat, np.flatnonzero(near * _BOUND > self._ceiling))
        if not len(loud):
            return None
        excess = np.zeros((cells, _CELL), np.float32)
        reduction = 1 - self._target / np.maximum(true_peaks, self._ceiling)
        excess[loud] = np.where(true_peaks > self._ceiling, reduction, 0)
        return excess.reshape(-1)

    def _oversample(
        self, flat: NDArray[np.float32], cells: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the cells that exceed the ceiling and, of shape (cells, 16), their true peaks.

        A peak is that from a sample up to the next.  Points are added octave by octave; a cell
        is left as soon as no wave could rise to the ceiling between the points it has.
        """
        if not len(cells):
            return cells, np.zeros((0, _CELL), np.float32)
        channels, width = self._channels, _CELL + _TAPS - 1
        windows = np.lib.stride_tricks.sliding_window_view(flat, width * channels)
        taken = windows[channels :: _CELL * channels][cells].reshape(-1, width, channels)
        sound = np.ascontiguousarray(taken.transpose(1, 2, 0))
        # With the sample after the cell, that a last peak may be next to.
        peaks = np.abs(sound[_TAPS // 2 - 1 : -_TAPS // 2 + 1])
        for points, fractions in _OCTAVES:
            for taps in fractions:
                _raise_to(peaks[:_CELL], taps, sound)
            rise = math.cos(math.pi / (2 * points)) if points < _POINTS else 1.0
            kept = peaks.max(axis=(0, 1)) > self._ceiling * rise
            cells = cells[kept]
            sound, peaks = np.compress(kept, sound, axis=2), np.compress(kept, peaks, axis=2)
            if not len(cells):
                break
        return cells, peaks[:_CELL].max(axis=1).T


def _raise_to(
    peaks: NDArray[np.float32], taps: NDArray[np.float32], sound: NDArray[np.float32]
) -> None:
    """Raise `peaks` to the interpolated `taps @ sound`, in parts of a few columns.

    So small a product stays in the cache and in this thread: the threads of a BLAS wait for each
    other in busy loops that cost far more than the work.
    """
    for first in range(0, peaks.shape[2], _COLUMNS):
        part = slice(first, first + _COLUMNS)
        for channel in range(peaks.shape[1]):
            between = taps @ sound[:, channel, part]
            np.abs(between, out=between)
            highest = peaks[:, channel, part]
            np.maximum(highest, between, out=highest)


def _interpolators(points: int) -> NDArray[np.float32]:
    """Return the matrices from a cell's window to the odd multiples of 1/points after each sample.

    Of shape (points / 2, 16, 47): one matrix for each fraction, one row for each sample.
    """
    taps = np.arange(1 - _TAPS // 2, _TAPS // 2 + 1)
    matrices = np.zeros((points // 2, _CELL, _CELL + _TAPS - 1), np.float32)
    for matrix, odd in zip(matrices, range(1, points, 2), strict=True):
        away = taps - odd / points
        window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(0, 1 - (away / (_TAPS / 2)) ** 2)))
        wave = np.sinc(away) * window
        for sample in range(_CELL):
            matrix[sample, sample : sample + _TAPS] = wave / wave.sum()
    return matrices


_POINTS = 16
_OCTAVES = [(points, _interpolators(points)) for points in (2, 4, 8, _POINTS)]
_BOUND = max(float(np.abs(matrices).sum(axis=2).max()) for _, matrices in _OCTAVES)
"""The most that a point between samples of 1 at most can be."""
