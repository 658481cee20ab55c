"""Money: an amount in a provider's own unit, and sums of such, unit by unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

Totals = Mapping[str, Decimal]
"""Amounts by unit; a unit without an amount is not in it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount of one unit, as the provider counts it: `Cost(Decimal(9), "tokens")`."""

    amount: Decimal
    unit: str

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.unit}" if self else "free"


FREE = Cost(Decimal(0), "")

Quote = Cost | None
"""A price before it is paid; None is *unknown*, which is never the same as free."""


def plain(amount: Decimal) -> str:
    """Write an amount without an exponent or trailing zeros."""
    text = f"{amount:f}" if amount else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def total(costs: Iterable[Cost]) -> Totals:
    """Add up by unit; free costs leave no trace."""
    sums: dict[str, Decimal] = {}
    for cost in costs:
        if cost:
            sums[cost.unit] = sums.get(cost.unit, Decimal(0)) + cost.amount
    return dict(sorted(sums.items()))


def add(one: Totals, other: Totals) -> Totals:
    return total(Cost(amount, unit) for sums in (one, other) for unit, amount in sums.items())


def describe(totals: Totals) -> str:
    """Write totals as people say them: `67 tokens`, `67 tokens, 1.20 USD`, `nothing`."""
    return ", ".join(str(Cost(amount, unit)) for unit, amount in totals.items()) or "nothing"
