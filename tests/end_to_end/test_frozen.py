"""From lock and store alone: the very files, on a machine that can pay nobody."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gateway import Gateway
from projects import PROGRAM, Project

from musicbuild.hashing import digest_bytes
from musicbuild.remotes import open_remote

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*/musicbuild.yaml"))
ALBUM = """
    version: 1
    store: {url: ../store, push: true}
    tracks:
      theme: {prompt: slow waltz, duration: 15, model: musicgen, formats: [mp3, ogg]}
      calm: {prompt: calm pads, duration: 2.5}
"""


@pytest.fixture
def store(tmp_path):
    place = tmp_path / "store"
    open_remote(str(place), root=tmp_path, environment={}, create=True).close()
    return place


@pytest.fixture
def clone(tmp_path):
    """Give new clones of a project, with nothing but what is committed; they have no key."""

    def clone(origin, name):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("musicbuild.yaml", "musicbuild.lock"):
            shutil.copy(origin.folder / file, folder / file)
        made = Project(folder, origin.gateway)
        made.env.pop("ELUMENTA_API_KEY", None)
        return made

    return clone


@pytest.fixture
def origin(tmp_path, store):
    with Gateway() as gateway:
        folder = tmp_path / "origin"
        folder.mkdir()
        project = Project(folder, gateway).write(ALBUM)
        project.build(charges=["slow waltz"])
        yield project


def digests(project):
    """Return what the lock says of each output, and what lies at its path."""
    outputs = [
        one for track in project.lock()["tracks"].values() for one in track["outputs"].items()
    ]
    locked = {path: made["digest"] for path, made in outputs}
    return locked, {path: digest_bytes((project.folder / path).read_bytes()) for path in locked}


def test_outputs_are_put_back_byte_for_byte_and_nobody_is_asked(origin, clone):
    asked = len(origin.gateway.requests)
    copy = clone(origin, "copy")
    ran = copy.run("build", "--frozen")
    assert ran.code == 0, ran.err
    locked, there = digests(copy)
    assert locked == there
    assert len(locked) == 3
    again = copy.run("build", "--frozen")
    assert again.out == " spent nothing   2 up to date\n"
    assert len(origin.gateway.requests) == asked
    assert copy.run("check").code == 0


def test_what_no_store_has_is_listed(origin, clone, store):
    copy = clone(origin, "copy")
    lost = origin.lock()["tracks"]["theme"]["outputs"]["audio/theme.ogg"]["digest"]
    store.joinpath("objects", lost[:2], lost[2:]).unlink()
    ran = copy.run("build", "--frozen")
    assert ran.code == 7
    assert "`audio/theme.ogg` can't be restored: no store has those bytes" in ran.err
    assert (copy.folder / "audio/calm.mp3").exists()


@pytest.mark.parametrize("data", [b"", b"poisoned"])
def test_poisoned_bytes_are_never_put_in_place(origin, clone, store, data):
    copy = clone(origin, "copy")
    for path in store.glob("objects/*/*"):
        path.chmod(0o600)
        path.write_bytes(data)
    ran = copy.run("build", "--frozen")
    assert ran.code == 7
    assert not list(copy.folder.glob("audio/*"))


def test_a_store_that_is_gone_is_said(origin, clone, store):
    copy = clone(origin, "copy")
    store.rename(store.with_name("elsewhere"))
    ran = copy.run("build", "--frozen")
    assert ran.code == 5
    assert "is no store: there is no such folder" in ran.err


def test_a_file_changed_by_hand_stays_unless_it_is_given_up(origin, clone):
    copy = clone(origin, "copy")
    copy.put("audio/calm.mp3", b"mine")
    ran = copy.run("build", "--frozen")
    assert ran.code == 7
    assert "`audio/calm.mp3` was changed by another hand and is kept" in ran.err
    assert (copy.folder / "audio/calm.mp3").read_bytes() == b"mine"
    assert copy.run("build", "--frozen", "--overwrite").code == 0
    locked, there = digests(copy)
    assert locked == there


def test_a_track_that_was_never_made_is_not_up_to_date(origin, clone):
    copy = clone(origin, "copy")
    with (copy.folder / "musicbuild.yaml").open("a") as file:
        file.write("  more: {prompt: more}\n")
    ran = copy.run("build", "--frozen")
    assert ran.code == 3
    assert "error: `more`: not in the lock, so there is nothing to restore" in ran.err


def test_it_may_be_looked_at_first(origin, clone):
    copy = clone(origin, "copy")
    ran = copy.run("build", "--frozen", "--dry-run", "--json")
    assert {step["action"] for step in ran.json["data"]["steps"]} == {"restore"}
    assert not (copy.folder / "audio").exists()


@pytest.mark.parametrize(
    "option", ["--locked", "--draft", "--force=calm", "--cluster=tcp://127.0.0.1:1"]
)
def test_what_contradicts_it_is_refused(origin, option):
    ran = origin.run("build", "--frozen", option)
    assert ran.code == 2
    assert "`--frozen` excludes" in ran.err


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_comes_back_from_lock_and_store(tmp_path, store, example):
    """In a network namespace of its own, where no provider can be reached."""
    first, second = tmp_path / "first", tmp_path / "second"
    ignored = shutil.ignore_patterns("audio", ".musicbuild", "musicbuild.lock", "*.mp3", "*.ogg")
    for folder in (first, second):
        shutil.copytree(example.parent, folder, ignore=ignored)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MUSICBUILD_STORE": str(store)}
    made = [PROGRAM, "build", "--draft", "--push", "-q"]
    subprocess.run(made, cwd=first, env=env, check=True, capture_output=True)
    shutil.copy(first / "musicbuild.lock", second)
    frozen = [*alone(), PROGRAM, "build", "--frozen", "--json"]
    ran = subprocess.run(frozen, cwd=second, env=env, check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    tracks = json.loads((second / "musicbuild.lock").read_text())["tracks"]
    locked = {path: made for track in tracks.values() for path, made in track["outputs"].items()}
    assert locked
    for path, made in locked.items():
        assert digest_bytes((second / path).read_bytes()) == made["digest"]


def alone():
    """Return what starts a program without a network, where the system can do that."""
    if sys.platform == "linux" and shutil.which("unshare"):
        return ["unshare", "--user", "--map-root-user", "--net"]
    return []


# What was bought and is gone.


def test_missing_audio_is_fetched_from_the_store_or_from_its_provider(origin, store):
    shutil.rmtree(origin.folder / ".musicbuild/store")
    ran = origin.run("recover", "--missing", "--dry-run", "--json")
    assert len(ran.json["data"]["missing"]) == 2
    assert origin.run("recover", "--missing").code == 0
    shutil.rmtree(origin.folder / ".musicbuild/store")
    shutil.rmtree(store / "objects")
    ran = origin.run("recover", "--missing")
    assert ran.code == 0
    assert ran.err.count("here again") == 2
    assert origin.run("recover", "--missing", "--dry-run").out == (
        "all that was bought is on this machine\n"
    )
    assert len(origin.gateway.charges) == 1


def test_audio_that_nobody_has_any_more_is_named(origin, store):
    shutil.rmtree(origin.folder / ".musicbuild/store")
    shutil.rmtree(store / "objects")
    origin.gateway.generations.clear()
    ran = origin.run("recover", "--missing")
    assert ran.code == 7
    bought = next(one for one in origin.lock()["purchases"].values() if one["cost"] != "0")
    assert bought["generation"] in ran.err


def test_what_was_pushed_later_is_bought_by_nobody(tmp_path, store):
    with Gateway() as gateway:
        first, second = (Project(tmp_path / name, gateway) for name in ("first", "second"))
        for project in (first, second):
            project.folder.mkdir()
            project.write(ALBUM)
        first.build("--no-push", charges=["slow waltz"])
        assert not store.joinpath("objects").exists()
        assert first.run("push").code == 0
        second.build(charges=[])
        assert digests(second)[0] == digests(first)[0]


def test_nothing_is_pushed_to_no_store(tmp_path):
    with Gateway() as gateway:
        project = Project(tmp_path, gateway).write("version: 1\ntracks: {a: {prompt: calm}}\n")
        ran = project.run("build", "--push")
    assert ran.code == 2
    assert ran.err.startswith("error: `musicbuild.yaml` names no store\nhint: add `store:")
