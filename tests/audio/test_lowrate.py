"""What is listened to is the sound below 4 kHz, where and as loud as it was."""

from __future__ import annotations

import numpy as np
import pytest

from musicbuild.audio.measure.lowrate import LowRate


def low(sound, rate=44100, size=65536):
    meter = LowRate(rate, sound.shape[1])
    made = [meter.feed(sound[at : at + size]) for at in range(0, len(sound), size)]
    return np.concatenate((*made, meter.rest()))


def tone(hertz, rate, seconds=0.5):
    times = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * hertz * times).astype(np.float32)[:, None].repeat(2, axis=1)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000, 192_000])
def test_what_is_below_4_khz_stands_where_it_did(rate):
    factor = LowRate(rate, 2).factor
    for hertz in (60, 440, 3600):
        sound = tone(hertz, rate)
        made = low(sound, rate)
        middle = slice(100, -100)
        assert np.abs(made[middle] - sound[::factor, 0][middle]).max() < 0.002


def test_what_is_above_the_half_of_the_low_rate_does_not_fold_down():
    for hertz in (7100, 9000, 11025, 15000, 20000):
        assert np.abs(low(tone(hertz, 44100))[100:-100]).max() < 0.002


def test_the_sizes_of_blocks_do_not_matter():
    sound = np.random.default_rng(1).standard_normal((150_001, 2)).astype(np.float32)
    whole = low(sound, size=len(sound))
    assert len(whole) == -(-len(sound) // 4)
    for size in (777, 65536):
        assert np.array_equal(low(sound, size=size), whole)


def test_any_length_has_its_samples():
    for length in (0, 1, 3, 4, 5, 63, 64, 65, 129):
        assert len(low(np.ones((length, 1), np.float32), size=10)) == -(-length // 4)


def test_what_is_no_number_is_silence():
    sound = tone(440, 44100)
    for wild in (np.nan, np.inf, -1e38):
        broken = sound.copy()
        broken[1000, 1] = wild
        assert np.abs(low(broken)).max() < 1.1
