"""What may be spent, who is asked, and what is said of it."""

from __future__ import annotations

import os
import pty
import select
import subprocess

import pytest
from projects import PROGRAM, TEN_TRACKS

pytestmark = pytest.mark.parametrize("project", ["alone", "team"], indirect=True)


TWO_TRACKS = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen}
    tracks:
      theme: {prompt: slow waltz}
      battle: {prompt: fast march, model: elevenlabs-music}
"""


def test_a_plan_needs_no_key_and_its_prices_are_those_charged(project, gateway):
    project.write(TWO_TRACKS).plan(
        says="""
        musicbuild plan  Nightfall  2 tracks

         + theme   musicgen          30 s    9 tokens   new
         + battle  elevenlabs-music  30 s   58 tokens   new

         to pay: 67 tokens (2 tracks)
        """
    )
    project.build(
        says="""
        made      theme    new    9 tokens
        made      battle   new   58 tokens
        spent 67 tokens   2 made
        """
    )
    assert sorted(charge.tokens for charge in gateway.charges) == [9, 58]
    costs = {one["prompt"]: one["cost"] for one in project.lock()["purchases"].values()}
    assert costs == {"slow waltz": "9", "fast march": "58"}


def test_without_a_key_nothing_is_sent(project, gateway):
    project.write(TWO_TRACKS)
    del project.env["ELUMENTA_API_KEY"]
    ran = project.build(code=5)
    assert ran.err.startswith("error: `ELUMENTA_API_KEY` is not set; nothing was sent\n")
    assert gateway.requests == []


def test_over_the_budget_nothing_is_sent(project, gateway):
    project.write(TWO_TRACKS).edit("album: N", "budget: {tokens: 66}\nalbum: N")
    ran = project.build(code=4)
    assert ran.err == (
        "error: this project would have cost 67 tokens in all, and its budget is 66;"
        " nothing was sent\n"
        "hint: raise `budget` in the manifest, or build fewer tracks\n"
    )
    assert gateway.requests == []
    project.build("theme", charges=["slow waltz"])
    project.build(code=4)
    assert len(gateway.posts) == 1


def test_the_cap_of_a_run_is_kept(project, gateway):
    project.write(TEN_TRACKS)
    ran = project.run("build", "--max-cost", "89.9")
    assert ran.code == 4
    assert "this build would cost 90 tokens, and `--max-cost` allows 89.9" in ran.err
    assert gateway.posts == []
    assert project.run("build", "--max-cost", "90").code == 0


def test_yes_does_not_lift_a_cap(project, gateway):
    project.write(TWO_TRACKS).build("--max-cost", "10", code=4)
    assert gateway.posts == []


def test_yes_alone_is_not_enough_for_many_orders(project, gateway):
    tracks = "".join(f"  track-{number}: {{prompt: piece {number}}}\n" for number in range(26))
    project.put("musicbuild.yaml", f"version: 1\ndefaults: {{model: musicgen}}\ntracks:\n{tracks}")
    ran = project.build(code=4)
    assert ran.err.endswith(
        "error: this build would order 26 pieces of music for 234 tokens, and `--yes` alone allows"
        " 25; nothing was sent\n"
        "hint: say `--max-cost 234`\n"
    )
    assert gateway.posts == []
    project.build("--exclude", "track-25", "--jobs", "8")
    assert len(gateway.charges) == 25
    project.build("--max-cost", "9", charges=["piece 25"])


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_nothing_is_spent_where_nobody_can_be_asked(project, gateway, more):
    project.write(TWO_TRACKS)
    ran = project.run("build", *more)
    assert ran.code == 4
    said = ran.json["errors"][0]["message"] if more else ran.err
    assert "this build would spend 67 tokens, and nobody is there to ask" in said
    assert gateway.posts == []


def test_a_free_build_needs_no_leave(project):
    project.write("version: 1\ntracks: {theme: {prompt: slow waltz, duration: 2}}\n")
    assert project.run("build").code == 0


def test_a_balance_too_low_stops_before_the_first_order(project, gateway):
    gateway.balance = 66
    ran = project.write(TWO_TRACKS).build(code=5)
    assert "elumenta has 66 tokens left, and this build needs 67; nothing was ordered" in ran.err
    assert gateway.posts == []


@pytest.mark.parametrize(
    ("answer", "code", "orders"), [(b"y\n", 0, 2), (b"n\n", 4, 0), (b"\n", 4, 0), (b"\x04", 4, 0)]
)
def test_on_a_terminal_one_is_asked(project, gateway, answer, code, orders):
    project.write(TWO_TRACKS)
    shown = _on_a_terminal(project, answer, code)
    assert "spend 67 tokens? [y/N]" in shown
    assert len(gateway.posts) == orders


def test_interrupting_the_question_buys_nothing(project, gateway):
    project.write(TWO_TRACKS)
    _on_a_terminal(project, b"\x03", 130)
    assert gateway.posts == []


def test_a_draft_is_free_and_replaced_by_the_real_thing(project, gateway):
    project.write(TWO_TRACKS)
    del project.env["ELUMENTA_API_KEY"]
    drafted = project.build(
        "--draft",
        says="""
        drafted   theme    new, as a draft   free
        drafted   battle   new, as a draft   free
        spent nothing   2 drafted
        """,
    )
    assert drafted.code == 0
    assert project.lock()["tracks"]["theme"]["draft"] is True
    project.build("--draft", says="spent nothing   2 up to date")
    assert gateway.requests == []
    project.env.update(gateway.environment)
    project.build(
        charges=["slow waltz", "fast march"],
        says="""
        made      theme    draft until now    9 tokens
        made      battle   draft until now   58 tokens
        spent 67 tokens   2 made
        """,
    )
    assert "draft" not in project.lock()["tracks"]["theme"]
    project.build("--draft", charges=[], says="spent nothing   2 up to date")


def test_a_track_that_is_refused_stops_the_rest_unless_told_to_go_on(project, gateway):
    gateway.fault("post", "422")
    project.write(TWO_TRACKS).build("--jobs", "1", code=1, charges=[])
    gateway.fault("post", "422")
    ran = project.build("--jobs", "1", "--keep-going", code=1, charges=["fast march"])
    assert " spent 58 tokens   1 made, 1 failed\n" in ran.out
    project.build(charges=["slow waltz"])


def test_events_as_json(project):
    ran = project.write(TWO_TRACKS).build("theme", "--json")
    names = [event["event"] for event in ran.events]
    assert names == ["started", "track_started", "ordered", "bought", "track_finished", "finished"]
    assert {event["schema"] for event in ran.events} == {"musicbuild/1"}
    last = ran.events[-1]
    assert (last["ok"], last["spent"], last["errors"]) == (True, {"tokens": "9"}, [])


def _on_a_terminal(project, answer: bytes, code: int) -> str:
    """Run a build on a terminal of its own, answer its question, and return what was shown."""
    master, slave = pty.openpty()
    running = subprocess.Popen(
        [PROGRAM, "build"],
        cwd=project.folder,
        env={**project.env, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509  the child does nothing but take its terminal
    )
    os.close(slave)
    shown, answered = b"", False
    while select.select([master], [], [], 60)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
        if b"[y/N]" in shown and not answered:
            os.write(master, answer)
            answered = True
    assert running.wait(60) == code, shown.decode()
    os.close(master)
    return shown.decode()


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
