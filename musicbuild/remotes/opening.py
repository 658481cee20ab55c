"""A remote that is opened when it is first asked for something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Remote


class Opening:
    """As long as it can't be opened each call raises the RemoteError of trying.

    So whoever needs nothing from it need not be able to reach it.
    """

    def __init__(self, url: str, opens: Callable[[], Remote]) -> None:
        self.url = url
        self._opens = opens
        self._opened: Remote | None = None
        self._mutex = threading.Lock()

    def has(self, name: str) -> bool:
        return self._remote().has(name)

    def size(self, name: str) -> int | None:
        return self._remote().size(name)

    def get(self, name: str) -> bytes | None:
        return self._remote().get(name)

    def create(self, name: str, data: bytes) -> bool:
        return self._remote().create(name, data)

    def put(self, name: str, data: bytes) -> None:
        self._remote().put(name, data)

    def remove(self, name: str) -> None:
        self._remote().remove(name)

    def close(self) -> None:
        with self._mutex:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _remote(self) -> Remote:
        with self._mutex:
            if self._opened is None:
                self._opened = self._opens()
            return self._opened
