"""A score keeps what the brief asks, for any length, in every style."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.sketch.brief import read_prompt
from musicbuild.sketch.compose import compose
from musicbuild.sketch.kits import KITS
from musicbuild.sketch.score import BEAT, DRUMS
from musicbuild.sketch.style import Beat, Melody
from musicbuild.sketch.theory import SCALES

RATE = 44100
PROMPTS = (
    "Calm lo-fi hip hop, piano, 80 BPM",
    "Epic orchestral film score, rising tension, brass",
    "Upbeat jazz with piano and double bass, 120 BPM",
    "Soft ambient background music, pads",
    "High energy rock, electric guitar riff, 140 BPM",
    "synthwave in F# minor",
    "a walk in the park",
)


def score_of(prompt, seconds=30, *, take=1, seed=0, loop=False):
    length = round(Fraction(seconds) * RATE)
    return compose(read_prompt(prompt, length, RATE, take=take, seed=seed, loop=loop))


def tonal(score):
    return [note for part in score.parts if part.voice not in KITS for note in part.notes]


def drums(score):
    return [note for part in score.parts if part.voice in KITS for note in part.notes]


def material(score):
    return Counter(
        (part.name, note.start, note.pitch)
        for part in score.parts
        if part.voice not in KITS
        for note in part.notes
    )


def leads(score):
    names = {role.name for role in score.brief.style.roles if isinstance(role.figure, Melody)}
    return [part for part in score.parts if part.name in names]


@settings(max_examples=60)
@given(
    st.sampled_from(PROMPTS),
    st.fractions(Fraction(1, 2), 90, max_denominator=1000),
    st.integers(1, 3),
    st.booleans(),
)
def test_a_form_fills_its_time_without_a_gap(prompt, seconds, take, loop):
    score = score_of(prompt, seconds, take=take, loop=loop)
    form = score.form
    exact = Fraction(score.brief.length, RATE) * form.bpm / 60 * BEAT
    assert form.end - 1 < exact <= form.end
    if loop:
        assert exact == form.end == form.final
    at = 0
    for span in form.chords:
        assert (span.start, span.length > 0) == (at, True)
        at += span.length
    assert at == form.end
    bar = 0
    for section in form.sections:
        assert section.bar == bar
        assert 0 < section.intensity <= 1
        bar += section.bars
    assert bar * form.bar >= form.final > (bar - 1) * form.bar or form.final == 0
    for part in score.parts:
        for note in part.notes:
            assert 0 <= note.start <= form.final
            assert note.start < form.end
            assert 0 < note.velocity <= 1
            assert note.length > 0
    for note in tonal(score):
        assert note.start + note.length <= form.end + 30
    assert tonal(score)


@settings(max_examples=40)
@given(st.sampled_from(PROMPTS), st.integers(30, 300), st.integers(4, 60))
def test_an_asked_tempo_is_kept_to_the_digit(prompt, bpm, seconds):
    plain = prompt.partition(", ")[0]
    assert score_of(f"{plain}, {bpm} BPM", seconds).form.bpm == bpm


@settings(max_examples=40)
@given(st.integers(50, 180), st.integers(10, 60))
def test_a_loop_bends_a_tempo_little_and_has_whole_bars_where_it_can(bpm, seconds):
    form = score_of(f"rock, {bpm} BPM", seconds, loop=True).form
    bars = Fraction(form.end, form.bar)
    beats = Fraction(bpm * seconds, 60)
    if abs(round(beats / 4) * 4 / beats - 1) <= Fraction(3, 100):
        assert bars.denominator == 1
        assert abs(form.bpm / bpm - 1) <= Fraction(31, 1000)
    else:
        assert form.end % BEAT == 0
        assert abs(form.bpm / bpm - 1) <= Fraction(1, 2) / beats


@pytest.mark.parametrize("prompt", ["rock", "lo-fi", "ambient", "a walk in the park"])
def test_a_loop_without_an_asked_tempo_has_whole_bars(prompt):
    for seconds in ("7", "10.5", "31", "47.3", "60"):
        form = score_of(prompt, seconds, loop=True).form
        assert form.end % form.bar == 0


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_notes_are_in_the_key(prompt):
    for take in (1, 2, 3):
        score = score_of(prompt, take=take)
        brief = score.brief
        scale = {(brief.tonic + step) % 12 for step in SCALES[brief.mode]}
        notes = tonal(score)
        inside = sum(note.pitch % 12 in scale for note in notes)
        assert inside / len(notes) > 0.8
        last = [note for note in notes if note.start == score.form.final]
        assert any(note.pitch % 12 == brief.tonic for note in last)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_melody_rests_on_chords_and_does_not_jump(prompt):
    for take in (1, 2, 3, 4):
        score = score_of(prompt, take=take)
        for part in leads(score):
            body = [note for note in part.notes if note.start < score.form.final]
            strong = [note for note in body if note.start % (2 * BEAT) == 0]
            on_chord = sum(
                note.pitch % 12 in score.form.chord_at(note.start).classes for note in strong
            )
            assert on_chord >= 0.8 * len(strong)
            jumps = [abs(b.pitch - a.pitch) for a, b in pairwise(body)]
            assert max(jumps, default=0) <= 12


def test_the_melody_comes_back():
    """A section heard twice has the rhythm of its melody twice."""
    score = score_of("a walk in the park", 60)
    sections = [section for section in score.form.sections if section.name == "A"]
    assert len(sections) > 1
    rhythms = [
        [
            note.start - section.bar * score.form.bar
            for note in leads(score)[0].notes
            if section.bar <= note.start // score.form.bar < section.bar + 3
        ]
        for section in sections
    ]
    assert rhythms[0] == rhythms[1]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_another_take_or_seed_is_another_piece(prompt):
    one = material(score_of(prompt))
    for other in (score_of(prompt, take=2), score_of(prompt, seed=1)):
        shared = (one & material(other)).total() / (one | material(other)).total()
        assert shared < 0.6
    assert material(score_of(prompt)) == one


def test_drums_play_when_they_should():
    assert drums(score_of("rock"))
    assert not drums(score_of("rock, no drums"))
    assert not drums(score_of("ambient"))
    assert drums(score_of("ambient with a soft beat"))
    for prompt in PROMPTS:
        assert not drums(score_of(f"{prompt}, no drums"))
        assert tonal(score_of(f"{prompt}, no drums"))


def test_instruments_asked_for_play_and_those_denied_do_not():
    voices = {part.voice for part in score_of("lo-fi with flute and organ").parts}
    assert {"flute", "organ"} <= voices
    assert "electric piano" not in voices
    assert "distorted guitar" in {p.voice for p in score_of("jazz, electric guitar").parts}
    assert "pad" not in {part.voice for part in score_of("synthwave, no pads").parts}
    assert tonal(score_of("ambient, no pads, no strings, no piano"))


def test_a_waltz_has_three_beats():
    score = score_of("lo-fi waltz")
    assert score.form.bar == 3 * BEAT
    assert score.form.final % (3 * BEAT) == 0


def test_a_build_builds_and_calm_is_calmer():
    intensities = [section.intensity for section in score_of("rising orchestral", 60).form.sections]
    assert intensities == sorted(intensities)
    assert intensities[-1] > intensities[0] + 0.3
    calm, plain = score_of("calm gentle jazz, 120 BPM"), score_of("jazz, 120 BPM")
    assert len(tonal(calm)) + len(drums(calm)) < len(tonal(plain)) + len(drums(plain))


def test_long_pieces_have_sections_that_differ():
    for prompt in PROMPTS:
        names = [section.name for section in score_of(prompt, 60).form.sections]
        assert {"A", "B"} <= set(names)


def test_a_beat_has_kick_and_backbeat_where_they_belong():
    score = score_of("rock, 140 BPM")
    hits = {(note.pitch, note.start % score.form.bar) for note in drums(score)}
    assert (DRUMS["kick"], 0) in hits
    assert (DRUMS["snare"], BEAT) in hits
    assert (DRUMS["snare"], 3 * BEAT) in hits


def test_every_style_has_a_beat_that_can_be_left_out():
    for prompt in PROMPTS:
        roles = score_of(prompt).brief.style.roles
        assert sum(isinstance(role.figure, Beat) for role in roles) == 1
