"""How fast a piece goes: the beat that its onsets repeat at, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..sound import Block
from .lowrate import LowRate, Mono

WINDOW, HOP = 512, 256
"""Low-rate samples of a frame and from one to the next: 46 and 23 ms."""

_LOWEST, _HIGHEST, _BANDS = 40.0, 4300.0, 20
_FRAMES = 256
_FLOOR = 1e-5
"""Of the loudest frame so far: what is 50 dB below it is no onset."""

_SLOWEST, _FASTEST = 40.0, 240.0
_TRIED = 1200
_USUAL, _SPREAD = 115.0, 0.9
"""Tempi that people tap are lognormal about 120 with 0.9 octaves (Ellis 2007, "Beat tracking by
dynamic programming", J. New Music Research 36); of pieces with a known tempo, most came out right
with this centre."""

_BEATS = np.arange(1, 9)
_WEIGHTS = np.array([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]) / 6
_LAST_BEATS = 32
_PULSE = 0.05
"""The likeness of the onsets a beat later, under which there is no pulse; noise reaches 0.03."""
_CLEAR = 0.3
_FAINT = 0.1
"""Of an envelope's mean, in tens of decibels over all bands: steady tones reach 0.05, music 1."""

Envelope = NDArray[np.float32]
"""The strength of onsets, one figure a frame."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Beats a minute, 0.0 where no pulse is found, and from 0 to 1 how sure that is.

    From 0.5 on a tempo is heard clearly, though beats may be counted in halves or doubles.
    """

    bpm: float
    confidence: float


class TempoMeter:
    """Hears the tempo of a piece; it keeps the strength of onsets, 170 bytes a second of sound."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._low = LowRate(sample_rate, channels)
        self._onsets = Onsets(self._low.rate)

    def feed(self, block: Block) -> None:
        self._onsets.feed(self._low.feed(block))

    def result(self) -> Tempo:
        """Return the tempo of all that was fed, after which nothing may be."""
        self._onsets.feed(self._low.rest())
        return tempo_of(self._onsets.envelope(), self._low.rate / HOP)


class Onsets:
    """Where something begins in low-rate sound: how much its bands grow from frame to frame.

    Frame k is centred on low-rate sample k * HOP.
    """

    def __init__(self, rate: float) -> None:
        self._edges = band_edges(rate)
        self._waiting = np.zeros(WINDOW // 2, np.float32)
        self._loudest = np.float32(1e-12)
        self._before: NDArray[np.float32] | None = None
        self._found: list[Envelope] = []

    def feed(self, mono: Mono) -> None:
        self._waiting = np.concatenate((self._waiting, mono))
        power = band_powers(self._waiting, self._edges)
        self._waiting = self._waiting[len(power) * HOP :].copy()
        if not len(power):
            return
        loudest = np.maximum.accumulate(np.maximum(power.max(axis=1), self._loudest))
        self._loudest = loudest[-1]
        levels = np.log10(power + _FLOOR * loudest[:, None])
        before = levels[:1] if self._before is None else self._before
        self._before = levels[-1:]
        grown = np.diff(levels, axis=0, prepend=before)
        self._found.append(np.maximum(grown, 0, out=grown).sum(axis=1))

    def envelope(self) -> Envelope:
        return np.concatenate((*self._found, np.zeros(0, np.float32)))


def band_edges(rate: float) -> NDArray[np.intp]:
    """Return the edges of bands, equally wide on the mel scale, as bins of a frame's spectrum."""
    lowest, highest = (1127 * math.log1p(each / 700) for each in (_LOWEST, _HIGHEST))
    hertz = 700 * np.expm1(np.linspace(lowest, highest, _BANDS + 1) / 1127)
    bins = np.rint(hertz * WINDOW / rate).astype(np.intp)
    return np.unique(np.minimum(bins, WINDOW // 2))


def band_powers(mono: Mono, edges: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the power in each band, of shape (frames, bands), of all frames that are whole."""
    count = max(0, (len(mono) - WINDOW) // HOP + 1)
    if not count:
        return np.zeros((0, len(edges) - 1), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[::HOP]
    window = np.hanning(WINDOW).astype(np.float32)
    powers = np.empty((count, len(edges) - 1), np.float32)
    for at in range(0, count, _FRAMES):
        spectrum = np.fft.rfft(frames[at : at + _FRAMES] * window)[:, : edges[-1]]
        power = spectrum.real**2 + spectrum.imag**2
        np.add.reduceat(power, edges[:-1], axis=1, out=powers[at : at + _FRAMES])
    return powers


def tempo_of(envelope: Envelope, rate: float) -> Tempo:
    """Return the tempo that an envelope of `rate` frames a second has.

    It is the beat at whose multiples the envelope is most like itself, of those that people tap.
    """
    repeats = _repeats(envelope, rate)
    known = int(0.7 * len(repeats))  # few pairs lie further apart
    tried = np.geomspace(_SLOWEST, _FASTEST, _TRIED)
    beats = 60 * rate / tried
    tried, beats = tried[beats * 4 < known], beats[beats * 4 < known]
    if not len(tried):
        return Tempo(0.0, 0.0)
    found = _at(repeats, beats[:, None] * _BEATS) @ _WEIGHTS
    found *= np.exp(-0.5 * (np.log2(tried / _USUAL) / _SPREAD) ** 2)
    best = int(np.argmax(found))
    near = tried[best] * np.linspace(0.97, 1.03, 601)
    times = np.arange(1, max(4, min(_LAST_BEATS, int(known / beats[best]))) + 1)
    likeness = _at(repeats, 60 * rate / near[:, None] * times).mean(axis=1)
    bpm, clear = float(near[np.argmax(likeness)]), float(likeness.max())
    if clear < _PULSE:
        return Tempo(0.0, 0.0)
    return Tempo(bpm, min(1.0, clear / _CLEAR * _alone(found, tried, best)))


def _alone(found: NDArray[np.float64], tried: NDArray[np.float64], best: int) -> float:
    """Return by how much a tempo beats those that are no octave of it, from 0 to 1."""
    octaves = np.log2(tried / tried[best])
    others = found[np.abs(octaves - np.rint(octaves)) > 0.06]
    return 1 - max(0.0, float(others.max(initial=0.0))) / float(found[best])


def _repeats(envelope: Envelope, rate: float) -> NDArray[np.float64]:
    """Return how like itself an envelope is so many frames later; 1 is the same."""
    if len(envelope) < 4 * rate or envelope.mean() < _FAINT:
        return np.zeros(0)
    smooth = np.hanning(max(3, round(0.1 * rate) + 2))[1:-1]
    onsets = np.convolve(envelope.astype(float), smooth, "same")
    slow = np.ones(round(rate)) / round(rate)
    onsets -= np.convolve(onsets, slow, "same")
    onsets -= onsets.mean()
    size = 1 << (2 * len(onsets) - 1).bit_length()
    spectrum = np.fft.rfft(onsets, size)
    sums = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: len(onsets)]
    sums /= np.arange(len(onsets), 0, -1)
    repeats: NDArray[np.float64] = sums / sums[0]
    return repeats


def _at(repeats: NDArray[np.float64], frames: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.interp(frames, np.arange(len(repeats)), repeats, right=0.0)
    return found
