"""`musicbuild pull`: bought audio and outputs from the team's store to here."""

from __future__ import annotations

import click

from ..console.terminal import Answer
from ..holdings import of_tracks
from .exchanging import Manner, exchange, with_exchange
from .opening import chosen, open_chosen
from .options import with_choice, with_settings
from .said import Choice, Settings


@click.command()
@with_choice
@click.option("--check", is_flag=True, help="Read what is here, and put right what is damaged.")
@with_exchange
@with_settings
def command(settings: Settings, *, choice: Choice, check: bool, jobs: int, dry_run: bool) -> Answer:
    """Fetch bought audio and outputs from the store that the manifest names.

    Fetches what the tracks need and is not here; a build then puts outputs in place, for
    nothing.  TRACK is an id or a glob; without any it is all tracks.  Spends nothing.
    """
    project = open_chosen(settings)
    only = chosen(project, choice)
    holdings = of_tracks(project.lock, [one for one in project.tracks if one.id in only])
    manner = Manner(push=False, jobs=jobs, check=check, dry_run=dry_run)
    return exchange(settings, project, holdings, manner)
