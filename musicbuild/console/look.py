"""How a line may look where it is read: colours, symbols, width, and text made safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

ASCII = {"↻": "r", "…": "...", "→": "->", "✓": "ok", "✗": "x"}
"""What is written for a symbol of ours where the console's encoding has none."""

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Controls that change the order in which other characters are shown."""


class Style(Enum):
    """What a text is, and the ANSI code it is shown by."""

    NEW = "32"
    CHANGED = "33"
    FREE = "36"
    DIM = "2"
    BAD = "31"
    STRONG = "1"
    ERROR = "1;31"
    WARNING = "1;33"
    HINT = "1;36"


class Look(NamedTuple):
    """What the place can show; `encoding` is empty where every character can be."""

    color: bool = False
    encoding: str = ""
    width: int = 80
    verbose: bool = False

    def paint(self, text: str, style: Style) -> str:
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.color and text else text

    def symbol(self, symbol: str) -> str:
        """Return a symbol of ours, or its stand-in in ASCII."""
        try:
            symbol.encode(self.encoding or "utf-8")
        except UnicodeEncodeError:
            return ASCII.get(symbol, "?")
        return symbol

    def cut(self, text: str, room: int) -> str:
        """Shorten text to so many cells, with an ellipsis if something is left out."""
        if cells(text) <= room:
            return text
        mark = self.symbol("…")
        kept, used = [], len(mark)
        for char in text:
            used += cells(char)
            if used > room:
                break
            kept.append(char)
        return "".join(kept) + mark


def escape(text: str) -> str:
    r"""Show text from outside on one line: controls and bidi controls as `\x1b`, `\u202e`.

    A terminal would obey them; a reader must see them.
    """
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else _escaped(char) for char in text)


def cells(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells(char) for char in text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill up to a width in cells, on the left side if the text is to stand right."""
    gap = " " * (width - cells(text))
    return gap + text if right else text + gap


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Align columns, two spaces apart, those in `right` at their right side."""
    if not rows:
        return []
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            pad(text, width, right=place in right)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _harmless(char: str) -> bool:
    if char in BIDI or char == "\ufeff":
        return False
    return unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp", "Co", "Cn"}


def _escaped(char: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return named.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
    )


def _cells(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
