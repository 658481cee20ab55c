"""YAML that remembers its places: which text is a document at all, and what its scalars mean.

A document is read from the parser's events, so that whatever is too deep, too large, an alias
or a tag is refused before anything is built of it.  Scalars mean what they do in JSON: `12:00`,
`0123`, `no`, `1e3` and dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from ..errors import ManifestError, Span, suggestion
from . import room as rooms
from .room import Room
from .source import CONTROL, WIDEST, Source, decode, shown

Scalar = str | int | float | bool | None

DEPTH = 32

PARSER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

CONSTANTS: Mapping[str, Scalar] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
"""Up to 18 digits; longer ones are text, for no number here has so many."""
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")

SHARING = "`vars`, `defaults` and `groups` share settings between tracks"
HINTS: Mapping[str, str] = {
    "mapping values are not allowed": "put text that holds `: ` in quotes",
    "cannot start any token": "indent with spaces, and put text that begins so in quotes",
    "could not find expected ':'": "put a space after the `:` of a key",
}


class Node(NamedTuple):
    """One YAML value; it knows its place, and that of its key in the mapping around it."""

    value: Scalar | dict[str, Node] | list[Node]
    source: Source
    start: Any
    end: Any
    style: str
    key_start: Any
    key_end: Any

    @property
    def span(self) -> Span:
        return self.source.between(self.start, self.end)

    @property
    def key(self) -> Span:
        """Return the place of the key, or of the value where it has none."""
        if self.key_start is None:
            return self.span
        return self.source.between(self.key_start, self.key_end)

    @property
    def written(self) -> str:
        """Return a scalar as it stands in the file: `1.10`, not 1.1."""
        if isinstance(self.value, str):
            return self.value
        line: str = self.source.lines[self.start.line]
        return line[self.start.column : self.end.column]

    def line(self, number: int, word: str = "") -> Span:
        """Return the place of a line of this text (from one), narrowed to `word` if it is there.

        Only a literal block keeps its lines; other text is searched for the word.
        """
        if self.style == "|" and isinstance(self.value, str):
            lines = self.value.split("\n")
            if number <= len(lines) and lines[number - 1]:
                return self.source.line(self.start.line + 1 + number, word)
            return self.span
        for line in range(self.start.line, self.end.line + 1):
            column = self.start.column if line == self.start.line else 0
            end = self.end.column if line == self.end.line else None
            if found := self.source.find(line, column, word, end):
                return found
        return self.span

    def string(self) -> str:
        if not isinstance(self.value, str):
            raise self.unexpected("text")
        return self.value

    def text(self) -> str:
        """Return text, or a number or a truth value as it is written."""
        if self.value is None or isinstance(self.value, dict | list):
            raise self.unexpected("text")
        return self.written

    def number(self) -> int | float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.unexpected("a number")
        return self.value

    def integer(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.unexpected("a whole number")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.unexpected("true or false")
        return self.value

    def items(self) -> list[Node]:
        if not isinstance(self.value, list):
            raise self.unexpected("a list")
        return self.value

    def mapping(self, known: Collection[str] | None = None) -> dict[str, Node]:
        """Return the entries; raise at the first key that is not in `known`, if that is given."""
        if not isinstance(self.value, dict):
            raise self.unexpected("a mapping")
        if known is not None:
            for name, child in self.value.items():
                if name not in known:
                    raise child.unknown(name, known)
        return self.value

    def unknown(self, name: str, known: Collection[str], where: str = "") -> ManifestError:
        """Return the error of this entry's key, which stands `where`: ` in track `boss``."""
        hint = suggestion(name, known) if len(name) <= WIDEST else ""
        return ManifestError(f"unknown key `{shown(name)}`{where}", span=self.key, hint=hint)

    def entries(self) -> dict[str, Node]:
        """Return the entries of a mapping that may be left empty."""
        return {} if self.value is None else self.mapping()

    def unexpected(self, wanted: str) -> ManifestError:
        match self.value:
            case None:
                found = "nothing"
            case bool():
                found = f"`{self.written}`"
            case int() | float():
                found = f"the number {shown(self.written, 20)}"
            case str():
                found = "text"
            case list():
                found = "a list"
            case _:
                found = "a mapping"
        return self.error(f"expected {wanted}, found {found}")

    def error(self, message: str, hint: str = "") -> ManifestError:
        return ManifestError(message, span=self.span, hint=hint)


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
        self.parser = PARSER(source.text)
        self.plain: dict[str, Scalar] = {}

    def document(self) -> Node:
        event = self.next()
        while not isinstance(event, yaml.DocumentStartEvent):
            if isinstance(event, yaml.StreamEndEvent):
                raise ManifestError("the file is empty", span=self.source.span(0, 0, 1))
            event = self.next()
        root = self.node(self.next(), None, 1)
        self.next()
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            self.refuse("a second document begins here", event, "one file holds one document")
        return root

    def next(self) -> Any:
        self.room.events -= 1
        event = self.parser.get_event()
        if self.room.events < 0:
            self.refuse(f"the manifest holds more than {rooms.EVENTS:,} keys and values", event)
        return event

    def node(self, event: Any, key: Any, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            self.refuse(f"the alias `*{shown(event.anchor)}` is not supported", event, SHARING)
        if event.anchor is not None:
            self.refuse(f"the anchor `&{shown(event.anchor)}` is not supported", event, SHARING)
        if event.tag is not None:
            hint = "put text that begins with `!` in quotes"
            self.refuse(f"the tag `{shown(event.tag)}` is not supported", event, hint)
        if depth > DEPTH:
            self.refuse(f"the file is nested deeper than {DEPTH} levels", event)
        value: Any
        end, style = event, ""
        if kind is yaml.ScalarEvent:
            value, style = self.scalar(event), event.style or ""
        elif kind is yaml.SequenceStartEvent:
            value = []
            while type(end := self.next()) is not yaml.SequenceEndEvent:
                value.append(self.node(end, None, depth + 1))
        else:
            value, end = self.entries(depth + 1)
        marks = (None, None) if key is None else (key.start_mark, key.end_mark)
        return Node(value, self.source, event.start_mark, end.end_mark, style, *marks)

    def entries(self, depth: int) -> tuple[dict[str, Node], Any]:
        found: dict[str, Node] = {}
        while type(key := self.next()) is not yaml.MappingEndEvent:
            name = self.name(key)
            if name in found:
                hint = f"it is first on line {found[name].key.line}"
                self.refuse(f"the key `{shown(name)}` appears twice", key, hint)
            found[name] = self.node(self.next(), key, depth)
        return found, key

    def name(self, event: Any) -> str:
        if type(event) is not yaml.ScalarEvent:
            if type(event) is yaml.AliasEvent:
                self.node(event, None, 1)
            self.refuse("a key is text, not a list or a mapping", event)
        if event.anchor is not None or event.tag is not None:
            self.node(event, None, 1)
        if event.value == "<<" and not event.style:
            self.refuse("the merge key `<<` is not supported", event, SHARING)
        if not event.value:
            self.refuse("the name of a key is missing", event)
        self.check(event)
        return str(event.value)

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        if event.style:  # None or "" is plain, by parser; else a quote or | or >
            self.check(event)
            return text
        if text not in self.plain:
            self.plain[text] = _plain(text)
        return self.plain[text]

    def check(self, event: Any) -> None:
        """Refuse what an escape in double quotes brought in."""
        if found := CONTROL.search(event.value):
            name = f"U+{ord(found[0]):04X}"
            self.refuse(f"the control character {name} does not belong in text", event)

    def refuse(self, message: str, event: Any, hint: str = "") -> NoReturn:
        place = self.source.between(event.start_mark, event.end_mark)
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
