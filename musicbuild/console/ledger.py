"""How spending is told: by model, by track, by month, and what was bought for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..cost import Cost, Totals, add, describe, total
from ..hashing import Digest
from ..lock import Lock, Purchase
from ..spec import TrackSpec
from ..takes import picked
from .envelope import totals
from .look import Look, Style, escape, table
from .words import length

NO_TRACK = ""
"""What is paid for a purchase that no track uses is put down to."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a lock adds up to; every purchase is counted once in each of the three ways."""

    by_model: Mapping[str, Totals]
    by_track: Mapping[str, Totals]
    by_month: Mapping[str, Totals]
    unused: Mapping[Digest, Purchase]
    spent: Totals
    to_pay: Totals
    unknown: int
    budget: Totals

    @property
    def left(self) -> Totals:
        """Return what of the budget is not spent; below nothing where it was lowered since."""
        return {
            unit: limit - self.spent.get(unit, Decimal(0)) for unit, limit in self.budget.items()
        }


def ledger(
    lock: Lock, tracks: Iterable[TrackSpec], *, to_pay: Totals, unknown: int, budget: Totals
) -> Ledger:
    """Add up a lock; a purchase that several tracks share is put down to the first of them."""
    users: dict[Digest, str] = {}
    for track in tracks:
        for spec in (picked(track, lock), *track.wishes):
            users.setdefault(spec.key, track.id)
    for name, locked in sorted(lock.tracks.items()):
        users.setdefault(locked.generate, name)
    bought = list(lock.purchases.items())
    return Ledger(
        _sums((f"{one.provider}/{one.model}", one.cost) for _, one in bought),
        _sums((users.get(key, NO_TRACK), one.cost) for key, one in bought),
        _sums((one.bought[:7], one.cost) for _, one in bought),
        {key: one for key, one in bought if key not in users},
        lock.spent,
        to_pay,
        unknown,
        budget,
    )


def cost_data(found: Ledger) -> dict[str, Any]:
    return {
        "spent": totals(found.spent),
        "by_model": _plain(found.by_model),
        "by_track": {name: one for name, one in _plain(found.by_track).items() if name},
        "by_month": _plain(found.by_month),
        "unused": [
            {
                "key": key,
                "provider": one.provider,
                "model": one.model,
                "prompt": one.prompt,
                "duration": one.duration,
                "audio": one.audio,
                "bought": one.bought,
                "cost": totals(total([one.cost])),
            }
            for key, one in found.unused.items()
        ],
        "to_pay": totals(found.to_pay),
        "unknown_prices": found.unknown,
        "budget": totals(found.budget),
        "budget_left": totals(found.left),
    }


def cost_lines(found: Ledger, look: Look) -> list[str]:
    lines = [f"spent so far: {escape(describe(found.spent))}"]
    ways = (("model", found.by_model), ("track", found.by_track), ("month", found.by_month))
    for what, sums in ways:
        paid = {name or "(no track)": one for name, one in sums.items() if one}
        if paid:
            rows = [(f" {escape(name)}", escape(describe(one))) for name, one in paid.items()]
            lines += ["", look.paint(f"by {what}", Style.STRONG), *table(rows)]
    if found.unused:
        lines += [
            "",
            look.paint("bought, and used by no track", Style.STRONG),
            *_unused(found, look),
        ]
    more = f" and {found.unknown} at an unknown price" if found.unknown else ""
    lines += ["", f"a build would add: {escape(describe(found.to_pay))}{more}"]
    if found.budget:
        left = ", ".join(
            str(Cost(amount, unit)) if amount else f"0 {unit}"
            for unit, amount in found.left.items()
        )
        lines.append(f"left of the budget: {escape(left)}")
    return lines


def _unused(found: Ledger, look: Look) -> list[str]:
    rows = [
        (
            f" {one.bought[:10]}",
            escape(one.model),
            length(one.duration),
            escape(str(one.cost)),
            look.cut(escape(one.prompt), max(20, look.width - 56)),
        )
        for one in found.unused.values()
    ]
    return table(rows)


def _sums(pairs: Iterable[tuple[str, Cost]]) -> dict[str, Totals]:
    sums: dict[str, Totals] = {}
    for name, cost in pairs:
        sums[name] = add(sums.get(name, {}), total([cost]))
    return dict(sorted(sums.items()))


def _plain(sums: Mapping[str, Totals]) -> dict[str, dict[str, str]]:
    return {name: totals(one) for name, one in sums.items()}
