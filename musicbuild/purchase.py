"""The paid path: one spec from intent to audio in the store, so that no step is paid twice.

Order of what becomes durable: the intent, then the provider's id, then the audio, then the
purchase in the lock; only then is the attempt forgotten.  Whatever dies in between, the next
build finds the attempt in the journal and goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from .audio.mp3 import NotMp3, Stream, inspect
from .clock import Clock, stamp
from .errors import (
    AnswerLost,
    Busy,
    Failed,
    IntegrityError,
    NotSent,
    Refused,
    Undelivered,
)
from .events import Bought, Listener, Ordered, Repeated, Waiting
from .hashing import Digest, digest_bytes
from .ledger import Enter
from .lock import Purchase
from .pace import Pace
from .payment import Payment
from .providers import Connections, Delivery, Ticket
from .room import Places
from .spec import GenerateSpec
from .store import Store
from .witness import Witness

ORDERS = 2
"""How often one spec is ordered at most in a build, where an order failed without a charge."""

CONNECTS = 3
"""How often a request that surely never left is tried."""

FETCHES = 3
"""How often a download that is no whole MP3, or not as long as was asked, is tried."""

FRESH = timedelta(seconds=1)
"""How old a balance may be when an order is sent, to be a witness for it."""

_Made = tuple[Delivery, Stream]


class Orders(Protocol):
    """The journal as a buyer needs it, this machine's alone or one that a team is told of too.

    What can't be written here raises OSError.
    """

    def intend(self, payment: Payment) -> None: ...
    def accept(self, attempt: str, generation: str) -> None: ...
    def deliver(self, attempt: str, purchase: Purchase) -> None: ...
    def forget(self, attempt: str) -> None: ...
    def fail(self, attempt: str, key: Digest) -> None: ...
    def failures(self, key: Digest) -> int: ...


@dataclass(frozen=True, slots=True)
class Buyer:
    """What it takes to buy: connections, places to keep things, and what the build allows.

    `record` puts a purchase into the lock, and has its attempt forgotten once that is on disk;
    `attempts` is how many orders for one key may fail.  An order holds one of the `places` until
    its audio is in memory: what is left is for this machine to do, and another may leave.
    """

    connections: Connections
    pace: Callable[[str], Pace]
    journal: Orders
    store: Store
    clock: Clock
    name_attempt: Callable[[], str]
    record: Enter
    witness: Witness
    attempts: int
    places: Places
    listen: Listener

    def make(self, track: str, spec: GenerateSpec) -> Purchase:
        """Have a free and repeatable model make audio; there is nothing to lose on the way."""
        ticket = self.connections[spec.provider].submit(spec)
        purchase = self._keep(spec, self._collect(spec, ticket))
        self._bought(track, spec, purchase)
        return purchase

    def buy(self, wish: Payment) -> Purchase:
        """Order one generation and see it into the lock; each attempt is `wish` with a name.

        Raises Refused, Busy or NotSent if it was not charged, Undelivered or Unresolved if it
        was or may have been: the journal then has it, and the next build goes on from there.
        """
        # The take before it has given it up.  One that fails keeps it until the build has heard.
        self.places.take()
        with self.pace(wish.spec.provider).places:
            payment, made = self._have_made(wish)
        self.places.give_up()
        return self._see_through(payment, made)

    def settle(self, payment: Payment) -> Purchase | None:
        """See an attempt of an earlier build through; None if it surely was not charged."""
        if payment.purchase is not None:
            self._record(payment.attempt, payment.spec, payment.purchase)
            return payment.purchase
        try:
            ticket = self._ticket(payment) if payment.generation else self.witness.find(payment)
            if ticket is not None:
                if not payment.generation:
                    self._accept(payment, ticket)
                return self._see_through(payment, self._collect(payment.spec, ticket))
        except Failed:
            self.journal.fail(payment.attempt, payment.spec.key)
        else:
            self.journal.forget(payment.attempt)
        return None

    def _ticket(self, payment: Payment) -> Ticket:
        """Return the ticket of an order whose id is known; it may have been taken in late."""
        late = timedelta(seconds=self.witness.settled_after(payment))
        return Ticket(
            payment.generation,
            model=payment.spec.model,
            prompt=payment.spec.prompt,
            created=payment.intended + late,
        )

    def exhausted(self, spec: GenerateSpec) -> bool:
        """Tell whether so many orders for a key have failed that no more is sent."""
        return self.journal.failures(spec.key) >= self.attempts

    def fetch_again(self, purchase: Purchase) -> bytes:
        """Return audio that was bought and got lost, from the provider, for nothing.

        Raises IntegrityError if it can't be had there; what was adopted never can.
        """
        if purchase.adopted:
            raise IntegrityError(
                f"it was adopted from `{purchase.adopted.file}`, and no provider has it",
                hint="adopt that file again, or restore `.musicbuild/store` from where it was done",
            )
        ticket = Ticket(purchase.generation, model=purchase.model, collected=True)
        try:
            delivery = self.connections[purchase.provider].collect(ticket)
        except Undelivered as error:
            raise IntegrityError(
                error.message,
                hint="build again later, or restore `.musicbuild/store` from where it was bought",
            ) from None
        if digest_bytes(delivery.audio) != purchase.audio:
            raise IntegrityError(
                f"generation `{purchase.generation}` now has other audio than was bought",
                hint="restore `.musicbuild/store` from where it was bought",
            )
        self.store.put(delivery.audio)
        return delivery.audio

    def _have_made(self, wish: Payment) -> tuple[Payment, _Made]:
        """Order, and once more if that failed without a charge, until there is audio."""
        for last in (False,) * (ORDERS - 1) + (True,):
            payment, ticket = self._order(wish)
            try:
                ticket = ticket or self.witness.find(payment)
                if ticket is None:
                    self.journal.forget(payment.attempt)
                    continue
                self._accept(payment, ticket)
                return payment, self._collect(payment.spec, ticket)
            except Failed as error:
                self._count(payment)
                if last or self.exhausted(payment.spec):
                    raise
                self.listen(Repeated(payment.track, error.message))
        raise Failed(
            f"two orders of `{wish.track}` got lost, and neither was charged",
            hint="see whether the provider works at all, then build again",
        )

    def _order(self, wish: Payment) -> tuple[Payment, Ticket | None]:
        """Send one order, again only if it surely was not charged; no ticket: lost answer."""
        connection, pace = self.connections[wish.spec.provider], self.pace(wish.spec.provider)
        connects = 0
        while True:
            pace.wait()
            now = self.clock.now()
            # A balance that is older than the order would make others' orders look like this one.
            balance = wish.balance if now - wish.intended < FRESH else None
            payment = replace(wish, attempt=self.name_attempt(), intended=now, balance=balance)
            self._intend(payment)
            try:
                ticket = connection.submit(wish.spec)
            except AnswerLost:
                return payment, None
            except NotSent:
                self.journal.forget(payment.attempt)
                connects += 1
                if connects == CONNECTS:
                    raise
                self.clock.sleep(float(connects))
            except Busy as error:
                self.journal.forget(payment.attempt)
                self.listen(Waiting(wish.track, pace.busy(error)))
            except Refused:
                self.journal.forget(payment.attempt)
                raise
            else:
                # An id that is spoken for is that of an order in the same words, whose answer was
                # lost and which was found first; one that was there before is of no order of this
                # build.  This order's own is in the history.
                own = ticket.id not in wish.known and self.witness.claims.take(ticket.id)
                return payment, ticket if own else None

    def _count(self, payment: Payment) -> None:
        """Count an order that failed; raise Failed if it seems to be charged all the same."""
        self.journal.fail(payment.attempt, payment.spec.key)
        if self.witness.was_debited(payment):
            raise Failed(
                f"{payment.spec.provider} could not make `{payment.track}`, and seems to have"
                f" charged {payment.quote} all the same; it is not ordered again in this build",
                hint=f"ask {payment.spec.provider} for it back",
            ) from None

    def _accept(self, payment: Payment, ticket: Ticket) -> None:
        """Write down the id before anything else is done with it; say it aloud if that fails."""
        try:
            self.journal.accept(payment.attempt, ticket.id)
        except OSError as error:
            raise IntegrityError(
                f"`{payment.track}` is ordered, and may be charged, as generation `{ticket.id}`,"
                f" which can't be written down: {error.strerror or error}",
                hint="make room on the disk, then build again: it looks in the history first",
            ) from None
        self.listen(Ordered(payment.track, payment.spec, ticket.id))

    def _intend(self, payment: Payment) -> None:
        try:
            self.journal.intend(payment)
        except OSError as error:
            raise NotSent(
                f"the order can't be written down: {error.strerror or error}; nothing was sent",
                hint="make room on the disk, then build again",
            ) from None

    def _see_through(self, payment: Payment, made: _Made) -> Purchase:
        purchase = self._keep(payment.spec, made)
        self.journal.deliver(payment.attempt, purchase)
        self._record(payment.attempt, payment.spec, purchase)
        self._bought(payment.track, payment.spec, purchase)
        return purchase

    def _record(self, attempt: str, spec: GenerateSpec, purchase: Purchase) -> None:
        self.record(spec, purchase, attempt)

    def _bought(self, track: str, spec: GenerateSpec, purchase: Purchase) -> None:
        self.listen(Bought(track, spec, purchase.cost, purchase.seconds))

    def _keep(self, spec: GenerateSpec, made: _Made) -> Purchase:
        """Store an order's audio."""
        delivery, stream = made
        return Purchase(
            provider=spec.provider,
            model=spec.model,
            prompt=spec.prompt,
            duration=spec.duration,
            options=spec.options,
            take=spec.take,
            generation=delivery.generation,
            audio=self.store.put(delivery.audio),
            bytes=len(delivery.audio),
            seconds=round(stream.seconds, 3),
            cost=delivery.cost,
            bought=stamp(self.clock.now()),
        )

    def _collect(self, spec: GenerateSpec, ticket: Ticket) -> _Made:
        """Fetch audio that is whole, and about as long as was asked.

        What is of another length, and the same each time it is fetched, is what was made.
        """
        connection = self.connections[spec.provider]
        problem, seen = "", Counter[Digest]()
        for _ in range(FETCHES):
            delivery = connection.collect(ticket)
            try:
                stream = inspect(delivery.audio)
            except NotMp3 as error:
                problem = str(error)
                continue
            if stream.problems:
                problem = "; ".join(stream.problems)
                continue
            if spec.is_near(stream.seconds):
                return delivery, stream
            digest = digest_bytes(delivery.audio)
            seen[digest] += 1
            if seen[digest] == FETCHES:
                return delivery, stream
            problem = f"it has {stream.seconds:g} s instead of {spec.duration:g} s"
        raise Undelivered(
            f"generation `{ticket.id}` was delivered damaged: {problem}",
            hint="it is paid and stays yours: run `musicbuild build` again to fetch it",
        )
