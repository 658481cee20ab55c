"""What programs are told of plans, their steps and open orders."""

from __future__ import annotations

from typing import Any

from ..clock import stamp
from ..lock import Purchase
from ..payment import Payment
from ..spec import GenerateSpec
from ..steps import Edited, Generate, Keep, Plan, Step
from .envelope import cost, totals
from .plan import Shown
from .words import action, step_quote, way_out, wish


def plan_data(shown: Shown) -> dict[str, Any]:
    plan = shown.plan
    return {
        "album": shown.album,
        **steps_data(plan),
        "spent": totals(shown.spent),
        "budget": totals(shown.budget),
        "balance": dict(shown.balance),
        "open": [payment_data(payment) for payment in shown.open],
    }


def step_data(step: Step) -> dict[str, Any]:
    """Return one step of a plan; every step has all of these fields."""
    spec = wish(step)
    return {
        "track": step.track.id,
        "action": action(step),
        "provider": spec.provider,
        "model": spec.model,
        "duration": spec.duration,
        "takes": [one.take for one in step.specs] if isinstance(step, Generate) else [],
        "draft": getattr(step, "draft", False),
        "price": cost(step_quote(step)),
        "reasons": [
            {"cause": reason.cause.value, "before": reason.before, "after": reason.after}
            for reason in (() if isinstance(step, Keep) else step.reasons)
        ],
        "outputs": [output.path for output in step.track.outputs],
        "unfetched": list(step.unfetched) if isinstance(step, Keep) else [],
        "blocked": isinstance(step, Edited),
        "hint": way_out(step),
    }


def steps_data(plan: Plan) -> dict[str, Any]:
    return {
        "steps": [step_data(step) for step in plan.steps],
        "orphans": [{"track": one.name, "outputs": list(one.paths)} for one in plan.orphans],
        "to_pay": totals(plan.price),
        "unknown_prices": len(plan.unknown),
    }


def payment_data(payment: Payment) -> dict[str, Any]:
    """Return an order that was sent and is not in the lock yet; `generation` may be unknown."""
    return {
        "order": payment.attempt,
        "track": payment.track,
        **spec_data(payment.spec),
        "sent": stamp(payment.intended),
        "price": cost(payment.quote),
        "generation": payment.generation or None,
    }


def purchase_data(purchase: Purchase) -> dict[str, Any]:
    """Return what was bought, and the digest of its audio."""
    return {
        "generation": purchase.generation,
        "provider": purchase.provider,
        "model": purchase.model,
        "audio": purchase.audio,
        "bytes": purchase.bytes,
        "bought": purchase.bought,
    }


def spec_data(spec: GenerateSpec) -> dict[str, Any]:
    return {"key": spec.key, "provider": spec.provider, "model": spec.model, "take": spec.take}
