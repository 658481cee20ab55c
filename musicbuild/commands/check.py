"""`musicbuild check`: whether everything is up to date, for CI; never changes anything."""

from __future__ import annotations

import click

from ..console import Answer, Look, plan_data, plan_lines, up_to_date
from .opening import open_chosen, shown, wishes
from .options import with_choice, with_settings
from .plan import out_of_date
from .said import Choice, Settings


@click.command()
@with_choice
@with_settings
def command(settings: Settings, *, choice: Choice) -> Answer:
    """Exit 0 if everything is up to date, else show the plan and exit 3.

    Needs no key and no network.  TRACK is an id or a glob; without any it is all tracks.
    """
    project = open_chosen(settings)
    plan = project.plan(wishes(project, choice))
    told = shown(project, plan)

    def lines(look: Look) -> list[str]:
        return plan_lines(told, look) if plan.to_do else [up_to_date(plan)]

    return Answer(plan_data(told), lines, project.specified.warnings, out_of_date(plan))
