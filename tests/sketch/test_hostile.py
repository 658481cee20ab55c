"""Whatever is written in a prompt, there is a piece; and what is clearly asked for is kept."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.sketch.brief import FASTEST, SLOWEST, read_prompt
from musicbuild.sketch.compose import compose
from musicbuild.sketch.instruments import VOICES
from musicbuild.sketch.kits import KITS

RATE = 44100
HOSTILE = {
    "nothing": "",
    "blanks": " \t\n\r ",
    "long": "a dark and stormy night " * 834,
    "one long word": "a" * 20000,
    "only digits": "0123456789",
    "many digits": "9" * 20000,
    "a long fraction": "120." + "3" * 6000 + " BPM",
    "emoji": "🎸🥁🔥 👩‍🎤 🎹",
    "controls": "rock\x00\x01\x1b[31m\x7f\u202e drums",
    "a lone surrogate": "\ud800 jazz",
    "other digits": "jazz \u0661\u0662\u0660 BPM",
    "fullwidth": "\uff2a\uff41\uff5a\uff5a",
    "not a number": "NaN BPM",
    "infinite": "infinite BPM, inf bpm, -inf bpm",
    "no tempo": "0 BPM",
    "a negative tempo": "-120 BPM",
    "too fast": "999999 BPM",
    "far too fast": "9" * 5000 + " BPM",
    "an empty range": "0-0 BPM",
    "a pattern": r"(?P<x>.*)+\1[a-z]{9999} BPM",
    "a template": "{prompt} %s %(x)s ${y} <script>",
    "denials": "no " * 6000,
    "denials in a row": "no drums or bass and guitar nor " * 600,
    "nothing but denials": "no drums, no bass, no piano, no strings, no guitar, no synth, no lead",
    "every word at once": "calm energetic dark bright slow fast waltz straight swing jazz rock",
    "two keys": "in C major, in F# minor, dorian, lydian",
    "yes and no": "drums, no drums, loud drums, without drums",
}

WORDS = (
    *("no", "without", "calm", "energetic", "rising", "jazz", "rock", "ambient", "waltz", "loop"),
    *("drums", "bass", "guitars", "strings", "synth", "pads", "piano", "flute", "or", "and", ","),
    *("in", "a", "A", "F#", "minor", "major", "dorian", "120", "0", "BPM", "slow", "very", "fast"),
)


def brief_of(prompt, seconds=12, *, seed=0, loop=False):
    return read_prompt(prompt, round(Fraction(seconds) * RATE), RATE, take=1, seed=seed, loop=loop)


def check(score):
    form = score.form
    assert SLOWEST * Fraction(1, 2) <= form.bpm <= FASTEST * 2
    assert any(part.voice in VOICES for part in score.parts)
    for part in score.parts:
        assert part.voice in VOICES or part.voice in KITS
        for note in part.notes:
            assert 0 <= note.start < form.end
            assert note.length > 0
            assert 21 <= note.pitch <= 108
            assert 0 < note.velocity <= 1


@pytest.mark.parametrize("prompt", HOSTILE.values(), ids=list(HOSTILE))
def test_there_is_a_piece_whatever_is_asked(prompt):
    for seconds, loop in (("0.5", False), (3, True), ("12.345", False)):
        check(compose(brief_of(prompt, seconds, loop=loop)))


@settings(max_examples=60)
@given(st.text(max_size=60), st.fractions(Fraction(1, 2), 40, max_denominator=500), st.booleans())
def test_any_text_for_any_time_is_a_piece(prompt, seconds, loop):
    check(compose(brief_of(prompt, seconds, loop=loop)))


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(WORDS),
        max_size=14,
    )
)
def test_any_order_of_known_words_is_a_piece(words):
    check(compose(brief_of(" ".join(words))))


@settings(max_examples=100)
@given(st.text(alphabet="0123456789.,- bpmBPMto/\u2013", max_size=40))
def test_any_heap_of_digits_is_a_tempo_or_none(prompt):
    bpm = brief_of(prompt).bpm
    assert bpm is None or SLOWEST <= bpm <= FASTEST


@pytest.mark.parametrize(
    ("prompt", "bpm"),
    [
        ("rock, 0 BPM", 30),
        ("rock, 5 bpm", 30),
        ("rock, 29 BPM", 30),
        ("rock, 301 BPM", 300),
        ("rock, 1120 BPM", 300),
        ("rock, 999999 BPM", 300),
        ("rock, NaN BPM", None),
        ("rock, BPM", None),
        ("rock, twelve BPM", None),
        ("rock, 120 bpms", None),
        ("rock, 120BPM", 120),
        ("rock, 120  Bpm!", 120),
        ("rock, 92,5 BPM", Fraction(185, 2)),
        ("rock in 4,120 BPM", 120),
        ("rock, 120\u2013130 BPM", 125),
        ("rock, 120 - 130 BPM", 125),
        ("rock, 100 beats per minute", 100),
        ("rock, 100 BPM, then 140 BPM", 100),
        ("rock, 120.3333333333333 BPM", Fraction("120.333333")),
    ],
)
def test_a_tempo_is_read_as_it_is_meant(prompt, bpm):
    assert brief_of(prompt).bpm == bpm


def test_beats_per_minute_are_no_drums():
    assert not brief_of("ambient, 60 beats per minute").drums
    assert brief_of("ambient with beats, 60 beats per minute").drums


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("D Minor jazz", "D minor"),
        ("jazz, d minor", "D minor"),
        ("In C Minor", "C minor"),
        ("KEY: C MAJOR", "C major"),
        ("Key of G major", "G major"),
        ("F-sharp minor", "F# minor"),
        ("jazz in F-sharp minor", "F# minor"),
        ("B-flat Major", "Bb major"),
        ("e-flat minor", "Eb minor"),
        ("a-flat major", "Ab major"),
        ("G\u266f dorian", "Ab dorian"),
        ("in E\u266d mixolydian", "Eb mixolydian"),
        ("Cb major", "B major"),
        ("B# minor", "C minor"),
        ("A harmonic minor", "A minor"),
        ("D aeolian", "D minor"),
        ("E Ionian", "E major"),
        ("jazz in C#m", "C# minor"),
        ("rock, F#m, loud", "F# minor"),
        ("rock, Em", "E minor"),
        ("a walk in a park, key of D major", "D major"),
        ("rock in a minor", "A minor"),
        ("rock in a minor, loud", "A minor"),
        ("rock in A minor mood", "A minor"),
        ("in C major, then in F# minor", "C major"),
    ],
)
def test_a_key_is_read_as_it_is_meant(prompt, key):
    assert {brief_of(prompt, seed=seed).key for seed in range(6)} == {key}


def test_a_key_without_a_mode_has_its_tonic():
    for prompt in ("rock in A", "rock in A, loud", "rock, key of A", "rock, key: a"):
        assert {brief_of(prompt, seed=seed).tonic for seed in range(6)} == {9}


@pytest.mark.parametrize(
    "prompt",
    [
        "a walk in a park",
        "lost in A Dream",
        "something in a major key",
        "sad, in a minor mood",
        "I'd love it",
        "a major event",
        "Am I dreaming",
        "in gear",
    ],
)
def test_what_is_no_key_leaves_the_tonic_to_chance(prompt):
    assert len({brief_of(prompt, seed=seed).tonic for seed in range(20)}) > 3


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("electric guitars", "electric guitar"),
        ("violins and flutes", "violin and flute"),
        ("synths and drum machines", "synth and drum machine"),
        ("jazz, no trumpets", "jazz, no trumpet"),
    ],
)
def test_many_are_understood_as_one_is(many, one):
    briefs = [brief_of(prompt) for prompt in (many, one)]
    for field in ("style", "instruments", "unwanted", "drums"):
        assert getattr(briefs[0], field) == getattr(briefs[1], field)


def test_words_inside_words_are_not_heard():
    brief = brief_of("harpoon, flutes? no: rockets, jazzy, organic, drumming, brassiere")
    assert brief.style.name == "neutral"
    assert [each.voice for each in brief.instruments] == ["flute"]


def test_a_bass_drum_is_no_bass():
    assert brief_of("rock, no bass drum").unwanted == set()
