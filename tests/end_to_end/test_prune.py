"""`prune`: it says what it would take away, asks, and may be killed at any moment."""

from __future__ import annotations

import hashlib
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from projects import PROGRAM

from musicbuild.claim import claim
from musicbuild.clock import SystemClock

MANIFEST = """
    version: 1
    album: Nightfall
    defaults: {duration: 1}
    tracks:
      rain: {prompt: rain}
      wind: {prompt: wind, formats: [ogg], master: {loudness: -20}}
      theme: {prompt: slow waltz, model: musicgen, duration: 15}
      battle: {prompt: fast march, model: musicgen, duration: 15}
"""


@pytest.fixture
def built(project):
    project.write(MANIFEST).build()
    return project


@pytest.fixture
def pruned(built):
    """A project of which two tracks are gone since it was built."""
    return without(built, "wind", "battle")


def without(project, *names):
    path = project.folder / "musicbuild.yaml"
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.split(":")[0].strip() not in names]
    assert len(kept) == len(lines) - len(names)
    path.write_text("".join(kept))
    return project


def files(project) -> dict[str, bytes]:
    """Return all but what says who builds."""
    found = {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for path in project.folder.rglob("*")
        if path.is_file()
    }
    return {path: data for path, data in found.items() if not path.startswith(".musicbuild/claim")}


def at_rest(project, charges: int) -> None:
    """Make sure that a project is whole and has nothing to do, and that nothing was paid again."""
    project.build()
    assert len(project.gateway.charges) == charges
    for words in (["check"], ["verify"]):
        ran = project.run(*words)
        assert ran.code == 0, ran.out
    found = project.run("prune", "--dry-run", "--json").json["data"]
    assert (found["gone"], found["kept"]) == ([], [])


def test_what_would_go_is_listed_and_stays(pruned):
    before = files(pruned)
    ran = pruned.run("prune", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split() for line in ran.out.splitlines()]
    battle, wind = (size(before, f"audio/{name}") for name in ("battle.mp3", "wind.ogg"))
    moved = size(before, "audio/battle.mp3", "audio/wind.ogg")
    assert [" ".join(line) for line in lines[:4]] == [
        f"trash `audio/battle.mp3` {battle} no track makes it any more",
        f"trash `audio/wind.ogg` {wind} no track makes it any more",
        f"delete 2 objects {moved} the same bytes as in an output that goes",
        f"delete 1 object {told(free(pruned, 'wind'))} free, used by no track",
    ]
    assert ran.out.splitlines()[-1].startswith(f" would    move {moved} to the trash, and free ")
    assert files(pruned) == before


def test_without_a_terminal_it_lists_and_refuses(pruned):
    before, listed = files(pruned), pruned.run("prune", "-n").out
    ran = pruned.run("prune")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == (
        f"{listed}\n"
        "error: nobody is there to ask; nothing was taken away\n"
        "hint: say `--yes`, or `--dry-run` to see what would go\n"
    )
    assert files(pruned) == before


def test_what_has_gone_is_in_the_trash_or_can_be_made_again(pruned):
    before, lock = files(pruned), pruned.lock()
    ran = pruned.run("prune", "--yes")
    assert (ran.code, ran.err) == (0, "")
    (folder,) = (pruned.folder / ".musicbuild/trash").iterdir()
    assert ran.out.splitlines()[-1].startswith(" pruned   moved ")
    assert f" to `.musicbuild/trash/{folder.name}`, freed " in ran.out
    for path in ("audio/battle.mp3", "audio/wind.ogg"):
        assert (folder / path).read_bytes() == before[path]
        assert not (pruned.folder / path).exists()
    assert pruned.lock()["purchases"] == lock["purchases"]
    assert set(pruned.lock()["tracks"]) == {"rain", "theme"}
    at_rest(pruned, 2)


def test_a_track_that_comes_back_is_not_paid_for_again(pruned):
    before = files(pruned)
    lock = pruned.lock()
    pruned.run("prune", "--yes")
    pruned.write(MANIFEST).build(charges=[])
    after = files(pruned)
    changed = {path for path in before if before[path] != after[path]}
    assert changed - {"musicbuild.lock"} == {"musicbuild.yaml"}, "`wind` was composed anew"
    assert pruned.lock()["tracks"] == lock["tracks"]


def test_for_programs(pruned):
    ran = pruned.run("prune", "--json")
    assert (ran.code, ran.err) == (4, "")
    ran = pruned.run("prune", "--json", "--yes")
    data = ran.json["data"]
    assert (ran.code, data["done"], data["kept"]) == (0, True, [])
    assert [(one["kind"], one["action"]) for one in data["gone"]] == [
        ("output", "trash"),
        ("output", "trash"),
        ("copy", "delete"),
        ("copy", "delete"),
        ("draft", "delete"),
    ]
    assert data["gone"][0]["track"] == "battle"
    assert data["moved"] == sum(one["bytes"] for one in data["gone"][:2])
    assert data["freed"] == sum(one["bytes"] for one in data["gone"][2:])
    moved = pruned.folder / data["trash"] / data["gone"][0]["where"]
    assert moved.stat().st_size == data["gone"][0]["bytes"]
    assert pruned.run("prune", "--json").json["data"] == {
        "done": False,
        "trash": None,
        "gone": [],
        "kept": [],
        "moved": 0,
        "freed": 0,
    }


def test_what_was_changed_by_hand_stays_and_is_said(pruned):
    pruned.put("audio/battle.mp3", "my own mix")
    ran = pruned.run("prune", "--yes")
    kept = next(line for line in ran.out.splitlines() if "`audio/battle.mp3`" in line)
    assert kept.split(maxsplit=4)[0] == "keep"
    assert kept.endswith("changed by hand: remove it yourself if you don't want it")
    assert (pruned.folder / "audio/battle.mp3").read_bytes() == b"my own mix"
    assert "battle" in pruned.lock()["tracks"]


def test_nothing_to_take_away(built):
    before = files(built)
    for words in (["prune"], ["prune", "--yes"], ["prune", "-n", "--trash"]):
        ran = built.run(*words)
        assert (ran.code, ran.out, ran.err) == (0, " nothing to take away\n", "")
    assert files(built) == before


def test_nothing_was_ever_built(project):
    ran = project.write(MANIFEST).run("prune", "--yes")
    assert (ran.code, ran.out) == (0, " nothing to take away\n")
    assert set(files(project)) == {"musicbuild.yaml"}


def test_bought_audio_needs_a_remote(pruned):
    before = files(pruned)
    ran = pruned.run("prune", "--yes", "--bought")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("error: `--bought` takes away only what the team's store has too,")
    assert files(pruned) == before


def test_bought_audio_goes_once_the_store_of_the_team_has_it_and_comes_back(pruned):
    with_store = MANIFEST.replace("version: 1", "version: 1\n    store: ../team")
    pruned.write(with_store)
    without(pruned, "wind", "battle")
    digest = audio_of(pruned, "battle")
    here = pruned.folder / f".musicbuild/store/objects/{digest[:2]}/{digest[2:]}"
    (pruned.folder.parent / "team").mkdir()
    assert pruned.run("push", "--create").code == 0
    there = next((pruned.folder.parent / "team").rglob(f"*{digest[2:]}"))
    whole, mode = there.read_bytes(), there.stat().st_mode
    there.chmod(0o644)
    there.write_bytes(whole[:-1])
    ran = pruned.run("prune", "--yes", "--bought", "--json")
    assert [one["why"] for one in ran.json["data"]["kept"]] == ["only copy"]
    assert here.read_bytes() == whole
    there.write_bytes(whole)
    there.chmod(mode)
    ran = pruned.run("prune", "--yes", "--bought", "--json")
    assert [one["kind"] for one in ran.json["data"]["gone"]] == ["bought"]
    assert not here.exists()
    assert pruned.run("prune", "--yes", "--trash-days", "0").code == 0
    assert list((pruned.folder / ".musicbuild/trash").iterdir()) == []
    pruned.write(with_store).build(charges=[])
    assert here.read_bytes() == whole
    at_rest(pruned, 2)


def test_a_lock_that_is_gone_makes_nothing_unused(pruned):
    (pruned.folder / "musicbuild.lock").unlink()
    before = files(pruned)
    ran = pruned.run("prune", "--yes")
    assert (ran.code, ran.out) == (7, "")
    assert ran.err.startswith("error: `musicbuild.lock` is missing, and the store holds what")
    assert files(pruned) == before


def test_while_a_build_runs_nothing_goes(pruned):
    with claim(pruned.folder / ".musicbuild", SystemClock()):
        before = files(pruned)
        ran = pruned.run("prune", "--yes")
        assert (ran.code, ran.out) == (8, "")
        assert ran.err.startswith("error: another build of this project runs: process ")
        assert files(pruned) == before


def test_while_an_order_is_open_nothing_goes(pruned, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=10_000)
    path = pruned.folder / "musicbuild.yaml"
    path.write_text(path.read_text() + "  late: {prompt: late, model: musicgen, duration: 15}\n")
    pruned.build("--no-wait", code=6)
    before = files(pruned)
    ran = pruned.run("prune", "--yes")
    assert ran.code == 4
    assert ran.err == (
        "error: an order of `late` is open, and may yet need what would go;"
        " nothing was taken away\n"
        "hint: `musicbuild recover` looks after it\n"
    )
    assert files(pruned) == before


def test_the_trash_is_emptied_of_what_is_old(pruned):
    pruned.run("prune", "--yes")
    trash = pruned.folder / ".musicbuild/trash"
    (folder,) = trash.iterdir()
    assert pruned.run("prune", "-n", "--trash").out == " nothing to take away\n"
    assert "2 files (" in pruned.run("verify").out
    folder.rename(trash / "2026-01-01T00-00-00Z")
    ran = pruned.run("prune", "--trash", "--yes")
    assert ran.out.split()[:6] == ["deleted", "2", "files", "in", "the", "trash"]
    assert list(trash.iterdir()) == []


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"n\n", 4), (b"\n", 4), (b"\x04", 4)])
def test_a_terminal_is_asked(pruned, typed, code):
    before = files(pruned)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "prune"],
        cwd=pruned.folder,
        env=pruned.env,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    seen = b""
    while not seen.endswith(b"[y/N] "):
        seen += os.read(leader, 4096)
    assert b"take away 5 things, " in seen
    os.write(leader, typed)
    out, _ = process.communicate(timeout=60)
    os.close(leader)
    assert process.returncode == code
    assert (out != b"") is (code == 0)
    assert (files(pruned) == before) is (code != 0)


# Kills.

KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "open"}
def watch(event, given):
    global left
    if event not in CHANGES or event == "open" and not (given[2] or 0) & os.O_CREAT:
        return
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
from musicbuild.entry import main
sys.addaudithook(watch)
sys.exit(main())
"""
"""The program, which dies by SIGKILL just before one of the changes that it makes to the disk."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_before_any_change_nothing_is_lost(pruned):
    """The calls are so many that each fourth is tried here; all are in `test_prune.py`."""
    pruned.put("audio/.rain.mp3.0123456789abcdef", "half")
    before, kept = files(pruned), Path(f"{pruned.folder}.kept")
    wind = free(pruned, "wind")
    subprocess.run(["cp", "-a", pruned.folder, kept], check=True)
    code, at = -signal.SIGKILL, 1
    while code == -signal.SIGKILL:
        code = subprocess.run(
            [sys.executable, "-BP", "-c", KILLED, str(at), "prune", "--yes"],
            cwd=pruned.folder,
            env=pruned.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        ).returncode
        assert code in (0, -signal.SIGKILL)
        lost = set(before.values()) - set(files(pruned).values())
        assert lost <= {before["musicbuild.lock"], b"half", wind}, at
        assert pruned.run("prune", "--yes").code == 0
        at_rest(pruned, 2)
        subprocess.run(["rm", "-rf", pruned.folder], check=True)
        subprocess.run(["cp", "-a", kept, pruned.folder], check=True)
        at += 4
    assert at > 12


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_a_killed_build_was_at_is_cleared_by_the_next_or_by_a_pruning(built):
    built.edit("loudness: -20", "loudness: -21")
    built.edit("wind, formats", "wind, duration: 60, formats")
    work = built.folder / ".musicbuild/work"

    def kill() -> None:
        started = built.start("build", "--yes")
        while not list(work.iterdir()):
            assert started.poll() is None
            time.sleep(0.005)
        started.kill()
        started.communicate()
        assert list(work.iterdir()) != []

    kill()
    assert "was left over by a build that died: `musicbuild prune` takes it away" in (
        built.run("verify").out
    )
    assert "left over by builds that died" in built.run("prune", "--yes").out
    assert list(work.iterdir()) == []
    kill()
    built.build(charges=[])
    assert list(work.iterdir()) == []


def size(found, *paths) -> str:
    return told(b"".join(found[path] for path in paths))


def told(data: bytes) -> str:
    return f"{len(data) / 1e6:.1f} MB" if len(data) >= 1e5 else f"{len(data) / 1e3:.1f} kB"


def audio_of(project, name) -> str:
    lock = project.lock()
    return lock["purchases"][lock["tracks"][name]["generate"]]["audio"]


def free(project, name) -> bytes:
    """Return the audio of a track."""
    digest = audio_of(project, name)
    data = (project.folder / f".musicbuild/store/objects/{digest[:2]}/{digest[2:]}").read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
    return data
