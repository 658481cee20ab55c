"""What the team's store has of a project: whole, missing or damaged.  Nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from .findings import Finding, Mend, Problem
from .hashing import Digest
from .lock import Lock, Purchase
from .registry import Registry
from .remotes import is_whole, object_name
from .workers import in_parallel

JOBS = 8


def verify(
    lock: Lock,
    registry: Registry,
    repeatable: Callable[[Purchase], bool],
    *,
    monotonic: Callable[[], float],
) -> tuple[Finding, ...]:
    """Read all that the lock names, and what the team is told of it; raise RemoteError.

    Free audio that can be made again need not be there.
    """
    needed = [one.audio for one in lock.purchases.values() if not repeatable(one)]
    outputs = (one for track in lock.tracks.values() for one in track.outputs.values())
    digests = dict.fromkeys([*needed, *(one.digest for one in outputs)])
    damaged: list[str] = []
    missing: list[Digest] = []

    def look(digest: Digest) -> None:
        match is_whole(registry.remote, digest):
            case None:
                missing.append(digest)
            case False:
                damaged.append(object_name(digest))

    _each(look, digests, monotonic)
    records: dict[str, Finding] = {}

    def ask(key: Digest) -> None:
        for name, error in registry.damaged(key, lock.purchases[key]):
            records[name] = Finding(Problem.TOLD, name, Mend.SAID, said=error)

    _each(ask, [key for key, one in lock.purchases.items() if one.audio in digests], monotonic)
    return tuple(_findings(damaged, missing, len(digests), records))


def _findings(
    damaged: list[str], missing: list[Digest], of: int, records: dict[str, Finding]
) -> Iterator[Finding]:
    for name in sorted(damaged):
        yield Finding(Problem.THERE, name, Mend.PUSH_CHECK)
    yield from (records[name] for name in sorted(records))
    if missing:
        yield Finding(Problem.NOT_THERE, f"{len(missing)} of {of} objects", Mend.PUSH)


def _each(
    task: Callable[[Digest], None],
    digests: Iterable[Digest],
    monotonic: Callable[[], float],
) -> None:
    never = threading.Event()
    tasks = [partial(task, digest) for digest in digests]
    in_parallel(tasks, JOBS, stop=never, halt=never, monotonic=monotonic)
