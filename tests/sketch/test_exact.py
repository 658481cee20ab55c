"""Arithmetic is as good as the library's, and the same everywhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.sketch.exact import Rng, cos_turn, decibels, exp2, hertz, log2, sin_turn

finite = st.floats(-1000, 1000)


@given(finite)
def test_sine_and_cosine_are_right(turns):
    angle = 2 * math.pi * math.fmod(turns, 1)
    assert sin_turn(turns) == pytest.approx(math.sin(angle), abs=1e-12)
    assert cos_turn(turns) == pytest.approx(math.cos(angle), abs=1e-12)


@given(st.floats(-900, 900))
def test_powers_of_two_are_right(x):
    assert exp2(x) == pytest.approx(2.0**x, rel=1e-13)


def test_very_small_powers_are_nothing():
    assert exp2(-1e9) == 0.0


@given(st.floats(1.001, 60000))
def test_logarithms_undo_powers(x):
    assert exp2(log2(x)) == pytest.approx(x, rel=1e-9)


def test_units_are_what_musicians_expect():
    assert hertz(69) == 440.0
    assert hertz(57) == 220.0
    assert hertz(60) == pytest.approx(261.6256, abs=1e-4)
    assert decibels(-20) == pytest.approx(0.1)
    assert decibels(6.0206) == pytest.approx(2, rel=1e-5)


def test_bits_are_pinned():
    """Other bits than these are another model."""
    assert sin_turn(0.123).hex() == "0x1.6575f0138cda3p-1"
    assert exp2(0.3).hex() == "0x1.3b2c47bff8329p+0"
    assert Rng("sketch-1", "a prompt", 0, 1).word() == 14965781267229306945


def test_splitmix_is_splitmix():
    rng = Rng()
    rng._state = 1234567
    # The row that the reference implementation gives for this seed.
    assert [rng.word() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_branches_are_named_and_apart():
    rng = Rng("a", 1)
    assert rng.branch("b", 2).word() == Rng("a", 1, "b", 2).word()
    words = {Rng("a", 1).word(), rng.branch("b").word(), rng.branch("c").word(), Rng("a1").word()}
    assert len(words) == 4
    rng.word()
    assert rng.branch("b").word() == Rng("a", 1, "b").word()


@given(st.integers(0, 2**32), st.integers(1, 50))
def test_chance_stays_in_its_range(seed, count):
    rng = Rng("range", seed)
    for _ in range(20):
        assert 0 <= rng.unit() < 1
        assert -1 < rng.bell() < 1
        assert 0 <= rng.below(count) < count
        assert 2 <= rng.between(2, 3) < 3
        assert rng.weighted((("never", 0), ("always", 1))) == "always"


def test_weights_weigh():
    rng = Rng("weights")
    drawn = [rng.weighted((("often", 3), ("seldom", 1))) for _ in range(4000)]
    assert drawn.count("often") == pytest.approx(3000, rel=0.05)
