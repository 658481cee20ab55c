"""Time, handed to whatever needs it, so that a test can hand in another."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

from .errors import Interrupted


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the wall time, aware and in UTC: for records, never for waits."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an unnamed start; it never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a build's clock raises Interrupted when the build is to stop."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class StoppableClock:
    """A clock whose waits end, by Interrupted, soon after `stop` is set."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self.now, self.monotonic = clock.now, clock.monotonic
        self._sleep, self._stop = clock.sleep, stop

    def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while not self._stop.is_set():
            left = end - self.monotonic()
            if left <= 0:
                return
            self._sleep(min(left, 0.1))
        raise Interrupted("the build was stopped")


def stamp(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def moment(text: str) -> datetime:
    """Read ISO 8601; raise ValueError if it is not, or names no zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return found.astimezone(UTC)
