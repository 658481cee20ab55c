"""Work that is handed to a cluster: files by digest through a store, orders and answers as text.

Whatever costs money stays on this machine.  The work is a function of its order and its files,
so that it may be done again, and the same tools make the same bytes of it anywhere.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import IntegrityError, Interrupted, Unavailable
from ..hashing import digest_bytes
from ..remotes import Remote
from . import chore, parcels, tools
from .answer import Answer, NoAnswer, read_answer, read_ready
from .parcels import OBJECTS, PASSING
from .scheduler import ELSEWHERE, STOPPED, Scheduler, check

MOST = 64
"""Pieces of work that one build hands over at once: it holds the files of each meanwhile."""


class Cluster:
    """A cluster that a build may use; it is connected to once it is needed.

    `store` is the address of the store as a worker can use it, and `remote` opens it here.
    """

    def __init__(self, url: str, store: str, remote: Callable[[], Remote]) -> None:
        check(url)
        self.url, self.store = url, store
        self._open_remote = remote
        self._connecting, self._counting = threading.Lock(), threading.Lock()
        self._reached: tuple[Scheduler, Remote] | None = None
        self._users, self._is_closed = 0, False
        self.tools: Mapping[str, str] = {}
        self.at_once: int | None = None

    def crew(self, module: str, *, place: str) -> ClusterCrew:
        """Return who does the work of a module; results lie in `place` of the store meanwhile."""
        return ClusterCrew(self, module, place)

    def connect(self) -> tuple[Scheduler, Remote]:
        """Connect, and see that every worker makes the same bytes and can use the store.

        Raises Unavailable if one can't, or nobody answers, RemoteError, or UsageError.
        """
        with self._connecting:
            if self._reached is None:
                self.tools = tools.here()
                with ExitStack() as undo:
                    remote = self._open_remote()
                    undo.callback(remote.close)
                    scheduler = Scheduler(self.url)
                    undo.callback(scheduler.close)
                    threads = scheduler.threads()
                    self._check_all(scheduler, remote)
                    undo.pop_all()
                self.at_once = min(MOST, sum(threads.values()))
                self._reached = scheduler, remote
            return self._reached

    @contextmanager
    def used(self) -> Iterator[tuple[Scheduler, Remote]]:
        """Give what `connect` does, for so long; the store is not closed meanwhile."""
        scheduler, remote = self.connect()
        with self._counting:
            if self._is_closed:
                raise Interrupted(STOPPED)
            self._users += 1
        try:
            yield scheduler, remote
        finally:
            with self._counting:
                self._users -= 1
                self._let_go()

    def close(self) -> None:
        """Give up all work that was handed over."""
        if self._reached:
            self._reached[0].close()
        with self._counting:
            if not self._is_closed:
                self._is_closed = True
                self._let_go()

    def differs(self, worker: str, found: Mapping[str, str]) -> Unavailable:
        what = "; ".join(tools.differences(self.tools, found))
        return Unavailable(
            f"{worker} would make other bytes: {what}",
            hint="install there what is installed here, or build without `--cluster`",
        )

    def blind(self, worker: str, message: str, hint: str) -> Unavailable:
        return Unavailable(f"{worker} can't use the store: {message}", hint=hint)

    def _let_go(self) -> None:
        if self._reached and self._is_closed and not self._users:
            self._reached[1].close()

    def _check_all(self, scheduler: Scheduler, remote: Remote) -> None:
        """See that all workers are like this machine, and that all have one store."""
        place, probe = f"{PASSING}/{secrets.token_hex(16)}", secrets.token_bytes(32)
        digest, other = parcels.put(remote, place, probe), digest_bytes(probe[::-1])
        told = json.dumps({"store": self.store, "place": place, "probe": digest})
        try:
            for worker, answer in scheduler.ask_all(chore.ready, told).items():
                self._check(worker, answer)
            parcels.fetch(remote, place, other)
        except parcels.Spoilt:
            raise self.blind("a worker", "what it puts there is not there", chore.SAME) from None
        finally:
            parcels.tidy(remote, place, [digest, other])

    def _check(self, worker: str, told: object) -> None:
        name = f"the worker `{worker}`"
        if isinstance(told, Exception):
            raise Unavailable(
                f"{name} has no musicbuild like this one: {str(told)[:200]}",
                hint=f"install musicbuild {__version__} there, with the same extras",
            )
        try:
            found = read_ready(told)
        except NoAnswer:
            raise Unavailable(f"{name} answered what is no answer", hint=ELSEWHERE) from None
        if found.tools != self.tools:
            raise self.differs(name, found.tools)
        if found.store:
            raise self.blind(name, *found.store)


class ClusterCrew:
    """Does the work of one module on a cluster; any thread may ask."""

    def __init__(self, cluster: Cluster, module: str, place: str) -> None:
        self._cluster = cluster
        self._module = module
        self._place = place

    @property
    def at_once(self) -> int | None:
        return self._cluster.at_once

    def do(self, order: Mapping[str, Any]) -> Mapping[str, bytes]:
        """Have work done; files of an order are read from here, and written here.

        Raises ValueError as the work does, OSError if workers failed at it, Unavailable or
        RemoteError if it can't be handed over, and Interrupted if it was given up.
        """
        with self._cluster.used() as (scheduler, remote):
            return self._do(order, scheduler, remote)

    def close(self) -> None:
        self._cluster.close()

    def _do(
        self, order: Mapping[str, Any], scheduler: Scheduler, remote: Remote
    ) -> Mapping[str, bytes]:
        place = self._place
        if place == PASSING:
            place = f"{place}/{secrets.token_hex(16)}"
        for anew in (False, True):
            told = self._told(order, remote, place, anew=anew)
            try:
                answer = read_answer(scheduler.ask(chore.do, told))
            except NoAnswer:
                raise Unavailable(
                    f"a worker of `{self._cluster.url}` answered what is no answer", hint=ELSEWHERE
                ) from None
            self._object(answer)
            try:
                return self._received(answer, order, remote, place)
            except parcels.Spoilt as error:
                spoilt = error.digest
            finally:
                if place != OBJECTS:
                    parcels.tidy(remote, place, answer.digests)
        raise IntegrityError(
            f"what is put into the store `{remote.url}` is damaged or gone each time: `{spoilt}`",
            hint=ELSEWHERE,
        )

    def _told(self, order: Mapping[str, Any], remote: Remote, place: str, *, anew: bool) -> str:
        """Put the sources of an order into the store, and say what a worker is to do."""
        digests = {
            part: parcels.put(remote, OBJECTS, Path(path).read_bytes(), anew=anew)
            for part, path in order.get("sources", {}).items()
        }
        bare = {**order, **({"sources": {}} if digests else {})}
        if "outputs" in order:
            bare["outputs"] = {
                name: {**output, "path": None if output["path"] is None else ""}
                for name, output in order["outputs"].items()
            }
        return json.dumps(
            {
                "tools": dict(self._cluster.tools),
                "store": self._cluster.store,
                "module": self._module,
                "order": bare,
                "sources": digests,
                "place": place,
                "anew": anew,
            }
        )

    def _object(self, answer: Answer) -> None:
        """Raise what kept a worker from making anything."""
        if answer.refused is not None:
            raise ValueError(answer.refused)
        if answer.store is not None:
            raise self._cluster.blind("a worker", *answer.store)
        if answer.differs is not None:
            raise self._cluster.differs("a worker", answer.differs)

    def _received(
        self, answer: Answer, order: Mapping[str, Any], remote: Remote, place: str
    ) -> Mapping[str, bytes]:
        """Fetch what was made; raise Spoilt if some of it can't be had."""
        if answer.spoilt is not None:
            raise parcels.Spoilt(answer.spoilt)
        paths = {
            name: output["path"]
            for name, output in order.get("outputs", {}).items()
            if output["path"] is not None
        }
        if answer.files.keys() != paths.keys():
            raise OSError("a worker made other files than it was asked for")
        fetched = {
            name: parcels.fetch(remote, place, digest) for name, digest in answer.files.items()
        }
        said = {
            name: data if isinstance(data, bytes) else parcels.fetch(remote, place, data)
            for name, data in answer.said.items()
        }
        for name, data in fetched.items():
            Path(paths[name]).write_bytes(data)
        return said
