"""Whether a build may spend, and whether it tells the team: by its options, a terminal, and CI."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ..address import VARIABLE, Shared
from ..console.terminal import Console
from ..cost import describe, plain
from ..errors import PolicyError, UsageError
from ..manifest import FILE
from ..project import Project
from ..steps import Plan

UNTOLD = (
    "note: no other machine is told of these orders; if this one dies with its disk, the next one"
    " may pay again\n"
    "hint: `musicbuild build --push`, with a `store` in the manifest"
)
"""What is said where a disk seldom outlives a build."""

ORDERS_UNASKED = 25
"""Orders that `--yes` allows, for whoever wrote the manifest may not be whoever pays."""


class Limits(Protocol):
    """What the command line says of money."""

    @property
    def yes(self) -> bool: ...
    @property
    def max_cost(self) -> Decimal | None: ...
    @property
    def allow_unknown_price(self) -> bool: ...
    @property
    def trust_pull_request(self) -> bool: ...


def amount(text: str) -> Decimal:
    """Read an amount of money; raise ValueError if it is none that can be spent."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and found >= 0):
        raise ValueError(text)
    return found


def pushes(project: Project, *, asked: bool | None = None) -> bool:
    """Tell whether the team is told; in CI, where a proposal may be built, only if asked.

    Raises UsageError if that is asked, and there is no store.
    """
    if asked:
        team_store(project)
    if asked is not None:
        return asked
    store = project.shared
    return bool(store and store.push and not in_ci(os.environ))


def team_store(project: Project) -> Shared:
    """Return where the team keeps its audio; raise UsageError if that is nowhere."""
    store = project.shared
    if store is None:
        raise UsageError(
            f"`{project.album.path.name}` names no store",
            hint=f"add `store: ../music-store` or `store: s3://bucket/prefix` to `{FILE}`,"
            f" or set `{VARIABLE}`",
        )
    return store


def ensure_may_spend(plan: Plan, console: Console, limits: Limits) -> None:
    """Return if this much may be spent; raise PolicyError if not, or if nobody can be asked."""
    told = limits.yes or limits.max_cost is not None
    if _is_pull_request(os.environ) and not limits.trust_pull_request:
        raise PolicyError(
            f"this build would spend {describe(plan.price)}, and it runs for a pull request,"
            " which anyone may have written; nothing was sent",
            hint="build after the merge, or say `--trust-pull-request`",
        )
    if plan.unknown and not limits.allow_unknown_price and (told or not console.interactive):
        names = ", ".join(f"`{step.track.id}`" for step in plan.unknown)
        raise PolicyError(
            f"the price of {names} is not known; nothing was sent",
            hint="build on a terminal to be asked, or say `--allow-unknown-price`",
        )
    price = describe(plan.price)
    orders = sum(len(step.specs) for step in plan.purchases)
    if limits.yes and limits.max_cost is None and orders > ORDERS_UNASKED:
        most = max(plan.price.values(), default=Decimal(0))
        raise PolicyError(
            f"this build would order {orders} pieces of music for {price},"
            f" and `--yes` alone allows {ORDERS_UNASKED}; nothing was sent",
            hint=f"say `--max-cost {plain(most)}`",
        )
    if told:
        return
    if not console.interactive:
        most = max(plan.price.values(), default=Decimal(0))
        raise PolicyError(
            f"this build would spend {price}, and nobody is there to ask; nothing was sent",
            hint=f"say `--yes`, or `--max-cost {plain(most)}`",
        )
    more = " and what is unknown" if plan.unknown else ""
    if not console.confirm(f"spend {price}{more}?"):
        raise PolicyError("nothing was bought", hint="`musicbuild build --draft` sketches for free")


def in_ci(environment: Mapping[str, str]) -> bool:
    """Tell whether nobody is there, by the variable that all CI services set."""
    return environment.get("CI", "").lower() not in ("", "0", "false")


def _is_pull_request(environment: Mapping[str, str]) -> bool:
    """Tell whether a CI service builds what is proposed, and not what was agreed to."""
    return (
        environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request")
        or environment.get("CI_PIPELINE_SOURCE") == "merge_request_event"
    )
