"""One bit turned in any file that a project keeps: `verify` names that file.

The lock has values without a second witness, which only git could tell from what they were.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gateway import Gateway
from projects import Project as Built
from specimens import spec

from musicbuild import elsewhere
from musicbuild import lock as locks
from musicbuild.commands.verify import subject
from musicbuild.findings import Grade, Problem
from musicbuild.journal import Payment
from musicbuild.project import open_project
from musicbuild.registry import Registry
from musicbuild.remotes import open_remote
from musicbuild.remotes.folder import MARKER
from musicbuild.verify import verify

FLIPS = 2000
GROUPS = 4
"""Tests that share them."""

MANIFEST = """
    version: 1
    album: Nightfall
    defaults: {duration: 1}
    tracks:
      rain: {prompt: rain, formats: [mp3, ogg, mid]}
      wind: {prompt: wind, formats: [flac, opus, m4a], master: {loudness: -20}}
      short: {prompt: bell, formats: [wav], master: {sample_rate: 16000, channels: 1}}
      paid: {prompt: slow waltz, model: musicgen, duration: 15}
"""

UNWITNESSED = {
    *("cost", "unit", "bought", "seconds", "generation", "tags", "measured", "draft"),
    *("master", "audio_digest", "sound", "encoder", "part", "outputs", "tracks", "purchases"),
    *("audio", "bytes"),
}
"""Where a letter in the lock may be another and still make sense: of `audio` where an output has
the music too, or where it is composed again."""

OF_THE_LOCK = {
    *(Problem.LOCK, Problem.WRONG_KEY, Problem.WRONG_SIZE, Problem.WRONG_TAKE),
    *(Problem.NO_PURCHASE, Problem.AUDIO, Problem.CHANGED, Problem.OTHER, Problem.MISSING),
}
"""What is found where the lock differs from what lies on the disk."""


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """Return a project as it is looked at: built, with orders open, failed and given up."""
    folder = tmp_path_factory.mktemp("built")
    with Gateway() as gateway:
        Built(folder, gateway).join_team(folder.with_name("store")).write(MANIFEST).build()
    found = subject(open_project(folder / "musicbuild.yaml"))
    for number, prompt in enumerate(["lost", "sent", "failed", "given up"]):
        wish = Payment(f"order-{number}", spec(prompt), datetime(2026, 11, 1, tzinfo=UTC))
        found.journal.intend(wish)
        found.journal.accept(wish.attempt, f"gen-{number}")
    found.journal.fail("order-2", spec("failed").key)
    found.journal.give_up("order-3")
    return found


def files(found) -> list[Path]:
    state = found.root / ".musicbuild"
    kept = [
        found.lock_path,
        *found.root.glob("audio/*"),
        *state.glob("store/objects/*/*"),
        *state.glob("journal/**/*.jsonl"),
    ]
    return sorted(kept)


def test_all_kinds_of_files_are_among_them(looked_at):
    found = files(looked_at)
    assert {path.suffix for path in found} >= {
        *(".mp3", ".ogg", ".mid", ".flac", ".opus", ".m4a", ".wav", ".lock", ".jsonl")
    }
    assert {one.problem for one in verify(looked_at).findings} == {Problem.OPEN}


@contextmanager
def turned(path, chance):
    """Have one bit of a file turned; give where that is, and its bytes before and after."""
    whole = path.read_bytes()
    place = chance.randrange(len(whole))
    rotten = bytearray(whole)
    rotten[place] ^= 1 << chance.randrange(8)
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(rotten)
    try:
        yield place, whole, rotten
    finally:
        path.write_bytes(whole)
        path.chmod(mode)


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_bit_that_is_turned_in_the_store_of_the_team_is_found(looked_at, group):
    chance, store = random.Random(group), looked_at.root.with_name("store")
    kept = sorted(path for path in store.rglob("*") if path.is_file() and path.name != MARKER)
    assert {path.relative_to(store).parts[0] for path in kept} == {
        *("claims", "objects", "orders", "purchases")
    }
    remote = open_remote(str(store), root=store, environment={})
    lock = locks.load(looked_at.lock_path)

    def look():
        return elsewhere.verify(
            lock,
            Registry(remote),
            looked_at.repeatable,
            monotonic=time.monotonic,
        )

    for _ in range(FLIPS // GROUPS):
        path = chance.choice(kept)
        with turned(path, chance):
            (finding,) = look()
        assert finding.where == path.relative_to(store).as_posix()
        assert finding.problem.grade is Grade.LOST
    assert look() == ()


@pytest.mark.parametrize("group", range(GROUPS))
def test_every_bit_that_is_turned_is_found(looked_at, group):
    chance, found, unseen = random.Random(group), files(looked_at), 0
    for _ in range(FLIPS // GROUPS):
        path = chance.choice(found)
        with turned(path, chance) as (place, whole, rotten):
            findings = verify(looked_at).findings
        if path == looked_at.lock_path and not is_seen(findings):
            unseen += 1
            assert differing(json.loads(whole), json.loads(rotten)) <= UNWITNESSED, place
        elif path != looked_at.lock_path:
            told = {one.where for one in findings if one.problem is not Problem.OPEN}
            assert looked_at.place(path) in told, (path, place)
    assert unseen < FLIPS / GROUPS / 20
    assert {one.problem for one in verify(looked_at).findings} == {Problem.OPEN}


def is_seen(findings) -> bool:
    return any(
        one.problem in OF_THE_LOCK for one in findings if one.problem.grade is not Grade.NOTE
    )


def differing(one, other, name=""):
    """Return the names under which two values differ."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return set() if one == other else {name}
    if one.keys() != other.keys():
        return {name}
    found = set()
    for key in one:
        inner = name if name in {"tags", "measured"} else key
        found |= differing(one[key], other[key], inner)
    return found
