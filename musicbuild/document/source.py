"""The text of a file and its places: which bytes are text at all, and how a place is shown."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path

from .. import reading
from ..errors import ManifestError, Span

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, halves of characters, and the line breaks that only YAML 1.1 knows."""
UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]"
)
"""What a terminal would obey rather than show, `CONTROL` and the turners of text included."""
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
MARKS = ("<<<<<<< ", ">>>>>>> ")

WIDEST = 160
FARTHEST = 1_000
"""A place farther right is shown here: nobody reads a line of a megabyte to its end."""


def shown(text: str, most: int = 60) -> str:
    """Return text from a file as one short stretch that a terminal can't be led astray by."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return UNSEEN.sub("\ufffd", short)


class Source:
    """The text of one file, and its places."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def span(self, line: int, column: int, width: int) -> Span:
        """Return a place by a line and a column that count from zero."""
        text = self.lines[line] if line < len(self.lines) else ""
        column = min(column, FARTHEST)
        width = max(1, min(width, len(text) - column))
        end = max(WIDEST, column + min(width, WIDEST))
        clipped = text if len(text) <= end else text[:end] + "…"
        visible = UNSEEN.sub("\ufffd", clipped.replace("\t", " "))
        return Span(self.path, line + 1, column + 1, min(width, end - column), visible)

    def between(self, start: tuple[int, int], end: tuple[int, int]) -> Span:
        """Return the place between two lines and columns, or its part in the first line."""
        (line, column), (last, stop) = start, end
        text = self.lines[line] if line < len(self.lines) else ""
        stop = stop if last == line else len(text.rstrip())
        return self.span(line, column, stop - column)

    def at(self, index: int, width: int = 1) -> Span:
        """Return a place by the index of its first character."""
        before = self.text[:index].splitlines(keepends=True)
        whole = before and before[-1].endswith(("\n", "\r"))
        line = len(before) if whole or not before else len(before) - 1
        column = 0 if whole or not before else len(before[-1])
        return self.span(line, column, width)

    def line(self, number: int, word: str = "") -> Span:
        """Return the place of a line that counts from one, or of `word` where it stands there."""
        return self.find(number - 1, 0, word) or self._whole(number - 1, 0)

    def find(self, line: int, column: int, word: str, end: int | None = None) -> Span | None:
        """Return where a word stands in a part of a line; all three count from zero."""
        text = self.lines[line][:end] if line < len(self.lines) else ""
        if not word:
            return None
        found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(text, column)
        return found and self.span(line, found.start(), len(word))

    def _whole(self, line: int, column: int) -> Span:
        text = self.lines[line] if line < len(self.lines) else ""
        column += len(text[column:]) - len(text[column:].lstrip())
        return self.span(line, column, len(text.rstrip()) - column)


def leads_out(path: Path, folder: Path) -> bool:
    """Return whether a path ends outside a folder once links are followed, there or not."""
    real = os.path.realpath(folder)
    return not Path(os.path.realpath(path)).is_relative_to(real)


def read_bytes(path: Path, most: int, shown_as: Path) -> bytes:
    """Read a plain file; raise ManifestError if it is none, or is too large."""
    try:
        return reading.contents(os.path.realpath(path), most=most)
    except reading.NotPlain:
        raise ManifestError(f"`{shown_as.as_posix()}` is no plain file") from None
    except reading.TooLarge as error:
        raise ManifestError(f"`{shown_as.as_posix()}` {error.strerror}") from None


def decode(data: bytes, path: Path) -> Source:
    """Return the text of a file; raise ManifestError where it is not clean UTF-8.

    The byte order mark that some editors of Windows put first is passed over.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    hint = "save the file as UTF-8 without a byte order mark"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        place = Source(path, data.decode(errors="replace")).span(0, 0, 1)
        raise ManifestError("the file begins with a byte order mark", span=place, hint=hint)
    try:
        source = Source(path, data.decode())
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        source = Source(path, data.decode(errors="replace"))
        place = source.at(len(before))
        raise ManifestError("the file is not UTF-8", span=place, hint=hint) from None
    if found := CONTROL.search(source.text):
        name = f"U+{ord(found[0]):04X}"
        place = source.at(found.start())
        raise ManifestError(f"the control character {name} does not belong in a file", span=place)
    # To look for either mark first is twenty times faster than to look for lines.
    if any(mark in source.text for mark in MARKS) and (found := CONFLICT.search(source.text)):
        place = source.line(source.at(found.start()).line)
        hint = "choose what is to stay, and take out the lines `<<<<<<<`, `=======` and `>>>>>>>`"
        raise ManifestError("unresolved merge", span=place, hint=hint)
    return source
