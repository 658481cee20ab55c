"""`musicbuild plan`: what a build would do, why, and for how much."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

import click

from ..clock import SystemClock
from ..console.json import plan_data
from ..console.markdown import plan_markdown
from ..console.plan import plan_lines
from ..console.terminal import Answer
from ..cost import plain
from ..errors import OutOfDate
from ..project import Project
from ..steps import Edited, Plan
from .glance import glance
from .opening import open_chosen, shown, wishes
from .options import with_choice, with_settings
from .remembering import remember, with_state
from .said import Choice, Settings


@click.command()
@with_choice
@click.option("--check", is_flag=True, help="Exit 3 if there is anything to do.")
@click.option("--draft", is_flag=True, help="As `build --draft`: sketch what is not bought.")
@click.option("--online", is_flag=True, help="Ask the providers what is left of the balance.")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text")
@with_state
@with_settings
def command(
    settings: Settings,
    *,
    choice: Choice,
    check: bool,
    draft: bool,
    online: bool,
    form: str,
    remembered: bool,
) -> Answer:
    """Show what a build would do, why, and for how much.

    Needs no key and no network.  TRACK is an id or a glob; without any it is all tracks.
    """
    quick = remembered and form == "text" and not (draft or online)
    if quick and (edited := glance(settings, choice)):
        error = out_of_date(edited.plan) if check else None
        return Answer({}, partial(plan_lines, edited), (), error)
    project = open_chosen(settings)
    sight = project.sight(remembered=remembered)
    plan = project.plan(wishes(project, choice, draft=draft), sight=sight)
    if remembered and choice.everything and not draft:
        remember(project, plan, sight)
    environment = settings.console.masking(os.environ)
    told = shown(project, plan, balances(project, plan, environment) if online else ())
    return Answer(
        plan_data(told) if settings.console.manner.json else {},
        lambda look: plan_markdown(told) if form == "markdown" else plan_lines(told, look),
        project.specified.warnings,
        out_of_date(plan) if check else None,
    )


def balances(
    project: Project, plan: Plan, environment: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Ask every provider that would be paid what is left; a call that costs nothing."""
    names = sorted({spec.provider for step in plan.purchases for spec in step.specs})
    found = []
    for name in names:
        connection = project.providers[name].connect(environment, SystemClock())
        try:
            left = connection.balance()
        finally:
            connection.close()
        if left is not None:
            found.append((name, f"{plain(left.amount)} {left.unit}"))
    return tuple(found)


def out_of_date(plan: Plan) -> OutOfDate | None:
    """Return the error that says how many tracks a build would touch, or nothing."""
    if not plan.to_do:
        return None
    one = len(plan.to_do) == 1
    tracks, them = ("1 track is", "it") if one else (f"{len(plan.to_do)} tracks are", "them")
    if all(isinstance(step, Edited) for step in plan.to_do):
        hint = f"`musicbuild build` keeps {them} so; `--overwrite` replaces {them}"
        return OutOfDate(f"{tracks} not as musicbuild made {them}", hint=hint)
    return OutOfDate(f"{tracks} out of date", hint=f"`musicbuild build` makes {them}")
