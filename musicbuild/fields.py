"""What a single value in the lock may be: each comes in as JSON, and is that or a ValueError."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .hashing import Digest
from .paths import astray

LARGEST_NUMBER = 2**53
DIGEST = re.compile(r"[0-9a-f]{64}")
DIGESTS = re.compile(r"[0-9a-f]{64}( [0-9a-f]{64})*")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,400})?")
"""As `plain` writes it; an exponent such as 1e999999 would fill the memory with noughts."""


class UnknownKey(ValueError):
    """A key that this version gives no meaning."""


def only(known: frozenset[str], value: Mapping[str, Any]) -> None:
    """Raise UnknownKey if a mapping has a key that is not known."""
    if not value.keys() <= known:
        raise UnknownKey(f"unknown key {min(value.keys() - known)!r:.80}")


def texts(values: Sequence[Any]) -> Sequence[str]:
    """Take many texts: a look at all of them at once, or at each to say which is wrong."""
    try:
        joined = "".join(values)
        joined.encode()
    except (TypeError, ValueError):
        joined = "\0"
    return values if "\0" not in joined else list(map(text, values))


def digests(values: tuple[Any, ...]) -> tuple[Digest, ...]:
    """Take many digests, as `texts` does."""
    try:
        sound = DIGESTS.fullmatch(" ".join(values))
    except TypeError:
        sound = None
    return values if sound else tuple(map(digest, values))


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise unexpected(value)
    return value


def text(value: Any) -> str:
    """Take text that can be written to a file again, and be the name of one."""
    if not isinstance(value, str) or "\0" in value:
        raise unexpected(value)
    value.encode()
    return value


def digest(value: Any) -> Digest:
    if not DIGEST.fullmatch(text(value)):
        raise unexpected(value)
    return Digest(value)


def count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LARGEST_NUMBER:
        raise unexpected(value)
    return value


def number(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < LARGEST_NUMBER:
        raise unexpected(value)
    return float(value)


def amount(value: Any) -> Decimal:
    if not AMOUNT.fullmatch(text(value)):
        raise unexpected(value)
    return Decimal(value)


def scalar(value: Any) -> str | int | float | bool:
    match value:
        case str():
            return text(value)
        case bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
    raise unexpected(value)


def figure(value: Any) -> float | str:
    """Take what was measured: a number, or a word."""
    if isinstance(value, str):
        return text(value)
    if type(value) not in (int, float) or not abs(value) < LARGEST_NUMBER:
        raise unexpected(value)
    number: float = value
    return number


def path(value: Any) -> str:
    """Take the path of an output, which never leads out of the manifest's folder."""
    if astray(text(value)):
        raise unexpected(value)
    return str(value)


def tag(value: Any) -> str | bool:
    return value if isinstance(value, bool) else text(value)


def unexpected(value: Any) -> ValueError:
    return ValueError(f"unexpected {value!r:.80}")
