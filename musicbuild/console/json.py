"""What programs are told: one envelope a command, one line an event of a build."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..clock import stamp
from ..cost import Quote, Totals, plain
from ..errors import InvalidManifest, MusicbuildError
from ..events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Event,
    Mastering,
    Ordered,
    Postponed,
    Recovered,
    Recovering,
    Remarked,
    Repeated,
    Searching,
    TrackFailed,
    TrackFinished,
    TrackLeft,
    TrackStarted,
    Waiting,
)
from ..journal import Payment
from ..spec import GenerateSpec
from ..steps import Edited, Generate, Keep, Plan, Step
from .errors import Told, place
from .plan import Shown
from .words import action, step_quote, way_out, wish

SCHEMA = "musicbuild/1"


def encode(value: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Write an object; in ASCII, so that no console's encoding or bidi control can spoil it."""
    return json.dumps(value, indent=indent, ensure_ascii=True)


def envelope(
    command: str,
    data: Mapping[str, Any],
    *,
    errors: Iterable[MusicbuildError] = (),
    warnings: Iterable[Told] = (),
    spent: Totals | None = None,
) -> dict[str, Any]:
    faults = [fault for error in errors for fault in error_objects(error)]
    return {
        "schema": SCHEMA,
        "command": command,
        "ok": not faults,
        "data": dict(data),
        "errors": faults,
        "warnings": [_told(one) for one in warnings],
        "spent": totals(spent or {}),
    }


def error_objects(error: MusicbuildError) -> list[dict[str, Any]]:
    """Return one object an error; `code` is the exit code."""
    if isinstance(error, InvalidManifest):
        return [one for each in error.errors for one in error_objects(each)]
    return [{**_told(error), "code": error.exit_code}]


def totals(amounts: Totals) -> dict[str, str]:
    return {unit: plain(amount) for unit, amount in amounts.items()}


def cost(quote: Quote) -> dict[str, str] | None:
    """Return an amount by its unit: empty if free, null if unknown."""
    return None if quote is None else totals({quote.unit: quote.amount} if quote else {})


def plan_data(shown: Shown) -> dict[str, Any]:
    plan = shown.plan
    return {
        "album": shown.album,
        **_plan(plan),
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


def event_data(event: Event) -> dict[str, Any]:
    """Return an event's line, without the envelope's fields."""
    match event:
        case BuildStarted(plan):
            return {"event": "started", **_plan(plan)}
        case Recovering(tracks):
            return {"event": "recovering", "tracks": list(tracks)}
        case Postponed(tracks, error):
            told = {"tracks": list(tracks), "errors": error_objects(error)}
            return {"event": "postponed", **told}
        case Recovered(track, spec, price):
            settled = {} if price is None else cost(price)
            return {
                "event": "recovered",
                "track": track,
                **_spec(spec),
                "charged": price is not None,
                "cost": settled,
            }
        case TrackStarted(track, step):
            return {"event": "track_started", "track": track, "action": action(step)}
        case Ordered(track, spec, generation):
            return {"event": "ordered", "track": track, **_spec(spec), "generation": generation}
        case Waiting(track, seconds):
            return {"event": "waiting", "track": track, "seconds": seconds}
        case Repeated(track, reason):
            return {"event": "repeated", "track": track, "reason": reason}
        case TrackLeft(track):
            return {"event": "track_left", "track": track}
        case Searching(track, seconds):
            return {"event": "searching", "track": track, "seconds": seconds}
        case Bought(track, spec, price, seconds):
            paid = {"cost": cost(price), "seconds": seconds}
            return {"event": "bought", "track": track, **_spec(spec), **paid}
        case Mastering(track, outputs):
            return {"event": "mastering", "track": track, "outputs": outputs}
        case Remarked(track, path, remark):
            return {"event": "remarked", "track": track, "output": path, "message": remark}
        case TrackFinished(track, step):
            return {"event": "track_finished", **step_data(step), "track": track}
        case TrackFailed(track, error):
            return {"event": "track_failed", "track": track, "errors": error_objects(error)}
        case BuildFinished(spent, made, failed, left):
            return {
                "event": "finished",
                "data": {"made": made, "failed": failed, "left": left},
                "spent": totals(spent),
            }


def _plan(plan: Plan) -> dict[str, Any]:
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
        **_spec(payment.spec),
        "sent": stamp(payment.intended),
        "price": cost(payment.quote),
        "generation": payment.generation or None,
    }


def _spec(spec: GenerateSpec) -> dict[str, Any]:
    return {"key": spec.key, "provider": spec.provider, "model": spec.model, "take": spec.take}


def _told(told: Told) -> dict[str, Any]:
    span = told.span
    return {
        "message": told.message,
        "hint": told.hint,
        "file": place(span.path) if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
    }
