"""Chords are read as musicians write them, and spread as pianists would."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.sketch.theory import (
    INTERVALS,
    MINOR_MODES,
    MODAL_PROGRESSIONS,
    NOTE_NAMES,
    SCALES,
    Chord,
    nearest,
    read_chord,
    voicing,
)


@pytest.mark.parametrize(
    ("roman", "tonic", "mode", "classes"),
    [
        ("I", 0, "major", (0, 4, 7)),
        ("ii9", 0, "major", (2, 5, 9, 0, 4)),
        ("V13", 0, "major", (7, 11, 2, 5, 9, 4)),
        ("vi", 9, "major", (6, 9, 1)),
        ("i", 9, "minor", (9, 0, 4)),
        ("VI", 9, "minor", (5, 9, 0)),
        ("V", 9, "minor", (4, 8, 11)),
        ("bVII", 0, "major", (10, 2, 5)),
        ("iim7b5", 0, "minor", (2, 5, 8, 0)),
        ("IVmaj7", 7, "major", (0, 4, 7, 11)),
    ],
)
def test_roman_numerals(roman, tonic, mode, classes):
    assert read_chord(roman, tonic, mode).classes == classes


@pytest.mark.parametrize("roman", ["", "H", "viii", "Ifoo", "iV", "1"])
def test_what_is_no_chord(roman):
    with pytest.raises(ValueError, match="no chord"):
        read_chord(roman, 0, "major")


chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(INTERVALS.values())))


@given(chords, st.integers(40, 60), st.integers(12, 30), st.integers(1, 5), st.booleans())
def test_a_voicing_rises_within_its_range_on_tones_of_the_chord(
    chord, low, width, voices, rootless
):
    spread = voicing(chord, (), low, low + width, voices=voices, rootless=rootless)
    assert 1 <= len(spread) <= voices
    assert list(spread) == sorted(set(spread))
    assert low <= spread[0]
    assert spread[-1] <= low + width
    assert {pitch % 12 for pitch in spread} <= set(chord.classes)


@given(chords, chords)
def test_voices_move_little(one, other):
    first = voicing(one, (), 48, 74, voices=4)
    second = voicing(other, first, 48, 74, voices=4)
    moves = [abs(new - old) for new, old in zip(second, first, strict=True)]
    assert max(moves) <= 9
    assert sum(moves) / 4 <= 6


def test_a_repeated_chord_does_not_move():
    chord = read_chord("Imaj9", 0, "major")
    held = voicing(chord, (), 50, 72, voices=4)
    assert voicing(chord, held, 50, 72, voices=4) == held


def test_a_rootless_voicing_keeps_what_tells_the_chord():
    chord = read_chord("V13", 0, "major")
    spread = {pitch % 12 for pitch in voicing(chord, (), 48, 72, voices=4, rootless=True)}
    assert {11, 5} <= spread  # the third and the seventh
    assert 7 not in spread


@given(st.integers(0, 11), st.integers(30, 90), st.integers(30, 60))
def test_the_nearest_is_the_nearest(pitch_class, to, low):
    found = nearest(pitch_class, to, low, low + 24)
    assert found % 12 == pitch_class
    others = [pitch for pitch in range(low, low + 25) if pitch % 12 == pitch_class]
    assert abs(found - to) == min(abs(other - to) for other in others)


def test_every_scale_has_seven_steps():
    for steps in SCALES.values():
        assert len(steps) == 7
        assert list(steps) == sorted(set(steps))


@pytest.mark.parametrize(
    ("mode", "from_major"),
    [("major", 0), ("dorian", 2), ("phrygian", 4), ("lydian", 5), ("mixolydian", 7), ("minor", 9)],
)
def test_every_mode_is_the_white_keys_from_another_step(mode, from_major):
    white = {(step - from_major) % 12 for step in SCALES["major"]}
    assert set(SCALES[mode]) == white
    assert (mode in MINOR_MODES) is (3 in white)


@pytest.mark.parametrize(
    ("suffix", "notes"),
    [
        ("", "C E G"),
        ("m", "C Eb G"),
        ("dim", "C Eb F#"),
        ("sus2", "C D G"),
        ("sus4", "C F G"),
        ("6", "C E G A"),
        ("m6", "C Eb G A"),
        ("69", "C E G A D"),
        ("7", "C E G Bb"),
        ("m7", "C Eb G Bb"),
        ("maj7", "C E G B"),
        ("m7b5", "C Eb F# Bb"),
        ("7b9", "C E G Bb C#"),
        ("9", "C E G Bb D"),
        ("m9", "C Eb G Bb D"),
        ("maj9", "C E G B D"),
        ("add9", "C E G D"),
        ("madd9", "C Eb G D"),
        ("13", "C E G Bb D A"),
        ("5", "C G"),
    ],
)
def test_chords_are_spelt_as_in_the_books(suffix, notes):
    chord = Chord(0, INTERVALS[suffix])
    assert [NOTE_NAMES[each] for each in chord.classes] == notes.split()


def test_the_fifth_of_a_diminished_chord_is_diminished():
    assert read_chord("ii", 0, "minor").fifth == 9
    assert read_chord("iim7b5", 0, "minor").fifth == 8


@pytest.mark.parametrize(("mode", "progressions"), MODAL_PROGRESSIONS.items())
def test_modal_chords_are_within_their_mode(mode, progressions):
    for progression in progressions:
        chords = [read_chord(roman, 0, mode) for roman in progression.split()]
        assert len(chords) in (2, 4)
        assert chords[0].root == 0
        assert {each for chord in chords for each in chord.classes} <= set(SCALES[mode])


@given(chords, st.integers(2, 5))
def test_more_voices_than_tones_double_and_never_collide(chord, voices):
    spread = voicing(chord, (), 45, 80, voices=voices)
    assert len(spread) == voices
    assert len(set(spread)) == voices
    # Who has voices to spare leaves nothing out that tells the chord.
    if voices >= len(chord.intervals):
        assert {pitch % 12 for pitch in spread} == set(chord.classes)


@given(chords)
def test_low_voicings_are_not_muddy(chord):
    spread = voicing(chord, (), 40, 76, voices=4)
    assert not any(b - a < 3 and b < 48 for a, b in pairwise(spread))


def test_a_cadence_is_led_by_the_shortest_way():
    """From C over F and G back to C, no voice moves further than a third."""
    held = voicing(read_chord("I", 0, "major"), (), 52, 76, voices=3)
    for roman in ("IV", "V", "I"):
        new = voicing(read_chord(roman, 0, "major"), held, 52, 76, voices=3)
        assert max(abs(a - b) for a, b in zip(held, new, strict=True)) <= 4
        held = new
