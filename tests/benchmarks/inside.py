"""What is measured from inside: parts of ours, called in the environment it is installed in."""

from __future__ import annotations

from collections.abc import Iterator

from .figures import Figure
from .ground import Ground
from .installed import Tools
from .scale import Scale


def locks(ground: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure the CPU time that it takes to enter each track of a build into the lock."""
    for count in scale.locks:
        folder = ground.project(count, "lock")
        yield Figure(f"lock/{count}", "ms", tools.ask("locks", "measure", str(folder)))


def orders(_: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure what share of the time of a build is the service's own: 1 is the ideal."""
    if scale.orders:
        values = tools.ask("orders", "measure", scale.orders)
        yield Figure(f"orders/{scale.orders}", "of ideal", values)


def transfers(_: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure what share of obstore's own speed ours has, to a bucket and from it."""
    if scale.transfers:
        for way, values in tools.ask("transfers", "measure", scale.transfers).items():
            yield Figure(f"transfers/{way}", "of obstore", values)


def mastering(_: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure the CPU time that each tool takes to master each of some pieces."""
    count, seconds = scale.pieces
    peer = tools.others.get("ffmpeg-normalize")
    found = tools.ask("mastering", "seconds_of_each", count, seconds, 3, peer and str(peer))
    for name, values in found.items():
        yield Figure(f"mastering/{name}", "s", values)


def sketches(_: Ground, tools: Tools, scale: Scale) -> Iterator[Figure]:
    """Measure how many seconds of music a second of one core makes, prompt by prompt."""
    yield Figure("sketch/all styles", "x", tools.ask("sketches", "measure", scale.sketches))
