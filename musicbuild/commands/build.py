"""`musicbuild build`: makes what is out of date, and asks before it spends."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from types import FrameType

import click

from .. import build as engine
from .. import memory
from ..clock import SystemClock
from ..console.json import plan_data
from ..console.plan import plan_lines
from ..console.telling import listening
from ..console.terminal import Answer, Console
from ..errors import Interrupted, OutOfDate, UsageError
from ..lock import Lock
from ..mastering import Masters
from ..plan import Wishes, restoring
from ..project import Project
from ..records import WORK
from ..remotes import Remote, open_remote
from ..remotes.opening import Opening
from ..selection import select
from ..spec import TrackSpec
from ..steps import Plan
from ..witness import Settling
from .clustered import handed, with_cluster
from .consent import UNTOLD, amount, ensure_may_spend, in_ci, pushes
from .opening import open_chosen, shown, wishes
from .options import track_names, with_choice, with_settings
from .remembering import remember, with_state
from .said import Choice, Settings


@click.command()
@with_choice
@click.option(
    "-y", "--yes", is_flag=True, help="Spend up to the budget without asking; at most 25 orders."
)
@click.option("--max-cost", type=amount, help="Spend without asking, at most so much.")
@click.option(
    "--allow-unknown-price", is_flag=True, help="Order also where the price is not known."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and do nothing.")
@click.option("--locked", is_flag=True, help="Make nothing; exit 3 if anything is out of date.")
@click.option(
    "--frozen",
    is_flag=True,
    help="Put outputs in place just as the lock says; make and buy nothing, and need no key.",
)
@click.option(
    "--push/--no-push",
    default=None,
    help="Tell the team of orders, and give it what is made; as `store` says, but not in CI.",
)
@click.option("--draft", is_flag=True, help="Sketch what is not bought, offline and free.")
@click.option(
    "--force",
    multiple=True,
    metavar="TRACK",
    shell_complete=track_names,
    help="Make its outputs again; never orders again.",
)
@click.option("--overwrite", is_flag=True, help="Replace outputs changed by another hand.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=4, help="Tracks at once.")
@click.option(
    "--orders", type=click.IntRange(1, 64), help="Orders at once at one provider; else as `--jobs`."
)
@click.option(
    "--attempts",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Orders for one piece of music that may fail, in all builds.",
)
@click.option("--trust-pull-request", is_flag=True, help="Spend in the CI of a pull request too.")
@click.option("-k", "--keep-going", is_flag=True, help="Go on with others when a track fails.")
@click.option(
    "--settle",
    type=click.FloatRange(0, 86400),
    default=300.0,
    show_default=True,
    help="Seconds until a lost answer counts as not charged; with less it may be paid twice.",
)
@click.option("--no-wait", is_flag=True, help="Exit 6 at once if an answer is lost.")
@click.option(
    "--wait", type=click.FloatRange(0, 86400), default=0.0, help="Wait so long for another build."
)
@with_cluster
@with_state
@with_settings
def command(
    settings: Settings,
    *,
    choice: Choice,
    dry_run: bool,
    locked: bool,
    frozen: bool,
    draft: bool,
    force: tuple[str, ...],
    overwrite: bool,
    remembered: bool,
    **terms: object,
) -> Answer | int:
    """Make what is new or changed, and ask before spending.

    TRACK is an id or a glob; without any it is all tracks.
    """
    if frozen and (locked or draft or force or terms["cluster"]):
        raise UsageError("`--frozen` excludes `--locked`, `--draft`, `--force` and `--cluster`")
    project = open_chosen(settings)
    wished = wishes(
        project,
        choice,
        draft=draft,
        force=select(project.tracks, patterns=force) if force else frozenset(),
        overwrite=overwrite,
    )
    if force and wished.only is not None and not wished.only & wished.force:
        raise UsageError(
            "`--force` names none of the tracks to build",
            hint="name them both ways: `musicbuild build TRACK --force TRACK`",
        )
    if dry_run or locked:
        return _look(project, wished, locked=locked, frozen=frozen, remembered=remembered)
    settings.console.warn(project.specified.warnings)
    limits = _Limits(**terms)  # type: ignore[arg-type]
    if frozen:
        return _restore(project, wished, settings.console, limits)
    return _run(project, wished, settings.console, limits, remembered=remembered)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the command line says of money and patience."""

    yes: bool
    max_cost: Decimal | None
    allow_unknown_price: bool
    jobs: int
    keep_going: bool
    push: bool | None
    settle: float
    no_wait: bool
    wait: float
    trust_pull_request: bool
    orders: int | None
    attempts: int
    cluster: str | None

    def terms(self, project: Project, *, overwrite: bool) -> engine.Terms:
        return engine.Terms(
            jobs=self.jobs,
            orders=self.orders,
            keep_going=self.keep_going,
            overwrite=overwrite,
            budget=project.album.budget,
            cap=self.max_cost,
            attempts=self.attempts,
            settling=Settling(self.settle, wait=not self.no_wait),
            wait=self.wait,
            push=pushes(project, asked=self.push),
        )


@dataclass(slots=True)
class Signals:
    """The first signal stops the build gently, the second at once.

    While a question is asked, the first one already ends it.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    number: int = 0
    asking: bool = False

    def hear(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            os._exit(128 + number)  # what was ordered is in the journal
        self.number = number
        self.stop.set()
        if self.asking:
            raise Interrupted("nothing was bought")

    @contextmanager
    def heard(self) -> Iterator[None]:
        names = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if os.name == "posix" else [])]
        before = {name: signal.signal(name, self.hear) for name in names}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)


def workshop(project: Project, console: Console) -> engine.Workshop:
    """Return the real world around a project."""
    environment = console.masking(os.environ)
    return engine.Workshop(
        lock_path=project.lock_path,
        state=project.state,
        journal=project.journal,
        store=project.store,
        tree=project.tree,
        providers=project.providers,
        environment=environment,
        clock=SystemClock(),
        name_attempt=lambda: uuid.uuid4().hex,
        remote=remote_of(project, environment),
        masters=Masters(work=project.state / WORK),
    )


def remote_of(project: Project, environment: Mapping[str, str]) -> Remote | None:
    """Return where the team keeps its audio; it is opened when it is first needed."""
    store = project.shared
    return store and Opening(
        store.url, partial(open_remote, store.url, root=project.root, environment=environment)
    )


def _look(
    project: Project, wished: Wishes, *, locked: bool, frozen: bool, remembered: bool
) -> Answer:
    """Show what a build would do."""
    sight = project.sight(remembered=remembered)
    if frozen:
        plan = restoring(_chosen(project, wished), project.lock, sight)
    else:
        plan = project.plan(wished, sight=sight)
    told = shown(project, plan)
    error = None
    if locked and plan.to_do:
        error = OutOfDate(
            "the lock is not up to date, and `--locked` makes nothing",
            hint="build without `--locked`, and commit `musicbuild.lock`",
        )
    lines = plan_lines
    return Answer(
        plan_data(told), lambda look: lines(told, look), project.specified.warnings, error
    )


def _run(
    project: Project, wished: Wishes, console: Console, limits: _Limits, *, remembered: bool
) -> int:
    signals = Signals()
    shop, connect = handed(workshop(project, console), project, limits.cluster)

    def decide(lock: Lock) -> Plan:
        nonlocal project
        project, sight = replace(project, lock=lock), project.sight(remembered=remembered)
        plan = project.plan(wished, sight=sight)
        if remembered and wished == Wishes():
            remember(project, plan, sight)
        return plan

    def approve(plan: Plan) -> None:
        signals.asking = True
        connect(plan)
        if plan.purchases:
            console.say([*plan_lines(shown(project, plan), console.err), ""])
            ensure_may_spend(plan, console, limits)
            if in_ci(os.environ) and not pushes(project, asked=limits.push):
                console.say(UNTOLD.splitlines())
        signals.asking = False

    try:
        with signals.heard(), listening(console) as listen:
            outcome = engine.build(
                shop,
                decide,
                approve,
                terms=limits.terms(project, overwrite=wished.overwrite),
                listen=listen,
                stop=signals.stop,
            )
    except Interrupted as error:
        error.exit_code = 128 + signals.number
        raise
    if remembered and outcome.made:
        memory.prepare(project.state)
    if signals.number and outcome.left and not outcome.failed:
        raise _interrupted(project, signals.number)
    if outcome.closed and outcome.exit_code == outcome.closed.exit_code:
        raise outcome.closed
    return outcome.exit_code


def _restore(project: Project, wished: Wishes, console: Console, limits: _Limits) -> int:
    """Put outputs in place as the lock has them; raise OutOfDate if it lacks some tracks."""
    tracks = _chosen(project, wished)
    terms = limits.terms(project, overwrite=wished.overwrite)
    signals = Signals()
    with signals.heard(), listening(console) as listen:
        outcome = engine.build(
            workshop(project, console),
            lambda lock: restoring(tracks, lock, project.sight()),
            lambda _: None,
            terms=replace(terms, frozen=True, keep_going=True, push=False),
            listen=listen,
            stop=signals.stop,
        )
    if signals.number and outcome.left:
        raise _interrupted(project, signals.number)
    lacking = [track.id for track in tracks if track.id not in project.lock.tracks]
    if lacking and not outcome.exit_code:
        names = ", ".join(f"`{name}`" for name in lacking)
        raise OutOfDate(
            f"{names}: not in the lock, so there is nothing to restore",
            hint="build without `--frozen`, and commit `musicbuild.lock`",
        )
    return outcome.exit_code


def _chosen(project: Project, wished: Wishes) -> list[TrackSpec]:
    only = wished.only
    return [track for track in project.tracks if only is None or track.id in only]


def _interrupted(project: Project, number: int) -> Interrupted:
    pending = len(project.journal.payments())
    orders = "1 order is" if pending == 1 else f"{pending} orders are"
    error = Interrupted(
        "the build was stopped" + (f"; {orders} paid or to be paid, and kept" if pending else ""),
        hint="run `musicbuild build` again to go on; what was ordered is fetched first",
    )
    error.exit_code = 128 + number
    return error
