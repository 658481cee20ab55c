"""Runs tasks on several threads, and ends early when told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection

GRACE = 5.0
"""Seconds that a stopped build waits for answers to orders already sent."""


def in_parallel(
    tasks: Collection[Callable[[], object]],
    jobs: int,
    *,
    stop: threading.Event,
    halt: threading.Event,
    monotonic: Callable[[], float],
) -> None:
    """Run tasks, `jobs` at once, and return when all have ended.

    Once `halt` is set no further task begins; once `stop` is, those under way are waited for
    only a while.  What a task raises is raised here, after the others have ended.
    """
    waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    broken: list[BaseException] = []
    for task in tasks:
        waiting.put(task)

    def work() -> None:
        while not (stop.is_set() or halt.is_set() or broken):
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                task()
            except BaseException as error:  # noqa: BLE001  raised again below, not in a thread
                broken.append(error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(tasks)))]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers) and not stop.is_set():
        for worker in workers:
            worker.join(0.05)
    end = monotonic() + GRACE
    for worker in workers:
        worker.join(max(0.0, end - monotonic()))
    if broken:
        raise broken[0]
