"""What `build`, `plan` and `check` say where nothing is to do, for the next run to say at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from .. import conclusion, reading, state
from ..conclusion import Noted
from ..console.look import Look
from ..console.plan import plan_lines
from ..console.reports import up_to_date
from ..console.summary import Tally, summary_lines
from ..document.room import BYTES
from ..document.source import decode
from ..errors import ManifestError
from ..events import BuildFinished, BuildStarted
from ..lock import FILE_NAME
from ..memory import Sight
from ..project import STATE_FOLDER, Project
from ..records import PARTS
from ..steps import Plan
from .opening import shown


def conclude(project: Project, plan: Plan, sight: Sight) -> None:
    """Write the verdict that nothing is to do, unless more was looked at than stamps can tell of.

    That are open orders, and templates that are not there and may be missing.
    """
    told = shown(project, plan)
    if told.open or project.specified.missed:
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
    with suppress(OSError, ManifestError):  # by now it is another, and so is the next answer
        noted = _noted(project, plan)
        inputs = _inputs(project)
        conclusion.conclude(project.state, sight, inputs=inputs, answers=answers, noted=noted)


def _noted(project: Project, plan: Plan) -> Noted:
    path = project.album.path
    text = decode(reading.contents(path, most=BYTES), path).text
    orphans = {orphan.name: orphan.paths for orphan in plan.orphans}
    spent, budget = project.lock.spent, project.album.budget
    return Noted(text, plan.ids, project.weight, spent, budget, orphans)


def _inputs(project: Project) -> list[str]:
    """Return what a plan is made from besides outputs, the manifest first."""
    records = [f"{STATE_FOLDER}/{part}".rstrip("/") for part in PARTS]
    there = [place for place in records if (project.root / place).is_dir()]
    return [*project.specified.files, *project.album.looked, FILE_NAME, *there]
