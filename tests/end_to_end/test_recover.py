"""Orders that a build left open: seen everywhere, looked after first, and given up only by hand."""

from __future__ import annotations

import math
import re

import pytest

pytestmark = pytest.mark.parametrize("project", ["alone", "team"], indirect=True)


ONE = "version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n"
MIXED = """
    version: 1
    tracks:
      theme: {model: musicgen, prompt: slow waltz}
      battle: {model: musicgen, prompt: fast march}
      menu: {prompt: calm pads, duration: 1}
"""
OPEN = " open: 1 order, 9 tokens (theme); a build looks after them first\n"


@pytest.fixture
def lost(project, gateway):
    """A paid order whose answer was lost and which the history does not show yet."""
    gateway.fault("post", "lost", queued=True, hidden_reads=10_000)
    project.write(ONE).build("--no-wait", code=6, charges=["slow waltz"])
    return project


@pytest.fixture
def pending(project, gateway):
    """A paid order that is known by its id, and whose audio can't be had now."""
    gateway.fault("download", "500", times=math.inf)
    project.write(MIXED).build("theme", code=1, charges=["slow waltz"])
    return project


def test_an_open_order_is_seen_everywhere(lost):
    plan = lost.plan().out
    assert "theme  musicgen  30 s   free   new, ordered already, to be collected\n" in plan
    assert plan.endswith(" to pay: nothing\n" + OPEN)
    assert lost.run("cost").out.endswith(OPEN)
    assert "warn  orders: open: 1, sent by an earlier build" in lost.run("doctor").out
    (told,) = lost.run("plan", "--json").json["data"]["open"]
    assert (told["track"], told["price"], told["generation"]) == ("theme", {"tokens": "9"}, None)
    assert lost.run("check").code == 3


def test_a_dry_run_lists_them_without_a_key(lost, gateway):
    del lost.env["ELUMENTA_API_KEY"]
    before = len(gateway.requests)
    ran = lost.run("recover", "--dry-run")
    assert ran.code == 0
    assert re.fullmatch(
        r"theme  musicgen  9 tokens  sent \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  its answer was lost\n\n"
        r"hint: `musicbuild recover` looks for them at the provider, for nothing\n",
        ran.out,
    )
    assert len(gateway.requests) == before


def test_without_any_it_says_so(project):
    assert project.write(ONE).run("recover").out == "no order is open\n"


def test_what_the_history_shows_by_now_is_collected(lost, gateway):
    for generation in gateway.generations:
        generation.hidden_reads = 0
    ran = lost.run("recover")
    assert ran.code == 0, ran.err
    assert "theme: the order of an earlier build is here, paid 9 tokens\n" in ran.err
    lost.build(charges=[])
    assert lost.plan().out.endswith("up to date\n\n to pay: nothing   spent so far: 9 tokens\n")


def test_a_person_may_know_the_generation(lost, gateway):
    ran = lost.run("recover", "--adopt", gateway.charges[0].id)
    assert ran.code == 0, ran.err
    assert lost.journal() == []
    lost.build(charges=[])


def test_what_is_wanted_is_not_given_up_by_accident(lost, gateway):
    ran = lost.run("recover", "--abandon")
    assert ran.code == 4
    assert "`theme` still wants what was ordered" in ran.err
    lost.build("--no-wait", code=6, charges=[])
    assert len(gateway.posts) == 1


def test_only_a_person_pays_again(lost):
    assert lost.run("recover", "theme", "--pay-again").code == 0
    lost.build(charges=["slow waltz"])


def test_what_no_track_wants_any_more_can_be_abandoned(lost):
    lost.edit("slow waltz", "slower waltz")
    assert lost.run("recover", "--abandon").code == 0
    lost.build(charges=["slower waltz"])


def test_options_that_exclude_each_other(lost):
    ran = lost.run("recover", "--abandon", "--pay-again")
    assert (ran.code, "exclude each other" in ran.err) == (2, True)


def test_a_track_without_an_open_order(lost):
    ran = lost.run("recover", "them")
    assert ran.code == 2
    assert ran.err == "error: `them` has no open order\nhint: did you mean `theme`?\n"


def test_an_open_order_keeps_no_other_track_waiting(pending):
    ran = pending.run("build", "menu")
    assert ran.code == 1
    assert (pending.folder / "audio/menu.mp3").is_file()
    assert "menu: made\n" in ran.err


def test_an_open_order_and_no_key_keep_no_draft_from_being_made(pending):
    del pending.env["ELUMENTA_API_KEY"]
    ran = pending.run("build", "--draft")
    assert ran.code == 0, ran.err
    assert (
        "theme: an order of an earlier build stays open: `ELUMENTA_API_KEY` is not set" in ran.err
    )
    assert len(list((pending.folder / "audio").glob("*.mp3"))) == 3


def test_it_is_collected_as_soon_as_it_can_be_had(pending, gateway):
    gateway.faults.clear()
    pending.build(charges=["fast march"])
    pending.build(charges=[], says="spent nothing   3 up to date")


def test_a_quota_that_is_used_up_ends_the_build_in_one_message(project, gateway):
    project.write(
        "version: 1\ndefaults: {model: musicgen}\ntracks:\n"
        + "".join(f"  track-{number}: {{prompt: piece {number}}}\n" for number in range(9))
    )
    queue = gateway.queue

    def until_five(*arguments):
        made = queue(*arguments)
        if len(gateway.charges) == 5:
            gateway.fault("post", "429", times=math.inf, retry_after=1800)
        return made

    gateway.queue = until_five
    ran = project.build("--jobs", "1", code=5)
    assert len(gateway.charges) == 5
    assert ran.out.endswith(" spent 45 tokens   5 made, 4 not begun\n")
    assert ran.err.count("error: ") == 1
    assert re.search(r"elumenta takes no more for now .* it takes more from .* on\n", ran.err)
    gateway.faults.clear()
    gateway.queue = queue
    project.build(charges=[f"piece {number}" for number in range(5, 9)])


@pytest.mark.parametrize(
    "event", [{"GITHUB_EVENT_NAME": "pull_request"}, {"CI_PIPELINE_SOURCE": "merge_request_event"}]
)
def test_a_pull_request_does_not_spend(project, gateway, event):
    project.env.update(event)
    ran = project.write(ONE).build(code=4)
    assert "it runs for a pull request, which anyone may have written; nothing was sent" in ran.err
    assert gateway.posts == []
    project.build("--trust-pull-request", charges=["slow waltz"])


def test_a_project_that_can_only_be_read_has_nothing_to_do(project):
    project.write("version: 1\ntracks: {menu: {prompt: calm pads, duration: 1}}\n").build()
    before = sorted(project.folder.rglob("*"))
    claim = project.folder / ".musicbuild/claim"
    claim.unlink()
    project.build(charges=[], says="spent nothing   1 up to date")
    assert sorted(project.folder.rglob("*")) == [path for path in before if path != claim]
