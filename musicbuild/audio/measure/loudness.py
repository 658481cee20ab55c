"""How loud sound is to the ear: the loudness meter of ITU-R BS.1770-4 and EBU R 128.

Sources: ITU-R BS.1770-4 (K-weighting, gates), EBU Tech 3341 (momentary and short-term loudness),
EBU Tech 3342 (loudness range).
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..sound import Block
from .k_weighting import CHUNK, KWeighting

HIGHEST = 1e6
"""Amplitude beyond which a sample is taken for no sound: 120 dB over full scale."""

_OFFSET = -0.691
"""LUFS of a mean square of 1 after K-weighting (BS.1770-4)."""

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_RANGE_GATE = -20.0

_MOMENTARY, _SHORT_TERM = 4, 30
"""Lengths of the windows, in steps of 100 ms."""

_WEIGHTS = (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)
"""Of left, right, centre, low frequencies, left and right surround (BS.1770-4, table 3)."""


class Unmeasurable(ValueError):
    """Sound that has no figures; the message is one plain sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness in LUFS, loudness range in LU, the greatest momentary and short-term.

    `integrated` is minus infinity where all of it is under the absolute gate of -70 LUFS or it
    lasts less than 400 ms; `momentary` (400 ms) and `short_term` (3 s) are so for silence and
    for what is shorter than their window; `range` is then 0.
    """

    integrated: float
    range: float
    momentary: float
    short_term: float


class LoudnessMeter:
    """A meter to be fed block by block; how the sound is cut into blocks changes nothing.

    Rates from 8 to 192 kHz are measured, and up to 6 channels in the order left, right, centre,
    low frequencies (left out), left and right surround.  Raises Unmeasurable for others.  The
    bilinear transform bends the filter at low rates: 1 kHz reads 0.2 LU low at 8 kHz, 0.1 at 11.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._weights = _weights(channels)
        self._filter = _k_weighting(sample_rate, channels)
        self._steps = _Steps((sample_rate + 5) // 10, self._weights)
        self._planes = np.zeros((channels, CHUNK), np.float32)
        self._filled = 0

    def feed(self, block: Block) -> None:
        """Measure more samples; raise Unmeasurable if some are no numbers or beyond all bounds."""
        check_channels(block, len(self._planes))
        done = 0
        while done < len(block):
            taken = min(CHUNK - self._filled, len(block) - done)
            filled = self._filled + taken
            self._planes[:, self._filled : filled] = block[done : done + taken].T
            self._filled = filled
            done += taken
            if filled == CHUNK:
                self._steps.feed(self._filter.weighted(self._planes))
                self._filled = 0

    def result(self) -> Loudness:
        """Tell the loudness of all that was fed so far; a last part of under 100 ms is left out."""
        self._planes[:, self._filled :] = 0
        rest = self._filter.copy().weighted(self._planes)[:, : self._filled]
        steps = self._steps.copy()
        steps.feed(rest)
        energies = np.array(steps.energies)
        momentary, short_term = _windows(energies, _MOMENTARY), _windows(energies, _SHORT_TERM)
        return Loudness(
            integrated=_integrated(momentary),
            range=_range(short_term),
            momentary=_lufs(float(momentary.max(initial=0.0))),
            short_term=_lufs(float(short_term.max(initial=0.0))),
        )


def loudness_of(block: Block, sample_rate: int) -> float:
    """Return the K-weighted loudness in LUFS of one short stretch, without gates.

    It is the mean over the whole of `block`, as if there was silence before it; minus infinity
    for silence and for no samples at all.  Raises Unmeasurable as the meter does.
    """
    weights = _weights(block.shape[1])
    k_weighting = _k_weighting(sample_rate, len(weights))
    if not len(block):
        return -math.inf
    squares = np.zeros(len(weights))
    for start in range(0, len(block), CHUNK):
        part = block[start : start + CHUNK]
        planes = np.zeros((len(weights), CHUNK), np.float32)
        planes[:, : len(part)] = part.T
        weighted = k_weighting.weighted(planes)[:, : len(part)]
        squares += np.einsum("ci,ci->c", weighted, weighted, dtype=np.float64)
    return _lufs(float(_sane(weights @ squares / len(block))))


def check_channels(block: Block, channels: int) -> None:
    """Raise Unmeasurable if `block` isn't of shape (n, channels)."""
    if block.ndim != 2 or block.shape[1] != channels:
        raise Unmeasurable(f"a block has the shape {block.shape}, and {channels} channels are due")


def _weights(channels: int) -> NDArray[np.float64]:
    if not 1 <= channels <= len(_WEIGHTS):
        raise Unmeasurable(f"it has {channels} channels, and 1 to {len(_WEIGHTS)} are measured")
    return np.array(_WEIGHTS[:channels])


def _k_weighting(sample_rate: int, channels: int) -> KWeighting:
    if not 8000 <= sample_rate <= 192_000:
        raise Unmeasurable(f"its rate is {sample_rate} Hz, and 8000 to 192000 are measured")
    return KWeighting(sample_rate, channels)


class _Steps:
    """The weighted mean squares of steps of 100 ms, `size` samples each."""

    def __init__(self, size: int, weights: NDArray[np.float64]) -> None:
        self._size = size
        self._weights = weights
        self._begun = 0
        self._squares = np.zeros(len(weights))
        self.energies = array("d")

    def copy(self) -> _Steps:
        other = _Steps(self._size, self._weights)
        other._begun, other._squares = self._begun, self._squares.copy()
        other.energies = self.energies[:]
        return other

    def feed(self, planes: NDArray[np.float32]) -> None:
        """Take more samples of each channel; raise Unmeasurable if they are no sound."""
        length = planes.shape[1]
        first = min(-self._begun % self._size, length)
        self._go_on(planes[:, :first])
        last = length - (length - first) % self._size
        steps = planes[:, first:last].reshape(len(planes), -1, self._size)
        squares = np.einsum("cij,cij->ci", steps, steps).astype(np.float64)
        self._add(self._weights @ squares)
        self._go_on(planes[:, last:])

    def _go_on(self, planes: NDArray[np.float32]) -> None:
        self._squares += np.einsum("ci,ci->c", planes, planes)
        self._begun += planes.shape[1]
        if self._begun == self._size:
            self._add(self._weights @ self._squares[:, None])
            self._begun, self._squares = 0, np.zeros(len(planes))

    def _add(self, squares: NDArray[np.float64]) -> None:
        self.energies.extend(_sane(squares / self._size))


def _sane(energies: NDArray[np.float64]) -> NDArray[np.float64]:
    if not (energies <= HIGHEST * HIGHEST).all():
        raise Unmeasurable("some of its samples are no numbers, or far beyond full scale")
    return energies


def _lufs(mean_square: float) -> float:
    return _OFFSET + 10 * math.log10(mean_square) if mean_square > 0 else -math.inf


def _mean_square(lufs: float) -> float:
    return math.pow(10.0, (lufs - _OFFSET) / 10)


def _windows(energies: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Return the mean of each `steps` steps in a row: none where there are fewer."""
    if len(energies) < steps:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(energies, steps)
    return np.asarray(windows.mean(axis=1), np.float64)


def _gated(windows: NDArray[np.float64], relative: float) -> NDArray[np.float64]:
    """Return the windows over the absolute gate and the one `relative` LU from their mean."""
    loud = windows[windows > _mean_square(_ABSOLUTE_GATE)]
    return loud[loud > loud.mean() * math.pow(10.0, relative / 10)] if len(loud) else loud


def _integrated(momentary: NDArray[np.float64]) -> float:
    gated = _gated(momentary, _RELATIVE_GATE)
    return _lufs(float(gated.mean())) if len(gated) else -math.inf


def _range(short_term: NDArray[np.float64]) -> float:
    """Return the distance of the 10th and the 95th percentile (Tech 3342)."""
    gated = np.sort(_gated(short_term, _RANGE_GATE))
    if not len(gated):
        return 0.0
    low, high = (int((len(gated) - 1) * percent / 100 + 0.5) for percent in (10, 95))
    return _lufs(float(gated[high])) - _lufs(float(gated[low]))
