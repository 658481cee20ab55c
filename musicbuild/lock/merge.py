"""What becomes of a lock when two branches merge: all their purchases, and each track's last edit.

A track that both branches edited in different ways is a conflict, for a person to decide.  Which
branch is ours makes no difference to what is decided without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, NamedTuple

from .threeway import CLASH, Clash, decide, decide_each
from .union import Moves, Purchases, unite
from .values import Lock, LockedTrack

Side = Literal["ours", "theirs"]


class Conflict(NamedTuple):
    """A track that was edited on both sides; None where it was taken out."""

    track: str
    ours: LockedTrack | None
    theirs: LockedTrack | None


class Kept(NamedTuple):
    """How many purchases of a merged lock were on both sides, and how many on one alone."""

    both: int
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged lock, without the tracks in conflict.

    `joined` are the tracks that were edited on both sides and are as both had it; `twice` counts
    the purchases that became one more take, as both sides had paid for one key.
    """

    lock: Lock
    conflicts: tuple[Conflict, ...]
    joined: tuple[str, ...]
    kept: Kept
    twice: int

    def side(self, side: Side) -> Lock:
        """Return the lock as it is if this side is taken of each conflict."""
        return self.choose({one.track: side for one in self.conflicts}).lock

    def choose(self, choices: Mapping[str, Side]) -> Merged:
        """Decide some conflicts by the side that a person chose."""
        tracks = {**self.lock.tracks}
        for one in self.conflicts:
            chosen = getattr(one, choices[one.track]) if one.track in choices else None
            if chosen is not None:
                tracks[one.track] = chosen
        left = tuple(one for one in self.conflicts if one.track not in choices)
        return replace(self, lock=Lock(self.lock.purchases, tracks), conflicts=left)


def merge(base: Lock | None, ours: Lock, theirs: Lock) -> Merged:
    """Merge two locks that come from a common one, if that is known.

    A path may have two owners in the merged lock, as the two files that may lie there by then are
    both ours: the next build of the track that the merged manifest gives it to takes it over.
    """
    base = base or Lock()
    purchases, moves = unite(base.purchases, ours.purchases, theirs.purchases)
    sides = [
        _followed(one.tracks, moved, purchases)
        for one, moved in zip((base, ours, theirs), moves, strict=True)
    ]
    tracks: dict[str, LockedTrack] = {}
    conflicts, joined = [], []
    for name in sorted({name for side in sides for name in side}):
        versions = [side.get(name) for side in sides]
        found = _merge_track(*versions)
        if isinstance(found, Clash):
            conflicts.append(Conflict(name, versions[1], versions[2]))
        elif found is not None:
            tracks[name] = found
            if found not in versions:
                joined.append(name)
    kept = _count(purchases, ours.purchases, theirs.purchases)
    twice = len({*chain.from_iterable(one.values() for one in moves)})
    return Merged(Lock(purchases, tracks), tuple(conflicts), tuple(joined), kept, twice)


def _followed(
    tracks: Mapping[str, LockedTrack], moved: Moves, purchases: Purchases
) -> Mapping[str, LockedTrack]:
    """Have the tracks of one side follow the purchases that they were made from."""
    if not moved:
        return tracks
    return {
        name: replace(one, generate=moved[one.generate], take=purchases[moved[one.generate]].take)
        if one.generate in moved
        else one
        for name, one in tracks.items()
    }


def _merge_track(
    base: LockedTrack | None, ours: LockedTrack | None, theirs: LockedTrack | None
) -> LockedTrack | Clash | None:
    found = decide(base, ours, theirs)
    if not isinstance(found, Clash) or ours is None or theirs is None:
        return found
    if not _is_alike(ours, theirs):
        return CLASH
    # What another purchase was made into before says nothing of what this one is made into.
    known = base if base is not None and _is_alike(base, ours) else None
    draft = decide(known.draft if known else None, ours.draft, theirs.draft)
    picked = decide(known.picked if known else None, ours.picked, theirs.picked)
    tags = decide_each(known.tags if known else {}, ours.tags, theirs.tags)
    outputs = decide_each(known.outputs if known else {}, ours.outputs, theirs.outputs)
    if isinstance(draft, Clash) or isinstance(picked, Clash):
        return CLASH
    if isinstance(tags, Clash) or isinstance(outputs, Clash):
        return CLASH
    return replace(ours, draft=bool(draft), picked=picked or 0, tags=tags, outputs=outputs)


def _is_alike(one: LockedTrack, other: LockedTrack) -> bool:
    """Tell whether two were made from the same purchase."""
    return (one.generate, one.take) == (other.generate, other.take)


def _count(union: Purchases, *sides: Purchases) -> Kept:
    ours, theirs = ({(one.provider, one.generation) for one in side.values()} for side in sides)
    found = [(one.provider, one.generation) for one in union.values()]
    mine = sum(one in ours and one not in theirs for one in found)
    yours = sum(one in theirs and one not in ours for one in found)
    return Kept(len(found) - mine - yours, mine, yours)
