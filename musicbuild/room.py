"""Room for so many at once; who comes when it is full waits."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """A semaphore that waits in C, for with many who wait that of `threading` is busy itself."""

    def __init__(self, places: int) -> None:
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(places):
            self._free.put(None)

    @property
    def left(self) -> int:
        return self._free.qsize()

    def enter(self) -> None:
        self._free.get()

    def leave(self) -> None:
        self._free.put(None)

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()


class Places:
    """Room for so many tasks at once, but for those that have given up their place.

    Who waits for the network holds one, and who waits for a processor does not, so that neither
    keeps the other waiting.
    """

    def __init__(self, jobs: int) -> None:
        self._room = Room(jobs)
        self._mine = threading.local()

    @contextmanager
    def held(self) -> Iterator[None]:
        self.take()
        try:
            yield
        finally:
            self.give_up()

    def take(self) -> None:
        """Wait for a place, unless this task has one."""
        if not self._is_held:
            self._room.enter()
            self._mine.held = True

    def give_up(self) -> None:
        """Let another task begin, while this one goes on."""
        if self._is_held:
            self._mine.held = False
            self._room.leave()

    @property
    def _is_held(self) -> bool:
        return getattr(self._mine, "held", False)
