"""Simulates builds by the thousand, with a service that fails, a disk that forgets, and no power.

    python -m tests.simulate --schedules 20000 --jobs 2
    python -m tests.simulate --seed 4711 --trace
    python -m tests.simulate --singles
    python -m tests.simulate --pairs --jobs 2

A seed that fails fails again, in the same way, wherever it runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as a module of a package, it is not there

from simulation import kills, schedule
from simulation.world import universe


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a place for a simulated disk; nothing is ever put there."""
    yield Path(os.sep, "nowhere")


def simulate(first: int, count: int, *, team: bool = False) -> dict:
    """Run the schedules of these seeds, and tell which broke a promise, by seed."""
    failed: dict[str, str] = {}
    cuts = 0
    with workplace() as home, universe():
        for seed in range(first, first + count):
            result = schedule.run(seed, home, team=team)
            cuts += result.cuts
            if result.violation:
                failed[str(seed)] = result.violation
    return {"schedules": count, "cuts": cuts, "failed": failed}


def kill(share: int, shares: int, *, pairs: bool) -> dict:
    """Cut the power at every step of one build, or at every two of them."""
    found = {"schedules": 0, "cuts": 0, "failed": {}}
    with workplace() as home, universe():
        for name, cuts, violation in kills.kill(home, share, shares, pairs=pairs):
            found["schedules"] += 1
            found["cuts"] += cuts
            if violation:
                found["failed"][name] = violation
    return found


def in_processes(shares: list[list[str]]) -> dict:
    """Have each share done by a process of its own, and add up what they found."""
    command = [sys.executable, __file__, "--json"]
    workers = [subprocess.Popen([*command, *share], stdout=subprocess.PIPE) for share in shares]
    found = {"schedules": 0, "cuts": 0, "failed": {}}
    for told, worker in [(worker.communicate()[0], worker) for worker in workers]:
        if worker.returncode not in (0, 1):
            raise RuntimeError("a process of the simulation died")
        one = json.loads(told)
        found["schedules"] += one["schedules"]
        found["cuts"] += one["cuts"]
        found["failed"] |= one["failed"]
    return found


def simulate_all(first: int, count: int, jobs: int, *, team: bool = False) -> dict:
    """Run the schedules of these seeds, in several processes."""
    bounds = [first + count * job // jobs for job in range(jobs + 1)]
    return in_processes(
        [
            [*(["--team"] * team), "--seed", str(begin), "--schedules", str(end - begin)]
            for begin, end in itertools.pairwise(bounds)
        ]
    )


def kill_all(jobs: int, *, pairs: bool) -> dict:
    """Cut the power at every step, or at every two, in several processes."""
    what = "--pairs" if pairs else "--singles"
    return in_processes([[what, "--share", f"{job}/{jobs}"] for job in range(jobs)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--team", action="store_true", help="with a store, on machines that die with their disks"
    )
    parser.add_argument("--trace", action="store_true", help="show each step of the first schedule")
    parser.add_argument("--singles", action="store_true", help="a cut at every step of a build")
    parser.add_argument("--pairs", action="store_true", help="a cut at every two steps")
    parser.add_argument("--share", default="0/1", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.trace:
        with workplace() as home, universe():
            result = schedule.run(told.seed, home, team=told.team)
        _say(*result.trace, result.violation or "all promises were kept")
        return bool(result.violation)
    start = time.perf_counter()
    found = _found(told)
    seconds = time.perf_counter() - start
    if told.json:
        _say(json.dumps(found))
        return bool(found["failed"])
    for seed, why in list(found["failed"].items())[:20]:
        _say(f"{seed}: {why}")
    _say(
        f"{found['schedules']} schedules with {found['cuts']} power cuts in {seconds:.0f} s,"
        f" {found['schedules'] / seconds:.0f} a second; {len(found['failed'])} failed"
    )
    return bool(found["failed"])


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _found(told: argparse.Namespace) -> dict:
    kills_asked = told.singles or told.pairs
    if told.jobs > 1:
        if kills_asked:
            return kill_all(told.jobs, pairs=told.pairs)
        return simulate_all(told.seed, told.schedules, told.jobs, team=told.team)
    if kills_asked:
        share, shares = map(int, told.share.split("/"))
        return kill(share, shares, pairs=told.pairs)
    return simulate(told.seed, told.schedules, team=told.team)


if __name__ == "__main__":
    sys.exit(main())
