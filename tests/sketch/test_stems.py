"""Stems: three groups that are the piece again when they are played together."""

from __future__ import annotations

import numpy as np
import pytest

from musicbuild.sketch.compose import write
from musicbuild.sketch.render import render, render_stems

PIECES = {
    "with crackle": ("lo-fi with vinyl crackle", False),
    "a loop": ("synthwave, 100 BPM", True),
    "no drums": ("ambient pads, no drums", False),
    "guitars": ("metal", False),
}


@pytest.mark.parametrize("name", PIECES)
def test_stems_add_up_to_the_piece(name):
    prompt, loop = PIECES[name]
    score = write(prompt, "6", loop=loop)
    whole, stems = render(score), render_stems(score)
    assert list(stems) == ["drums", "bass", "music"]
    assert {stem.shape for stem in stems.values()} == {whole.shape}
    total = np.stack(list(stems.values())).astype(np.int32).sum(axis=0)
    # Each is dithered, and the limiter cuts what its gain leaves above the ceiling.
    apart = np.abs(total - whole)
    assert np.mean(apart > 4) < 1e-4
    assert apart.max() < 500


def test_each_stem_has_its_players_alone():
    score = write("rock, 120 BPM", "6")
    loudest = {name: np.abs(stem).max() for name, stem in render_stems(score).items()}
    assert min(loudest.values()) > 500
    quiet = render_stems(write("ambient pads, no drums", "6"))
    assert np.abs(quiet["drums"]).max() <= 1
    assert {part.stem for part in score.parts} == {"drums", "bass", "music"}
