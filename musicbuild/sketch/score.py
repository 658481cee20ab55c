"""What a piece is before it sounds: parts of notes on an exact grid of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .brief import Brief
from .style import Meter, Mix
from .theory import Chord

BEAT = 480
"""Ticks of a beat, the unit of all times in a score."""

DRUMS: Mapping[str, int] = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "brush": 40,
    "taiko": 41,
    "hat": 42,
    "pedal": 44,
    "tom": 45,
    "open": 46,
    "crash": 49,
    "ride": 51,
    "tambourine": 54,
    "conga": 63,
    "shaker": 70,
}
"""The pitch that a drum has in a part of drums, as in General MIDI where it has such a drum."""


STEMS = DRUM_STEM, BASS_STEM, MUSIC_STEM = ("drums", "bass", "music")
"""The groups into which the players of a piece are divided."""


@dataclass(frozen=True, slots=True)
class Note:
    """`start` and `length` in ticks, `pitch` as in MIDI, `velocity` in (0, 1]."""

    start: int
    length: int
    pitch: int
    velocity: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one player plays; `voice` names an instrument, or a kit of drums."""

    name: str
    voice: str
    mix: Mix
    notes: tuple[Note, ...]
    stem: str


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of bars; those of one name share their material."""

    name: str
    bar: int
    bars: int
    intensity: float


@dataclass(frozen=True, slots=True)
class ChordSpan:
    start: int
    length: int
    chord: Chord


@dataclass(frozen=True, slots=True)
class Form:
    """The plan of a piece in time.

    A beat is the one that is counted, in six-eight a dotted quarter.
    `final` is the tick of the last chord, which rings until `end`; a loop has none, and there
    `final` is `end`.  The chords follow each other without a gap from nought to `end`.
    """

    bpm: Fraction
    meter: Meter
    final: int
    end: int
    sections: tuple[Section, ...]
    chords: tuple[ChordSpan, ...]

    @property
    def bar(self) -> int:
        """Ticks of a bar."""
        return self.meter.beats * BEAT

    @property
    def step(self) -> int:
        """Ticks of a sixteenth, the grid on which patterns are written."""
        return BEAT // self.meter.parts

    def chord_at(self, tick: int) -> Chord:
        place = bisect_right(self.chords, tick, key=lambda span: span.start)
        return self.chords[max(0, place - 1)].chord

    def intensity_at(self, tick: int) -> float:
        bar = tick // self.bar
        place = bisect_right(self.sections, bar, key=lambda section: section.bar)
        return self.sections[max(0, place - 1)].intensity


@dataclass(frozen=True, slots=True)
class Score:
    brief: Brief
    form: Form
    parts: tuple[Part, ...]
