"""Mappings that stay as they are, and of which one with an entry more is had at little cost.

One with an entry less costs a copy of all.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 128
"""Entries that are copied for each new one; all are once in so many."""


def grown(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Return a mapping with an entry more, or with another in its place."""
    if isinstance(mapping, _Growing):
        return mapping.grown(key, value)
    if len(mapping) < MOST:
        return {**mapping, key: value}
    return _Growing(mapping, {key: value})


def shrunk(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    """Return a mapping with an entry less; raise KeyError if it was not there."""
    left = mapping.whole() if isinstance(mapping, _Growing) else {**mapping}
    del left[key]
    return left


class _Growing(Mapping[K, V]):
    """A large mapping, and what has come since."""

    __slots__ = ("_base", "_since")

    def __init__(self, base: Mapping[K, V], since: Mapping[K, V]) -> None:
        self._base, self._since = base, since

    def grown(self, key: K, value: V) -> Mapping[K, V]:
        since = {**self._since, key: value}
        return _Growing(self._base, since) if len(since) < MOST else {**self._base, **since}

    def __getitem__(self, key: K) -> V:
        return self._since[key] if key in self._since else self._base[key]

    def __len__(self) -> int:
        return len(self._base) + sum(key not in self._base for key in self._since)

    def __iter__(self) -> Iterator[K]:
        return iter(self.whole())

    def values(self) -> ValuesView[V]:
        return self.whole().values()

    def items(self) -> ItemsView[K, V]:
        return self.whole().items()

    def whole(self) -> dict[K, V]:
        return {**self._base, **self._since}
