"""YAML that remembers its places: which text is a document at all, and what its scalars mean.

A document is read from the parser's events, so that whatever is too deep, too large, an alias
or a tag is refused before anything is built of it.  Scalars mean what they do in JSON: `12:00`,
`0123`, `no`, `1e3` and dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, count, islice
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import yaml

from ..errors import ManifestError
from . import room as rooms
from .node import Node, Scalar
from .places import Places
from .room import Room
from .source import CONTROL, Source, decode, shown

__all__ = ["DEPTH", "Node", "Scalar", "parse", "read"]

DEPTH = 32

PARSER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

CONSTANTS: Mapping[str, Scalar] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
"""Up to 18 digits; longer ones are text, for no number here has so many."""
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")

MERGE = "<<"
ITEM = ""
"""In place of the name of a key, which is never empty."""
SHARING = "`vars`, `defaults` and `groups` share settings between tracks"
HINTS: Mapping[str, str] = {
    "mapping values are not allowed": "put text that holds `: ` in quotes",
    "cannot start any token": "indent with spaces, and put text that begins so in quotes",
    "could not find expected ':'": "put a space after the `:` of a key",
}


def read(path: Path, shown_as: Path, room: Room | None = None) -> Node:
    """Read one document; its places name the file as `shown_as`.

    `room` is what it may hold, less what documents hold that were read before.  Raises
    ManifestError at the first fault, and OSError if the file can't be read.
    """
    room = room or Room()
    return parse(decode(room.read(path, shown_as), shown_as), room)


def parse(source: Source, room: Room | None = None) -> Node:
    """Parse one YAML document; raise ManifestError at its first fault."""
    try:
        return _Builder(source, room or Room()).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        assert mark is not None
        problem = str(error.problem)
        hint = next((hint for part, hint in HINTS.items() if part in problem), "")
        context = f"{error.context}, " if error.context else ""
        message = f"this is not YAML: {context}{problem}".replace("'", "`")
        place = source.span(min(mark.line, max(0, len(source.lines) - 1)), mark.column, 1)
        raise ManifestError(message, span=place, hint=hint) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        # The pure parser lets out what `chr` says of an escape, without a place.
        place = source.span(0, 0, 1)
        raise ManifestError("this is not YAML: it holds what is no character", span=place) from None


class _Builder:
    """Turns the events of one document into nodes."""

    def __init__(self, source: Source, room: Room) -> None:
        self.source = source
        self.room = room
        self.places = Places(source, PARSER)
        self.parser = PARSER(source.text)
        self.numbers = count()
        numbered = zip(iter(self.parser.get_event, None), self.numbers, strict=False)
        self.events = chain(islice(numbered, room.events), iter(self.full, None))
        self.escapes = "\\" in source.text
        self.names: dict[str, str] = {}
        self.plain: dict[str, tuple[str, Scalar]] = {}

    def document(self) -> Node:
        try:
            found = self.values()
        finally:
            self.room.events -= next(self.numbers)
        if not found:
            raise ManifestError("the file is empty", span=self.source.span(0, 0, 1))
        return found[0]

    def values(self) -> list[Node]:
        """Build all nodes; return the outermost: one, or none if there is no document.

        The loop runs hundreds of thousands of times, so it makes no call it can do without.
        """
        names, plain, places, make = self.names, self.plain, self.places, tuple.__new__
        scalar = yaml.ScalarEvent
        mapping, sequence = yaml.MappingStartEvent, yaml.SequenceStartEvent
        mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
        around: list[tuple[Any, str | None, int]] = []
        found: Any = []
        name: str | None = ITEM  # or None where a key comes next
        for event, at in self.events:
            kind = type(event)
            if name is None and kind is not mapping_end:
                name = names.get(event.value) if kind is scalar else None
                if name is None or event.anchor is not None or event.tag is not None:
                    name = self.name(event)
                if name in found:
                    self.twice(name, event, found[name])
                continue
            if kind is scalar:
                if event.anchor is not None or event.tag is not None or len(around) >= DEPTH:
                    self.supported(event, len(around))
                written = event.value
                if event.style:  # None or "" is plain, by parser; else a quote or | or >
                    self.check(event)
                    value = written
                else:
                    if written not in plain:
                        plain[written] = written, _plain(written)
                    written, value = plain[written]
                number = at
            elif kind is mapping_end or kind is sequence_end:
                written, value = "", found
                found, name, number = around.pop()
            elif kind is mapping or kind is sequence:
                self.supported(event, len(around))
                around.append((found, name, at))
                found, name = ({}, None) if kind is mapping else ([], ITEM)
                continue
            else:
                self.between(event, found)
                continue
            if name:
                found[name] = make(Node, (value, written, places, number, True))
                name = None
            else:
                found.append(make(Node, (value, written, places, number, False)))
        root: list[Node] = found
        return root

    def full(self) -> None:
        """Refuse the first event for which there is no room, if there is another at all."""
        if event := self.parser.get_event():
            message = f"the manifest holds more than {rooms.EVENTS:,} keys and values"
            self.refuse(message, event)

    def between(self, event: Any, found: list[Node]) -> None:
        """Refuse what begins or ends no value, but for the bounds of the one document."""
        kind = type(event)
        if kind is yaml.AliasEvent:
            self.refuse(f"the alias `*{shown(event.anchor)}` is not supported", event, SHARING)
        if kind is yaml.DocumentStartEvent and found:
            self.refuse("a second document begins here", event, "one file holds one document")

    def supported(self, event: Any, depth: int) -> None:
        if event.anchor is not None:
            self.refuse(f"the anchor `&{shown(event.anchor)}` is not supported", event, SHARING)
        if event.tag is not None:
            hint = "put text that begins with `!` in quotes"
            self.refuse(f"the tag `{shown(event.tag)}` is not supported", event, hint)
        if depth >= DEPTH:
            self.refuse(f"the file is nested deeper than {DEPTH} levels", event)

    def name(self, event: Any) -> str:
        """Return the name that a key gives, which is looked at once however often it comes."""
        kind = type(event)
        if kind is not yaml.ScalarEvent:
            self.between(event, [])
            self.refuse("a key is text, not a list or a mapping", event)
        if event.anchor is not None or event.tag is not None:
            self.supported(event, 0)
        name = str(event.value)
        if name == MERGE:
            if not event.style:
                self.refuse("the merge key `<<` is not supported", event, SHARING)
            return name
        if not name:
            self.refuse("the name of a key is missing", event)
        self.check(event)
        self.names[name] = name
        return name

    def twice(self, name: str, event: Any, first: Node) -> NoReturn:
        hint = f"it is first on line {first.key.line}"
        self.refuse(f"the key `{shown(name)}` appears twice", event, hint)

    def check(self, event: Any) -> None:
        """Refuse what an escape in double quotes brought in."""
        if self.escapes and (found := CONTROL.search(event.value)):
            name = f"U+{ord(found[0]):04X}"
            self.refuse(f"the control character {name} does not belong in text", event)

    def refuse(self, message: str, event: Any, hint: str = "") -> NoReturn:
        start, end = event.start_mark, event.end_mark
        place = self.source.between((start.line, start.column), (end.line, end.column))
        raise ManifestError(message, span=place, hint=hint)


def _plain(text: str) -> Scalar:
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text
