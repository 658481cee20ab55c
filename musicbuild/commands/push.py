"""`musicbuild push`: bought audio and outputs from here to the team's store."""

from __future__ import annotations

import click

from ..console.terminal import Answer
from ..holdings import everything, of_tracks
from .exchanging import Manner, exchange, with_exchange
from .opening import chosen, open_chosen
from .options import with_choice, with_settings
from .said import Choice, Settings


@click.command()
@with_choice
@click.option("--create", is_flag=True, help="Make the folder a store first, if it is none.")
@click.option("--check", is_flag=True, help="Read what is there, and put right what is damaged.")
@with_exchange
@with_settings
def command(
    settings: Settings, *, choice: Choice, create: bool, check: bool, jobs: int, dry_run: bool
) -> Answer:
    """Send bought audio and outputs to the store that the manifest names.

    Sends what the lock names and the store lacks, as far as it is here.  TRACK is an id or a
    glob; without any it is all that the lock names.  Spends nothing.
    """
    project = open_chosen(settings)
    if choice.everything:
        holdings = everything(project.lock, project.tracks)
    else:
        only = chosen(project, choice)
        holdings = of_tracks(project.lock, [one for one in project.tracks if one.id in only])
    manner = Manner(push=True, jobs=jobs, check=check, dry_run=dry_run, create=create)
    return exchange(settings, project, holdings, manner)
