"""Measures ours beside other tools, and says which goals are reached; see docs/performance.md.

The exit code is 1 if a goal is missed.  With --small, only being worse than twice a goal counts:
that form says within a minute whether a change made something much slower.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from . import inside, processes
from .figures import Figure
from .goals import SLOPPY, Verdict, goals, judge
from .ground import Ground
from .installed import Tools, install
from .scale import FULL, SMALL, Scale
from .table import machine, missed, table, to_json, told
from .timing import Failed

GROUPS: dict[str, Callable[[Ground, Tools, Scale], Iterator[Figure]]] = {
    "start": processes.starts,
    "no-op": processes.no_ops,
    "re-plan": processes.re_plans,
    "memory": processes.memory,
    "orders": inside.orders,
    "transfers": inside.transfers,
    "lock": inside.locks,
    "mastering": inside.mastering,
    "sketch": inside.sketches,
}


def main() -> int:
    options = _options()
    scale = replace(SMALL if options.small else FULL, rounds=options.rounds)
    with tempfile.TemporaryDirectory(prefix="musicbuild-benchmarks-") as folder:
        sys.stderr.write("installing\n")
        tools = install(Path(folder))
        where = machine(tools)
        sys.stdout.write(told(where) + "\n")
        figures = measure(Path(folder), tools, scale, options.only or GROUPS)
    verdicts = [judge(goal, figures) for goal in goals(scale)]
    sys.stdout.write(table(figures, verdicts))
    if options.json:
        found = to_json(figures, verdicts, where)
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return _verdict(verdicts, SLOPPY if options.small else 1.0)


def measure(folder: Path, tools: Tools, scale: Scale, groups: Collection[str]) -> dict[str, Figure]:
    """Measure these groups in a folder, and return all figures by name."""
    ground, figures = Ground(folder, tools), {}
    for name in groups:
        for figure in GROUPS[name](ground, tools, scale):
            sys.stderr.write(f"{figure.name}: {figure.median:.4g} {figure.unit}\n")
            figures[figure.name] = figure
    return figures


def _verdict(verdicts: list[Verdict], slack: float) -> int:
    failed = missed(verdicts, slack)
    sys.stdout.write("".join(f"\nmissed: {one}" for one in failed) + "\n" * bool(failed))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--small", action="store_true", help="100 and 1,000 tracks, few rounds")
    parser.add_argument("--rounds", type=int, metavar="N", help="for each whole process")
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="NAME", help=", ".join(GROUPS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"error: {error}")
