"""One pass tells all figures: as FFmpeg tells them, exact to the sample, however it is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from audio.pieces import ebur128
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.measure import Measured, Meter, measure
from musicbuild.audio.measure.loudness import Loudness, LoudnessMeter, Unmeasurable
from musicbuild.audio.measure.true_peak import TruePeakMeter
from musicbuild.audio.sound import decibels

RATE = 44100


def music(seed):
    """Eight seconds of chords, drums and noise with fades and silences, in some level."""
    rng = np.random.default_rng(seed)
    rate = (44100, 48000)[seed % 2]
    time = np.arange(8 * rate) / rate
    beat = time % (0.4 + 0.3 * rng.random())
    sound = np.zeros((len(time), 2))
    for start in range(0, 8, 2):
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        inside = slice(start * rate, (start + 2) * rate)
        for ratio in (1, 1.26, 1.5, 2, 3.01, 5.02, 8.9):
            wave = np.sin(2 * np.pi * root * ratio * time[inside] + rng.uniform(0, 6)) / ratio
            sound[inside] += wave[:, None] * rng.uniform(0.2, 1, 2)
    sound += (2 * np.sin(2 * np.pi * 55 * beat) * np.exp(-8 * beat))[:, None]
    burst = rng.normal(0, 0.5, sound.shape) * np.exp(-40 * beat)[:, None]
    sound += burst + np.roll(burst, 1, axis=0)  # with less of the highest frequencies
    sound *= np.interp(time, (0, 1, 7, 8), (seed % 3 / 2, 1, 1, (seed + 1) % 3 / 2))[:, None]
    if seed % 4 == 3:
        sound[3 * rate : 5 * rate] *= (0, 0.01)[seed % 8 == 3]
    sound *= 10 ** (rng.uniform(-40, 3) / 20) / np.abs(sound).max()
    return sound[:, : 1 + (seed % 5 > 0)].astype(np.float32), rate


def ffmpeg_figures(sound, rate):
    """Return the last figures of FFmpeg's `ebur128`, and the greatest momentary and short-term."""
    told = ebur128(sound, rate)
    return told[-1] | {f"most {key}": max(f[f"lavfi.r128.{key}"] for f in told) for key in "MS"}


@pytest.mark.parametrize("seed", range(20))
def test_it_agrees_with_ffmpeg(seed):
    sound, rate = music(seed)
    told = measure(np.array_split(sound, 9), rate, sound.shape[1])
    due = ffmpeg_figures(sound, rate)
    assert told.loudness.integrated == pytest.approx(due["lavfi.r128.I"], abs=0.1)
    assert told.loudness.momentary == pytest.approx(due["most M"], abs=0.1)
    assert told.loudness.short_term == pytest.approx(due["most S"], abs=0.1)
    assert told.loudness.range == pytest.approx(due["lavfi.r128.LRA"], abs=0.5)
    highest = max(value for key, value in due.items() if "true_peaks_ch" in key)
    lowest = decibels(max(0, highest - 0.0005))  # it is told as an amplitude of three digits
    assert lowest - 0.3 <= told.true_peak <= decibels(highest + 0.0005) + 0.3


# -- the figures that are exact


def silence(samples, channels=2):
    return np.zeros((samples, channels), np.float32)


def measured(sound, rate=RATE, **how):
    return measure([sound], rate, sound.shape[1], **how)


def test_no_samples_at_all():
    assert measure([], RATE, 2) == Measured(
        sample_rate=RATE,
        channels=2,
        samples=0,
        loudness=Loudness(-math.inf, 0.0, -math.inf, -math.inf),
        true_peak=-math.inf,
        peak=-math.inf,
        head=0,
        tail=0,
        silence=1.0,
        clipped=0,
        dc=0.0,
        sides="mono",
    )


@pytest.mark.parametrize("samples", [1, 4409, 17_639, 200_000])
def test_silence_is_all_head_and_all_tail(samples):
    told = measured(silence(samples))
    assert (told.samples, told.head, told.tail, told.silence) == (samples, samples, samples, 1.0)
    assert told.peak == told.true_peak == told.loudness.integrated == -math.inf
    assert (told.clipped, told.dc, told.sides) == (0, 0.0, "mono")
    assert told.seconds == pytest.approx(samples / RATE)


def test_one_sample_is_a_sound():
    told = measured(np.full((1, 1), -0.5, np.float32))
    assert (told.samples, told.head, told.tail, told.silence) == (1, 0, 0, 0.0)
    assert told.peak == told.true_peak == pytest.approx(-6.02, abs=0.01)
    assert (told.loudness.integrated, told.dc, told.sides) == (-math.inf, 0.5, "mono")


@pytest.mark.parametrize("first", [0, 1, 1023, 1024, 65_535, 65_536, 65_537, 150_000, 199_999])
@pytest.mark.parametrize("last", [199_999, 199_998, 198_976, 198_975, 150_000])
def test_head_and_tail_are_exact_to_the_sample(first, last):
    sound = silence(200_000)
    first, last = min(first, last), max(first, last)
    sound[first, 0] = sound[last, 1] = 0.001
    told = measured(sound)
    assert (told.head, told.tail) == (first, 199_999 - last)


@pytest.mark.parametrize("tail", [*range(1020, 1030), 2047, 2048, 2049, 3391, 3392, 3393])
def test_the_tail_begins_right_after_the_last_loud_sample(tail):
    sound = silence(200_000)  # its last part has 3392 samples
    sound[: 200_000 - tail] = 0.001
    assert (measured(sound).head, measured(sound).tail) == (0, tail)


def test_only_what_reaches_the_threshold_ends_the_silence():
    sound = np.full((1000, 2), 0.000999, np.float32)
    sound[300, 1] = -0.01
    sound[400, 0] = 0.1
    assert (measured(sound).head, measured(sound).tail) == (300, 599)
    louder = measured(sound, silence=-30.0)
    assert (louder.head, louder.tail) == (400, 599)
    everything = measured(sound, silence=-70.0)
    assert (everything.head, everything.tail) == (0, 0)


def test_the_share_of_silent_stretches():
    sound = silence(10 * 4410 + 100)
    sound[4410 * 2 : 4410 * 4] = 0.01  # -40 dBFS
    sound[4410 * 7] = 0.9  # one click, as RMS of its stretch -37.4 dBFS
    told = [measured(sound, silence=level).silence for level in (-60.0, -38.0, -37.0)]
    assert told == [8 / 11, 10 / 11, 11 / 11]  # the last stretch is a short one
    assert measured(sound[:50]).silence == 1.0


def test_the_share_of_silence_follows_the_rms_at_its_threshold():
    for level, share in ((0.00099, 1.0), (0.00101, 0.0)):
        flips = np.where(np.arange(44_100) % 2, level, -level).astype(np.float32)
        assert measured(flips[:, None]).silence == share


FULL = 32767 / 32768


@pytest.mark.parametrize("place", [0, 1, 500, 65_533, 65_534, 65_535, 65_536, 99_997])
def test_three_samples_at_full_scale_are_clipping(place):
    for value in (FULL, -FULL, -1.0, 1.5):
        sound = silence(100_000)
        sound[place : place + 2, 0] = value
        assert measured(sound).clipped == 0
        sound[place + 2, 0] = value
        assert measured(sound).clipped == 1
        sound[place : place + 3, 0] = value * 0.9999 if abs(value) < 1.5 else 0.99
        assert measured(sound).clipped == 0


def test_runs_are_counted_once_and_in_each_channel():
    sound = silence(2000)
    sound[10:400, 0] = 1
    sound[401:404, 0] = 1
    sound[405:407, 0] = 1
    sound[100:103, 1] = -1
    # Not a run, though both channels are at full scale in turn.
    sound[600, 0] = sound[601, 1] = sound[602, 0] = 1
    assert measured(sound).clipped == 3


def test_runs_do_not_join_over_quiet_blocks():
    ends, quiet, starts = silence(50), silence(50), silence(50)
    ends[-2:] = starts[:1] = 1
    assert measure([ends, quiet, starts], RATE, 2).clipped == 0
    assert measure([ends, quiet[:1], starts], RATE, 2).clipped == 0
    assert measure([ends, starts], RATE, 2).clipped == 2


def test_the_offset_is_the_greatest_mean_of_a_channel():
    tone = np.sin(2 * np.pi * np.arange(44_100) / 100)[:, None] * 0.5
    sound = (tone + np.array([[0.01, -0.25]])).astype(np.float32)
    assert measured(sound).dc == pytest.approx(0.25, abs=1e-6)
    assert measured(sound[:, :1]).dc == pytest.approx(0.01, abs=1e-6)
    assert measured(sound[:7]).dc == pytest.approx(abs(float(sound[:7, 1].mean())), abs=1e-6)


def test_two_channels_that_are_equal_are_mono():
    one = np.random.default_rng(1).normal(0, 0.1, (150_000, 1)).astype(np.float32)
    two = np.repeat(one, 2, axis=1)
    assert measured(one).sides == measured(two).sides == "mono"
    two[149_999, 1] += 0.001
    assert measured(two).sides == "stereo"
    assert measured(np.repeat(one, 3, axis=1)).sides == "stereo"


def test_the_parts_agree_with_their_own_meters():
    sound, rate = music(1)
    loudness, true_peak = LoudnessMeter(rate, 2), TruePeakMeter(rate, 2)
    loudness.feed(sound)
    true_peak.feed(sound)
    told = measured(sound, rate)
    assert told.loudness == loudness.result()
    assert told.true_peak == decibels(true_peak.result())
    assert told.peak == decibels(float(np.abs(sound).max()))


def test_the_floor_of_the_true_peak_changes_no_other_figure():
    sound, rate = music(2)
    meter = Meter(rate, 2, peak_floor=2.0)
    meter.feed(sound)
    told, exact = meter.result(), measured(sound, rate)
    assert told.peak <= told.true_peak <= exact.true_peak
    for name in ("loudness", "peak", "head", "tail", "silence", "clipped", "dc", "sides"):
        assert getattr(told, name) == getattr(exact, name)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e30])
@pytest.mark.parametrize("place", [0, 70_000, 99_999])
def test_samples_that_are_no_sound_are_refused(bad, place):
    sound = silence(100_000)
    sound[place, 1] = bad
    with pytest.raises(Unmeasurable, match="no numbers, or far beyond full scale"):
        measured(sound)


def test_blocks_of_other_channels_are_refused():
    with pytest.raises(Unmeasurable, match=r"^a block has the shape \(9, 1\), and 2 channels"):
        measure([silence(9, 1)], RATE, 2)


# -- streaming


def piece():
    """Silence, noise that fades in and clips, silence; of 24 bits, so that sums are exact."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.3, (60_000, 2)) * np.linspace(0, 4, 60_000)[:, None]
    sound = np.concatenate([silence(5000), np.clip(noise, -1, 1), silence(7123)])
    return (np.rint(sound * 8_388_607) / 8_388_608).astype(np.float32)


PIECE = piece()
WHOLE = measured(PIECE, 8000)


def test_the_piece_shows_every_figure():
    assert WHOLE.clipped > 10
    assert WHOLE.head > 5000
    assert WHOLE.tail >= 7123
    assert 0.1 < WHOLE.silence < 0.3
    assert WHOLE.dc > 0
    assert WHOLE.true_peak > WHOLE.peak > -0.001


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, len(PIECE)), max_size=40))
def test_the_cut_into_blocks_changes_nothing(cuts):
    assert measure(np.split(PIECE, sorted(cuts)), 8000, 2) == WHOLE


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 100), length=st.integers(1, 100), size=st.integers(1, 9))
def test_ends_and_clipping_are_exact_in_the_smallest_blocks(start, length, size):
    sound = silence(220)
    sound[start : start + length, 1] = 1
    told = measure(np.split(sound, range(size, 220, size)), RATE, 2)
    assert (told.head, told.tail) == (start, 220 - start - length)
    assert told.clipped == (length >= 3)


def test_a_result_in_between_changes_nothing():
    meter = Meter(8000, 2)
    for block in np.array_split(PIECE, 7):
        meter.feed(block)
        meter.result()
    assert meter.result() == meter.result() == WHOLE


def test_blocks_that_are_views_of_other_sounds_are_read_as_they_are():
    wide = np.zeros((len(PIECE), 5), np.float32)
    wide[:, 1:4:2] = PIECE
    assert measured(wide[:, 1:4:2], 8000) == WHOLE
