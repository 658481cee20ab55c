"""What was said on a command line, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..console.terminal import Console


@dataclass(slots=True)
class Settings:
    """What was said before and after the command's name; what was said last counts."""

    console: Console = field(default_factory=Console)
    file: Path | None = None
    directory: Path | None = None
    command: str = ""


class Choice(NamedTuple):
    """Which tracks a command is about."""

    patterns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not (self.patterns or self.labels or self.exclude)
