"""Arithmetic is as good as the library's, and the same everywhere."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from statistics import correlation, mean, pstdev

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


def test_known_angles_are_exact():
    assert [sin_turn(quarter / 4) for quarter in (0, 2, 4)] == [0, 0, 0]
    assert sin_turn(0.75) == -sin_turn(0.25) == pytest.approx(-1, abs=2e-16)
    assert sin_turn(1 / 12) == pytest.approx(0.5, abs=1e-15)
    assert sin_turn(-0.1) == -sin_turn(0.1)


def test_sine_and_powers_are_right_on_a_fine_grid():
    for step in range(-3000, 3001):
        x = step / 1000
        assert abs(sin_turn(x) - math.sin(2 * math.pi * math.fmod(x, 1))) < 1e-12
        assert abs(exp2(10 * x) / 2.0 ** (10 * x) - 1) < 1e-12


@given(st.integers(-900, 900))
def test_whole_powers_are_exact(x):
    assert exp2(x) == math.ldexp(1.0, x)


def test_an_octave_is_twice_the_frequency():
    for pitch in range(12, 116):
        assert hertz(pitch + 12) == pytest.approx(2 * hertz(pitch), rel=1e-14)
        assert hertz(pitch) == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=1e-13)


def test_dice_are_pinned():
    """Other numbers than these are another model."""
    rng = Rng("sketch-1", "dice")
    assert [rng.below(6) for _ in range(12)] == [0, 1, 1, 5, 1, 4, 1, 1, 5, 5, 3, 3]
    assert rng.unit().hex() == "0x1.a4d42ba90328dp-1"
    assert rng.bell().hex() == "-0x1.c2315dca71130p-5"
    assert Rng("Z\u00fcrich \U0001f3b8", -1).word() == 14703727660661536909


def test_dice_are_fair():
    """Chi-squared of 60 sides over 60,000 throws, and no memory from one throw to the next."""
    rng = Rng("fair")
    thrown = [rng.below(60) for _ in range(60000)]
    counts = Counter(thrown)
    assert 30 < sum((counts[side] - 1000) ** 2 / 1000 for side in range(60)) < 98
    pairs = Counter((a // 10, b // 10) for a, b in pairwise(thrown))
    assert all(count == pytest.approx(60000 / 36, rel=0.1) for count in pairs.values())


def test_units_and_bells_have_their_shape():
    rng = Rng("shape")
    units = [rng.unit() for _ in range(20000)]
    bells = [rng.bell() for _ in range(20000)]
    assert mean(units) == pytest.approx(0.5, abs=0.01)
    assert pstdev(units) == pytest.approx(math.sqrt(1 / 12), rel=0.02)
    assert mean(bells) == pytest.approx(0, abs=0.01)
    assert pstdev(bells) == pytest.approx(1 / 3, rel=0.02)
    assert mean(rng.chance(0.3) for _ in range(20000)) == pytest.approx(0.3, abs=0.015)


def test_branches_do_not_run_alike():
    rows = [[Rng("piece", branch).branch(n).unit() for n in range(2000)] for branch in ("a", "b")]
    assert abs(correlation(*rows)) < 0.07
    assert len({Rng("a", "b").word(), Rng("ab").word(), Rng("b", "a").word()}) == 3


def test_weights_of_nothing_are_refused():
    with pytest.raises(ValueError, match="the weights are nothing"):
        Rng("none").weighted((("never", 0),))
