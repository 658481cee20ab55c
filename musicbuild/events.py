"""What a build or an exchange says while it runs: plain values, no wording, no colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .cost import Cost, Totals
from .errors import MusicbuildError
from .hashing import Digest
from .spec import GenerateSpec
from .steps import Plan, Step


@dataclass(frozen=True, slots=True)
class BuildStarted:
    plan: Plan


@dataclass(frozen=True, slots=True)
class Recovering:
    """Orders that earlier builds left open are looked after first; these are their tracks."""

    tracks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovered:
    """A payment of an earlier build was settled; `cost` is None if it was not charged."""

    track: str
    spec: GenerateSpec
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Orders that earlier builds left open can't be looked after now; none of them is lost."""

    tracks: tuple[str, ...]
    error: MusicbuildError


@dataclass(frozen=True, slots=True)
class TrackStarted:
    track: str
    step: Step


@dataclass(frozen=True, slots=True)
class Ordered:
    """The provider took the order, and named it."""

    track: str
    spec: GenerateSpec
    generation: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The provider is busy; the order goes out again in so many seconds."""

    track: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Repeated:
    """The provider failed, and did not charge; the order goes out once more."""

    track: str
    reason: str


@dataclass(frozen=True, slots=True)
class Searching:
    """An answer was lost; the provider's history is searched for at most so many seconds."""

    track: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Supplied:
    """Another machine of the team bought it, for so much; here it costs nothing."""

    track: str
    spec: GenerateSpec
    cost: Cost


@dataclass(frozen=True, slots=True)
class Unsupplied:
    """The team's store can't be asked for what these tracks need; they are made without it."""

    tracks: tuple[str, ...]
    error: MusicbuildError


@dataclass(frozen=True, slots=True)
class Untold:
    """The team could not be told of an order or a purchase, which is safe on this machine."""

    track: str
    error: MusicbuildError


@dataclass(frozen=True, slots=True)
class Missing:
    """So many purchases have no audio on this machine; it is looked for."""

    purchases: int


@dataclass(frozen=True, slots=True)
class Regained:
    """Audio that was missing is here again; it cost nothing."""

    generation: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Bought:
    """The audio is in the store; `seconds` is what came, which may differ from what was asked."""

    track: str
    spec: GenerateSpec
    cost: Cost
    seconds: float


@dataclass(frozen=True, slots=True)
class Mastering:
    """The audio is at hand, and is being made into so many outputs."""

    track: str
    outputs: int


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something about a finished output that its author should know, and that stops nothing."""

    track: str
    path: str
    remark: str


@dataclass(frozen=True, slots=True)
class TrackFinished:
    track: str
    step: Step


@dataclass(frozen=True, slots=True)
class TrackFailed:
    track: str
    error: MusicbuildError


@dataclass(frozen=True, slots=True)
class TrackLeft:
    """The provider takes no more orders in this build; the track is left for another."""

    track: str


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """`made` and `failed` count tracks; `left` those not begun because the build stopped."""

    spent: Totals
    made: int
    failed: int
    left: int


Event = (
    BuildStarted
    | Recovering
    | Recovered
    | Postponed
    | TrackStarted
    | Ordered
    | Waiting
    | Repeated
    | Searching
    | Supplied
    | Unsupplied
    | Untold
    | Missing
    | Regained
    | Bought
    | Mastering
    | Remarked
    | TrackFinished
    | TrackFailed
    | TrackLeft
    | BuildFinished
)
Listener = Callable[[Event], None]
"""Hears events one at a time, in order; it must not raise."""


class Passage(Enum):
    """What became of one object between the store and a remote."""

    THERE = "there"
    """It was where it was wanted already."""
    MOVED = "moved"
    MENDED = "mended"
    """It was damaged where it was wanted, and is whole now."""
    MISSING = "missing"
    """It is on neither side."""
    DAMAGED = "damaged"
    """The remote has something else under its name, and there is nothing to mend it with."""


@dataclass(frozen=True, slots=True)
class ExchangeStarted:
    """So many objects are looked for."""

    objects: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One object was seen to; `bytes` is how much was moved for it."""

    digest: Digest
    passage: Passage
    bytes: int


Watcher = Callable[[ExchangeStarted | Exchanged], None]
"""Hears of an exchange as a listener does of a build."""
