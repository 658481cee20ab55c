"""A loop is found in music of any kind, and its end runs on into its start."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
import soundfile

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.loop import Cut, LoopFinder, NoLoop, looped
from musicbuild.audio.loop.cut import crossfaded
from musicbuild.audio.loop.seam import SeamMeter
from musicbuild.sketch.piece import sketch

RATE = 44100


@functools.cache
def composed(prompt, seconds="20", *, loop=False):
    piece = sketch(prompt, seconds, loop=loop)
    return piece.samples.astype(np.float32) / 32768, float(piece.bpm)


def blocks(sound, size=65536):
    return (sound[at : at + size] for at in range(0, len(sound), size))


def find(sound, size=65536, rate=RATE, **wish):
    finder = LoopFinder(rate, sound.shape[1])
    for block in blocks(sound, size):
        finder.feed(block)
    return finder.find(**wish)


def cut_out(sound, cut, size=65536):
    return np.concatenate(list(looped(blocks(sound, size), cut)))


def faults(sound, rate=RATE):
    meter = SeamMeter(rate, sound.shape[1])
    for block in blocks(sound):
        meter.feed(block)
    return meter.result().faults()


def noise(seconds, seed=1):
    samples = np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2))
    return (0.1 * samples).astype(np.float32)


def bars_off(cut, bpm, beats):
    """Return by how many seconds a loop differs from whole bars."""
    bar = beats * 60 / bpm
    return abs(cut.length / RATE - round(cut.length / RATE / bar) * bar)


PIECES = (
    ("Chillhop with vinyl crackle, 80 BPM", 4),
    ("Trance in A minor, 126 BPM", 4),
    ("Dark industrial techno, 130 BPM", 4),
    ("8-bit boss fight in C minor, 150 BPM", 4),
    ("Renaissance dance in D dorian, 3/4", 3),
    ("Irish jig in D major, 112 BPM", 2),
)


@pytest.mark.parametrize(("prompt", "beats"), PIECES)
def test_a_piece_that_ends_is_cut_to_whole_bars_of_its_tempo(prompt, beats):
    sound, bpm = composed(prompt)
    cut = find(sound, bpm=bpm, beats=beats)
    assert cut.length > 5 * RATE
    assert cut.crossfade == round(0.2 * RATE)
    assert bars_off(cut, bpm, beats) < 0.001
    assert cut.bars == round(cut.length / RATE / (beats * 60 / bpm))
    assert cut.bpm == pytest.approx(bpm, rel=0.0005)
    made = cut_out(sound, cut)
    assert len(made) == cut.length
    assert faults(made) == ()


@pytest.mark.parametrize(("prompt", "beats"), PIECES)
def test_the_tempo_need_not_be_given(prompt, beats):
    sound, bpm = composed(prompt)
    cut = find(sound, beats=beats)
    assert faults(cut_out(sound, cut)) == ()
    if cut.bars:
        # Beats may be counted in halves or doubles.
        assert bars_off(cut, bpm, 1) < 0.03


@pytest.mark.parametrize(("prompt", "beats"), [*PIECES[1:], ("Pop in C major, 118 BPM", 4)])
def test_a_piece_made_to_loop_is_taken_whole(prompt, beats):
    sound, bpm = composed(prompt, loop=True)
    # A loop may end with half a bar, so that it has the tempo that was asked for.
    bars, odd = divmod(round(20 * bpm / 60), beats)
    whole = Cut(0, len(sound), 0, pytest.approx(bpm), 0 if odd else bars, 1.0)
    assert find(sound, bpm=bpm, beats=beats) == whole
    assert find(sound, bpm=bpm, beats=beats, seconds=20) == whole
    assert np.array_equal(cut_out(sound, whole), sound)


def test_the_bent_tempo_of_a_loop_is_known_for_the_one_asked_for():
    sound, bpm = composed("Trance in A minor, 126 BPM", "21", loop=True)
    assert 126 * 0.97 < bpm < 126 * 1.03
    assert bpm != 126
    cut = find(sound, bpm=126)
    assert (cut.start, cut.length, cut.crossfade) == (0, len(sound), 0)
    assert cut.bpm == pytest.approx(bpm)


def test_a_piece_broken_off_after_whole_bars_is_not_taken_whole():
    sound, bpm = composed("Trance in A minor, 126 BPM")
    bar = 4 * 60 / bpm * RATE
    broken = sound[round(1.4 * bar) : round(7.4 * bar)]
    cut = find(broken, bpm=bpm)
    assert cut.crossfade
    assert faults(cut_out(broken, cut)) == ()


@pytest.mark.parametrize("bars", [1, 2, 4])
def test_bars_are_kept(bars):
    sound, bpm = composed("Trance in A minor, 126 BPM")
    cut = find(sound, bars=bars, bpm=bpm)
    assert cut.bars == bars
    assert cut.length == pytest.approx(bars * 4 * 60 / bpm * RATE, abs=0.001 * RATE)
    assert faults(cut_out(sound, cut)) == ()


def test_the_length_asked_for_is_kept_to_the_bar():
    sound, bpm = composed("Trance in A minor, 126 BPM")
    for seconds in (4, 8):
        cut = find(sound, seconds=seconds, bpm=bpm)
        assert cut.length / RATE == pytest.approx(seconds, abs=4 * 60 / bpm)


def test_the_loop_begins_on_a_bar_line():
    sound, bpm = composed("Pop in C major, 118 BPM")
    bar = 4 * 60 / bpm
    for shift in (0, 0.3):
        late = np.concatenate((np.zeros((round(shift * RATE), 2), np.float32), sound))
        cut = find(late, bpm=bpm)
        bars = (cut.start / RATE - shift) / bar
        assert abs(bars - round(bars)) * bar < 0.03


def test_a_fade_out_is_left_out():
    sound, bpm = composed("Pop in C major, 118 BPM", loop=True)
    long = np.concatenate((sound, sound))
    fade = np.minimum(1, np.arange(len(long))[::-1] / RATE / 8)[:, None].astype(np.float32)
    cut = find(long * fade, bpm=bpm)
    assert cut.start + cut.length < len(long) - 4 * RATE
    assert faults(cut_out(long * fade, cut)) == ()


@pytest.mark.parametrize("length", [3 * RATE + 1, 4 * RATE + 1234])
def test_an_exact_repetition_is_found_to_the_sample(length):
    sound, _ = composed("Trance in A minor, 126 BPM")
    long = np.tile(sound[5 * RATE :][:length], (5, 1))[: -RATE // 2]
    cut = find(long, seconds=length / RATE)
    assert cut.length == length
    assert cut.likeness > 0.8
    made = cut_out(long, cut)
    assert np.abs(made - long[cut.start : cut.start + length]).max() < 1e-5


def test_noise_loops_whole_or_not():
    swelling = noise(6) * np.linspace(0.8, 1, 6 * RATE, dtype=np.float32)[:, None]
    for sound in (noise(6), swelling):
        assert faults(cut_out(sound, find(sound))) == ()


def test_other_rates_and_one_channel_are_fine():
    sound, bpm = composed("Trance in A minor, 126 BPM")
    mono = np.ascontiguousarray(sound[::2, :1])
    cut = find(mono, bpm=bpm, rate=RATE // 2)
    bars = cut.length / (RATE // 2) / (240 / bpm)
    assert abs(bars - round(bars)) * 240 / bpm < 0.001
    assert faults(cut_out(mono, cut), RATE // 2) == ()


def test_nothing_jumps_where_it_is_played_twice():
    sound, bpm = composed("Chillhop with vinyl crackle, 80 BPM")
    cut = find(sound, bpm=bpm)
    made = cut_out(sound, cut)
    # The last sample is followed by the first one as it was in the piece.
    assert np.array_equal(made[-1], sound[cut.start - 1])
    assert np.array_equal(made[: -cut.crossfade], sound[cut.start :][: len(made) - cut.crossfade])
    twice = np.concatenate((made, made))
    steps = np.abs(np.diff(twice[len(made) - 2205 : len(made) + 2205], axis=0))
    assert steps.max() <= np.abs(np.diff(sound, axis=0)).max()


def test_it_still_loops_when_it_has_been_mp3():
    sound, bpm = composed("Pop in C major, 118 BPM")
    made = cut_out(sound, find(sound, bpm=bpm))
    data = encode_mp3(np.rint(np.clip(made, -1, 1) * 32767).astype(np.int16), RATE)
    back, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    assert len(back) == len(made)
    assert faults(back) == ()


def test_the_sizes_of_blocks_do_not_matter():
    sound, bpm = composed("Pop in C major, 118 BPM")
    cut = find(sound, bpm=bpm)
    made = cut_out(sound, cut)
    for size in (3001, len(sound)):
        assert find(sound, size, bpm=bpm) == cut
        assert np.array_equal(cut_out(sound, cut, size), made)


def test_a_crossfade_keeps_its_power_whatever_it_joins():
    one, other = noise(1, seed=2), noise(1, seed=3)
    for old, new in ((one, other), (one, one), (one, 0.6 * one + 0.8 * other), (one, -one)):
        power = (crossfaded(old, new) ** 2).reshape(20, -1).mean(axis=1)
        if new is not -one and float(np.vdot(old, new)) >= 0:
            assert np.abs(10 * np.log10(power / (one**2).mean())).max() < 0.3
        assert np.array_equal(crossfaded(old, new)[-1], new[-1])


def test_what_has_no_loop_says_why():
    loud = noise(1)
    for sound, wish, message in (
        (
            np.ones((RATE * 601, 1), np.float32),
            {},
            "a loop is looked for in at most 10 minutes of sound",
        ),
        (np.zeros((RATE * 5, 2), np.float32), {}, "the sound is silent"),
        (loud[:0], {}, "the sound is silent"),
        (
            noise(5),
            {"bars": 2},
            "no pulse is heard to count bars by, and no tempo is given",
        ),
        (
            loud,
            {"bpm": 120},
            "1.0 s of sound are too short for a loop of 2.0 s and a crossfade of 0.2 s",
        ),
        (
            noise(9),
            {"bpm": 120, "bars": 8},
            "9.0 s of sound are too short for a loop of 16.0 s and a crossfade of 0.2 s",
        ),
    ):
        with pytest.raises(NoLoop) as refused:
            find(sound, **wish)
        assert str(refused.value) == message
    with pytest.raises(NoLoop, match="the sound ends before its loop does"):
        list(looped([loud], Cut(100, RATE, 50, 0.0, 0, 1.0)))
