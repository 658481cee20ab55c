"""What a build says in plain lines, one an event: for logs, pipes and people without bars."""

from __future__ import annotations

from ..errors import Interrupted
from ..events import (
    Bought,
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
    TrackStarted,
    Unsupplied,
    Untold,
    Waiting,
)
from .errors import error_lines, note_lines
from .look import Look, Style, count, escape
from .words import done, length, size, why


def event_lines(event: Event, look: Look) -> list[str]:
    """Word one event; some say nothing unless the reader wants all of it."""
    match event:
        case BuildStarted(plan) if plan.to_do:
            return [f"{count(len(plan.to_do), 'track')} to build"]
        case Recovering(tracks):
            return [f"{count(len(tracks), 'order')} of an earlier build to look after first"]
        case Recovered():
            return [_recovered(event, look)]
        case Postponed(tracks, error):
            names = ", ".join(escape(track) for track in tracks)
            return [f"{names}: an order of an earlier build stays open: {escape(error.message)}"]
        case Supplied(track, spec, cost):
            paid = f"bought by another machine for {escape(str(cost))}{_take(spec.take)}"
            return [f"{_name(track, look)}: {paid}, and taken from there"]
        case Missing(purchases) if purchases:
            return [f"the audio of {count(purchases, 'purchase')} is not on this machine"]
        case Missing():
            return ["all that was bought is on this machine"]
        case Regained(generation, number):
            return [f"{_name(escape(generation), look)}: here again, {size(number)}"]
        case Unsupplied(_, error):
            return note_lines(error, look)
        case Untold(track, error):
            said = look.paint("note:", Style.CHANGED)
            return [f"{_name(track, look)}: {said} {escape(error.message)}; it is safe here"]
        case Repeated(track, reason):
            return [f"{_name(track, look)}: {escape(reason)}; ordering it once more"]
        case TrackStarted(track, step) if look.verbose:
            return [f"{_name(track, look)}: begun, {why(step)}"]
        case Mastering() if look.verbose:
            return [f"{_name(event.track, look)}: {status(event)}"]
        case Remarked(track, path, remark):
            said = look.paint("note:", Style.CHANGED)
            return [f"{_name(track, look)}: {said} `{escape(path)}`: {escape(remark)}"]
        case TrackFinished(track, step):
            return [f"{_name(track, look)}: {look.paint(done(step), Style.NEW)}"]
        case TrackFailed(track, Interrupted()):
            return [f"{_name(track, look)}: {look.paint('stopped', Style.CHANGED)}"]
        case TrackFailed(track, error):
            failed = look.paint("failed", Style.BAD)
            return [f"{_name(track, look)}: {failed}", *error_lines(error, look)]
        case Ordered() | Waiting() | Searching() | Bought():
            return [f"{_name(event.track, look)}: {status(event)}"]
    return []


def status(event: Ordered | Waiting | Searching | Bought | Mastering) -> str:
    """Say in a few words where a track stands."""
    match event:
        case Ordered(_, spec, generation):
            return f"ordered{_take(spec.take)}, `{escape(generation)}`"
        case Waiting(_, seconds):
            return f"the provider is busy, asking again in {length(round(seconds))}"
        case Searching(_, seconds):
            return f"no answer came, looking in the history for up to {length(round(seconds))}"
        case Bought(_, spec, cost, seconds):
            paid = f"bought for {escape(str(cost))}" if cost else "composed"
            return f"{paid}{_take(spec.take)}, {length(round(seconds, 1))}{odd_length(event)}"
        case Mastering(_, outputs):
            return f"mastering {count(outputs, 'file')}"


def odd_length(event: Bought) -> str:
    """Say what was asked for, if what came is of another length."""
    near = event.spec.is_near(event.seconds)
    return "" if near else f", where {length(event.spec.duration)} were asked for"


def _recovered(event: Recovered, look: Look) -> str:
    what = f"{_name(event.track, look)}: the order of an earlier build"
    if event.cost is None:
        return f"{what} was not charged"
    return f"{what} is here, paid {escape(str(event.cost))}"


def _take(take: int) -> str:
    return f" take {take}" if take > 1 else ""


def _name(track: str, look: Look) -> str:
    return look.paint(track, Style.STRONG)
