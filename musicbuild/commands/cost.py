"""`musicbuild cost`: what was spent, on what, and what a build would add."""

from __future__ import annotations

import click

from ..console.json import payment_data
from ..console.ledger import cost_data, cost_lines, ledger
from ..console.plan import open_lines
from ..console.terminal import Answer
from .opening import open_chosen
from .options import with_settings
from .said import Settings


@click.command()
@with_settings
def command(settings: Settings) -> Answer:
    """Show what was spent by model, track and month, and what a build would add.

    The lock is the ledger: what was bought stays in it, whether a track still uses it or not.
    """
    project = open_chosen(settings)
    plan = project.plan()
    found = ledger(
        project.lock,
        project.tracks,
        to_pay=plan.price,
        unknown=len(plan.unknown),
        budget=project.album.budget,
    )
    payments = project.journal.payments()
    return Answer(
        {**cost_data(found), "open": [payment_data(payment) for payment in payments]},
        lambda look: [*cost_lines(found, look), *open_lines(payments)],
        project.specified.warnings,
    )
