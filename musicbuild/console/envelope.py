"""What every command tells programs alike: one object around what it found, errors, amounts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..cost import Quote, Totals, plain
from ..errors import InvalidManifest, MusicbuildError
from .errors import Told, place

SCHEMA = "musicbuild/1"


def encode(value: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Write an object; in ASCII, so that no console's encoding or bidi control can spoil it."""
    return json.dumps(value, indent=indent, ensure_ascii=True)


def envelope(
    command: str,
    data: Mapping[str, Any],
    *,
    errors: Iterable[MusicbuildError] = (),
    warnings: Iterable[Told] = (),
    spent: Totals | None = None,
) -> dict[str, Any]:
    faults = [fault for error in errors for fault in error_objects(error)]
    return {
        "schema": SCHEMA,
        "command": command,
        "ok": not faults,
        "data": dict(data),
        "errors": faults,
        "warnings": [_told(one) for one in warnings],
        "spent": totals(spent or {}),
    }


def error_objects(error: MusicbuildError) -> list[dict[str, Any]]:
    """Return one object an error; `code` is the exit code."""
    if isinstance(error, InvalidManifest):
        return [one for each in error.errors for one in error_objects(each)]
    return [{**_told(error), "code": error.exit_code}]


def totals(amounts: Totals) -> dict[str, str]:
    return {unit: plain(amount) for unit, amount in amounts.items()}


def cost(quote: Quote) -> dict[str, str] | None:
    """Return an amount by its unit: empty if free, null if unknown."""
    return None if quote is None else totals({quote.unit: quote.amount} if quote else {})


def _told(told: Told) -> dict[str, Any]:
    span = told.span
    return {
        "message": told.message,
        "hint": told.hint,
        "file": place(span.path) if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
    }
