"""How pieces sound beside each other: brighter words, what builds, and that nothing clicks."""

from __future__ import annotations

import numpy as np
import pytest
from sketch_measures import RATE, centroid, mono

from musicbuild.sketch.piece import sketch

PLAIN = [
    "lo-fi", "epic orchestral", "jazz", "ambient", "rock", "synthwave", "techno", "chiptune",
    "folk", "medieval", "funk", "hip hop", "pop", "latin", "horror", "solo piano", "corporate",
    "drum and bass", "metal", "celtic",
]  # fmt: skip


def heard(prompt, seconds="8"):
    return mono(sketch(prompt, seconds).samples)


def test_bright_words_make_brighter_music_than_dark_ones():
    ratios = {
        prompt: centroid(sketch(f"bright {prompt}, 100 BPM in C major", "8").samples)
        / centroid(sketch(f"dark {prompt}, 100 BPM in C major", "8").samples)
        for prompt in PLAIN
    }
    brighter = [prompt for prompt, ratio in ratios.items() if ratio > 1]
    assert len(brighter) >= 0.95 * len(PLAIN), ratios


@pytest.mark.parametrize(
    "prompt", ["synthwave", "epic orchestral", "techno", "rock", "metal", "pop", "jazz", "folk"]
)
def test_what_builds_grows_louder(prompt):
    """A wall of guitars is loud from the beginning, and can grow by little."""

    def growth(words):
        signal = heard(f"{words}, 110 BPM in D minor", "24")
        first, last = signal[: 8 * RATE], signal[13 * RATE : 21 * RATE]
        return 10 * np.log10(np.mean(last**2) / np.mean(first**2))

    assert growth(f"{prompt}, building and rising") > growth(prompt) + 0.3


@pytest.mark.parametrize("prompt", PLAIN)
def test_nothing_clicks(prompt):
    """A cut wave bends in a few samples as no instrument does; drums do, and are left out."""
    signal = heard(f"{prompt}, no drums, 100 BPM", "6")
    bent = np.diff(signal, 3) ** 2
    hop = RATE // 1000
    energy = bent[: len(bent) // hop * hop].reshape(-1, hop).mean(axis=1) + 1e-12
    around = np.lib.stride_tricks.sliding_window_view(energy, 41)
    excess = energy[20:-20] / np.max(np.delete(around, 20, axis=1), axis=1)
    assert excess.max() < 6
