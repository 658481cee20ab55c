"""What a build is handed, what it is told, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from .clock import Clock
from .cost import Totals
from .errors import Busy, MusicbuildError
from .journal import Journal
from .mastering import Masters
from .outputs import Tree
from .providers import Providers
from .remotes import Remote
from .store import Store
from .witness import Settling


@dataclass(frozen=True, slots=True)
class Workshop:
    """Whatever of the world a build touches, handed in so that a test can hand in another.

    `remote` is where the team keeps its audio, None if it has no such place.
    """

    lock_path: Path
    state: Path
    journal: Journal
    store: Store
    tree: Tree
    providers: Providers
    environment: Mapping[str, str]
    clock: Clock
    name_attempt: Callable[[], str]
    remote: Remote | None = None
    masters: Masters = field(default_factory=Masters)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a build goes about it.

    `jobs` are steps at once; `orders` bounds those under way at one provider, None for as many.
    `budget` bounds what the lock may add up to, by unit; `cap` what this run may spend of any;
    `attempts` how many orders for one key may fail, in all builds together.
    `wait` is for another build's claim, in seconds.  With `push` the team is told of orders, and
    given what was bought and made.  With `frozen` outputs are put back and nothing else is done: no
    provider is asked, and nothing is made again.
    """

    jobs: int = 4
    orders: int | None = None
    keep_going: bool = False
    overwrite: bool = False
    budget: Totals = field(default_factory=dict)
    cap: Decimal | None = None
    attempts: int = 3
    settling: Settling = field(default_factory=Settling)
    wait: float = 0.0
    push: bool = False
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a build went: what it spent, the tracks it made, those that failed, those left.

    `closed` says why tracks were left where a provider takes no more for now.
    """

    spent: Totals
    made: tuple[str, ...]
    failed: Mapping[str, MusicbuildError]
    left: tuple[str, ...]
    closed: Busy | None = None

    @property
    def exit_code(self) -> int:
        errors = [*self.failed.values(), *([self.closed] if self.closed else [])]
        return gravest([error.exit_code for error in errors])


def gravest(codes: Collection[int]) -> int:
    """Return the gravest of all codes: unsettled money first, then lost bytes."""
    grave = (6, 7, 130, 143, 5, 4)
    return next((code for code in grave if code in codes), max(codes, default=0))
