"""The promise that makes people trust a build tool with their money, seen from outside."""

from __future__ import annotations

import math
import os
import shutil
import signal
import time

import pytest
from projects import TEN_TRACKS

pytestmark = pytest.mark.parametrize("project", ["alone", "team"], indirect=True)


TWO_TRACKS = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen}
    tracks:
      theme: {prompt: slow waltz}
      battle: {prompt: fast march, model: elevenlabs-music}
"""


def test_ten_tracks_charge_ten_and_then_none(project, gateway):
    project.write(TEN_TRACKS)
    project.build(charges=[f"piece number {number}" for number in range(10)])
    assert len(gateway.posts) == 10
    project.build(charges=[], says="spent nothing   10 up to date")
    assert len(gateway.posts) == 10


def test_one_changed_prompt_charges_one(project):
    project.write(TEN_TRACKS).build()
    project.edit("piece number 7", "piece number seven").build(
        charges=["piece number seven"],
        says="""
        made      track-7   prompt changed   9 tokens
        spent 9 tokens   1 made, 9 up to date
        """,
    )


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "theme: {",
            "theme: {title: Overture, ",
            "tagged    theme   title changed: tags only   free",
        ),
        (
            "theme: {",
            "overture: {title: Theme, ",
            "mastered  overture   new, its music is at hand   free",
        ),
        ("theme: {", "theme: {output: 'music/a.mp3', ", "mastered  theme   output new   free"),
        (
            "theme: {",
            "theme: {tags: {bpm: 90}, ",
            "tagged    theme   bpm changed: tags only   free",
        ),
        ("theme: {", "theme: {labels: [act1], ", ""),
        ("slow waltz", "slow waltz  ", ""),
    ],
)
def test_what_the_provider_does_not_hear_is_free(project, old, new, says):
    project.write(TWO_TRACKS).build()
    rest = "1 up to date" if says else "2 up to date"
    verb = f"1 {says.split()[0]}, " if says else ""
    project.edit(old, new).build(
        charges=[], says="\n".join([*([says] if says else []), f"spent nothing   {verb}{rest}"])
    )
    project.build(charges=[], says="spent nothing   2 up to date")


def test_a_reverted_prompt_is_free(project):
    project.write(TWO_TRACKS).build()
    first = (project.folder / "audio/theme.mp3").read_bytes()
    project.edit("slow waltz", "slower waltz").build(charges=["slower waltz"])
    project.edit("slower waltz", "slow waltz").build(charges=[])
    assert (project.folder / "audio/theme.mp3").read_bytes() == first


def test_twins_share_one_order(project):
    project.write("""
        version: 1
        defaults: {model: musicgen, prompt: rain on a roof}
        tracks: {one: {}, two: {}, three: {title: Rain}}
    """)
    project.build(charges=["rain on a roof"])
    project.build(charges=[], says="spent nothing   3 up to date")


def test_a_fresh_clone_with_lock_and_store_is_free(project, tmp_path):
    project.write(TWO_TRACKS).build()
    made = {path.name: path.read_bytes() for path in project.folder.glob("audio/*")}
    clone = tmp_path / "clone"
    shutil.copytree(project.folder, clone, ignore=shutil.ignore_patterns("audio", "journal"))
    project.folder = clone
    project.build(charges=[])
    assert {path.name: path.read_bytes() for path in clone.glob("audio/*")} == made


def test_a_fresh_clone_with_outputs_alone_can_be_retagged(project, tmp_path):
    project.write(TWO_TRACKS).build()
    clone = tmp_path / "clone"
    shutil.copytree(project.folder, clone, ignore=shutil.ignore_patterns(".musicbuild"))
    project.folder = clone
    project.build(charges=[], says="spent nothing   2 up to date")
    project.edit("theme: {", "theme: {title: Overture, ").build(
        charges=[],
        says="""
        tagged    theme   title changed: tags only   free
        spent nothing   1 tagged, 1 up to date
        """,
    )


def test_lost_audio_is_fetched_again_and_not_bought(project):
    project.write(TWO_TRACKS).build()
    shutil.rmtree(project.folder / "audio")
    shutil.rmtree(project.folder / ".musicbuild")
    project.build(charges=[])
    assert (project.folder / "audio/theme.mp3").is_file()
    project.build(charges=[], says="spent nothing   2 up to date")


def test_takes_are_bought_once_each(project):
    project.write(TWO_TRACKS).edit("slow waltz", "slow waltz, takes: 2").build(
        charges=["slow waltz", "slow waltz", "fast march"]
    )
    project.edit("takes: 2", "takes: 3").build(charges=["slow waltz"])
    project.edit("takes: 3", "takes: 1").build(charges=[])


@pytest.mark.parametrize("fault", ["lost", "half", "no-id", "html", "truncated", "empty", "reset"])
def test_a_lost_answer_is_found_again(project, gateway, fault):
    gateway.fault("post", fault, queued=True)
    project.write(TWO_TRACKS).build("--settle", "3", charges=["slow waltz", "fast march"])
    assert len(gateway.posts) == 2
    assert project.journal() == []


def test_a_lost_order_that_was_not_charged_is_sent_once_more(project, gateway):
    gateway.fault("post", "unread", queued=False)
    project.write(TWO_TRACKS).build("--settle", "0.3", charges=["slow waltz", "fast march"])
    assert len(gateway.posts) == 3


def test_an_unsettled_order_blocks_until_it_is_found(project, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=4)
    project.write("version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n")
    ran = project.build("--no-wait", code=6, charges=["slow waltz"])
    assert "may have been charged" in ran.err
    project.build("--no-wait", code=6, charges=[])
    project.build("--settle", "3", charges=[])
    assert len(gateway.posts) == 1
    project.build(charges=[], says="spent nothing   1 up to date")


def test_a_history_that_is_down_never_leads_to_a_second_order(project, gateway):
    gateway.fault("post", "slow", seconds=3)
    project.write("version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n")
    running = project.start("build", "--yes")
    _until(lambda: gateway.charges)
    running.kill()
    running.communicate(timeout=60)
    gateway.fault("history", "500", times=math.inf)
    for _ in range(2):
        project.build("--settle", "0.5", code=6, charges=[])
    gateway.faults.clear()
    project.build("--settle", "0.5", charges=[])
    assert len(gateway.posts) == 1


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_stopped_while_it_waits_goes_on_later(project, gateway, sent):
    gateway.polls = 10_000
    project.write("version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n")
    running = project.start("build", "--yes")
    _until(lambda: any("accepted" in path.read_text() for path in project.journal()))
    running.send_signal(sent)
    _, err = running.communicate(timeout=60)
    assert running.returncode == (-sent if sent == signal.SIGKILL else 128 + sent)
    if sent != signal.SIGKILL:
        assert b"1 order is paid or to be paid, and kept" in err
    for generation in gateway.generations:
        generation.polls = 0
    project.build(charges=[])
    assert len(gateway.charges) == 1
    assert project.journal() == []


def test_two_builds_at_once(project, gateway):
    gateway.polls = 10_000
    project.write("version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n")
    first = project.start("build", "--yes")
    _until(lambda: gateway.charges)
    second = project.build(code=8, charges=[])
    assert f"another build of this project runs: process {first.pid} on " in second.err
    for generation in gateway.generations:
        generation.polls = 0
    assert first.wait(60) == 0
    first.communicate()
    project.build(charges=[], says="spent nothing   1 up to date")


def test_an_edited_output_is_kept(project):
    project.write(TWO_TRACKS).build()
    edited = project.put("audio/theme.mp3", b"my own mix")
    project.edit("theme: {", "theme: {title: Overture, ")
    ran = project.build(charges=[])
    assert "kept as changed by hand" in ran.out
    assert edited.read_bytes() == b"my own mix"
    project.build("--overwrite", charges=[])
    assert edited.read_bytes() != b"my own mix"


def test_a_file_that_was_there_before_is_kept_and_nothing_is_bought_for_it(project):
    mine = project.put("audio/theme.mp3", b"my own music")
    project.write(TWO_TRACKS).build(charges=["fast march"])
    assert mine.read_bytes() == b"my own music"


def _until(holds) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"it never came to hold, in {os.getpid()}")
