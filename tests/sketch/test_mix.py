"""Every style is mixed: none of its players drowns, and its colour stays the one it was given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sketch_measures import bands, lufs, side_to_middle

from musicbuild.sketch import master, styles
from musicbuild.sketch.compose import cast, write
from musicbuild.sketch.piece import sketch
from musicbuild.sketch.render import render

STYLES = {style.name: style.name for style in styles.STYLES} | {"neutral": "a walk in the park"}
SECONDS = "8"

WINDOWS = {"bass": (-15, -3), "drums": (-13, -2.5), "lead": (-17, -1.5)}
"""How loud a player may be beside the whole, in LU."""

SPECTRA = {
    "lo-fi": (-7, -6, -5, -12, -19, -25, -25, -31),
    "orchestral": (-10, -10, -5, -6, -9, -14, -24, -30),
    "jazz": (-6, -9, -9, -6, -13, -16, -17, -16),
    "ambient": (-15, -6, -3, -9, -13, -21, -33, -40),
    "rock": (-11, -7, -6, -6, -10, -14, -21, -23),
    "electronic": (-6, -7, -8, -9, -15, -21, -21, -20),
    "synthwave": (-9, -7, -6, -6, -14, -21, -22, -22),
    "techno": (-7, -7, -7, -12, -15, -21, -19, -20),
    "drum and bass": (-7, -8, -7, -7, -14, -20, -18, -16),
    "chiptune": (-3, -9, -10, -7, -14, -16, -19, -20),
    "metal": (-9, -6, -6, -7, -11, -15, -21, -22),
    "folk": (-9, -9, -7, -5, -9, -14, -24, -32),
    "medieval": (-8, -10, -10, -3, -9, -17, -27, -30),
    "celtic": (-6, -9, -8, -6, -9, -14, -23, -31),
    "lullaby": (-15, -11, -6, -5, -7, -12, -23, -39),
    "funk": (-7, -6, -7, -9, -11, -15, -19, -20),
    "hip hop": (-9, -13, -9, -7, -11, -16, -20, -20),
    "latin": (-8, -8, -7, -6, -10, -15, -21, -23),
    "reggae": (-7, -6, -9, -9, -10, -15, -21, -27),
    "pop": (-8, -6, -8, -8, -12, -17, -19, -19),
    "corporate": (-9, -7, -7, -8, -10, -14, -22, -24),
    "horror": (-6, -8, -9, -7, -11, -16, -28, -40),
    "tension": (-7, -9, -8, -8, -9, -13, -21, -26),
    "solo piano": (-8, -7, -6, -7, -10, -14, -19, -32),
    "neutral": (-10, -8, -8, -5, -8, -15, -23, -26),
}
"""The power in each band of `sketch_measures.BANDS`, in dB by the whole: the mean of six seeds."""

every_style = pytest.mark.parametrize("style", STYLES)


@every_style
def test_no_player_drowns_or_drowns_the_others(style, monkeypatch):
    def turn_down(signal):
        signal *= np.float32(0.1)

    # Each stem is to be as loud as it is in the mix, so that nothing may level it.
    monkeypatch.setattr(master, "level", turn_down)
    score = write(f"{STYLES[style]}, energetic", SECONDS)
    slots = {role.name: role.slot for role in cast(score.brief)}
    whole = lufs(render(score))
    heard = {}
    for part in score.parts:
        if slots[part.name] in WINDOWS:
            alone = lufs(render(replace(score, parts=(part,))))
            heard[slots[part.name]] = round(float(alone - whole), 1)
    assert "bass" in heard
    for slot, level in heard.items():
        low, high = WINDOWS[slot]
        assert low <= level <= high, slot


@every_style
def test_a_style_has_its_colour_and_its_width(style):
    samples = sketch(STYLES[style], SECONDS).samples
    # What is 40 dB below the whole isn't heard.
    assert np.maximum(bands(samples), -40) == pytest.approx(np.array(SPECTRA[style]), abs=6)
    if style != "chiptune":  # it comes from two speakers that are all but one
        assert 0.12 <= side_to_middle(samples) <= 0.6
