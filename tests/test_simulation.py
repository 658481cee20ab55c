"""Whole builds, simulated: whatever fails and dies, one charge a key, and nothing paid is lost."""

from __future__ import annotations

from random import Random

import pytest
from simulate import kill_all, simulate_all, workplace
from simulation import schedule
from simulation.disk import LEFT, Cut
from simulation.schedule import finish, project
from simulation.service import POST_FAULTS
from simulation.world import Violation, World, universe
from specimens import track

from musicbuild import durable
from musicbuild.build import Terms
from musicbuild.errors import Failed, Unresolved
from musicbuild.witness import Settling

SCHEDULES = 20_000
TEAM_SCHEDULES = 4_000
ONE_JOB = Terms(jobs=1)
HASTY = Terms(jobs=1, keep_going=True, settling=Settling(wait=False))


@pytest.fixture
def home():
    with workplace() as home, universe():
        yield home


def calm_world(home, *script):
    world = World(Random(1), home)
    world.service.rate, world.service.script = 0.0, [*script]
    return world


def test_no_schedule_breaks_a_promise():
    found = simulate_all(0, SCHEDULES, 2)
    assert found["failed"] == {}
    assert found["schedules"] == SCHEDULES
    assert found["cuts"] > SCHEDULES / 2


def test_no_schedule_of_a_team_breaks_a_promise():
    found = simulate_all(0, TEAM_SCHEDULES, 2, team=True)
    assert found["failed"] == {}
    assert found["schedules"] == TEAM_SCHEDULES
    assert found["cuts"] > TEAM_SCHEDULES / 2


def test_a_build_may_die_at_every_step():
    found = kill_all(2, pairs=False)
    assert found["failed"] == {}
    assert found["cuts"] == found["schedules"] > 1000


def test_a_seed_goes_the_same_way_again(home):
    seeds = range(40)
    once = [schedule.run(seed, home) for seed in seeds]
    assert [schedule.run(seed, home) for seed in reversed(seeds)] == once[::-1]
    assert len({one.trace for one in once}) == len(seeds)


@pytest.mark.parametrize("fault", POST_FAULTS)
@pytest.mark.parametrize("variant", [0, 1, 2])
def test_one_build_after_each_fault_is_enough(home, fault, variant):
    world = calm_world(home, fault, fault)
    world.build(project(variant), ONE_JOB)
    finish(world, project(variant))


# What once was wrong.


@pytest.mark.parametrize("left", LEFT)
def test_the_first_order_of_a_new_project_outlives_its_folders(home, left):
    tracks = [track("dawn", "Calm pads")]
    orders = [note for note in _notes(home, tracks) if "attempt-0001" in note]
    assert len(orders) > 3
    for at, note in enumerate(_notes(home, tracks), 1):
        if "attempt-0001" in note:
            world = calm_world(home)
            assert world.build(tracks, ONE_JOB, cut=Cut(at, "after", left)).dark
            finish(world, tracks)


def _notes(home, tracks):
    world, notes = calm_world(home), []
    world.disk.notes = lambda kind, name: notes.append(f"{kind} {name}")
    world.build(tracks, ONE_JOB)
    return notes


def test_the_twin_of_an_order_that_is_open_is_left_open_too(home):
    world = calm_world(home, "unread")
    world.build(project(2), HASTY)
    outcome = world.build(project(2), HASTY).outcome
    assert {name: type(error) for name, error in outcome.failed.items()} == {
        "dawn": Unresolved,
        "dusk": Unresolved,
    }
    assert len(world.service.charges) == 1
    finish(world, project(2))


def test_a_purchase_whose_order_comes_back_counts_once_for_the_budget(home):
    tracks, spent = [track("dawn", "Calm pads")], {"tokens": 18}
    world = calm_world(home)
    notes = _notes(home, tracks)
    at = next(at for at, note in enumerate(notes, 1) if note == "remove attempt-0001.jsonl")
    world = calm_world(home)
    assert world.build(tracks, ONE_JOB, cut=Cut(at, "after", "synced")).dark
    assert [one.attempt for one in world.payments] == ["attempt-0001"]
    finish(world, [*tracks, track("noon", "Drums")], spent)


def test_an_order_sent_again_is_not_taken_for_what_others_cost_meanwhile(home):
    world = calm_world(home, "unread", "", "", "unread")
    jobs = Terms(jobs=2, keep_going=True)
    outcome = world.build(project(0), jobs).outcome
    assert {name: type(error) for name, error in outcome.failed.items()} == {"dawn": Failed}
    finish(world, project(0))


# The simulation itself.


def test_a_disk_without_syncs_loses_what_was_written(home, monkeypatch):
    world = calm_world(home)
    path = world.root / "kept" / "file"
    durable.write(path, b"old")
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    durable.write(path, b"new")
    durable.write(path.with_name("other"), b"text")
    _power_cut(world.disk)
    assert path.read_bytes() == b"old"
    assert not path.with_name("other").exists()


def test_what_was_taken_away_comes_back_until_its_folder_is_synced(home):
    world = calm_world(home)
    path = world.root / "kept" / "file"
    durable.write(path, b"text")
    path.unlink()
    _power_cut(world.disk)
    assert path.read_bytes() == b"text"
    path.unlink()
    durable.sync_folder(path.parent)
    _power_cut(world.disk)
    assert not path.exists()


def _power_cut(disk):
    disk.dead, disk._left = True, disk._image("synced")
    disk.power_up()


def test_a_charge_that_nothing_claims_is_a_violation(home):
    world = calm_world(home)
    world.build(project(0), ONE_JOB)
    world.service.enqueue({"model": "musicgen", "prompt": "Drums", "duration": 30})
    with pytest.raises(Violation, match="paid, and claimed by nothing"):
        world.check()
