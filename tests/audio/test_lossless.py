"""An MP3 comes nearest to its loudness in whole steps, which can be taken back to the byte."""

from __future__ import annotations

import math

import numpy as np
import pytest
from audio.pieces import RATE, heard, music, wav

from musicbuild.audio.decode import NotAudio
from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.lossless import raise_losslessly
from musicbuild.audio.mp3 import NotMp3, inspect
from musicbuild.audio.mp3.gain import STEP_DB, gained
from musicbuild.audio.recipe import Recipe

PEAK = 0.05
TAG = b"ID3\x03\0\0\0\0\0\x0aTIT2 a tag"


def mp3(sound, **how):
    return encode_mp3(np.rint(sound * 32767).astype(np.int16), RATE, **how)


MUSIC = mp3(music(3.0, peak=0.3))


@pytest.fixture
def raised(tmp_path):
    def raised(data=MUSIC, **recipe):
        (tmp_path / "source.mp3").write_bytes(data)
        return raise_losslessly(tmp_path / "source.mp3", Recipe(3, **recipe), tmp_path / "made.mp3")

    return raised


@pytest.fixture
def before(tmp_path):
    (tmp_path / "before.mp3").write_bytes(MUSIC)
    return heard(tmp_path / "before.mp3", "mp3")


@pytest.mark.parametrize("change", [-9, -4, -0.5, 0.9, 3, 5])
def test_the_nearest_step_is_taken_and_can_be_taken_back(raised, before, change, tmp_path):
    one = raised(loudness=before.loudness + change)
    found, data = heard(tmp_path / "made.mp3", "mp3"), (tmp_path / "made.mp3").read_bytes()
    assert one.done.steps == round(change / STEP_DB)
    assert found.loudness == pytest.approx(before.loudness + change, abs=STEP_DB / 2 + 0.1)
    assert one.done.gain == pytest.approx(found.loudness - before.loudness, abs=0.11)
    assert gained(data, -one.done.steps) == MUSIC
    assert inspect(data).frames == inspect(MUSIC).frames
    assert (one.encoder, one.done.short) == ("lossless gain" if one.done.steps else "", 0)


@pytest.mark.parametrize("ceiling", [-1, -6, -20])
def test_the_peak_is_kept(raised, before, ceiling, tmp_path):
    one = raised(loudness=-5, true_peak=ceiling)
    found = heard(tmp_path / "made.mp3", "mp3")
    assert ceiling - STEP_DB - 0.1 < found.true_peak < ceiling + PEAK
    assert one.done.short == pytest.approx(-5 - found.loudness, abs=0.1)
    assert gained((tmp_path / "made.mp3").read_bytes(), -one.done.steps) == MUSIC


def test_a_peak_that_allows_enough_leaves_nothing_short(raised, before):
    assert raised(loudness=before.loudness + 3, true_peak=-1).done.short == 0


def quiet_and_loud():
    """Return music whose gain fields lie far apart, so that few steps up are possible."""
    loud = gained(mp3(music(1.0, peak=0.9)), 20)
    return loud, max_steps(loud)


def max_steps(data):
    for steps in range(1, 256):
        try:
            gained(data, steps)
        except ValueError:
            return steps - 1
    raise AssertionError


def test_a_step_too_far_is_not_taken(raised, tmp_path):
    data, most = quiet_and_loud()
    one = raised(data, loudness=300)
    assert one.done.steps == most > 0
    assert one.done.short > STEP_DB
    assert gained((tmp_path / "made.mp3").read_bytes(), -most) == data


def test_a_step_too_far_down_is_not_taken_either(raised, tmp_path):
    one = raised(loudness=-700)
    assert -500 / STEP_DB < one.done.steps < 0
    assert one.done.short == 0
    assert gained((tmp_path / "made.mp3").read_bytes(), -one.done.steps) == MUSIC


@pytest.mark.parametrize("sound", [np.zeros((2 * RATE, 2)), music(0.2)], ids=["silence", "short"])
def test_what_has_no_loudness_stays_as_it_is(raised, sound, tmp_path):
    data = mp3(sound)
    one = raised(data, loudness=-16, true_peak=-1)
    assert (tmp_path / "made.mp3").read_bytes() == data
    assert (one.encoder, one.done.gain, one.done.steps, one.done.short) == ("", 0, 0, 0)
    assert not math.isfinite(one.measured.loudness.integrated)


def test_what_is_too_short_for_a_loudness_keeps_its_peak(raised):
    one = raised(mp3(music(0.2)), loudness=-16, true_peak=-30)
    assert one.done.steps < 0
    assert one.done.short == 0


def test_tags_are_left_to_others(raised, tmp_path):
    raised(TAG + MUSIC + b"TAG" + bytes(125), loudness=-40)
    data = (tmp_path / "made.mp3").read_bytes()
    assert len(data) == len(MUSIC)
    assert b"a tag" not in data


def test_half_a_file_is_raised_and_told(raised, tmp_path):
    one = raised(MUSIC[: len(MUSIC) // 2], loudness=-30)
    assert one.problems != ()
    assert 0 < heard(tmp_path / "made.mp3", "mp3").sound.shape[0] < 2 * RATE


def test_what_is_no_mp3_is_refused(tmp_path):
    recipe, made = Recipe(3, loudness=-16), tmp_path / "made.mp3"
    source = wav(tmp_path / "source.wav", music(1.0))
    with pytest.raises((NotMp3, NotAudio)):
        raise_losslessly(source, recipe, made)
    (tmp_path / "page.mp3").write_text("<html>not found</html>")
    with pytest.raises(NotAudio, match="it looks like"):
        raise_losslessly(tmp_path / "page.mp3", recipe, made)
    assert not made.exists()
