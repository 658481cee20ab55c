"""What a program reads: one envelope a command, one line an event, and sums that are true."""

from __future__ import annotations

import json
import math
import shutil
import signal
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from projects import Ran

from musicbuild.cli import COMMANDS

ROOT = Path(__file__).parents[2]
FIELDS = ["schema", "command", "ok", "data", "errors", "warnings", "spent"]
TWO_TRACKS = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen}
    tracks:
      theme: {prompt: slow waltz}
      battle: {prompt: fast march, model: elevenlabs-music}
"""
ONE = "version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n"
FREE = "version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n"


def envelope(ran: Ran) -> dict:
    """Return the one object on stdout, or the last, held against what the process returned."""
    *events, last = ran.events
    assert ran.err == ""
    for event in events:
        assert event["schema"] == "musicbuild/1"
        assert event["event"] != "finished"
    assert list(last)[:7] == FIELDS
    assert last["schema"] == "musicbuild/1"
    for told in (*last["errors"], *last["warnings"]):
        assert set(told) >= {"message", "hint", "file", "line", "column"}
    codes = {error["code"] for error in last["errors"]}
    assert (ran.code in codes) if ran.code else not codes
    assert last["ok"] is (ran.code == 0)
    return last


def built(project, *words: str, code: int = 0) -> list[dict]:
    """Build, and hold what is told against the ledger of the server; return the events."""
    before = len(project.gateway.charges)
    ran = project.run("build", "--yes", "--json", *words)
    assert ran.code == code, ran.out + ran.err
    last = envelope(ran)
    assert list(last) == [*FIELDS, "event"]
    assert (last["command"], last["event"]) == ("build", "finished")
    assert spent(last) == charged(project, before)
    return ran.events


def spent(told: dict) -> Decimal:
    assert set(told["spent"]) <= {"tokens"}
    return Decimal(told["spent"].get("tokens", 0))


def charged(project, since: int = 0) -> int:
    return sum(charge.tokens for charge in project.gateway.charges[since:])


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (["plan"], {"album", "steps", "orphans", "to_pay", "unknown_prices", "spent", "budget"}),
        (["plan", "--online"], {"steps", "balance"}),
        (["build", "--dry-run"], {"album", "steps", "to_pay", "spent", "budget"}),
        (["check"], {"album", "steps", "to_pay"}),
        (["list"], {"tracks"}),
        (["show", "theme"], {"track", "title", "prompt", "values", "takes", "outputs", "plan"}),
        (["cost"], set()),
        (["measure", "audio/theme.mp3"], {"files"}),
        (["models"], {"models"}),
        (["schema"], {"schema"}),
        (["doctor"], {"findings"}),
        (["completion", "bash"], {"shell", "script"}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_every_command_answers_in_one_envelope(project, words, fields):
    project.write(TWO_TRACKS).build("theme")
    for order in ([*words, "--json"], ["--json", *words]):
        ran = project.run(*order)
        assert len(ran.out.splitlines()) == 1
        told = envelope(ran)
        assert (told["command"], told["spent"]) == (words[0], {})
        assert set(told["data"]) >= fields
        assert told["data"]


def test_init_answers_in_one_envelope(project):
    told = envelope(project.run("init", "--json"))
    assert told["command"] == "init"
    for path in told["data"]["written"]:
        assert (project.folder / path).is_file()
    refused = envelope(project.run("init", "--json"))
    assert refused["errors"][0]["message"] == "`musicbuild.yaml` is there already"


def test_no_command_is_left_out_here():
    tried = {"plan", "build", "check", "list", "show", "cost", "measure", "models", "schema"}
    others = {"adopt", "completion", "doctor", "git", "init", "prune", "pull", "push", "recover"}
    others |= {"verify"}
    assert tried | others == set(COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {"init", "completion"}])
def test_every_command_tells_a_wrong_option_as_json(project, name):
    ran = project.write(FREE).run(name, "--no-such-thing", "--json")
    told = envelope(ran)
    assert (ran.code, told["command"], told["data"]) == (2, name, {})
    assert [error["code"] for error in told["errors"]] == [2]


def test_what_a_plan_says_to_pay_is_what_is_charged(project):
    project.write(TWO_TRACKS)
    told = envelope(project.run("plan", "--json"))["data"]
    assert told["to_pay"] == {"tokens": "67"}
    assert {step["track"]: step["price"] for step in told["steps"]} == {
        "theme": {"tokens": "9"},
        "battle": {"tokens": "58"},
    }
    events = built(project)
    assert events[0]["to_pay"] == told["to_pay"]
    assert events[0]["steps"] == told["steps"]
    assert charged(project) == 67
    told = envelope(project.run("plan", "--json"))["data"]
    assert (told["to_pay"], told["spent"]) == ({}, {"tokens": "67"})
    assert [step["action"] for step in told["steps"]] == ["keep", "keep"]


def test_a_build_tells_every_event_of_every_track(project):
    events = built(project.write(TWO_TRACKS))
    assert Counter(event["event"] for event in events) == {
        "started": 1,
        "track_started": 2,
        "ordered": 2,
        "bought": 2,
        "track_finished": 2,
        "finished": 1,
    }
    for track, cost in (("theme", "9"), ("battle", "58")):
        mine = [event for event in events if event.get("track") == track]
        names = ["track_started", "ordered", "bought", "track_finished"]
        assert [event["event"] for event in mine] == names
        ordered, bought = mine[1:3]
        assert ordered["generation"] in {one.id for one in project.gateway.charges}
        assert (bought["cost"], bought["seconds"]) == ({"tokens": cost}, 30.0)
        assert ordered["key"] == bought["key"] == project.lock()["tracks"][track]["generate"]
    assert events[-1]["data"] == {"made": 2, "failed": 0, "left": 0}
    assert [event["event"] for event in built(project)] == ["started", "finished"]


def test_every_event_of_the_documents_table_is_known(project, gateway):
    """And no build tells one that the table doesn't have."""
    text = (ROOT / "docs/scripting.md").read_text("utf-8")
    rows = text.partition("| event | fields |\n")[2].partition("\n\n")[0].splitlines()[1:]
    known = {name.strip(" `") for row in rows for name in row.split("|")[1].split(",")}
    told: set[str] = set()
    project.write(TWO_TRACKS)
    gateway.fault("post", "429", retry_after=0, header="0")
    gateway.fault("post", "lost", queued=True, hidden_reads=2)
    gateway.fault("post", "422")
    for more in (["--keep-going", "--jobs", "1"], ["--settle", "1"], []):
        ran = project.run("build", "--yes", "--json", "--settle", "1", *more)
        told |= {event["event"] for event in ran.events}
    project.write("version: 1\ntracks: {loud: {prompt: x, duration: 1, master: {loudness: -1}}}\n")
    told |= {event["event"] for event in project.run("build", "--json").events}
    told |= {event["event"] for event in project.run("recover", "--missing", "--json").events}
    shutil.rmtree(project.folder / ".musicbuild/store")
    told |= {event["event"] for event in project.run("recover", "--missing", "--json").events}
    rare = {"recovered", "recovering", "postponed", "repeated", "track_left"}
    of_a_team = {"supplied", "unsupplied", "untold"}
    assert told | rare | of_a_team == known


def test_a_track_that_failed(project, gateway):
    gateway.fault("post", "422")
    events = built(project.write(TWO_TRACKS), "--jobs", "1", "--keep-going", code=1)
    (failed,) = [event for event in events if event["event"] == "track_failed"]
    assert failed["track"] == "theme"
    assert failed["errors"] == events[-1]["errors"]
    assert events[-1]["data"] == {"made": 1, "failed": 1, "left": 0}
    assert events[-1]["spent"] == {"tokens": "58"}


def test_the_tracks_that_were_not_begun_are_counted(project, gateway):
    gateway.fault("post", "422")
    events = built(project.write(TWO_TRACKS), "--jobs", "1", code=1)
    assert events[-1]["data"] == {"made": 0, "failed": 1, "left": 1}


@pytest.mark.parametrize("words", [["--max-cost", "10"], ["--max-cost", "66.99"]], ids=str)
def test_a_refusal_to_spend_is_one_line(project, gateway, words):
    (told,) = built(project.write(TWO_TRACKS), *words, code=4)
    assert (told["data"], told["spent"]) == ({}, {})
    assert told["errors"][0]["hint"]
    assert gateway.posts == []


def test_a_manifest_that_is_wrong_is_one_line_with_every_place(project, gateway):
    project.write(
        "version: 1\ndefaults: {model: musicgen}\n"
        "tracks:\n  one: {prompt: a, duration: 3}\n  two: {prompt: '{{ b }}'}\n"
    )
    (told,) = built(project, code=2)
    assert [(one["file"], one["line"], one["column"]) for one in told["errors"]] == [
        ("musicbuild.yaml", 4, 30),
        ("musicbuild.yaml", 5, 21),
    ]
    assert gateway.requests == []


def test_warnings_come_along_and_are_no_errors(project):
    project.write("version: 1\nvars: {unused: 1}\n" + FREE.partition("\n")[2])
    for words in (["plan"], ["build"], ["list"]):
        told = envelope(project.run(*words, "--json"))
        (warning,) = told["warnings"]
        assert "`unused`" in warning["message"]
        assert (warning["file"], warning["line"]) == ("musicbuild.yaml", 2)


def test_an_order_that_may_have_been_charged_counts_as_spent(project, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=1)
    project.write(ONE)
    events = built(project, "--no-wait", code=6)
    assert events[-1]["spent"] == {"tokens": "9"}
    events = built(project, "--settle", "1")
    (found,) = [event for event in events if event["event"] == "recovered"]
    assert (found["charged"], found["cost"], found["model"]) == (True, {"tokens": "9"}, "musicgen")
    assert events[-1]["spent"] == {}


def test_an_order_that_was_not_charged_is_told_so_by_the_next_build(project, gateway):
    gateway.fault("post", "unread", queued=False)
    project.write(ONE)
    ran = project.run("build", "--yes", "--json", "--no-wait")
    assert (ran.code, charged(project)) == (6, 0)
    events = built(project, "--settle", "0.3")
    (found,) = [event for event in events if event["event"] == "recovered"]
    assert (found["charged"], found["cost"]) == (False, {})
    assert events[-1]["spent"] == {"tokens": "9"}


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_ends_its_lines_too(project, gateway, sent):
    gateway.polls = math.inf
    running = project.write(TWO_TRACKS).start("build", "--yes", "--json")
    end = time.monotonic() + 60
    while sum("accepted" in path.read_text() for path in project.journal()) < 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    running.send_signal(sent)
    out, err = running.communicate(timeout=60)
    ran = Ran(running.returncode, out.decode(), err.decode())
    assert ran.code == 128 + sent
    last = envelope(ran)
    assert last["event"] == "finished"
    assert spent(last) == charged(project) == 67
    assert ran.events[0]["event"] == "started"
    for generation in gateway.generations:
        generation.polls = 0
    events = built(project)
    assert [event["event"] for event in events].count("recovered") == 2


def test_the_sum_of_all_builds_is_the_ledger(project, gateway):
    """Through failures, changes and reverts; and `cost` says the same."""
    gateway.fault("post", "422")
    gateway.fault("post", "failed")
    project.write(TWO_TRACKS)
    total = spent(built(project, "--jobs", "1", "--keep-going", code=1)[-1])
    for old, new in (("slow waltz", "slower waltz"), ("slower waltz", "slow waltz")):
        total += spent(built(project)[-1])
        project.edit(old, new)
    total += spent(built(project)[-1])
    assert total == charged(project) == 58 + 9 + 9
    told = envelope(project.run("cost", "--json"))["data"]
    assert told["spent"] == {"tokens": str(total)}
    bought = project.lock()["purchases"].values()
    assert sum(Decimal(one["cost"]) for one in bought) == total


def test_text_from_outside_can_not_break_a_line(project, gateway):
    gateway.fault("post", "422", message='no\n{"event": "finished"}\u2028\u202e\x1b[2J"')
    ran = project.write(ONE).run("build", "--yes", "--json")
    assert ran.out.isascii()
    assert "\\u001b" not in ran.out
    names = [json.loads(line)["event"] for line in ran.out.splitlines()]
    assert names == ["started", "track_started", "track_failed", "finished"]
    assert envelope(ran)["errors"][0]["code"] == 1
