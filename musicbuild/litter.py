"""What of a project's files may go, where it goes, and why something stays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .hashing import Digest
from .lock import Lock


class Kind(Enum):
    """What may go: the first three to the trash, an entry from the lock, the rest for good.

    A *copy* is an object of which an output that goes to the trash has the bytes.
    """

    OUTPUT = "output"
    UNUSED = "unused"
    BOUGHT = "bought"
    ENTRY = "entry"
    COPY = "copy"
    DRAFT = "draft"
    LEFT_OVER = "left over"
    FAILED = "failed order"
    TRASH = "trash"


TO_TRASH = frozenset({Kind.OUTPUT, Kind.UNUSED, Kind.BOUGHT})


class Why(Enum):
    """Why something stays that no track of the manifest uses."""

    ELSEWHERE = "elsewhere"
    CHANGED = "changed"
    NOT_PLAIN = "not plain"
    POINTER = "not fetched"
    SAME = "same name"
    NOT_BUILT = "not built"
    ONLY = "only copy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Gone:
    """One thing that goes; `path` is below the project, `track` whose it was."""

    kind: Kind
    path: str
    bytes: int = 0
    track: str = ""
    digests: frozenset[Digest] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that stays, though no track of the manifest makes it."""

    why: Why
    path: str
    bytes: int = 0
    track: str = ""


@dataclass(frozen=True, slots=True)
class Pruning:
    """All that goes and what stays, decided by a lock."""

    lock: Lock
    gone: tuple[Gone, ...]
    kept: tuple[Kept, ...]

    def of(self, *kinds: Kind) -> tuple[Gone, ...]:
        return tuple(one for one in self.gone if one.kind in kinds)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.gone)


@dataclass(frozen=True, slots=True)
class Discarded:
    """What has gone; `trash` is the folder that part of it lies in now, nothing if none does."""

    gone: tuple[Gone, ...]
    trash: str = ""
