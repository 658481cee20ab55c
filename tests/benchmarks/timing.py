"""How a process is timed: as a whole, by turns with the others, and told from one that failed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .figures import Figure
from .installed import quiet

ROUNDS = range(3, 16)
"""So many at least, and at most, if nothing else is said."""

_TINY = """
import posix, sys
pid = posix.posix_spawn(sys.argv[1], sys.argv[1:], posix.environ,
    file_actions=[(posix.POSIX_SPAWN_OPEN, 1, "/dev/null", posix.O_WRONLY, 0)])
_, status, usage = posix.wait4(pid, 0)
print(posix.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def _nothing(_: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Command:
    """A process to run in a folder: what it must say, and what is done around each round of it.

    `before` is given the number of the round, which differs from all others; neither it nor
    `after` is timed.
    """

    arguments: Sequence[str | Path]
    folder: Path
    says: str = ""
    before: Callable[[int], None] = _nothing
    after: Callable[[int], None] = _nothing


class Failed(Exception):
    """What was to be timed did not do what it is timed for."""


def interleave(
    group: str, commands: Mapping[str, Command], *, rounds: int | None, budget: float
) -> Iterator[Figure]:
    """Time commands by turns, so that what else the machine does falls on all alike.

    Each is first run twice without being timed, for what the system and the tool remember.  There
    are as many rounds as `budget` seconds hold, within `ROUNDS`.
    """
    began = time.perf_counter()
    for command in commands.values():
        for number in (-2, -1):
            command.before(number)
            _check(command)
            command.after(number)
    taken = (time.perf_counter() - began) / 2
    rounds = rounds or min(max(round(budget / taken), ROUNDS.start), ROUNDS.stop - 1)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            command.before(number)
            spent[name].append(_timed(command))
            command.after(number)
    for name, each in spent.items():
        walls, cpus = zip(*each, strict=True)
        yield Figure(f"{group}/{name}", "ms", walls, cpus)


def peak(command: Command) -> float:
    """Return the most memory that a command has at once, in MB of 1,000,000 bytes.

    A process inherits the peak of the one that starts it, so a tiny one starts it.
    """
    command.before(0)
    launcher = [sys.executable, "-I", "-S", "-c", _TINY, *map(str, command.arguments)]
    done = subprocess.run(
        launcher, check=True, capture_output=True, cwd=command.folder, env=quiet()
    )
    command.after(0)
    code, most = map(int, done.stdout.split())
    if code:
        raise Failed(f"{_called(command)} ended with {code}: {done.stderr.decode()}")
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def _check(command: Command) -> None:
    done = subprocess.run(
        [str(one) for one in command.arguments],
        cwd=command.folder,
        env=quiet(),
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode or command.says not in done.stdout:
        end = done.stdout[-2000:]
        raise Failed(f"{_called(command)} ended with {done.returncode}, and said:\n{end}")


def _timed(command: Command) -> tuple[float, float]:
    """Return the milliseconds from start to end, and those of work in and under the process."""
    arguments, environment = [str(one) for one in command.arguments], quiet()
    silence = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    with contextlib.chdir(command.folder):
        began = time.perf_counter()
        process = os.posix_spawn(arguments[0], arguments, environment, file_actions=silence)
        _, status, used = os.wait4(process, 0)
        wall = time.perf_counter() - began
    if code := os.waitstatus_to_exitcode(status):
        raise Failed(f"{_called(command)} ended with {code} when it was timed")
    return wall * 1e3, (used.ru_utime + used.ru_stime) * 1e3


def _called(command: Command) -> str:
    return " ".join(map(str, command.arguments))
