"""What stands between a step and a paid order: limits, refusals, and orders still open."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal

from .cost import Cost, Quote, plain, total
from .errors import (
    Busy,
    Failed,
    IntegrityError,
    Interrupted,
    MusicbuildError,
    NotSent,
    Overtaken,
    PolicyError,
    Refused,
    Scope,
    Unavailable,
    Undelivered,
    disk_failed,
)
from .hashing import Digest
from .lock import Purchase
from .money import Allowance
from .payment import Payment
from .providers import Connection, Connections, Providers
from .purchase import Buyer
from .spec import GenerateSpec
from .steps import Plan
from .team import Team
from .witness import MARGIN

RISE = Decimal("1.2")
"""A price this many times the one in the plan stops further orders of that model."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a provider said before anything was ordered: ids in its history, and the balance."""

    known: frozenset[str] = frozenset()
    balance: Quote = None


@dataclass(slots=True)
class Till:
    """Who may order what.  `open` are the orders of earlier builds that could not be settled."""

    providers: Providers
    connections: Connections
    buyer: Buyer
    allowance: Allowance
    team: Team | None = None
    open: dict[Digest, MusicbuildError] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _forbidden: dict[str, MusicbuildError] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, payment: Payment) -> Purchase | None:
        """See an order of an earlier build through; None if it surely was not charged.

        Whatever keeps it open keeps its track from being ordered again, and its price counts.
        """
        try:
            try:
                return self.buyer.settle(payment)
            except OSError as error:
                raise disk_failed(error) from None
        except MusicbuildError as error:
            with self._mutex:
                self.open[payment.spec.key] = error
            self.allowance.hold(payment.quote)
            raise

    def prepare(self, plan: Plan) -> None:
        """Make sure that all can be paid before anything is: limits, keys and balances."""
        self.allowance.check(plan.price)
        for provider in sorted({spec.provider for step in plan.purchases for spec in step.specs}):
            connection = self.connections[provider]
            have = connection.balance()
            self._afford(provider, plan, have)
            self._accounts[provider] = Account(self._history(connection), have)

    def buy(self, track: str, spec: GenerateSpec, quote: Quote) -> Purchase:
        """Order one generation, within all limits, unless the team has it or is about to.

        See `Buyer.buy` and `Team.clear` for what it raises.
        """
        model = str(self.providers.model_of(spec))
        if error := self.open.get(spec.key) or self._forbidden.get(model):
            raise error
        if self.buyer.exhausted(spec):
            raise PolicyError(
                f"{spec.provider} failed to make `{track}` {self.buyer.attempts} times;"
                " it is not ordered again by itself, and nothing was sent",
                hint=f"change its prompt, or say `--attempts {self.buyer.attempts + 1}`",
            )
        while True:
            if self.team and (purchase := self.team.clear(track, spec)):
                self.allowance.hold(purchase.cost)
                return purchase
            try:
                return self._order(track, spec, quote)
            except Overtaken:
                continue  # what the other machine makes of it is looked at first

    def _order(self, track: str, spec: GenerateSpec, quote: Quote) -> Purchase:
        model = str(self.providers.model_of(spec))
        account = self._accounts.get(spec.provider, Account())
        self.allowance.reserve(quote)
        wish = Payment(
            attempt="",
            spec=spec,
            intended=self.buyer.clock.now(),
            known=account.known,
            track=track,
            quote=quote,
            balance=self._left(account.balance, quote),
        )
        try:
            purchase = self.buyer.buy(wish)
        except (Refused, Busy, NotSent, Failed) as error:
            self.allowance.settle(quote, None)
            if isinstance(error, Refused) and error.scope is Scope.MODEL:
                self._forbidden[model] = error
            raise
        self.allowance.settle(quote, purchase.cost)
        if quote and purchase.cost.unit == quote.unit:
            self._watch(model, quote, purchase.cost)
        return purchase

    def again(self, track: str, spec: GenerateSpec, purchase: Purchase) -> Purchase:
        """Have audio in the store once more that was made and is damaged; nothing is paid.

        Raises IntegrityError if the provider can't give it again.
        """
        try:
            if self.providers.model_of(spec).repeatable and not purchase.adopted:
                return self.buyer.make(track, spec)
            self.buyer.fetch_again(purchase)
        except (Busy, Interrupted):
            raise
        except MusicbuildError as error:
            raise IntegrityError(
                f"the stored audio of `{track}` is damaged,"
                f" and can't be fetched again: {error.message}",
                hint=error.hint,
            ) from None
        return purchase

    def leave(self, payments: list[Payment]) -> list[Payment]:
        """Leave to the team what is theirs; return the orders that are to be settled here first."""
        if not (self.team and self.team.journal):
            return payments
        self.team.journal.leave()
        return [one for one in payments if one.generation or not one.theirs]

    def close(self, *, tidily: bool) -> None:
        if self.team:
            self.team.close(tidily=tidily)

    def _afford(self, provider: str, plan: Plan, have: Cost | None) -> None:
        quotes = [
            quote
            for step in plan.purchases
            for spec, quote in zip(step.specs, step.quotes, strict=True)
            if spec.provider == provider and quote
        ]
        need = total(quotes)
        if have is not None and need.get(have.unit, Decimal(0)) > have.amount:
            raise Unavailable(
                f"{provider} has {plain(have.amount)} {have.unit} left,"
                f" and this build needs {plain(need[have.unit])}; nothing was ordered",
                hint="top up the account, or build fewer tracks at a time",
            )

    def _left(self, balance: Quote, quote: Quote) -> Quote:
        """Return what the account holds before an order whose price is set aside already."""
        if balance is None or quote is None:
            return None
        spent = self.allowance.spent.get(balance.unit, Decimal(0)) - quote.amount
        return Cost(balance.amount - spent, balance.unit)

    def _watch(self, model: str, quote: Cost, cost: Cost) -> None:
        if cost.amount > quote.amount * RISE:
            self._forbidden[model] = PolicyError(
                f"{model} now costs {cost}, and the plan said {quote}; no more of it was ordered",
                hint="see `musicbuild plan`, and build again if that is worth it",
            )

    def _history(self, connection: Connection) -> frozenset[str]:
        """Return what the history holds already; an order found there later is a new one.

        Raises Unavailable if it can't be read: were an answer lost then, the order could be taken
        for older work in the same words, or that for the order.
        """
        try:
            tickets = connection.history(self.buyer.clock.now() - MARGIN)
        except Undelivered as error:
            raise Unavailable(
                error.message,
                hint="lost answers are looked up there, so nothing is ordered without it:"
                " build again later",
            ) from None
        return frozenset(ticket.id for ticket in tickets)
