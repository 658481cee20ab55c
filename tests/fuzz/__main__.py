"""Throws bytes at whatever reads bytes from outside, and keeps those that break a promise.

    python -m tests.fuzz --seconds 60
    python -m tests.fuzz manifest template --runs 100000 --seed 7
    python -m tests.fuzz audio --seconds 600 --guided
    python -m tests.fuzz --replay build/fuzz/audio-0123456789ab.bin

Without `--guided` a seed goes the same way again.  With it, atheris leads by coverage; it is no
dependency of the tests: `pip install atheris`, where there is one.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as a module of a package, it is not there

from .drive import NAMES, Order, pursue, replay

FINDINGS = Path("build", "fuzz")


def main(words: list[str] | None = None) -> int:
    """Return how many targets broke a promise."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.split("\n")[0]
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--runs", type=int, help="executions for each target")
    parser.add_argument("--seconds", type=float, help="time for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris")
    parser.add_argument("--findings", type=Path, default=FINDINGS, help=f"folder; or {FINDINGS}")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one finding again")
    told = parser.parse_args(words)
    if told.replay:
        replay(told.replay)
        return 0
    for name in told.targets:
        if name not in NAMES:
            parser.error(f"there is no target `{name}`")
    if told.guided and find_spec("atheris") is None:
        parser.error("`--guided` needs atheris: `pip install atheris`")
    seconds = 60.0 if told.runs is None and told.seconds is None else told.seconds
    order = Order(told.runs, seconds, told.seed, told.guided, told.findings)
    broken = 0
    for name in told.targets or NAMES:
        outcome = pursue(name, order)
        sys.stdout.write(f"{outcome}\n")
        broken += outcome.findings > 0
    return broken


if __name__ == "__main__":
    sys.exit(main())
