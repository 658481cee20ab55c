"""Kills real builds, at points and at moments, and looks whether the next one puts all right.

    python -m tests.kill --kills 200 --jobs 2
    python -m tests.kill --seed 17
    python -m tests.kill --point post.sent
    python -m tests.kill --points
    python -m tests.kill --rounds 20
    python -m tests.kill --errors

Builds are processes of their own, with real sockets to a gateway in another process, and are
ended by SIGKILL.  A round is eight builds of one project at once.  With `--errors` nothing is
killed: one system call of each build fails, as strace has it.

A case is run again by its name.  A point strikes where it struck before, but how far other
threads have come by then is not foretold.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # as a module of a package, it is not there
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # who forks has one thread

from killing.worker import POSSIBLE, Worker, serve


@dataclass(slots=True)
class Tally:
    """What came of all cases so far."""

    cases: int = 0
    kills: int = 0
    failed: list[Mapping[str, Any]] = field(default_factory=list)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def add(self, result: Mapping[str, Any]) -> None:
        with self.mutex:
            self.cases += 1
            self.kills += sum(result["struck"])
            if result["violation"]:
                self.failed.append(result)


def run_all(cases: Iterator[str], jobs: int, enough: Callable[[Tally], bool]) -> Tally:
    """Run cases in some processes until there are no more, or it is enough."""
    tally = Tally()

    def work() -> None:
        with Worker() as worker:
            while True:
                with tally.mutex:
                    case = None if enough(tally) else next(cases, None)
                if case is None:
                    return
                tally.add(worker.ask(case))

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def _asked(told: argparse.Namespace) -> tuple[Iterator[str], Callable[[Tally], bool]]:
    if told.point or told.points:
        from killing.points import POINTS

        names = [told.point] if told.point else POINTS
        return iter([f"point {name}" for name in names]), lambda _: False
    if told.error or told.errors:
        with Worker() as worker:
            names = [told.error] if told.error else worker.ask("calls")["calls"]
        return iter([f"error {name}" for name in names]), lambda _: False
    first = told.seed or 0
    if told.rounds:
        return iter([f"round {first + at}" for at in range(told.rounds)]), lambda _: False
    if told.kills:
        return (
            (f"seed {seed}" for seed in itertools.count(first)),
            lambda tally: tally.kills >= told.kills,
        )
    return iter([f"seed {first}"]), lambda _: False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, help="seeds until so many kills have struck")
    parser.add_argument("--seed", type=int, help="the first one; without `--kills` the only one")
    parser.add_argument("--point", help="one named point")
    parser.add_argument("--points", action="store_true", help="all named points")
    parser.add_argument("--rounds", type=int, help="so many times eight builds at once")
    parser.add_argument("--errors", action="store_true", help="each call of a build that may fail")
    parser.add_argument("--error", metavar="'CALL NTH PATH'", help="one of them")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if not POSSIBLE:
        parser.error("this needs Linux: it forks, and asks the system which processes live")
    if told.serve:
        serve()
        return 0
    start = time.perf_counter()
    cases, enough = _asked(told)
    tally = run_all(cases, told.jobs, enough)
    seconds = time.perf_counter() - start
    for one in tally.failed[:20]:
        what, _, which = one["name"].partition(" ")
        again = f"--rounds 1 --seed {which}" if what == "round" else f"--{what} '{which}'"
        _say(f"{one['name']} ({', '.join(one['kills'])}): {one['violation']}")
        _say(f"again: python -m tests.kill {again}", "")
    _say(
        f"{tally.cases} cases with {tally.kills} kills or errors in {seconds:.0f} s,"
        f" {tally.kills / seconds:.1f} a second; {len(tally.failed)} failed"
    )
    return bool(tally.failed)


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
