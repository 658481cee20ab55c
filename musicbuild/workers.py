"""Runs tasks on several threads, and ends early when told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection

from .cores import stay_on
from .room import Places

GRACE = 5.0
"""Seconds that a stopped build waits for answers to orders already sent."""


def in_parallel(
    tasks: Collection[Callable[[], object]],
    jobs: int,
    *,
    stop: threading.Event,
    halt: threading.Event,
    monotonic: Callable[[], float],
    places: Places | None = None,
    beside: int | None = None,
    core: Collection[int] = (),
) -> None:
    """Run tasks, `jobs` at once, and return when all have ended.

    So many `beside` them may have given up their place; if that isn't said, as many again, unless
    there is one job alone: then one task comes after another.  All stay on a `core`, if it is named
    (`cores`).  Once `halt` is set no further task begins; once `stop` is, those under way are
    waited for only a while.  What a task raises is raised here, after the others have ended.
    """
    held = (places or Places(jobs)).held
    waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    broken: list[BaseException] = []
    for task in tasks:
        waiting.put(task)

    def work() -> None:
        stay_on(core)
        while True:
            with held():
                if stop.is_set() or halt.is_set() or broken:
                    return
                try:
                    task = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    task()
                except BaseException as error:  # noqa: BLE001  raised again below
                    broken.append(error)

    if beside is None:
        beside = jobs if jobs > 1 else 0
    most = min(jobs + beside, len(tasks))
    workers = [threading.Thread(target=work, daemon=True) for _ in range(most)]
    for worker in workers:
        worker.start()
    for worker in workers:
        while worker.is_alive() and not stop.is_set():
            worker.join(0.05)
    end = monotonic() + GRACE
    for worker in workers:
        worker.join(max(0.0, end - monotonic()))
    if broken:
        raise broken[0]
