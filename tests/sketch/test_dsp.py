"""Signals are what their formulas say, made without the formulas' functions."""

from __future__ import annotations

import numpy as np
import pytest

from musicbuild.sketch import dsp, kits, voices
from musicbuild.sketch.dsp import Partial
from musicbuild.sketch.exact import SAMPLE_RATE
from musicbuild.sketch.instruments import VOICES
from musicbuild.sketch.master import CEILING, TARGET, level, limit, loudness, to_int16
from musicbuild.sketch.score import DRUMS
from musicbuild.sketch.space import reverberate
from musicbuild.sketch.style import Room

TIME = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def rms(signal):
    return float(np.sqrt(np.mean(np.square(signal, dtype=float))))


def gain_at(filtered, frequency):
    wave = np.sin(2 * np.pi * frequency * TIME).astype(np.float32)
    return rms(filtered(wave)[4000:]) / rms(wave[4000:])


def test_partials_ring_as_damped_sines():
    partials = [Partial(440, 1.5, 0.5, 0.1), Partial(1234.5, 0.4, 0.25)]
    expected = 0.5 * np.sin(2 * np.pi * (440 * TIME + 0.1)) * 10 ** (-3 * TIME / 1.5)
    expected += 0.25 * np.sin(2 * np.pi * 1234.5 * TIME) * 10 ** (-3 * TIME / 0.4)
    assert np.abs(dsp.ring(SAMPLE_RATE, partials) - expected).max() < 2e-4


def test_a_longer_ring_begins_with_the_shorter():
    partials = [Partial(440, 1.5, 0.5), Partial(990, 0.02, 0.5)]
    assert (dsp.ring(30000, partials)[:9999] == dsp.ring(9999, partials)).all()


def test_partials_above_hearing_are_left_out():
    assert not dsp.ring(1000, [Partial(30000, 1, 1)]).any()
    assert len(dsp.ring(0, [Partial(300, 1, 1)])) == 0


def test_decay_falls_by_sixty_decibels():
    curve = dsp.decay(SAMPLE_RATE, 0.5)
    assert curve[0] == 1
    assert curve[SAMPLE_RATE // 2] == pytest.approx(0.001, rel=1e-3)


def test_oscillators_have_their_frequency():
    wave = dsp.oscillate(SAMPLE_RATE, 440, 0.25)
    assert np.abs(wave - np.cos(2 * np.pi * 440 * TIME)).max() < 2e-3
    table = dsp.wavetable((1.0, 0.5, 0.25))
    spectrum = np.abs(np.fft.rfft(dsp.read_table(table, dsp.phases(SAMPLE_RATE, 300.0))))
    assert list(np.argsort(spectrum)[-3:][::-1]) == [300, 600, 900]


def test_filters_filter():
    for frequency in (100, 1000, 5000):
        analogue = 1 / np.hypot(1, frequency / 1000)
        assert gain_at(lambda x: dsp.lowpass(x, 1000), frequency) == pytest.approx(
            analogue, rel=0.12
        )
    assert gain_at(lambda x: dsp.highpass(x, 200, 2), 40) < 0.06
    assert gain_at(lambda x: dsp.highpass(x, 200, 2), 4000) == pytest.approx(1, rel=0.04)
    stereo = np.ones((2, 20000), np.float32)
    assert dsp.lowpass(stereo, 500.0)[:, -1] == pytest.approx([1, 1], rel=1e-3)


def test_noise_is_white_and_even():
    noise = dsp.noise(1 << 16, 3).astype(float)
    assert abs(noise.mean()) < 0.01
    assert rms(noise) == pytest.approx(1 / np.sqrt(3), rel=0.01)
    power = np.abs(np.fft.rfft(noise))[1:] ** 2
    bands = [band.mean() for band in np.array_split(power, 8)]
    assert max(bands) / min(bands) < 1.15
    other = dsp.noise(1 << 16, 4)
    assert abs(np.corrcoef(noise, other)[0, 1]) < 0.02


def test_clipping_is_bounded():
    loud = np.linspace(-50, 50, 1001, dtype=np.float32)
    assert np.abs(dsp.saturate(loud)).max() <= 1
    assert np.abs(dsp.bound(loud, 3.0)).max() < 1
    quiet = np.float32([0.01])
    assert dsp.saturate(quiet)[0] == pytest.approx(0.01, rel=1e-3)


def test_the_room_dies_away_in_its_time():
    click = np.zeros(3 * SAMPLE_RATE, np.float32)
    click[0] = 1
    wet = np.zeros((2, len(click)), np.float32)
    reverberate(click, Room(1.5, 0.2), wet)
    assert not wet[:, :500].any()
    tenths = np.array([rms(wet[:, i : i + 4410]) for i in range(4410, len(click) - 4410, 4410)])
    slope = np.polyfit(np.arange(20) / 10, 20 * np.log10(tenths[:20]), 1)[0]
    # The dampened highs go first, so it falls a little faster than 60 dB in 1.5 s.
    assert -60 < slope < -35
    assert abs(np.corrcoef(wet[0, 5000:], wet[1, 5000:])[0, 1]) < 0.3


@pytest.mark.parametrize("voice", sorted(VOICES))
def test_every_voice_sounds_at_its_pitch(voice):
    low, high = (31, 43) if "bass" in voice or voice in {"sub", "low strings"} else (52, 76)
    for pitch in (low, high):
        if voices.rings(voice):
            sound = voices.strike(voice, pitch, 0.75, 1.0)
        else:
            sound = voices.hold(voice, pitch, 0.75, 1.0, 0)
        assert np.isfinite(sound).all()
        assert 0.05 < np.abs(sound).max() < 2.5
        assert abs(sound[0]) < 0.02
        part = sound[: SAMPLE_RATE * 4 // 5] * np.hanning(SAMPLE_RATE * 4 // 5)[: len(sound)]
        spectrum = np.abs(np.fft.rfft(part, 1 << 18))
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        bins = hertz * (1 << 18) / SAMPLE_RATE
        near = spectrum[int(bins * 0.985) : int(bins * 1.015) + 2].max()
        between = spectrum[int(bins * 1.2) : int(bins * 1.4)].max()
        assert near > 4 * between


def test_louder_is_louder_and_brighter():
    soft, hard = (voices.strike("piano", 60, v, 1.0)[:20000] for v in (0.25, 1.0))
    assert rms(hard) > 3 * rms(soft)

    def centroid(sound):
        spectrum = np.abs(np.fft.rfft(sound))
        return (spectrum * np.arange(len(spectrum))).sum() / spectrum.sum()

    assert centroid(hard) > 1.15 * centroid(soft)


def test_a_note_let_go_dies_away():
    ringing = voices.strike("piano", 60, 0.8, 3.0)
    damped = voices.let_go(ringing, "piano", 0.5)
    assert (damped[: SAMPLE_RATE // 2] == ringing[: SAMPLE_RATE // 2]).all()
    assert len(damped) < SAMPLE_RATE
    assert abs(damped[-1]) < 1e-5
    assert voices.let_go(ringing, "piano", 9.0) is ringing


@pytest.mark.parametrize("kit", sorted(kits.KITS))
def test_every_drum_is_short_sharp_and_sound(kit):
    for pitch in DRUMS.values():
        sound = kits.strike_drum(kit, pitch, 0.9, 0)
        assert np.isfinite(sound).all()
        assert 0.02 < np.abs(sound).max() < 2
        assert abs(sound[-1]) < 1e-4
        assert np.abs(sound[: SAMPLE_RATE // 12]).max() > 0.5 * np.abs(sound).max()
        softer = kits.strike_drum(kit, pitch, 0.3, 0)
        assert rms(softer) < 0.6 * rms(sound)


def music(seconds=3.0, gain=1.0):
    count = int(SAMPLE_RATE * seconds)
    beat = dsp.decay(SAMPLE_RATE // 2, 0.4)
    envelope = np.tile(beat, -(-count // len(beat)))[:count]
    return np.stack([dsp.noise(count, seed) * envelope * np.float32(gain) for seed in (1, 2)])


def test_loudness_grows_with_the_square_of_the_gain():
    assert loudness(music(gain=0.5)) == pytest.approx(loudness(music()) / 4, rel=1e-3)
    assert loudness(np.zeros((2, SAMPLE_RATE), np.float32)) == 0
    half = np.concatenate([music(), np.zeros((2, 3 * SAMPLE_RATE), np.float32)], axis=1)
    assert loudness(half) == pytest.approx(loudness(music()), rel=0.05)  # silence is gated


def test_a_long_signal_is_measured_in_tiles_to_the_same_end():
    once = music(30)
    assert loudness(once) == pytest.approx(loudness(music(8)), rel=0.02)


def test_levelling_reaches_the_target_below_the_ceiling():
    for gain in (0.01, 0.3, 4.0):
        signal = music(gain=gain)
        level(signal)
        assert loudness(signal) == pytest.approx(TARGET, rel=0.1)
        assert np.abs(signal).max() <= CEILING
    silence = np.zeros((2, SAMPLE_RATE), np.float32)
    level(silence)
    assert not silence.any()


def test_the_limiter_leaves_the_quiet_alone_and_turns_down_without_steps():
    quiet = music(gain=0.3)
    kept = quiet.copy()
    limit(quiet)
    assert (quiet == kept).all()
    loud = np.ones((2, SAMPLE_RATE), np.float32) * np.float32(0.5)
    loud[:, 20000:20100] = 2.0
    limit(loud)
    assert np.abs(loud).max() <= CEILING
    assert np.abs(np.diff(loud[0, :19900])).max() < 0.01
    assert loud[0, 0] == np.float32(0.5)


def test_rounding_is_dithered_and_bounded():
    silence = to_int16(np.zeros((2, 5000), np.float32), 0)
    assert set(np.unique(silence)) == {-1, 0, 1}
    assert abs(silence.mean()) < 0.05
    assert to_int16(np.full((2, 10), 5.0, np.float32), 0).max() == 32767


@pytest.mark.parametrize("count", [1, dsp.STRETCH, dsp.STRETCH + 1, 3 * dsp.STRETCH - 5])
def test_a_channel_filtered_by_stretches_is_the_same_to_the_bit(count):
    channel = dsp.noise(count, 7)

    def process(signal):
        return dsp.bound(dsp.highpass(dsp.lowpass(signal, 900.0, 3), 24.0, 2), 2.0)

    whole = process(channel)
    dsp.through(channel, process)
    assert (channel == whole).all()


def test_noise_can_be_had_from_anywhere():
    assert (dsp.noise(1000, 3)[400:] == dsp.noise(600, 3, 400)).all()
