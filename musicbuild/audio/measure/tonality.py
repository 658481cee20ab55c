"""In which key a piece is: the profile that the strength of its notes is most like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..sound import Block
from .lowrate import LowRate

_SECONDS = 0.74
"""Of a frame: semitones are told apart from 90 Hz on, and single notes below."""
_LOWEST, _HIGHEST = 55.0, 2000.0
_DEEPEST = np.float32(1e-6)
"""Of the strongest peak's power: fainter ones are the window's side lobes, or noise."""
_FRAMES = 64

_PARTS = 10
"""Of a semitone, in which a note's pitch is counted, for instruments that are out of tune."""
_PITCHES = 6 * 12 * _PARTS

_LIKE = 0.6
"""The correlation under which no key is heard; the notes of noise reach 0.5."""
_APART = 0.2

_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
KEYS = (*_MAJOR, *_MINOR)
"""The keys as they are written: each tonic by the name that needs fewer accidentals."""

_HEARD = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""How well each note above the tonic fits a major, a minor key, as listeners say (Krumhansl and
Kessler 1982, "Tracing the dynamic changes in perceived tonal organization", Psychol. Review 89)."""
_WRITTEN = (
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""How often each is written (Albrecht and Shanahan 2013, "The use of large corpora to train a new
type of key-finding algorithm", Music Perception 31).  The mean of both is right more often."""


@dataclass(frozen=True, slots=True)
class Tonality:
    """A key as in `F#m`, nothing where none is found, and from 0 to 1 how sure that is.

    At 0.5 the next best key is clearly less like the piece; near 0 two keys are as likely, most
    often one and its relative.  Modes are written as the key that has their third.
    """

    key: str
    confidence: float


class KeyMeter:
    """Hears the key of a piece; it keeps how strong each pitch was, in tenths of a semitone."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._low = LowRate(sample_rate, channels)
        self._size = 1 << round(self._low.rate * _SECONDS).bit_length() - 1
        self._bins = slice(
            int(_LOWEST * self._size / self._low.rate),
            min(int(_HIGHEST * self._size / self._low.rate), self._size // 2 - 2),
        )
        self._window = np.hanning(self._size).astype(np.float32)
        self._waiting = np.zeros(self._size // 2, np.float32)
        self._pitches = np.zeros(_PITCHES)

    def feed(self, block: Block) -> None:
        self._hear(self._low.feed(block))

    def result(self) -> Tonality:
        """Return the key of all that was fed, after which nothing may be."""
        self._hear(np.concatenate((self._low.rest(), np.zeros(self._size // 2, np.float32))))
        return tonality_of(self._pitches)

    def _hear(self, mono: NDArray[np.float32]) -> None:
        self._waiting = np.concatenate((self._waiting, mono))
        hop = self._size // 2
        count = (len(self._waiting) - self._size) // hop + 1
        if count <= 0:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._waiting, self._size)[::hop]
        for at in range(0, count, _FRAMES):
            spectra = np.fft.rfft(frames[at : at + _FRAMES] * self._window)
            near = spectra[:, self._bins.start - 1 : self._bins.stop + 1]
            self._count(near.real**2 + near.imag**2)
        self._waiting = self._waiting[count * hop :].copy()

    def _count(self, powers: NDArray[np.floating[Any]]) -> None:
        """Add the peaks of spectra, of shape (frames, bins and one more at either end)."""
        middle = powers[:, 1:-1]
        faint = powers.max(axis=1, keepdims=True) * _DEEPEST + np.float32(1e-9)
        peaks = (middle > powers[:, :-2]) & (middle >= powers[:, 2:]) & (middle > faint)
        frame, place = np.nonzero(peaks)
        below, peak, above = (np.log(powers[frame, place + each] + 1e-12) for each in range(3))
        # The top of the parabola through three points of a log spectrum.
        offset = 0.5 * (below - above) / (below - 2 * peak + above)
        hertz = (place + self._bins.start + offset) * (self._low.rate / self._size)
        octaves = np.log2(hertz / _LOWEST)
        # Fundamentals tell more of the key than the harmonics above them.
        strength = np.exp(0.5 * peak - 0.5 * np.log(2) * octaves)
        pitch = np.rint(octaves * 12 * _PARTS).astype(np.intp)
        self._pitches += np.bincount(np.clip(pitch, 0, None), strength, _PITCHES)[:_PITCHES]


def tonality_of(pitches: NDArray[np.float64]) -> Tonality:
    """Return the key of notes, given by how strong each tenth of a semitone above 55 Hz was."""
    if not pitches.any():
        return Tonality("", 0.0)
    notes = np.sqrt(_in_tune(pitches))
    likeness = np.array([_likeness(notes, mode, tonic) for mode in (0, 1) for tonic in range(12)])
    best, second = np.argsort(-likeness)[:2]
    if likeness[best] < _LIKE:
        return Tonality("", 0.0)
    apart = float(likeness[best] - likeness[second]) / _APART
    return Tonality(KEYS[best], min(1.0, apart))


def _in_tune(pitches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the strength of the twelve notes from C on, wherever the tuning has its A."""
    parts = pitches.reshape(-1, _PARTS).sum(axis=0)
    turn = np.angle(np.sum(parts * np.exp(2j * np.pi * np.arange(_PARTS) / _PARTS)))
    shift = round(turn / (2 * np.pi) * _PARTS)
    around = np.roll(pitches, _PARTS // 2 - shift)
    octave = around.reshape(-1, 12, _PARTS).sum(axis=(0, 2))
    return np.roll(octave, 9)


def _likeness(notes: NDArray[np.float64], mode: int, tonic: int) -> float:
    both = [
        float(np.corrcoef(notes, np.roll(profiles[mode], tonic))[0, 1])
        for profiles in (_HEARD, _WRITTEN)
    ]
    return sum(both) / len(both)
