"""Simulates builds by the thousand, with a service that fails, a disk that forgets, and no power.

    python -m tests.simulate --schedules 20000 --jobs 2
    python -m tests.simulate --seed 4711 --trace
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # as a module of a package, it is not there

from simulation import schedule  # noqa: E402
from simulation.world import universe  # noqa: E402


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a folder in memory, where there is such a thing."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="simulated-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def simulate(first: int, count: int) -> dict:
    """Run the schedules of these seeds, and tell which broke a promise."""
    failed: dict[int, str] = {}
    cuts = 0
    with workplace() as home, universe():
        for seed in range(first, first + count):
            result = schedule.run(seed, home)
            cuts += result.cuts
            if result.violation:
                failed[seed] = result.violation
    return {"schedules": count, "cuts": cuts, "failed": failed}


def simulate_all(first: int, count: int, jobs: int) -> dict:
    """Do the same in several processes."""
    if jobs == 1:
        return simulate(first, count)
    shares = [(first + count * job // jobs, first + count * (job + 1) // jobs) for job in range(jobs)]
    command = [sys.executable, __file__, "--json"]
    workers = [
        subprocess.Popen(
            [*command, "--seed", str(begin), "--schedules", str(end - begin)],
            stdout=subprocess.PIPE,
        )
        for begin, end in shares
    ]
    found = {"schedules": 0, "cuts": 0, "failed": {}}
    for worker in workers:
        told, _ = worker.communicate()
        if worker.returncode not in (0, 1):
            raise RuntimeError("a worker died")
        one = json.loads(told)
        found["schedules"] += one["schedules"]
        found["cuts"] += one["cuts"]
        found["failed"].update({int(seed): why for seed, why in one["failed"].items()})
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--trace", action="store_true", help="show each step of the first schedule")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    if told.trace:
        with workplace() as home, universe():
            result = schedule.run(told.seed, home)
        print(*result.trace, result.violation or "all promises kept", sep="\n")
        return bool(result.violation)
    start = time.perf_counter()
    found = simulate_all(told.seed, told.schedules, told.jobs)
    seconds = time.perf_counter() - start
    if told.json:
        print(json.dumps(found))
        return bool(found["failed"])
    for seed, why in list(found["failed"].items())[:20]:
        print(f"seed {seed}: {why}")
    print(
        f"{found['schedules']} schedules with {found['cuts']} power cuts in {seconds:.0f} s,"
        f" {found['schedules'] / seconds:.0f} a second; {len(found['failed'])} failed"
    )
    return bool(found["failed"])


if __name__ == "__main__":
    sys.exit(main())
