"""How a piece goes in time: its exact tempo, its bars, its sections and its chords."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from .brief import Brief
from .score import BEAT, ChordSpan, Form, Section
from .theory import MODAL_PROGRESSIONS, read_chord

_HALF = Fraction(1, 2)
_LOOP_BEND = Fraction(3, 100)
"""How far a loop may bend an asked tempo to come out in whole bars."""

_ORDERS = {2: "AB", 3: "ABA"}
_ORDER = "AABABCAB"


def plan_form(brief: Brief) -> Form:
    """Lay out a piece of exactly `brief.length` samples.

    A tempo asked for is kept to the last digit, except in a loop: there it bends by up to 3 % so
    that whole bars fit, and beyond that so little that whole beats do.
    """
    bpm = brief.bpm or _free_tempo(brief)
    beats = Fraction(brief.length, brief.sample_rate) * bpm / 60
    if brief.loop:
        whole = _loop_beats(beats, brief)
        bpm = Fraction(whole * 60 * brief.sample_rate, brief.length)
        final_beat, end = whole, whole * BEAT
    else:
        final_beat, end = _final_beat(brief, bpm, beats), math.ceil(beats * BEAT)
    bars = max(1, -(-final_beat // brief.meter.beats))  # the last one may be cut short
    sections = tuple(_sections(bars, brief))
    form = Form(bpm, brief.meter, final_beat * BEAT, end, sections, ())
    return replace(form, chords=tuple(_chords(form, brief)))


def _free_tempo(brief: Brief) -> Fraction:
    """Choose, within the range, what fits phrases of four bars and leaves a natural tail."""
    low, high = brief.tempo
    seconds = Fraction(brief.length, brief.sample_rate)
    wish = low + brief.rng("tempo").below(high - low + 1)
    tail = Fraction(0) if brief.loop else Fraction(str(brief.style.tail)) + Fraction(2, 5)

    def unfit(halves: int) -> tuple[Fraction, int]:
        bpm = Fraction(halves, 2)
        bars = max(Fraction(0), (seconds - tail) * bpm / 60 / brief.meter.beats)
        whole = max(1, int(bars))
        left_over = abs(bars - whole) * brief.meter.beats * 60 / bpm
        broken = (0, 3, 1, 3)[whole % 4]
        return left_over + Fraction(broken, 2) + abs(bpm - wish) / 50, halves

    return Fraction(min(range(low * 2, high * 2 + 1), key=unfit), 2)


def _loop_beats(beats: Fraction, brief: Brief) -> int:
    bars = max(1, math.floor(beats / brief.meter.beats + _HALF)) * brief.meter.beats
    if brief.bpm is None or abs(bars / beats - 1) <= _LOOP_BEND:
        return bars
    return max(1, math.floor(beats + _HALF))


def _final_beat(brief: Brief, bpm: Fraction, beats: Fraction) -> int:
    """Return the beat of the last chord: the last bar line that leaves room for it to ring."""
    tail = Fraction(str(brief.style.tail)) * bpm / 60
    room = max(0, math.floor(beats - tail))
    bars = room // brief.meter.beats
    # A piece shorter than a bar and its tail ends on a beat, or is but one chord.
    return bars * brief.meter.beats if bars else room


def _sections(bars: int, brief: Brief) -> Iterator[Section]:
    phrase = 4 if bars >= 8 else 2
    if bars <= 3:
        yield Section("A", 0, bars, _shifted(0.8, brief))
        return
    intro = 0
    if not brief.loop:
        intro = bars % phrase or (phrase if bars >= 4 * phrase else 0)
    if intro:
        level = {"build": 0.18, "arch": 0.38, "steady": 0.42, "full": 0.72}[brief.arc]
        yield Section("intro", 0, intro, _shifted(level, brief))
    count = (bars - intro) // phrase
    order = _ORDERS.get(count, _ORDER)
    for index in range(count):
        first = intro + index * phrase
        length = bars - first if index == count - 1 else phrase
        level = _level(brief.arc, index, count)
        yield Section(order[index % len(order)], first, length, _shifted(level, brief))


def _level(arc: str, index: int, count: int) -> float:
    if count == 1:
        return 0.8
    done = (index + 1) / count
    match arc:
        case "build":
            return 0.15 + 0.85 * done
        case "arch":
            return 0.55 + 0.45 * done
        case "steady":
            return (0.68, 0.80, 0.74, 0.85)[index % 4]
        case _:
            if count >= 5 and index == count // 2:
                return 0.55
            return 0.85 if index % 2 == 0 else 1.0


def _shifted(level: float, brief: Brief) -> float:
    """Move an intensity by as much as the prompt is calmer or wilder than its style."""
    return min(1.0, max(0.15, level + 0.5 * (brief.energy - brief.style.energy)))


def _chords(form: Form, brief: Brief) -> Iterator[ChordSpan]:
    style = brief.style
    rng = brief.rng("chords")
    plain = style.minor_progressions if brief.minor else style.major_progressions
    known = list(MODAL_PROGRESSIONS.get(brief.mode, plain))
    verse = known.pop(rng.below(len(known)))
    chorus = rng.choice(known) if known else verse
    for section in form.sections:
        romans = (chorus if section.name in "BC" else verse).split()
        for span in _section_chords(form, section, romans, brief):
            length = min(span.length, form.final - span.start)
            if length > 0:
                yield replace(span, length=length)
    if not brief.loop:
        roman = style.final_minor if brief.minor else style.final_major
        if brief.mode in MODAL_PROGRESSIONS:
            roman = "i" if brief.minor else "I"
        chord = read_chord(roman, brief.tonic, brief.mode)
        yield ChordSpan(form.final, form.end - form.final, chord)


def _section_chords(
    form: Form, section: Section, romans: list[str], brief: Brief
) -> Iterator[ChordSpan]:
    halved = len(romans) == 8
    # Two chords of a bar change on a beat, in three-four on the third.
    first = (form.meter.beats + 1) // 2 * BEAT if halved else form.bar
    slow = brief.style.bars_per_chord if section.bars >= 4 else 1
    count = section.bars * (2 if halved else 1)
    # An intro plays the end of the progression, and so leads into its beginning.
    skipped = -count % (len(romans) * slow) if section.name == "intro" else 0
    for index in range(count):
        roman = romans[(index + skipped) // slow % len(romans)]
        chord = read_chord(roman, brief.tonic, brief.mode)
        bar, second = divmod(index, 2) if halved else (index, 0)
        start = (section.bar + bar) * form.bar
        if second:
            yield ChordSpan(start + first, form.bar - first, chord)
        else:
            yield ChordSpan(start, first, chord)
