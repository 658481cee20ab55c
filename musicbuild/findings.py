"""What may be found amiss in a project's files, how grave it is, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .errors import IntegrityError


class Grade(Enum):
    """How grave a finding is: bytes lost or damaged, not as the lock says, or merely there."""

    LOST = "lost"
    STALE = "stale"
    NOTE = "note"


class Problem(Enum):
    LOCK = "lock"
    WRONG_KEY = "wrong key"
    WRONG_SIZE = "wrong size"
    WRONG_TAKE = "wrong take"
    NO_PURCHASE = "no purchase"
    JOURNAL = "journal damaged"
    OBJECT = "object damaged"
    AUDIO = "audio missing"
    NO_FILE = "output unreadable"
    MISSING = "output missing"
    CHANGED = "output changed"
    OTHER = "output older"
    POINTER = "output not fetched"
    OPEN = "order open"
    TORN = "record torn"
    RECORD = "record damaged"
    STRAY = "stray file"
    LEFT_OVER = "left over"
    THERE = "damaged in the team's store"
    TOLD = "record damaged in the team's store"
    NOT_THERE = "not in the team's store"

    @property
    def grade(self) -> Grade:
        return _GRADES.get(self, Grade.LOST)


_GRADES: Mapping[Problem, Grade] = {
    **dict.fromkeys(
        (Problem.MISSING, Problem.CHANGED, Problem.OTHER, Problem.NO_FILE), Grade.STALE
    ),
    **dict.fromkeys(
        (Problem.POINTER, Problem.OPEN, Problem.TORN, Problem.STRAY, Problem.LEFT_OVER), Grade.NOTE
    ),
    Problem.RECORD: Grade.NOTE,
    Problem.NOT_THERE: Grade.NOTE,
}


class Mend(Enum):
    """What puts a finding right; nothing of it is ever paid for."""

    SAID = "said by the error"
    VERSION_CONTROL = "restore it from version control"
    LOCK_FIRST = "mend the lock first"
    FROM_STORE = "a build puts it back from the store"
    FROM_AUDIO = "a build makes it again from the audio"
    FROM_OUTPUT = "a build takes it from an output"
    COMPOSE = "a build has it composed again"
    FETCH = "a build asks the provider for it again"
    ADOPT = "only the file that it was adopted from has it"
    LATER = "a build fetches it again once a track needs it"
    SERVED = "remove it: an output has its music"
    REMOVE = "remove it"
    PRUNE = "prune it"
    OVERWRITE = "keep it elsewhere, or have it overwritten"
    LFS = "have Git LFS fetch it"
    RECOVER = "recover the order"
    CLOSED = "leave it, or remove it"
    PUSH = "push it"
    PUSH_CHECK = "have a push read what is there, and put it right"
    NOTHING = "nothing needs to be done"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    `where` is a path below the project, or a name.  `track` is whose it is, `source` the output
    or the provider that it can be had from, `said` an error's own words.  With `force` a build
    sees to it only if it is told to make that track again.
    """

    problem: Problem
    where: str
    mend: Mend
    track: str = ""
    source: str = ""
    said: IntegrityError | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and how much was looked at; `unused` objects are referred to by nothing."""

    findings: tuple[Finding, ...]
    purchases: int = 0
    objects: int = 0
    bytes: int = 0
    outputs: int = 0
    unused: int = 0
    elsewhere: int = 0
    """Pieces that were bought and are not in the store, though nothing is missing for it."""
    trash: tuple[int, ...] = ()
    """Sizes of the files in the trash."""

    def grade(self, grade: Grade) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.problem.grade is grade)
