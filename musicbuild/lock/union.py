"""Which purchases a merged lock holds, and under which keys: those of both branches, each once.

The lock is the ledger, so nothing is ever taken out of it, whatever a branch has deleted.  Where
both branches paid for one key, one purchase keeps the take and the other becomes one more take.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..hashing import Digest, canonical
from ..spec import GenerateSpec
from .entries import purchase_to_json
from .values import Purchase

Purchases = Mapping[Digest, Purchase]
Moves = Mapping[Digest, Digest]
"""Keys of one side under which another purchase stands now, and where its own stands."""

Bought = tuple[GenerateSpec, str]
"""What a purchase is known by, whatever its take: the wish, and the provider's id."""


class United(NamedTuple):
    """All purchases, and what has moved on each side: in the base, in ours and in theirs."""

    purchases: Purchases
    moves: Sequence[Moves]


def unite(base: Purchases, ours: Purchases, theirs: Purchases) -> United:
    """Unite the purchases of both sides and their base; which side is ours makes no difference.

    No key that a side had is without a purchase then, so that nothing is paid again.
    """
    sides = (base, ours, theirs)
    placed: dict[Digest, Purchase] = {}
    contested: dict[Digest, list[Purchase]] = {}
    for key in base.keys() | ours.keys() | theirs.keys():
        found = _told_apart([side.get(key) for side in sides])
        if len(found) == 1:
            placed[key] = found[0]
        else:
            contested[key] = found
    homes = _settle(placed, contested)
    return United(placed, [_moves(side, contested, placed, homes) for side in sides])


def _bought(one: Purchase) -> Bought:
    """Return what a purchase is known by, whatever take it is of its wish."""
    return replace(one.spec, take=0), one.generation


def _told_apart(found: Sequence[Purchase | None]) -> list[Purchase]:
    """Return one of each purchase that stands under a key in the base, in ours or in theirs."""
    names = {one.generation: None for one in found if one}
    return [
        _told_once(*(one if one and one.generation == name else None for one in found))
        for name in names
    ]


def _told_once(base: Purchase | None, ours: Purchase | None, theirs: Purchase | None) -> Purchase:
    """Return one purchase as it is told, if sides differ: as it was changed, or else the older."""
    found = [one for one in (ours, theirs) if one] or [one for one in (base,) if one]
    changed = [one for one in found if one != base] or found
    return min(changed, key=lambda one: (*_age(one), canonical(purchase_to_json(one))))


def _settle(
    placed: dict[Digest, Purchase], contested: Mapping[Digest, Sequence[Purchase]]
) -> Mapping[Bought, Digest]:
    """Place what is contested, and return the key under which each of it stands."""
    if not contested:
        return {}
    homes = {_bought(one): key for key, one in placed.items()}
    rest: list[Purchase] = []
    for key in sorted(contested, key=lambda key: (contested[key][0].take, key)):
        by_age = sorted(contested[key], key=_age)
        homeless = [one for one in by_age if _bought(one) not in homes]
        placed[key] = (homeless or by_age)[0]
        homes.setdefault(_bought(placed[key]), key)
        rest += homeless[1:]
    taken: dict[GenerateSpec, int] = {}  # up to which take of a wish none is free
    for one in sorted(rest, key=lambda one: (one.take, *_age(one))):
        if _bought(one) in homes:
            continue
        family, _ = _bought(one)
        wish = replace(one.spec, take=max(one.take, taken.get(family, 0)))
        while wish.key in placed:
            wish = replace(wish, take=wish.take + 1)
        placed[wish.key] = replace(one, take=wish.take)
        homes[_bought(one)] = wish.key
        taken[family] = wish.take
    return homes


def _age(one: Purchase) -> tuple[Any, ...]:
    """Order those that contest a key; what costs nothing gives way to what was paid for."""
    return not one.cost, one.bought, one.generation


def _moves(
    side: Purchases,
    contested: Iterable[Digest],
    placed: Purchases,
    homes: Mapping[Bought, Digest],
) -> Moves:
    return {
        key: homes[_bought(side[key])]
        for key in contested
        if key in side and placed[key].generation != side[key].generation
    }
