"""A remote in memory: it outlives the machines that use it, and its answers may be lost."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from musicbuild.errors import RemoteError

from .turns import Time

RATE = 0.04


class Shelf:
    """Bytes by name.  `step` does a change, which the power may fail before or after."""

    url = "simulated"

    def __init__(
        self, chance: Random, time: Time, step: Callable[[str, str, Callable[[], None]], None]
    ) -> None:
        self.names: dict[str, bytes] = {}
        self.rate = RATE
        self._chance, self._time, self._step = chance, time, step

    def has(self, name: str) -> bool:
        self._answer()
        return name in self.names

    def size(self, name: str) -> int | None:
        self._answer()
        return len(self.names[name]) if name in self.names else None

    def get(self, name: str) -> bytes | None:
        self._answer()
        return self.names.get(name)

    def create(self, name: str, data: bytes) -> bool:
        self._change("create", name, lambda: self.names.setdefault(name, data))
        return self.names[name] is data

    def put(self, name: str, data: bytes) -> None:
        self._change("put", name, lambda: self.names.update({name: data}))

    def remove(self, name: str) -> None:
        self._change("remove", name, lambda: self.names.pop(name, None))

    def close(self) -> None: ...

    def _change(self, kind: str, name: str, act: Callable[[], object]) -> None:
        self._time.sleep(self._chance.uniform(0, 1))
        lost = self._chance.random() < self.rate
        if not (lost and self._chance.random() < 0.5):
            self._step(kind, name, act)
        if lost:
            raise RemoteError("its answer was lost")

    def _answer(self) -> None:
        self._time.sleep(self._chance.uniform(0, 1))
        if self._chance.random() < self.rate:
            raise RemoteError("it can't be reached")


class Readable:
    """The same for whoever looks on."""

    url = "simulated"

    def __init__(self, names: dict[str, bytes]) -> None:
        self._names = names
        self.get, self.has = names.get, names.__contains__
