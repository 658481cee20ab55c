"""One case: builds that are killed, one after another, and then one that has to finish.

A case is told by its name alone: `seed 17`, or a point.  A seed kills one to three times, at
points or at moments; a point is tried in a build that begins, and in one that recovers.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from . import nursery, oracle
from .nursery import Server, Stuck
from .oracle import Violation, Wish
from .points import LATER, POINTS, Mine, plant

MANIFEST = """\
version: 1
album: Nightfall
qc: false
defaults: {model: musicgen, duration: 15}
tracks:
  rain: {prompt: rain on a roof, takes: 2}
  storm: {prompt: rain on a roof, duration: 30}
  battle: {prompt: fast march, model: elevenlabs-music}
"""
WISHES: Counter[Wish] = Counter(
    {
        ("musicgen", "rain on a roof", 15): 2,
        ("musicgen", "rain on a roof", 30): 1,
        ("elevenlabs-music", "fast march", 15): 1,
    }
)
BUILD = ("build", "--yes", "--settle", "0.2")

SPAN = 0.25
"""Seconds within which a kill at a random moment falls: about the length of a build."""


@dataclass(frozen=True, slots=True)
class Kill:
    """When a build is killed: the `nth` time that it comes by a point, or after some seconds."""

    point: str = ""
    nth: int = 1
    after: float | None = None

    def __str__(self) -> str:
        return f"{self.point}#{self.nth}" if self.after is None else f"{self.after:.4f} s"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: which of its kills struck, and the promise that was broken, if any."""

    name: str
    kills: tuple[str, ...]
    struck: tuple[bool, ...]
    violation: str = ""


def whole() -> None:
    """The bug that is none."""


def kills_of(seed: int) -> tuple[Kill, ...]:
    chance = Random(seed)
    return tuple(_any_kill(chance) for _ in range(chance.randint(1, 3)))


def _any_kill(chance: Random) -> Kill:
    if chance.random() < 0.5:
        return Kill(after=chance.uniform(0.0, SPAN))
    return Kill(chance.choice(POINTS), chance.randint(1, 4))


def kills_at(point: str) -> tuple[Kill, ...]:
    """Return a kill at a point, and, of builds that recover from one, two more there."""
    sent = Kill("post.sent")
    return (sent, Kill(point)) if point in LATER else (Kill(point), sent, Kill(point), Kill(point))


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a folder in memory, where there is such a thing: a kill, unlike a cut, needs no disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="killed-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(name: str, kills: tuple[Kill, ...], bug: Callable[[], None] = whole) -> Result:
    """Run one case in a folder of its own, with a gateway of its own; a bug is planted in it."""
    struck: list[bool] = []
    with workplace() as home:
        try:
            with nursery.server(home) as server:
                project = begin(home)
                for kill in kills:
                    code = build(project, server, kill, bug)
                    struck.append(code == -signal.SIGKILL)
                build(project, server, bug=bug)
                oracle.check_end(project, server.ledger, WISHES)
                check_at_rest(project, server)
        except (Violation, Stuck) as error:
            said = "".join(f"\n{path.name}: {path.read_text()}" for path in home.glob("*.out"))
            return Result(name, tuple(map(str, kills)), tuple(struck), f"{error}{said}")
    return Result(name, tuple(map(str, kills)), tuple(struck))


def begin(home: Path, manifest: str = MANIFEST) -> Path:
    """Write a project, and make the folders that a build may use besides."""
    project = home / "game"
    for folder in (project, home / "state", home / "tmp"):
        folder.mkdir()
    (project / "musicbuild.yaml").write_text(manifest, "utf-8")
    return project


def environment(project: Path, server: Server) -> dict[str, str]:
    """Return what a build may know: the gateway, and no folder but those of the case."""
    home = project.parent
    own = {"HOME": home, "XDG_STATE_HOME": home / "state", "TMPDIR": home / "tmp"}
    folders = {name: str(path) for name, path in own.items()}
    return {"PATH": os.environ["PATH"], "COLUMNS": "100", **folders, **server.environment}


def build(
    project: Path,
    server: Server,
    kill: Kill | None = None,
    bug: Callable[[], None] = whole,
) -> int:
    """Build, perhaps to be killed, and hold what it leaves against the ledger."""
    out = project.parent / f"build-{len(list(project.parent.glob('build-*')))}.out"
    mine = Mine(kill.point, kill.nth) if kill else Mine()

    def first() -> None:
        bug()
        plant(mine)

    work = nursery.program(project, environment(project, server), BUILD, first)
    code = nursery.wait(
        nursery.fork(work, out),
        look=partial(oracle.check_claims, project, server.ledger),
        kill_after=kill.after if kill else None,
    )
    oracle.check_said(out.read_text("utf-8"), code, {0, -signal.SIGKILL} if kill else {0})
    server.be_quiet()
    oracle.check_claims(project, server.ledger)  # with all that was sent before it died
    return code


def check_at_rest(project: Path, server: Server) -> None:
    """Make sure that a finished project has nothing more to do, and is whole to the last byte."""
    before = oracle.charges(server.ledger)
    for words in (BUILD, ("check",), ("verify",)):
        out = project.parent / f"{words[0]}.out"
        work = nursery.program(project, environment(project, server), words, lambda: None)
        code = nursery.wait(nursery.fork(work, out), look=partial(oracle.lock_of, project))
        oracle.check_said(out.read_text("utf-8"), code, {0})
    if oracle.charges(server.ledger) != before:
        raise Violation("a finished project was paid for again")
