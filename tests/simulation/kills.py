"""Every step at which one build can die, and every two, with all that may be left on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from musicbuild.build import Terms

from .disk import LEFT, MOMENTS, Cut
from .schedule import finish, project
from .world import Violation, World

SCRIPTS = {"calm": [], "lost": ["lost", "", "unread"]}
"""The canonical builds: all goes well; one answer is lost, and one order."""

ONE_JOB = Terms(jobs=1)


def kill(home: Path, share: int, shares: int, *, pairs: bool) -> Iterator[tuple[str, int, str]]:
    """Give each case's name, how many cuts struck, and the promise that was broken, if any."""
    for script in SCRIPTS:
        for number, first in enumerate(_cuts(_kinds(home, script, ()))):
            if number % shares != share:
                continue
            if not pairs:
                yield _case(home, script, (first,))
                continue
            if first.moment == "after" or first.left == "part":
                continue  # before the next step is the same, and the pairs are many
            for second in _cuts(_kinds(home, script, (first,))):
                if second.moment != "after" and second.left == first.left:
                    yield _case(home, script, (first, second))


def _cuts(kinds: list[str]) -> Iterator[Cut]:
    for at, kind in enumerate(kinds, 1):
        for moment in MOMENTS:
            if moment == "within" and kind != "write":
                continue
            for left in LEFT:
                yield Cut(at, moment, left)


def _world(home: Path, script: str) -> World:
    world = World(Random(0), home)
    world.service.rate = 0.0
    world.service.script = [*SCRIPTS[script]]
    return world


def _kinds(home: Path, script: str, cuts: tuple[Cut, ...]) -> list[str]:
    """Return the kinds of the steps of the build that follows these cuts."""
    world = _world(home, script)
    for cut in cuts:
        world.build(project(0), ONE_JOB, cut=cut)
    kinds: list[str] = []
    note = world.disk.notes

    def hear(kind: str, name: str) -> None:
        kinds.append(kind)
        note(kind, name)

    world.disk.notes = hear
    world.build(project(0), ONE_JOB)
    return kinds


def _case(home: Path, script: str, cuts: tuple[Cut, ...]) -> tuple[str, int, str]:
    name = " ".join([script, *(f"{cut.at}-{cut.moment}-{cut.left}" for cut in cuts)])
    world, struck = _world(home, script), 0
    try:
        for cut in cuts:
            struck += world.build(project(0), ONE_JOB, cut=cut).dark
        finish(world, project(0))
    except Violation as error:
        return name, struck, str(error)
    return name, struck, ""
