"""No peak gets past the ceiling, and what needs no limiting isn't touched."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.limiter import PRE_ROLL, Limiter
from musicbuild.audio.sound import amplitude, decibels

RATE = 44100
STEP = 33072
"""The samples that are worked on at once at this rate."""

PROBE = np.float32(0.125)
"""A channel that is constant shows the gain itself."""


def limited(sound, ceiling, *, block=10_000, rate=RATE, pre_roll=None):
    limiter = Limiter(rate, sound.shape[1], ceiling, pre_roll=pre_roll)
    blocks = [limiter.push(sound[at : at + block]) for at in range(0, len(sound), block)]
    return np.concatenate([*blocks, limiter.finish()]), limiter.reduction


def true_peak(sound, rate=RATE):
    """Measure at 16 times the rate, with another's filter."""
    return decibels(float(np.abs(soxr.resample(sound, rate, rate * 16, "VHQ")).max()))


def band_limited(sound, rate):
    """Leave out what no converter plays, above 20/44.1 of the rate, and fade the ends."""
    spectrum = np.fft.rfft(sound, axis=0)
    spectrum[int(len(sound) * 20 / 44.1) :] = 0
    sound = np.fft.irfft(spectrum, len(sound), axis=0)
    ends = np.minimum(1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / 500)
    return (sound * ends[:, None]).astype(np.float32)


def drums(seconds, channels=2, rate=RATE):
    """Make a hum with hits, each a burst of noise."""
    random = np.random.default_rng(7)
    samples = int(seconds * rate)
    time = np.arange(samples)[:, None] / rate
    sound = 0.2 * np.sin(2 * np.pi * (110 * time + np.arange(channels) / 4))
    for start in range(2000, samples - 2000, rate // 4):
        burst = random.standard_normal((2000, channels))
        sound[start : start + 2000] += burst * np.exp(-np.arange(2000) / 300)[:, None] * 0.4
    return band_limited(sound, rate)


def clipped_noise(seconds, rate=RATE):
    noise = np.random.default_rng(3).standard_normal((int(seconds * rate), 2)) * 0.7
    return band_limited(np.clip(noise, -1, 1), rate)


def between_samples(seconds, rate=RATE):
    """Make a tone that rises between the samples to 3 dB above them."""
    turns = np.arange(int(seconds * rate))[:, None] / 4 + 1 / 8
    return band_limited(np.sin(2 * np.pi * turns) * np.ones(2), rate)


def hit(samples, *places, level=1.0):
    """Make short hits in one channel, beside the probe in the other."""
    sound = np.zeros((samples, 2), np.float32)
    sound[:, 1] = PROBE
    shape = np.hanning(9) * level
    for place in places:
        for offset, value in enumerate(shape, place - 4):
            sound[offset % samples, 0] += value
    return sound


def gain_of(out):
    return out[:, 1] / PROBE


# -- the ceiling


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("make", [drums, clipped_noise, between_samples])
@pytest.mark.parametrize("below", [0.3, 3, 12])
def test_the_true_peak_stays_below_the_ceiling(rate, make, below):
    sound = make(1.5, rate=rate)
    ceiling = true_peak(sound, rate) - below
    out, reduction = limited(sound, amplitude(ceiling), rate=rate)
    assert out.shape == sound.shape
    # Neither above it nor far below.
    assert ceiling - 0.1 < true_peak(out, rate) <= ceiling + 0.05
    assert reduction.greatest == pytest.approx(below, abs=0.1)


def test_a_single_channel_is_limited_too():
    sound = drums(1.5, 1)
    out, _ = limited(sound, 0.5)
    assert true_peak(out) <= decibels(0.5) + 0.05


def test_ffmpeg_finds_no_higher_peak(tmp_path):
    out, reduction = limited(drums(3), amplitude(-1) * 0.8)
    assert reduction.greatest > 1
    path = tmp_path / "piece.wav"
    soundfile.write(path, out / np.float32(0.8), RATE, "FLOAT")
    if shutil.which("ffmpeg"):
        command = ["ffmpeg", "-hide_banner", "-nostats", "-i", path]
        command += ["-filter_complex", "ebur128=peak=true", "-f", "null", "-"]
        report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        peak = float(re.findall(r"Peak: +(-?[\d.]+) dBFS", report)[-1])
        assert -1.3 <= peak <= -1.0


def test_a_peak_at_either_end_is_limited():
    sound = np.zeros((3000, 1), np.float32)
    sound[[0, -1]] = 1
    out, _ = limited(sound, 0.5)
    assert out[[0, -1]] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("cell", [6, 7, 8])  # the last but one of a cell, the last, the first
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5, 0.7, 0.9, 0.95])
def test_a_peak_between_any_two_samples_is_noticed(cell, fraction):
    away = np.arange(2000) - 1000 - cell - fraction
    _, reduction = limited(np.sinc(0.9 * away)[:, None].astype(np.float32), 0.99)
    assert reduction.greatest == pytest.approx(-decibels(0.99), abs=0.02)


@pytest.mark.parametrize("edge", [STEP, 2 * STEP, 2 * STEP - 256])
@pytest.mark.parametrize("level", [1, 0.502])
def test_the_gain_is_the_same_wherever_in_a_step_a_peak_is(edge, level):
    def gain_around(place):
        out, _ = limited(hit(3 * STEP, place, level=level), 0.5)
        return gain_of(out)[place - 400 : place + 4000]

    expected = gain_around(STEP + STEP // 2)
    assert (expected[0], expected[400]) == pytest.approx((1, 0.5 / level), abs=0.001)
    for place in (*range(edge - 260, edge, 20), *range(edge - 5, edge + 6)):
        assert np.abs(gain_around(place) - expected).max() < 2e-4, place


# -- what is left alone


@pytest.mark.parametrize("make", [drums, clipped_noise, between_samples])
def test_what_does_not_exceed_the_ceiling_stays_bit_for_bit(make):
    sound = make(2)
    out, reduction = limited(sound, amplitude(true_peak(sound) + 0.1))
    assert np.array_equal(out, sound)
    assert (reduction.greatest, reduction.share) == (0, 0)


def test_what_is_far_from_a_peak_stays_bit_for_bit():
    sound = drums(4)
    sound[2 * RATE, 0] = 3
    out, _ = limited(sound, amplitude(true_peak(drums(4)) + 0.1))
    changed = np.flatnonzero((out != sound).any(axis=1))
    assert 2 * RATE - 0.007 * RATE < changed[0] < 2 * RATE - 0.004 * RATE
    assert changed[-1] < 2 * RATE + RATE


def test_the_input_is_not_changed_and_may_be_used_again():
    sound = drums(2)
    before = sound.copy()
    expected, _ = limited(sound, 0.3)
    assert np.array_equal(sound, before)
    limiter = Limiter(RATE, 2, 0.3)
    room = np.empty((1000, 2), np.float32)
    out = []
    for at in range(0, len(sound), 1000):
        piece = sound[at : at + 1000]
        room[: len(piece)] = piece
        out.append(limiter.push(room[: len(piece)]))
    room[:] = 9
    assert np.array_equal(np.concatenate([*out, limiter.finish()]), expected)


# -- the gain


def test_all_channels_get_the_same_gain():
    sound = np.concatenate([drums(1), np.full((RATE, 1), PROBE)], axis=1)
    out, _ = limited(sound, 0.2)
    gain = gain_of(out[:, 1:])
    assert gain.min() < 0.3
    assert np.abs(out - sound * gain[:, None]).max() < 1e-6


def test_the_gain_comes_smoothly_and_goes_slowly():
    peak = 20_000
    out, _ = limited(hit(60_000, peak), 0.5)
    gain = gain_of(out)
    assert gain[peak] == pytest.approx(0.5, abs=0.001)
    assert (np.diff(gain[:peak]) <= 1e-6).all()
    assert (np.diff(gain[peak + 300 :]) >= -1e-6).all()
    # An attack of 5 ms that is steepest halfway, without a corner.
    assert np.abs(np.diff(gain)).max() <= 2 * 0.5 / (0.005 * RATE)
    assert np.abs(np.diff(gain, 2)).max() <= 5 * 0.5 / (0.005 * RATE) ** 2
    # The reduction falls to 1/e in 80 ms.
    then, later = 1 - gain[peak + 1000], 1 - gain[peak + 1000 + int(0.08 * RATE)]
    assert later / then == pytest.approx(np.exp(-1), abs=0.01)
    assert (gain[peak + RATE :] == 1).all()


# -- blocks

SOUND = drums(2.2)
WHOLE, _ = limited(SOUND, 0.4, block=len(SOUND))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=12))
def test_the_cuts_between_blocks_are_not_heard(places):
    limiter = Limiter(RATE, 2, 0.4)
    out = [limiter.push(block) for block in np.split(SOUND, sorted(places))]
    assert np.array_equal(np.concatenate([*out, limiter.finish()]), WHOLE)


@given(st.integers(0, 700), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_any_length_comes_out_as_long_as_it_was(samples, channels):
    sound = np.ones((samples, channels), np.float32)
    out, _ = limited(sound, 0.5, block=100)
    assert out.shape == sound.shape
    assert (out <= 0.5).all()


def test_it_holds_back_no_more_than_a_second():
    limiter = Limiter(RATE, 2, 0.4)
    returned = 0
    for pushed in range(1, 200):
        returned += len(limiter.push(SOUND[:1000]))
        assert pushed * 1000 - returned <= RATE


# -- loops


def looped(sound, ceiling):
    return limited(sound, ceiling, pre_roll=sound[-int(PRE_ROLL * RATE) :])


@pytest.mark.parametrize("place", [-500, -100, -3, 0, 5, 60, 200])
@pytest.mark.parametrize("samples", [100_000, 100_007])
def test_a_loop_has_no_step_of_gain_at_its_seam(place, samples):
    sound = hit(samples, place % samples, samples // 2)
    out, _ = looped(sound, 0.4)
    gain = np.concatenate([gain_of(out)] * 2)
    assert len(out) == samples
    assert gain.min() == pytest.approx(0.4, abs=0.002)
    # No more changes at the seam than at the other hit.
    inside = np.abs(np.diff(gain, 2))[samples // 4 : samples * 3 // 4].max()
    assert np.abs(np.diff(gain, 2))[samples - 2000 : samples + 2000].max() <= inside * 1.05
    # And a limiter that isn't told of the loop leaves a step there.
    alone = np.concatenate([gain_of(limited(sound, 0.4)[0])] * 2)
    assert np.abs(np.diff(alone, 2))[samples - 3 : samples + 3].max() > inside * 2


def test_a_loop_played_on_keeps_below_the_ceiling():
    sound = drums(2)
    sound = np.roll(sound, 2500, axis=0)
    out, reduction = looped(sound, 0.4)
    assert true_peak(np.concatenate([out] * 3)) <= decibels(0.4) + 0.05
    assert reduction.greatest > 3


@pytest.mark.parametrize("samples", [1, 20, 300, 5000])
def test_a_loop_shorter_than_the_look_ahead_is_heard_on_as_well(samples):
    sound = np.full((samples, 2), 0.8, np.float32)
    out, _ = looped(sound, 0.4)
    assert out == pytest.approx(np.float32(0.4), abs=0.06)
    assert (out <= 0.4).all()


# -- the account


def test_the_account_says_how_much_and_how_long():
    time = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 997 * time) * np.where(time < 1, 1, 0.3)
    _, reduction = limited(tone[:, None].astype(np.float32), 0.5)
    assert reduction.greatest == pytest.approx(-decibels(0.5), abs=0.03)
    # One second, and the release down to 0.1 dB: 0.08 s x ln(0.5 / 0.0115).
    assert reduction.share == pytest.approx((1 + 0.08 * np.log(0.5 / 0.0115)) / 4, abs=0.005)


def test_a_pre_roll_counts_for_nothing():
    sound = np.full((3 * RATE, 1), 0.1, np.float32)
    out, reduction = limited(sound, 0.5, pre_roll=hit(RATE, 1000)[:, :1])
    assert len(out) == len(sound)
    assert reduction.greatest < 0.01
    assert reduction.share == 0


def test_nothing_pushed_is_nothing_returned():
    limiter = Limiter(RATE, 2, 0.5)
    assert limiter.reduction.share == 0
    assert limiter.finish().shape == (0, 2)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ((0, 2, 0.5), "no limiter holds 2 channels at 0 Hz below 0.5"),
        ((RATE, 0, 0.5), "no limiter holds 0 channels at 44100 Hz below 0.5"),
        ((RATE, 2, 0), "no limiter holds 2 channels at 44100 Hz below 0"),
        ((RATE, 2, np.inf), "no limiter holds 2 channels at 44100 Hz below inf"),
        ((RATE, 2, np.nan), "no limiter holds 2 channels at 44100 Hz below nan"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(form, sentence):
    with pytest.raises(ValueError, match="no limiter") as refusal:
        Limiter(*form)
    assert str(refusal.value) == sentence
