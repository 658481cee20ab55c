"""The data of the styles holds together: every word in it is one the code knows."""

from __future__ import annotations

import pytest

from musicbuild.sketch.instruments import VOICES
from musicbuild.sketch.kits import KITS
from musicbuild.sketch.meters import in_meter
from musicbuild.sketch.pattern import Step, read_pattern
from musicbuild.sketch.score import DRUMS
from musicbuild.sketch.style import (
    ACCENTS,
    FOUR,
    SIX,
    THREE,
    Arpeggio,
    Bass,
    Beat,
    Hits,
    Melody,
    Pads,
    Walk,
)
from musicbuild.sketch.styles import EXTRAS, NEUTRAL, STYLES
from musicbuild.sketch.theory import INTERVALS, Chord, read_chord, voicing
from musicbuild.sketch.words import FAMILIES, INSTRUMENTS, MOODS, TEMPI

ALL = (*STYLES, NEUTRAL)
ROLES = [(style.name, role) for style in ALL for role in style.roles]
ROLES += [("extras", role) for role in EXTRAS.values()]
METERS = {"extras": FOUR, **{style.name: style.meter for style in ALL}}


def test_a_pattern_is_read():
    assert read_pattern("X==.o.a=", 16) == (Step(0, 3, "X"), Step(4, 1, "o"), Step(6, 2, "a"))
    assert read_pattern("..X=====", 4) == (Step(2, 2, "X"),)
    assert read_pattern("....", 16) == ()


@pytest.mark.parametrize("style", ALL, ids=lambda style: style.name)
def test_a_style_is_whole(style):
    assert style.name == style.name.lower()
    assert style.tempo[0] < style.tempo[1]
    assert style.words or style is NEUTRAL
    assert 0.5 <= style.swing < 0.75
    assert style.arc in {"steady", "arch", "build", "full"}
    for mode, romans in (
        ("major", (*style.major_progressions, style.final_major)),
        ("minor", (*style.minor_progressions, style.final_minor)),
    ):
        assert len(romans) > 1
        for roman in " ".join(romans).split():
            read_chord(roman, 0, mode)
    names = [role.name for role in style.roles]
    assert len(names) == len(set(names))
    assert any(isinstance(role.figure, Beat) for role in style.roles)


@pytest.mark.parametrize(("style", "role"), ROLES, ids=lambda each: getattr(each, "name", each))
def test_a_role_is_playable(style, role):
    figure, steps = role.figure, METERS[style].steps
    if isinstance(figure, Beat):
        assert role.voice in KITS
        for layer in figure.layers:
            assert layer.drum in DRUMS
            for text in layer.patterns:
                assert len(text) == steps
                assert set(text) <= {*ACCENTS, "."}
        for fill in figure.fills:
            assert all(set(text) <= {*ACCENTS, "."} for text in fill.values())
            assert set(fill) <= set(DRUMS)
        assert set(figure.ending) <= set(DRUMS)
        return
    assert role.voice in VOICES
    assert 21 <= figure.low < figure.high <= 100
    assert figure.high - figure.low >= 11
    match figure:
        case Hits() | Bass():
            texts, letters = figure.rhythms, ACCENTS if isinstance(figure, Hits) else "Rrfoa"
        case Melody():
            texts, letters = (*figure.cells, figure.cadence), ACCENTS
        case Arpeggio():
            assert all(set(order) <= {0, 1, 2, 3} for order in figure.orders)
            texts, letters = (), ""
        case Pads() | _:
            texts, letters = (), ""
    for text in texts:
        assert len(text) == steps
        assert set(text) <= {*letters, ".", "="}


def test_every_kit_has_every_drum():
    for kit in KITS.values():
        assert set(kit) == set(DRUMS)


def test_every_instrument_of_a_prompt_can_be_played():
    for voice, slot in INSTRUMENTS.values():
        assert voice in VOICES
        assert slot in EXTRAS


def test_no_two_styles_share_a_name():
    assert len({style.name for style in ALL}) == len(ALL)


@pytest.mark.parametrize("style", ALL, ids=lambda style: style.name)
def test_the_figures_of_a_style_are_sensible(style):
    low, high = style.tempo
    assert 50 <= low < high <= 180
    assert high <= 1.5 * low
    assert all(isinstance(weight, int) and 1 <= weight <= 5 for weight in style.words.values())
    assert all(word == word.lower().strip() for word in style.words)
    assert 0 <= style.minor <= 1
    assert 0.1 <= style.energy <= 1
    assert 0.05 <= style.brightness <= 1
    assert style.swing_grid in (1, 2)
    assert style.bars_per_chord in (1, 2)
    assert 1 <= style.tail <= 4
    assert 0.3 <= style.room.seconds <= 6
    assert 0 <= style.room.damping < 1
    for progression in (*style.major_progressions, *style.minor_progressions):
        assert len(progression.split()) in (2, 4, 8)
    assert len(set(style.major_progressions)) == len(style.major_progressions)
    assert read_chord(style.final_major, 0, "major").root == 0
    assert read_chord(style.final_minor, 0, "minor").root == 0


@pytest.mark.parametrize("style", ALL, ids=lambda style: style.name)
def test_a_style_has_a_ground_a_middle_and_a_voice(style):
    figures = [role.figure for role in style.roles]
    assert sum(isinstance(figure, Melody) for figure in figures) == 1
    assert any(isinstance(figure, Bass | Walk) for figure in figures)
    assert any(isinstance(figure, Pads | Hits | Arpeggio) for figure in figures)
    assert min(role.above for role in style.roles) == 0
    melody = next(figure for figure in figures if isinstance(figure, Melody))
    bass = next(figure for figure in figures if isinstance(figure, Bass | Walk))
    assert melody.low > bass.high


@pytest.mark.parametrize(("style", "role"), ROLES, ids=lambda each: getattr(each, "name", each))
def test_a_player_sits_in_the_mix(style, role):
    mix = role.mix
    assert -20 <= mix.gain <= 0
    assert -1 <= mix.pan <= 1
    assert all(0 <= each <= 1 for each in (mix.send, mix.width, mix.duck))
    assert all(0 <= each <= 0.05 for each in (mix.jitter, mix.lag, mix.strum))
    assert 0.3 <= role.velocity <= 1
    assert 0 <= role.above <= 0.9
    if mix.echo:
        assert 1.8 * mix.echo.feedback < 1  # or it would never end
        assert mix.echo.beats * 4 % 1 == 0


@pytest.mark.parametrize(("style", "role"), ROLES, ids=lambda each: getattr(each, "name", each))
@pytest.mark.parametrize("meter", [FOUR, THREE, SIX], ids=lambda meter: meter.name)
def test_patterns_fit_a_bar_in_every_meter(style, role, meter):
    native = METERS[style]
    figure = in_meter(role.figure, meter, native)
    assert (figure == role.figure) or meter is not native
    if isinstance(figure, Beat):
        for fill in figure.fills:
            assert len({len(text) for text in fill.values()}) == 1
            assert all(len(text) in (2, 4, 6, 8) for text in fill.values())
        rhythms = [text for layer in figure.layers for text in layer.patterns if layer.above == 0]
    elif isinstance(figure, Melody):
        rhythms = [*figure.cells, figure.cadence]
    else:
        rhythms = getattr(figure, "rhythms", ())
    for text in rhythms:
        steps = read_pattern(text, meter.steps)
        assert steps
        assert all(step.start + step.length <= meter.steps for step in steps)
        assert text[0] != "="  # nothing to hold


@pytest.mark.parametrize(("style", "role"), ROLES, ids=lambda each: getattr(each, "name", each))
def test_a_pad_has_room_for_every_chord_in_all_its_voices(style, role):
    figure = role.figure
    if isinstance(figure, Pads):
        for root in range(12):
            for intervals in (INTERVALS[""], INTERVALS["m"], INTERVALS["maj9"]):
                chord = Chord(root, intervals)
                spread = voicing(chord, (), figure.low, figure.high, voices=figure.voices)
                assert len(spread) == figure.voices


def test_words_mean_what_the_code_knows():
    for voices in FAMILIES.values():
        assert set(voices) <= set(VOICES)
    for energy, brightness, minor in MOODS.values():
        assert abs(energy) <= 0.25
        assert abs(brightness) <= 0.25
        assert abs(minor) <= 0.6
    for low, high in TEMPI.values():
        assert 50 <= low < high <= 180
    lengths = {word: index for index, word in enumerate(TEMPI)}
    for word, index in lengths.items():
        assert all(index < lengths[other] for other in lengths if word.endswith(f" {other}"))
