"""Buying as one of a team: what another machine bought is taken from it, and none orders beside it.

An order is told to the team before it leaves.  One of a machine that is not heard of any more is
seen through by whoever comes next, and counts as not charged only once no request of that machine
can be on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from .clock import Clock
from .errors import IntegrityError, NotSent, Overtaken, RemoteError, Unresolved
from .events import Listener, Passage, Searching, Supplied, Untold
from .exchange import Exchange
from .hashing import Digest
from .journal import Journal
from .ledger import Enter
from .lock import Purchase
from .payment import Payment
from .registry import Registry
from .spec import GenerateSpec
from .witness import IN_FLIGHT, Claims

ABSENT = (Passage.MISSING, Passage.DAMAGED)

APART = 20.0
"""Seconds between two looks at what became of another machine's order."""


class TeamJournal:
    """The journal of this machine, and what of it the team is told.

    Nothing leaves that the team was not told of.  What can't be told later stands in the journal
    and is settled from there: it is said, and stops nothing.  `bought` looks a key up in the lock.
    """

    def __init__(
        self,
        journal: Journal,
        registry: Registry,
        *,
        exchange: Exchange,
        claims: Claims,
        bought: Callable[[Digest], Purchase | None],
        listen: Listener,
        known: Collection[Payment] = (),
    ) -> None:
        self._journal, self._registry, self._exchange = journal, registry, exchange
        self._claims, self._bought, self._listen = claims, bought, listen
        self._known = {payment.attempt: payment for payment in known}
        self._theirs = {one.attempt for one in known if one.theirs and not one.generation}
        self._void: set[str] = set()

    def intend(self, payment: Payment) -> None:
        """Write down an order here and there; raise Overtaken if another machine has one open."""
        overtaken = Overtaken(f"another machine orders `{payment.track}`; nothing was sent")
        try:
            others, count = self._look(payment.spec)
            if others or self._registry.purchase(payment.spec.key):
                raise overtaken
        except RemoteError as error:
            raise _not_told(error) from None
        self._known[payment.attempt] = payment
        self._journal.intend(payment)
        try:
            if self._registry.intend(payment, after=count):
                return
        except RemoteError as error:
            self.forget(payment.attempt)
            raise _not_told(error) from None
        self._journal.forget(payment.attempt)
        raise overtaken

    def others(self, spec: GenerateSpec) -> list[Payment]:
        """Return the orders for a key that are open.

        By then all in its words are in the journal here: a history tells them apart by little.
        """
        return self._look(spec)[0]

    def _look(self, spec: GenerateSpec) -> tuple[list[Payment], int]:
        """Return the open orders for a key, and how many there were in its words, void or not.

        Whatever generation one of those is, is spoken for.
        """
        found = []
        orders, count = self._registry.orders(spec)
        for payment in orders:
            if payment.attempt in self._void:
                self._tell_void(payment)
            elif purchase := self._registry.purchase(payment.spec.key) or self._settled(payment):
                self._claims.take(purchase.generation)
            else:
                if payment.attempt not in self._known:
                    self._take_over(payment)
                if payment.spec.key == spec.key:
                    found.append(self._known[payment.attempt])
        return found, count

    def accept(self, attempt: str, generation: str) -> None:
        self._journal.accept(attempt, generation)
        self._theirs.discard(attempt)
        payment = self._known[attempt]
        with self._telling(payment):
            self._registry.claim(payment.spec.provider, generation, payment.spec.key)
            self._registry.accept(payment, generation)

    def deliver(self, attempt: str, purchase: Purchase) -> None:
        self._journal.deliver(attempt, purchase)
        payment = self._known[attempt]
        with self._telling(payment):
            self.share(payment.spec.key, purchase)

    def share(self, key: Digest, purchase: Purchase) -> None:
        """Give the team what was bought: first its audio, then the record."""
        passage, _ = self._exchange.send(purchase.audio)
        if passage not in ABSENT:
            self._registry.enter(key, purchase)

    def forget(self, attempt: str) -> None:
        """Drop an order that surely was not charged."""
        self._journal.forget(attempt)
        self._drop(attempt)

    def fail(self, attempt: str, key: Digest) -> None:
        self._journal.fail(attempt, key)
        self._drop(attempt)

    def failures(self, key: Digest) -> int:
        return self._journal.failures(key)

    def leave(self) -> None:
        """Leave to the others what is theirs and was not found here: the team has it.

        No thread may be at it any more.
        """
        while self._theirs:
            attempt = self._theirs.pop()
            self._known.pop(attempt, None)
            self._journal.forget(attempt)

    def _settled(self, payment: Payment) -> Purchase | None:
        """Return what became of an order that is in the lock here, and tell the team of it."""
        purchase = self._bought(payment.spec.key)
        if purchase is None or purchase.generation != payment.generation:
            return None
        with self._telling(payment):
            self.share(payment.spec.key, purchase)
        return purchase

    def _take_over(self, payment: Payment) -> None:
        """Write another machine's order down here, as if it were one of an earlier build."""
        # More goes from an account that several machines use than one of them can explain.
        payment = replace(payment, balance=None, theirs=True)
        self._theirs.add(payment.attempt)
        self._journal.intend(payment)
        if payment.generation:
            self._claims.take(payment.generation)
            self._journal.accept(payment.attempt, payment.generation)
        self._known[payment.attempt] = payment

    def _drop(self, attempt: str) -> None:
        self._theirs.discard(attempt)
        self._void.add(attempt)
        self._tell_void(self._known[attempt])

    def _tell_void(self, payment: Payment) -> None:
        with self._telling(payment):
            self._registry.void(payment)

    @contextmanager
    def _telling(self, payment: Payment) -> Iterator[None]:
        try:
            yield
        except (RemoteError, IntegrityError) as error:
            self._listen(Untold(payment.track, error))


@dataclass(frozen=True, slots=True)
class Team:
    """What others of the team bought, or are about to.

    `journal` is None where nothing may be written to the remote: then purchases are taken from
    there, and orders are not seen.  `enter` puts a purchase into the lock, `settle` sees an order
    through, once, or raises Unresolved, and `again` has lost audio from its provider.
    """

    registry: Registry
    exchange: Exchange
    journal: TeamJournal | None
    claims: Claims
    enter: Enter
    settle: Callable[[Payment], Purchase | None]
    again: Callable[[Purchase], object]
    clock: Clock
    patient: bool
    listen: Listener

    def bought(self, track: str, spec: GenerateSpec) -> Purchase | None:
        """Take over what another machine bought, audio and all, for nothing; None if none did.

        Raises RemoteError, and IntegrityError if its audio can't be had.
        """
        purchase = self.registry.purchase(spec.key)
        if purchase is None:
            return None
        if self.fetch([purchase.audio]):
            self.again(purchase)
        self.claims.take(purchase.generation)
        self.enter(spec, purchase)
        self.listen(Supplied(track, spec, purchase.cost))
        return purchase

    def has(self, purchase: Purchase) -> bool:
        """Fetch the audio of a purchase; False if it can't be had from the team now."""
        try:
            return not self.fetch([purchase.audio])
        except RemoteError:
            return False

    def fetch(self, digests: Iterable[Digest]) -> list[Digest]:
        """Fetch objects that are not here; return those that are not there either, or damaged."""
        return [digest for digest in digests if self.exchange.fetch(digest)[0] in ABSENT]

    def close(self, *, tidily: bool) -> None:
        """End what is open; `tidily` where no thread is at work any more."""
        if self.journal and tidily:
            self.journal.leave()
        self.registry.remote.close()

    def share(self, track: str, digests: Iterable[Digest]) -> None:
        """Give the team outputs that were made; what can't be given is said, and stops nothing."""
        try:
            for digest in digests:
                self.exchange.send(digest)
        except RemoteError as error:
            self.listen(Untold(track, error))

    def clear(self, track: str, spec: GenerateSpec) -> Purchase | None:
        """Return when nobody else orders this: what they bought, or None if it is to be ordered.

        Raises Unresolved if an order of another machine is open, and this build may not wait.
        """
        while True:
            if purchase := self.bought(track, spec):
                return purchase
            if self.journal is None:
                return None
            open_orders = self.journal.others(spec)
            if not open_orders:
                return None
            if purchase := self._see_through(track, open_orders[0]):
                return purchase

    def _see_through(self, track: str, payment: Payment) -> Purchase | None:
        """Look once for what became of another machine's order; wait if that is not known yet."""
        try:
            return self.settle(replace(payment, track=track))
        except Unresolved:
            if not self.patient:
                raise
        age = (self.clock.now() - payment.intended).total_seconds()
        self.listen(Searching(track, max(0.0, IN_FLIGHT - age)))
        self.clock.sleep(APART)
        return None


def _not_told(error: RemoteError) -> NotSent:
    return NotSent(
        f"the team can't be told of an order: {error.message}; nothing was sent", hint=error.hint
    )
