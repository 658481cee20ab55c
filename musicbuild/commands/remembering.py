"""What a run that looked at everything leaves for the next, which may say the same at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from .. import memory, state
from ..console.look import Look
from ..console.plan import plan_lines
from ..console.reports import up_to_date
from ..console.summary import Tally, summary_lines
from ..events import BuildFinished, BuildStarted
from ..lock import FILE_NAME
from ..memory import Sight
from ..project import STATE_FOLDER, Project
from ..records import PARTS
from ..steps import Plan
from .opening import shown


def with_state(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--no-state`, and pass as `remembered` whether it was not given."""
    return click.option(
        "--no-state",
        "remembered",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Look at everything anew, and remember nothing.",
    )(function)


def remember(project: Project, plan: Plan, sight: Sight) -> None:
    """Remember what was found on disk, and the answers of a plan of all tracks that is empty."""
    memory.keep(project.state, sight)
    told = shown(project, plan)
    if plan.to_do or told.open or project.specified.warnings:
        return
    tally = Tally()
    for event in (BuildStarted(plan), BuildFinished({}, 0, 0, 0)):
        tally.hear(event)
    lines: dict[str, Callable[[Look], Iterable[str]]] = {
        "build": lambda look: summary_lines(tally, look),
        "plan": lambda look: plan_lines(told, look),
        "check": lambda _: [up_to_date(plan)],
    }
    answers = [
        "".join(f"{line}\n" for line in lines[command](Look(color=color)))
        for command in state.COMMANDS
        for color in (False, True)
    ]
    memory.conclude(project.state, sight, inputs=_inputs(project), absent=(), answers=answers)


def _inputs(project: Project) -> list[str]:
    """Return what a plan is made from besides outputs, the manifest first."""
    records = [f"{STATE_FOLDER}/{part}".rstrip("/") for part in PARTS]
    there = [place for place in records if (project.root / place).is_dir()]
    return [*project.specified.files, FILE_NAME, *there]
