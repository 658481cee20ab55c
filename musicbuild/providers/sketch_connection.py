"""How the composer answers as if it were a service: an order in, an MP3 out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from ..audio.encode import encode_mp3
from ..cost import FREE, Cost
from ..errors import Refused, Undelivered
from ..sketch.compose import write
from ..sketch.exact import SAMPLE_RATE
from ..sketch.midi import midi
from ..sketch.piece import sketch
from ..sketch.render import render_stems
from ..spec import GenerateSpec
from . import Delivery, Ticket
from .sketch import choices

BITRATE = 192


@dataclass(frozen=True, slots=True)
class SketchConnection:
    """Composes when audio is collected; holds nothing, so any number of threads may use it.

    A ticket carries its whole spec in `reply`.  One that has lost it can't be collected, only
    ordered again, which costs nothing and gives the same.
    """

    check: Callable[[GenerateSpec], str]

    def balance(self) -> Cost | None:
        return None

    def submit(self, spec: GenerateSpec) -> Ticket:
        objection = self.check(spec)
        if objection:
            raise Refused(objection)
        reply = asdict(spec) | {"options": dict(spec.options)}
        return Ticket(_name(spec), reply, model=spec.model, prompt=spec.prompt)

    def collect(self, ticket: Ticket) -> Delivery:
        spec = self._ordered(ticket)
        piece = sketch(spec.prompt, str(spec.duration), take=spec.take, **choices(spec))
        audio = encode_mp3(piece.samples, piece.sample_rate, bitrate=BITRATE)
        return Delivery(audio, "mp3", FREE, ticket.id)

    def parts(self, spec: GenerateSpec, names: Collection[str]) -> Mapping[str, bytes]:
        score = write(spec.prompt, str(spec.duration), take=spec.take, **choices(spec))
        found = {"mid": midi(score)} if "mid" in names else {}
        if set(names) - {"mid"}:
            for name, samples in render_stems(score).items():
                found[name] = encode_mp3(samples, SAMPLE_RATE, bitrate=BITRATE)
        return {name: found[name] for name in names}

    def history(self, since: datetime) -> Sequence[Ticket]:
        del since  # nothing is remembered: what is free need not be found again
        return []

    def close(self) -> None:
        pass

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
