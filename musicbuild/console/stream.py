"""What programs are told of a build while it runs: one line an event."""

from __future__ import annotations

from typing import Any

from ..events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Event,
    Mastering,
    Missing,
    Ordered,
    Postponed,
    Recovered,
    Recovering,
    Regained,
    Remarked,
    Repeated,
    Searching,
    Supplied,
    TrackFailed,
    TrackFinished,
    TrackLeft,
    TrackStarted,
    Unsupplied,
    Untold,
    Waiting,
)
from .envelope import cost, error_objects, totals
from .json import spec_data, step_data, steps_data
from .words import action


def event_data(event: Event) -> dict[str, Any]:
    """Return an event's line, without the envelope's fields."""
    match event:
        case BuildStarted(plan):
            return {"event": "started", **steps_data(plan)}
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
                **spec_data(spec),
                "charged": price is not None,
                "cost": settled,
            }
        case TrackStarted(track, step):
            return {"event": "track_started", "track": track, "action": action(step)}
        case Ordered(track, spec, generation):
            return {"event": "ordered", "track": track, **spec_data(spec), "generation": generation}
        case Supplied(track, spec, price):
            return {"event": "supplied", "track": track, **spec_data(spec), "cost": cost(price)}
        case Missing(purchases):
            return {"event": "missing", "purchases": purchases}
        case Regained(generation, size):
            return {"event": "regained", "generation": generation, "bytes": size}
        case Unsupplied(tracks, error):
            told = {"tracks": list(tracks), "errors": error_objects(error)}
            return {"event": "unsupplied", **told}
        case Untold(track, error):
            return {"event": "untold", "track": track, "errors": error_objects(error)}
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
            return {"event": "bought", "track": track, **spec_data(spec), **paid}
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
