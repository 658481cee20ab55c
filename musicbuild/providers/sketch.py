"""What is known of the composer that comes with musicbuild, without waking it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import TYPE_CHECKING

from ..clock import Clock
from ..cost import FREE, Quote
from ..models import Description, Model, SourceType
from ..spec import NOTES, GenerateSpec
from . import Connection

if TYPE_CHECKING:
    from ..crew import Hands

NAME = "sketch"

SKETCH_1 = Model(
    provider=NAME,
    name="sketch-1",
    shortest=0.5,
    longest=600,
    whole_seconds=False,
    price=FREE,
    source="it comes with musicbuild and runs on this machine, so it is free",
    as_of="",
    kind=SourceType.ALGORITHMIC,
    options=frozenset({"loop", "seed"}),
    parts=frozenset({NOTES, "drums", "bass", "music"}),
    repeatable=True,
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """Placeholder music at once: no key, no network, no money, and the same bytes each time."""

    name: str = NAME
    models: Mapping[str, Model] = field(default_factory=lambda: {SKETCH_1.name: SKETCH_1})
    composers: Callable[[str], Hands] | None = None
    """Who composes in place of this machine, by the module whose work that is."""

    def check(self, spec: GenerateSpec) -> str:
        model = self.models.get(spec.model)
        if model is None:
            return f"{self.name} has no model `{spec.model}`"
        for name, value in spec.options:
            match name, value:
                case ("loop", bool()):
                    continue
                case ("seed", int()) if not isinstance(value, bool):
                    continue
                case ("loop", _):
                    return f"`loop` is true or false, not {value!r}"
                case ("seed", _):
                    return f"`seed` is a whole number, not {value!r}"
                case _:
                    return f"{model.name} has no option `{name}`"
        if not spec.prompt.strip():
            return "the prompt is empty"
        return model.objection(spec.duration)

    def quote(self, spec: GenerateSpec) -> Quote:
        model = self.models.get(spec.model)
        return model.price if model else None

    def describe(self, spec: GenerateSpec) -> Description:
        # Loaded by name for the same reason as below.
        composer = import_module(".sketch_order", __package__)
        summary = import_module("..sketch.summary", __package__)
        told = summary.summarise(composer.score(composer.order(spec)))
        return Description(**{one.name: getattr(told, one.name) for one in fields(Description)})

    def connect(self, environment: Mapping[str, str], clock: Clock) -> Connection:
        del environment, clock  # nothing to reach, nothing to wait for
        # Loaded by name here and nowhere else: a plan must not pay for numpy.
        workshop = import_module(".sketch_connection", __package__)
        connection: Connection = (
            workshop.SketchConnection(self.check, self.composers(workshop.COMPOSING))
            if self.composers
            else workshop.SketchConnection(self.check)
        )
        return connection


PROVIDER = Sketch()
