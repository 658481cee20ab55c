"""How the composer answers as if it were a service: an order in, an MP3 out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from ..cost import FREE, Cost
from ..crew import Crew, Hands
from ..errors import Failed, Refused, Undelivered
from ..spec import WHOLE, GenerateSpec
from . import Delivery, Ticket
from .sketch_order import order

COMPOSING = f"{__package__}.composing"
"""Loaded where it is composed: not before, and perhaps in a process beside this one."""


@dataclass(frozen=True, slots=True)
class SketchConnection:
    """Composes when audio is collected; any number of threads may use it.

    A ticket carries its whole spec in `reply`.  One that has lost it can't be collected, only
    ordered again, which costs nothing and gives the same.
    """

    check: Callable[[GenerateSpec], str]
    composers: Hands = field(default_factory=lambda: Crew(COMPOSING))

    def balance(self) -> Cost | None:
        return None

    def submit(self, spec: GenerateSpec) -> Ticket:
        objection = self.check(spec)
        if objection:
            raise Refused(objection)
        reply = asdict(spec) | {"options": dict(spec.options)}
        return Ticket(_name(spec), reply, model=spec.model, prompt=spec.prompt)

    def collect(self, ticket: Ticket) -> Delivery:
        found = self._compose(self._ordered(ticket), [WHOLE])
        return Delivery(found[WHOLE], "mp3", FREE, ticket.id)

    def parts(self, spec: GenerateSpec, names: Collection[str]) -> Mapping[str, bytes]:
        return self._compose(spec, names)

    def history(self, since: datetime) -> Sequence[Ticket]:
        del since  # nothing is remembered: what is free need not be found again
        return []

    def close(self) -> None:
        self.composers.close()

    def _compose(self, spec: GenerateSpec, wanted: Collection[str]) -> Mapping[str, bytes]:
        try:
            found = self.composers.do(asdict(order(spec, wanted)))
        except OSError:
            found = {}
        if found.keys() != set(wanted):  # only another machine can fail at it
            raise Failed("what composes ended without an answer, and made nothing")
        return found

    def _ordered(self, ticket: Ticket) -> GenerateSpec:
        """Read the spec back from a ticket, which may have been through JSON."""
        try:
            fields = dict(ticket.reply)
            options = tuple(sorted(fields.pop("options").items()))
            spec = GenerateSpec(**fields, options=options)
            sound = not self.check(spec) and _name(spec) == ticket.id
        except (AttributeError, KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            raise Undelivered("the ticket no longer says what was ordered", hint="order it again")
        return spec


def _name(spec: GenerateSpec) -> str:
    return f"sketch-{spec.key[:32]}"
