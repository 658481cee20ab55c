"""When the next order may go to a provider: one waiting room for all that a build orders there."""

from __future__ import annotations

import threading

from .clock import Clock
from .errors import Busy
from .room import Room

LONGEST = 300.0
"""Seconds that a build waits in all for a provider that is busy."""

PAUSE = 5.0
"""Seconds to wait at first where a busy provider does not say how long."""


class Pace:
    """Orders to one provider: at most `at_once` under way, none while it is known to be busy.

    An order holds one of the `places` as long as it is under way.  Whoever hears that the provider
    is busy lets all others wait as well.  Once that would take too long orders are closed: whatever
    is not ordered by then is left for another build.
    """

    def __init__(self, clock: Clock, at_once: int) -> None:
        self._clock = clock
        self.places = Room(at_once)
        self._mutex = threading.Lock()
        self._until = 0.0
        self._waited = 0.0
        self._closed: Busy | None = None

    def wait(self) -> None:
        """Return when an order may be sent; raise Busy if none will be in this build."""
        while True:
            with self._mutex:
                if self._closed is not None:
                    raise self._closed
                left = self._until - self._clock.monotonic()
            if left <= 0:
                return
            self._clock.sleep(left)

    def busy(self, error: Busy) -> float:
        """Note that the provider is busy; return the seconds to wait, or raise it for good."""
        with self._mutex:
            now = self._clock.monotonic()
            left = max(0.0, self._until - now)
            pause = error.retry_after if error.retry_after is not None else PAUSE + self._waited
            more = max(0.0, pause - left)
            if self._waited + more > LONGEST:
                self._closed = error
                raise error
            self._waited += more
            self._until = max(self._until, now + pause)
            return pause
