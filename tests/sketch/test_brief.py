"""What is asked for in a prompt is understood."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.sketch.brief import Instrument, read_prompt
from musicbuild.sketch.styles import STYLES


def read(prompt, *, seed=0, take=1, loop=False):
    return read_prompt(prompt, 44100 * 30, 44100, take=take, seed=seed, loop=loop)


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("Calm lo-fi hip hop beat", "lo-fi"),
        ("Epic orchestral battle theme", "orchestral"),
        ("smoky jazz club, double bass", "jazz"),
        ("dreamy ambient soundscape", "ambient"),
        ("grunge rock with a guitar riff", "rock"),
        ("1980s synthwave", "synthwave"),
        ("no jazz, just lo-fi", "lo-fi"),
        ("a walk in the park", "neutral"),
        ("", "neutral"),
    ],
)
def test_the_style(prompt, style):
    assert read(prompt).style.name == style


@pytest.mark.parametrize(
    ("prompt", "bpm"),
    [
        ("rock, 140 BPM", 140),
        ("rock at 92.5bpm", Fraction(185, 2)),
        ("rock, 120-130 BPM", 125),
        ("rock, 90 to 100 bpm", 95),
        ("rock, 999 bpm", 300),
        ("rock in 4/4", None),
    ],
)
def test_the_tempo(prompt, bpm):
    assert read(prompt).bpm == bpm


def test_words_of_tempo():
    assert read("slow rock").tempo == (66, 76)
    assert read("very slow rock").tempo == (52, 60)
    assert read("rock").tempo == (124, 148)


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("jazz in D minor", "D minor"),
        ("jazz in F# minor", "F# minor"),
        ("jazz in Bb major", "Bb major"),
        ("jazz in b flat major", "Bb major"),
        ("jazz, key of E dorian", "E dorian"),
        ("C# minor jazz", "C# minor"),
        ("A-minor jazz", "A minor"),
        ("jazz in Am", "A minor"),
        ("jazz in Gmaj", "G major"),
    ],
)
def test_the_key(prompt, key):
    if key:
        assert {read(prompt, seed=seed).key for seed in range(5)} == {key}
    else:
        assert len({read(prompt, seed=seed).key for seed in range(20)}) > 3


def test_a_minor_key_is_no_key_of_a():
    keys = {read("something sad in a minor key", seed=seed).key for seed in range(20)}
    assert all(key.endswith("minor") for key in keys)
    assert len(keys) > 3
    assert len({read("a song in a major key", seed=seed).key for seed in range(20)}) > 3


@pytest.mark.parametrize(
    ("prompt", "drums"),
    [
        ("rock", True),
        ("rock, no drums", False),
        ("rock without any drums", False),
        ("rock, no bass or drums", False),
        ("rock, no percussion", False),
        ("drumless lo-fi", False),
        ("beatless synthwave", False),
        ("ambient", False),
        ("ambient with a soft beat", True),
        ("no vocals, loud drums", True),
    ],
)
def test_the_drums(prompt, drums):
    assert read(prompt).drums is drums


def test_instruments_in_their_order_and_the_longer_names_first():
    brief = read("flute over electric piano and upright bass, no strings")
    assert brief.instruments == (
        Instrument("flute", "lead"),
        Instrument("electric piano", "chords"),
        Instrument("double bass", "bass"),
    )
    assert brief.unwanted == {"strings", "low strings", "short strings"}


def test_moods_move_energy_brightness_and_mode():
    plain, calm, wild = read("rock"), read("calm rock"), read("dark aggressive rock")
    assert calm.energy < plain.energy < wild.energy
    assert read("bright rock").brightness > plain.brightness > read("dark rock").brightness
    modes = [[read(p, seed=seed).minor for seed in range(40)] for p in ("happy pop", "sad pop")]
    assert sum(modes[0]) < sum(modes[1])


def test_other_wishes():
    assert read("a waltz").meter.name == "3/4"
    assert read("rock").meter.name == "4/4"
    assert read("a seamless loop of rock").loop
    assert not read("rock, no loop").loop
    assert read("rock", loop=True).loop
    assert read("rising tension").arc == "build"
    assert read("straight jazz").swing == 0.5
    assert read("rock with a swing feel", seed=1).swing > 0.5
    assert read("lo-fi with vinyl crackle").crackle


def test_it_says_why():
    assert read("Dark synthwave in A minor, 100 BPM, no drums").why == (
        "style synthwave: synthwave",
        "moods: dark",
        "tempo: 100 as asked",
        "drums: no",
    )


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [
        ("calm folk with ukulele and sitar, no vocals", ("ukulele", "sitar")),
        ("jazz in 5/4", ("5/4",)),
        ("lo-fi hip hop with piano", ()),
        ("orchestral techno with orchestra", ("techno",)),
        ("a walk in the park", ()),
    ],
)
def test_musical_words_that_nothing_answers_to_are_told(prompt, ignored):
    assert read(prompt).ignored == ignored


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("Background music for studying, soft and calm", "ambient"),
        ("High energy workout music", "electronic"),
        ("Cinematic trailer, epic", "orchestral"),
        ("lo-fi beats to relax", "lo-fi"),
        ("Uplifting corporate presentation", "corporate"),
    ],
)
def test_the_five_usual_wishes(prompt, style):
    assert read(prompt).style.name == style


def test_every_style_answers_to_its_name():
    for style in STYLES:
        assert read(style.name).style is style


def test_seed_and_take_and_prompt_are_other_dice():
    paths = {read("rock").path, read("rock", seed=1).path, read("rock", take=2).path}
    assert len({*paths, read("rock ").path}) == 4


@given(st.text(max_size=200))
def test_any_text_is_understood_somehow(prompt):
    brief = read(prompt)
    assert 0 < brief.energy <= 1
    assert 0 < brief.brightness <= 1
    assert 0 <= brief.tonic < 12
