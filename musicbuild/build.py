"""Runs a plan: alone knows both the world and the plan.

A build claims the project, settles what earlier builds left open, decides, asks whether it may,
and then makes the tracks, several at once, each into the lock as soon as it is finished.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .claim import claim
from .errors import (
    MusicbuildError,
)
from .events import (
    BuildFinished,
    BuildStarted,
    Listener,
)
from .journal import Journal
from .lock import Lock
from .run import Run
from .steps import Edited, Plan
from .terms import Outcome, Terms, Workshop, gravest
from .trust import read_lock

__all__ = ["Outcome", "Terms", "Workshop", "build", "recover", "regain"]


def build(
    workshop: Workshop,
    decide: Callable[[Lock], Plan],
    approve: Callable[[Plan], None],
    *,
    terms: Terms,
    listen: Listener,
    stop: threading.Event,
) -> Outcome:
    """Make everything that `decide` finds out of date.

    `approve` is shown the plan before anything is sent, and raises to forbid it.  `stop` ends
    the build early: nothing more is ordered, and what is under way stays in the journal.
    With nothing to do nothing is written, not even the claim.
    """
    known = None
    if terms.frozen or not workshop.journal.payments():
        lock = read_lock(workshop.lock_path, workshop.store)
        plan = decide(lock)
        known = None if terms.wait else (lock, plan)
        if all(isinstance(step, Edited) for step in plan.to_do):
            listen(BuildStarted(plan))
            listen(BuildFinished({}, 0, 0, 0))
            return Outcome({}, (), {}, ())
    with claim(workshop.state, workshop.clock, wait=terms.wait):
        run = Run(workshop, terms, listen, stop)
        try:
            run.recover()
            plan = run.decide(decide, known)
            run.prepare(plan)
            approve(plan)
            return run.make(plan)
        except MusicbuildError as error:
            error.exit_code = gravest([error.exit_code, *run.codes])
            raise
        finally:
            run.close()


def recover(
    workshop: Workshop,
    decide: Callable[[Journal], None],
    *,
    terms: Terms,
    listen: Listener,
    stop: threading.Event,
) -> Outcome:
    """Look after the orders that earlier builds left open, and do nothing else.

    `decide` may first change the journal, with the project claimed: what a person knows of an
    order, or gives up.
    """
    with claim(workshop.state, workshop.clock, wait=terms.wait):
        decide(workshop.journal)
        run = Run(workshop, terms, listen, stop)
        try:
            run.recover()
            return run.end(())
        finally:
            run.close()


def regain(workshop: Workshop, *, terms: Terms, listen: Listener, stop: threading.Event) -> Outcome:
    """Fetch bought audio that is missing here, by its digest; nothing is ordered.

    What can't be had is in `Outcome.failed`, by the provider's id.
    """
    with claim(workshop.state, workshop.clock, wait=terms.wait):
        run = Run(workshop, terms, listen, stop)
        try:
            return run.regain()
        finally:
            run.close()
