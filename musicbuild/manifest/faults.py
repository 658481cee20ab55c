"""How much of what is wrong with a manifest is told at once, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from ..errors import InvalidManifest, ManifestError, Span
from .layers import Notice

MOST = 100
"""Faults or warnings; nobody reads more before mending some."""


class Enough(Exception):
    """So much is wrong that no more is looked for."""


class Faults(list[ManifestError]):
    """Faults as they are found; the one too many ends the search."""

    def append(self, fault: ManifestError) -> None:
        if len(self) >= MOST:
            raise Enough
        super().append(fault)


class Placed(Protocol):
    @property
    def message(self) -> str: ...
    @property
    def span(self) -> Span | None: ...


F = TypeVar("F", bound=Placed)


def in_order(found: Iterable[F], files: Sequence[str]) -> list[F]:
    """Sort faults or notices as one meets them when reading the files; each is named once."""
    places = {name: number for number, name in enumerate(files)}

    def place(one: F) -> tuple[int, str, int, int]:
        if one.span is None:
            return -1, "", 0, 0
        name = one.span.path.as_posix()
        return places.get(name, len(files)), name, one.span.line, one.span.column

    return sorted({(one.message, one.span): one for one in found}.values(), key=place)


def invalid(
    faults: Iterable[ManifestError], files: Sequence[str], *, more: bool = False
) -> InvalidManifest:
    """Return the error that tells of faults; `more` says that there may be others."""
    told = in_order(faults, files)
    if more or len(told) > MOST:
        told = [*told[:MOST], ManifestError("more may be wrong: the rest was not looked at")]
    return InvalidManifest(told)


def notices(found: Iterable[Notice], files: Sequence[str]) -> tuple[Notice, ...]:
    """Return the notices to be told, and how many more there are."""
    told = in_order(found, files)
    if len(told) > MOST:
        rest = Notice(f"{len(told) - MOST:,} more warnings are not shown", None)
        told = [*told[:MOST], rest]
    return tuple(told)
