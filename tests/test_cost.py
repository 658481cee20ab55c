"""Money: exact, by unit, and never without saying what it is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from musicbuild.cost import FREE, Cost, add, describe, plain, total

NINE = Cost(Decimal(9), "tokens")
CENTS = Cost(Decimal("0.10"), "USD")


def test_costs_say_what_they_are():
    assert [str(NINE), str(CENTS), str(FREE)] == ["9 tokens", "0.1 USD", "free"]
    assert NINE
    assert not FREE


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("9", "9"),
        ("9.00", "9"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.050", "0.05"),
        ("1E-7", "0.0000001"),
    ],
)
def test_amounts_are_written_without_exponent_or_trailing_zeros(written, read):
    assert plain(Decimal(written)) == read


def test_sums_are_by_unit_exact_and_without_what_is_free():
    assert total([CENTS, NINE, CENTS, CENTS, FREE]) == {
        "USD": Decimal("0.30"),
        "tokens": Decimal(9),
    }
    assert list(total([NINE, CENTS])) == ["USD", "tokens"]
    assert total([]) == {}


def test_totals_add_up():
    assert add({"tokens": Decimal(9)}, {"USD": Decimal(1), "tokens": Decimal(-9)}) == {
        "tokens": Decimal(0),
        "USD": Decimal(1),
    }
    assert add({"tokens": Decimal(9)}, {"tokens": Decimal(58)}) == {"tokens": Decimal(67)}


def test_totals_say_what_they_are():
    assert describe(total([NINE, CENTS])) == "0.1 USD, 9 tokens"
    assert describe({}) == "nothing"
