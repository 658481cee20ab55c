"""How large the values of a template may grow; each is measured before it is made."""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from itertools import islice
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

LOOP = 10_000
OUTPUT = 20_000
WEIGHT = 25_000
"""Characters and items in one value."""
WIDTH = 1_000
DIGITS = 1_000

BIG_FIELD = re.compile(r"%[^a-zA-Z%]*(?:[0-9]{4}|\*)")


class Excess(Exception):
    """A template would take too long or grow too large."""


def weigh(value: Any, most: int = WEIGHT) -> int:
    """Return how many characters and items a value holds; raise if it is too much, or no value.

    What is contained twice counts twice, as it will when it is written out.
    """
    match value:
        case str():
            weight = len(value)
        case bool() | float() | None | Undefined():
            weight = 1
        case int():
            weight = value.bit_length() // 3 + 1
            most = min(most, DIGITS)
        case range():
            weight = len(value)
        case list() | tuple():
            weight = 1
            for item in value:
                weight += weigh(item, most - weight)
        case dict():
            weight = 1
            for key, item in value.items():
                weight += weigh(key, most - weight) + weigh(item, most - weight)
        case _:
            raise SecurityError("only text, numbers, lists and mappings can be worked with here")
    if weight > most:
        raise Excess("a value grows too large")
    return weight


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


def weigh_result(operator: str, left: Any, right: Any) -> None:
    """Raise if what an operator would make is too much."""
    match operator, left, right:
        case "*", str() | list() | tuple(), int():
            weight = weigh(left) * right
        case "*", int(), str() | list() | tuple():
            weight = weigh(right) * left
        case "**", int(), int() if left.bit_length() * right > DIGITS * 3:
            weight = WEIGHT + 1
        case "%", str(), _:
            check_fields(left)
            weight = 0
        case _:
            weight = 0
    if weight > WEIGHT:
        raise Excess("a value grows too large")


def weigh_replaced(text: str, old: str = "", new: str = "") -> None:
    if len(text) + text.count(old) * len(new) > WEIGHT:
        raise Excess("a value grows too large")


def weigh_joined(given: list[Any]) -> None:
    between = len(str(given[1])) if len(given) > 1 else 0
    items = given[0] if isinstance(given[0], list | tuple | dict | str | range) else ()
    if weigh(given[0]) + len(items) * between > WEIGHT:
        raise Excess("a value grows too large")


def check_fields(text: Any) -> None:
    if isinstance(text, str) and BIG_FIELD.search(text):
        raise Excess(f"a width is at most {WIDTH - 1}")
