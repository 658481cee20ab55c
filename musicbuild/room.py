"""Room for so many at once; who comes when it is full waits."""

from __future__ import annotations

import queue


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
