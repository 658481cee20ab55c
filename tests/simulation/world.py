"""A project in a simulated world: its builds, and what holds whatever becomes of them."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from musicbuild import build as builds
from musicbuild import lock as locks
from musicbuild import reserve, run
from musicbuild.build import Outcome, Terms, Workshop
from musicbuild.errors import Claimed, MusicbuildError
from musicbuild.events import Event
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.journal import Journal
from musicbuild.lock import Lock, Purchase
from musicbuild.outputs import Found, Tree
from musicbuild.payment import Payment, intent_from_json
from musicbuild.plan import Wishes, plan
from musicbuild.providers import Providers, elumenta_api
from musicbuild.registry import Registry
from musicbuild.remotes import object_name
from musicbuild.spec import GenerateSpec, TrackSpec
from musicbuild.steps import Plan
from musicbuild.store import Store

from .disk import Cut, Disk, File, PowerCut
from .mount import mounted
from .remembered import remembered
from .service import PRICE, Service, SimulatedElumenta
from .shelf import Readable, Shelf
from .turns import Stoppable, Time

EXIT_CODES = frozenset({0, 1, 4, 5, 6, 7, 8, 130})
_current: list[World] = []


class Violation(AssertionError):
    """A promise was broken."""


class _Facts(NamedTuple):
    holds: Callable[[Digest], bool]
    find: Callable[[str], Found | None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a build ended: with an outcome, an error of ours, or in the dark."""

    outcome: Outcome | None = None
    error: MusicbuildError | None = None
    steps: int = 0

    @property
    def dark(self) -> bool:
        return self.outcome is None and self.error is None


@dataclass(slots=True)
class World:
    """One project, the service it buys from, and the disk and the time it has."""

    chance: Random
    home: Path
    trace: list[str] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    """Objects of the store that somebody damaged."""
    writing: float = 0.0
    """Seconds that it takes to write the lock; those of a large one, or of a slow disk."""
    root: Path = field(init=False)
    state: Path = field(init=False)
    lock_path: Path = field(init=False)
    store: Store = field(init=False)
    tree: Tree = field(init=False)
    disk: Disk = field(init=False)
    time: Time = field(init=False)
    service: Service = field(init=False)
    providers: Providers = field(init=False)
    shelf: Shelf | None = None
    _attempts: int = 0
    _sent: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        _current.clear()
        self.root = self.home / "project"
        self.state, self.lock_path = self.root / ".musicbuild", self.root / locks.FILE_NAME
        self.store, self.tree = Store(self.state / "store"), Tree(self.root)
        self.disk = Disk(self.root, self.chance)
        self.disk.notes, self.disk.replaced = self._note, self._replaced
        self.time = Time(self.chance, self.disk.check)
        self.service = Service(self.chance, self.time, self.disk.check)
        self.service.ordered, self.service.asked = self._ordered, self._asked
        self.providers = _providers()
        _current.append(self)

    @property
    def lock(self) -> Lock:
        return locks.load(self.lock_path)

    @property
    def payments(self) -> list[Payment]:
        if not any(self.disk.files(".musicbuild/journal")):
            return []  # without asking; that is how it is most of the time
        return Journal(self.state / "journal").payments()

    def plan(self, tracks: list[TrackSpec], lock: Lock | None = None, **wishes: Any) -> Plan:
        facts = _Facts(self.store.holds, self.tree.find)
        under_way = frozenset(one.spec.key for one in self.payments)
        lock = self.lock if lock is None else lock
        wished = Wishes(**wishes)
        return plan(tracks, lock, facts, self.providers.quote, wished, under_way=under_way)

    def build(
        self,
        tracks: list[TrackSpec],
        terms: Terms,
        *,
        cut: Cut | None = None,
        stop_after: int | None = None,
        approve: Callable[[Plan], None] = lambda _: None,
    ) -> Ending:
        """Build as a process of its own would; `stop_after` so many events it is interrupted."""
        stop, heard = threading.Event(), [0]

        def listen(event: Event) -> None:
            self.trace.append(f"{self.time.passed:.3f} {type(event).__name__}")
            heard[0] += 1
            if heard[0] == stop_after:
                stop.set()

        self.disk.arm(cut)
        try:
            outcome = builds.build(
                self._workshop(),
                lambda lock: self.plan(tracks, lock),
                approve,
                terms=terms,
                listen=listen,
                stop=stop,
            )
            ending = Ending(outcome, steps=self.disk.steps)
        except MusicbuildError as error:
            ending = Ending(error=error, steps=self.disk.steps)
        except PowerCut:
            ending = Ending(steps=self.disk.steps)
        except Violation:
            raise
        except Exception as error:
            raise Violation(f"an error that nobody declared: {error!r}") from error
        if self.disk.dead:
            ending = Ending(steps=self.disk.steps)
            self.disk.power_up()
        self.disk.arm(None)
        self.trace.append(f"{self.time.passed:.3f} {_told(ending)}")
        self._check_codes(ending)
        self.check()
        return ending

    def join_team(self) -> Shelf:
        """Have a remote from now on; the next machines use the same."""
        self.shelf = Shelf(self.chance, self.time, self.disk.step)
        return self.shelf

    def lose_disk(self, *, cloned: bool) -> None:
        """Go on with another machine, which has nothing; the lock only if that was committed."""
        kept = dict(self.disk.files("")) if cloned else {}
        self.disk.load(
            {f"{self.root}/{name}": kept[name] for name in (locks.FILE_NAME,) if name in kept}
        )
        self._bought_before = {one.generation for one in self.lock.purchases.values()}

    def delete_store(self) -> None:
        """Take all audio away; what was collected so far may be in the lock without it."""
        shutil.rmtree(self.state / "store", ignore_errors=True)
        self._kept.update(one.generation for one in self.payments)
        self.disk.reload()

    def intruded(self, tracks: list[TrackSpec]) -> Callable[[Plan], None]:
        """Hold that no second build gets in while one runs, once its plan is approved."""

        def intrude(plan: Plan) -> None:
            try:
                builds.build(
                    self._workshop(),
                    lambda lock: self.plan(tracks, lock),
                    lambda _: None,
                    terms=Terms(jobs=1),
                    listen=lambda _: None,
                    stop=threading.Event(),
                )
            except Claimed:
                return
            if plan.to_do:  # else the second had nothing to do either, and asks for no claim then
                raise Violation("two builds ran at once")

        return intrude

    def _workshop(self) -> Workshop:
        return Workshop(
            lock_path=self.lock_path,
            state=self.state,
            journal=Journal(self.state / "journal"),
            store=self.store,
            tree=self.tree,
            providers=self.providers,
            environment={},
            clock=self.time,
            name_attempt=self._name_attempt,
            remote=self.shelf,
        )

    def _name_attempt(self) -> str:
        self._attempts += 1
        return f"attempt-{self._attempts:04d}"

    def _note(self, kind: str, name: str) -> None:
        self.trace.append(f"{self.time.passed:.3f} {kind} {name}")

    # What has to hold at every moment.

    def _ordered(self, body: Mapping[str, Any]) -> None:
        """Hold that an order which leaves was written down to stay, and is within the budget."""
        told = (body["model"], body["prompt"], body["duration"])
        self.trace.append(f"{self.time.passed:.3f} ORDER {told}")
        for name, data in self.disk.durable(".musicbuild/journal"):
            if name in self._sent or not name.endswith(".jsonl"):
                continue
            lines = data.splitlines(keepends=True)
            if len(lines) != 1 or not lines[0].endswith(b"\n"):
                continue
            wish = json.loads(lines[0].partition(b"\t")[0])["spec"]
            if told == (wish["model"], wish["prompt"], wish["duration"]):
                self._sent.add(name)
                break
        else:
            raise Violation(f"an order left that no power cut would leave a trace of: {told}")
        limit = self.service.limit
        if limit is not None and self.service.spent + PRICE > limit:
            raise Violation(f"an order of {PRICE} left when {self.service.spent} of {limit} went")

    def _asked(self, generation: str) -> None:
        """Hold that an id is used only once it is written down to stay."""
        if generation in self._kept:
            return
        said = f'"generation":"{generation}"'.encode()
        if not any(said in data for _, data in self.disk.durable(".musicbuild/journal")):
            raise Violation(f"{generation} is asked for before its id is kept")

    def _replaced(self, path: str, file: File) -> None:
        """Hold that a lock is whole before it takes the old one's place, and its audio kept."""
        if not path.endswith(f"/{locks.FILE_NAME}"):
            return
        if file.data != file.synced:
            raise Violation("the lock is replaced by one that is not synced")
        self.time.passed += self.writing
        bought = locks.parse(file.data).purchases.values()
        fresh = [one for one in bought if one.generation not in self._kept]
        kept = {name for name, _ in self.disk.durable(".musicbuild/store/objects")} if fresh else ()
        for one in fresh:
            if f"{one.audio[:2]}/{one.audio[2:]}" not in kept:
                raise Violation(f"{one.generation} is in the lock before its audio is kept")
            self._kept.add(one.generation)

    # What has to hold between builds.

    def check(self) -> None:
        """Hold that what was charged is in the lock or on its way there, once."""
        try:
            lock, payments = self.lock, self.payments
        except MusicbuildError as error:
            raise Violation(f"what a build left can't be read: {error}") from error
        told, open_orders = self._told()
        payments = [*payments, *open_orders]
        claims = [(one.generation, key) for key, one in (*lock.purchases.items(), *told)]
        claims += [(one.generation, one.spec.key) for one in payments if one.generation]
        by_id = Counter(id_ for id_, _ in dict.fromkeys(claims))
        twice = [id_ for id_, count in by_id.items() if count > 1]
        if twice:
            raise Violation(f"claimed more than once: {twice}")
        if gone := self._bought_before - {one.generation for one in lock.purchases.values()}:
            raise Violation(f"the lock has lost {gone}")
        self._bought_before = {one.generation for one in lock.purchases.values()}
        loose = Counter(_words(one) for one in self.service.charges if one.id not in by_id)
        known = Counter(_words(one.spec) for one in payments if not one.generation)
        if lost := loose - known:
            raise Violation(f"paid, and claimed by nothing: {dict(lost)}")
        self._check_store()

    def _told(self) -> tuple[list[tuple[str, Purchase]], list[Payment]]:
        """Return what the team knows: purchases by key, and orders that are open."""
        if self.shelf is None:
            return [], []
        registry = Registry(Readable(self.shelf.names))
        keys = {name.removeprefix("purchases/") for name in self.shelf.names if "purch" in name}
        bought = [(key, one) for key in keys if (one := registry.purchase(key))]
        orders = [
            intent_from_json("", json.loads(data.partition(b"\n")[0])["intent"])
            for name, data in self.shelf.names.items()
            if name.startswith("orders/")
            and "." not in name
            and f"{name}.void" not in self.shelf.names
        ]
        for _, one in bought:
            if digest_bytes(self.shelf.names.get(object_name(one.audio), b"")) != one.audio:
                raise Violation(f"the team was told of {one.generation} before it had its audio")
        return bought, [one for one in orders if one.spec.key not in keys]

    def _check_store(self) -> None:
        for path, data in self.disk.files(".musicbuild/store/objects"):
            name = path.replace("/", "")
            if "/." in path or name in self.damaged:
                continue
            if digest_bytes(data) != name:
                raise Violation(f"the store has other bytes than it says: {path}")

    def _check_codes(self, ending: Ending) -> None:
        told = ending.outcome or ending.error
        if told is not None and told.exit_code not in EXIT_CODES:
            raise Violation(f"the exit code {told.exit_code} is not in the table")

    _bought_before: set[str] = field(default_factory=set)

    def check_done(self, tracks: list[TrackSpec]) -> None:
        """Hold that everything is made, and was paid once."""
        wished = {spec.key: spec for one in tracks for spec in one.wishes}
        paid = Counter(_words(one) for one in self.service.charges)
        due = Counter(_words(one) for one in wished.values())
        if paid != due:
            raise Violation(f"paid {dict(paid)}, and due was {dict(due)}")
        bought = {one.generation for one in self.lock.purchases.values()}
        if bought != {one.id for one in self.service.charges}:
            raise Violation(f"the lock has {sorted(bought)}, and others were paid")
        if self.payments:
            raise Violation("a payment is still open")
        if to_do := self.plan(tracks).to_do:
            raise Violation(f"there is still something to do: {to_do}")


def _words(wish: Any) -> tuple[str, str, float]:
    return wish.model, wish.prompt, wish.duration


def _told(ending: Ending) -> str:
    if ending.dark:
        return "DARK"
    if ending.error:
        return f"ERROR {ending.error.message}"
    failed = {name: error.message for name, error in sorted(ending.outcome.failed.items())}
    return f"ENDED {ending.outcome.exit_code} {failed}"


@lru_cache(maxsize=1)
def _providers() -> Providers:
    """Return the installed providers, which take long to find, with the paid one replaced."""
    found = Providers()
    found._loaded["elumenta"] = SimulatedElumenta(service=lambda: _current[0].service)
    return found


@contextmanager
def universe() -> Iterator[None]:
    """Put time, chance, the disk and the wire of every build into the hands of the last world."""

    def world() -> World:
        return _current[0]

    def disk() -> Disk | None:
        return _current[0].disk if _current else None

    def in_parallel(*arguments: Any, **more: Any) -> None:
        world().time.in_parallel(*arguments, **more)

    def download(url: str, **_: Any) -> bytes:
        return world().service.fetch(url)

    with ExitStack() as stack:
        enter = stack.enter_context
        enter(mounted(disk))
        enter(patch.object(run, "StoppableClock", Stoppable))
        enter(patch.object(run, "in_parallel", in_parallel))
        enter(remembered())
        enter(patch.object(GenerateSpec, "is_near", lambda *_: True))  # it is all of the shortest
        enter(patch.object(reserve, "ROOM", 1))  # no step has to do with it, and chance is slow
        enter(patch.object(elumenta_api, "download", download))
        try:
            yield
        finally:
            _current.clear()
