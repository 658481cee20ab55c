"""How a campaign is run: each target in a child of its own, whose very death is a finding.

Nothing of musicbuild is imported here, so that the child can have it instrumented.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib import import_module
from math import inf
from pathlib import Path

from .board import Board, counted
from .ground import ground
from .limits import limit_memory

NAMES = (
    *("document", "manifest", "template", "lock", "journal", "torn"),
    *("reply", "history", "audio", "tags"),
)
MOST_DEATHS = 5
FORKS = hasattr(os, "fork")


@dataclass(frozen=True, slots=True)
class Order:
    """How long, from which seed and in which way; findings go into `folder`.

    `deadly` are inputs that are left out, for they killed a child before.
    """

    runs: int | None
    seconds: float | None
    seed: int
    guided: bool
    folder: Path
    deadly: frozenset[bytes] = frozenset()

    def until(self) -> float:
        return inf if self.seconds is None else time.perf_counter() + self.seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    executions: int
    seconds: float
    findings: int

    def __str__(self) -> str:
        speed = self.executions / max(self.seconds, 0.001)
        return (
            f"{self.name}: {self.executions:,} executions, {speed:,.0f} a second,"
            f" {self.findings} findings"
        )


def pursue(name: str, order: Order) -> Outcome:
    """Run one target as ordered, in children; one that dies is followed by another."""
    ground()
    order.folder.mkdir(parents=True, exist_ok=True)
    board, start, until = Board(), time.perf_counter(), order.until()
    for _ in range(MOST_DEATHS):
        how = in_child(partial(_run, name, order, board, until))
        if not how:
            break
        save(order.folder, board, name, board.last, f"{name}: the process dies with {how}")
        order = replace(order, seed=order.seed + 1, deadly=order.deadly | {board.last})
    return Outcome(name, board.executions, time.perf_counter() - start, board.findings)


def in_child(work: Callable[[], object]) -> int:
    """Run something in a child, and return how it ended; in this process if there is no fork."""
    if not FORKS:
        work()
        return 0
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - it is told, and ends here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(name: str, order: Order, board: Board, until: float) -> None:
    if order.guided:
        import_module(".guided", __package__).run(name, order, board, until)
        return
    campaign = import_module(".campaign", __package__)
    target = campaign.TARGETS[name]
    given = (data for data in campaign.inputs(target, order.seed) if data not in order.deadly)
    given = counted(given, board, runs=order.runs, until=until)
    if FORKS:
        limit_memory()
    for found in campaign.hunt(target, given):
        save(order.folder, board, name, found.data, str(found))


def save(folder: Path, board: Board, name: str, data: bytes, why: str) -> None:
    """Keep a finding as a file that `--replay` takes, and say so."""
    board.find()
    path = folder / f"{name}-{sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    sys.stdout.write(f"{why}\n  {len(data)} bytes: --replay {path}\n")
    sys.stdout.flush()


def replay(path: Path) -> None:
    """Run a saved finding by the target that its name tells; raise as it does."""
    campaign = import_module(".campaign", __package__)
    campaign.TARGETS[path.name.partition("-")[0]].run(path.read_bytes())
