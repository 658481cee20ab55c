"""Money: no order goes out that would break a limit, however many go out at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from musicbuild.cost import FREE, Cost
from musicbuild.errors import PolicyError
from musicbuild.money import Allowance

NINE = Cost(Decimal(9), "tokens")
DOLLAR = Cost(Decimal("1.20"), "USD")


def allowance(*, spent=0, budget=None, cap=None):
    return Allowance(
        {"tokens": Decimal(spent)} if spent else {},
        {} if budget is None else {"tokens": Decimal(budget)},
        None if cap is None else Decimal(cap),
    )


def refusal(call, *arguments):
    with pytest.raises(PolicyError) as raised:
        call(*arguments)
    assert raised.value.exit_code == 4
    return str(raised.value)


def test_without_limits_all_may_be_spent():
    money = allowance(spent=10**9)
    money.reserve(NINE)
    money.reserve(None)
    assert money.spent == {"tokens": 9}


def test_a_cap_is_for_this_run():
    money = allowance(spent=500, cap=18)
    money.check({"tokens": Decimal(18)})
    assert refusal(money.check, {"tokens": Decimal(19)}) == (
        "this build would cost 19 tokens, and `--max-cost` allows 18; nothing was sent\n"
        "hint: build fewer tracks at a time, or raise `--max-cost`"
    )


def test_a_budget_is_for_all_that_was_ever_spent():
    money = allowance(spent=290, budget=300)
    money.reserve(NINE)
    assert refusal(money.reserve, NINE) == (
        "this project would have cost 308 tokens in all, and its budget is 300;"
        " nothing more was sent\n"
        "hint: raise `budget` in the manifest, or build fewer tracks"
    )
    assert money.spent == {"tokens": 9}, "what was refused is not set aside"


def test_each_unit_has_its_own_budget():
    money = allowance(budget=9)
    money.reserve(DOLLAR)
    money.reserve(NINE)
    refusal(money.reserve, NINE)
    money.reserve(DOLLAR)
    assert money.spent == {"USD": Decimal("2.40"), "tokens": 9}


def test_no_money_is_no_breach_though_the_budget_was_cut_below_what_is_spent():
    money = allowance(spent=500, budget=300, cap=0)
    money.check({})
    money.reserve(FREE)
    money.reserve(Cost(Decimal(0), "tokens"))
    refusal(money.reserve, NINE)
    assert money.spent == {}


def test_what_is_really_paid_takes_the_place_of_the_price():
    money = allowance(cap=20)
    money.reserve(NINE)
    money.settle(NINE, Cost(Decimal(12), "tokens"))
    assert money.spent == {"tokens": 12}
    refusal(money.reserve, NINE)
    money.settle(None, Cost(Decimal(8), "tokens"))
    assert money.spent == {"tokens": 20}


def test_an_order_that_was_not_charged_gives_its_money_back():
    money = allowance(cap=9)
    money.reserve(NINE)
    refusal(money.reserve, NINE)
    money.settle(NINE, None)
    assert money.spent == {}
    money.reserve(NINE)


@pytest.mark.parametrize("limits", [{"cap": 10}, {"budget": 10}, {"budget": 10, "spent": 1}])
def test_an_unknown_price_is_not_ordered_once_a_limit_is_broken(limits):
    money = allowance(**limits)
    money.reserve(None)
    money.settle(None, Cost(Decimal(11), "tokens"))
    refusal(money.reserve, None)


def test_many_at_once_stay_within_one_limit():
    money = allowance(cap=90)

    def order(_):
        try:
            money.reserve(NINE)
        except PolicyError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(order, range(100))) == 10
    assert money.spent == {"tokens": 90}


def test_an_order_of_an_earlier_build_counts_for_the_budget_and_not_for_this_run():
    money = allowance(budget=20)
    money.hold(Cost(Decimal(9), "tokens"))
    money.hold(None)
    assert money.spent == {}
    money.check({"tokens": Decimal(11)})
    assert "would have cost 21 tokens in all" in refusal(money.check, {"tokens": Decimal(12)})
