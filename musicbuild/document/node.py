"""One value of a document, and what an author may have meant by it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ..errors import ManifestError, Span, suggestion
from .places import Places
from .source import WIDEST, Source, shown

Scalar = str | int | float | bool | None


class Node(NamedTuple):
    """One YAML value; it knows its place, and that of its key in the mapping around it."""

    value: Scalar | dict[str, Node] | list[Node]
    written: str
    """A scalar as it stands in the file: `1.10`, not 1.1."""
    places: Places
    event: int
    """The number, from zero, of its first event among those of the document."""
    keyed: bool

    @property
    def source(self) -> Source:
        return self.places.source

    @property
    def span(self) -> Span:
        return self.places.span(self.event)

    @property
    def first(self) -> Span:
        """Return the place of its first character."""
        return self.places.first(self.event)

    @property
    def key(self) -> Span:
        """Return the place of the key, or of the value where it has none."""
        return self.places.span(self.event - 1) if self.keyed else self.span

    def line(self, number: int, word: str = "") -> Span:
        """Return the place of a line of this text (from one), narrowed to `word` if it is there.

        Only a literal block keeps its lines; other text is searched for the word.
        """
        if self.places.literal(self.event):
            lines = self.written.split("\n")
            kept = number <= len(lines) and lines[number - 1]
            return self.places.below(self.event, number, word) if kept else self.span
        return self.places.word(self.event, word) or self.span

    def string(self) -> str:
        if not isinstance(self.value, str):
            raise self.unexpected("text")
        return self.value

    def text(self) -> str:
        """Return text, or a number or a truth value as it is written."""
        if self.value is None or isinstance(self.value, (dict, list)):
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
        if isinstance(self.value, dict):
            return self.value
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
