"""Buying: whatever the service does, one charge a key, and nothing that was charged is lost."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from gateway import Fault, Gateway
from specimens import spec, track
from studio import Studio

from musicbuild.build import Terms
from musicbuild.errors import (
    Busy,
    Failed,
    IntegrityError,
    NotSent,
    Refused,
    Unavailable,
    Undelivered,
    Unresolved,
)
from musicbuild.events import Ordered, Recovered, Searching, Waiting
from musicbuild.journal import Journal
from musicbuild.providers import elumenta_api
from musicbuild.witness import Settling

MENU = track("menu", "Calm pads")
HASTY = Terms(jobs=1, settling=Settling(wait=False))


@pytest.fixture
def studio(tmp_path, clock):
    with Gateway() as gateway:
        yield Studio(tmp_path, gateway, clock)


def failure(outcome):
    """Return what failed, if anything did."""
    assert len(outcome.failed) <= 1
    return outcome.failed.get("menu")


def assert_bought_once(studio):
    assert studio.charges == 1
    assert studio.open_payments == []
    assert studio.lock.spent == {"tokens": 9}
    assert studio.lock.purchases[MENU.generate.key].generation == studio.gateway.charges[0].id
    assert studio.plan(MENU).to_do == ()


def test_a_purchase_says_what_was_bought(studio):
    outcome = studio.build(MENU)
    assert outcome.spent == {"tokens": 9}
    assert outcome.exit_code == 0
    assert_bought_once(studio)
    bought = studio.lock.purchases[MENU.generate.key]
    audio = studio.store.get(bought.audio)
    assert (bought.provider, bought.model, bought.prompt) == ("elumenta", "musicgen", "Calm pads")
    assert (bought.duration, bought.take, bought.seconds) == (30, 1, 30)
    assert bought.bytes == len(audio)
    assert bought.bought == studio.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("dialect", [1, 2, "mixed"])
def test_every_dialect_is_understood(studio, dialect):
    studio.gateway.dialect, studio.gateway.polls = dialect, 2
    studio.build(MENU)
    assert_bought_once(studio)


# Orders.

LOST = [
    *("lost", "half", "no-id", "null-id", "odd-id", "long-id", "html", "truncated", "empty"),
    *("list", "deep", "huge"),
]
NOWHERE = [
    "dropped",
    "unread",
    "reset",
    "500",
    "502",
    "503-html",
    "504",
    "409",
    "302",
    "303",
    "520",
]


@pytest.mark.parametrize("fault", LOST)
def test_an_order_whose_answer_is_lost_is_found_in_the_history(studio, fault):
    studio.gateway.fault("post", fault)
    assert failure(studio.build(MENU)) is None
    assert len(studio.gateway.posts) == 1
    assert_bought_once(studio)


@pytest.mark.parametrize("fault", [name for name in NOWHERE if name not in ("dropped", "unread")])
def test_a_broken_answer_to_an_accepted_order_is_found_in_the_history(studio, fault):
    studio.gateway.fault("post", fault, queued=True)
    assert failure(studio.build(MENU)) is None
    assert len(studio.gateway.posts) == 1
    assert_bought_once(studio)


@pytest.mark.parametrize("fault", NOWHERE)
def test_an_order_that_went_nowhere_is_sent_again_after_the_settling_time(studio, fault):
    studio.gateway.fault("post", fault, queued=False)
    assert failure(studio.build(MENU)) is None
    assert len(studio.gateway.posts) == 2
    assert studio.clock.monotonic() >= 300
    assert_bought_once(studio)


def test_an_order_that_is_listed_late_is_waited_for(studio):
    studio.gateway.fault("post", "lost", hidden_reads=6)
    assert failure(studio.build(MENU)) is None
    assert any(isinstance(event, Searching) for event in studio.events)
    assert len(studio.gateway.posts) == 1
    assert_bought_once(studio)


@pytest.mark.parametrize("hours", [-14, -1, 1, 14])
def test_a_clock_that_is_hours_wrong_hides_no_order(studio, hours):
    studio.clock._start += timedelta(hours=hours)
    studio.gateway.fault("post", "lost")
    studio.build(MENU)
    assert_bought_once(studio)


def test_two_orders_that_got_lost_are_enough(studio):
    studio.gateway.fault("post", "dropped", times=math.inf)
    error = failure(studio.build(MENU))
    assert isinstance(error, Failed)
    assert str(error) == (
        "two orders of `menu` got lost, and neither was charged\n"
        "hint: see whether the provider works at all, then build again"
    )
    assert len(studio.gateway.posts) == 2
    assert (studio.charges, studio.open_payments) == (0, [])


@pytest.mark.parametrize("fault", LOST)
def test_one_that_may_not_wait_finds_what_is_listed_at_once(studio, fault):
    studio.gateway.fault("post", fault)
    assert failure(studio.build(MENU, terms=HASTY)) is None
    assert_bought_once(studio)


def test_one_that_may_not_wait_leaves_the_rest_to_the_next_build(studio):
    studio.gateway.fault("post", "lost", hidden_reads=1)
    outcome = studio.build(MENU, terms=HASTY)
    when = (studio.open_payments[0].intended + timedelta(seconds=300)).strftime("%H:%M:%SZ")
    error = failure(outcome)
    assert isinstance(error, Unresolved)
    assert error.message == ("an order at elumenta may have been charged: its answer was lost")
    assert error.hint.startswith("run `musicbuild build` after ")
    assert when in error.hint
    assert outcome.exit_code == 6
    assert outcome.spent == {"tokens": 9}, "what may have been charged is counted"
    studio.build(MENU, terms=HASTY)
    assert_bought_once(studio)


def test_one_that_may_not_wait_orders_nothing_before_the_settling_time_and_again_after_it(studio):
    studio.gateway.fault("post", "dropped")
    assert studio.build(MENU, terms=HASTY).exit_code == 6
    assert isinstance(failure(studio.build(MENU, terms=HASTY)), Unresolved)
    assert len(studio.gateway.posts) == 1
    studio.clock.sleep(300)
    studio.build(MENU, terms=HASTY)
    assert Recovered("menu", MENU.generate, None) in studio.events
    assert_bought_once(studio)


def test_no_history_is_no_proof_that_nothing_was_charged(studio):
    studio.gateway.fault("post", "lost")
    studio.approve = lambda _: studio.gateway.fault("history", "500", times=math.inf)
    outcome = studio.build(MENU)
    assert isinstance(failure(outcome), Unresolved)
    assert outcome.exit_code == 6
    with pytest.raises(Unavailable) as caught:
        studio.build(MENU, track("boss", "Loud drums"))
    assert caught.value.exit_code == 6  # what may have been charged is graver
    studio.gateway.faults.clear()
    studio.build(MENU)
    assert len(studio.gateway.posts) == 1
    assert_bought_once(studio)


def test_a_history_that_fails_for_a_while_is_read_again(studio):
    def fail(event):
        if isinstance(event, Searching) and not studio.gateway.faults.get("history"):
            studio.gateway.fault("history", "500", times=8)
            studio.heard = lambda _: None

    studio.heard = fail
    studio.gateway.fault("post", "dropped")
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


def test_the_same_prompt_of_somebody_else_is_not_taken_for_ours(studio):
    earlier = studio.clock.now() - timedelta(minutes=5)
    old = studio.gateway.add("musicgen", "Calm pads", created=earlier)
    studio.gateway.add("musicgen", "Loud drums")
    studio.gateway.fault("post", "lost")
    studio.build(MENU)
    assert studio.lock.purchases[MENU.generate.key].generation != old.id
    assert_bought_once(studio)


def test_a_prompt_is_known_again_in_another_form(studio):
    wish = track("menu", spec("  Cafe\u0301 —\r\nnuit  "))
    studio.gateway.fault("post", "lost")

    def retell(event):
        if isinstance(event, Searching) and studio.gateway.generations:
            studio.gateway.generations[0].prompt = "Café —\nnuit"

    studio.heard = retell
    studio.gateway.hidden_reads = 2
    assert failure(studio.build(wish)) is None
    assert studio.charges == 1


def test_an_order_that_failed_is_not_taken_for_a_lost_one(studio):
    studio.gateway.fault("post", "failed")
    studio.gateway.fault("post", "lost")
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


def test_two_lost_orders_of_one_prompt_find_one_generation_each(studio):
    twice = replace(MENU, takes=2)
    studio.gateway.fault("post", "lost", times=2, hidden_reads=1)
    assert studio.build(twice, terms=HASTY).exit_code == 6
    assert studio.build(twice, terms=HASTY).exit_code == 6
    assert studio.build(twice, terms=HASTY).exit_code == 0
    assert studio.charges == 2
    bought = {one.generation for one in studio.lock.purchases.values()}
    assert bought == {one.id for one in studio.gateway.charges}


def test_a_generation_is_never_bought_for_two_keys(studio):
    studio.build(MENU)
    gateway, first = studio.gateway, studio.gateway.generations[0]
    queue, gateway.lock = gateway.queue, gateway.lock

    def repeat(*arguments):
        queue(*arguments)
        return first

    gateway.queue = repeat
    other = track("boss", "Loud drums")
    assert studio.build(other).exit_code == 0
    assert studio.charges == 2
    assert len({one.generation for one in studio.lock.purchases.values()}) == 2


# Refusals.


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        *((str(status), 1) for status in (400, 403, 404, 413, 422, 451)),
        *((str(status), 5) for status in (401, 402, 307, 308)),
        ("403-html", 5),
    ],
)
def test_a_refusal_is_not_charged_and_not_tried_again(studio, fault, code):
    studio.gateway.fault("post", fault)
    outcome = studio.build(MENU)
    assert isinstance(failure(outcome), Refused)
    assert outcome.exit_code == code
    assert outcome.spent == {}
    assert len(studio.gateway.posts) == 1
    assert (studio.charges, studio.open_payments) == (0, [])
    studio.build(MENU)
    assert_bought_once(studio)


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_busy_service_is_waited_for(studio, fault):
    studio.gateway.fault("post", fault, times=3, retry_after=40)
    assert failure(studio.build(MENU)) is None
    assert [event for event in studio.events if isinstance(event, Waiting)] == [
        Waiting("menu", 40.0)
    ] * 3
    assert_bought_once(studio)


def test_a_busy_service_that_does_not_say_for_how_long_is_waited_for(studio):
    studio.gateway.fault("post", "503", times=4)
    assert failure(studio.build(MENU)) is None
    waits = [event.seconds for event in studio.events if isinstance(event, Waiting)]
    assert waits == [5, 10, 20, 40]
    assert_bought_once(studio)


def test_a_service_that_is_busy_for_long_is_not(studio):
    studio.gateway.fault("post", "429", times=2, retry_after=200)
    outcome = studio.build(MENU)
    assert isinstance(outcome.closed, Busy)
    assert (outcome.left, outcome.exit_code) == (("menu",), 5)
    assert studio.open_payments == []
    studio.build(MENU)
    assert_bought_once(studio)


def deaf(connects):
    """Let so many connections for orders be refused."""
    post = elumenta_api.Api.post
    left = [connects]

    def refuse(api, *arguments, **more):
        if left[0]:
            left[0] -= 1
            there, api._place = api._place, replace(api._place, port=9)
            try:
                return post(api, *arguments, **more)
            finally:
                api._place = there
        return post(api, *arguments, **more)

    return refuse


@pytest.mark.parametrize(("connects", "made"), [(1, True), (2, True), (3, False)])
def test_what_was_never_sent_is_sent_again_three_times(studio, monkeypatch, connects, made):
    monkeypatch.setattr("musicbuild.providers.elumenta_api.Api.post", deaf(connects))
    outcome = studio.build(MENU)
    assert isinstance(failure(outcome), NotSent) is not made
    assert outcome.exit_code == (0 if made else 5)
    assert studio.open_payments == []
    studio.build(MENU)
    assert_bought_once(studio)


def test_an_order_that_can_not_be_written_down_is_not_sent(studio, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "intend", full)
    outcome = studio.build(MENU)
    assert str(failure(outcome)) == (
        "the order can't be written down: No space left on device; nothing was sent\n"
        "hint: make room on the disk, then build again"
    )
    assert outcome.exit_code == 5
    assert outcome.spent == {}
    assert studio.gateway.posts == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("accept", "`menu` is ordered, and may be charged, as generation `gen_01j9x2000001`,"),
        ("deliver", "the disk failed: No space left on device"),
    ],
)
def test_a_disk_that_is_full_after_paying_loses_nothing(studio, monkeypatch, name, says):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, name, full)
        outcome = studio.build(MENU)
    assert isinstance(failure(outcome), IntegrityError)
    assert str(failure(outcome)).startswith(says)
    assert outcome.exit_code == 7
    assert len(studio.open_payments) == 1
    studio.build(MENU)
    assert_bought_once(studio)


# Deliveries.


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("fault", ["failed", "no-url"])
def test_what_the_service_could_not_make_is_ordered_once_more(studio, fault, times):
    studio.gateway.fault("post", fault, times=times)
    outcome = studio.build(MENU)
    lost = fault == "failed" and times == 2
    assert isinstance(failure(outcome), Failed) is lost
    assert outcome.exit_code == (1 if lost else 0)
    assert studio.charges == (0 if lost else 1)
    assert studio.open_payments == []
    studio.build(MENU)
    assert_bought_once(studio)


POLLS = [
    "pending",
    "unknown-status",
    "500",
    "502",
    "503",
    "429",
    "404",
    "lost",
    "html",
    "truncated",
]


@pytest.mark.parametrize("fault", [*POLLS, "empty", "list", "reset", "half", "deep", "bad-cost"])
def test_a_poll_that_goes_wrong_is_asked_again(studio, fault):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", fault, times=2, **({"retry_after": 1} if fault == "429" else {}))
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


def test_an_order_that_was_taken_in_late_is_waited_for(studio):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "pending", times=math.inf)
    assert isinstance(failure(studio.build(MENU)), Undelivered)
    studio.gateway.faults.clear()
    studio.gateway.fault("poll", "404", times=3)
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


@pytest.mark.parametrize("fault", [*POLLS, "401", "403"])
def test_what_is_not_ready_in_time_is_collected_by_the_next_build(studio, fault):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", fault, times=math.inf)
    outcome = studio.build(MENU)
    assert isinstance(failure(outcome), Undelivered)
    assert outcome.exit_code == 1
    assert outcome.spent == {"tokens": 9}
    assert [one.generation for one in studio.open_payments] == [studio.gateway.charges[0].id]
    assert isinstance(failure(studio.build(MENU)), Undelivered)
    studio.gateway.faults.clear()
    outcome = studio.build(MENU)
    assert outcome.spent == {}
    assert isinstance(studio.events[-1].made, int)
    assert_bought_once(studio)


DOWNLOADS = [
    *("short", "500", "503", "lost", "reset", "half", "expired", "404", "410", "redirect"),
]


@pytest.mark.parametrize("fault", DOWNLOADS)
def test_a_download_that_goes_wrong_is_tried_again(studio, fault):
    studio.gateway.fault("download", fault)
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


@pytest.mark.parametrize("fault", [*DOWNLOADS, "endless", "no-length", "html", "gzip"])
def test_what_can_not_be_fetched_is_collected_by_the_next_build(studio, fault):
    studio.gateway.fault("download", fault, times=math.inf)
    outcome = studio.build(MENU)
    assert isinstance(failure(outcome), Undelivered)
    assert len(studio.open_payments) == 1
    assert studio.lock.purchases == {}
    studio.gateway.faults.clear()
    studio.build(MENU)
    assert_bought_once(studio)


ODD = track("menu", spec(duration=15))
"""Of an odd number of frames, so that half of it breaks off within one."""


def test_a_download_that_is_damaged_twice_is_fetched_a_third_time(studio):
    studio.gateway.fault("download", "truncated", times=2)
    assert failure(studio.build(ODD)) is None
    assert studio.charges == 1


def test_a_damaged_download_says_that_it_is_paid(studio):
    studio.gateway.fault("download", "truncated", times=3)
    outcome = studio.build(ODD)
    error = failure(outcome)
    assert isinstance(error, Undelivered)
    made = studio.gateway.charges[0].id
    assert error.message.startswith(f"generation `{made}` was delivered damaged: ")
    assert error.hint == "it is paid and stays yours: run `musicbuild build` again to fetch it"
    assert outcome.spent == {"tokens": 9}
    studio.build(ODD)
    assert studio.charges == 1
    assert studio.open_payments == []


def test_what_looks_like_music_and_is_none_is_not_taken(studio, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("gateway_answers.mp3", lambda *_: b"ID3\x04" + bytes(500))
        assert isinstance(failure(studio.build(MENU)), Undelivered)
    studio.build(MENU)
    assert_bought_once(studio)


def test_an_address_of_a_private_network_is_not_fetched(studio):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "private", times=math.inf, url="https://169.254.169.254/latest")
    assert isinstance(failure(studio.build(MENU)), Undelivered)
    studio.gateway.faults.clear()
    studio.build(MENU)
    assert_bought_once(studio)


@pytest.mark.parametrize(("seconds", "fetched"), [(29, 1), (33, 1), (2, 3), (20, 3), (60, 3)])
def test_music_of_another_length_is_taken_once_it_is_sure(studio, seconds, fetched):
    def cut(event):
        if isinstance(event, Ordered):
            studio.gateway.generations[0].duration = seconds

    studio.heard = cut
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)
    assert studio.lock.purchases[MENU.generate.key].seconds == pytest.approx(seconds, abs=0.03)
    downloads = [one for one in studio.gateway.requests if one.path.startswith("/audio/")]
    assert len(downloads) == fetched


# Earlier builds.


def test_an_earlier_order_that_failed_meanwhile_is_forgotten_and_ordered_anew(studio):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "pending", times=math.inf)
    studio.build(MENU)
    studio.gateway.faults.clear()
    made = studio.gateway.generations[0]
    made.failure = "the model gave up"
    outcome = studio.build(MENU)
    assert outcome.exit_code == 0
    assert Recovered("menu", MENU.generate, None) in studio.events
    assert len(studio.gateway.posts) == 2
    assert studio.open_payments == []


def test_an_order_that_keeps_failing_is_not_ordered_for_ever(studio):
    studio.gateway.fault("post", "failed", times=math.inf)
    codes = [studio.build(MENU).exit_code for _ in range(4)]
    assert codes == [1, 1, 4, 4]
    assert len(studio.gateway.posts) == 3
    assert str(failure(studio.build(MENU))) == (
        "elumenta failed to make `menu` 3 times; it is not ordered again by itself, and nothing"
        " was sent\n"
        "hint: change its prompt, or say `--attempts 4`"
    )
    assert studio.build(track("menu", "Loud drums")).exit_code == 1
    studio.gateway.faults.clear()
    assert studio.build(MENU, terms=Terms(jobs=1, attempts=4)).exit_code == 0
    assert_bought_once(studio)


def test_an_order_that_failed_and_was_charged_is_not_repeated_in_a_build(studio):
    studio.gateway.fault("post", "failed", charged=True)
    outcome = studio.build(MENU)
    assert outcome.exit_code == 1
    assert str(failure(outcome)) == (
        "elumenta could not make `menu`, and seems to have charged 9 tokens all the same; it is"
        " not ordered again in this build\n"
        "hint: ask elumenta for it back"
    )
    assert len(studio.gateway.posts) == 1
    assert studio.open_payments == []


def test_what_was_lost_is_fetched_again_for_nothing(studio):
    studio.build(MENU)
    bought = studio.lock.purchases[MENU.generate.key]
    (studio.root / "audio/menu.mp3").unlink()
    for path in (studio.state / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    outcome = studio.build(MENU)
    assert outcome.made == ("menu",)
    assert outcome.spent == {}
    assert studio.store.holds(bought.audio)
    assert_bought_once(studio)


def test_other_audio_than_was_bought_is_no_replacement(studio):
    studio.build(MENU)
    bought = studio.lock.purchases[MENU.generate.key]
    (studio.root / "audio/menu.mp3").unlink()
    for path in (studio.state / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    studio.gateway.generations[0].duration = 45
    outcome = studio.build(MENU)
    assert str(failure(outcome)) == (
        f"generation `{bought.generation}` now has other audio than was bought\n"
        "hint: restore `.musicbuild/store` from where it was bought"
    )
    assert outcome.exit_code == 7
    assert studio.charges == 1


# Before anything is ordered.


@pytest.mark.parametrize("fault", ["500", "401", "html", "lost"])
def test_a_balance_that_can_not_be_read_sends_no_order(studio, fault):
    studio.gateway.fault("balance", fault, times=math.inf)
    with pytest.raises(Unavailable):
        studio.build(MENU)
    assert studio.gateway.posts == []


def test_nothing_is_ordered_while_the_history_can_not_be_read(studio):
    studio.gateway.fault("history", "500", times=math.inf)
    with pytest.raises(Unavailable) as caught:
        studio.build(MENU)
    assert str(caught.value) == (
        "the history of elumenta can't be read whole: the answer of elumenta has status 500:"
        " the stand-in says 500; nothing was charged for that\n"
        "hint: lost answers are looked up there, so nothing is ordered without it: build again"
        " later"
    )
    assert studio.gateway.posts == []
    studio.gateway.faults.clear()
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)


def test_what_happens_is_told_in_order(studio):
    studio.build(MENU)
    names = [type(event).__name__ for event in studio.events]
    assert names == [
        *("BuildStarted", "TrackStarted", "Ordered", "Bought", "TrackFinished", "BuildFinished")
    ]
    assert studio.events[2] == Ordered("menu", MENU.generate, studio.gateway.charges[0].id)


# The balance, a second witness.


def test_an_order_that_was_paid_is_not_repeated_though_the_history_never_shows_it(studio):
    studio.gateway.fault("post", "lost", hidden_reads=10**6)
    assert isinstance(failure(studio.build(MENU)), Unresolved)
    studio.clock.sleep(10_000)
    assert isinstance(failure(studio.build(MENU)), Unresolved)
    assert len(studio.gateway.posts) == studio.charges == 1
    studio.gateway.generations[0].hidden_reads = 0
    studio.build(MENU)
    assert_bought_once(studio)


def test_what_other_orders_cost_is_no_sign_that_this_one_was_paid(studio):
    other = track("other", spec("Rain"))
    studio.gateway.fault("post", "unread", queued=False)
    outcome = studio.build(MENU, other, terms=Terms(jobs=2))
    assert outcome.exit_code == 0
    assert studio.charges == 2
    assert len(studio.gateway.posts) == 3


def test_a_balance_that_can_not_be_read_proves_nothing(studio):
    studio.gateway.fault("post", "unread", queued=False)
    balances = iter(range(10))
    strike = studio.gateway.strike

    def only_the_first(phase, **more):
        if phase == "balance" and next(balances) > 0:
            return Fault("500")
        return strike(phase, **more)

    studio.gateway.strike = only_the_first
    assert isinstance(failure(studio.build(MENU)), Unresolved)
    studio.gateway.strike = strike
    studio.build(MENU)
    assert_bought_once(studio)


def test_two_lost_orders_in_the_same_words_get_each_its_own_length(studio):
    short = track("short", spec("Rain", duration=20))
    long = track("long", spec("Rain", duration=60))
    studio.gateway.fault("post", "lost", times=2)
    assert studio.build(short, long, terms=Terms(jobs=2)).exit_code == 0
    lock = studio.lock
    assert [round(lock.purchases[one.generate.key].seconds) for one in (short, long)] == [20, 60]


SHORT, LONG = track("short", spec("Rain", duration=20)), track("long", spec("Rain", duration=60))
PATIENT = Terms(jobs=1, keep_going=True)
NO_PATIENCE = Terms(jobs=1, keep_going=True, settling=Settling(wait=False))


@pytest.mark.parametrize("first", ["dropped", "lost"])
def test_an_order_is_not_taken_for_one_of_another_length(studio, first):
    second = "lost" if first == "dropped" else "dropped"
    studio.gateway.fault("post", first, **({"hidden_reads": 2} if first == "lost" else {}))
    studio.gateway.fault("post", second, **({"hidden_reads": 2} if second == "lost" else {}))
    assert studio.build(SHORT, LONG, terms=NO_PATIENCE).exit_code == 6
    assert len(studio.open_payments) == 2
    assert studio.build(SHORT, LONG, terms=PATIENT).exit_code == 0
    assert sorted(one.duration for one in studio.gateway.charges) == [20, 60]
    assert studio.open_payments == []


def test_of_two_lengths_that_are_not_told_none_is_taken(studio):
    studio.gateway.fault("post", "lost", hidden_reads=2)
    studio.gateway.fault("post", "dropped")
    studio.build(SHORT, LONG, terms=NO_PATIENCE)
    studio.gateway.fault("history", "unmeasured", times=math.inf)
    studio.clock.sleep(1000)
    for _ in range(2):
        assert studio.build(SHORT, LONG, terms=PATIENT).exit_code == 6
        assert len(studio.open_payments) == 2
    studio.gateway.faults.clear()
    assert studio.build(SHORT, LONG, terms=PATIENT).exit_code == 0
    assert sorted(one.duration for one in studio.gateway.charges) == [20, 60]


def test_two_lengths_that_are_told_late_are_waited_for(studio):
    """Whichever order is looked after first, the other's generation has to be finished for it."""
    studio.gateway.fault("post", "lost", hidden_reads=2)
    studio.gateway.fault("post", "dropped")
    studio.build(SHORT, LONG, terms=NO_PATIENCE)
    studio.clock.sleep(1000)
    studio.gateway.fault("history", "unmeasured", times=6)
    assert studio.build(SHORT, LONG, terms=PATIENT).exit_code == 0
    assert sorted(one.duration for one in studio.gateway.charges) == [20, 60]


def test_one_length_that_is_not_told_is_taken(studio):
    studio.gateway.fault("post", "lost")
    studio.gateway.fault("history", "unmeasured", times=math.inf)
    assert failure(studio.build(MENU)) is None
    assert_bought_once(studio)
