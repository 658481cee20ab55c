"""The tempo of pieces is heard that were composed in it, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from musicbuild.audio.measure.tempo import Tempo, TempoMeter
from musicbuild.sketch.piece import sketch

RATE = 44100


def heard(sound, rate=RATE, size=65536):
    meter = TempoMeter(rate, sound.shape[1])
    for at in range(0, len(sound), size):
        meter.feed(sound[at : at + size])
    return meter.result()


def composed(prompt, seconds="14"):
    piece = sketch(prompt, seconds)
    return piece.samples.astype(np.float32) / 32768, float(piece.bpm)


def noise(seconds, seed=1):
    samples = np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))
    return (0.1 * samples).astype(np.float32)


@pytest.mark.parametrize(
    "prompt",
    [
        "Chillhop with vinyl crackle, 80 BPM",
        "Trance in A minor, 126 BPM",
        "Retrowave in F# minor, 92 BPM",
        "8-bit boss fight in C minor, 150 BPM",
        "Country tune in G major, 104 BPM",
        "Disco in E minor, 110 BPM",
        "Pop in C major, 118 BPM",
        "Motivational business explainer, 112 BPM",
    ],
)
def test_a_composed_tempo_is_heard_within_a_half_per_cent(prompt):
    sound, bpm = composed(prompt)
    tempo = heard(sound)
    assert tempo.bpm == pytest.approx(bpm, rel=0.005)
    assert tempo.confidence > 0.1


@pytest.mark.parametrize(
    "prompt",
    ["DnB in G minor, 174 BPM", "Dark industrial techno, 130 BPM", "Dub in A minor, 72 BPM"],
)
def test_fast_and_slow_music_may_be_counted_in_halves_or_doubles(prompt):
    sound, bpm = composed(prompt)
    tempo = heard(sound)
    assert min(abs(tempo.bpm * times / bpm - 1) for times in (0.5, 1, 2)) < 0.005
    assert tempo.confidence >= 0.2


def test_clicks_are_heard_at_any_rate():
    for rate in (22050, 48000):
        clicks = np.zeros((rate * 12, 1), np.float32)
        for beat in range(20):
            clicks[round(beat * rate * 60 / 100) :][: rate // 50] = 0.5
        tempo = heard(clicks, rate)
        assert tempo.bpm == pytest.approx(100, rel=0.003)
        assert tempo.confidence > 0.5


def test_the_confidence_is_low_where_two_tempi_are_heard_at_once():
    one, other = composed("Pop in C major, 118 BPM")[0], composed("Pop in C major, 93 BPM")[0]
    assert heard(one + other).confidence < heard(one).confidence / 2


def test_no_pulse_is_found_where_there_is_none():
    times = np.arange(20 * RATE) / RATE
    tones = 0.2 * sum(np.sin(2 * np.pi * hertz * times) for hertz in (220, 277.2, 330))
    for sound in (
        noise(30),
        np.zeros((20 * RATE, 2), np.float32),
        tones.astype(np.float32)[:, None],
        noise(1),
        noise(0),
    ):
        assert heard(sound) == Tempo(0.0, 0.0)


def test_the_level_and_the_sizes_of_blocks_do_not_matter():
    sound, _ = composed("Trance in A minor, 126 BPM")
    tempo = heard(sound)
    assert heard(sound, size=len(sound)) == heard(sound, size=4321) == tempo
    quiet = heard(sound * np.float32(0.01))
    assert quiet.bpm == pytest.approx(tempo.bpm, rel=0.001)
    assert quiet.confidence == pytest.approx(tempo.confidence, abs=0.02)
