"""What a build may spend: a project's budget, a run's cap, and who asks before each order."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from decimal import Decimal

from .cost import Cost, Quote, Totals, add, describe, plain, total
from .errors import PolicyError


class Allowance:
    """Money set aside for orders under way, so that many at once stay within one limit.

    `spent` is what the lock adds up to, `budget` the most it may be, by unit; `cap` the most of
    any one unit for this run alone, None for no such limit.
    """

    def __init__(self, spent: Totals, budget: Totals, cap: Decimal | None) -> None:
        self._before = spent
        self._budget = budget
        self._cap = cap
        self._run: dict[str, Decimal] = {}
        self._mutex = threading.Lock()

    @property
    def spent(self) -> Totals:
        """Return what this run has spent or set aside."""
        with self._mutex:
            return total(Cost(amount, unit) for unit, amount in self._run.items())

    def check(self, price: Totals) -> None:
        """Raise PolicyError if so much more would break a limit; nothing more breaks none."""
        self._check(add(self._run, price), price)

    def _check(self, run: Totals, units: Iterable[str]) -> None:
        """Hold what a run would have spent against the limits of these units."""
        if self._cap is not None and any(run.get(unit, Decimal(0)) > self._cap for unit in units):
            raise PolicyError(
                f"this build would cost {describe(run)},"
                f" and `--max-cost` allows {plain(self._cap)}; {self._sent} was sent",
                hint="build fewer tracks at a time, or raise `--max-cost`",
            )
        whole = add(self._before, run)
        for unit in units:
            limit = self._budget.get(unit)
            if limit is not None and whole.get(unit, Decimal(0)) > limit:
                raise PolicyError(
                    f"this project would have cost {plain(whole[unit])} {unit} in all,"
                    f" and its budget is {plain(limit)}; {self._sent} was sent",
                    hint="raise `budget` in the manifest, or build fewer tracks",
                )

    @property
    def _sent(self) -> str:
        return "nothing more" if self._run else "nothing"

    def reserve(self, quote: Quote) -> None:
        """Set a price aside before an order is sent; raise PolicyError if it breaks a limit.

        An order whose price is not known may go out as long as no limit is broken already.
        """
        with self._mutex:
            if quote is None:
                self._check(self._run, sorted({*self._run, *self._before}))
                return
            self.check(total([quote]))
            self._change(quote, quote.amount)

    def hold(self, quote: Quote) -> None:
        """Count an order of an earlier build that may have been charged."""
        if quote is not None:
            with self._mutex:
                self._before = add(self._before, total([quote]))

    def settle(self, quote: Quote, cost: Cost | None) -> None:
        """Put what was really paid, if anything, in the place of what was set aside."""
        with self._mutex:
            if quote is not None:
                self._change(quote, -quote.amount)
            if cost is not None:
                self._change(cost, cost.amount)

    def _change(self, cost: Cost, amount: Decimal) -> None:
        if cost:
            self._run[cost.unit] = self._run.get(cost.unit, Decimal(0)) + amount
