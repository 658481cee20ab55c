"""A project as a whole: where its parts lie, and the way from its manifest to a plan."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import lock as locks
from . import manifest, memory
from .address import Shared, shared
from .clock import SystemClock
from .errors import MusicbuildError
from .journal import Journal
from .lock import Lock, Purchase
from .manifest import Album
from .memory import Sight
from .outputs import Tree
from .plan import Wishes, plan
from .providers import DEFAULT_MODEL, Providers
from .records import check_records
from .reserve import other_places
from .spec import TrackSpec
from .specify import Specified, specify
from .steps import Plan
from .store import Store
from .trust import read_lock

STATE_FOLDER = ".musicbuild"
NANOSECONDS = 10**9


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cyclic garbage collector from what is made: there are no cycles in it.

    To look for some among the nodes of ten thousand tracks takes longer than to plan them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Project:
    """What a command works on; the lock is as it was when the project was opened."""

    album: Album
    specified: Specified
    lock: Lock
    providers: Providers
    since: int = 0
    """Nanoseconds: before the first of its files was read; what changed later is not settled."""

    @property
    def root(self) -> Path:
        return self.album.root

    @property
    def tracks(self) -> tuple[TrackSpec, ...]:
        return self.specified.tracks

    @property
    def weight(self) -> Mapping[str, int]:
        """Return how much the manifest and its texts hold, by what is limited for them all."""
        events, values = self.album.weight
        return {"events": events, "values": values, "texts": self.specified.texts}

    @property
    def lock_path(self) -> Path:
        return self.root / locks.FILE_NAME

    @property
    def state(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def store(self) -> Store:
        return Store(self.state / "store")

    @property
    def journal(self) -> Journal:
        return Journal(self.state / "journal", other_places(os.environ))

    @property
    def tree(self) -> Tree:
        return Tree(self.root)

    @property
    def shared(self) -> Shared | None:
        """Return where the team keeps its audio, by the environment or by the manifest."""
        return shared(self.album.store, os.environ)

    def sight(self, *, remembered: bool = True) -> Sight:
        """Look at the disk anew, with what earlier runs found there unless that isn't wanted."""
        known = memory.known(self.state) if remembered else {}
        return Sight(self.store, self.tree, known, self.since)

    @_uncollected()
    def plan(
        self, wishes: Wishes | None = None, *, lock: Lock | None = None, sight: Sight | None = None
    ) -> Plan:
        """Decide what a build would do; reads the disk, never a network."""
        under_way = frozenset(payment.spec.key for payment in self.journal.payments())
        quote = self.providers.quote
        return plan(
            self.tracks,
            lock or self.lock,
            sight or self.sight(),
            quote,
            wishes,
            under_way=under_way,
        )

    def is_repeatable(self, bought: Purchase) -> bool:
        """Tell whether audio can be made again, just so, for nothing: never what was adopted."""
        try:
            return not bought.adopted and self.providers.model_of(bought.spec).repeatable
        except (MusicbuildError, KeyError):  # a provider or a model that is here no longer
            return False

    def draft_of(self, track: TrackSpec) -> TrackSpec:
        """Return the same track as the offline composer would make it, for nothing."""
        model = self.providers.model(DEFAULT_MODEL)
        options = tuple(one for one in track.generate.options if one[0] in model.options)
        wish = replace(
            track.generate, provider=model.provider, model=model.name, options=options, take=1
        )
        return replace(track, generate=wish, takes=1)


@_uncollected()
def open_project(path: Path, providers: Providers | None = None) -> Project:
    """Read a manifest and its lock; raise ManifestError, InvalidManifest or IntegrityError."""
    since = int(SystemClock().now().timestamp() * NANOSECONDS)
    providers = providers or Providers()
    album = manifest.load(path)
    specified = specify(album, providers.model)
    project = Project(album, specified, Lock(), providers, since)
    check_records(project.state)
    return replace(project, lock=read_lock(project.lock_path, project.store))
