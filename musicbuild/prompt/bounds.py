"""How large the values of a template may grow; each is measured before it is made."""

from __future__ import annotations

from collections.abc import Collection, ItemsView, Iterable, Iterator, KeysView, ValuesView
from itertools import islice
from operator import not_
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from .plain import Excess

LOOP = 10_000
WEIGHT = 25_000
"""Characters and items in one value."""
DIGITS = 1_000


def weigh(value: Any, most: int = WEIGHT, *, strict: bool = True) -> int:
    """Return how many characters and items a value holds; raise if it is too much.

    What is contained twice counts twice, as it will when it is compared or written out.  What
    is no plain value raises too, or weighs one where this isn't strict.
    """
    match value:
        case str() | range():
            weight = len(value) or 1
        case bool() | float() | None | Undefined():
            weight = 1
        case int():
            weight = value.bit_length() // 3 + 1
            most = min(most, DIGITS)
        case list() | tuple():
            weight = 1 + _weigh_items(value, most, strict=strict)
        case dict():
            weight = 1 + _weigh_items(value.keys(), most, strict=strict)
            weight += _weigh_items(value.values(), most - weight, strict=strict)
        case _ if strict:
            raise SecurityError("only text, numbers, lists and mappings can be worked with here")
        case _:
            weight = 1
    if weight > most:
        raise Excess("a value grows too large")
    return weight


def _weigh_items(items: Collection[Any], most: int, *, strict: bool) -> int:
    """Return what items weigh together; those of one plain kind are weighed fast."""
    match set(map(type, items)):
        case kinds if kinds == {str}:
            return sum(map(len, items)) + sum(map(not_, items))
        case kinds if kinds == {int} and max(map(int.bit_length, items)) < DIGITS:
            return sum(map(int.bit_length, items)) // 3 + len(items)
    weight = 0
    for item in items:
        weight += weigh(item, most - weight, strict=strict)
    return weight


def price(value: Any) -> int:
    """Return the steps that looking through a value costs: text is looked through fast."""
    return weigh(value, strict=False) // (100 if isinstance(value, str) else 10)


def search_price(given: Iterable[Any]) -> int:
    """Return the steps that looking for one text in another costs at the worst."""
    lengths = [len(each) for each in given if isinstance(each, str)]
    return sum(lengths[1:]) * lengths[0] // 10_000 if lengths else 0


def plain(value: Any) -> Any:
    """Return a result as a value that can be weighed: iterators and views as lists."""
    if isinstance(value, Iterator | KeysView | ValuesView | ItemsView):
        value = list(islice(value, WEIGHT + 1))
    weigh(value)
    return value


def bounded_range(*args: int) -> range:
    numbers = range(*args)
    if len(numbers) > LOOP:
        raise Excess(f"a range has at most {LOOP:,} numbers")
    return numbers
