"""What became of an order whose answer was lost, by what the history and the balance say of it.

An order counts as not charged only after the settling time, and by two complete readings of the
history apart; even then it stays open if more is gone from the account than all else explains.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial

from .clock import Clock, stamp
from .errors import Busy, Unavailable, Undelivered, Unresolved
from .events import Listener, Searching
from .payment import Payment, folded
from .providers import Connections, Ticket
from .registry import Registry

MARGIN = timedelta(days=1)
"""How far back before an order the history is read: a clock may be wrong by its whole zone."""

APART = 20.0
"""Seconds between two readings of a history that must agree."""

IN_FLIGHT = 600.0
"""Seconds that a paid request of another machine may be on its way, as the HTTP edge bounds it."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How long a lost answer is looked for, in seconds, and whether this build may wait so long.

    An order is taken as not charged only after that time: the provider may list it late.
    """

    seconds: float = 300.0
    wait: bool = True


class _Seen(Enum):
    """What one reading of a history shows where it doesn't show the order."""

    NOTHING = "nothing that could be it"
    UNTOLD = "what could be it, or a rival's: it doesn't tell its length yet"
    UNREAD = "it could not be read"


class Claims:
    """The ids of generations that are spoken for, so that two tracks never adopt one."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = set(ids)
        self._mutex = threading.Lock()

    def take(self, generation: str) -> bool:
        with self._mutex:
            if generation in self._ids:
                return False
            self._ids.add(generation)
            return True

    def adopt(self, generation: str, payment: Payment) -> bool:  # noqa: ARG002
        """Take an id that was found for an order whose answer was lost."""
        return self.take(generation)

    def __contains__(self, generation: str) -> bool:
        with self._mutex:
            return generation in self._ids


class TeamClaims(Claims):
    """The same for a team: no two machines adopt one generation for different orders."""

    def __init__(self, ids: Iterable[str], registry: Registry) -> None:
        super().__init__(ids)
        self._registry = registry

    def adopt(self, generation: str, payment: Payment) -> bool:
        """Take an id here and for the whole team; raises RemoteError."""
        spec = payment.spec
        free = generation not in self and self._registry.claim(spec.provider, generation, spec.key)
        return free and self.take(generation)


@dataclass(frozen=True, slots=True)
class Witness:
    """Who is asked, and how patiently.

    `paid_since` adds up what all other orders to the same provider have cost, or may have, since
    one was sent; `orders` are those that are open now, in the journal.
    """

    connections: Connections
    clock: Clock
    claims: Claims
    paid_since: Callable[[Payment], Decimal]
    orders: Callable[[], list[Payment]]
    settling: Settling
    listen: Listener

    def find(self, payment: Payment) -> Ticket | None:
        """Return the order, claimed for this payment; None if it surely was not charged.

        Raises Unresolved if neither is known by the end of the settling time.  What is there by
        then and doesn't tell its length yet is given as long again to be finished.
        """
        settling, seconds = self.settling, self.settled_after(payment)
        age = max(0.0, (self.clock.now() - payment.intended).total_seconds())
        end = self.clock.monotonic() + max(0.0, seconds - age)
        apart, empty = min(APART, seconds / 3), 0
        while True:
            late = self.clock.monotonic() - end
            seen = self._look(payment)
            if isinstance(seen, Ticket):
                return seen
            if late >= 0:
                if seen is _Seen.UNREAD or (seen is _Seen.UNTOLD and late >= seconds):
                    raise self._unresolved(payment)
                empty += seen is _Seen.NOTHING
            if empty == 2:
                if self.was_debited(payment):
                    raise self._unresolved(payment)
                return None
            if not (settling.wait or empty):
                raise self._unresolved(payment)
            end_of_all = end + seconds * (seen is _Seen.UNTOLD)
            self.listen(Searching(payment.track, max(0.0, end_of_all - self.clock.monotonic())))
            self.clock.sleep(apart)

    def settled_after(self, payment: Payment) -> float:
        """Return how many seconds after it was intended an order is settled."""
        return self.settling.seconds + (IN_FLIGHT if payment.theirs else 0.0)

    def _look(self, payment: Payment) -> Ticket | _Seen:
        """Read the history once; return what was claimed there, or what else is seen."""
        try:
            connection = self.connections[payment.spec.provider]
            tickets = connection.history(payment.intended - MARGIN)
        except Undelivered:
            return _Seen.UNREAD
        # Read after the history: whatever is in it was in the journal before.
        rivals = [one for one in self.orders() if _are_rivals(one, payment)]
        free = [one for one in tickets if _same(one, payment) and one.id not in self.claims]
        for ticket in sorted(free, key=partial(_likeness, payment)):
            if _is_for(payment, ticket, rivals) and self.claims.adopt(ticket.id, payment):
                return ticket
        untold = rivals and any(one.seconds is None for one in free)
        return _Seen.UNTOLD if untold else _Seen.NOTHING

    def was_debited(self, payment: Payment) -> bool:
        """Tell whether more has gone from the account than all orders but this one explain.

        It is the second witness: a history that does not show an order may be wrong.
        """
        if payment.balance is None or payment.quote is None:
            return False
        try:
            have = self.connections[payment.spec.provider].balance()
        except (Unavailable, Busy):
            return True
        gone = payment.balance.amount - have.amount if have else Decimal(0)
        return gone - self.paid_since(payment) >= payment.quote.amount > 0

    def _unresolved(self, payment: Payment) -> Unresolved:
        back = payment.intended + timedelta(seconds=self.settled_after(payment))
        return Unresolved(
            f"an order at {payment.spec.provider} may have been charged: its answer was lost",
            hint=f"run `musicbuild build` after {stamp(back)}; it looks in the history first",
        )


def _same(ticket: Ticket, payment: Payment) -> bool:
    """Tell whether a generation in the history is what an order asked for.

    Prompts are compared as providers may give them back: another normal form, other line ends,
    no white space at the ends.
    """
    return (
        not ticket.failed
        and ticket.id not in payment.known
        and ticket.model == payment.spec.model
        and folded(ticket.prompt) == folded(payment.spec.prompt)
    )


def _are_rivals(one: Payment, other: Payment) -> bool:
    """Tell whether an open order could be taken for another, were it not for its length."""
    mine, its = one.spec, other.spec
    return (
        not one.generation
        and mine.duration != its.duration
        and (mine.provider, mine.model) == (its.provider, its.model)
        and folded(mine.prompt) == folded(its.prompt)
    )


def _is_for(payment: Payment, ticket: Ticket, rivals: Iterable[Payment]) -> bool:
    """Tell whether a generation is this order's rather than a rival's, as its length tells."""
    mine = _distance(payment, ticket)
    return all(ticket.seconds is not None and mine <= _distance(one, ticket) for one in rivals)


def _likeness(payment: Payment, ticket: Ticket) -> tuple[float, datetime]:
    """Sort generations in the same words: those of the length asked for first, then by age."""
    return _distance(payment, ticket), ticket.created or payment.intended


def _distance(payment: Payment, ticket: Ticket) -> float:
    """Return by how many seconds a generation is not what was asked for, as far as is known."""
    asked = payment.spec.duration
    return round(abs((asked if ticket.seconds is None else ticket.seconds) - asked))
