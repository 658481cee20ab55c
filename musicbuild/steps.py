"""What a plan is made of: steps, each with its reason and its price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from .cost import Quote, Totals, total
from .hashing import Digest
from .lock import Purchase
from .spec import GenerateSpec, Output, TrackSpec


class Cause(Enum):
    NEW = "new"
    PROMPT = "prompt"
    MODEL = "model"
    DURATION = "duration"
    OPTIONS = "options"
    TAKES = "takes"
    DRAFT = "draft"
    ADOPTED = "adopted"
    PICKED = "picked"
    TWIN = "twin"
    UNDER_WAY = "under way"
    AUDIO_MISSING = "audio missing"
    MASTERING = "mastering"
    TAGS = "tags"
    OUTPUT_MISSING = "output missing"
    OUTPUT_NEW = "output new"
    FORCED = "forced"
    EDITED = "edited"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step stands in a plan; `before` and `after` are the texts that differ, if any."""

    cause: Cause
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Generate:
    """Have audio made, one generation a spec, then make every output from it."""

    track: TrackSpec
    reasons: tuple[Reason, ...]
    specs: tuple[GenerateSpec, ...]
    quotes: tuple[Quote, ...]
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Master:
    """Make outputs from audio at hand; `source` is an output that holds it, else the store."""

    track: TrackSpec
    reasons: tuple[Reason, ...]
    outputs: tuple[Output, ...]
    spec: GenerateSpec
    source: str = ""
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Tag(Master):
    """The same, where nothing but the tags differ."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Put outputs back that are in the store as they were, by path and digest."""

    track: TrackSpec
    reasons: tuple[Reason, ...]
    objects: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do; `unfetched` are outputs of which Git LFS has only left a pointer."""

    track: TrackSpec
    unfetched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """The audio was bought and is at hand nowhere; it is never bought again unasked.

    `unfetched` is an output that holds it, and of which Git LFS has only left a pointer.
    """

    track: TrackSpec
    reasons: tuple[Reason, ...]
    purchase: Purchase
    unfetched: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """Outputs were changed by another hand, or were there before; they are kept as they are."""

    track: TrackSpec
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Orphan:
    """Outputs in the lock that no track of the manifest makes any more; they are kept."""

    name: str
    paths: tuple[str, ...]


Step = Generate | Master | Restore | Keep | Lost | Edited


@dataclass(frozen=True)
class Plan:
    """One step a track, in the manifest's order, and what the lock holds besides.

    `others` are the ids of tracks that have no step here: it is known that they are up to date.
    """

    steps: tuple[Step, ...]
    orphans: tuple[Orphan, ...]
    others: tuple[str, ...] = ()

    @property
    def ids(self) -> list[str]:
        return [*(step.track.id for step in self.steps), *self.others]

    @property
    def to_do(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not isinstance(step, Keep))

    @cached_property
    def purchases(self) -> tuple[Generate, ...]:
        """Return the steps that may cost money: their price is unknown or above nothing."""
        steps = (step for step in self.steps if isinstance(step, Generate))
        return tuple(step for step in steps if any(quote is None or quote for quote in step.quotes))

    @property
    def price(self) -> Totals:
        """Return the sum of all known quotes."""
        return total(quote for step in self.purchases for quote in step.quotes if quote)

    @property
    def unknown(self) -> tuple[Generate, ...]:
        return tuple(step for step in self.purchases if None in step.quotes)
