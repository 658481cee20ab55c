"""Digests of bytes, files and values; the only place that hashes."""

from __future__ import annotations

import hashlib
import json
from io import FileIO
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, NewType

from . import reading

Digest = NewType("Digest", str)
"""Lower-case hexadecimal SHA-256, 64 characters."""

quoted = encode_basestring
"""Writes text in its one form."""

_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def digest_bytes(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest())


def digest_file(path: Path) -> Digest:
    """Digest a plain file; raise OSError if it is none, or larger than any of ours."""
    with reading.opened(path) as (file, _):
        return digest_open(file)


def digest_open(file: FileIO) -> Digest:
    return Digest(hashlib.file_digest(file, "sha256").hexdigest())


def digest_value(kind: str, recipe: int, value: Any) -> Digest:
    """Digest a JSON-like value with its kind and the version of the recipe that made it.

    The kind keeps two sorts of values with equal fields apart.
    """
    return digest_canonical(kind, recipe, canonical(value))


def digest_canonical(kind: str, recipe: int, text: str) -> Digest:
    """Digest a value as `digest_value` does, where its one form is at hand."""
    return digest_bytes(f'{{"kind":"{kind}","recipe":{recipe},"value":{text}}}'.encode())


def canonical(value: Any) -> str:
    """Write a JSON-like value in its one form: sorted, tight, numbers that are equal alike.

    Raises ValueError for NaN and infinity, which no JSON can hold.
    """
    match value:  # what most values are, without the set-up of an encoder
        case str():
            return quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
    return _CANONICAL.encode(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case str():
            return value
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value
