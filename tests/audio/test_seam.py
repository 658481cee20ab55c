"""A click, a step, a fade and a gap at the seam of a loop are found, and none where is none."""

from __future__ import annotations

import functools
import shutil
import subprocess

import numpy as np
import pytest

from musicbuild.audio.loop.seam import Seam, SeamMeter, _energies, _k_weights
from musicbuild.sketch.piece import sketch

RATE = 44100


def metered(sound, size=65536, rate=RATE):
    meter = SeamMeter(rate, sound.shape[1])
    for at in range(0, len(sound), size):
        meter.feed(sound[at : at + size])
    return meter


def seam(sound, size=65536, rate=RATE):
    return metered(sound, size, rate).result()


def tone(turns, seconds=2, level=0.3):
    """Return a stereo tone that has so many turns, a whole number if it is to loop."""
    place = np.arange(RATE * seconds) / (RATE * seconds)
    return (level * np.sin(2 * np.pi * turns * place)).astype(np.float32)[:, None].repeat(2, axis=1)


@functools.cache
def composed(prompt, *, loop):
    return sketch(prompt, "12", loop=loop).samples.astype(np.float32) / 32768


LOOPS = ("Trance in A minor, 126 BPM", "Lo-fi beats, 80 BPM", "Celtic tune with fiddle")


@pytest.mark.parametrize("prompt", LOOPS)
def test_a_piece_made_to_loop_is_clean(prompt):
    meter = metered(composed(prompt, loop=True))
    assert meter.result().faults() == ()
    assert meter.runs_on()


@pytest.mark.parametrize("prompt", LOOPS)
def test_a_piece_that_ends_has_a_step(prompt):
    assert any("loudness" in fault for fault in seam(composed(prompt, loop=False)).faults())


def test_whole_turns_are_clean_and_a_half_one_clicks():
    approx = functools.partial(pytest.approx, abs=0.02)
    assert seam(tone(440)) == Seam(approx(1), approx(0), silent=False)
    broken = seam(tone(440.25))
    assert broken.jump == pytest.approx(1 / np.sin(np.pi * 440 / RATE / 2) / 2, rel=0.02)
    (fault,) = broken.faults()
    assert fault == (
        f"the step from the last sample to the first is {broken.jump:.1f} times "
        "the file's own largest, not at most 1.5"
    )


def test_a_click_in_one_channel_is_found():
    sound = tone(440)
    sound[:, 1] = tone(440.25)[:, 1]
    assert seam(sound).jump > 10


def test_the_own_step_is_the_99th_percentile_of_all():
    sound = np.random.default_rng(1).uniform(-1, 1, (99_999, 2)).astype(np.float32)
    sound *= np.linspace(0.01, 1, len(sound), dtype=np.float32)[:, None]
    own = np.quantile(np.abs(np.diff(sound, axis=0)), 0.99)
    jump = np.abs(sound[0] - sound[-1]).max()
    assert seam(sound).jump == pytest.approx(jump / own, rel=0.005)


def test_a_step_in_loudness_is_measured_in_full_where_the_rest_is_even():
    sound = tone(440 * 4, seconds=8)
    sound *= 10 ** (np.linspace(0, 1, len(sound), dtype=np.float32)[:, None] / 20)
    measured = seam(sound)
    # Over 400 ms the tone changes by a twentieth of the whole LU.
    assert measured.step == pytest.approx(1 - 2 * 0.05, abs=0.02)
    (fault,) = measured.faults()
    assert fault == (
        f"the loudness changes {measured.step:.1f} LU more at the seam than inside, not at most 0.5"
    )


def test_a_change_as_large_as_those_inside_is_none():
    beat = np.where(np.arange(RATE * 8) // (RATE // 2) % 2, 1, 0.25).astype(np.float32)
    assert seam(tone(440 * 4, seconds=8) * beat[:, None]).step < 0.25


def test_a_dip_at_the_seam_is_found_where_both_sides_are_alike():
    sound = tone(440 * 4, seconds=8)
    fade = np.minimum(1, 0.5 + np.arange(len(sound)) / RATE)[:, None].astype(np.float32)
    assert seam(sound * fade * fade[::-1]).step > 0.5


@pytest.mark.parametrize("prompt", LOOPS)
def test_a_fade_is_found_in_music(prompt):
    sound = composed(prompt, loop=True)
    fade = np.minimum(1, np.arange(len(sound))[::-1] / RATE / 2)[:, None].astype(np.float32)
    assert seam(sound * fade).step > 0.5


def test_silence_at_either_end_is_found():
    for sound in (tone(440), 0.001 * tone(440)):
        quiet = sound.copy()
        quiet[: int(0.051 * RATE)] *= np.float32(0.0005)
        assert "an end is silent for more than 50 ms" in seam(quiet).faults()
        assert seam(quiet[::-1]).silent
        short = sound.copy()
        short[: int(0.045 * RATE)] = 0
        assert not seam(short).silent


def test_silence_and_next_to_nothing_are_measured():
    assert seam(np.zeros((RATE, 2), np.float32)) == Seam(0.0, 0.0, silent=True)
    assert seam(np.zeros((0, 2), np.float32)).silent
    for length in (1, 2, 100):
        assert not seam(tone(440)[7 : 7 + length]).silent


def test_a_note_in_nothing_but_silence_has_a_jump_of_sane_size():
    """Its usual step is no step at all, and a lock must be able to hold the figure."""
    sound = np.zeros((RATE * 3, 1), np.float32)
    sound[:50] = 0.5
    assert 1.5 < seam(sound).jump < 1e8


def test_the_sizes_of_blocks_do_not_matter():
    sound = composed(LOOPS[0], loop=True)
    once = seam(sound, size=len(sound))
    for size in (999, 65536):
        other = seam(sound, size=size)
        assert (other.jump, other.silent) == (once.jump, once.silent)
        assert other.step == pytest.approx(once.step, abs=1e-4)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg measures the loudness")
def test_the_weighting_is_that_of_bs_1770(tmp_path):
    sound = composed(LOOPS[1], loop=True)[: RATE * 3]
    frames = sound[: len(sound) // 1024 * 1024].reshape(-1, 1024, 2)
    energy = float(_energies(frames, _k_weights(1024, RATE)).sum())
    ours = -0.691 + 10 * np.log10(energy / (len(frames) * 1024))
    path = tmp_path / "sound.f32"
    path.write_bytes(sound.astype("<f4").tobytes())
    done = subprocess.run(
        [
            *("ffmpeg", "-nostats", "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", path),
            *("-af", "ebur128=framelog=verbose:metadata=1,ametadata=print:file=-", "-f", "null"),
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    short_term = [line for line in done.stdout.splitlines() if "r128.S=" in line]
    assert ours == pytest.approx(float(short_term[-1].partition("=")[2]), abs=0.15)
