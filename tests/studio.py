"""A whole project in a folder: the real provider, the service's stand-in, and no waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from gateway import Gateway

from musicbuild import durable
from musicbuild import lock as locks
from musicbuild.build import Outcome, Terms, Workshop, build
from musicbuild.events import Event
from musicbuild.journal import Journal
from musicbuild.lock import Lock
from musicbuild.outputs import Tree
from musicbuild.payment import Payment
from musicbuild.plan import Wishes, plan
from musicbuild.providers import Providers
from musicbuild.remotes import Remote
from musicbuild.spec import TrackSpec
from musicbuild.steps import Plan
from musicbuild.store import Store
from musicbuild.testing import FakeClock


class Studio:
    """One project.  Each build is a fresh one, as in a process of its own."""

    attempts = count(1)

    def __init__(self, root: Path, gateway: Gateway, clock: FakeClock) -> None:
        self.root, self.gateway, self.clock = root, gateway, clock
        self.state = root / ".musicbuild"
        self.store, self.tree = Store(self.state / "store"), Tree(root)
        self.events: list[Event] = []
        self.heard: Callable[[Event], None] = lambda _: None
        self.approve: Callable[[Plan], None] = lambda _: None
        self.stop = threading.Event()
        self.poll = "5"
        self.remote: Remote | None = None

    @property
    def lock(self) -> Lock:
        return locks.load(self.root / locks.FILE_NAME)

    @property
    def open_payments(self) -> list[Payment]:
        return Journal(self.state / "journal").payments()

    @property
    def charges(self) -> int:
        return len(self.gateway.charges)

    def plan(self, *tracks: TrackSpec, lock: Lock | None = None, **wishes) -> Plan:
        disk = _Disk(self.store, self.tree)
        return plan(tracks, lock or self.lock, disk, Providers().quote, Wishes(**wishes))

    def build(self, *tracks: TrackSpec, terms: Terms | None = None, **wishes) -> Outcome:
        terms = replace(terms or Terms(jobs=1), overwrite=wishes.get("overwrite", False))
        self.events.clear()
        return build(
            self.workshop(),
            lambda lock: self.plan(*tracks, lock=lock, **wishes),
            self.approve,
            terms=terms,
            listen=self._listen,
            stop=self.stop,
        )

    def workshop(self) -> Workshop:
        return Workshop(
            lock_path=self.root / locks.FILE_NAME,
            state=self.state,
            journal=Journal(self.state / "journal"),
            store=self.store,
            tree=self.tree,
            providers=Providers(),
            environment={**self.gateway.environment, "ELUMENTA_POLL_SECONDS": self.poll},
            clock=self.clock,
            name_attempt=lambda: f"attempt-{next(self.attempts):06d}",
            remote=self.remote,
        )

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(data)

    def _listen(self, event: Event) -> None:
        self.events.append(event)
        self.heard(event)


class _Disk:
    def __init__(self, store: Store, tree: Tree) -> None:
        self.holds, self.find = store.holds, tree.find


class PowerCut(BaseException):
    """All goes dark; nothing catches it."""


class Mains:
    """Power for every durable step; it fails before, within or after the one numbered `at`.

    From then on nothing reaches the disk.
    """

    def __init__(self, monkeypatch, *, at: int = 0, moment: str = "before") -> None:
        self.steps, self.dead = 0, False
        self._at, self._moment = at, moment
        write, append, forget = durable.write_within, durable.append, Journal.forget

        def powered_write(folder, name, data, **more):
            self._step(
                lambda: write(folder, name, data, **more),
                lambda: write(folder, f".{name}.part", data[: len(data) // 2]),
            )

        def powered_append(path, data, **more):
            part = data[: len(data) // 2]
            return self._step(lambda: append(path, data, **more), lambda: append(path, part))

        def powered_forget(journal, attempt):
            self._step(lambda: forget(journal, attempt), lambda: None)

        monkeypatch.setattr(durable.os, "fsync", lambda _: None)
        monkeypatch.setattr(durable, "write_within", powered_write)
        monkeypatch.setattr(durable, "append", powered_append)
        monkeypatch.setattr(Journal, "forget", powered_forget)

    def _step(self, whole: Callable[[], object], part: Callable[[], object]) -> object:
        self.steps += 1
        if self.dead:
            raise PowerCut
        if self.steps == self._at:
            self.dead = True
            {"before": lambda: None, "within": part, "after": whole}[self._moment]()
            raise PowerCut
        return whole()
