"""What the player of the melody plays: motifs that come back, over chords that change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .brief import Brief
from .exact import Rng
from .pattern import Step, read_pattern
from .score import BEAT, Form, Note, Section
from .style import ACCENTS, Melody, Meter
from .theory import SCALES, Chord, nearest

_MOVES = ((-3, 3), (-2, 10), (-1, 25), (1, 25), (2, 10), (3, 4), (4, 2))
"""Moves along the scale, in steps, with their weights."""

_LONG = 4
_WIDEST_LEAP = 9


@dataclass(frozen=True, slots=True)
class _Motif:
    """A rhythm, and the move along the scale that leads to each of its notes."""

    rhythm: str
    moves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Theme:
    call: _Motif
    answer: _Motif
    first: int


def play_melody(figure: Melody, form: Form, brief: Brief, rng: Rng) -> Iterator[Note]:
    themes: dict[str, _Theme] = {}
    # A piece of but one chord is its end.
    last = None if form.final else (figure.low + figure.high) // 2
    for section in form.sections:
        if section.name == "intro":
            continue
        if section.name not in themes:
            themes[section.name] = _invent(figure, rng.branch(section.name))
        for note in _sing(figure, form, brief, section, themes[section.name], sung=last):
            chance = rng.branch("rest", note.start)
            weak = note.start % BEAT != 0
            if weak and chance.chance(figure.rest):
                continue
            last = note.pitch
            yield note
    if last is not None and form.final < form.end:
        tonic = nearest(brief.tonic, last, figure.low, figure.high)
        yield Note(form.final, form.end - form.final, tonic, 0.9)


def without_leaps(figure: Melody, notes: Iterable[Note]) -> Iterator[Note]:
    """Move by octaves what is more than one away from the note before, as after notes left out."""
    last: int | None = None
    for note in notes:
        pitch = note.pitch
        if last is not None and abs(pitch - last) > 12:
            pitch = nearest(pitch % 12, last, figure.low, figure.high)
        last = pitch
        yield replace(note, pitch=pitch)


def _invent(figure: Melody, rng: Rng) -> _Theme:
    call, answer = (
        _Motif(rng.choice(figure.cells), tuple(rng.weighted(_MOVES) for _ in range(16)))
        for _ in range(2)
    )
    return _Theme(call, answer, rng.below(3))


def _sing(
    figure: Melody, form: Form, brief: Brief, section: Section, theme: _Theme, *, sung: int | None
) -> Iterator[Note]:
    """Sing a section: call, answer, call again from where it began, answer; at last a cadence.

    `sung` is the last pitch of the section before.
    """
    scale = _scale(figure, brief)
    first_chord = form.chord_at(section.bar * form.bar)
    lift = 3 if section.name == "B" else 0
    start_class = first_chord.classes[theme.first % 3 % len(first_chord.classes)]
    home = nearest(start_class, (figure.low + figure.high) // 2 + lift, figure.low, figure.high)
    current = home
    for bar in range(section.bars):
        closing = bar == section.bars - 1
        motif = theme.call if bar % 2 == 0 else theme.answer
        if bar % 4 == 2:
            current = home
        text = figure.cadence if closing else motif.rhythm
        steps = read_pattern(text, form.meter.steps)
        for index, step in enumerate(steps):
            at = (section.bar + bar) * form.bar + step.start * form.step
            if at >= form.final:
                return
            ends = closing and index == len(steps) - 1
            wish = _moved(scale, current, motif.moves[index] if at else 0)
            if ends or step.start % form.meter.half == 0 or step.length >= _LONG:
                wish = _on_chord(figure, form.chord_at(at), wish)
            if sung is not None and abs(wish - sung) > _WIDEST_LEAP:
                wish = nearest(wish, sung, figure.low, figure.high)
            current = sung = wish
            length = int(step.length * form.step * figure.legato)
            yield Note(at, length, wish, _accent(step, bar, form.meter))


def _scale(figure: Melody, brief: Brief) -> list[int]:
    steps = SCALES[brief.mode]
    return [
        pitch for pitch in range(figure.low, figure.high + 1) if (pitch - brief.tonic) % 12 in steps
    ]


def _moved(scale: Sequence[int], pitch: int, move: int) -> int:
    place = min(range(len(scale)), key=lambda index: abs(scale[index] - pitch))
    goal = place + move
    if not 0 <= goal < len(scale):
        goal = place - move
    return scale[goal]


def _on_chord(figure: Melody, chord: Chord, wish: int) -> int:
    tones = (nearest(each, wish, figure.low, figure.high) for each in chord.classes[:4])
    return min(tones, key=lambda tone: (abs(tone - wish), tone))


def _accent(step: Step, bar: int, meter: Meter) -> float:
    """Lean on the beat, and on the middle of the phrase."""
    on_beat = -0.04
    if step.start % meter.parts == 0:
        on_beat = 0.10 if step.start % meter.half == 0 else 0.03
    return ACCENTS[step.mark] * 0.9 + on_beat + (0.08 - 0.05 * abs(bar % 4 - 2))
