"""Which templates are plain, of nothing but text and `{{ name }}`: they need no Jinja2."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..manifest.shapes import RESERVED

OUTPUT = 20_000
"""Characters in one text."""

PLAIN = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
"""The substitutions that need no Jinja2; anything else that has a brace does."""
BRACE = re.compile(r"[{}]")
PRINTED = (str, int, float)


class Excess(Exception):
    """A template would take too long or grow too large."""


def too_long() -> Excess:
    return Excess(f"the text has more than {OUTPUT:,} characters")


@dataclass(slots=True)
class Compiled:
    """A template, what it mentions, and the files that it includes or extends.

    `closed` is False where these can't be known from it.  `parts` are those of a plain one,
    literal text and names in turn.  `template` is Jinja2's own, where that was needed.
    """

    text: str
    name: str | None
    names: frozenset[str]
    templates: tuple[str, ...] = ()
    closed: bool = True
    parts: tuple[str, ...] = ()
    template: Any = None


def plain(text: str, name: str | None) -> Compiled | None:
    """Return a template if it is plain; the words of the language are no names."""
    parts = PLAIN.split(text)
    names = frozenset(parts[1::2])
    if any(map(BRACE.search, parts[::2])) or names & RESERVED:
        return None
    return Compiled(text, name, names, parts=tuple(parts))


def filled(template: Compiled, variables: Mapping[str, Any]) -> str | None:
    """Return a plain template with its variables, or None where Jinja2 must say what is wrong."""
    found = list(template.parts)
    if not found:
        return None
    for place in range(1, len(found), 2):
        value = variables.get(found[place])
        if not isinstance(value, PRINTED):
            return None
        found[place] = str(value)
    return "".join(found) if sum(map(len, found)) <= OUTPUT else None
