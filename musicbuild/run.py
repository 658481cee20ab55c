"""One run of a build: what is settled first, what is fetched, and how each step is made.

What is made goes into the lock as soon as it is finished; what fails is kept, and said at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial

from .buying import till
from .clock import StoppableClock
from .cost import Quote
from .errors import (
    Busy,
    IntegrityError,
    Interrupted,
    MusicbuildError,
    Refused,
    RemoteError,
    Scope,
    Unavailable,
    disk_failed,
)
from .events import (
    BuildFinished,
    BuildStarted,
    Event,
    Listener,
    Missing,
    Postponed,
    Recovered,
    Recovering,
    Regained,
    TrackFailed,
    TrackFinished,
    TrackLeft,
    TrackStarted,
    Unsupplied,
    Untold,
)
from .finish import Finisher
from .hashing import Digest
from .ledger import Ledger
from .lock import Lock, Purchase
from .mastering import check_tools
from .payment import Payment
from .places import check_places
from .providers import Connections
from .room import Places
from .sounds import Sounds, Source
from .spec import GenerateSpec, Output, TrackSpec
from .spread import spread
from .steps import Edited, Generate, Lost, Master, Plan, Restore, Step
from .supply import lacking, supply
from .takes import picked
from .terms import Outcome, Terms, Workshop
from .trust import check_before_paying, ensure_written, growth, read_lock
from .workers import in_parallel


class Run:
    """The ledger, the till, and who may still begin."""

    def __init__(
        self, workshop: Workshop, terms: Terms, listen: Listener, stop: threading.Event
    ) -> None:
        self._workshop, self._terms, self._stop = workshop, terms, stop
        self._ledger = Ledger(
            workshop.lock_path,
            read_lock(workshop.lock_path, workshop.store),
            forget=workshop.journal.forget,
            monotonic=workshop.clock.monotonic,
        )
        self._planned = self.lock
        self._had = frozenset(one.generation for one in self.lock.purchases.values())
        self._mutex = threading.Lock()
        self._listener = listen
        self._made: list[str] = []
        self._failed: dict[str, MusicbuildError] = {}
        self._closed: Busy | None = None
        self._untold: set[str] = set()
        self._halt = threading.Event()
        self._places = Places(terms.jobs)
        clock = StoppableClock(workshop.clock, stop)
        self.connections = Connections(workshop.providers, workshop.environment, clock)
        self._open = workshop.journal.payments()
        self._till = till(
            workshop,
            terms,
            self._ledger,
            self.connections,
            left_open=self._open,
            clock=clock,
            places=self._places,
            listen=self._listen,
        )
        self._finisher = Finisher(workshop.store, workshop.tree, terms.overwrite)
        self._sounds = Sounds(
            workshop.masters, self._finisher.made, self._places.give_up, self._listen
        )

    @property
    def lock(self) -> Lock:
        return self._ledger.lock

    @property
    def codes(self) -> list[int]:
        """Return what the failures so far, those of earlier orders, are in exit codes."""
        return [error.exit_code for error in self._failed.values()]

    def recover(self) -> None:
        """Settle every payment that an earlier build left open, as far as that can be done now.

        Raises Interrupted if the build was stopped meanwhile.
        """
        if self._terms.frozen:
            return
        self._open = self._till.leave(self._open)
        if not self._open:
            return
        self._listen(Recovering(tuple(payment.track for payment in self._open)))
        self._parallel([partial(self._settle, payment) for payment in self._open])
        self._save()
        if self._stop.is_set():
            raise Interrupted("the build was stopped")

    def _settle(self, payment: Payment) -> None:
        try:
            purchase = self._till.settle(payment)
        except Interrupted:
            return
        except Unavailable as error:
            self._listen(Postponed((payment.track,), error))
        except MusicbuildError as error:
            self._failed[payment.track] = error
            self._listen(TrackFailed(payment.track, error))
        else:
            cost = purchase.cost if purchase else None
            if purchase and purchase.generation not in self._had:
                self._till.allowance.hold(cost)
            self._listen(Recovered(payment.track, payment.spec, cost))

    def decide(
        self, decide: Callable[[Lock], Plan], known: tuple[Lock, Plan] | None = None
    ) -> Plan:
        """Return what is to be done, once what the team has of it is here.

        A plan that is `known` holds as long as the lock is the one that it was made from.
        """
        plan = known[1] if known and known[0] == self.lock else decide(self.lock)
        team = self._till.team
        steps = lacking(plan) if team else ()
        if not (team and steps):
            return plan
        lock, failed = self.lock, dict[str, RemoteError]()
        ensure_written(self._workshop.lock_path, lock)

        def fetch(step: Step) -> None:
            if error := supply(step, lock, team):
                failed[step.track.id] = error

        self._parallel([partial(fetch, step) for step in steps])
        for error in failed.values():
            if self._terms.frozen:
                raise error
            self._listen(Unsupplied(tuple(sorted(failed)), error))
            break
        return decide(self.lock)

    def prepare(self, plan: Plan) -> None:
        """Make sure of all before anything is paid: places, limits, keys and balances."""
        if plan.purchases:
            keys = [spec.key for step in plan.purchases for spec in step.specs]
            room = sum(growth(step.track) for step in plan.steps if isinstance(step, Generate))
            check_before_paying(self.lock, keys, room)
            check_tools(output for step in plan.purchases for output in step.track.outputs)
            check_places(plan, self._workshop, seen=not self._terms.overwrite)
        self._till.prepare(plan)

    def regain(self) -> Outcome:
        """Fetch missing audio that was bought, from the team or its provider, for nothing."""
        holds = self._workshop.store.holds
        lost = [one for one in self.lock.purchases.values() if not holds(one.audio)]
        self._listen(Missing(len(lost)))
        self._parallel([partial(self._regain, purchase) for purchase in lost])
        return self.end(())

    def _regain(self, purchase: Purchase) -> None:
        name = purchase.generation
        try:
            if not (self._till.team and self._till.team.has(purchase)):
                self._till.again(name, purchase.spec, purchase)
        except Interrupted:
            pass
        except MusicbuildError as error:
            self._fail(name, error)
        except OSError as error:
            self._fail(name, disk_failed(error))
        else:
            self._made.append(name)
            self._listen(Regained(name, purchase.bytes))

    def make(self, plan: Plan) -> Outcome:
        """Make all steps, `jobs` at once, and say how it went."""
        self._planned = self.lock
        ensure_written(self._workshop.lock_path, self.lock)
        steps = [step for step in plan.to_do if not isinstance(step, Edited)]
        twins: dict[Digest, list[Step]] = {}
        for step in steps:
            if step.track.id not in self._failed:
                twins.setdefault(step.track.generate.key, []).append(step)
        self._listen(BuildStarted(plan))
        over = spread(steps, self._workshop.providers, alone=self._till.team is None)
        self._finisher = replace(self._finisher, hands=over.deliverers)
        self._parallel([partial(self._group, group) for group in twins.values()], over.core)
        return self.end(steps)

    def end(self, steps: Iterable[Step]) -> Outcome:
        """Say how it went; whatever of the steps was not begun is left."""
        self._save()
        begun = {*self._made, *self._failed}
        left = tuple(step.track.id for step in steps if step.track.id not in begun)
        spent = self._till.allowance.spent
        self._listen(BuildFinished(spent, len(self._made), len(self._failed), len(left)))
        return Outcome(spent, tuple(self._made), dict(self._failed), left, self._closed)

    def close(self) -> None:
        """End whatever still waits, and keep what is known, also after an error."""
        self.connections.close()
        self._till.close(tidily=not self._stop.is_set())
        if self._finisher.hands:
            self._finisher.hands.close()
        self._workshop.masters.close()
        with suppress(OSError):  # what is not in the lock is in the journal
            self._ledger.save()
        self._ledger.close()

    def _save(self) -> None:
        """Write the lock; raise IntegrityError if that fails, unless it was said of a track."""
        try:
            self._ledger.save()
        except OSError as error:
            if not any(isinstance(one, IntegrityError) for one in self._failed.values()):
                raise disk_failed(error) from None

    def _parallel(self, tasks: list[partial[None]], core: Collection[int] = ()) -> None:
        in_parallel(
            tasks,
            self._terms.jobs,
            stop=self._stop,
            halt=self._halt,
            places=self._places,
            beside=self._workshop.masters.at_once,
            monotonic=self._workshop.clock.monotonic,
            core=core,
        )

    def _group(self, steps: list[Step]) -> None:
        """Make twins one after another: the first has the audio made for all."""
        all(map(self._try, steps))

    def _try(self, step: Step) -> bool:
        """Make one step; tell whether that went well, so that its twins can follow."""
        name = step.track.id
        self._listen(TrackStarted(name, step))
        try:
            self._make(step)
        except Interrupted:
            pass
        except Busy as error:
            self._closed = error  # it is left for another build, and so is all else of its kind
            self._listen(TrackLeft(name))
        except MusicbuildError as error:
            self._fail(name, error)
        except OSError as error:
            self._fail(name, disk_failed(error))
        else:
            self._made.append(name)
            self._listen(TrackFinished(name, step))
            return True
        return False

    def _fail(self, name: str, error: MusicbuildError) -> None:
        self._failed[name] = error
        self._listen(TrackFailed(name, error))
        whole = isinstance(error, Refused) and error.scope is Scope.BUILD
        if whole or not self._terms.keep_going:
            self._halt.set()

    def _make(self, step: Step) -> None:
        match step:
            case Generate(track=track):
                for wish in track.wishes:
                    if error := self._till.open.get(wish.key):
                        raise error  # its twin's order is still open, or another take's
                for spec, quote in zip(step.specs, step.quotes, strict=True):
                    self._generate(track, spec, quote)
                spec = picked(track, self.lock)
                self._finish(track, track.outputs, spec, "", draft=step.draft)
            case Master(track=track):
                self._finish(track, step.outputs, step.spec, step.source, draft=step.draft)
            case Restore(track=track):
                if damaged := self._finisher.restore(step.objects, self.lock):
                    self._remake(track, damaged)
            case Lost(track=track):
                self._till.buyer.fetch_again(step.purchase)
                spec = picked(track, self.lock)
                self._finish(track, track.outputs, spec, "", draft=False)

    def _generate(self, track: TrackSpec, spec: GenerateSpec, quote: Quote) -> None:
        if self._workshop.providers.model_of(spec).repeatable:
            self._places.give_up()  # what is composed here keeps no order waiting
            self._ledger.purchase(spec, self._till.buyer.make(track.id, spec))
        else:
            self._till.buy(track.id, spec, quote)

    def _remake(self, track: TrackSpec, paths: frozenset[str]) -> None:
        """Make outputs again that were to be put back, and whose stored copies are damaged."""
        if self._terms.frozen:
            names = ", ".join(f"`{path}`" for path in sorted(paths))
            raise IntegrityError(
                f"{names} can't be restored: no store has those bytes",
                hint="`musicbuild build` makes what it can from the audio",
            )
        locked = self.lock.tracks[track.id]
        outputs = tuple(output for output in track.outputs if output.path in paths)
        self._finish(track, outputs, picked(track, self.lock), "", draft=locked.draft)

    def _audio(self, track: TrackSpec, spec: GenerateSpec, source: str) -> bytes:
        """Return audio that was made; if it is damaged, it is had once more, for nothing."""
        audio = self._finisher.audio(spec, source, self._planned if source else self.lock)
        if audio is None:
            there = self.lock.purchases[spec.key]
            self._ledger.purchase(spec, self._till.again(track.id, spec, there))
            audio = self._finisher.audio(spec, "", self.lock)
        if audio is None:
            raise IntegrityError(
                f"the audio of `{track.id}` was stored, and can't be read back",
                hint="the disk may be failing; `musicbuild verify` says what else is damaged",
            )
        return audio

    def _finish(
        self,
        track: TrackSpec,
        outputs: tuple[Output, ...],
        spec: GenerateSpec,
        source: str,
        *,
        draft: bool,
    ) -> None:
        providers = self._workshop.providers
        adopted = self.lock.purchases[spec.key].adopted
        described = None if adopted else providers.describe(spec)
        sound = Source(
            spec,
            audio=cache(partial(self._audio, track, spec, source)),
            parts=lambda names: self.connections[spec.provider].parts(spec, names),
            described=described,
            adopted=adopted is not None,
        )
        made = self._finisher.finish(
            track,
            outputs,
            self._sounds.of(track, outputs, sound, self.lock),
            audio=sound.audio,
            lock=self.lock,
            spec=spec,
            kind=adopted.kind if adopted else providers.model_of(spec).kind,
            described=described,
            draft=draft,
        )
        self._ledger.track(track.id, partial(self._finisher.with_rest, made))
        if self._till.team and self._terms.push:
            self._places.give_up()
            self._till.team.share(track.id, [one.digest for one in made.outputs.values()])

    def _listen(self, event: Event) -> None:
        with self._mutex:
            if isinstance(event, Untold):
                if event.error.message in self._untold:
                    return  # once is enough, for as many tracks as it may be
                self._untold.add(event.error.message)
            self._listener(event)
