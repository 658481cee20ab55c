"""`musicbuild prune`: takes away what nothing needs any more, after it has said what that is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial

import click

from ..claim import claim
from ..clock import Clock, SystemClock
from ..console.prune import prune_data, prune_lines, question
from ..console.terminal import Answer, Console
from ..discard import discard
from ..errors import PolicyError
from ..hashing import Digest
from ..litter import Pruning
from ..project import Project
from ..prune import MONTH, Asked, decide
from ..remotes import Remote, is_whole, open_remote
from .opening import open_chosen
from .options import with_settings
from .said import Settings
from .verify import subject


@click.command()
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--bought",
    is_flag=True,
    help="Bought audio too that no track uses, if the team's store has it.",
)
@click.option("--trash", is_flag=True, help="Empty the trash too of what is old.")
@click.option(
    "--trash-days",
    type=click.IntRange(0, 36500),
    metavar="N",
    help="How old that is; 30 by default.  Means `--trash`.",
)
@click.option(
    "--wait", type=click.FloatRange(0, 86400), default=0.0, help="Wait so long for a build to end."
)
@with_settings
def command(
    settings: Settings,
    *,
    dry_run: bool,
    yes: bool,
    bought: bool,
    trash: bool,
    trash_days: int | None,
    wait: float,
) -> Answer:
    """Take away what nothing needs: outputs of no track, drafts, what dead builds left over.

    What may not be made again for nothing goes to `.musicbuild/trash`.  Bought music and
    files that were changed by hand stay.  Asks first; without a terminal it needs `--yes`.
    """
    clock, project = SystemClock(), open_chosen(settings)
    age = MONTH if trash_days is None else timedelta(days=trash_days)
    emptied = trash or trash_days is not None
    with _store(project, settings.console, wanted=bought or emptied) as held:
        asked = Asked(clock.now(), bought=bought, trash=age if emptied else None, held=held)
        pruning = decide(subject(project), asked)
        if pruning.gone and not dry_run:
            with claim(project.state, clock, wait=wait):
                return _prune(open_chosen(settings), asked, settings.console, clock, yes=yes)
    return _answer(project, pruning)


@contextmanager
def _store(
    project: Project, console: Console, *, wanted: bool
) -> Iterator[Callable[[Digest], bool] | None]:
    """Give what tells whether the team's store has bytes, None if there is none, or none wanted."""
    store = project.shared if wanted else None
    if store is None:
        yield None
        return
    remote = open_remote(store.url, root=project.root, environment=console.masking(os.environ))
    try:
        yield cache(partial(_has, remote))
    finally:
        remote.close()


def _has(remote: Remote, digest: Digest) -> bool:
    """Tell whether a remote has these very bytes: they are read, for there may be no others."""
    return is_whole(remote, digest) is True


def _prune(project: Project, asked: Asked, console: Console, clock: Clock, *, yes: bool) -> Answer:
    """Decide anew, now that nobody builds, ask, and do it."""
    on = subject(project)
    pruning = decide(on, asked)
    if not yes:
        console.say([*prune_lines(pruning, console.err), ""])
        _may_go(pruning, console)
    done = discard(pruning, on, clock.now())
    return Answer(
        prune_data(pruning, done),
        lambda look: prune_lines(pruning, look, done),
        project.specified.warnings,
    )


def _may_go(pruning: Pruning, console: Console) -> None:
    """Return if a person says so; raise PolicyError if not, or if nobody can be asked."""
    if not console.interactive:
        raise PolicyError(
            "nobody is there to ask; nothing was taken away",
            hint="say `--yes`, or `--dry-run` to see what would go",
        )
    if not console.confirm(question(pruning)):
        raise PolicyError("nothing was taken away")


def _answer(project: Project, pruning: Pruning) -> Answer:
    return Answer(
        prune_data(pruning), lambda look: prune_lines(pruning, look), project.specified.warnings
    )
