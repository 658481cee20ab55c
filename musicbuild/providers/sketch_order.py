"""What the composer is told of a spec, and what it plays of that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..sketch.compose import write
from ..sketch.score import Score
from ..spec import GenerateSpec


@dataclass(frozen=True, slots=True)
class Order:
    """A piece to be composed, and which of it is wanted: the whole, under no name, or parts."""

    prompt: str
    seconds: str
    take: int
    seed: int
    loop: bool
    wanted: tuple[str, ...] = ()


def order(spec: GenerateSpec, wanted: Collection[str] = ()) -> Order:
    options = dict(spec.options)
    return Order(
        prompt=spec.prompt,
        seconds=str(spec.duration),
        take=spec.take,
        seed=int(options.get("seed", 0)),
        loop=bool(options.get("loop", False)),
        wanted=tuple(sorted(wanted)),
    )


def score(order: Order) -> Score:
    """Compose it; raise ValueError if there is no such piece."""
    return write(order.prompt, order.seconds, take=order.take, seed=order.seed, loop=order.loop)
