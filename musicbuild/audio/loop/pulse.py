"""Where the beats and the bars of a piece lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..measure.lowrate import Mono
from ..measure.tempo import HOP, Envelope, Onsets, tempo_of

_SURE = 0.2
"""From this confidence on a measured tempo was right, but for halves and doubles."""
_SOUND = 0.01
"""Of the peak: where a piece begins."""
_FIRST_ON_BEAT = 0.7
"""How strong the beats must be that a piece begins on, as a share of the strongest ones."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A tempo, and the place of its first bar line; a beat and places are in low-rate samples."""

    bpm: float
    beats: int
    beat: float
    downbeat: float
    given: bool
    heard: float

    @property
    def bar(self) -> float:
        return self.beat * self.beats


def pulse_of(mono: Mono, rate: float, bpm: float | None, beats: int) -> Pulse | None:
    onsets = Onsets(rate)
    onsets.feed(np.pad(mono, (0, HOP)))
    envelope = onsets.envelope()
    tempo = tempo_of(envelope, rate / HOP)
    heard = tempo.bpm if tempo.confidence >= _SURE else 0.0
    if not (bpm or heard):
        return None
    beat = 60 * rate / (bpm or heard)
    downbeat = _downbeat(mono, envelope, beat, beats)
    return Pulse(bpm or heard, beats, beat, downbeat, bpm is not None, heard)


def _downbeat(mono: Mono, envelope: Envelope, beat: float, beats: int) -> float:
    """Return the first bar line: where the piece begins, or else the strongest beat."""
    strong = np.minimum(envelope, np.quantile(envelope, 0.98))
    frames = np.arange(len(strong))

    def strength(phase: float, every: float) -> float:
        places = np.arange(phase, len(mono), every) / HOP
        return float(np.interp(places, frames, strong).sum()) / max(1, len(places))

    phases = np.arange(0, min(beat, len(mono)), HOP / 4)
    first = max(phases, key=lambda each: strength(each, beat))
    begin = float(np.argmax(np.abs(mono) > _SOUND * np.abs(mono).max()))
    if strength(begin % beat, beat) >= _FIRST_ON_BEAT * strength(first, beat):
        return begin % (beat * beats)
    lines = first + beat * np.arange(beats)
    return float(max(lines, key=lambda each: strength(each, beat * beats)))
