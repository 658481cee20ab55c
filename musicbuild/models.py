"""What a model can do and what it costs: facts about a service, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .cost import Quote


class SourceType(Enum):
    """IPTC digital source types, as written into the tags of an output.

    Source: https://cv.iptc.org/newscodes/digitalsourcetype/
    """

    TRAINED = "trainedAlgorithmicMedia"
    ALGORITHMIC = "algorithmicMedia"
    CREATED = "digitalCreation"
    """Made by a human, with tools that generate nothing by themselves."""


Mark = tuple[float, str]
"""The second at which something begins, and its name."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a model makes of a spec, told without asking it.

    `bpm` counts the beats of the meter.  `heard` says in phrases what was understood of the
    prompt, and `ignored` are its words that nothing in the model answers to.
    """

    bpm: float
    key: str
    meter: str
    chords: tuple[Mark, ...]
    sections: tuple[Mark, ...]
    heard: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one provider, its limits and its price.

    Durations are in seconds.  `price` is per generation, whatever its duration, and None where
    it is not known; it was read at `source` on the day `as_of` (ISO 8601).
    """

    provider: str
    name: str
    shortest: float
    longest: float
    whole_seconds: bool
    price: Quote
    source: str
    as_of: str
    kind: SourceType = SourceType.TRAINED
    options: frozenset[str] = frozenset()
    """Names of the options that the model hears, and that so enter the key: `loop`, `seed`."""
    parts: frozenset[str] = frozenset()
    """What it gives of a piece besides the whole: `mid`, the notes, and stems by name."""
    hosted: bool = False
    """It runs at its service, and this machine has nothing to do meanwhile but to wait."""
    repeatable: bool = False
    """The same spec gives the same bytes again: audio lost may be made anew without asking."""

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"

    def objection(self, duration: float) -> str:
        """Return why this model can't make a piece so long, or nothing."""
        limits = f"{self.name} makes {self.shortest:g} to {self.longest:g} seconds"
        if not self.shortest <= duration <= self.longest:
            return f"{limits}, not {duration:g}"
        if self.whole_seconds and duration != int(duration):
            return f"{self.name} makes whole seconds, not {duration:g}"
        return ""
