"""Every voice and every drum is sound at any pitch and force: finite, bounded, without a click."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from musicbuild.sketch import kits, voices
from musicbuild.sketch.exact import SAMPLE_RATE, hertz
from musicbuild.sketch.instruments import COMPASS, VOICES, Bar, Ensemble, String
from musicbuild.sketch.score import DRUMS

FORCES = (0.125, 0.5, 1.0)
DEEP = {
    *("808 bass", "chip bass", "double bass", "electric bass", "low strings", "reese", "sub"),
    *("synth bass", "timpani"),
}

every_voice = pytest.mark.parametrize("voice", sorted(VOICES))
every_kit = pytest.mark.parametrize("kit", sorted(kits.KITS))
every_drum = pytest.mark.parametrize("drum", DRUMS)


def pitches(voice):
    return (28, 33, 38, 43, 48) if voice in DEEP else (48, 57, 64, 72, 84)


def play(voice, pitch, force, seconds=0.8, variant=0):
    if voices.rings(voice):
        ringing = voices.strike(voice, pitch, force, seconds + voices.release(voice) + 0.05)
        return voices.let_go(ringing, voice, seconds)
    return voices.hold(voice, pitch, force, seconds, variant)


def peak(sound):
    return float(np.abs(sound).max())


def rms(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=float))))


@every_voice
def test_a_note_is_whole(voice):
    for pitch in pitches(voice):
        for force in FORCES:
            for seconds in (0.03, 0.8):
                sound = play(voice, pitch, force, seconds)
                assert sound.dtype == np.float32
                assert sound.ndim == 1
                assert np.isfinite(sound).all()
                assert peak(sound) < 1.75
                assert abs(sound[0]) < 1e-3
                assert abs(sound[-1]) < 1e-4
            assert peak(sound) > 0.02 * force


@every_voice
def test_harder_is_louder(voice):
    for pitch in pitches(voice):
        levels = [rms(play(voice, pitch, force)) for force in FORCES]
        for softer, harder in pairwise(levels):
            assert harder > 1.5 * softer


@every_voice
def test_no_note_sticks_out(voice):
    """Neighbours five to twelve semitones apart are within 9 dB, all within 14 dB."""
    levels = [rms(play(voice, pitch, 0.8, 0.4)) for pitch in pitches(voice)]
    for one, other in pairwise(levels):
        assert max(one, other) / min(one, other) < 10 ** (9 / 20)
    assert max(levels) / min(levels) < 10 ** (14 / 20)


@every_voice
def test_a_note_begins_without_a_click(voice):
    """The first sample steps are no greater than those that follow."""
    for pitch in pitches(voice):
        steps = np.abs(np.diff(play(voice, pitch, 1.0)))
        assert steps[:4].max() < 1.05 * steps[4:].max()


@every_voice
def test_a_note_ends_without_a_click(voice):
    for pitch in pitches(voice):
        sound = play(voice, pitch, 1.0, 0.5)
        assert rms(sound[-64:]) < 0.05 * rms(sound)
        assert np.abs(np.diff(sound[-64:])).max() < 0.02


@every_voice
def test_a_note_has_its_octaves_only_above(voice):
    """Nothing sounds below the fundamental, but for the noise of the attack."""
    for pitch in pitches(voice)[1:]:
        sound = play(voice, pitch, 0.8, 1.0)[SAMPLE_RATE // 5 :]
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
        frequency = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        below = power[frequency < 0.8 * hertz(pitch)].sum()
        assert below < 0.02 * power.sum()


@every_voice
def test_equal_notes_are_equal(voice):
    pitch = pitches(voice)[2]
    assert np.array_equal(play(voice, pitch, 0.5), play(voice, pitch, 0.5))
    if not voices.rings(voice):
        assert not np.array_equal(play(voice, pitch, 0.5), play(voice, pitch, 0.5, variant=1))


@every_voice
def test_a_voice_is_of_sensible_figures(voice):
    instrument = VOICES[voice]
    assert 0.2 <= instrument.level <= 1.2
    assert 0 < instrument.attack < 1
    assert 0 < instrument.release < 2
    if isinstance(instrument, String | Bar):
        assert 0.5 <= instrument.longest <= 8
        assert instrument.tracking > 0
    if isinstance(instrument, String):
        assert 0 < instrument.position < 0.5
        assert instrument.soft <= instrument.hard
    if isinstance(instrument, Bar):
        assert instrument.partials[0][0] == 1
        assert all(seconds > 0 for *_, seconds in instrument.partials)
    if isinstance(instrument, Ensemble):
        assert (instrument.players > 1) is (instrument.detune > 0)
        for curve in (instrument.curve, instrument.bright):
            points = [frequency for frequency, _ in curve]
            assert points == sorted(set(points))


def test_every_compass_is_of_a_voice_and_wide_enough():
    assert set(COMPASS) <= set(VOICES)
    assert all(high - low >= 24 for low, high in COMPASS.values())


@every_kit
@every_drum
def test_a_drum_is_whole(kit, drum):
    for force in FORCES:
        sounds = [kits.strike_drum(kit, DRUMS[drum], force, variant) for variant in range(3)]
        for sound in sounds:
            assert sound.dtype == np.float32
            assert np.isfinite(sound).all()
            assert 0.01 * force < peak(sound) < 1.8
            assert sound[0] == 0
            assert abs(sound[-1]) < 1e-4
        assert not np.array_equal(sounds[0], sounds[1])
        levels = [rms(sound) for sound in sounds]
        assert max(levels) < 1.2 * min(levels)


@every_kit
@every_drum
def test_a_harder_hit_is_louder(kit, drum):
    levels = [rms(kits.strike_drum(kit, DRUMS[drum], force, 0)) for force in FORCES]
    for softer, harder in pairwise(levels):
        assert harder > 1.5 * softer


@every_kit
def test_drums_are_high_and_low_as_drums_are(kit):
    def centre(drum):
        sound = kits.strike_drum(kit, DRUMS[drum], 0.8, 0)
        power = np.abs(np.fft.rfft(sound)) ** 2
        return (power * np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)).sum() / power.sum()

    assert centre("kick") < 200
    assert centre("taiko") < 300
    assert centre("kick") < centre("snare") < centre("hat")
    assert min(centre(metal) for metal in ("hat", "open", "shaker")) > 5000
    for drum in DRUMS:
        assert -1 <= kits.hit(kit, DRUMS[drum]).place <= 1


@every_kit
def test_an_open_hat_rings_longer_than_a_closed_one(kit):
    def length(drum):
        sound = np.abs(kits.strike_drum(kit, DRUMS[drum], 0.8, 0))
        return int(np.flatnonzero(sound > 0.05 * sound.max())[-1])

    assert length("open") > 2 * length("hat")
    assert length("crash") > 2 * length("snare")
