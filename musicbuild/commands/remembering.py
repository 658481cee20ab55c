"""What a run that looked at everything leaves for the next one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from .. import memory
from ..memory import Sight
from ..project import Project
from ..steps import Plan


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
    """Remember what was found on disk, and what a plan of all tracks says that is empty."""
    memory.keep(project.state, sight)
    if not (plan.to_do or project.specified.warnings):
        verdict = import_module(".verdict", __package__)  # it knows the words of three commands
        verdict.conclude(project, plan, sight)
