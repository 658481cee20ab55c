"""How a build of many tracks is spread over the cores: who orders, and who delivers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .cores import shared, usable
from .crew import Crew
from .providers import Providers
from .steps import Generate, Restore, Step

DELIVERY = f"{__package__}.delivery"

MANY = 100
"""Tracks from which a build is spread: to start a process takes as long as to deliver dozens."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Who delivers beside the build, if anybody does, and the `core` on which threads stay then."""

    core: frozenset[int] = frozenset()
    deliverers: Crew | None = None


def spread(steps: Collection[Step], providers: Providers, *, alone: bool) -> Spread:
    """Return how these steps are spread; the processes that deliver have begun.

    Threads stay on one core if they do nothing but order: `alone`, not in a team, and from models
    that are hosted.
    """
    if sum(not isinstance(step, Restore) for step in steps) < MANY:
        return Spread()
    core = shared() if alone and _are_hosted(steps, providers) else frozenset[int]()
    deliverers = Crew(DELIVERY, apart=True, on=usable() - core or usable(), ahead=3)
    deliverers.begin()
    return Spread(core, deliverers)


def _are_hosted(steps: Collection[Step], providers: Providers) -> bool:
    """Tell whether services make all that is to be made, and this machine waits for them."""
    return all(
        isinstance(step, Generate) and all(providers.model_of(spec).hosted for spec in step.specs)
        for step in steps
    )
