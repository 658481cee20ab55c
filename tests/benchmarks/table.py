"""How it is told: the goals and whether they are reached, all figures, and the same as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .figures import Figure, Figures
from .goals import Verdict
from .installed import Tools


def table(figures: Figures, verdicts: Sequence[Verdict]) -> str:
    lines = [f"{'goal':<52}{'ours':>24}  {'beside':<44}{'ratio':>7}{'by round':>9}{'limit':>9}"]
    lines += [_told(one, figures) for one in verdicts if one.goal.ours in figures]
    lines += ["", f"{'figure':<44}{'median':>10}{'min':>10}{'max':>10}  {'unit':<9}"]
    lines[-1] += f"{'CPU ms':>9}{'rounds':>8}"
    lines += map(_figure, figures.values())
    return "\n".join(lines) + "\n"


def missed(verdicts: Sequence[Verdict], slack: float) -> list[str]:
    """Return in words which goals are not reached, even if they were `slack` times as easy."""
    return [_missed(one, slack) for one in verdicts if not one.holds(slack)]


def machine(tools: Tools) -> dict[str, Any]:
    """Return where it was measured, and with what."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": list(os.getloadavg()),
        "versions": tools.versions(),
        "missing": dict(tools.missing),
    }


def told(machine: Mapping[str, Any]) -> str:
    versions = "; ".join(f"{name}: {said}" for name, said in machine["versions"].items())
    load = ", ".join(f"{one:.1f}" for one in machine["load"])
    lines = [f"{machine['system']}, {machine['cores']} x {machine['processor']}, load {load}"]
    lines += [versions]
    lines += [f"left out: {name} ({why})" for name, why in machine["missing"].items()]
    return "\n".join(lines) + "\n"


def to_json(
    figures: Figures, verdicts: Sequence[Verdict], machine: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "version": 1,
        "machine": machine,
        "figures": {name: one.to_json() for name, one in figures.items()},
        "goals": [
            {
                "what": one.goal.what,
                "ours": one.goal.ours,
                "than": one.than,
                "limit": one.limit,
                "least": one.goal.least,
                "value": one.value,
                "by_round": one.by_round,
                "reached": None if one.left_out else one.holds(),
            }
            for one in verdicts
        ],
    }


def _missed(verdict: Verdict, slack: float) -> str:
    said = f"{verdict.goal.what}: {verdict.value:.2f}, and not {_limit(verdict, slack)}"
    return f"{said} x {_beside(verdict)}" if verdict.than else said


def _told(verdict: Verdict, figures: Figures) -> str:
    ours, theirs = figures[verdict.goal.ours], figures.get(verdict.than)
    beside = f"{_beside(verdict)} {_spread(theirs)}" if theirs else _beside(verdict)
    line = f"{verdict.goal.what:<52}{_spread(ours):>24}  {beside:<44}"
    if verdict.value is None:
        return f"{line}  left out"
    each = "" if verdict.by_round is None else f"{verdict.by_round:.2f}"
    said = "reached" if verdict.holds() else "MISSED"
    ratio = f"{verdict.value:.2f}" if theirs else ""
    return f"{line}{ratio:>7}{each:>9}{_limit(verdict):>9}  {said}"


def _limit(verdict: Verdict, slack: float = 1.0) -> str:
    if verdict.goal.least:
        return f">= {verdict.limit / slack:g}"
    return f"<= {verdict.limit * slack:g}"


def _spread(figure: Figure) -> str:
    least, most = min(figure.values), max(figure.values)
    return f"{_number(figure.median)} ({_number(least)}-{_number(most)}) {figure.unit}"


def _figure(figure: Figure) -> str:
    spread = map(_number, (figure.median, min(figure.values), max(figure.values)))
    cpu = _number(statistics.median(figure.cpu)) if figure.cpu else ""
    middle = "".join(f"{one:>10}" for one in spread)
    return f"{figure.name:<44}{middle}  {figure.unit:<9}{cpu:>9}{len(figure.values):>8}"


def _beside(verdict: Verdict) -> str:
    """Return what to call the other figure: its group is said only if it is another one."""
    group, _, name = verdict.than.rpartition("/")
    return name if group == verdict.goal.ours.rpartition("/")[0] else verdict.than


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
