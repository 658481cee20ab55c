"""One paid request: what is known of it, and how its intent is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from unicodedata import normalize

from . import fields
from .clock import moment, stamp
from .cost import Cost, Quote, plain
from .lock import Purchase
from .spec import GenerateSpec


@dataclass(frozen=True, slots=True)
class Payment:
    """One paid request, as far as it is known.

    `track` is whose it was, `quote` what it was to cost.  `known` are the ids that the
    provider's history held before it was sent, and `balance` what the account held then, as far
    as that is known.  `theirs` is an order of another machine, which is seen through here.
    """

    attempt: str
    spec: GenerateSpec
    intended: datetime
    known: frozenset[str] = frozenset()
    track: str = ""
    quote: Quote = None
    balance: Quote = None
    theirs: bool = False
    generation: str = ""
    purchase: Purchase | None = None


def intent_to_json(payment: Payment) -> dict[str, Any]:
    """Return what is written down before a request leaves."""
    return {
        "spec": asdict(payment.spec),
        "at": stamp(payment.intended),
        "known": sorted(payment.known),
        "track": payment.track,
        "quote": _cost(payment.quote),
        "balance": _cost(payment.balance),
        **({"theirs": True} if payment.theirs else {}),
    }


def intent_from_json(attempt: str, written: Mapping[str, Any]) -> Payment:
    """Read it back; raise LookupError, TypeError, ValueError or one of their kind if it is none."""
    return Payment(
        attempt=attempt,
        spec=_spec(written["spec"]),
        intended=moment(written["at"]),
        known=frozenset(map(fields.text, written["known"])),
        track=fields.text(written["track"]),
        quote=_quote(written["quote"]),
        balance=_quote(written["balance"]),
        theirs=written.get("theirs") is True,
    )


def folded(prompt: str) -> str:
    """Return a prompt as providers may give it back: another normal form, line end or white space
    at the ends make no other words of it.
    """
    return normalize("NFC", prompt.replace("\r\n", "\n")).strip()


def _spec(written: Mapping[str, Any]) -> GenerateSpec:
    return GenerateSpec(
        provider=fields.text(written["provider"]),
        model=fields.text(written["model"]),
        prompt=fields.text(written["prompt"]),
        duration=fields.number(written["duration"]),
        options=tuple((fields.text(name), fields.scalar(one)) for name, one in written["options"]),
        take=fields.count(written["take"]),
    )


def _cost(quote: Quote) -> list[str] | None:
    return None if quote is None else [plain(quote.amount), quote.unit]


def _quote(written: list[str] | None) -> Quote:
    return None if written is None else Cost(fields.amount(written[0]), fields.text(written[1]))
