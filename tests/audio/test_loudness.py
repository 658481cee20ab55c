"""The loudness meter reads what the standards say, at any rate, however the sound is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.measure.loudness import Loudness, LoudnessMeter, Unmeasurable, loudness_of

RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
BOTH = pytest.mark.parametrize("rate", [44100, 48000])


def tone(rate, level, seconds, pitch=1000):
    """A mono sine of `level` dBFS, that is of its peak."""
    turns = np.arange(round(rate * seconds)) * pitch / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * turns)).astype(np.float32)[:, None]


def row(rate, *parts):
    """Stereo tones of `(level, seconds)` one after the other."""
    return np.repeat(np.concatenate([tone(rate, *part) for part in parts]), 2, axis=1)


def loudness(sound, rate):
    meter = LoudnessMeter(rate, sound.shape[1])
    for start in range(0, len(sound), 65_536):
        meter.feed(sound[start : start + 65_536])
    return meter.result()


# -- EBU Tech 3341, integrated, momentary and short-term loudness


@BOTH
@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_cases_1_and_2_steady_tones(rate, level):
    told = loudness(row(rate, (level, 20)), rate)
    assert told.integrated == pytest.approx(level, abs=0.1)
    assert told.momentary == pytest.approx(level, abs=0.1)
    assert told.short_term == pytest.approx(level, abs=0.1)


@BOTH
@pytest.mark.parametrize(
    "parts",
    [
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
    ids=["case 3", "case 4", "case 5"],
)
def test_cases_3_to_5_the_gates(rate, parts):
    assert loudness(row(rate, *parts), rate).integrated == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize(("quiet", "due"), [(-32, -22.74), (-33.5, -20)])
def test_the_relative_gate_is_10_units_under_the_mean(quiet, due):
    # The mean of a half at -20 and a half at -32 is -22.74: -32 is 9.3 under it and counts.
    # With -33.5 the mean is -22.82, 10.7 over it.
    told = loudness(row(44100, (-20, 30), (quiet, 30)), 44100)
    assert told.integrated == pytest.approx(due, abs=0.05)


@BOTH
def test_case_6_surround_without_its_low_frequencies(rate):
    levels = (-28, -28, -24, 0, -30, -30)
    sound = np.concatenate([tone(rate, level, 20) for level in levels], axis=1)
    assert loudness(sound, rate).integrated == pytest.approx(-23, abs=0.1)


# -- EBU Tech 3342, loudness range


@BOTH
@pytest.mark.parametrize(
    ("levels", "due"),
    [
        ((-20, -30), 10),
        ((-20, -15), 5),
        ((-40, -20), 20),
        ((-50, -35, -20, -35, -50), 15),
    ],
    ids=["case 1", "case 2", "case 3", "case 4"],
)
def test_the_loudness_range(rate, levels, due):
    told = loudness(row(rate, *((level, 20) for level in levels)), rate)
    assert told.range == pytest.approx(due, abs=1)


def test_a_steady_tone_has_no_range():
    assert loudness(row(44100, (-20, 10)), 44100).range == pytest.approx(0, abs=0.01)


# -- the filter


# ITU-R BS.1770-4, tables 1 and 2: numerator and denominator at 48 kHz.
STAGES = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (-1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
)


def recursive(samples):
    """Filter sample by sample with the coefficients of the standard."""
    for (b0, b1, b2), (a1, a2) in STAGES:
        out, x1, x2, y1, y2 = [], 0.0, 0.0, 0.0, 0.0
        for x in samples:
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            out.append(y)
            x1, x2, y1, y2 = x, x1, y, y1
        samples = out
    return np.array(samples)


def test_the_filter_is_that_of_the_standard_to_a_thousandth_of_a_unit():
    rng = np.random.default_rng(1)
    sound = (rng.normal(0, 0.1, 24_000) + 0.2).astype(np.float32)
    squares = recursive(sound.tolist()) ** 2
    due = [
        -0.691 + 10 * math.log10(squares[start : start + 19_200].mean())
        for start in (0, 4800)  # the windows of 400 ms that fit
    ]
    assert loudness(sound[:, None], 48_000).momentary == pytest.approx(max(due), abs=0.001)
    whole = -0.691 + 10 * math.log10(squares.mean())
    assert loudness_of(sound[:, None], 48_000) == pytest.approx(whole, abs=0.001)


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_reads_alike(rate):
    # 0 dBFS at 997 Hz in one channel is the standard's -3.01 LKFS.  The bilinear transform
    # bends the shelf more the lower the rate is: by 0.20 at 8 kHz.
    allowed = 0.05 if rate >= 16_000 else 0.21
    told = loudness(tone(rate, 0, 2, 997), rate)
    assert told.integrated == pytest.approx(-3.01, abs=allowed)
    low = loudness(tone(rate, 0, 2, 40), rate).integrated
    assert low == pytest.approx(loudness(tone(48_000, 0, 2, 40), 48_000).integrated, abs=0.05)


# -- what is short, silent or no sound


@pytest.mark.parametrize("samples", [0, 1, 4410, 17_639])
def test_under_400_ms_there_is_no_loudness(samples):
    sound = row(44100, (-10, 1))[:samples]
    assert loudness(sound, 44100) == Loudness(-math.inf, 0.0, -math.inf, -math.inf)


def test_400_ms_are_enough_and_short_term_takes_3_seconds():
    sound = row(44100, (-10, 4))
    shortest = loudness(sound[:17_640], 44100)
    assert shortest.integrated == shortest.momentary == pytest.approx(-10, abs=0.1)
    assert shortest.short_term == -math.inf
    assert loudness(sound[: 3 * 44100 - 1], 44100).short_term == -math.inf
    assert loudness(sound[: 3 * 44100], 44100).short_term == pytest.approx(-10, abs=0.1)


def test_silence_has_no_loudness():
    sound = np.zeros((5 * 44100, 2), np.float32)
    assert loudness(sound, 44100) == Loudness(-math.inf, 0.0, -math.inf, -math.inf)
    assert loudness_of(sound, 44100) == loudness_of(sound[:0], 44100) == -math.inf


def test_what_is_under_the_gate_is_momentarily_loud_but_has_no_integrated_loudness():
    told = loudness(row(44100, (-75, 5)), 44100)
    assert (told.integrated, told.range) == (-math.inf, 0.0)
    assert told.momentary == pytest.approx(-75, abs=0.1)


def test_a_constant_offset_is_not_heard():
    sound = row(44100, (-20, 5))
    rise = np.minimum(np.arange(len(sound)) / 44100, 1)  # a step would be heard
    offset = (0.3 * np.sin(rise * np.pi / 2) ** 2).astype(np.float32)[:, None]
    assert loudness(sound + offset, 44100).integrated == pytest.approx(
        loudness(sound, 44100).integrated, abs=0.001
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
def test_samples_that_are_no_sound_are_refused(bad):
    sound = row(44100, (-20, 1))
    sound[20_000, 1] = bad
    with pytest.raises(Unmeasurable, match="no numbers, or far beyond full scale"):
        loudness(sound, 44100)
    with pytest.raises(Unmeasurable, match="no numbers, or far beyond full scale"):
        loudness_of(sound, 44100)


def test_what_no_meter_is_made_for_is_refused():
    with pytest.raises(Unmeasurable, match=r"^its rate is 7999 Hz, and 8000 to 192000 are"):
        LoudnessMeter(7999, 2)
    with pytest.raises(Unmeasurable, match=r"^its rate is 192001 Hz"):
        loudness_of(np.zeros((5, 1), np.float32), 192_001)
    for channels in (0, 7):
        with pytest.raises(Unmeasurable, match=f"^it has {channels} channels, and 1 to 6 are"):
            LoudnessMeter(44100, channels)
    with pytest.raises(Unmeasurable, match=r"^a block has the shape \(9, 1\), and 2 channels"):
        LoudnessMeter(44100, 2).feed(np.zeros((9, 1), np.float32))


# -- streaming


PIECE = np.random.default_rng(2).normal(0, 0.1, (40_123, 2)).astype(np.float32)
PIECE *= np.linspace(0.01, 1, len(PIECE), dtype=np.float32)[:, None]
WHOLE = loudness(PIECE, 8000)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(PIECE)), max_size=40))
def test_the_cut_into_blocks_changes_nothing(cuts):
    meter = LoudnessMeter(8000, 2)
    for block in np.split(PIECE, sorted(cuts)):
        meter.feed(block)
    assert meter.result() == WHOLE


def test_a_result_in_between_changes_nothing():
    meter = LoudnessMeter(8000, 2)
    for block in np.array_split(PIECE, 7):
        meter.feed(block)
        meter.result()
    assert meter.result() == meter.result() == WHOLE


def test_a_channel_of_a_wider_sound_can_be_fed_as_it_is():
    meter = LoudnessMeter(8000, 1)
    meter.feed(PIECE[:, 1:])
    assert meter.result() == loudness(PIECE[:, 1:].copy(), 8000)
