"""A project as a whole: where its parts lie, and the way from its manifest to a plan."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import lock as locks
from . import manifest
from .hashing import Digest
from .journal import Journal
from .lock import Lock
from .manifest import Album
from .outputs import Found, Tree
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


@dataclass(frozen=True, slots=True)
class Project:
    """What a command works on; the lock is as it was when the project was opened."""

    album: Album
    specified: Specified
    lock: Lock
    providers: Providers

    @property
    def root(self) -> Path:
        return self.album.root

    @property
    def tracks(self) -> tuple[TrackSpec, ...]:
        return self.specified.tracks

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

    def plan(self, wishes: Wishes | None = None, lock: Lock | None = None) -> Plan:
        """Decide what a build would do; reads the disk, never a network."""
        facts = Disk(self.store, self.tree)
        under_way = frozenset(payment.spec.key for payment in self.journal.payments())
        quote = self.providers.quote
        return plan(self.tracks, lock or self.lock, facts, quote, wishes, under_way=under_way)

    def draft_of(self, track: TrackSpec) -> TrackSpec:
        """Return the same track as the offline composer would make it, for nothing."""
        model = self.providers.model(DEFAULT_MODEL)
        options = tuple(one for one in track.generate.options if one[0] in model.options)
        wish = replace(
            track.generate, provider=model.provider, model=model.name, options=options, take=1
        )
        return replace(track, generate=wish, takes=1)


@dataclass(frozen=True, slots=True)
class Disk:
    """What lies on disk, each path looked at once."""

    store: Store
    tree: Tree
    seen: dict[str, Found | None] = field(default_factory=dict)

    def holds(self, digest: Digest) -> bool:
        return self.store.holds(digest)

    def find(self, path: str) -> Found | None:
        if path not in self.seen:
            self.seen[path] = self.tree.find(path)
        return self.seen[path]


def open_project(path: Path, providers: Providers | None = None) -> Project:
    """Read a manifest and its lock; raise ManifestError, InvalidManifest or IntegrityError."""
    providers = providers or Providers()
    album = manifest.load(path)
    specified = specify(album, providers.model)
    project = Project(album, specified, Lock(), providers)
    check_records(project.state)
    return replace(project, lock=read_lock(project.lock_path, project.store))
