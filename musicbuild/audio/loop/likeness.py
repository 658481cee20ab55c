"""How like each other two places of a piece are, and how far apart they are exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..measure.lowrate import Mono
from ..measure.tempo import HOP, band_edges, band_powers

_MOMENT = 4
"""Frames that are compared as one: 93 ms."""
_BEFORE, _AFTER = 0.5, 2.5
"""Seconds around a place that count: what leads to it, and what comes then."""
_FLOOR = 1e-5
"""Of the mean power of a band: fainter sounds don't count."""
_SILENT = 1e-4
_DIFFERENT = 20.0
"""The difference in dB, root mean square, of places that have nothing in common."""

_AROUND = 0.5
_ALIKE = 0.5


class Likeness:
    """Compares places, given in low-rate samples, by the levels of twenty bands around them."""

    def __init__(self, mono: Mono, rate: float, places: NDArray[np.intp]) -> None:
        power = band_powers(np.pad(mono, HOP), band_edges(rate))
        power = power[: len(power) // _MOMENT * _MOMENT]
        moments = power.reshape(-1, _MOMENT, power.shape[1]).mean(axis=1)
        step = _MOMENT * HOP
        before, after = (round(seconds * rate / step) for seconds in (_BEFORE, _AFTER))
        levels = 10 * np.log10(moments + _FLOOR * moments.mean() + np.float32(1e-12))
        silence = np.full((1, levels.shape[1]), levels.min(), np.float32)
        levels = np.concatenate(
            (silence.repeat(before, axis=0), levels, silence.repeat(after + 1, axis=0))
        )
        rows = np.minimum(np.rint(places / step).astype(np.intp), len(moments))
        self._around = levels[rows[:, None] + np.arange(before + after)].reshape(len(places), -1)
        loud = np.append(moments.sum(axis=1), 0.0)
        self.audible: NDArray[np.bool_] = loud[rows] > _SILENT * loud.mean()

    def of(self, place: int, others: slice) -> NDArray[np.float32]:
        """Return from 0 to 1 how like a place others are, all given by their numbers."""
        differences = self._around[others] - self._around[place]
        apart = np.sqrt(np.einsum("pl,pl->p", differences, differences) / differences.shape[1])
        likeness: NDArray[np.float32] = np.maximum(0, 1 - apart / np.float32(_DIFFERENT))
        return likeness


def exact_distance(
    mono: Mono, start: int, distance: int, *, reach: int, rate: float, fine: int
) -> int:
    """Return how far from `start` the sound goes on as it does there: about `distance`.

    Distances are in samples `fine` times as many as the low-rate ones of `start`.  It is where
    the sound around both places correlates most, `reach` off at most; where it hardly correlates,
    the distance is returned as it is.
    """
    around, wider = round(_AROUND * rate), -(-reach // fine) + 1
    end, beyond = start + distance // fine, distance % fine
    first = _stretch(mono, start - around, start + around)
    second = _stretch(mono, end - around - wider, end + around + wider)
    size = 1 << (len(second) + 2 * wider).bit_length()
    product = np.conj(np.fft.rfft(first, size)) * np.fft.rfft(second, size)
    # A longer inverse transform interpolates between the low-rate samples.
    middle = wider * fine + beyond
    sums = np.fft.irfft(product, size * fine)[middle - reach : middle + reach + 1] * fine
    energies = float(np.vdot(first, first)) * float(np.vdot(second, second))
    if not energies or sums.max() < _ALIKE * np.sqrt(energies):
        return distance
    return distance + int(np.argmax(sums)) - reach


def _stretch(mono: Mono, start: int, end: int) -> Mono:
    """Return samples of a range that may reach beyond the sound, where there is silence."""
    inside = mono[max(0, start) : max(0, end)]
    return np.pad(inside, (max(0, -start), end - max(0, start) - len(inside)))
