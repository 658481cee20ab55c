"""Bugs to plant, each of which has to be found: an oracle that finds none is worth nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from musicbuild import build as engine
from musicbuild import durable
from musicbuild.journal import Journal
from musicbuild.lock import Purchase
from musicbuild.purchase import Buyer
from musicbuild.spec import GenerateSpec

from .cycle import Kill


def nothing_is_intended() -> None:
    Journal.intend = lambda *_: None


def an_order_is_forgotten_too_early() -> None:
    def record(self: Buyer, attempt: str, spec: GenerateSpec, purchase: Purchase) -> None:
        self.journal.forget(attempt)
        self.record(spec, purchase)

    Buyer._record = record


def a_lost_answer_is_ordered_again() -> None:
    Buyer._adopt = lambda *_: None


def files_are_written_in_place() -> None:
    def write(path: Path, data: bytes, **_: Any) -> None:
        durable.make_folder(path.parent)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    durable.write = write


def nobody_claims_the_project() -> None:
    @contextmanager
    def claim(*_: Any, **__: Any) -> Iterator[None]:
        yield

    engine.claim = claim


CROWDED = nobody_claims_the_project
"""The bug that only a round of eight builds can find."""

BUGS: Mapping[Callable[[], None], tuple[Kill, ...]] = {
    nothing_is_intended: (Kill("post.received"),),
    an_order_is_forgotten_too_early: (Kill("journal.forgotten.after"),),
    a_lost_answer_is_ordered_again: (Kill("post.sent"),),
    files_are_written_in_place: (Kill("lock.torn"),),
    nobody_claims_the_project: (),
}
"""Each bug and the kills that show it."""

NAMED = {bug.__name__: bug for bug in BUGS}
