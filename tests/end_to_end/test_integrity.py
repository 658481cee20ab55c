"""Bytes rot, files vanish, locks are lost: it is found, said, healed, and never paid for again."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

PAID = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen, duration: 15}
    tracks:
      theme: {prompt: slow waltz}
      battle: {prompt: fast march, model: elevenlabs-music}
      rain: {prompt: rain, model: sketch, duration: 1}
"""


def objects(project) -> list[Path]:
    return sorted(project.folder.glob(".musicbuild/store/objects/*/*"))


def damage(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    place = chance.randrange(len(data))
    ways: list[Callable[[], bytes]] = [
        lambda: data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :],
        lambda: data[:place],
        lambda: data[:place] + bytes(len(data) - place),
        lambda: data + b"\0",
    ]
    path.chmod(0o644)
    path.write_bytes(chance.choice(ways)())


def outputs(project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.folder.glob("audio/*")}


def verified(project, code: int) -> list[dict]:
    """Verify without a key, and return the findings; nothing is sent and nothing is written."""
    asked = len(project.gateway.requests)
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")}
    ran = project.run("verify", "--json", env={"ELUMENTA_API_KEY": ""})
    assert ran.code == code, ran.out
    assert len(project.gateway.requests) == asked
    assert before == {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")}
    return ran.json["data"]["findings"]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_store_that_rots_is_found_and_healed(project, seed):
    chance = random.Random(seed)
    project.write(PAID).build()
    made, rotten = outputs(project), chance.sample(objects(project), 4)
    for path in rotten:
        damage(path, chance)
    found = {one["where"] for one in verified(project, 7)}
    assert found == {path.relative_to(project.folder).as_posix() for path in rotten}
    shutil.rmtree(project.folder / "audio")
    project.build(charges=[])
    assert outputs(project) == made
    project.build("--force", "*", charges=[])
    assert verified(project, 0) == []


def test_what_verify_says_is_what_mends_it(project):
    project.write(PAID).build()
    for path in random.Random(1).sample(objects(project), 3):
        damage(path, random.Random(1))
        (found,) = verified(project, 7)
        command = found["hint"].split("`")[1].split()
        assert command[:3] == ["musicbuild", "build", "--force"]
        project.build(*command[2:], charges=[])
        assert verified(project, 0) == []


def test_a_store_that_is_gone_is_had_again_for_nothing(project):
    project.write(PAID).build()
    made = outputs(project)
    shutil.rmtree(project.folder / "audio")
    shutil.rmtree(project.folder / ".musicbuild")
    found = verified(project, 7)
    assert sorted(one["problem"] for one in found) == ["audio missing"] * 2 + ["output missing"] * 3
    project.build(charges=[])
    assert outputs(project) == made
    assert verified(project, 0) == []


@pytest.mark.parametrize("text", [None, "", "{", "<<<<<<< HEAD\n", '{"version": 2}'])
def test_a_lock_that_is_lost_is_no_reason_to_pay(project, gateway, text):
    project.write(PAID).build()
    lock = project.folder / "musicbuild.lock"
    good, asked = lock.read_bytes(), len(gateway.requests)
    if text is None:
        lock.unlink()
    else:
        lock.write_text(text)
    ran = project.build(code=7)
    assert ran.err.startswith("error: `musicbuild.lock` ")
    (found,) = verified(project, 7)
    assert ran.err.startswith(f"error: {found['message']}\nhint: {found['hint']}\n")
    assert len(gateway.requests) == asked
    lock.write_bytes(good)
    project.build(charges=[], says="spent nothing   3 up to date")


def test_a_lock_that_lost_a_purchase_is_no_reason_to_pay(project, gateway):
    project.write(PAID).build()
    lock = project.folder / "musicbuild.lock"
    good = lock.read_bytes()
    key = project.lock()["tracks"]["theme"]["generate"]
    lock.write_bytes(good.replace(f'"{key}": {{'.encode(), f'"{"0" * 64}": {{'.encode()))
    assert [one["problem"] for one in verified(project, 7)] == ["wrong key", "no purchase"]
    asked = len(gateway.posts)
    ran = project.build(code=7, charges=[])
    assert ran.err.endswith(
        "error: `musicbuild.lock` is damaged: purchase `000000000000` does not match its key\n"
        "hint: restore it from version control: it holds what was paid for\n"
    )
    assert len(gateway.posts) == asked
    lock.write_bytes(good)
    project.build(charges=[])


def test_a_lost_answer_is_listed_and_then_settled(project, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=1)
    project.write("version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n")
    project.build("--no-wait", code=6, charges=["slow waltz"])
    (found,) = verified(project, 0)
    assert (found["problem"], found["track"]) == ("order open", "theme")
    (record,) = project.journal()
    good = record.read_bytes()
    record.write_bytes(good.replace(b"slow waltz", b"slow walts"))
    (found,) = verified(project, 7)
    assert found["problem"] == "journal damaged"
    project.build(code=7, charges=[])
    record.write_bytes(good)
    project.build("--settle", "3", charges=[])
    assert verified(project, 0) == []
