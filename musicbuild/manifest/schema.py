"""How editors know a manifest: the tables of keys, written as JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .keys import ALBUM, MASTER, QC, SETTINGS, TAGS, TRACK, Key
from .shapes import GIVEN, ID_SCHEMA, NAME, NODE, RESERVED

IDENTIFIER = "https://musicbuild.dev/schema/musicbuild.schema.json"

SCALAR = {"type": ["string", "number", "boolean"]}

VARIABLE = {
    "pattern": f"^{NAME.pattern}$",
    "not": {"enum": sorted({*GIVEN, *RESERVED})},
}

OWN_RULES: Mapping[str, Mapping[str, Any]] = {
    "vars": {"$ref": "#/$defs/vars"},
    "tags": {"$ref": "#/$defs/tags"},
    "master": {"$ref": "#/$defs/master"},
    "qc": {"$ref": "#/$defs/qc"},
    "defaults": {"$ref": "#/$defs/settings"},
    "groups": {
        "type": ["object", "null"],
        "propertyNames": ID_SCHEMA,
        "additionalProperties": {"$ref": "#/$defs/settings"},
    },
    "tracks": {
        "type": ["object", "null"],
        "propertyNames": ID_SCHEMA,
        "additionalProperties": {"$ref": "#/$defs/track"},
    },
    "matrix": {
        "type": "object",
        "minProperties": 1,
        "propertyNames": VARIABLE,
        "additionalProperties": {"type": "array", "items": SCALAR, "minItems": 1},
    },
    "include": {"type": "array", "items": {"type": "string", "minLength": 1}},
}
"""The shape of each key that is read by rules of its own."""

ONE_PROMPT = {"not": {"type": "object", "required": ["prompt", "prompt_file"]}}


def schema() -> dict[str, Any]:
    """Return the schema of a manifest, JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": "musicbuild.yaml",
        "description": "The tracks of a soundtrack, and how each is made.",
        **_mapping(ALBUM, nullable=False),
        "required": ["version"],
        "$defs": {
            "settings": {**_mapping(SETTINGS), **ONE_PROMPT},
            "track": {**_mapping(TRACK), **ONE_PROMPT},
            "tags": _mapping(TAGS),
            "master": _mapping(MASTER),
            "qc": {"anyOf": [{"type": "boolean"}, _mapping(QC)]},
            "vars": {
                "type": ["object", "null"],
                "propertyNames": VARIABLE,
                "additionalProperties": {"$ref": "#/$defs/value"},
            },
            "value": {
                "anyOf": [
                    SCALAR,
                    {"type": "array", "items": {"$ref": "#/$defs/value"}},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}},
                ]
            },
        },
    }


def text() -> str:
    """Return the schema as its file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _mapping(table: Mapping[str, Key], *, nullable: bool = True) -> dict[str, Any]:
    return {
        "type": ["object", "null"] if nullable else "object",
        "additionalProperties": False,
        "properties": {name: _property(name, key) for name, key in table.items()},
    }


def _property(name: str, key: Key) -> dict[str, Any]:
    rules = OWN_RULES[name] if key.shape is NODE else key.shape.schema
    return {"description": key.says, **rules, "examples": list(key.examples)}
