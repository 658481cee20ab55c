"""How large what an operator or a filter makes could become, told before it is made.

An estimate may be too high, but by less than `ROOM` is larger than a value may be: nothing is
refused here that would have been let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .bounds import DIGITS, WEIGHT, weigh
from .plain import Excess

ROOM = 40 * WEIGHT
WIDTH = 1_000

AFTER_NAME = re.compile(r"[-+ #0]*(\*|[0-9]*)(?:\.(\*|[0-9]*))?[hlL]?")
"""What stands between the `%` of a field, or its name in brackets, and the letter of its kind."""
LONGEST_FLOAT = 330
"""Characters of the largest number that `%f` writes without a precision."""

Given = Mapping[str, Any]
"""The arguments of a filter by the names of its parameters."""


def weigh_result(operator: str, left: Any, right: Any) -> None:
    """Raise if what an operator would make is too much."""
    match operator, left, right:
        case "*", str() | list() | tuple(), int():
            room = weigh(left) * right
        case "*", int(), str() | list() | tuple():
            room = weigh(right) * left
        case "**", int(), int() if left.bit_length() * right > DIGITS * 3:
            room = ROOM + 1
        case "%", str(), _:
            room = formatted(left, right)
        case _:
            room = 0
    if room > ROOM:
        raise Excess("a value grows too large")


def weigh_filtered(name: str, given: Given) -> None:
    """Raise if what a filter would make of its arguments is too much."""
    value, *others = given.values()
    if name in WIDE and any(isinstance(each, int) and abs(each) > WIDTH for each in others):
        raise Excess(f"a width is at most {WIDTH:,}")
    if name == "sum" and isinstance(given["start"], list | tuple):
        raise Excess("`sum` adds up numbers, not lists")
    if name in GROWING and GROWING[name](value, given) > ROOM:
        raise Excess("a value grows too large")


WIDE = frozenset({"batch", "center", "indent", "round", "slice", "truncate", "wordwrap"})


def _indented(value: Any, given: Given) -> int:
    text, width = str(value), given["width"]
    wide = len(width) if isinstance(width, str) else int(width)
    return len(text) + (len(text.splitlines()) + 1) * wide


def _joined(value: Any, given: Given) -> int:
    items = value if isinstance(value, list | tuple | dict | str | range) else ()
    return len(items) * len(str(given["d"]))


def _replaced(value: Any, given: Given) -> int:
    text = str(value)
    return len(text) + text.count(str(given["old"])) * len(str(given["new"]))


def _wrapped(value: Any, given: Given) -> int:
    return len(str(value)) * (1 + len(str(given["wrapstring"] or "")))


GROWING: Mapping[str, Callable[[Any, Given], int]] = {
    "format": lambda value, given: formatted(str(value), given["kwargs"] or given["args"]),
    "indent": _indented,
    "join": _joined,
    "replace": _replaced,
    "wordwrap": _wrapped,
}
"""The filters that can make much of little, as often as one text holds another."""


def formatted(text: str, given: Any) -> int:
    """Return how long the text is with its `%` fields filled; raise if one is too wide."""
    room = len(text)
    for name, sizes in _fields(text):
        for size in sizes:
            if size == "*" or len(size) > len(str(WIDTH - 1)):
                raise Excess(f"a width is at most {WIDTH - 1}")
            room += int(size or 0)
        if isinstance(given, Mapping) and name is not None:
            room += _written(given.get(name))
        if room > ROOM:
            return room
    # Fields without a name take each value once.
    values = given if isinstance(given, tuple) else (given,)
    return room + sum(map(_written, values))


def _fields(text: str) -> Iterator[tuple[str | None, tuple[str, str]]]:
    """Return the name of each `%` field, if it has one, and its width and precision."""
    at = text.find("%") + 1
    while at:
        name = None
        if text.startswith("(", at):
            start, depth = at + 1, 1
            at = start
            while depth and at < len(text):
                depth += {"(": 1, ")": -1}.get(text[at], 0)
                at += 1
            name = text[start : at - 1]
        found = AFTER_NAME.match(text, at)
        assert found is not None
        yield name, (found[1], found[2] or "")
        at = text.find("%", found.end() + 1) + 1


def _written(value: Any) -> int:
    """Return how many characters a value has, whichever way it is written."""
    return LONGEST_FLOAT if isinstance(value, float) else len(ascii(value))
