"""What a value of a manifest may be: each shape reads a node, and describes itself to editors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from ..document import Node
from ..document.source import shown
from ..errors import ManifestError
from ..paths import astray

VERSION = 1
TAKES = 20
SEED = 2**32 - 1
LONGEST_ID = 64

ID = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
ID_RULE = "lower-case letters, digits, and single `-` or `_` between them"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
CLOCK = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-5][0-9](?:\.[0-9]{1,3})?)")
UNITS = re.compile(
    r"(?=[0-9])(?:([0-9]{1,4})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,6}(?:\.[0-9]{1,3})?)s)?"
)

GIVEN = ("id", "title", "duration", "album", "artist")
"""Variables that every template sees without their being defined."""

_WORDS = """
and block call caller elif else endfor endif extends false filter for from if import in include is
kwargs loop macro none not or range recursive self set super true varargs with without
False None True
"""
RESERVED = frozenset(_WORDS.split())
"""Words of the template language, which no variable can be named after."""

Value = str | int | float | bool | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True)
class Shape:
    """`read` returns the value, or raises ManifestError at the node."""

    read: Callable[[Node], Any]
    schema: Mapping[str, Any]


def clean(node: Node) -> str:
    """Read text in its composed form, so that looks alike is alike."""
    return normalize("NFC", node.text())


def version(node: Node) -> int:
    if node.integer() != VERSION:
        hint = f"this musicbuild reads version {VERSION}; a newer one may read it"
        raise node.error(f"unknown version {node.written[:20]} of the manifest", hint)
    return VERSION


def duration(node: Node) -> int | float:
    """Read seconds: `90`, `47.3`, `1:30`, `90s`, `1m30s`; milliseconds are the finest."""
    if isinstance(node.value, str):
        written = node.value
        parts = CLOCK.fullmatch(written) or UNITS.fullmatch(written)
        if parts is None:
            what = f"`{shown(written)}`" if written else "empty text"
            raise node.error(f"{what} is not a duration", "write seconds: 90, 47.3, 1:30 or 1m30s")
        hours, minutes, seconds = (float(part or 0) for part in parts.groups())
        total = hours * 3600 + minutes * 60 + seconds
    elif isinstance(node.value, int | float) and not isinstance(node.value, bool):
        total = node.value
    else:
        raise node.unexpected("a duration in seconds")
    total = round(total, 3)
    if total <= 0:
        raise node.error("a duration is more than nothing")
    return int(total) if total == int(total) else total


def takes(node: Node) -> int:
    count = node.integer()
    if not 1 <= count <= TAKES:
        raise node.error(f"takes are 1 to {TAKES}, not {node.written[:20]}")
    return count


def seed(node: Node) -> int:
    number = node.integer()
    if not 0 <= number <= SEED:
        raise node.error(f"a seed is 0 to {SEED}, not {node.written[:20]}")
    return number


def labels(node: Node) -> tuple[str, ...]:
    return tuple(dict.fromkeys(named(item.string(), "a label", item) for item in node.items()))


def group(node: Node) -> str:
    return named(node.string(), "a group's name", node)


def named(name: str, what: str, node: Node, *, key: bool = False) -> str:
    """Return a name that may stand in paths, commands and tables; raise if it is none.

    The place is that of the node's value, or of its `key`.
    """
    if len(name) <= LONGEST_ID and ID.fullmatch(name):
        return name
    near = slug(name)
    hint = f"did you mean `{near}`?" if near and near != name else ""
    rule = f"is made of {ID_RULE}"
    if len(name) > LONGEST_ID:
        rule, hint = f"has at most {LONGEST_ID} characters", ""
    raise ManifestError(f"{what} {rule}", span=node.key if key else node.span, hint=hint)


def slug(text: str) -> str:
    """Return text as an id would hold it: `Act 2` as `act-2`, `é` as `e`; it may leave nothing."""
    plain = normalize("NFKD", text[:200].casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:LONGEST_ID].rstrip("-_")


def path(node: Node) -> str:
    if why := astray(node.string()):
        raise node.error(why)
    return normalize("NFC", node.string())


def text(node: Node) -> str:
    return node.string()


def budget(node: Node) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for unit, amount in node.mapping().items():
        if amount.number() < 0:
            raise amount.error("a budget is not less than nothing")
        found[unit] = Decimal(str(amount.number()))
    return found


def value(node: Node) -> Value:
    """Read what a variable may hold: text, numbers, truth values, lists and mappings of them."""
    match node.value:
        case None:
            raise node.error("a variable holds something", 'write `""` for no text')
        case list():
            return [value(item) for item in node.value]
        case dict():
            return {name: value(item) for name, item in node.value.items()}
        case plain:
            return plain


def scalar(node: Node) -> Value:
    if isinstance(node.value, list | dict):
        raise node.unexpected("text or a number")
    return value(node)


def variable(name: str, node: Node) -> None:
    """Raise at the key of a variable that no template could use."""
    if name in GIVEN:
        raise ManifestError(f"`{name}` is always defined, and can't be given anew", span=node.key)
    if name in RESERVED or not NAME.fullmatch(name):
        hint = "letters, digits and `_`, and no word of the template language"
        raise ManifestError(f"`{shown(name)}` can't name a variable", span=node.key, hint=hint)


def listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


ID_SCHEMA = {"type": "string", "pattern": f"^{ID.pattern}$", "maxLength": LONGEST_ID}
LOOSE = {"type": ["string", "number", "boolean"]}

TEXT = Shape(text, {"type": "string"})
LINE = Shape(clean, LOOSE)
BOOLEAN = Shape(Node.boolean, {"type": "boolean"})
PATH = Shape(path, {"type": "string", "minLength": 1})
VERSION_ONE = Shape(version, {"const": VERSION})
DURATION = Shape(
    duration,
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": f"^(?:{CLOCK.pattern}|{UNITS.pattern})$"},
        ]
    },
)
SEED_NUMBER = Shape(seed, {"type": "integer", "minimum": 0, "maximum": SEED})
TAKE_COUNT = Shape(takes, {"type": "integer", "minimum": 1, "maximum": TAKES})
LABELS = Shape(labels, {"type": "array", "items": ID_SCHEMA})
GROUP = Shape(group, ID_SCHEMA)
BUDGET = Shape(budget, {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}})
NODE = Shape(lambda node: node, {})
"""What is read by its own rules: mappings of tracks, settings and variables."""
