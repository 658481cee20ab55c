"""`musicbuild recover`: orders that were sent and are not in the lock, and what becomes of them."""

from __future__ import annotations

import click

from .. import build as engine
from ..console.json import payment_data, purchase_data
from ..console.plan import lost_table, open_table
from ..console.telling import listening
from ..console.terminal import Answer, Console
from ..errors import PolicyError, UsageError, suggestion
from ..journal import Journal
from ..lock import Lock
from ..payment import Payment
from ..project import Project
from ..registry import Registry
from ..remotes import Remote
from .build import Signals, workshop
from .consent import pushes
from .opening import open_chosen
from .options import track_names, with_settings
from .said import Settings


@click.command()
@click.argument("tracks", metavar="[TRACK]...", nargs=-1, shell_complete=track_names)
@click.option("-n", "--dry-run", is_flag=True, help="Only list them; needs no key.")
@click.option("--adopt", metavar="ID", help="It is this generation of the provider's.")
@click.option("--abandon", is_flag=True, help="Give up an order that no track wants any more.")
@click.option(
    "--pay-again", is_flag=True, help="Give up an order; the next build sends another, and pays."
)
@click.option(
    "--missing",
    is_flag=True,
    help="Fetch bought audio again that is not here any more, by its digest.",
)
@with_settings
def command(
    settings: Settings,
    *,
    tracks: tuple[str, ...],
    dry_run: bool,
    missing: bool,
    adopt: str | None,
    abandon: bool,
    pay_again: bool,
) -> Answer | int:
    """Look after orders that an earlier build left open; a build does that first as well.

    Without options: looks for lost answers in the provider's history, and fetches what is
    there, for nothing.  TRACK is whose order is meant; without any it is all of them.
    """
    if (adopt is not None) + abandon + pay_again > 1:
        raise UsageError("`--adopt`, `--abandon` and `--pay-again` exclude each other")
    if missing and (adopt is not None or abandon or pay_again or tracks):
        raise UsageError("`--missing` is for all that was bought, and stands alone")
    project = open_chosen(settings)
    if missing:
        return _regain(project, settings.console, dry_run=dry_run)
    payments = _chosen(project.journal.payments(), tracks)
    if dry_run or not payments:
        return Answer(
            {"open": [payment_data(payment) for payment in payments]},
            lambda look: open_table(payments, look),
        )

    shop = workshop(project, settings.console)

    def decide(journal: Journal) -> None:
        if adopt is not None:
            _adopt(journal, payments, adopt, project.lock)
        elif abandon or pay_again:
            told = shop.remote if pushes(project) else None
            _give_up(journal, payments, project, told, pay_again=pay_again)

    signals = Signals()
    with signals.heard(), listening(settings.console) as listen:
        outcome = engine.recover(
            shop,
            decide,
            terms=engine.Terms(keep_going=True, push=pushes(project)),
            listen=listen,
            stop=signals.stop,
        )
    return outcome.exit_code


def _regain(project: Project, console: Console, *, dry_run: bool) -> Answer | int:
    """Fetch what was bought and is not here; or only say what that is."""
    if dry_run:
        holds = project.store.holds
        lost = [one for one in project.lock.purchases.values() if not holds(one.audio)]
        return Answer(
            {"missing": [purchase_data(one) for one in lost]}, lambda look: lost_table(lost, look)
        )
    signals = Signals()
    with signals.heard(), listening(console) as listen:
        outcome = engine.regain(
            workshop(project, console),
            terms=engine.Terms(keep_going=True),
            listen=listen,
            stop=signals.stop,
        )
    return outcome.exit_code


def _chosen(payments: list[Payment], tracks: tuple[str, ...]) -> list[Payment]:
    known = {payment.track for payment in payments}
    for name in tracks:
        if name not in known:
            hint = suggestion(name, known) or "`musicbuild recover --dry-run` lists them"
            raise UsageError(f"`{name}` has no open order", hint=hint)
    return [payment for payment in payments if not tracks or payment.track in tracks]


def _adopt(journal: Journal, payments: list[Payment], generation: str, lock: Lock) -> None:
    """Enter the id that a person found for an order whose answer was lost."""
    lost = [payment for payment in payments if not payment.generation]
    if len(lost) != 1:
        raise UsageError(
            f"`--adopt` is for one order whose answer was lost, and {len(lost)} are meant",
            hint="name its track: `musicbuild recover TRACK --adopt ID`",
        )
    if generation in {purchase.generation for purchase in lock.purchases.values()}:
        raise UsageError(f"generation `{generation}` is in the lock already")
    journal.accept(lost[0].attempt, generation)


def _give_up(
    journal: Journal,
    payments: list[Payment],
    project: Project,
    told: Remote | None,
    *,
    pay_again: bool,
) -> None:
    """Take orders out of the way, also for the team that is `told`.

    One that is still wanted goes only if that was said.
    """
    wanted = {spec.key: track.id for track in project.tracks for spec in track.wishes}
    for payment in payments:
        if payment.spec.key in wanted and not pay_again:
            raise PolicyError(
                f"`{wanted[payment.spec.key]}` still wants what was ordered:"
                " a build would order it once more",
                hint="change or remove the track, or say `--pay-again`",
            )
    if told:
        for payment in payments:
            Registry(told).void(payment)
    for payment in payments:
        journal.give_up(payment.attempt)
