"""`musicbuild git`: what git needs to know to merge a lock, each as a command of its own."""

from __future__ import annotations

import click

from ...usage import GIT
from ..group import Commands
from ..options import common


@click.group(
    cls=Commands,
    table=GIT,
    hidden=frozenset({"merge-driver"}),
    package=__package__,
    path="musicbuild git",
    invoke_without_command=True,
    no_args_is_help=False,
)
@common
@click.pass_context
def command(context: click.Context) -> None:
    """Have git merge the lock so that what several branches bought is never lost.

    Run `musicbuild git install` once in each clone.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
