"""What a build buys with: who orders, who is asked about lost answers, what may be spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from .clock import Clock
from .events import Listener
from .exchange import Exchange
from .hashing import Digest
from .ledger import Ledger
from .lock import Purchase
from .money import Allowance
from .pace import Pace
from .payment import Payment
from .providers import Connections
from .purchase import Buyer
from .registry import Registry
from .room import Places
from .team import Team, TeamJournal
from .terms import Terms, Workshop
from .till import Till
from .witness import Claims, TeamClaims, Witness


def till(
    workshop: Workshop,
    terms: Terms,
    ledger: Ledger,
    connections: Connections,
    *,
    left_open: Sequence[Payment],
    clock: Clock,
    places: Places,
    listen: Listener,
) -> Till:
    """Put together who buys; `left_open` are the orders of earlier builds on this machine."""
    lock, journal = ledger.lock, workshop.journal

    def bought(key: Digest) -> Purchase | None:
        return ledger.lock.purchases.get(key)

    registry = Registry(workshop.remote) if workshop.remote else None
    had = [one.generation for one in lock.purchases.values()]
    had += [one.generation for one in left_open]
    claims, told = Claims(had), None
    if registry is not None and terms.push:
        claims = TeamClaims(had, registry)
        told = TeamJournal(
            journal,
            registry,
            exchange=Exchange(workshop.store, registry.remote),
            claims=claims,
            bought=bought,
            listen=listen,
            known=left_open,
        )
    paces: dict[str, Pace] = defaultdict(lambda: Pace(clock, terms.orders or terms.jobs))
    buyer = Buyer(
        connections=connections,
        pace=paces.__getitem__,
        journal=told or journal,
        store=workshop.store,
        clock=clock,
        name_attempt=workshop.name_attempt,
        record=ledger.purchase,
        witness=Witness(
            connections=connections,
            clock=clock,
            claims=claims,
            paid_since=partial(ledger.paid_since, orders=journal.payments),
            orders=journal.payments,
            settling=terms.settling,
            listen=listen,
        ),
        attempts=terms.attempts,
        places=places,
        listen=listen,
    )
    allowance = Allowance(lock.spent, terms.budget, terms.cap)
    team = _team(buyer, registry, told, terms) if registry else None
    return Till(workshop.providers, connections, buyer, allowance, team)


def _team(buyer: Buyer, registry: Registry, told: TeamJournal | None, terms: Terms) -> Team:
    settling = replace(terms.settling, wait=False)
    once = replace(buyer, witness=replace(buyer.witness, settling=settling))
    return Team(
        registry=registry,
        exchange=Exchange(buyer.store, registry.remote),
        journal=told,
        claims=buyer.witness.claims,
        enter=buyer.record,
        settle=once.settle,
        again=buyer.fetch_again,
        clock=buyer.clock,
        patient=terms.settling.wait,
        listen=buyer.listen,
    )
