"""A piece begins, ends and lasts exactly as it is told to, however its blocks are cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musicbuild.audio.shape import CURVES, NO_FADE, Fade, NoSuchShape, Shape, edges, exact, shaped

RATE = 1000


def noise(samples, channels=2):
    wave = np.random.default_rng(samples).uniform(0.5, 1, (samples, channels))
    return wave.astype(np.float32)


def ones(samples):
    return np.ones((samples, 1), np.float32)


def cut(sound, *places):
    return np.split(sound, sorted(place for place in places if place < len(sound)))


def made(sound, shape, rate=RATE):
    return np.concatenate([np.zeros((0, sound.shape[1])), *shaped([sound], shape, rate)])


# -- what is taken


def test_samples_are_taken_to_the_sample_and_left_as_they_are():
    sound = noise(500)
    assert np.array_equal(made(sound, Shape(100, 350, 250)), sound[100:350])
    assert np.array_equal(made(sound, Shape(100, 350, 200)), sound[100:300])


def test_what_is_too_short_is_followed_by_silence():
    sound = noise(500)
    out = made(sound, Shape(100, 350, 100_000))
    assert np.array_equal(out[:250], sound[100:350])
    assert out.shape == (100_000, 2)
    assert not out[250:].any()


def test_no_more_blocks_are_taken_than_needed():
    def blocks():
        yield noise(100)
        yield noise(100)
        pytest.fail("the music had ended")

    assert sum(map(len, shaped(blocks(), Shape(0, 200, 300), RATE))) == 300


def test_the_blocks_themselves_stay_as_they_are():
    sound = noise(200)
    before = sound.copy()
    made(sound, Shape(0, 200, 200, Fade(0.1), Fade(0.1)))
    assert np.array_equal(sound, before)


def test_silence_alone_can_be_made_of_silence():
    assert not made(np.zeros((50, 2), np.float32), Shape(0, 0, 30)).any()
    assert list(shaped([], Shape(0, 0, 0), RATE)) == []


@pytest.mark.parametrize(
    ("blocks", "shape", "sentence"),
    [
        ([noise(100)], Shape(0, 101, 101), "the sound ends at sample 100, before sample 101"),
        ([noise(10), noise(20)], Shape(40, 50, 5), "the sound ends at sample 30, before sample 45"),
        ([], Shape(0, 0, 10), "the sound ends at sample 0, before sample 1"),
    ],
)
def test_sound_that_ends_too_early_is_refused(blocks, shape, sentence):
    with pytest.raises(NoSuchShape) as refusal:
        list(shaped(blocks, shape, RATE))
    assert str(refusal.value) == sentence


# -- fades

HALFWAY = {
    "linear": 0.5,
    "equal-power": math.sqrt(0.5),
    "exponential": (math.sqrt(1000) - 1) / 999,
    "s-curve": 0.5,
}


@pytest.mark.parametrize("curve", CURVES)
def test_a_fade_rises_from_nothing_to_all_by_its_formula(curve):
    out = made(ones(3000), Shape(0, 3000, 3000, Fade(1.001, curve)))[:, 0]
    assert out[500] == pytest.approx(HALFWAY[curve], rel=1e-6)  # the middle one of 1001
    assert (np.diff(out[:1001]) > 0).all()
    assert 0 < out[0] < 0.001
    assert 0.99 < out[1000] < 1
    assert (out[1001:] == 1).all()


@pytest.mark.parametrize("curve", CURVES)
def test_a_fade_out_is_a_fade_in_turned_round(curve):
    rising = made(ones(900), Shape(0, 900, 900, Fade(0.3, curve)))
    falling = made(ones(900), Shape(0, 900, 900, NO_FADE, Fade(0.3, curve)))
    assert falling[::-1] == pytest.approx(rising, abs=1e-6)


def test_equal_power_keeps_the_power_where_two_cross():
    rising = made(ones(400), Shape(0, 400, 400, Fade(0.4, "equal-power")))
    falling = made(ones(400), Shape(0, 400, 400, NO_FADE, Fade(0.4, "equal-power")))
    assert rising**2 + falling**2 == pytest.approx(1, abs=1e-6)


def test_a_fade_out_ends_where_the_silence_begins():
    out = made(ones(200), Shape(0, 200, 500, NO_FADE, Fade(0.1)))[:, 0]
    assert (out[:100] == 1).all()
    assert (np.diff(out[100:200]) < 0).all()
    assert out[199] == pytest.approx(0.005)
    assert not out[200:].any()


def test_a_fade_out_ends_where_the_piece_is_cut():
    out = made(ones(500), Shape(0, 500, 200, NO_FADE, Fade(0.1)))[:, 0]
    assert (out[:100] == 1).all()
    assert out[199] == pytest.approx(0.005)


def test_fades_without_room_are_shortened_in_proportion():
    out = made(ones(100), Shape(0, 100, 100, Fade(3), Fade(1)))[:, 0]
    assert out.argmax() in (74, 75)
    assert out.max() > 0.97
    out = made(ones(100), Shape(0, 100, 100, NO_FADE, Fade(1e9)))[:, 0]
    assert (out[0], out[-1]) == pytest.approx((0.995, 0.005))


@pytest.mark.parametrize("samples", [0, 1, 2])
@pytest.mark.parametrize("curve", CURVES)
def test_hardly_any_samples_are_faded_too(samples, curve):
    for fade_in, fade_out in ((1, 1), (0, 1), (1, 0), (0.001, 0.001)):
        shape = Shape(0, samples, samples, Fade(fade_in, curve), Fade(fade_out, curve))
        out = made(ones(10), shape)
        assert len(out) == samples
        assert ((out > 0) & (out <= 1)).all()


@given(
    shape=st.builds(
        Shape,
        st.integers(0, 40),
        st.integers(40, 90),
        st.integers(0, 120),
        st.builds(Fade, st.floats(0, 0.1), st.sampled_from(CURVES)),
        st.builds(Fade, st.floats(0, 0.1), st.sampled_from(CURVES)),
    ),
    places=st.lists(st.integers(0, 90), max_size=6),
)
def test_the_cuts_between_blocks_are_not_heard(shape, places):
    sound = noise(90)
    pieces = list(shaped(cut(sound, *places), shape, RATE))
    assert sum(map(len, pieces)) == shape.length
    assert all(piece.dtype == np.float32 and piece.shape[1] == 2 for piece in pieces)
    whole = made(sound, shape)
    assert np.array_equal(np.concatenate([whole[:0], *pieces]), whole)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Fade(-1), "a fade can't last -1 seconds"),
        (lambda: Fade(math.nan), "a fade can't last nan seconds"),
        (lambda: Fade(math.inf), "a fade can't last inf seconds"),
        (
            lambda: Fade(1, "steep"),
            "there is no fade `steep`, only linear, equal-power, exponential, s-curve",
        ),
        (lambda: Shape(5, 4, 1), "samples 5 to 4 can't become 1"),
        (lambda: Shape(-1, 4, 1), "samples -1 to 4 can't become 1"),
        (lambda: Shape(0, 4, -1), "samples 0 to 4 can't become -1"),
        (lambda: exact(0, 4, 1e308, RATE), "a piece can't last 1e+308 seconds"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(NoSuchShape) as refusal:
        make()
    assert str(refusal.value) == sentence


# -- exact lengths


def test_a_longer_piece_is_cut_with_a_short_fade():
    shape, missing = exact(10, 5000, 2.0, RATE)
    assert (shape, missing) == (
        Shape(10, 5000, 2000, NO_FADE, Fade(0.02, "equal-power")),
        0,
    )
    assert exact(10, 5000, 2.0, RATE, fade_out=Fade(1))[0].fade_out == Fade(1)
    assert exact(10, 5000, 2.0, RATE, fade_in=Fade(1))[0].fade_in == Fade(1)


def test_a_shorter_piece_says_how_much_is_missing():
    assert exact(10, 1510, 2.0, RATE) == (Shape(10, 1510, 2000), 0.5)
    assert exact(0, 0, 2.0, RATE) == (Shape(0, 0, 2000), 2.0)


def test_a_piece_of_the_right_length_is_left_alone():
    assert exact(10, 2010, 2.0, RATE) == (Shape(10, 2010, 2000), 0)
    assert exact(0, 30870, 0.7, 44100) == (Shape(0, 30870, 30870), 0)


# -- edges


def test_the_edges_are_found_to_the_sample():
    sound = np.zeros((100_000, 2), np.float32)
    sound[20_001, 1] = -0.5
    sound[90_000, 0] = 0.5
    sound[[0, -1]] = 0.01
    assert edges([sound], 0.01) == (20_001, 90_001)
    assert edges([sound], 0.001) == (0, 100_000)


def test_nothing_but_silence_has_no_edges():
    assert edges([np.full((10_000, 1), 0.01, np.float32)] * 3, 0.02) == (0, 0)
    assert edges([], 0.02) == (0, 0)


@given(
    st.lists(st.sampled_from([0.0, 0.1, -0.1, 0.5, -0.5]), min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
@example([0.0, 0.5, 0.0], [1, 2])
def test_the_edges_do_not_depend_on_the_blocks(values, places):
    sound = np.array(values, np.float32)[:, None]
    loud = [place for place, value in enumerate(values) if abs(value) > 0.2]
    expected = (loud[0], loud[-1] + 1) if loud else (0, 0)
    assert edges(cut(sound, *places), 0.2) == expected
