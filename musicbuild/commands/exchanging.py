"""What `push` and `pull` have in common: the store that is meant, and what of it is lacking."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import click

from .. import durable
from ..address import Shared
from ..clock import SystemClock
from ..console.exchange import (
    Lack,
    Lacking,
    Told,
    Way,
    exchange_data,
    exchange_error,
    exchange_lines,
    store_line,
    watching,
)
from ..console.look import count
from ..console.terminal import Answer
from ..errors import IntegrityError, Interrupted
from ..events import Passage
from ..exchange import JOBS, Exchange, Moved
from ..hashing import Digest
from ..holdings import Holding, in_place, reading
from ..lock import Purchase
from ..project import Project
from ..registry import Registry
from ..remotes import open_remote
from ..workers import in_parallel
from .build import Signals
from .consent import team_store
from .said import Settings

Reader = Callable[[Digest], bytes | None]

WHOLE = (Passage.THERE, Passage.MOVED, Passage.MENDED)


def with_exchange(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that both commands have."""
    jobs = click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 64),
        default=JOBS,
        show_default=True,
        help="Objects that are moved at once.",
    )
    dry_run = click.option("-n", "--dry-run", is_flag=True, help="Only say what would be moved.")
    return jobs(dry_run(function))


class Manner(NamedTuple):
    """How objects are to be moved, as the command line has it."""

    push: bool
    jobs: int
    check: bool
    dry_run: bool
    create: bool = False


def exchange(
    settings: Settings, project: Project, holdings: Sequence[Holding], manner: Manner
) -> Answer:
    """Move objects to the store of a project, or from it, and say what came of it."""
    store = team_store(project)
    if store.variable:
        settings.console.say([store_line(store)])
    wanted = holdings if manner.push else tuple(_wanted(project, holdings))
    read = reading(project.lock, project.store, project.tree)
    moved = _move(settings, project, wanted, manner, store=store, read=read)
    lacking = tuple(_lacking(project, wanted, moved, read))
    told = Told(manner.push, manner.dry_run, store, moved, lacking)
    return Answer(
        exchange_data(told),
        lambda look: exchange_lines(told, look),
        project.specified.warnings,
        IntegrityError(exchange_error(told)) if told.grave else None,
    )


def _move(
    settings: Settings,
    project: Project,
    wanted: Sequence[Holding],
    manner: Manner,
    *,
    store: Shared,
    read: Reader,
) -> Moved:
    console, signals = settings.console, Signals()
    environment = console.masking(os.environ)
    create = manner.create and not manner.dry_run
    remote = open_remote(store.url, root=project.root, environment=environment, create=create)
    try:
        durable.make_folder(project.state, mode=0o700)
        push, dry_run = manner.push, manner.dry_run
        with signals.heard(), watching(console, wanted, push=push, dry_run=dry_run) as watch:
            both = Exchange(
                project.store,
                remote,
                jobs=manner.jobs,
                read=read,
                check=manner.check,
                dry_run=dry_run,
                watch=watch,
                stop=signals.stop,
            )
            digests = [one.digest for one in wanted]
            moved = both.push(digests) if push else both.pull(digests)
            if push and not dry_run:
                _tell(project, Registry(remote), moved, manner.jobs, signals)
    finally:
        remote.close()
    if signals.number:
        raise _interrupted(moved, signals.number, push=push)
    return moved


def _tell(project: Project, registry: Registry, moved: Moved, jobs: int, signals: Signals) -> None:
    """Tell the team what was bought, as far as the store has its audio: none pays for it then."""
    tasks = [
        partial(registry.enter, key, bought)
        for key, bought in project.lock.purchases.items()
        if moved.passages.get(bought.audio) in WHOLE and not project.is_repeatable(bought)
    ]
    stop = signals.stop
    in_parallel(tasks, jobs, stop=stop, halt=stop, monotonic=SystemClock().monotonic)


def _wanted(project: Project, holdings: Iterable[Holding]) -> Iterator[Holding]:
    """Leave out the outputs that lie in their places as they were made."""
    sight = project.sight()
    for one in holdings:
        if not in_place(one, sight.find):
            yield one


def _lacking(
    project: Project,
    holdings: Sequence[Holding],
    moved: Moved,
    read: Reader,
) -> Iterator[Lacking]:
    """Judge what is not there, whole."""
    purchases = project.lock.purchases
    for one in holdings:
        passage = moved.passages.get(one.digest)
        if passage in (Passage.MISSING, Passage.DAMAGED):
            bought = purchases.get(one.key)
            lack, way = _judged(project, one, bought, moved, read)
            source = bought.provider if bought else ""
            if bought and bought.adopted and way is Way.FETCH:
                way, source = Way.ADOPT, bought.adopted.file
            if passage is Passage.DAMAGED:
                lack, way = Lack.DAMAGED, Way.CHECK
            yield Lacking(one, lack, way, source)


def _judged(
    project: Project,
    one: Holding,
    bought: Purchase | None,
    moved: Moved,
    read: Reader,
) -> tuple[Lack, Way]:
    """Say whether an object is lost, and what gives it."""
    if not one.needed:
        return Lack.MISSING, Way.UNUSED
    if read(one.digest) is not None:
        return Lack.MISSING, Way.HERE
    if bought and project.is_repeatable(bought):
        return Lack.MISSING, Way.COMPOSE
    if one.is_audio:
        return Lack.LOST, Way.FETCH
    if bought and (moved.passages.get(bought.audio) in WHOLE or read(bought.audio) is not None):
        return Lack.MISSING, Way.MASTER
    return Lack.LOST, Way.AFTER


def _interrupted(moved: Moved, number: int, *, push: bool) -> Interrupted:
    name = "push" if push else "pull"
    error = Interrupted(
        f"the {name} was stopped, with {count(len(moved.left), 'object')} to go",
        hint=f"run `musicbuild {name}` again to go on; what was moved stays",
    )
    error.exit_code = 128 + number
    return error
