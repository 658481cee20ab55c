"""Runs a plan: alone knows both the world and the plan.

A build claims the project, settles what earlier builds left open, decides anew, asks whether it
may, and then makes the tracks, several at once, each into the lock as soon as it is finished.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from . import lock as locks
from .claim import claim
from .clock import Clock, StoppableClock
from .cost import Quote, Totals, plain, total
from .errors import (
    Busy,
    Failed,
    IntegrityError,
    Interrupted,
    MusicbuildError,
    NotSent,
    Refused,
    Scope,
    Unavailable,
    Undelivered,
)
from .events import (
    BuildFinished,
    BuildStarted,
    Event,
    Listener,
    Recovered,
    TrackFailed,
    TrackFinished,
    TrackStarted,
)
from .finish import Finisher
from .hashing import Digest
from .journal import Journal
from .lock import Lock, Purchase
from .money import Allowance
from .outputs import Tree
from .plan import picked
from .providers import Connection, Connections, Providers
from .purchase import MARGIN, Buyer, Claims, Settling
from .spec import GenerateSpec, Output, TrackSpec
from .steps import Edited, Generate, Lost, Master, Plan, Restore, Step
from .store import Store

GRACE = 5.0
"""Seconds that a stopped build waits for answers to orders already sent."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Whatever of the world a build touches, handed in so that a test can hand in another."""

    lock_path: Path
    state: Path
    store: Store
    tree: Tree
    providers: Providers
    environment: Mapping[str, str]
    clock: Clock
    name_attempt: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a build goes about it: `wait` is for another build's claim, in seconds.

    `budget` bounds what the lock may add up to, by unit; `cap` what this run may spend of any.
    """

    jobs: int = 4
    keep_going: bool = False
    overwrite: bool = False
    budget: Totals = field(default_factory=dict)
    cap: Decimal | None = None
    settling: Settling = field(default_factory=Settling)
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a build went: what it spent, the tracks it made, those that failed, those left."""

    spent: Totals
    made: tuple[str, ...]
    failed: Mapping[str, MusicbuildError]
    left: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return the gravest of all codes: unsettled money first, then lost bytes."""
        return _gravest(error.exit_code for error in self.failed.values())


def _gravest(found: Iterable[int]) -> int:
    codes = set(found)
    grave = (6, 7, 130, 143, 5, 4)
    return next((code for code in grave if code in codes), 1 if codes else 0)


def _disk_failed(error: OSError) -> IntegrityError:
    return IntegrityError(f"the disk failed: {error.strerror or error}")


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
    """
    with claim(workshop.state, workshop.clock, wait=terms.wait):
        run = _Build(workshop, terms, listen, stop)
        try:
            run.recover()
            plan = decide(run.lock)
            run.prepare(plan)
            approve(plan)
            return run.make(plan)
        finally:
            run.connections.close()


class _Build:
    """One run: the lock as it grows, the connections, and who may still begin."""

    def __init__(
        self, workshop: Workshop, terms: Terms, listen: Listener, stop: threading.Event
    ) -> None:
        self._workshop, self._terms, self._stop = workshop, terms, stop
        self.lock = locks.load(workshop.lock_path)
        self._planned = self.lock
        self._allowance = self._limits()
        self._clock = StoppableClock(workshop.clock, stop)
        self.connections = Connections(workshop.providers, workshop.environment, self._clock)
        self._mutex = threading.RLock()
        self._listener = listen
        self._made: list[str] = []
        self._failed: dict[str, MusicbuildError] = {}
        self._halt = threading.Event()
        self._broken: BaseException | None = None
        self._known: dict[str, frozenset[str]] = {}
        self._refused: dict[str, Refused] = {}
        self._journal = Journal(workshop.state / "journal")
        self._open = self._journal.payments()
        bought = [purchase.generation for purchase in self.lock.purchases.values()]
        self._buyer = Buyer(
            connections=self.connections,
            journal=self._journal,
            store=workshop.store,
            clock=self._clock,
            name_attempt=workshop.name_attempt,
            record=self._record,
            claims=Claims([*bought, *(one.generation for one in self._open)]),
            settling=terms.settling,
            listen=self._listen,
        )
        self._finisher = Finisher(workshop.store, workshop.tree, terms.overwrite)

    def recover(self) -> None:
        """Settle every payment that an earlier build left open.

        Raises the gravest error if some can't be settled now, after all others were.
        """
        errors: list[MusicbuildError] = []
        for payment in self._open:
            try:
                purchase = self._buyer.settle(payment)
            except Interrupted:
                raise
            except MusicbuildError as error:
                errors.append(error)
            except OSError as error:
                errors.append(_disk_failed(error))
            else:
                self._listen(Recovered(payment.spec, purchase.cost if purchase else None))
        if errors:
            gravest = _gravest(error.exit_code for error in errors)
            raise next(error for error in errors if error.exit_code == gravest)
        self._allowance = self._limits()  # what was recovered counts for the budget

    def _limits(self) -> Allowance:
        return Allowance(self.lock.spent, self._terms.budget, self._terms.cap)

    def prepare(self, plan: Plan) -> None:
        """Make sure of all before anything is paid: limits, places, keys and balances."""
        self._allowance.check(plan.price)
        for output in (output for step in plan.purchases for output in step.track.outputs):
            self._workshop.tree.find(output.path)  # raises where no output may be put
        for provider in sorted({step.track.generate.provider for step in plan.purchases}):
            connection = self.connections[provider]
            steps = [one for one in plan.purchases if one.track.generate.provider == provider]
            need = total(quote for step in steps for quote in step.quotes if quote)
            have = connection.balance()
            if have is not None and need.get(have.unit, have.amount) > have.amount:
                raise Unavailable(
                    f"{provider} has {plain(have.amount)} {have.unit} left,"
                    f" and this build needs {plain(need[have.unit])}; nothing was ordered",
                    hint="top up the account, or build fewer tracks at a time",
                )
            self._known[provider] = self._history(connection)

    def make(self, plan: Plan) -> Outcome:
        """Make all steps, `jobs` at once, and say how it went."""
        self._planned = self.lock
        steps = [step for step in plan.to_do if not isinstance(step, Edited)]
        twins: dict[Digest, list[Step]] = {}
        for step in steps:
            twins.setdefault(step.track.generate.key, []).append(step)
        todo: queue.SimpleQueue[list[Step]] = queue.SimpleQueue()
        for group in twins.values():
            todo.put(group)
        self._listen(BuildStarted(plan))
        workers = [
            threading.Thread(target=self._work, args=(todo,), daemon=True)
            for _ in range(min(self._terms.jobs, len(twins)))
        ]
        for worker in workers:
            worker.start()
        self._join(workers)
        if self._broken is not None:
            raise self._broken
        begun = {*self._made, *self._failed}
        left = tuple(step.track.id for step in steps if step.track.id not in begun)
        spent = self._allowance.spent
        self._listen(BuildFinished(spent, len(self._made), len(self._failed), len(left)))
        return Outcome(spent, tuple(self._made), dict(self._failed), left)

    def _join(self, workers: list[threading.Thread]) -> None:
        """Wait for the workers; once the build is stopped, only for a while."""
        while any(worker.is_alive() for worker in workers) and not self._stop.is_set():
            for worker in workers:
                worker.join(0.05)
        end = self._workshop.clock.monotonic() + GRACE
        for worker in workers:
            worker.join(max(0.0, end - self._workshop.clock.monotonic()))

    def _work(self, todo: queue.SimpleQueue[list[Step]]) -> None:
        try:
            while not (self._stop.is_set() or self._halt.is_set()):
                all(map(self._try, todo.get_nowait()))
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001  raised again by `make`, not in a thread
            self._broken = error
            self._halt.set()

    def _try(self, step: Step) -> bool:
        """Make one step; tell whether that went well, so that its twins can follow."""
        name = step.track.id
        self._listen(TrackStarted(name, step))
        try:
            self._make(step)
        except Interrupted:
            return False
        except MusicbuildError as error:
            self._fail(name, error)
        except OSError as error:
            self._fail(name, _disk_failed(error))
        else:
            self._made.append(name)
            self._listen(TrackFinished(name, step))
        return name in self._made

    def _fail(self, name: str, error: MusicbuildError) -> None:
        self._failed[name] = error
        self._listen(TrackFailed(name, error))
        whole = isinstance(error, Refused) and error.scope is Scope.BUILD
        if whole or not self._terms.keep_going:
            self._halt.set()

    def _make(self, step: Step) -> None:
        match step:
            case Generate(track=track):
                for spec, quote in zip(step.specs, step.quotes, strict=True):
                    self._generate(track, spec, quote)
                spec = picked(track, self.lock.tracks.get(track.id))
                self._finish(track, track.outputs, spec, "", draft=step.draft)
            case Master(track=track):
                self._finish(track, step.outputs, step.spec, step.source, draft=step.draft)
            case Restore():
                self._finisher.restore(step.objects, self.lock)
            case Lost(track=track):
                self._buyer.fetch_again(step.purchase)
                spec = picked(track, self.lock.tracks.get(track.id))
                self._finish(track, track.outputs, spec, "", draft=False)

    def _generate(self, track: TrackSpec, spec: GenerateSpec, quote: Quote) -> None:
        """Have audio made for one spec, within what may be spent."""
        model = self._workshop.providers.model_of(spec)
        if model.repeatable:
            self._record(spec, self._buyer.make(track.id, spec))
            return
        if refused := self._refused.get(str(model)):
            raise refused
        self._allowance.reserve(quote)
        try:
            purchase = self._buyer.buy(track.id, spec, self._known.get(spec.provider, frozenset()))
        except (Refused, Busy, NotSent, Failed) as error:
            self._allowance.settle(quote, None)
            if isinstance(error, Refused) and error.scope is Scope.MODEL:
                self._refused[str(model)] = error
            raise
        self._allowance.settle(quote, purchase.cost)

    def _finish(
        self,
        track: TrackSpec,
        outputs: tuple[Output, ...],
        spec: GenerateSpec,
        source: str,
        *,
        draft: bool,
    ) -> None:
        audio = self._finisher.audio(track, spec, source, self._planned if source else self.lock)
        kind = self._workshop.providers.model_of(spec).kind
        made = self._finisher.finish(
            track, outputs, lock=self.lock, spec=spec, audio=audio, kind=kind, draft=draft
        )
        with self._mutex:
            made = self._finisher.with_rest(made, self.lock.tracks.get(track.id))
            self.lock = self.lock.with_track(track.id, made)
            locks.save(self._workshop.lock_path, self.lock)

    def _record(self, spec: GenerateSpec, purchase: Purchase) -> None:
        """Enter a purchase; one that was paid for twice, on two machines, is one more take."""
        with self._mutex:
            while (there := self.lock.purchases.get(spec.key)) and there.cost:
                if there.generation == purchase.generation:
                    break
                spec = replace(spec, take=spec.take + 1)
            self.lock = self.lock.with_purchase(spec.key, replace(purchase, take=spec.take))
            locks.save(self._workshop.lock_path, self.lock)

    def _history(self, connection: Connection) -> frozenset[str]:
        """Return what the history holds already; an order found there later is a new one."""
        try:
            tickets = connection.history(self._clock.now() - MARGIN)
        except Undelivered:
            return frozenset()
        return frozenset(ticket.id for ticket in tickets)

    def _listen(self, event: Event) -> None:
        with self._mutex:
            self._listener(event)
