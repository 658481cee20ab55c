"""The data of the styles holds together: every word in it is one the code knows."""

from __future__ import annotations

import pytest

from musicbuild.sketch.instruments import VOICES
from musicbuild.sketch.kits import KITS
from musicbuild.sketch.pattern import Step, read_pattern
from musicbuild.sketch.score import DRUMS
from musicbuild.sketch.style import ACCENTS, Arpeggio, Bass, Beat, Hits, Melody, Pads
from musicbuild.sketch.styles import EXTRAS, NEUTRAL, STYLES
from musicbuild.sketch.theory import read_chord
from musicbuild.sketch.words import INSTRUMENTS

ALL = (*STYLES, NEUTRAL)
ROLES = [(style.name, role) for style in ALL for role in style.roles]
ROLES += [("extras", role) for role in EXTRAS.values()]


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
    figure = role.figure
    if isinstance(figure, Beat):
        assert role.voice in KITS
        for layer in figure.layers:
            assert layer.drum in DRUMS
            for text in layer.patterns:
                assert len(text) == 16
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
        assert len(text) == 16
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
