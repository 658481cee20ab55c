"""`musicbuild build --cluster`: whose hands do the work that costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from os.path import abspath
from typing import Any, TypeVar

import click

from .. import build as engine
from ..address import CLOUDS, VARIABLE, parse
from ..errors import UsageError
from ..mastering import JOB, Masters
from ..project import Project
from ..providers.sketch import PROVIDER
from ..records import WORK
from ..remotes import open_remote
from ..steps import Edited, Plan

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def with_cluster(function: Decorated) -> Decorated:
    option = click.option(
        "--cluster",
        metavar="URL",
        help="Master and sketch on this Dask cluster, through the team's store; `tcp://host:8786`.",
    )
    return option(function)


def handed(
    workshop: engine.Workshop, project: Project, url: str | None
) -> tuple[engine.Workshop, Callable[[Plan], None]]:
    """Return a workshop whose work is done on a cluster, and what connects to it for a plan.

    Without a `url` the work stays on this machine.  Raises UsageError if it is no address of a
    cluster, or there is no store to hand files over.
    """
    if url is None:
        return workshop, lambda _: None
    store = project.shared
    if store is None:
        raise UsageError(
            "`--cluster` hands audio over through the team's store, and this project names none",
            hint=f"add `store: s3://bucket/prefix` to the manifest, or set `{VARIABLE}`",
        )
    # Loaded by name: a build that hands nothing over must not wait for it.
    elsewhere = import_module("..cluster", __package__)
    remote = partial(open_remote, store.url, root=project.root, environment=workshop.environment)
    cluster = elsewhere.Cluster(url, _seen_elsewhere(store.url, project), remote)
    masters = Masters(cluster.crew(JOB, place=elsewhere.PASSING), work=project.state / WORK)
    composer = replace(PROVIDER, composers=partial(cluster.crew, place=elsewhere.OBJECTS))
    providers = workshop.providers.with_provider(composer)

    def connect(plan: Plan) -> None:
        if not all(isinstance(step, Edited) for step in plan.to_do):
            cluster.connect()

    return replace(workshop, masters=masters, providers=providers), connect


def _seen_elsewhere(url: str, project: Project) -> str:
    """Return the address of a store for a machine that has no folder of this project."""
    if parse(url).scheme in {*CLOUDS, "file"}:
        return url
    return abspath(project.root / url)  # noqa: PTH100  a link stays one: it may differ there
