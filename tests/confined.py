"""A call in a process of its own, which the system ends if it would never end by itself."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from effort import at_most

resource = pytest.importorskip("resource")

SECONDS = 120
"""Processor time: far more than any case takes on any machine, and less than for ever."""


def confined(call: Callable[[], Any], calls: int | None = 2_000_000, memory: int = 64) -> Any:
    """Return what a call returns, or its error as text.

    It may take so many MiB, and make so many calls, as `effort` counts them; None, where
    counting would take longer than the calls do.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "wb") as answer:
            answer.write(pickle.dumps(_held_to(calls, memory, call)))
            answer.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "it did not end by itself"
    return pickle.loads(told)


def _held_to(calls: int | None, memory: int, call: Callable[[], Any]) -> Any:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if (pages := Path("/proc/self/statm")).exists():
        taken = int(pages.read_text().split()[0]) * resource.getpagesize()
        most = taken + memory * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    try:
        with at_most(calls) if calls else nullcontext():
            return call()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is to see it
        return f"{type(error).__name__}: {error}"
