"""`musicbuild doctor`: what may keep a build from working, looked at without paying."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import yaml

from .. import __version__, git
from ..clock import SystemClock
from ..console.errors import place
from ..console.reports import Finding, Health, finding_data, finding_lines
from ..console.terminal import Answer
from ..cost import plain
from ..errors import InvalidManifest, MusicbuildError
from ..lock import FILE_NAME, load
from ..project import STATE_FOLDER, Project, open_project
from ..providers import GROUP, Connection, Providers
from ..records import check_records
from .opening import manifest_path
from .options import with_settings
from .said import Settings


@click.command()
@click.option("--online", is_flag=True, help="Ask the providers for the balance, too.")
@with_settings
def command(settings: Settings, *, online: bool) -> Answer:
    """Look for what may keep a build from working; costs nothing.

    Exits 1 if anything would.  Of a key it says only whether it is there and well formed, and
    with `--online` whether it is accepted; without, nothing is sent.
    """
    findings = list(examine(settings, online=online))
    failed = [one for one in findings if one.health is Health.FAIL]
    return Answer(
        {"findings": [finding_data(one) for one in findings]},
        lambda look: finding_lines(findings, look),
        error=MusicbuildError(_counted(len(failed))) if failed else None,
    )


def examine(settings: Settings, *, online: bool) -> Iterator[Finding]:
    yield Finding("musicbuild", Health.OK, __version__)
    yield Finding(
        "python", Health.OK, f"{platform.python_version()}, {place(Path(sys.executable))}"
    )
    yield _libyaml()
    providers = Providers()
    yield from _plugins(providers)
    try:
        path = manifest_path(settings)
    except MusicbuildError as error:
        yield _failure("manifest", error)
        return
    yield _state(path.parent)
    yield _lock(path.parent)
    yield from _merges(path.absolute().parent)
    try:
        project = open_project(path, providers)
    except MusicbuildError as error:
        yield _failure("manifest", error)
        return
    warned = len(project.specified.warnings)
    health = Health.WARN if warned else Health.OK
    found = f"{place(path)}, tracks: {len(project.tracks)}, warnings: {warned}"
    yield Finding("manifest", health, found, "`musicbuild plan` shows them" if warned else "")
    yield from _keys(project, settings.console.masking(os.environ), online=online)
    yield _orders(project)
    yield _pointers(project)


def _libyaml() -> Finding:
    if yaml.__with_libyaml__:
        return Finding("libyaml", Health.OK, "present")
    hint = "install PyYAML from a wheel; large manifests are read twenty times faster then"
    return Finding("libyaml", Health.WARN, "missing", hint)


def _plugins(providers: Providers) -> Iterator[Finding]:
    """Load every installed provider; one that can't be loaded would stop a build that names it."""
    for name in providers:
        try:
            models = ", ".join(providers[name].models)
        except Exception as error:  # noqa: BLE001  a plug-in may fail in any way
            found = f"can't be loaded: {type(error).__name__}: {error}"
            hint = f"upgrade or remove the package that declares it in `{GROUP}`"
            yield Finding(f"provider {name}", Health.FAIL, found, hint)
        else:
            yield Finding(f"provider {name}", Health.OK, models)


def _state(root: Path) -> Finding:
    folder = root / STATE_FOLDER
    try:
        check_records(folder)
        with tempfile.TemporaryFile(dir=folder if folder.is_dir() else root):
            pass
    except MusicbuildError as error:
        return _failure("state", error)
    except OSError as error:
        found = f"`{place(folder)}` can't be written: {(error.strerror or str(error)).lower()}"
        return Finding("state", Health.FAIL, found, "what is bought must be kept there")
    return Finding("state", Health.OK, f"`{place(folder)}` can be written")


def _lock(root: Path) -> Finding:
    try:
        lock = load(root / FILE_NAME)
    except MusicbuildError as error:
        return _failure("lock", error)
    return Finding("lock", Health.OK, f"tracks: {len(lock.tracks)}, bought: {len(lock.purchases)}")


def _merges(root: Path) -> Iterator[Finding]:
    """Tell whether git knows how to merge a lock that is there, if the project is in git."""
    if git.repository(root) is None or not (root / FILE_NAME).exists():
        return
    try:
        driven = git.find_work_tree(root).merges(FILE_NAME)
    except MusicbuildError:
        return  # without git, nothing is merged here
    if driven:
        yield Finding("merges", Health.OK, f"git merges `{FILE_NAME}` by its entries")
        return
    hint = "`musicbuild git install` has it merged by its entries, once in each clone"
    yield Finding("merges", Health.WARN, f"git merges `{FILE_NAME}` as plain text", hint)


def _keys(project: Project, environment: Mapping[str, str], *, online: bool) -> Iterator[Finding]:
    """Connect, which sends nothing, to each provider the manifest names.

    What is amiss fails where a build would need it, and else is only a warning.
    """
    needed = {spec.provider for step in project.plan().purchases for spec in step.specs}
    for name in sorted({track.generate.provider for track in project.tracks}):
        try:
            connection = project.providers[name].connect(environment, SystemClock())
        except MusicbuildError as error:
            health = Health.FAIL if name in needed else Health.WARN
            yield Finding(f"key for {name}", health, error.message, error.hint)
            continue
        yield Finding(f"key for {name}", Health.OK, "as a build needs it")
        if online:
            yield _balance(name, connection)
        connection.close()


def _balance(name: str, connection: Connection) -> Finding:
    try:
        left = connection.balance()
    except MusicbuildError as error:
        return Finding(f"connection to {name}", Health.FAIL, error.message, error.hint)
    found = f"{plain(left.amount)} {left.unit} left" if left else "there is no balance to ask for"
    return Finding(f"connection to {name}", Health.OK, found)


def _orders(project: Project) -> Finding:
    try:
        payments = project.journal.payments()
    except MusicbuildError as error:
        return _failure("orders", error)
    if not payments:
        return Finding("orders", Health.OK, "none is open")
    found = f"open: {len(payments)}, sent by an earlier build"
    return Finding("orders", Health.WARN, found, "`musicbuild recover` looks after them")


def _pointers(project: Project) -> Finding:
    paths = [output.path for track in project.tracks for output in track.outputs]
    found = [(path, project.tree.find(path)) for path in paths]
    pointers = [path for path, there in found if there and not there.fetched]
    if pointers:
        verb = "is a pointer" if len(pointers) == 1 else "are pointers"
        said = f"{len(pointers)} of {len(paths)} outputs {verb}, the first `{pointers[0]}`"
        return Finding("git lfs", Health.WARN, said, "`git lfs pull` fetches them")
    there = sum(there is not None for _, there in found)
    return Finding("outputs", Health.OK, f"{there} of {len(paths)} are there")


def _failure(subject: str, error: MusicbuildError) -> Finding:
    if isinstance(error, InvalidManifest):
        first = error.errors[0]
        where = f" ({first.span})" if first.span else ""
        more = "`musicbuild plan` shows all that is wrong"
        return Finding(subject, Health.FAIL, f"{first.message}{where}", more)
    return Finding(subject, Health.FAIL, error.message, error.hint)


def _counted(failed: int) -> str:
    return f"{failed} thing{'s' * (failed > 1)} would keep a build from working"
