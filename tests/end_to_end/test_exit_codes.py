"""Every exit code of the table in docs/scripting.md, each from something that happens to people."""

from __future__ import annotations

import math
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from projects import PROGRAM

ROOT = Path(__file__).parents[2]
TWO_TRACKS = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen}
    tracks:
      theme: {prompt: slow waltz}
      battle: {prompt: fast march}
"""
ONE = "version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n"
FREE = "version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n"
CLOSED_PIPE = 141
"""Of the shell's making; the README leaves it to the table."""


def table() -> set[int]:
    text = (ROOT / "docs/scripting.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|", text.partition("## Exit codes\n")[2], re.MULTILINE)
    return {int(code) for row in rows for code in row.split(",")}


def test_each_row_of_the_table_has_a_test_here():
    tested = {int(code) for name in globals() for code in re.findall(r"_(\d+)(?=_)", name)}
    assert tested == table()
    assert len(table()) == 12


def test_the_readme_lists_the_same_codes():
    text = (ROOT / "README.md").read_text("utf-8")
    (sentence,) = re.findall(r"^Exit codes: (.+?) `--json`", text, re.MULTILINE | re.DOTALL)
    parts = [part.split()[0] for part in sentence.replace("\n", " ").split("·")]
    assert {int(code) for part in parts for code in part.split("/")} == table() - {CLOSED_PIPE}


def test_0_done_and_nothing_to_do(project):
    project.write(TWO_TRACKS).build(code=0, charges=["slow waltz", "fast march"])
    project.build(code=0, charges=[])
    for words in (["check"], ["plan", "--check"], ["build", "--locked"], ["build"]):
        assert project.run(*words).code == 0


def test_1_a_track_failed_and_what_was_delivered_is_in_the_lock(project, gateway):
    gateway.fault("post", "422")
    ran = project.write(TWO_TRACKS).build("--jobs", "1", "--keep-going", code=1)
    assert " failed    theme" in ran.out
    assert [one["prompt"] for one in project.lock()["purchases"].values()] == ["fast march"]
    assert (project.folder / "audio/battle.mp3").is_file()


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (ONE, ["bild"]),
        (ONE, ["build", "--cheap"]),
        (ONE, ["build", "--jobs", "0"]),
        (ONE, ["build", "--max-cost", "much"]),
        (ONE, ["build", "--max-cost", "-1"]),
        (ONE, ["build", "no-such-track"]),
        (ONE, ["-f", "elsewhere.yaml", "build"]),
        (ONE, []),
        ("version: 1\ntracks: {theme: {prompt: '{{ mood }}'}}\n", ["build", "--yes"]),
        ("tracks: [", ["build", "--yes"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_the_manifest_or_the_command_line_is_wrong(project, gateway, manifest, words):
    ran = project.write(manifest).run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert gateway.requests == []


@pytest.mark.parametrize(
    "words", [["check"], ["plan", "--check"], ["build", "--locked"], ["build", "--locked", "--yes"]]
)
def test_3_not_up_to_date(project, gateway, words):
    ran = project.write(TWO_TRACKS).run(*words)
    assert ran.code == 3
    assert ran.err.count("error: ") == 1
    assert gateway.requests == []
    assert not (project.folder / "musicbuild.lock").exists()


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("", ["build"]),
        ("", ["build", "--json"]),
        ("", ["build", "--max-cost", "17"]),
        ("", ["build", "--yes", "--max-cost", "0"]),
        ("budget: {tokens: 17}\n", ["build", "--yes"]),
        ("budget: {tokens: 17}\n", ["build", "--max-cost", "1000"]),
    ],
    ids=str,
)
def test_4_over_a_limit_or_not_allowed_to_spend(project, gateway, budget, words):
    project.write(TWO_TRACKS)
    project.put("musicbuild.yaml", budget + (project.folder / "musicbuild.yaml").read_text())
    assert project.run(*words).code == 4
    assert (gateway.posts, gateway.charges) == ([], [])


def test_4_ordered_so_often_in_vain(project, gateway):
    gateway.fault("post", "failed", times=math.inf)
    project.write(ONE)
    for code in (1, 1, 4):
        project.build(code=code, charges=[])
    assert len(gateway.posts) == 3
    gateway.faults.clear()
    project.build("--attempts", "4", charges=["slow waltz"])


def test_5_no_key(project, gateway):
    del project.env["ELUMENTA_API_KEY"]
    assert "`ELUMENTA_API_KEY` is not set" in project.write(ONE).build(code=5).err
    project.env["ELUMENTA_API_KEY"] = "nb_not_the_right_one"
    ran = project.build(code=5)
    assert "nb_not_the_right_one" not in ran.err + ran.out
    assert gateway.posts == []


def test_5_no_balance(project, gateway):
    gateway.balance = 8
    project.write(ONE).build(code=5)
    assert gateway.posts == []


def test_5_no_balance_any_more_when_the_order_comes(project, gateway):
    gateway.fault("post", "402")
    project.write(TWO_TRACKS).build("--jobs", "1", code=5, charges=[])
    assert len(gateway.posts) == 1


def test_5_no_connection(project, gateway):
    gateway.server.shutdown()
    gateway.server.server_close()
    assert project.write(ONE).build(code=5).err.count("error: ") == 1
    assert project.journal() == []


def test_6_an_order_may_have_been_charged(project, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=1)
    ran = project.write(ONE).build("--no-wait", code=6, charges=["slow waltz"])
    assert "may have been charged" in ran.err
    assert len(project.journal()) == 1
    project.build(code=0, charges=[])
    assert project.journal() == []


@pytest.mark.parametrize("words", [["plan"], ["check"], ["list"], ["cost"], ["build", "--yes"]])
def test_7_the_lock_is_damaged(project, gateway, words):
    project.write(ONE).put("musicbuild.lock", "{")
    assert project.run(*words).code == 7
    assert gateway.requests == []


def test_7_what_was_bought_is_damaged(project, gateway):
    """Nothing is bought anew for it: the way out is said."""
    project.write(ONE).build()
    shutil.rmtree(project.folder / "audio")
    for stored in project.folder.glob(".musicbuild/store/objects/*/*"):
        stored.chmod(0o644)
        stored.write_bytes(b"rot")
    project.edit("{theme: {", "{theme: {title: Overture, ")
    (made,) = gateway.generations
    made.duration += 1  # the service has other audio by now
    ran = project.build(code=7, charges=[])
    assert "the stored audio of `theme` is damaged, and can't be fetched again: " in ran.err
    made.duration -= 1
    project.build(code=0, charges=[])
    assert len(gateway.posts) == 1


def test_8_another_build_runs(project, gateway):
    gateway.polls = math.inf
    first = project.write(ONE).start("build", "--yes")
    try:
        _until(lambda: gateway.charges)
        ran = project.build(code=8, charges=[])
        assert ran.err.startswith("error: another build of this project runs")
        assert project.run("plan").code == 0
    finally:
        first.kill()
        first.communicate()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["test_130_", "test_143_"])
def test_130_and_143_interrupted(project, gateway, sent):
    gateway.polls = math.inf
    running = project.write(TWO_TRACKS).start("build", "--yes")
    _until(lambda: sum("accepted" in path.read_text() for path in project.journal()) == 2)
    running.send_signal(sent)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + sent
    assert b"2 orders are paid or to be paid, and kept" in err
    assert len(project.journal()) == 2
    for generation in gateway.generations:
        generation.polls = 0
    project.build(charges=[])
    assert project.journal() == []


def test_130_interrupted_twice_is_over_at_once(project, gateway):
    gateway.fault("post", "slow", seconds=3)
    running = project.write(ONE).start("build", "--yes")
    _until(lambda: gateway.charges)
    running.send_signal(signal.SIGINT)
    while running.poll() is None:
        running.send_signal(signal.SIGINT)
        time.sleep(0.01)
    running.communicate()
    assert running.returncode == 130
    assert len(project.journal()) == 1
    project.build("--settle", "1", charges=[])


def test_141_whoever_read_the_output_went_away(project):
    project.write(FREE)
    for words in (["list"], ["plan", "--json"], ["build"], ["schema"]):
        running = subprocess.Popen(
            [PROGRAM, *words],
            cwd=project.folder,
            env=project.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.stdout.close()
        err = running.stderr.read()
        running.stderr.close()
        code = running.wait(60)
        assert (code, b"Traceback" in err) == (141, False)
    assert project.run("check").code == 0


@pytest.mark.parametrize(
    ("faults", "grave"),
    [
        ([("422", False), ("lost", True)], 6),
        ([("lost", True), ("422", False)], 6),
        ([("422", False), ("402", False)], 5),
        ([("422", False), ("400", False)], 1),
    ],
)
def test_of_several_failures_the_gravest_counts(project, gateway, faults, grave):
    for name, queued in faults:
        gateway.fault("post", name, queued=queued, **({"hidden_reads": 99} if queued else {}))
    ran = project.write(TWO_TRACKS).build("--jobs", "1", "--keep-going", "--no-wait", code=grave)
    assert " 2 failed" in ran.out


def test_lost_bytes_are_graver_than_a_refusal(project, gateway):
    project.write(TWO_TRACKS).build("theme")
    (bought,) = project.lock()["purchases"].values()
    shutil.rmtree(project.folder / "audio")
    for stored in project.folder.glob(".musicbuild/store/objects/*/*"):
        stored.chmod(0o644)
        stored.write_bytes(b"rot")
    (made,) = gateway.generations
    made.duration += 1  # the service has other audio by now
    gateway.fault("post", "422")
    ran = project.build("--jobs", "1", "--keep-going", code=7, charges=[])
    assert " 2 failed" in ran.out
    assert project.lock()["purchases"][project.lock()["tracks"]["theme"]["generate"]] == bought


def _until(holds) -> None:
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to hold")
