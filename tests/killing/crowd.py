"""Eight builds of one project at once, some of them killed: never two where it is paid.

Each child writes into one log when it enters the part of a build that holds the claim, and when it
leaves.  Whoever enters looks for another that entered, has not left, and lives.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from musicbuild import build as engine

from . import nursery, oracle
from .cycle import (
    BUILD,
    WISHES,
    Result,
    begin,
    build,
    check_at_rest,
    environment,
    whole,
    workplace,
)
from .nursery import Server, Stuck
from .oracle import Violation

BUILDS = 8
WORDS = (*BUILD, "--wait", "60")

EXITING = 0x4
"""The flag of a task that is dying, and may have let go of its files. Source: linux/sched.h."""


def run(name: str, seed: int, bug: Callable[[], None] = whole) -> Result:
    """Run one round: eight builds at once, of which two to five are killed."""
    chance, struck = Random(seed), 0
    with workplace() as home:
        try:
            with nursery.server(home) as server:
                project = begin(home)
                struck = _crowd(project, server, chance, bug)
                build(project, server)  # all may have been killed
                oracle.check_end(project, server.ledger, WISHES)
                check_at_rest(project, server)
        except (Violation, Stuck) as error:
            said = "".join(f"\n{path.name}: {path.read_text()}" for path in home.glob("*.out"))
            return Result(name, (), (True,) * struck, f"{error}{said}")
    return Result(name, (), (True,) * struck)


def _crowd(project: Path, server: Server, chance: Random, bug: Callable[[], None]) -> int:
    """Start the builds, kill some, wait for the others; return how many were killed."""
    home = project.parent
    log = home / "section"

    def first() -> None:
        bug()
        _guard(log, server)

    work = nursery.program(project, environment(project, server), WORDS, first)
    running = {nursery.fork(work, home / f"crowd-{number}.out"): number for number in range(BUILDS)}
    ends: dict[int, int] = {}
    due = [time.monotonic() + chance.uniform(0.0, 0.2)] + [0.0] * chance.randint(1, 4)
    end_by = time.monotonic() + nursery.LONGEST
    try:
        while len(ends) < len(running):
            _check_log(log)
            oracle.check_claims(project, server.ledger)
            ends |= _reap(child for child in running if child not in ends)
            alive = [child for child in running if child not in ends]
            if alive and due and time.monotonic() >= due[0]:
                os.kill(_victim(log, alive, chance), signal.SIGKILL)
                due[:2] = [time.monotonic() + chance.uniform(0.0, 0.2)] * len(due[1:2])
            if time.monotonic() > end_by:
                raise Stuck("eight builds do not end")
            time.sleep(nursery.GLANCE)
    finally:
        for child in running:
            if child not in ends:
                nursery.end(child)
    _check_log(log)
    for child, number in running.items():
        said = (home / f"crowd-{number}.out").read_text("utf-8")
        oracle.check_said(said, ends[child], {0, -signal.SIGKILL})
    return sum(code < 0 for code in ends.values())


def _reap(children: Iterator[int]) -> dict[int, int]:
    found = {child: nursery.ended(child) for child in children}
    return {child: code for child, code in found.items() if code is not None}


def _victim(log: Path, alive: list[int], chance: Random) -> int:
    """Choose whom to kill: mostly the one that builds, and not one that waits."""
    inside = [child for child in _inside(log) if child in alive]
    return chance.choice(inside if inside and chance.random() < 0.8 else alive)


def _guard(log: Path, server: Server) -> None:
    """Have a child tell when it holds the claim, and when no longer."""
    inner: Callable[..., Any] = engine.claim

    @contextmanager
    def guarded(*words: Any, **more: Any) -> Iterator[None]:
        with inner(*words, **more):
            _tell(log, "enter", os.getpid())
            for other in _inside(log):
                if other != os.getpid() and _lives(other):
                    _tell(log, "clash", other)
            server.be_quiet()  # the build before may have died with an order on its way
            try:
                yield
            finally:
                _tell(log, "leave", os.getpid())

    engine.claim = guarded


def _tell(log: Path, what: str, child: int) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{what} {child}\n".encode())
    finally:
        os.close(handle)


def _inside(log: Path) -> list[int]:
    """Return who entered and never left, alive or not."""
    inside: list[int] = []
    for line in log.read_text("utf-8").splitlines() if log.exists() else ():
        what, child = line.split()
        if what == "enter":
            inside.append(int(child))
        elif what == "leave":
            inside.remove(int(child))
    return inside


def _lives(child: int) -> bool:
    """Tell whether any thread of a process still runs; a zombie's does not."""
    try:
        tasks = [path.read_text("utf-8") for path in Path(f"/proc/{child}/task").glob("*/stat")]
    except OSError:
        return False
    fields = [task.rpartition(")")[2].split() for task in tasks]
    return any(
        state not in "ZX" and not int(flags) & EXITING for state, *_, flags in _short(fields)
    )


def _short(fields: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Give each task's state and flags. Source: proc(5), fields 3 and 9."""
    for one in fields:
        yield one[0], one[6]


def _check_log(log: Path) -> None:
    told = log.read_text("utf-8") if log.exists() else ""
    if "clash" in told:
        raise Violation(f"two builds were where it is paid:\n{told}")
