"""How a plan is told: a line a track, with its price and its reason, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ..clock import stamp
from ..cost import Totals, add, describe, plain, total
from ..lock import Purchase
from ..payment import Payment
from ..steps import Cause, Edited, Generate, Keep, Orphan, Plan, Step
from .diff import diff
from .look import Look, Style, cells, count, escape, pad, table
from .words import SIGNS, length, price, prices, sign, size, step_quote, way_out, why, wish


class Shown(NamedTuple):
    """A plan with what is told beside it; `balance` is by provider, as `--online` found it.

    `open` are orders that were sent and are not in the lock yet.
    """

    album: str
    plan: Plan
    spent: Totals
    budget: Totals
    balance: tuple[tuple[str, str], ...] = ()
    open: tuple[Payment, ...] = ()


def plan_lines(shown: Shown, look: Look) -> list[str]:
    plan = shown.plan
    title = look.paint("musicbuild plan", Style.STRONG)
    album = f"  {escape(shown.album)}" if shown.album else ""
    lines = [f"{title}{album}  {count(len(plan.ids), 'track')}", ""]
    lines += _steps(plan.to_do, plan, look)
    kept = [step for step in plan.steps if isinstance(step, Keep)]
    if up_to_date := len(kept) + len(plan.others):
        unfetched = sum(bool(step.unfetched) for step in kept)
        fetch = f" ({unfetched} not fetched: `git lfs pull`)" if unfetched else ""
        said = f"= {count(up_to_date, 'track')} up to date{fetch}"
        lines.append(f" {look.paint(said, Style.DIM)}")
    lines += [_orphan(orphan, look) for orphan in plan.orphans]
    return [*lines, "", f" {totals_line(shown, look)}", *open_lines(shown.open), *_balances(shown)]


def totals_line(shown: Shown, look: Look) -> str:
    """Say what is to pay, what was spent and what may be; one unit is named only once."""
    plan = shown.plan
    units = {*plan.price, *shown.spent, *shown.budget}
    named = False

    def say(totals: Totals) -> str:
        nonlocal named
        if len(units) != 1 or not totals:
            return escape(describe(totals))
        amounts = [plain(amount) for amount in totals.values()]
        text = amounts[0] if named else escape(describe(totals))
        named = True
        return text

    parts = [f"to pay: {_to_pay(plan, say(plan.price))}"]
    if shown.spent or shown.budget:
        parts.append(f"spent so far: {say(shown.spent)}")
    if shown.budget:
        parts.append(f"budget: {say(shown.budget)}")
    if over := _over(shown):
        parts.append(look.paint(f"over the budget by {escape(describe(over))}", Style.BAD))
    return "   ".join(parts)


def open_lines(payments: Sequence[Payment]) -> list[str]:
    """Say what was ordered and has not come yet; its price may have been paid."""
    if not payments:
        return []
    price = describe(total(payment.quote for payment in payments if payment.quote))
    names = ", ".join(sorted({escape(payment.track) for payment in payments}))
    orders = count(len(payments), "order")
    return [f" open: {orders}, {escape(price)} ({names}); a build looks after them first"]


def open_table(payments: Sequence[Payment], look: Look) -> list[str]:
    """List orders that were sent and are not in the lock yet, the oldest first."""
    if not payments:
        return ["no order is open"]
    rows = [
        (
            payment.track,
            payment.spec.model,
            price(payment.quote),
            f"sent {stamp(payment.intended)}",
            f"as `{payment.generation}`" if payment.generation else "its answer was lost",
        )
        for payment in payments
    ]
    hint = "`musicbuild recover` looks for them at the provider, for nothing"
    shown = table([[escape(cell) for cell in row] for row in rows])
    return [*shown, "", f"{look.paint('hint:', Style.HINT)} {hint}"]


def lost_table(purchases: Sequence[Purchase], look: Look) -> list[str]:
    """List what was bought and whose audio is not on this machine."""
    if not purchases:
        return ["all that was bought is on this machine"]
    rows = [
        (one.generation, one.model, size(one.bytes), f"bought {one.bought}") for one in purchases
    ]
    hint = "`musicbuild recover --missing` fetches it, for nothing"
    shown = table([[escape(cell) for cell in row] for row in rows])
    return [*shown, "", f"{look.paint('hint:', Style.HINT)} {hint}"]


def _to_pay(plan: Plan, price: str) -> str:
    tracks = f" ({count(len(plan.purchases), 'track')})" if plan.purchases else ""
    if not plan.unknown:
        return price + tracks
    known = f"{price} and " if plan.price else ""
    return f"{known}what is unknown{tracks}"


def _over(shown: Shown) -> Totals:
    whole = add(shown.spent, shown.plan.price)
    return {
        unit: whole[unit] - limit
        for unit, limit in shown.budget.items()
        if whole.get(unit, Decimal(0)) > limit
    }


def _steps(steps: Sequence[Step], plan: Plan, look: Look) -> list[str]:
    if not steps:
        return []
    names = max(map(cells, plan.ids)) + 2
    wishes = [wish(step) for step in steps]
    models = max(cells(escape(one.model)) for one in wishes) + 2
    lengths = max(len(length(one.duration)) for one in wishes)
    costs = prices(map(step_quote, steps))
    room = max(map(cells, costs))
    lines = []
    for step, one, cost in zip(steps, wishes, costs, strict=True):
        mark = sign(step)
        said = "" if isinstance(step, Edited) else cost
        lines.append(
            f" {look.paint(look.symbol(mark), SIGNS[mark])} {pad(step.track.id, names)}"
            f"{pad(escape(one.model), models)}{pad(length(one.duration), lengths, right=True)}"
            f"   {pad(said, room)}   {why(step)}".rstrip()
        )
        lines += _details(step, min(names + 5, 24), look)
    return lines


def _details(step: Step, indent: int, look: Look) -> list[str]:
    """Show what of the prompt differs, or the way out of what is blocked."""
    room = " " * indent
    if hint := way_out(step):
        return [f"{room}{look.paint('hint:', Style.HINT)} {escape(hint)}"]
    if not isinstance(step, Generate):
        return []
    colours = {"-": Style.BAD, "+": Style.NEW}
    return [
        f"{room}{look.paint(f'{mark} {text}', colours[mark])}"
        for reason in step.reasons
        if reason.cause is Cause.PROMPT
        for mark, text in diff(reason.before, reason.after, look, indent=indent)
    ]


def _orphan(orphan: Orphan, look: Look) -> str:
    paths = ", ".join(escape(path) for path in orphan.paths)
    said = f"? {escape(orphan.name)}  {paths}  made before, by no track now; kept"
    return f" {look.paint(said, Style.DIM)}"


def _balances(shown: Shown) -> list[str]:
    return [f" {escape(name)} has {escape(left)} left" for name, left in shown.balance]
