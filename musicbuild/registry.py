"""What the machines of a team tell each other: who orders what, and what was bought.

It stands in their remote.  A name is only ever made, never changed or taken away: whoever comes
first stands, and a machine that dies leaves what it did.

| name | says |
|---|---|
| `orders/WORDS/N` | an order was about to leave; N counts all orders in the same words |
| `orders/WORDS/N.accepted` | the provider has it, under this id |
| `orders/WORDS/N.void` | it surely was not charged, so that another may follow |
| `purchases/KEY` | it was bought, and its audio is in the remote |
| `claims/DIGEST` | which key a generation is for |

A history tells orders in the same words apart by little, so whoever looks there must know of all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import fields
from .errors import IntegrityError
from .hashing import Digest, canonical, digest_bytes
from .lock import Purchase, purchase_from_json, purchase_to_json
from .payment import Payment, folded, intent_from_json, intent_to_json
from .remotes import Remote
from .spec import GenerateSpec

VERSION = 1

MOST_ORDERS = 1000
"""In the same words; nobody orders so many, and nobody is to be made to read on for ever."""

LARGEST = 16 << 20
"""Bytes of a record; the journal reads no more of one, either."""

ATTEMPT = re.compile(r"[a-z0-9-]{1,64}")
"""The name of an attempt, which becomes that of a file."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order as far as the team knows; its payment has the provider's id if that is known."""

    number: int
    payment: Payment


@dataclass(frozen=True, slots=True)
class Registry:
    """The records of one remote; raises RemoteError, and IntegrityError for one that is damaged."""

    remote: Remote

    def purchase(self, key: Digest) -> Purchase | None:
        """Return what was bought for a key by whichever machine."""
        name = f"purchases/{key}"
        if (told := self._read(name)) is None:
            return None
        try:
            purchase = purchase_from_json(told["purchase"])
        except (LookupError, TypeError, ValueError, AttributeError):
            raise self._damaged(name) from None
        if purchase.spec.key != key:
            raise self._damaged(name)
        return purchase

    def enter(self, key: Digest, purchase: Purchase) -> None:
        """Tell the team of a purchase; its audio must be in the remote by now."""
        self._make(f"purchases/{key}", {"purchase": purchase_to_json(purchase)})

    def orders(self, spec: GenerateSpec) -> tuple[Sequence[Payment], int]:
        """Return the orders in the words of a spec that are not void, and how many are in all."""
        orders = self._orders(spec)
        valid = [one for one in orders if not self.remote.has(f"{_name(one)}.void")]
        return [one.payment for one in valid], len(orders)

    def intend(self, payment: Payment, *, after: int) -> bool:
        """Tell the team that an order is about to leave, the next one in its words `after` so many.

        False if another machine was faster.
        """
        told = {"attempt": payment.attempt, "intent": intent_to_json(payment)}
        return self._make(_name(Order(after + 1, payment)), told)

    def accept(self, payment: Payment, generation: str) -> None:
        for order in self._of(payment):
            self._make(f"{_name(order)}.accepted", {"generation": generation})

    def void(self, payment: Payment) -> None:
        """Tell the team that an order surely was not charged."""
        for order in self._of(payment):
            self._make(f"{_name(order)}.void", {})

    def claim(self, provider: str, generation: str, key: Digest) -> bool:
        """Claim a generation for a key; False if it is another's."""
        return self._make(_claim(provider, generation), {"key": key})

    def damaged(self, key: Digest, purchase: Purchase) -> Iterator[tuple[str, IntegrityError]]:
        """Yield the records of a purchase and of the orders in its words that are not whole."""
        number, place = 1, _place(purchase.spec)
        names = [f"purchases/{key}", _claim(purchase.provider, purchase.generation)]
        while number <= MOST_ORDERS and self.remote.has(f"{place}/{number}"):
            names += [f"{place}/{number}{end}" for end in ("", ".accepted", ".void")]
            number += 1
        for name in names:
            try:
                self._read(name)
            except IntegrityError as error:
                yield name, error

    def _of(self, payment: Payment) -> Iterator[Order]:
        """Yield the order that an attempt is, if the team was told of it."""
        orders = self._orders(payment.spec)
        return (one for one in orders if one.payment.attempt == payment.attempt)

    def _orders(self, spec: GenerateSpec) -> list[Order]:
        found: list[Order] = []
        while (payment := self._order(_place(spec), len(found) + 1)) is not None:
            if len(found) == MOST_ORDERS:
                raise self._damaged(_place(spec))
            found.append(Order(len(found) + 1, payment))
        return found

    def _order(self, place: str, number: int) -> Payment | None:
        name = f"{place}/{number}"
        if (told := self._read(name)) is None:
            return None
        try:
            payment = intent_from_json(fields.text(told["attempt"]), told["intent"])
            if accepted := self._read(f"{name}.accepted"):
                payment = replace(payment, generation=fields.text(accepted["generation"]))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            raise self._damaged(name) from None
        if _place(payment.spec) != place or not ATTEMPT.fullmatch(payment.attempt):
            raise self._damaged(name)
        return payment

    def _make(self, name: str, told: Mapping[str, Any]) -> bool:
        """Put a record where there is none; tell whether it is this one that is there now.

        The answer to who came first may be lost on the way, and what is there tells it as well.
        """
        text = canonical({"version": VERSION, **told})
        data = f"{text}\n{digest_bytes(text.encode())}\n".encode()
        return self.remote.create(name, data) or self.remote.get(name) == data

    def _read(self, name: str) -> Mapping[str, Any] | None:
        data = self.remote.get(name)
        if data is None:
            return None
        if len(data) > LARGEST:
            raise self._damaged(name)
        text, _, digest = data.strip().rpartition(b"\n")
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            told = None
        whole = digest.decode("latin-1") == digest_bytes(text)
        if not (whole and isinstance(told, dict) and told.get("version") == VERSION):
            raise self._damaged(name)
        return told

    def _damaged(self, name: str) -> IntegrityError:
        return IntegrityError(
            f"`{name}` in `{self.remote.url}` is damaged, and it may say what was paid for",
            hint="look who orders at the provider, then remove it there",
        )


def _name(order: Order) -> str:
    return f"{_place(order.payment.spec)}/{order.number}"


def _claim(provider: str, generation: str) -> str:
    return f"claims/{digest_bytes(f'{provider} {generation}'.encode())}"


def _place(spec: GenerateSpec) -> str:
    """Return where the orders in some words stand, as a history may give those words back."""
    words = f"{spec.provider} {spec.model} {folded(spec.prompt)}"
    return f"orders/{digest_bytes(words.encode())}"
