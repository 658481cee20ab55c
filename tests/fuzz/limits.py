"""How much one run may use: five seconds of the processor, and half a gigabyte beyond the start.

Where the system has no such limits (Windows) there are none.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import resource
except ImportError:
    resource = None

SECONDS = 5.0
MEMORY = 512 << 20


class TooLong(BaseException):
    """A run used up its time; none of the code under test catches this."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raise TooLong in what runs longer, in time of the processor; for the main thread alone."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise TooLong(f"it takes more than {seconds:g} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def limit_memory(beyond: int = MEMORY) -> None:
    """Let this process, for the rest of its life, take only so much more than it has."""
    used = Path("/proc/self/statm")
    if resource is not None and used.exists():
        most = int(used.read_text().split()[0]) * resource.getpagesize() + beyond
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
