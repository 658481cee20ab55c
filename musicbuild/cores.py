"""Which cores this process may use, and when its threads do better on one of them.

Threads share one interpreter.  On several cores each call to the system lets another one take it
and has to wait until it gets it back, and that takes longer than what they do between their waits:
1,000 orders of a service cost 4.5 seconds of two cores, and 2.6 of one.  So threads that do little
but wait stay on one core, and leave the others to the processes beside this one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

CAN_CHOOSE = hasattr(os, "sched_setaffinity")
"""Whether the system has such a call: Linux does, macOS and Windows do not."""

_FIELD = 36
"""Where a thread's core stands after its name.  Source: proc_pid_stat(5), field 39."""


def usable() -> frozenset[int]:
    """Return the cores that this process may use, whichever of them this thread stays on."""
    if CAN_CHOOSE:
        return frozenset(os.sched_getaffinity(os.getpid()))
    return frozenset(range(os.cpu_count() or 1))


def shared() -> frozenset[int]:
    """Return the one core that threads sharing an interpreter are to stay on: where this one is.

    None at all if that is not known, or there is nothing to gain by it.
    """
    found: set[int] = set()
    if CAN_CHOOSE and getattr(sys, "_is_gil_enabled", lambda: True)():
        with suppress(OSError, ValueError, IndexError):
            told = Path("/proc/thread-self/stat").read_text("ascii", "replace")
            found = {int(told.rpartition(")")[2].split()[_FIELD])} & usable()
    return frozenset(found)


def stay_on(cores: Collection[int]) -> None:
    """Keep this thread on these cores, and what it starts; on any if none are named."""
    if CAN_CHOOSE and cores:
        with suppress(OSError):  # they were taken from us meanwhile
            os.sched_setaffinity(0, cores)
