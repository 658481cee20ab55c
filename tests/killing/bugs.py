"""Bugs to plant, each of which has to be found: an oracle that finds none is worth nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from musicbuild import build as engine
from musicbuild import durable
from musicbuild.errors import IntegrityError
from musicbuild.folders import Folder
from musicbuild.journal import Journal
from musicbuild.lock import Purchase
from musicbuild.payment import Payment
from musicbuild.providers import Ticket
from musicbuild.purchase import Buyer
from musicbuild.spec import GenerateSpec
from musicbuild.witness import Witness

from . import crowd, cycle, errors
from .cycle import Kill, Result
from .errors import Call


def nothing_is_intended() -> None:
    Journal.intend = lambda *_: None


def an_order_is_forgotten_too_early() -> None:
    def record(self: Buyer, attempt: str, spec: GenerateSpec, purchase: Purchase) -> None:
        self.journal.forget(attempt)
        self.record(spec, purchase)

    Buyer._record = record


def a_lost_answer_is_ordered_again() -> None:
    Witness.find = lambda *_: None


def files_are_written_in_place() -> None:
    def write(folder: Folder, name: str, data: bytes, **_: Any) -> None:
        with Path(folder.path, name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    durable.write_within = write


def nobody_claims_the_project() -> None:
    @contextmanager
    def claim(*_: Any, **__: Any) -> Iterator[None]:
        yield

    engine.claim = claim


def an_id_that_was_not_written_is_not_told() -> None:
    def accept(self: Buyer, payment: Payment, ticket: Ticket) -> None:
        record = {"record": "accepted", "generation": ticket.id}
        try:
            self.journal._append(payment.attempt, record)
        except OSError:
            raise IntegrityError("the disk failed") from None

    Buyer._accept = accept


BUGS: Mapping[Callable[[], None], Kill | Call | None] = {
    nothing_is_intended: Kill("post.received"),
    an_order_is_forgotten_too_early: Kill("journal.forgotten.after"),
    a_lost_answer_is_ordered_again: Kill("post.sent"),
    files_are_written_in_place: Kill("lock.torn"),
    nobody_claims_the_project: None,
    an_id_that_was_not_written_is_not_told: Call(
        "write", "2+", f".musicbuild/journal/{1:032}.jsonl"
    ),
}
"""Each bug, and what shows it: a kill, a call that fails, or eight builds at once."""

NAMED = {bug.__name__: bug for bug in BUGS}


def run(name: str, which: str) -> Result:
    """Run the case that has to find a bug."""
    bug = NAMED[which]
    match BUGS[bug]:
        case Kill() as kill:
            return cycle.run(name, (kill,), bug)
        case Call() as call:
            return errors.run(name, call, bug)
        case None:
            return crowd.run(name, 0, bug)
