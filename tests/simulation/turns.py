"""Time that passes only by waiting, and threads of which one runs at a time.

Who runs next is whoever waits for the earliest moment; among equals chance decides.  So a build
with several jobs takes the same way for the same seed, and every other seed another way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import ClassVar

from musicbuild.errors import Interrupted
from musicbuild.room import Places

START = datetime(2026, 11, 23, 2, 11, 34, tzinfo=UTC)


def _shut() -> threading.Lock:
    """Return a gate that whoever comes waits at until another opens it, once for each time."""
    gate = threading.Lock()
    gate.acquire()
    return gate


class Thread:
    """A thread that does one piece of work after another: to start one takes long."""

    idle: ClassVar[list[Thread]] = []

    def __init__(self) -> None:
        self.gate, self.work = _shut(), lambda: None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            self.gate.acquire()
            self.work()


@dataclass(slots=True, eq=False)
class Worker:
    until: float
    thread: Thread = field(default_factory=lambda: Thread.idle.pop() if Thread.idle else Thread())

    def go_on(self) -> None:
        self.thread.gate.release()

    def wait(self) -> None:
        self.thread.gate.acquire()


class Time:
    """The clock of a simulation, which is its scheduler too; `check` raises if the power is off."""

    def __init__(self, chance: Random, check: Callable[[], None]) -> None:
        self.passed = 0.0
        self._chance, self._check = chance, check
        self._workers: list[Worker] = []
        self._running: Worker | None = None
        self._done = _shut()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self._check()
        me = self._running
        if me is None:
            self.passed += seconds
            return
        me.until = self.passed + seconds
        if (following := self._next()) is not me:
            following.go_on()
            me.wait()
        self._check()

    def in_parallel(
        self,
        tasks: Collection[Callable[[], object]],
        jobs: int,
        *,
        stop: threading.Event,
        halt: threading.Event,
        monotonic: Callable[[], float],
        places: Places,
        beside: int | None = None,
        core: Collection[int] = (),
    ) -> None:
        """Do what `musicbuild.workers.in_parallel` does; as many are at it as there are places."""
        del monotonic, beside, core
        waiting = deque(tasks)
        broken: list[BaseException] = []

        def work() -> None:
            while waiting and not (stop.is_set() or halt.is_set() or broken):
                with places.held():
                    try:
                        waiting.popleft()()
                    except BaseException as error:  # noqa: BLE001  raised again below
                        broken.append(error)

        if min(jobs, len(tasks)) > 1:
            self._run(work, min(jobs, len(tasks)))
        else:
            work()
        if broken:
            raise broken[0]

    def _run(self, work: Callable[[], None], count: int) -> None:
        def begin(me: Worker) -> Callable[[], None]:
            def run() -> None:
                work()
                self._workers.remove(me)
                Thread.idle.append(me.thread)
                self._next_or_end()

            return run

        self._workers = [Worker(self.passed) for _ in range(count)]
        for one in self._workers:
            one.thread.work = begin(one)
        self._next_or_end()
        self._done.acquire()

    def _next_or_end(self) -> None:
        if self._workers:
            self._next().go_on()
        else:
            self._running = None
            self._done.release()

    def _next(self) -> Worker:
        self.passed = max(self.passed, min(one.until for one in self._workers))
        ready = [one for one in self._workers if one.until <= self.passed]
        self._running = self._chance.choice(ready) if len(ready) > 1 else ready[0]
        return self._running


class Stoppable:
    """What `musicbuild.clock.StoppableClock` is, without counting tenths of seconds."""

    def __init__(self, clock: Time, stop: threading.Event) -> None:
        self.now, self.monotonic = clock.now, clock.monotonic
        self._clock, self._stop = clock, stop

    def sleep(self, seconds: float) -> None:
        for wait in (seconds, None):
            if self._stop.is_set():
                raise Interrupted("the build was stopped")
            if wait is not None:
                self._clock.sleep(wait)
