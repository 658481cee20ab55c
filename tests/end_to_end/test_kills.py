"""A build may die at any moment: the next ones pay for nothing twice, and nothing is lost.

A kill falls where it falls, so each of these is run at many moments.  The moments are told by what
the server has seen and by what lies on disk, not by a clock.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from musicbuild.audio.mp3 import inspect
from musicbuild.tags import audio_of, read

pytestmark = pytest.mark.parametrize("project", ["alone", "team"], indirect=True)


PAID = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen, duration: 15}
    tracks:
      rain: {prompt: rain on a roof, takes: 2}
      theme: {prompt: slow waltz, duration: 30}
      battle: {prompt: fast march, model: elevenlabs-music}
"""
WISHES = Counter(
    {
        ("musicgen", "rain on a roof", 15): 2,
        ("musicgen", "slow waltz", 30): 1,
        ("elevenlabs-music", "fast march", 15): 1,
    }
)
LENGTHS = {"rain": 15, "theme": 30, "battle": 15}

FREE = """
    version: 1
    album: Nightfall
    defaults: {duration: 1}
    tracks: {dawn: {prompt: calm}, noon: {prompt: bright}, dusk: {prompt: dark}}
"""
SETTLE = ("--settle", "1.5")
LONGEST = 60.0
"""Seconds that any one build may take before the test gives up on it."""


def kill_when(project, reached: Callable[[], bool], *words: str) -> bool:
    """Kill a build as soon as something is reached; tell whether it was not done before.

    All the while the lock is there whole, or not at all.
    """
    running = project.start("build", "--yes", *words)
    end = time.monotonic() + LONGEST
    try:
        while running.poll() is None and not reached():
            assert time.monotonic() < end
            lock_of(project)
            time.sleep(0.0005)
    finally:
        running.kill()
        out, err = running.communicate(timeout=LONGEST)
    assert b"Traceback" not in out + err
    lock_of(project)
    return bool(running.returncode)


def lock_of(project) -> dict:
    try:
        return json.loads((project.folder / "musicbuild.lock").read_bytes())
    except FileNotFoundError:
        return {"purchases": {}, "tracks": {}}


def requests(gateway, more: int) -> Callable[[], bool]:
    end = len(gateway.requests) + more
    return lambda: len(gateway.requests) >= end


def files(project, below: str, more: int) -> Callable[[], bool]:
    """Tell when so many names, of files that are whole or being written, came up in a folder."""
    seen = set(names(project, below))

    def reached() -> bool:
        fresh.update(set(names(project, below)) - seen)
        return len(fresh) >= more

    fresh: set[str] = set()
    return reached


def names(project, below: str) -> list[str]:
    # Unlike `rglob`, this passes over a folder that goes while it is looked at.
    walked = os.walk(project.folder / below)
    found = (Path(folder, name) for folder, inner, files in walked for name in (*inner, *files))
    return [str(path) for path in found if path.suffix != ".json"]


def orders(project) -> list[str]:
    """Return the orders that are not settled; a kill may leave one that never was written down."""
    return [path.name for path in project.journal() if b"\n" in path.read_bytes()]


def finish(project, gateway) -> None:
    """Build until it is done, and hold all that is there against what was asked and charged."""
    project.build(*SETTLE)
    charged = Counter((one.model, one.prompt, one.duration) for one in gateway.charges)
    assert charged == WISHES
    assert orders(project) == []
    bought = lock_of(project)["purchases"]
    assert sorted(one["generation"] for one in bought.values()) == sorted(
        one.id for one in gateway.charges
    )
    assert sum(int(one["cost"]) for one in bought.values()) == 9 + 9 + 9 + 58
    for name, seconds in LENGTHS.items():
        made = (project.folder / "audio" / f"{name}.mp3").read_bytes()
        assert abs(inspect(audio_of(made)).seconds - seconds) < 0.05
        assert read(made)["generation"] in {one.id for one in gateway.charges}
    sent = len(gateway.requests)
    project.build(says="spent nothing   3 up to date", charges=[])
    assert len(gateway.requests) == sent


@pytest.mark.parametrize("seen", range(1, 10))
def test_killed_when_the_server_has_seen_so_much(project, gateway, seen):
    project.write(PAID)
    assert kill_when(project, requests(gateway, seen)) or seen > 4
    finish(project, gateway)


@pytest.mark.parametrize("seen", range(1, 29, 4))
def test_killed_when_so_much_lies_on_disk(project, gateway, seen):
    project.write(PAID)
    assert kill_when(project, files(project, ".musicbuild", seen)) or seen > 9
    finish(project, gateway)


@pytest.mark.parametrize("moments", [(3, 1, 1, 2), (4, 2, 1, 1), (6, 1, 2, 1)], ids=str)
def test_killed_again_while_it_recovers(project, gateway, moments):
    project.write(PAID)
    for moment in moments:
        kill_when(project, requests(gateway, moment), *SETTLE)
    finish(project, gateway)


@pytest.mark.parametrize("moments", [(6, 5, 4, 3), (9, 1, 2, 3)], ids=str)
def test_killed_again_as_soon_as_it_has_written_something(project, gateway, moments):
    project.write(PAID)
    for moment in moments:
        kill_when(project, files(project, ".musicbuild", moment), *SETTLE)
    finish(project, gateway)


def test_killed_between_an_order_and_its_answer(project, gateway):
    """The server charges and holds its answer back; the build dies without having heard of it."""
    project.write(PAID)
    for number in range(3):
        gateway.fault("post", "slow", seconds=0.3, times=4)
        paid = len(gateway.charges)
        kill_when(project, lambda paid=paid: len(gateway.charges) > paid, *SETTLE)
        gateway.faults.clear()
        assert number or gateway.charges
        assert len(lock_of(project)["purchases"]) <= len(gateway.charges)
    finish(project, gateway)


@pytest.mark.parametrize("seen", (2, 6, 12))
def test_free_tracks_killed_while_they_are_made(project, gateway, seen):
    project.write(FREE)
    kill_when(project, files(project, ".musicbuild/store", seen))
    _finish_free(project, gateway)


@pytest.mark.parametrize("seen", (1, 3, 5))
def test_free_tracks_killed_while_they_are_delivered(project, gateway, seen):
    project.write(FREE)
    kill_when(project, files(project, "audio", seen))
    _finish_free(project, gateway)


@pytest.mark.parametrize("seen", (1, 4))
def test_killed_while_all_is_tagged_anew(project, gateway, seen):
    project.write(FREE).build()
    before = {name: audio_of(_output(project, name)) for name in ("dawn", "noon", "dusk")}
    project.edit("album: Nightfall", "album: Daybreak")
    kill_when(project, files(project, "audio", seen))
    for name, music in before.items():
        assert audio_of(_output(project, name)) == music  # the old file or the new, never a part
    _finish_free(project, gateway)
    for name, music in before.items():
        assert read(_output(project, name))["album"] == "Daybreak"
        assert audio_of(_output(project, name)) == music


def test_a_killed_build_leaves_no_claim_behind(project, gateway):
    gateway.polls = 10_000
    project.write(PAID)
    taken = []

    def reached() -> bool:
        if len(gateway.charges) == 3:
            taken.append(project.build(code=8))
        return bool(taken)

    assert kill_when(project, reached)
    gateway.polls = 0
    for generation in gateway.generations:
        generation.polls = 0
    finish(project, gateway)


def _finish_free(project, gateway) -> None:
    project.build()
    project.build(says="spent nothing   3 up to date")
    assert project.run("check").code == 0
    assert gateway.requests == []
    for name in ("dawn", "noon", "dusk"):
        stream = inspect(audio_of(_output(project, name)))
        assert (stream.problems, round(stream.seconds, 2)) == ((), 1.0)


def _output(project, name: str) -> bytes:
    return (project.folder / "audio" / f"{name}.mp3").read_bytes()
