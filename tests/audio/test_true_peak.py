"""The true-peak meter finds what is between the samples, and skipping stretches loses nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.measure.loudness import Unmeasurable
from musicbuild.audio.measure.true_peak import TruePeakMeter, _kernel
from musicbuild.audio.sound import decibels


def true_peak(sound, rate=44100, floor=0.0):
    meter = TruePeakMeter(rate, sound.shape[1], floor)
    for start in range(0, len(sound), 65_536):
        meter.feed(sound[start : start + 65_536])
    return meter.result()


def filters(factor):
    """The filters of each place between two samples that the meter's docstrings describe."""
    taps = np.arange(-15, 17)
    for phase in range(1, factor):
        away = taps - phase / factor
        weights = np.sinc(away) * np.i0(6 * np.sqrt(1 - (away / 16) ** 2))
        yield weights / weights.sum()


def everywhere(sound, factor=4):
    """Interpolate everywhere."""
    highest = [np.abs(sound).max(initial=0)]
    highest += [
        np.abs(np.convolve(channel.astype(float), weights[::-1])).max(initial=0)
        for weights in filters(factor)
        for channel in sound.T
    ]
    return float(max(highest))


def ideal(channel, factor):
    """Interpolate as if the sound went round: exact for what has no frequency near the highest."""
    spectrum = np.fft.rfft(channel.astype(float))
    return float(np.abs(np.fft.irfft(spectrum, len(channel) * factor)).max() * factor)


def faded(sound, samples=441):
    """Fade in and out, as a hard cut has peaks of its own."""
    rise = (0.5 - 0.5 * np.cos(np.pi * np.arange(samples) / samples))[:, None]
    sound = sound.copy()
    sound[:samples] *= rise
    sound[-samples:] *= rise[::-1]
    return sound.astype(np.float32)


# -- EBU Tech 3341


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize(
    ("part", "degrees", "high", "due"),
    [
        (4, 0, 0.5, -6.0),
        (4, 45, 0.5, -6.0),
        (6, 60, 0.5, -6.0),
        (8, 67.5, 0.5, -6.0),
        (4, 45, 1.41, 3.0),
    ],
    ids=["case 15", "case 16", "case 17", "case 18", "case 19"],
)
def test_tones_whose_peaks_fall_between_the_samples(rate, part, degrees, high, due):
    turns = np.arange(rate) / part + degrees / 360
    tone = faded(np.repeat(high * np.sin(2 * np.pi * turns)[:, None], 2, axis=1))
    assert due - 0.4 <= decibels(true_peak(tone, rate)) <= due + 0.2


# -- how near it comes


@pytest.mark.parametrize("seed", range(4))
def test_it_comes_within_a_tenth_of_a_decibel_of_ideal_interpolation(seed):
    rng = np.random.default_rng(seed)
    length = 44100
    spectrum = rng.normal(size=length // 2 + 1) + 1j * rng.normal(size=length // 2 + 1)
    hertz = np.arange(len(spectrum))
    spectrum *= (hertz < 19_000) / (1 + hertz / (300, 1000, 4000, 20_000)[seed])
    sound = np.fft.irfft(spectrum, length)
    sound = faded((sound / np.abs(sound).max())[:, None])
    gap = decibels(true_peak(sound)) - decibels(ideal(sound[:, 0], 32))
    # Four places per sample can miss the top of a wave, most at the highest frequencies.
    assert -0.1 < gap < 0.02


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 400),
    kind=st.sampled_from(["noise", "alternating", "clipped", "smooth", "spikes"]),
    rate=st.sampled_from([44100, 176_400]),
)
def test_skipping_stretches_loses_nothing(seed, length, kind, rate):
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 0.2, (length, 2))
    match kind:
        case "alternating":  # up to twice as high between as at the samples
            flips = np.where(rng.random(length) < 0.1, 1, -1).cumprod()[:, None]
            sound = flips * (0.5 + 0.01 * sound)
        case "clipped":
            sound = np.clip(sound * 10, -0.5, 0.5)
        case "smooth":
            sound = np.cumsum(np.cumsum(sound, axis=0), axis=0)
        case "spikes":
            sound[rng.random((length, 2)) < 0.9] = 0
    sound = sound.astype(np.float32)
    due = everywhere(sound, 4 if rate == 44100 else 2)
    assert true_peak(sound, rate) == pytest.approx(due, rel=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_no_stretch_rises_over_its_bounds(factor):
    """The worst samples for each place, ramps with their top at either end, and noise."""
    stretches = [np.arange(63.0), np.arange(63.0)[::-1], np.ones(63)]
    for weights in filters(factor):
        for place in range(32):
            worst = np.zeros(63)
            worst[place : place + 32] = np.sign(weights)
            stretches += [worst, np.cumsum(worst), np.cumsum(np.cumsum(worst - worst.mean()))]
    stretches += list(np.random.default_rng(8).normal(0, 1, (300, 63)))
    stretches = np.array(stretches, np.float32)
    kernel = _kernel(factor)
    highest = np.abs(stretches @ kernel.matrix).max(axis=1)
    samples = np.abs(stretches).max(axis=1)
    assert (highest <= kernel.bounds(stretches)).all()
    assert (highest <= kernel.gain * samples).all()
    assert (highest / samples).max() == pytest.approx(kernel.gain, rel=0.001)


@pytest.mark.parametrize("place", [70, 3001, 32_760, 39_990])
def test_the_worst_samples_are_found_between_others_that_are_higher(place):
    time = np.arange(40_000)
    sound = np.sin(time / 50)[:, None].astype(np.float32)
    # Samples of 0.45 that change their sign at each step but one rise to 1.1 there.
    near = np.abs(time - place) < 40
    sound[near, 0] = np.where((time + (time > place)) % 2, 0.45, -0.45)[near]
    told = true_peak(sound)
    assert told > 1.05 > np.abs(sound).max()
    assert told == pytest.approx(everywhere(sound), rel=1e-5)


def test_it_is_found_in_any_place_of_a_long_piece():
    quiet = np.random.default_rng(3).normal(0, 0.05, (100_000, 2)).astype(np.float32)
    for place in (0, 31, 32, 32_736, 32_767, 32_768, 65_537, 99_998):
        sound = quiet.copy()
        sound[place : place + 2, 1] = 0.7  # rises to about 0.9 between the two
        told = true_peak(sound)
        assert told > 0.8
        assert told == pytest.approx(everywhere(sound), rel=1e-5)


# -- edges, floors, rates


@pytest.mark.parametrize("samples", [0, 1, 2, 31, 32, 33, 5000])
def test_silence_has_no_peak(samples):
    assert true_peak(np.zeros((samples, 2), np.float32)) == 0


def test_one_sample_is_its_own_peak():
    assert true_peak(np.full((1, 1), -0.5, np.float32)) == 0.5


def test_outside_of_the_sound_there_is_silence():
    # Two equal samples after and before nothing: the wave between them is that of two sincs.
    due = 0.5 * 2 * math.sin(math.pi / 2) / (math.pi / 2)
    assert true_peak(np.full((2, 1), 0.5, np.float32)) == pytest.approx(due, rel=0.03)


def test_a_floor_that_is_not_reached_is_told_as_not_reached():
    sound = np.random.default_rng(4).normal(0, 0.2, (100_000, 2)).astype(np.float32)
    exact = true_peak(sound)
    for floor in (0.0, exact * 0.5, exact * 0.999):
        assert true_peak(sound, floor=floor) == exact
    for floor in (exact, exact * 1.001, exact * 3):
        assert np.abs(sound).max() <= true_peak(sound, floor=floor) <= exact


def test_rates_of_192_khz_need_no_oversampling():
    sound = np.random.default_rng(5).normal(0, 0.2, (1000, 2)).astype(np.float32)
    highest = float(np.abs(sound).max())
    assert true_peak(sound, 192_000) == highest < true_peak(sound, 176_400)
    assert true_peak(sound, 176_400) <= true_peak(sound, 96_000) == true_peak(sound, 8000)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
def test_samples_that_are_no_sound_are_refused(bad):
    sound = np.zeros((70_000, 2), np.float32)
    sound[20_000, 1] = bad
    for length in (20_001, len(sound)):  # at the end, and on the way
        with pytest.raises(Unmeasurable, match="no numbers, or far beyond full scale"):
            true_peak(sound[:length])


def test_blocks_of_other_channels_are_refused():
    with pytest.raises(Unmeasurable, match=r"^a block has the shape \(9, 1\), and 2 channels"):
        TruePeakMeter(44100, 2).feed(np.zeros((9, 1), np.float32))


# -- streaming


PIECE = np.random.default_rng(6).normal(0, 0.2, (70_123, 2)).astype(np.float32)
PIECE[-2:] = 1.0
WHOLE = true_peak(PIECE)


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(PIECE)), max_size=40))
def test_the_cut_into_blocks_changes_nothing(cuts):
    meter = TruePeakMeter(44100, 2)
    for block in np.split(PIECE, sorted(cuts)):
        meter.feed(block)
    assert meter.result() == WHOLE


def test_a_result_in_between_changes_nothing():
    meter = TruePeakMeter(44100, 2)
    for block in np.array_split(PIECE, 7):
        meter.feed(block)
        meter.result()
    assert meter.result() == meter.result() == WHOLE
