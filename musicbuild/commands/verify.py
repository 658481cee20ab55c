"""`musicbuild verify`: whether every byte is what the lock says; reads only."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace

import click

from .. import elsewhere, manifest
from ..clock import SystemClock
from ..console.terminal import Answer
from ..console.verify import verify_data, verify_error, verify_lines
from ..errors import IntegrityError, MusicbuildError, OutOfDate
from ..findings import Finding, Grade, Report
from ..lock import Lock
from ..project import Project
from ..providers import Providers
from ..records import check_records
from ..registry import Registry
from ..remotes import open_remote
from ..specify import specify
from ..trust import read_lock
from ..verify import Subject, verify
from .consent import team_store
from .opening import manifest_path
from .options import with_settings
from .said import Settings


@click.command()
@click.option("--remote", is_flag=True, help="Read the team's store too; needs a network.")
@with_settings
def command(settings: Settings, *, remote: bool) -> Answer:
    """Check the lock, the journal, the store and the outputs byte by byte; changes nothing.

    Says what mends what it finds.  Exits 7 if anything is lost or damaged, 3 if outputs are
    only missing or changed.  Needs no key, and no network unless `--remote` is given.
    """
    providers = Providers()
    album = manifest.load(manifest_path(settings))
    project = Project(album, specify(album, providers.model), Lock(), providers)
    check_records(project.state)
    report = verify(subject(project))
    if remote:
        report = replace(report, findings=(*report.findings, *_elsewhere(settings, project)))
    return Answer(
        verify_data(report),
        lambda look: verify_lines(report, look),
        project.specified.warnings,
        _error(report),
    )


def subject(project: Project) -> Subject:
    """Return a project as it lies on disk."""
    return Subject(
        root=project.root,
        lock_path=project.lock_path,
        store=project.store,
        journal=project.journal,
        tree=project.tree,
        tracks=project.tracks,
        repeatable=project.is_repeatable,
    )


def _elsewhere(settings: Settings, project: Project) -> tuple[Finding, ...]:
    """Return what is amiss in the team's store, by a lock that can be trusted."""
    store = team_store(project)
    with closing(
        open_remote(store.url, root=project.root, environment=settings.console.masking(os.environ))
    ) as there:
        return elsewhere.verify(
            read_lock(project.lock_path, project.store),
            Registry(there),
            project.is_repeatable,
            monotonic=SystemClock().monotonic,
        )


def _error(report: Report) -> MusicbuildError | None:
    if report.grade(Grade.LOST):
        return IntegrityError(verify_error(report))
    if report.grade(Grade.STALE):
        return OutOfDate(verify_error(report))
    return None
