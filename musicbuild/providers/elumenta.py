"""What is known of Elumenta without asking it: its models, their limits and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module

from ..clock import Clock
from ..cost import Cost, Quote
from ..models import Model
from ..spec import GenerateSpec
from . import Connection

NAME = "elumenta"
UNIT = "tokens"
SOURCE = "https://elumenta.ru, the pages of its models"
AS_OF = "2026-11-01"


def _model(name: str, tokens: int) -> Model:
    return Model(
        provider=NAME,
        name=name,
        shortest=15,
        longest=120,
        whole_seconds=True,
        price=Cost(Decimal(tokens), UNIT),
        hosted=True,
        source=SOURCE,
        as_of=AS_OF,
    )


MODELS: Mapping[str, Model] = {
    model.name: model for model in (_model("musicgen", 9), _model("elevenlabs-music", 58))
}


@dataclass(frozen=True, slots=True)
class Elumenta:
    """A gateway to the music models of others, paid in tokens."""

    name: str = NAME
    models: Mapping[str, Model] = field(default_factory=lambda: MODELS)

    def check(self, spec: GenerateSpec) -> str:
        model = self.models.get(spec.model)
        if model is None:
            return f"{self.name} has no model `{spec.model}`"
        unheard = [name for name, _ in spec.options if name not in model.options]
        if unheard:
            return f"{model.name} has no option `{unheard[0]}`"
        if not spec.prompt.strip():
            return "the prompt is empty"
        return model.objection(spec.duration)

    def quote(self, spec: GenerateSpec) -> Quote:
        model = self.models.get(spec.model)
        return model.price if model else None

    def describe(self, spec: GenerateSpec) -> None:
        """Nobody can tell what a trained model will make of a prompt."""

    def connect(self, environment: Mapping[str, str], clock: Clock) -> Connection:
        # Loaded by name here and nowhere else: a plan must not pay for an HTTP library.
        api = import_module(".elumenta_api", __package__)
        connection: Connection = api.connect(self, environment, clock)
        return connection


PROVIDER = Elumenta()
