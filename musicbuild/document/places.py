"""Where the values of a document stand: found by reading its text again, once a place is asked."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import yaml

from ..errors import Span
from .source import Source

MARKS = 4
"""The line and the column of an event's start, and of its end."""
UNKNOWN = 0
"""In place of the number of a collection's last event; the first of all begins the stream."""


class Places:
    """The places of the parser's events, by their numbers in the order of the text.

    Most documents are never asked for any, and to keep them all takes longer than all else that
    reading does.  So the text is read again, once, as far as the farthest place that is asked.
    """

    def __init__(self, source: Source, parser: Callable[[str], Any]) -> None:
        self.source = source
        self._parser = parser
        self._again: Any = None
        self._marks = array("I")
        self._last = array("I")
        self._open: list[int] = []
        self._literal: set[int] = set()

    def span(self, number: int) -> Span:
        """Return the place of a value by its first event, or its part in the first line."""
        start, end = self._between(number)
        return self.source.between(start, end)

    def first(self, number: int) -> Span:
        """Return the place of the first character of a value."""
        return self.source.span(*self._start(number), 1)

    def literal(self, number: int) -> bool:
        """Return whether a value is text behind a `|`."""
        self._read(number)
        return number in self._literal

    def below(self, number: int, lines: int, word: str) -> Span:
        """Return the place of a line so far below a value's first, or of a word in it."""
        return self.source.line(self._start(number)[0] + 1 + lines, word)

    def word(self, number: int, word: str) -> Span | None:
        """Return where a word stands first in a value."""
        start, end = self._between(number)
        for line in range(start[0], end[0] + 1):
            column = start[1] if line == start[0] else 0
            stop = end[1] if line == end[0] else None
            if found := self.source.find(line, column, word, stop):
                return found
        return None

    def _start(self, number: int) -> tuple[int, int]:
        self._read(number)
        line, column = self._marks[number * MARKS : number * MARKS + 2]
        return line, column

    def _between(self, number: int) -> tuple[tuple[int, int], tuple[int, int]]:
        start = self._start(number)
        while self._last[number] == UNKNOWN:
            self._read(len(self._last))
        place = self._last[number] * MARKS + 2
        line, column = self._marks[place : place + 2]
        return start, (line, column)

    def _read(self, number: int) -> None:
        """Read on until the event of this number."""
        if self._again is None:
            self._again = self._parser(self.source.text)
        marks, last, scalar = self._marks, self._last, yaml.ScalarEvent
        for one in range(len(last), number + 1):
            event = self._again.get_event()
            start, end = event.start_mark, event.end_mark
            marks.extend((start.line, start.column, end.line, end.column))
            last.append(one)
            if type(event) is scalar:
                if event.style == "|":
                    self._literal.add(one)
            elif isinstance(event, yaml.CollectionStartEvent):
                last[one] = UNKNOWN
                self._open.append(one)
            elif isinstance(event, yaml.CollectionEndEvent):
                last[self._open.pop()] = one
