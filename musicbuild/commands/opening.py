"""From what was said on the command line to a project, its plan, and names to complete."""

from __future__ import annotations

from pathlib import Path

from .. import manifest
from ..console.plan import Shown
from ..plan import Wishes
from ..project import Project, open_project
from ..selection import select
from ..steps import Plan
from .said import Choice, Settings

LARGEST = 1 << 20
"""Bytes of a manifest that is still read while somebody waits at the TAB key."""


def manifest_path(settings: Settings) -> Path:
    """Return the manifest that is meant; raise UsageError if there is none."""
    folder = settings.directory or Path.cwd()
    return folder / settings.file if settings.file else manifest.find(folder)


def open_chosen(settings: Settings) -> Project:
    return open_project(manifest_path(settings))


def chosen(project: Project, choice: Choice) -> frozenset[str]:
    """Return the ids of the tracks that are meant; raise UsageError for a name of none."""
    return select(
        project.tracks, patterns=choice.patterns, labels=choice.labels, exclude=choice.exclude
    )


def wishes(
    project: Project,
    choice: Choice,
    *,
    draft: bool = False,
    force: frozenset[str] = frozenset(),
    overwrite: bool = False,
) -> Wishes:
    """Turn what the command line says into what a plan is asked for."""
    only = None if choice.everything else chosen(project, choice)
    return Wishes(only, project.draft_of if draft else None, force, overwrite)


def shown(project: Project, plan: Plan, balance: tuple[tuple[str, str], ...] = ()) -> Shown:
    """Put a plan beside what was spent and what may be."""
    return Shown(
        project.album.name,
        plan,
        project.lock.spent,
        project.album.budget,
        balance,
        tuple(project.journal.payments()),
    )


def track_ids(settings: Settings) -> list[str]:
    return [track.id for track in _light(settings)]


def labels(settings: Settings) -> list[str]:
    return sorted({label for track in _light(settings) for label in track.labels.value})


def _light(settings: Settings) -> tuple[manifest.Track, ...]:
    """Read a manifest without its templates."""
    path = manifest_path(settings)
    return () if path.stat().st_size > LARGEST else manifest.load(path).tracks
