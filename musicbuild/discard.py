"""Carrying out what a pruning decided: into the trash, out of the lock, or away for good.

Whenever this ends, each thing is whole in its place or in the trash, or was to go for good.  An
output goes before its entry in the lock, and that before what the entry named: so what is left
to do is found again by the next pruning.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import durable
from . import lock as locks
from .errors import PolicyError
from .folders import HELD, Folder, walk
from .litter import Discarded, Gone, Kind, Pruning
from .prune import TIME
from .records import TRASH
from .verify import Subject


def discard(pruning: Pruning, subject: Subject, now: datetime) -> Discarded:
    """Do it, with the project claimed.

    What was changed since it was decided on stays.  Raises PolicyError, with nothing done, if
    the lock was; and OSError if the disk fails.
    """
    if locks.load(subject.lock_path) != pruning.lock:
        raise PolicyError(
            f"`{locks.FILE_NAME}` changed meanwhile; nothing was taken away",
            hint="prune again",
        )
    run = _Run(subject, _Trash(subject, now))
    outputs = [one for one in pruning.of(Kind.OUTPUT) if run.move_output(one)]
    entries = (*outputs, *pruning.of(Kind.ENTRY))
    lock = pruning.lock.without({one.path for one in entries})
    if entries:
        locks.save(subject.lock_path, lock)
    named = {one.digest for track in lock.tracks.values() for one in track.outputs.values()}
    moved = [
        one
        for one in pruning.of(Kind.UNUSED, Kind.BOUGHT)
        if not one.digests & named and run.move(one)
    ]
    removed = [
        one
        for one in pruning.of(Kind.COPY, Kind.DRAFT, Kind.LEFT_OVER, Kind.FAILED, Kind.TRASH)
        if not one.digests & named and run.remove(one)
    ]
    run.tidy(removed)
    return Discarded((*entries, *moved, *removed), run.trash.place)


@dataclass(slots=True)
class _Trash:
    """One folder in the trash, made when something goes there."""

    subject: Subject
    now: datetime
    place: str = ""

    def folder(self, path: str) -> Folder:
        """Open the folder for a file, which has there the path that it had in the project."""
        if not self.place:
            self.place = self._new()
        parts = (*self.place.split("/"), *path.split("/")[:-1])
        return walk(self.subject.root, parts, make=True)

    def _new(self) -> str:
        """Make a folder that was not there, named by the time."""
        trash = self.subject.store.folder.parent / TRASH
        durable.make_folder(trash, mode=0o700)
        when = self.now
        while True:
            folder = trash / when.strftime(TIME)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                durable.sync_folder(trash)
                return self.subject.place(folder)
            when += timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Run:
    subject: Subject
    trash: _Trash

    def move_output(self, one: Gone) -> bool:
        return self.subject.tree.give_up(one.path, one.digests, lambda: self.trash.folder(one.path))

    def move(self, one: Gone) -> bool:
        with suppress(FileNotFoundError), self._hold(one.path) as folder:
            with self.trash.folder(one.path) as there:
                durable.move_within(folder, _name(one.path), there)
            return True
        return False

    def remove(self, one: Gone) -> bool:
        place = self.subject.root / one.path
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
            return not place.exists()
        if not HELD:
            place.chmod(0o600)  # Windows removes no file that is read-only
        with suppress(FileNotFoundError), self._hold(one.path) as folder:
            folder.remove(_name(one.path))
            return True
        return False

    def tidy(self, removed: Sequence[Gone]) -> None:
        """Take away folders of ours in which nothing is left."""
        state = self.subject.store.folder.parent
        folders = {*self.subject.store.folder.glob("objects/*"), *state.glob("journal/failed/*")}
        for one in removed:
            if one.kind is Kind.TRASH:
                parents = (self.subject.root / one.path).parents
                folders |= {each for each in parents if state / TRASH in each.parents}
        for folder in sorted(folders, key=lambda each: -len(each.parts)):
            with suppress(OSError):  # there is something in it
                folder.rmdir()

    def _hold(self, path: str) -> Folder:
        return walk(self.subject.root, path.split("/")[:-1])


def _name(path: str) -> str:
    return path.rpartition("/")[2]
