"""Where a piece is cut: at its sound, to its length, at its loop, and the same at any rate."""

from __future__ import annotations

import numpy as np
import pytest
from audio.pieces import RATE, composed, music, wav
from hypothesis import example, given, settings
from hypothesis import strategies as st

from musicbuild.audio.decode import open_audio
from musicbuild.audio.ends import Ends, Unfit, ends_of, played
from musicbuild.audio.loop.cut import Cut, NoLoop
from musicbuild.audio.recipe import LoopWish, Recipe
from musicbuild.audio.resample import Resampler
from musicbuild.audio.shape import CUT_SECONDS, NO_FADE, Fade, Shape


@pytest.fixture
def ends(tmp_path):
    def ends(sound, **recipe):
        source = wav(tmp_path / "source.wav", sound)
        with open_audio(source) as reader:
            return ends_of(reader, Recipe(**{"asked": len(sound) / RATE, **recipe}))

    return ends


def between_silences(begin, music_seconds, end):
    sound = np.zeros((begin + round(music_seconds * RATE) + end, 2), np.float32)
    sound[begin : len(sound) - end] = 0.1
    return sound


def test_nothing_asked_is_nothing_done(ends):
    assert ends(music(1.0)) == Ends(RATE)


def test_trimming_finds_the_first_and_the_last_sound(ends):
    assert ends(between_silences(1000, 1, 70_000), trim=-60).shape == Shape(1000, 1000 + RATE, RATE)
    # A tenth is -20 dBFS.
    assert ends(between_silences(1000, 1, 0), trim=-20.1).shape.first == 1000
    with pytest.raises(Unfit, match=r"^it is nothing but silence under -19\.9 dBFS$"):
        ends(between_silences(1000, 1, 0), trim=-19.9)


def test_silence_can_not_be_trimmed(ends):
    with pytest.raises(Unfit, match=r"^it is nothing but silence under -60 dBFS$"):
        ends(np.zeros((RATE, 2), np.float32), trim=-60)


def test_what_is_too_long_is_cut_and_what_is_too_short_is_filled(ends):
    sound = music(2.0)
    cut = ends(sound, asked=1.5, exact=True)
    assert cut.shape == Shape(0, 2 * RATE, RATE * 3 // 2, NO_FADE, Fade(CUT_SECONDS, "equal-power"))
    assert (cut.missing, cut.exact) == (0, 1.5)
    assert ends(sound, asked=2, exact=True).shape == Shape(0, 2 * RATE, 2 * RATE)
    filled = ends(sound, asked=2.5, exact=True, fade_out=Fade(1))
    assert filled.shape == Shape(0, 2 * RATE, RATE * 5 // 2, NO_FADE, Fade(1))
    assert filled.missing == 0.5


def test_silence_that_is_trimmed_is_missing_from_an_exact_length(ends):
    found = ends(between_silences(RATE, 1, RATE), asked=2, exact=True, trim=-60)
    assert found.missing == 1


def test_more_missing_than_tolerated_is_refused(ends):
    sound = music(2.0)
    assert ends(sound, asked=2.25, exact=True, missing=0.25).missing == 0.25
    with pytest.raises(Unfit, match=r"^it is 2\.000 s long, 0\.250 s short of its exact length$"):
        ends(sound, asked=2.25, exact=True, missing=0.2)
    assert ends(sound, asked=9, missing=0).missing == 0  # no exact length is asked for


def test_fades_alone_keep_the_length(ends):
    for how in ({"fade_in": Fade(0.5)}, {"fade_out": Fade(0.5)}):
        shape = ends(music(1.0), **how).shape
        assert (shape.first, shape.last, shape.length) == (0, RATE, RATE)
        assert (shape.fade_in, shape.fade_out) == (
            how.get("fade_in", NO_FADE),
            how.get("fade_out", NO_FADE),
        )


def test_a_loop_is_of_the_bars_and_the_length_that_were_asked(ends):
    sound = composed("Trance in A minor, 126 BPM", "8")
    bar = 4 * 60 / 126 * RATE
    three = ends(sound, loop=LoopWish(bars=3, bpm=126)).cut
    assert three.length == pytest.approx(3 * bar, abs=RATE // 1000)
    assert three.crossfade == RATE // 5
    two = ends(sound, asked=3.8, loop=LoopWish(bpm=126, crossfade=0.1)).cut
    assert two.length == pytest.approx(2 * bar, abs=RATE // 1000)
    assert two.crossfade == RATE // 10
    with pytest.raises(NoLoop, match=r"too short for a loop"):
        ends(sound, loop=LoopWish(bars=9, bpm=126))


def test_a_loop_is_counted_in_what_is_left_by_trimming(ends):
    quiet = np.zeros((2 * RATE, 2), np.float32)
    sound = np.concatenate([quiet, composed("Trance in A minor, 126 BPM", "8", loop=True)])
    found = ends(sound, asked=8, trim=-60, loop=LoopWish())
    assert found.shape.first >= 2 * RATE
    assert found.cut.start + found.cut.length <= found.shape.length


def test_no_blocks_give_no_sound():
    assert list(played([], Ends(RATE))) == []


RATES = (8000, 22_050, 44_100, 48_000, 96_000)


def resampled(sound, from_rate, to_rate):
    resampler = Resampler(from_rate, to_rate, 1)
    return [resampler.write(sound), resampler.finish()]


@settings(max_examples=100, deadline=None)
@given(
    lead=st.integers(0, 300),
    length=st.integers(2, 900),
    rest=st.integers(0, 2),
    crossfade=st.integers(0, 300),
    rates=st.tuples(st.sampled_from(RATES), st.sampled_from(RATES)),
)
@example(lead=6, length=402, rest=0, crossfade=6, rates=(44_100, 48_000))
@example(lead=1, length=11, rest=0, crossfade=1, rates=(44_100, 8000))
def test_a_loop_up_to_the_very_end_is_there_at_any_rate(lead, length, rest, crossfade, rates):
    from_rate, to_rate = rates
    crossfade = min(crossfade, lead, length)
    cut = Cut(lead, length, crossfade, 0.0, 0, 1.0)
    sound = np.ones((lead + length + rest, 1), np.float32)
    ends = Ends(from_rate, cut=cut).at(to_rate)
    found = sum(map(len, played(resampled(sound, from_rate, to_rate), ends)))
    assert found == ends.cut.length
    assert abs(ends.cut.length - length * to_rate / from_rate) <= 0.5
    assert abs(ends.cut.start - lead * to_rate / from_rate) <= 1
    assert 0 <= ends.cut.crossfade <= ends.cut.start


@settings(max_examples=100, deadline=None)
@given(
    first=st.integers(0, 300),
    length=st.integers(1, 900),
    seconds=st.none() | st.floats(0.001, 0.1),
    rates=st.tuples(st.sampled_from(RATES), st.sampled_from(RATES)),
)
def test_a_shape_up_to_the_very_end_is_there_at_any_rate(first, length, seconds, rates):
    from_rate, to_rate = rates
    last = first + length
    kept = length if seconds is None else round(seconds * from_rate)
    ends = Ends(from_rate, Shape(first, last, kept), exact=seconds).at(to_rate)
    sound = np.ones((last, 1), np.float32)
    found = sum(map(len, played(resampled(sound, from_rate, to_rate), ends)))
    assert found == ends.shape.length
    if seconds is None:
        assert abs(found - length * to_rate / from_rate) <= 1
    else:
        assert found == round(seconds * to_rate)
