"""Schedules: builds of one small project, each with its faults and cuts, and a last one without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from random import Random

from specimens import spec, track

from musicbuild.build import Terms
from musicbuild.spec import TrackSpec
from musicbuild.witness import Settling

from .disk import LEFT, MOMENTS, Cut
from .service import PRICE
from .world import Violation, World

WRITING = (0.0, 1.0, 20.0)
"""Seconds that a lock takes to be written: it is written each time, or now and then, or at last."""

PAUSES = (0, 1, 30, 100, 200, 400, 4000)


@dataclass(frozen=True, slots=True)
class Result:
    """How one schedule went; `violation` is empty if all promises were kept."""

    seed: int
    violation: str
    trace: tuple[str, ...]
    cuts: int


def project(variant: int) -> list[TrackSpec]:
    """Wish for three tracks, two of them in the same words."""
    match variant:
        case 0:  # two pieces of music, told apart by their length
            first = track("dawn", spec("Calm pads", duration=30))
            return [first, track("dusk", spec("Calm pads", duration=60)), track("noon", "Drums")]
        case 1:  # two takes
            return [track("dawn", "Calm pads", takes=2), track("noon", "Drums")]
        case _:  # twins: one piece of music for two
            return [track("dawn", "Calm pads"), track("dusk", "Calm pads"), track("noon", "Drums")]


def run(seed: int, home: Path, *, team: bool = False) -> Result:
    """Run one schedule; the same seed goes the same way, to the last step.

    A `team` has a remote, and machines that may die with their disks.
    """
    chance = Random(seed)
    world = World(chance, home)
    world.writing = WRITING[seed % len(WRITING)]
    if team:
        world.join_team()
    cuts = 0
    try:
        cuts = _run(chance, world)
    except Violation as error:
        return Result(seed, str(error), tuple(world.trace), cuts)
    return Result(seed, "", tuple(world.trace), cuts)


def _run(chance: Random, world: World) -> int:
    tracks = project(chance.choice([0, 0, 1, 2]))
    wishes = {wish.key for one in tracks for wish in one.wishes}
    whole = {"tokens": Decimal(PRICE * len(wishes))}
    short = {"tokens": Decimal(PRICE * chance.randint(1, len(wishes)))}
    budget = chance.choices([{}, whole, short], [14, 5, 1])[0]
    world.service.limit = int(budget["tokens"]) if budget else None
    world.service.balance = chance.choice(["exact", "exact", "stale", "held"])
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        body = {"model": "musicgen", "prompt": chance.choice(["Calm pads", "Drums"])}
        world.service.enqueue({**body, "duration": 30}, foreign=True)
    world.time.sleep(300)  # they are listed by now
    cuts = 0
    for _ in range(chance.randint(1, 4)):
        cut = _cut(chance) if cuts < 3 and chance.random() < 0.8 else None
        stop_after = chance.randint(1, 12) if chance.random() < 0.1 else None
        ending = world.build(
            tracks,
            replace(_terms(chance, budget), push=world.shelf is not None),
            cut=cut,
            stop_after=stop_after,
            approve=world.intruded(tracks) if chance.random() < 0.05 else lambda _: None,
        )
        cuts += ending.dark
        if world.shelf and chance.random() < 0.6:
            world.lose_disk(cloned=chance.random() < 0.5)
        world.time.sleep(chance.choice(PAUSES))
    world.service.limit = int(whole["tokens"]) if budget else None
    finish(world, tracks, budget and whole)
    return cuts


def finish(world: World, tracks: list[TrackSpec], budget: dict[str, Decimal] | None = None) -> None:
    """Build once more, with nothing in the way, and hold that this is enough."""
    world.service.rate = 0.0
    world.service.script.clear()
    terms = Terms(jobs=1, budget=budget or {}, attempts=99)
    if world.shelf:
        world.shelf.rate = 0.0
        terms = replace(terms, push=True)
    ending = world.build(tracks, terms)
    if ending.outcome is None or ending.outcome.exit_code:
        raise Violation(f"a build without faults did not get through: {world.trace[-1]}")
    world.check_done(tracks)


def _cut(chance: Random) -> Cut:
    return Cut(chance.randint(1, 120), chance.choice(MOMENTS), chance.choice(LEFT))


def _terms(chance: Random, budget: dict[str, Decimal]) -> Terms:
    return Terms(
        jobs=chance.choice([1, 1, 1, 1, 2, 3]),
        keep_going=chance.random() < 0.5,
        budget=budget,
        settling=Settling(wait=chance.random() < 0.7),
    )
