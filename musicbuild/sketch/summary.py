"""What a score says of itself: tempo, key, chords and sections, in words and seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from .score import BEAT, Score
from .theory import chord_name

Mark = tuple[float, str]
"""The second at which something begins, and its name."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`bpm` counts the beats of the meter; `heard` and `ignored` are what the brief says."""

    bpm: float
    key: str
    meter: str
    chords: tuple[Mark, ...]
    sections: tuple[Mark, ...]
    heard: tuple[str, ...]
    ignored: tuple[str, ...]


def summarise(score: Score) -> Summary:
    form, brief = score.form, score.brief
    return Summary(
        bpm=round(float(form.bpm), 3),
        key=brief.key,
        meter=form.meter.name,
        chords=tuple(_chords(score)),
        sections=tuple(
            (seconds(score, section.bar * form.bar), section.name) for section in form.sections
        ),
        heard=brief.why,
        ignored=brief.ignored,
    )


def seconds(score: Score, tick: int) -> float:
    """Return when a tick is, to the millisecond, without swing."""
    return round(float(Fraction(tick * 60, BEAT) / score.form.bpm), 3)


def _chords(score: Score) -> Iterator[Mark]:
    """Give each chord where it begins; one that goes on is not named again."""
    named = ((span.start, chord_name(span.chord)) for span in score.form.chords)
    for name, spans in groupby(named, key=lambda each: each[1]):
        yield seconds(score, next(spans)[0]), name
