"""`musicbuild prune`: takes away what nothing needs any more, after it has said what that is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

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
from .opening import open_chosen
from .options import with_settings
from .said import Settings
from .verify import subject


@click.command()
@click.option("-n", "--dry-run", is_flag=True, help="Only list what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--bought", is_flag=True, help="Bought audio too that no track uses, if a remote holds it."
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
    clock = SystemClock()
    age = MONTH if trash_days is None else timedelta(days=trash_days)
    emptied = trash or trash_days is not None
    asked = Asked(
        clock.now(),
        bought=bought,
        trash=age if emptied else None,
        held=_held() if bought or emptied else None,  # else nothing is asked of a network
    )
    project = open_chosen(settings)
    pruning = decide(subject(project), asked)
    if pruning.gone and not dry_run:
        with claim(project.state, clock, wait=wait):
            return _prune(open_chosen(settings), asked, settings.console, clock, yes=yes)
    return _answer(project, pruning)


def _held() -> Callable[[Digest], bool] | None:
    """Return how a remote is asked whether it has bytes, None where there is no remote."""
    return None


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
