"""How an error or a warning is told: what, where, and the way out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ..errors import InvalidManifest, MusicbuildError, Span
from .look import Look, Style, cells, count, escape


class Told(Protocol):
    """An error or a warning."""

    @property
    def message(self) -> str: ...
    @property
    def span(self) -> Span | None: ...
    @property
    def hint(self) -> str: ...


def error_lines(error: MusicbuildError, look: Look) -> list[str]:
    """Word an error; one that holds several ends with their number."""
    if not isinstance(error, InvalidManifest):
        return _block("error", Style.ERROR, error, look)
    lines: list[str] = []
    for one in error.errors:
        lines += [*_block("error", Style.ERROR, one, look), ""]
    return [*lines, f"{count(len(error.errors), 'error')} in the manifest"]


def warning_lines(warnings: Iterable[Told], look: Look) -> list[str]:
    return [line for one in warnings for line in _block("warning", Style.WARNING, one, look)]


def note_lines(error: MusicbuildError, look: Look) -> list[str]:
    """Word what stops nothing."""
    return _block("note", Style.WARNING, error, look)


def place(path: Path) -> str:
    """Write a path as seen from the working directory, where it lies below it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.as_posix()


def _block(kind: str, style: Style, told: Told, look: Look) -> list[str]:
    first, *more = told.message.splitlines() or [""]
    lines = [f"{look.paint(f'{kind}:', style)} {look.paint(escape(first), Style.STRONG)}"]
    lines += [f"  {escape(line)}" for line in more]
    if told.span:
        lines += _excerpt(told.span, style, look)
    hints = told.hint.splitlines()
    lines += [f"{look.paint('hint:', Style.HINT)} {escape(line)}" for line in hints[:1]]
    return lines + [f"      {escape(line)}" for line in hints[1:]]


def _excerpt(span: Span, style: Style, look: Look) -> list[str]:
    """Show the line with the stretch underlined; a long line only around the stretch."""
    gutter = " " * len(str(span.line))
    bar = look.paint(f"{gutter} |", Style.DIM)
    number = look.paint(f"{span.line} |", Style.DIM)
    room = max(20, look.width - len(gutter) - 4)
    start = span.column - 1
    text, mark = span.text, ""
    if cells(escape(text)) > room and start > room // 2:
        cut = start - room // 3
        text, start, mark = text[cut:], start - cut, look.symbol("…")
    before, under = escape(text[:start]), escape(text[start : start + max(1, span.width)])
    indent = " " * (len(mark) + cells(before))
    length = max(1, min(cells(under), room - len(indent)))
    where = f"{escape(place(span.path))}:{span.line}:{span.column}"
    return [
        f"{gutter}{look.paint('-->', Style.DIM)} {where}",
        bar,
        f"{number} {mark}{look.cut(escape(text), room - len(mark))}".rstrip(),
        f"{bar} {indent}{look.paint('^' * length, style)}",
    ]


def system_error(error: OSError) -> MusicbuildError:
    """Turn what the system says into an error of ours, on one line."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    name = error.filename
    shown = os.fsdecode(name) if isinstance(name, (str, bytes)) else ""
    return MusicbuildError(f"`{place(Path(shown))}`: {what}" if shown else what)
