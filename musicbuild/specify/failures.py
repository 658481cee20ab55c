"""What could not be made, and for which tracks: one fault that many share is told once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from ..errors import ManifestError, Span
from ..manifest import Track
from ..manifest.faults import MOST, Enough

SHARED = 1_000
"""How often tracks may fail before the others aren't tried: by then they share a fault."""

Given = TypeVarTuple("Given")
T = TypeVar("T")


class Failures:
    def __init__(self) -> None:
        self.count = 0
        self.found: dict[tuple[str, Span | None], tuple[ManifestError, list[str]]] = {}

    def tried(self, track: Track, make: Callable[[*Given], T], *args: *Given) -> T | None:
        """Return what is made, or None if it can't be; the reason is kept with the track.

        Raises Enough where so many could not be made that no others need be tried.
        """
        try:
            return make(*args)
        except ManifestError as fault:
            self.count += 1
            place = fault.message, fault.span
            if self.count > SHARED or (len(self.found) >= MOST and place not in self.found):
                raise Enough from None
            self.found.setdefault(place, (fault, []))[1].append(track.id)
            return None

    def told(self) -> list[ManifestError]:
        return [_gathered(fault, tracks) for fault, tracks in self.found.values()]


def _gathered(error: ManifestError, tracks: list[str]) -> ManifestError:
    """Return one error for all the tracks that share it."""
    others = {1: "", 2: " and one other"}.get(len(tracks), f" and {len(tracks) - 1} others")
    message = f"track `{tracks[0]}`{others}: {error.message}"
    return ManifestError(message, span=error.span, hint=error.hint)
