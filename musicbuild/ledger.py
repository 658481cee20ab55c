"""The lock of a build as it grows: when it is written, and which orders are forgotten then.

A large lock takes long to write, so that is done after each purchase and track only as long as it
takes a small part of a build's time; what comes too soon is written with what comes next, at the
latest when the build ends.  Until then a purchase is in the journal, where the next build finds it,
and a track is made again for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from . import durable
from .clock import stamp
from .lock import Lock, LockedTrack, Purchase, Writer
from .payment import Payment
from .spec import GenerateSpec

SHARE = 0.02
"""The part of a build's time that may go into writing the lock."""

AHEAD = 0.02
"""Seconds of that which may be used at once: a small lock is always written at once."""


class Enter(Protocol):
    """Enters a purchase; its attempt, if it was paid for, is forgotten once the lock has it."""

    def __call__(self, spec: GenerateSpec, purchase: Purchase, attempt: str = "") -> None: ...


class Ledger:
    """The lock of a running build; any thread may enter something.

    `lock` is all of it, `forget` takes an attempt out of the journal.  What is entered is on disk
    by the end of `save`, and often before.  Raises OSError if the lock can't be written: nothing
    is forgotten then, and the next to enter something tries again.
    """

    def __init__(
        self,
        path: Path,
        lock: Lock,
        *,
        forget: Callable[[str], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.lock = lock
        self._path, self._forget, self._monotonic = path, forget, monotonic
        self._written = lock
        self._entered: list[str] = []
        self._writer = Writer()
        self._mutex = threading.Lock()
        self._writing = threading.Lock()
        self._left, self._since = AHEAD, monotonic()
        self._is_closed = False

    def purchase(self, spec: GenerateSpec, purchase: Purchase, attempt: str = "") -> None:
        """Enter a purchase; one that was paid for twice, on two machines, is one more take.

        So is one for which other audio was adopted meanwhile.
        """
        with self._mutex:
            while (there := self.lock.purchases.get(spec.key)) and (there.cost or there.adopted):
                if there.generation == purchase.generation:
                    break
                spec = replace(spec, take=spec.take + 1)
            self.lock = self.lock.with_purchase(spec.key, replace(purchase, take=spec.take))
            if attempt:
                self._entered.append(attempt)
        self._save_if_due()

    def track(self, name: str, made: Callable[[LockedTrack | None], LockedTrack]) -> None:
        """Enter a track, which follows from what the lock said of it before."""
        with self._mutex:
            self.lock = self.lock.with_track(name, made(self.lock.tracks.get(name)))
        self._save_if_due()

    def paid_since(self, payment: Payment, orders: Callable[[], Iterable[Payment]]) -> Decimal:
        """Add up all others since an order was sent: those in the lock, and those still open."""
        provider, since = payment.spec.provider, stamp(payment.intended)
        # The journal is read later: what comes into the lock meanwhile must not count twice.
        lock, entered = self._books()
        bought = [
            one.cost.amount
            for one in lock.purchases.values()
            if one.provider == provider and one.bought >= since
        ]
        others = [
            one.quote.amount
            for one in orders()
            if one.attempt not in {payment.attempt, *entered}
            and one.spec.provider == provider
            and stamp(one.intended) >= since
            and one.quote
        ]
        return sum([*bought, *others], start=Decimal(0))

    def save(self) -> None:
        """Write what is not on disk yet, and forget the orders that are."""
        with self._writing:
            self._save()

    def close(self) -> None:
        """Write nothing more: a thread that comes late leaves its purchase to the journal."""
        with self._writing:
            self._is_closed = True

    def _save_if_due(self) -> None:
        if self._is_due():
            with self._writing:
                if self._is_due():  # another thread may just have written it
                    self._save()

    def _is_due(self) -> bool:
        earned = SHARE * (self._monotonic() - self._since)
        return not self._is_closed and min(AHEAD, self._left + earned) >= 0

    def _save(self) -> None:
        lock, entered = self._books()
        if lock is not self._written:
            began = self._monotonic()
            durable.write(self._path, self._writer.dump(lock))
            self._written = lock
            self._use(began, self._monotonic())
        for attempt in entered:
            self._forget(attempt)
        with self._mutex:
            del self._entered[: len(entered)]

    def _books(self) -> tuple[Lock, tuple[str, ...]]:
        """Return the lock, and the attempts that are in the journal too."""
        with self._mutex:
            return self.lock, tuple(self._entered)

    def _use(self, began: float, ended: float) -> None:
        """Note how long a writing took."""
        earned = SHARE * (began - self._since)
        self._left, self._since = min(AHEAD, self._left + earned) - (ended - began), ended
