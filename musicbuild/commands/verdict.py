"""What `build`, `plan` and `check` say where nothing is to do, for the next run to say at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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


def conclude(project: Project, plan: Plan, sight: Sight) -> None:
    """Write the verdict that nothing is to do, unless an order is open."""
    told = shown(project, plan)
    if told.open:
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
