"""Every failure a user can meet: what went wrong, where, and the way out.

MusicbuildError
├── UsageError         2  the command line is wrong
├── ManifestError      2  one fault of a manifest or a template, with its place
├── InvalidManifest    2  all the faults found in one run
├── OutOfDate          3  something would have to be built
├── PolicyError        4  a budget, a cap or the rules of paying forbid it
├── ProviderError      1  a provider refused or failed
│   ├── Unavailable    5  no key, no connection, no balance: nothing was sent
│   ├── NotSent        5  the paid request surely never left
│   │   └── Overtaken  5  another machine orders the same
│   ├── Refused        1  the paid request was refused, and not charged
│   ├── Busy           5  the same, for now; it may be tried again later
│   ├── AnswerLost     6  the paid request was sent and no usable answer came
│   ├── Failed         1  the provider tried and failed; not charged
│   └── Undelivered    1  accepted, and paid or to be paid; the audio is not here yet
├── RemoteError        5  a remote can't be reached, or refuses
│   └── Unusable       7  what a remote has under a name was surely never put there
├── NotMastered        1  what was asked of mastering can't be had from the audio
├── Unresolved         6  a payment that may have been made is not settled
├── IntegrityError     7  bytes are lost or damaged, or could not be kept
├── Claimed            8  another build runs
└── Interrupted      130  a signal stopped the build
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from heapq import nsmallest
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

COMPARED = 20
LONGEST_WORD = 160


class Span(NamedTuple):
    """A stretch of one line in a file; line and column count from one."""

    path: Path
    line: int
    column: int
    width: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """Return the line with the stretch underlined."""
        gutter = " " * len(str(self.line))
        under = " " * (self.column - 1) + "^" * max(1, self.width)
        return f"{gutter} --> {self}\n{gutter} |\n{self.line} | {self.text}\n{gutter} | {under}"


class MusicbuildError(Exception):
    """A failure the user can act on; `exit_code` is part of the interface."""

    exit_code = 1

    def __init__(self, message: str, *, span: Span | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint

    def __str__(self) -> str:
        place = f"\n{self.span.excerpt()}" if self.span else ""
        hint = f"\nhint: {self.hint}" if self.hint else ""
        return f"{self.message}{place}{hint}"


class UsageError(MusicbuildError):
    exit_code = 2


class ManifestError(MusicbuildError):
    exit_code = 2


class InvalidManifest(MusicbuildError):
    """All that is wrong with a manifest, in the order of the file."""

    exit_code = 2

    def __init__(self, errors: Iterable[ManifestError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n\n".join(map(str, self.errors)))


class OutOfDate(MusicbuildError):
    exit_code = 3


class PolicyError(MusicbuildError):
    exit_code = 4


class ProviderError(MusicbuildError):
    pass


class Unavailable(ProviderError):
    exit_code = 5


class NotSent(ProviderError):
    exit_code = 5


class Overtaken(NotSent):
    pass


class Scope(Enum):
    """How much a refusal stops."""

    TRACK = "track"
    MODEL = "model"
    BUILD = "build"


class Refused(ProviderError):
    def __init__(self, message: str, *, scope: Scope = Scope.TRACK, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.scope = scope
        self.exit_code = 5 if scope is Scope.BUILD else 1


class Busy(ProviderError):
    """`retry_after` is in seconds; None where the provider did not say."""

    exit_code = 5

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class AnswerLost(ProviderError):
    exit_code = 6


class Failed(ProviderError):
    pass


class Undelivered(ProviderError):
    pass


class RemoteError(MusicbuildError):
    exit_code = 5


class Unusable(RemoteError):
    exit_code = 7


class NotMastered(MusicbuildError):
    pass


class Unresolved(MusicbuildError):
    exit_code = 6


class IntegrityError(MusicbuildError):
    exit_code = 7


def disk_failed(error: OSError) -> IntegrityError:
    return IntegrityError(f"the disk failed: {error.strerror or error}")


class Claimed(MusicbuildError):
    exit_code = 8


class Interrupted(MusicbuildError):
    """`exit_code` is 130 after SIGINT, 143 after SIGTERM."""

    exit_code = 130


def suggestion(written: str, known: Iterable[str]) -> str:
    """Return the hint for a word that is not known, or nothing if none is near.

    Comparing letter by letter is slow, so only the words that look nearest are compared.
    """
    pairs = set(pairwise(written))

    def apart(word: str) -> tuple[int, str]:
        return len(pairs.symmetric_difference(pairwise(word))), word

    if len(written) > LONGEST_WORD:
        return ""
    nearest = nsmallest(COMPARED, (word for word in known if len(word) <= LONGEST_WORD), key=apart)
    near = get_close_matches(written, nearest, 1)
    return f"did you mean `{near[0]}`?" if near else ""
