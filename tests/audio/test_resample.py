"""Sound at another rate is as long as it should be, in time, and the same sound."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.resample import CannotResample, Resampler, to_channels

RATES = (8000, 22_050, 44_100, 48_000, 96_000)


def changed(samples, from_rate, to_rate, *, block=65_536):
    stream = Resampler(from_rate, to_rate, samples.shape[1])
    parts = [
        stream.write(samples[start : start + block]) for start in range(0, len(samples), block)
    ]
    return np.concatenate([*parts, stream.finish()])


def tones(length, rate):
    seconds = np.arange(length)[:, None] / rate
    both = 0.3 * np.sin(2 * np.pi * np.array([441.0, 3000.0]) * seconds + [0.0, 1.0])
    return both.astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(RATES),
    st.sampled_from(RATES),
    st.integers(1, 2),
    st.integers(0, 5000),
    st.integers(1, 3000),
)
def test_the_length_is_the_nearest_and_blocks_change_nothing(
    from_rate, to_rate, channels, length, block
):
    samples = np.random.default_rng(length).uniform(-0.5, 0.5, (length, channels))
    samples = samples.astype(np.float32)
    back = changed(samples, from_rate, to_rate, block=block)
    assert back.shape[1:] == (channels,)
    assert back.dtype == np.float32
    exact = Fraction(length * to_rate, from_rate)
    assert abs(len(back) - exact) <= Fraction(1, 2)
    assert np.array_equal(back, changed(samples, from_rate, to_rate, block=1 << 20))


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 48_000), (48_000, 44_100)])
def test_a_tone_is_the_same_tone_at_the_same_time(from_rate, to_rate):
    back = changed(tones(from_rate, from_rate), from_rate, to_rate)
    expected = tones(to_rate, to_rate)
    middle = slice(500, -500)
    assert np.abs(back[middle] - expected[middle]).max() < 3e-6  # 100 dB below


def test_there_and_back_again_is_the_sound_of_before():
    samples = tones(44_100, 44_100)
    back = changed(changed(samples, 44_100, 48_000), 48_000, 44_100)
    assert len(back) == 44_100
    assert np.abs(back[500:-500] - samples[500:-500]).max() < 6e-6


def test_what_the_lower_rate_cannot_hold_is_gone():
    seconds = np.arange(48_000)[:, None] / 48_000
    back = changed(np.sin(2 * np.pi * 15_000 * seconds).astype(np.float32), 48_000, 22_050)
    assert np.abs(back[500:-500]).max() < 1e-5


def test_equal_rates_give_the_samples_as_they_are():
    samples = tones(1000, 44_100)
    assert np.array_equal(changed(samples, 44_100, 44_100, block=300), samples)


def test_what_is_known_comes_at_once():
    stream = Resampler(44_100, 48_000, 2)
    came = sum(len(stream.write(tones(44_100, 44_100))) for _ in range(10))
    assert came > 479_000


@pytest.mark.parametrize(("from_rate", "to_rate"), [(0, 48_000), (44_100, 0), (-1, 48_000)])
def test_impossible_rates_are_refused(from_rate, to_rate):
    with pytest.raises(CannotResample, match=rf"^{from_rate} Hz can't become {to_rate} Hz$"):
        Resampler(from_rate, to_rate, 2)


WITHOUT_SOXR = """
import sys
sys.modules["soxr"] = None
import numpy as np
from musicbuild.audio.resample import Resampler
print(len(Resampler(48000, 48000, 1).write(np.ones((5, 1), np.float32))))
try:
    Resampler(44100, 48000, 2)
except ValueError as error:
    print(error)
"""


def test_without_soxr_only_equal_rates_work():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SOXR], capture_output=True, text=True, check=True
    )
    assert done.stdout == "5\nchanging 44100 Hz to 48000 Hz needs soxr: pip install soxr\n"


def test_one_channel_goes_into_both_at_its_own_level():
    mono = np.array([[0.5], [-0.25]], np.float32)
    assert to_channels(mono, 2).tolist() == [[0.5, 0.5], [-0.25, -0.25]]


def test_two_channels_become_their_mean():
    stereo = np.array([[0.5, 0.5], [1.0, -1.0], [0.5, 0.0]], np.float32)
    mono = to_channels(stereo, 1)
    assert mono.tolist() == [[0.5], [0.0], [0.25]]
    assert mono.dtype == np.float32


def test_channels_that_are_right_are_left_alone():
    samples = tones(10, 44_100)
    assert to_channels(samples, 2) is samples


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"^6 channels can't become 2$"):
        to_channels(np.zeros((4, 6), np.float32), 2)
