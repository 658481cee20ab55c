"""How sound is weighted as the ear does, for its loudness: the K-weighting of ITU-R BS.1770-4.

It is a recursive filter, which sample by sample would be slow here.  So each row of 32 samples is
one product with the filter's answer to them, plus one with the state that the row begins in; the
states follow from each other in groups of rows, and those in groups of groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..sound import amplitude

_ROW = 32
_GROUP = 16
"""Rows whose states are found in one product, and groups whose first states are."""

_GROUPS = 8
CHUNK = _ROW * _GROUP * _GROUP * _GROUPS
"""Samples that are filtered at once."""

_LOT = 128
"""Rows in one product: small enough for BLAS to stay in one thread."""

# The analogue prototypes of K-weighting.  They are solved from the coefficients that BS.1770-4
# gives for 48 kHz; the high-pass there has a gain that is kept at all rates.
_SHELF_HZ, _SHELF_Q = 1681.974450955533, 0.7071752369554196
_SHELF_GAIN, _SHELF_BAND_GAIN = 3.999843853973347, 3.999843853973347 * 0.4996667741545416
_HIGH_PASS_HZ, _HIGH_PASS_Q = 38.13547087602444, 0.5003270373238773
_HIGH_PASS_GAIN = 1.004995

_SECTIONS = (
    (_SHELF_HZ, _SHELF_Q, amplitude(_SHELF_GAIN), amplitude(_SHELF_BAND_GAIN), 1.0),
    (_HIGH_PASS_HZ, _HIGH_PASS_Q, _HIGH_PASS_GAIN, 0.0, 0.0),
)
"""Of each its frequency and Q, and its gains above, around and below that frequency."""

_Matrix = NDArray[np.float32]


class KWeighting:
    """The filter at work on a sound; before the sound there is silence."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._filter = _filter(sample_rate)
        self._state: _Matrix = np.zeros((channels, 4), np.float32)

    def copy(self) -> KWeighting:
        """Return a filter that goes on from here by itself."""
        other = object.__new__(KWeighting)
        other._filter, other._state = self._filter, self._state
        return other

    def weighted(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter the next samples of each channel; both are of shape (channels, CHUNK)."""
        own, rows = self._filter, planes.reshape(-1, _LOT, _ROW)
        # What is beyond all bounds is found by who adds it up.
        with np.errstate(over="ignore", invalid="ignore"):
            result = rows @ own.answer
            result += self._states(rows @ own.left).reshape(-1, _LOT, 4) @ own.ringing
        return result.reshape(planes.shape)

    def _states(self, left: _Matrix) -> _Matrix:
        """Return the state that each row begins in, from what each leaves behind by itself."""
        own, channels = self._filter, len(self._state)
        rows = left.reshape(-1, _GROUP, _GROUP * 4) @ own.rows.within
        groups = rows[:, :, -4:].reshape(channels, _GROUPS, _GROUP * 4) @ own.groups.within
        begun = np.empty((channels, _GROUPS, 4), np.float32)
        for group in range(_GROUPS):
            begun[:, group] = self._state
            self._state = groups[:, group, -4:] + self._state @ own.groups.over
        firsts = groups[:, :, :-4] + begun @ own.groups.into
        states = rows[:, :, :-4].reshape(-1, _GROUP * 4) + firsts.reshape(-1, 4) @ own.rows.into
        return np.asarray(states, np.float32)


@dataclass(frozen=True, slots=True)
class _Steps:
    """How states follow in a group of 16 steps, as matrices for rows of numbers.

    `within` leads from what the steps leave behind to the states that they begin in, and that
    after the last one; `into` from the state before the group to those, `over` to that after it.
    """

    within: _Matrix
    into: _Matrix
    over: _Matrix


@dataclass(frozen=True, slots=True)
class _Filter:
    """The filter over one row, as matrices for rows of numbers.

    `answer` leads from samples to samples, `ringing` from the state before them to samples, and
    `left` from samples to what they leave behind in the state.
    """

    answer: _Matrix
    ringing: _Matrix
    left: _Matrix
    rows: _Steps
    groups: _Steps


@lru_cache(maxsize=8)
def _filter(sample_rate: int) -> _Filter:
    # The filter is linear: what it does to each unit says all.
    units = np.eye(4 + _ROW)
    states, samples = list(units[:, :4].T), units[:, 4:].T
    output = np.array([_filtered(sample, states, sample_rate) for sample in samples]).T
    after = np.array(states).T
    over_group = np.linalg.matrix_power(after[:4], _GROUP)
    return _Filter(
        answer=output[4:].astype(np.float32),
        ringing=output[:4].astype(np.float32),
        left=after[4:].astype(np.float32),
        rows=_steps(after[:4]),
        groups=_steps(over_group),
    )


def _filtered(
    sample: NDArray[np.float64], states: list[NDArray[np.float64]], sample_rate: int
) -> NDArray[np.float64]:
    """Filter one sample, and change the states: two for each second-order section.

    The sections are bilinear transforms of those analogue prototypes that give the coefficients
    of BS.1770-4 at 48 kHz.  The states are those of two integrators: others need more digits than
    there are where the rate is high.
    """
    for place, (hertz, q, high, band, low) in zip((0, 2), _SECTIONS, strict=True):
        k = math.tan(math.pi * hertz / sample_rate)
        first, second = states[place], states[place + 1]
        middle = (first + k * (sample - second)) / (1 + k / q + k * k)
        slow = second + k * middle
        states[place], states[place + 1] = 2 * middle - first, 2 * slow - second
        sample = high * (sample - middle / q - slow) + band * middle / q + low * slow
    return sample


def _steps(over: NDArray[np.float64]) -> _Steps:
    powers = [np.linalg.matrix_power(over, count) for count in range(_GROUP + 1)]
    within = np.zeros((_GROUP, 4, _GROUP + 1, 4))
    for left in range(_GROUP):
        for step in range(left + 1, _GROUP + 1):
            within[left, :, step] = powers[step - left - 1]
    return _Steps(
        within=within.reshape(_GROUP * 4, -1).astype(np.float32),
        into=np.concatenate(powers[:-1], axis=1).astype(np.float32),
        over=powers[-1].astype(np.float32),
    )
