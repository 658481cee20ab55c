"""Builds: each key is charged once and each track is made, whatever dies on the way."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from gateway import Gateway
from specimens import draft_of, purchase, sketch, spec, track
from studio import Mains, PowerCut, Studio

from musicbuild import lock as locks
from musicbuild import spread
from musicbuild.build import Outcome, Terms
from musicbuild.crew import Crew
from musicbuild.errors import (
    AnswerLost,
    Claimed,
    IntegrityError,
    Interrupted,
    MusicbuildError,
    PolicyError,
    Refused,
    Unavailable,
    Undelivered,
    Unresolved,
)
from musicbuild.events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Ordered,
    TrackFailed,
    TrackFinished,
    TrackStarted,
)
from musicbuild.hashing import digest_bytes
from musicbuild.mastering import Masters
from musicbuild.providers import elumenta_api
from musicbuild.store import Store
from musicbuild.tags import audio_of, read
from musicbuild.testing import FakeClock
from musicbuild.witness import Settling

TEN = [track(f"track-{number}", f"Prompt {number}") for number in range(10)]
MENU = track("menu", "Calm pads")
BOSS = track("boss", "Loud drums")
FREE = track("free", sketch(duration=2))


@pytest.fixture
def gateway():
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def studio(tmp_path, gateway, clock):
    return Studio(tmp_path, gateway, clock)


def assert_whole(studio, *tracks):
    """Hold one charge a key, all of them in the lock, nothing open and every file in place."""
    prompts = Counter((one.model, one.prompt, one.duration) for one in studio.gateway.charges)
    wished = {wish.key: wish for one in tracks for wish in one.wishes if wish.provider != "sketch"}
    assert prompts == Counter((one.model, one.prompt, one.duration) for one in wished.values())
    lock = studio.lock
    bought = {one.generation for one in lock.purchases.values() if one.provider != "sketch"}
    assert bought == {one.id for one in studio.gateway.charges}
    assert studio.open_payments == []
    assert studio.plan(*tracks).to_do == ()
    for one in tracks:
        for output in one.outputs:
            data = studio.read(output.path)
            assert digest_bytes(data) == lock.tracks[one.id].outputs[output.path].digest
            audio = studio.store.get(lock.purchases[lock.tracks[one.id].generate].audio)
            assert audio_of(data) == audio_of(audio)


# What costs money, and what does not.


def test_ten_tracks_cost_ten_charges_and_then_none(studio):
    outcome = studio.build(*TEN, terms=Terms(jobs=4))
    assert sorted(outcome.made) == [one.id for one in TEN]
    assert outcome.spent == {"tokens": 90}
    assert outcome.exit_code == 0
    assert_whole(studio, *TEN)
    again = studio.build(*TEN)
    assert again == Outcome({}, (), {}, ())
    assert studio.charges == 10


@pytest.mark.parametrize("fails", [False, True])
def test_many_tracks_are_delivered_by_a_process_beside(studio, monkeypatch, fails):
    begun = []

    def start(crew):
        begun.append(crew._module)
        if fails:
            raise OSError("it can't be started")
        return begin(crew)

    begin = Crew._start
    monkeypatch.setattr(Crew, "_start", start)
    monkeypatch.setattr(spread, "MANY", 10)
    studio.build(*TEN[:9], terms=Terms(jobs=4))
    assert not begun
    renamed = [replace(one, id=f"new-{one.id}") for one in TEN]
    studio.build(*renamed, terms=Terms(jobs=4))
    assert set(begun) == {spread.DELIVERY}
    assert_whole(studio, *renamed)


def test_damaged_audio_is_healed_where_a_process_beside_finds_it(studio, monkeypatch):
    """What one of them can't do is done in the build itself, which may ask the provider again."""

    def spoil(event):
        if isinstance(event, Bought):
            path = studio.store.path(studio.lock.purchases[event.spec.key].audio)
            path.chmod(0o600)
            path.write_bytes(b"damaged")

    monkeypatch.setattr(spread, "MANY", 1)
    studio.heard = spoil
    studio.build(*TEN, terms=Terms(jobs=4))
    assert_whole(studio, *TEN)


def test_the_lock_needs_room_only_for_what_is_to_be_made(studio, monkeypatch):
    """What is in it already is not reckoned again."""
    tracks = [track(f"level-{number}", f"piece {number}") for number in range(10)]
    studio.build(*tracks)
    monkeypatch.setattr(locks, "LARGEST", len(locks.dump(studio.lock)) + 4000)
    studio.build(*tracks, track("boss", "one more"))
    assert studio.charges == 11


def test_one_changed_prompt_costs_one_charge_and_a_reverted_one_none(studio):
    studio.build(*TEN)
    changed = [track("track-0", "Another prompt"), *TEN[1:]]
    assert studio.build(*changed).made == ("track-0",)
    assert studio.charges == 11
    assert studio.build(*TEN).spent == {}
    assert studio.charges == 11
    assert len(studio.lock.purchases) == 11


@pytest.mark.parametrize(
    "changed",
    [
        track("main-menu", "Calm pads", paths=["audio/menu.mp3"], title="Menu"),
        track("menu", "Calm pads", title="Main Menu"),
        track("menu", "Calm pads", paths=["music/menu.mp3"]),
        track("menu", "Calm pads", artist="Nightfall Games", prompt=True),
        track("menu", "Calm pads", labels=("act1",)),
    ],
    ids=["id", "title", "path", "tags", "labels"],
)
def test_names_and_tags_cost_nothing(studio, changed):
    studio.build(MENU)
    assert studio.build(changed).exit_code == 0
    assert_whole(studio, changed)


def test_a_title_is_changed_in_a_fresh_clone_without_a_store(studio):
    studio.build(MENU)
    for path in (studio.state / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    audio = audio_of(studio.read("audio/menu.mp3"))
    assert studio.build(track("menu", "Calm pads", title="Main Menu")).exit_code == 0
    data = studio.read("audio/menu.mp3")
    assert read(data)["title"] == "Main Menu"
    assert audio_of(data) == audio
    assert studio.charges == 1


def test_a_track_made_from_the_output_of_another_is_not_made_from_its_new_music(studio):
    studio.build(MENU)
    music = audio_of(studio.read("audio/menu.mp3"))
    for path in (studio.state / "store").rglob("*"):
        if path.is_file():
            path.unlink()
    moved = track("title", "Calm pads")
    outcome = studio.build(track("menu", "Something else"), moved)
    assert outcome.exit_code == 0
    assert audio_of(studio.read("audio/title.mp3")) == music
    assert audio_of(studio.read("audio/menu.mp3")) != music
    assert studio.charges == 2


def test_takes_are_charged_one_by_one(studio):
    studio.build(MENU)
    more = replace(MENU, takes=3)
    assert studio.build(more).spent == {"tokens": 18}
    assert_whole(studio, more)


def test_a_draft_costs_nothing_and_is_bought_in_the_end(studio):
    studio.build(MENU, draft=draft_of)
    assert studio.gateway.requests == []
    assert studio.lock.tracks["menu"].draft
    studio.build(MENU)
    assert_whole(studio, MENU)
    assert not studio.lock.tracks["menu"].draft


def test_a_free_track_needs_no_service_and_can_be_forced(studio):
    studio.build(FREE)
    before = studio.read("audio/free.mp3")
    outcome = studio.build(FREE, force=frozenset({"free"}))
    assert outcome.made == ("free",)
    assert outcome.spent == {}
    assert studio.read("audio/free.mp3") == before
    assert studio.gateway.requests == []


def test_forcing_what_was_bought_costs_nothing(studio):
    studio.build(MENU)
    assert studio.build(MENU, force=frozenset({"menu"})).made == ("menu",)
    assert_whole(studio, MENU)


def test_a_lost_output_is_put_back(studio):
    studio.build(MENU)
    (studio.root / "audio/menu.mp3").unlink()
    assert studio.build(MENU).made == ("menu",)
    assert_whole(studio, MENU)


def test_an_edited_file_is_kept_and_nothing_is_paid_for_it(studio):
    studio.build(MENU)
    studio.write("audio/menu.mp3", b"by hand")
    outcome = studio.build(track("menu", "Another prompt"))
    assert outcome == Outcome({}, (), {}, ())
    assert studio.read("audio/menu.mp3") == b"by hand"
    assert studio.charges == 1


def test_an_edited_file_may_be_given_up(studio):
    studio.build(MENU)
    studio.write("audio/menu.mp3", b"by hand")
    assert studio.build(MENU, overwrite=True).made == ("menu",)
    assert studio.store.get(digest_bytes(b"by hand")) == b"by hand"
    assert_whole(studio, MENU)


def test_outputs_that_change_places_are_not_mixed_up(studio):
    studio.build(MENU, BOSS)
    swapped = [replace(MENU, outputs=BOSS.outputs), replace(BOSS, outputs=MENU.outputs)]
    assert studio.build(*swapped, terms=Terms(jobs=2)).exit_code == 0
    assert_whole(studio, *swapped)


def rot(studio, digest):
    studio.store.path(digest).chmod(0o644)
    studio.store.path(digest).write_bytes(b"rot")


def test_damaged_audio_is_put_right_from_an_output(studio):
    studio.build(MENU)
    rot(studio, studio.lock.purchases[MENU.generate.key].audio)
    asked = len(studio.gateway.requests)
    again = track("menu", "Calm pads", title="Main Menu")
    assert studio.build(again).made == ("menu",)
    assert len(studio.gateway.requests) == asked
    assert_whole(studio, again)


def test_damaged_audio_and_outputs_are_fetched_again_and_not_bought(studio):
    studio.build(MENU)
    rot(studio, studio.lock.purchases[MENU.generate.key].audio)
    rot(studio, studio.lock.tracks["menu"].outputs["audio/menu.mp3"].digest)
    before = studio.read("audio/menu.mp3")
    (studio.root / "audio/menu.mp3").unlink()
    assert studio.build(MENU).made == ("menu",)
    assert studio.read("audio/menu.mp3") == before
    assert studio.charges == 1
    assert_whole(studio, MENU)


def test_a_damaged_copy_of_an_output_is_made_again(studio):
    studio.build(MENU)
    rot(studio, studio.lock.tracks["menu"].outputs["audio/menu.mp3"].digest)
    before, asked = studio.read("audio/menu.mp3"), len(studio.gateway.requests)
    (studio.root / "audio/menu.mp3").unlink()
    assert studio.build(MENU).made == ("menu",)
    assert studio.read("audio/menu.mp3") == before
    assert len(studio.gateway.requests) == asked
    assert_whole(studio, MENU)


def test_damaged_audio_that_is_gone_at_the_provider_too_is_said_to_be_lost(studio):
    studio.build(MENU, BOSS)
    for path in ("audio/menu.mp3", "audio/boss.mp3"):
        (studio.root / path).unlink()
    for locked in studio.lock.tracks.values():
        rot(studio, studio.lock.purchases[locked.generate].audio)
        for output in locked.outputs.values():
            rot(studio, output.digest)
    studio.gateway.generations.clear()
    outcome = studio.build(MENU, BOSS, terms=Terms(jobs=1, keep_going=True))
    assert studio.clock.slept == []  # nobody waits for what was there once to appear
    assert outcome.exit_code == 7
    assert str(outcome.failed["menu"]).startswith(
        "the stored audio of `menu` is damaged, and can't be fetched again: "
    )
    assert studio.charges == 2


def test_a_composed_piece_that_is_damaged_is_composed_again(studio):
    free = track("menu", sketch("Calm", duration=1))
    studio.build(free)
    rot(studio, studio.lock.purchases[free.generate.key].audio)
    rot(studio, studio.lock.tracks["menu"].outputs["audio/menu.mp3"].digest)
    before = studio.read("audio/menu.mp3")
    (studio.root / "audio/menu.mp3").unlink()
    assert studio.build(free).made == ("menu",)
    assert studio.read("audio/menu.mp3") == before
    assert studio.gateway.requests == []
    assert_whole(studio, free)


# Many at once.


@pytest.mark.parametrize("jobs", [1, 8])
def test_twins_are_charged_once(studio, jobs):
    twins = [track(f"twin-{number}", f"Prompt {number % 3}") for number in range(12)]
    outcome = studio.build(*twins, terms=Terms(jobs=jobs))
    assert len(outcome.made) == 12
    assert studio.charges == 3
    assert_whole(studio, *twins)


def test_twins_of_what_fails_are_left(studio):
    studio.gateway.fault("post", "422")
    twins = [track(f"twin-{number}", "Calm pads") for number in range(3)]
    outcome = studio.build(*twins, terms=Terms(jobs=1, keep_going=True))
    assert list(outcome.failed) == ["twin-0"]
    assert outcome.left == ("twin-1", "twin-2")
    assert studio.build(*twins).exit_code == 0
    assert_whole(studio, *twins)


def test_events_come_one_at_a_time_and_in_order(studio):
    busy = []

    def hear(event):
        assert busy == []
        busy.append(event)
        busy.pop()

    studio.heard = hear
    studio.build(*TEN, terms=Terms(jobs=8))
    assert isinstance(studio.events[0], BuildStarted)
    assert studio.events[-1] == BuildFinished({"tokens": 90}, 10, 0, 0)
    for one in TEN:
        mine = [type(event) for event in studio.events if getattr(event, "track", "") == one.id]
        assert mine == [TrackStarted, Ordered, Bought, TrackFinished]


@pytest.mark.parametrize("work", [(Masters, "master"), (Store, "put")])
def test_what_follows_an_order_here_keeps_no_other_waiting(studio, monkeypatch, work):
    do, late = getattr(*work), []

    def slow(owner, *wanted):
        end = time.monotonic() + 20
        while len(studio.gateway.posts) < 4:  # two wait here, and two have their places
            if time.monotonic() > end:
                late.append(wanted)
                break
            time.sleep(0.01)
        return do(owner, *wanted)

    monkeypatch.setattr(*work, slow)
    assert studio.build(*TEN[:4], terms=Terms(jobs=2)).exit_code == 0
    assert late == []
    assert_whole(studio, *TEN[:4])


def test_no_more_orders_are_under_way_than_there_are_jobs_however_many_takes(studio, monkeypatch):
    submit, under_way, most = elumenta_api.Elumenta.submit, [], []

    def slow(connection, spec):
        under_way.append(spec)
        most.append(len(under_way))
        time.sleep(0.01)
        try:
            return submit(connection, spec)
        finally:
            under_way.pop()

    monkeypatch.setattr(elumenta_api.Elumenta, "submit", slow)
    tracks = [replace(one, takes=3) for one in TEN[:4]]
    studio.build(*tracks, terms=Terms(jobs=2, orders=8))
    assert max(most) == 2
    assert_whole(studio, *tracks)


def test_a_second_build_at_once_is_refused(studio, tmp_path, gateway, clock):
    second = Studio(tmp_path, gateway, clock)

    def meanwhile(_):
        with pytest.raises(Claimed) as raised:
            second.build(MENU)
        assert raised.value.exit_code == 8

    studio.approve = meanwhile
    assert studio.build(MENU).exit_code == 0
    assert_whole(studio, MENU)


def test_lost_answers_among_many_are_told_apart(studio):
    tracks = [replace(MENU, takes=3), *TEN[:4]]
    studio.gateway.fault("post", "lost", times=5, hidden_reads=3)
    assert studio.build(*tracks, terms=Terms(jobs=8)).exit_code == 0
    assert_whole(studio, *tracks)


# Limits.


def test_over_budget_nothing_is_sent(studio):
    with pytest.raises(PolicyError, match="its budget is 89; nothing"):
        studio.build(*TEN, terms=Terms(budget={"tokens": Decimal(89)}))
    with pytest.raises(PolicyError, match="`--max-cost` allows 89; nothing"):
        studio.build(*TEN, terms=Terms(cap=Decimal(89)))
    assert studio.gateway.requests == []


def test_a_balance_that_is_too_low_sends_no_order(studio):
    studio.gateway.balance = 89
    with pytest.raises(Unavailable) as raised:
        studio.build(*TEN)
    assert raised.value.exit_code == 5
    assert str(raised.value) == (
        "elumenta has 89 tokens left, and this build needs 90; nothing was ordered\n"
        "hint: top up the account, or build fewer tracks at a time"
    )
    assert studio.gateway.posts == []


def test_without_a_key_nothing_is_sent(studio):
    studio.gateway.key = ""
    with pytest.raises(Unavailable, match="`ELUMENTA_API_KEY` is not set"):
        studio.build(MENU)
    assert studio.build(FREE).exit_code == 0
    assert studio.gateway.requests == []


def test_what_is_not_approved_is_not_sent(studio):
    def refuse(plan):
        assert plan.price == {"tokens": 9}
        raise PolicyError("no")

    studio.approve = refuse
    with pytest.raises(PolicyError):
        studio.build(MENU)
    assert studio.gateway.posts == []
    assert studio.lock.purchases == {}


def test_a_price_that_rises_meanwhile_is_noticed_at_the_next_order(studio):
    queue = studio.gateway.queue

    def dearer(*arguments):
        made = queue(*arguments)
        made.tokens = 30
        return made

    studio.gateway.queue = dearer
    outcome = studio.build(*TEN, terms=Terms(jobs=1, cap=Decimal(95), keep_going=True))
    assert studio.charges == 1
    assert outcome.spent == {"tokens": 30}
    assert {type(error) for error in outcome.failed.values()} == {PolicyError}
    assert outcome.exit_code == 4


def test_what_is_recovered_counts_for_the_budget_and_not_for_this_run(studio):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "pending", times=10**6)
    studio.build(MENU)
    studio.gateway.faults.clear()
    with pytest.raises(PolicyError, match="would have cost 18 tokens in all"):
        studio.build(MENU, BOSS, terms=Terms(budget={"tokens": Decimal(17)}))
    assert studio.open_payments == []
    outcome = studio.build(MENU, BOSS, terms=Terms(cap=Decimal(9)))
    assert outcome.spent == {"tokens": 9}
    assert_whole(studio, MENU, BOSS)


def test_over_budget_free_work_is_done_all_the_same(studio):
    studio.build(MENU)
    changed = track("menu", "Calm pads", title="Main Menu")
    terms = Terms(budget={"tokens": Decimal(1)}, cap=Decimal(0))
    assert studio.build(changed, terms=terms).made == ("menu",)


# When a track fails.


def test_a_failure_stops_what_was_not_begun(studio):
    studio.gateway.fault("post", "422")
    outcome = studio.build(*TEN, terms=Terms(jobs=1))
    assert list(outcome.failed) == ["track-0"]
    assert len(outcome.left) == 9
    assert outcome.exit_code == 1
    assert studio.events[-1] == BuildFinished({}, 0, 1, 9)
    assert studio.charges == 0


def test_the_others_are_made_if_asked_to_keep_going(studio):
    studio.gateway.fault("post", "422")
    outcome = studio.build(*TEN, terms=Terms(jobs=1, keep_going=True))
    assert list(outcome.failed) == ["track-0"]
    assert len(outcome.made) == 9
    assert any(isinstance(event, TrackFailed) for event in studio.events)
    studio.build(*TEN)
    assert_whole(studio, *TEN)


def test_a_refusal_of_the_account_stops_all(studio):
    studio.gateway.fault("post", "401")
    outcome = studio.build(*TEN, terms=Terms(jobs=1, keep_going=True))
    assert len(outcome.left) == 9
    assert outcome.exit_code == 5
    assert len(studio.gateway.posts) == 1


def test_a_refusal_of_a_model_is_asked_for_once(studio):
    studio.gateway.fault("post", "403")
    other = track("other", spec("Loud drums", model="elevenlabs-music"))
    outcome = studio.build(*TEN, other, terms=Terms(jobs=1, keep_going=True))
    assert len(outcome.failed) == 10
    assert all(isinstance(error, Refused) for error in outcome.failed.values())
    assert outcome.made == ("other",)
    assert len(studio.gateway.posts) == 2


def test_a_disk_that_is_full_fails_the_track_and_loses_nothing(studio, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", full)
        outcome = studio.build(MENU)
    assert outcome.exit_code == 7
    assert str(outcome.failed["menu"]) == "the disk failed: No space left on device"
    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", full)
        assert isinstance(studio.build(MENU).failed["menu"], IntegrityError)
    studio.build(MENU)
    assert_whole(studio, MENU)


@pytest.mark.parametrize(("jobs", "most"), [(1, 1), (2, 4)])  # as many again may stand aside
def test_what_nobody_foresaw_comes_out_of_the_build(studio, monkeypatch, jobs, most):
    def broken(*_, **__):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("musicbuild.delivery.tag", broken)
        with pytest.raises(ZeroDivisionError):
            studio.build(*TEN, terms=Terms(jobs=jobs))
    assert studio.charges <= most
    studio.build(*TEN)
    assert_whole(studio, *TEN)


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([MusicbuildError("x")], 1),
        ([PolicyError("x"), MusicbuildError("x")], 4),
        ([PolicyError("x"), Unavailable("x")], 5),
        ([Unavailable("x"), Interrupted("x")], 130),
        ([Interrupted("x"), IntegrityError("x")], 7),
        ([IntegrityError("x"), Unresolved("x")], 6),
        ([AnswerLost("x")], 6),
    ],
)
def test_the_gravest_failure_is_the_exit_code(errors, code):
    failed = {str(number): error for number, error in enumerate(errors)}
    assert Outcome({}, (), failed, ()).exit_code == code


# Earlier builds.


def test_every_open_payment_is_settled_before_one_that_can_not_be_stops_the_build(studio):
    hasty = Terms(jobs=1, settling=Settling(wait=False), keep_going=True)
    studio.gateway.polls = 1
    studio.gateway.fault("post", "dropped")
    studio.gateway.fault("poll", "403", times=10**6)
    outcome = studio.build(MENU, BOSS, terms=hasty)
    assert {type(error) for error in outcome.failed.values()} == {Unresolved, Undelivered}
    assert outcome.exit_code == 6
    studio.gateway.faults.clear()
    outcome = studio.build(MENU, BOSS, terms=hasty)
    assert list(map(type, outcome.failed.values())) == [Unresolved]
    assert (outcome.made, outcome.exit_code) == (("boss",), 6)
    assert [one.spec for one in studio.open_payments] == [MENU.generate]
    assert list(studio.lock.purchases) == [BOSS.generate.key]
    studio.build(MENU, BOSS)
    assert_whole(studio, MENU, BOSS)


def test_a_payment_that_somebody_else_made_too_is_one_more_take(studio):
    studio.gateway.polls = 1
    studio.gateway.fault("poll", "pending", times=10**6)
    studio.build(MENU)
    studio.gateway.faults.clear()
    theirs = purchase(MENU.generate, generation="gen_theirs")
    locks.save(studio.root / locks.FILE_NAME, studio.lock.with_purchase(MENU.generate.key, theirs))
    studio.build()
    lock = studio.lock
    assert lock.purchases[MENU.generate.key] == theirs
    ours = lock.purchases[MENU.take(2).key]
    assert (ours.generation, ours.take) == (studio.gateway.charges[0].id, 2)
    assert lock.spent == {"tokens": 18}
    assert studio.open_payments == []


def test_a_damaged_journal_stops_the_build_before_anything_is_sent(studio):
    studio.state.joinpath("journal").mkdir(parents=True)
    studio.state.joinpath("journal/attempt-1.jsonl").write_bytes(b"nonsense\n")
    with pytest.raises(IntegrityError, match="the journal of payment `attempt-1` is damaged"):
        studio.build(MENU)
    assert studio.gateway.requests == []


def test_a_damaged_lock_stops_the_build_before_anything_is_sent(studio):
    studio.write("musicbuild.lock", b"<<<<<<< ours\n")
    with pytest.raises(IntegrityError):
        studio.build(MENU)
    assert studio.gateway.requests == []


# Stopping.


@pytest.mark.parametrize("kind", [BuildStarted, TrackStarted, Ordered, Bought, TrackFinished])
def test_a_stopped_build_orders_nothing_more_and_the_next_one_goes_on(studio, kind):
    studio.gateway.polls = 1

    def hear(event):
        if isinstance(event, kind):
            studio.stop.set()

    studio.heard = hear
    outcome = studio.build(*TEN, terms=Terms(jobs=1))
    assert len(studio.gateway.posts) <= 1
    assert outcome.failed == {}
    assert len(outcome.made) + len(outcome.left) == 10
    assert outcome.left
    studio.stop.clear()
    studio.heard = lambda _: None
    studio.build(*TEN)
    assert_whole(studio, *TEN)


def test_a_build_that_is_stopped_while_it_settles_is_interrupted(studio):
    studio.gateway.fault("post", "dropped")
    studio.build(MENU, terms=Terms(jobs=1, settling=Settling(wait=False)))
    studio.stop.set()
    with pytest.raises(Interrupted):
        studio.build(MENU)
    assert len(studio.open_payments) == 1
    studio.stop.clear()
    studio.build(MENU)
    assert_whole(studio, MENU)


# Power cuts.

TRACKS = (MENU, track("title", "Calm pads"), replace(BOSS, takes=2))


MOMENTS = ("before", "within", "after")


def survive(root, monkeypatch, cuts, *, tracks=TRACKS, jobs=1):
    """Build through power cuts and then without any; tell whether the last of them struck."""
    struck, clock = False, FakeClock()
    with Gateway() as gateway:
        for at, moment in cuts:
            with monkeypatch.context() as patched:
                mains = Mains(patched, at=at, moment=moment)
                try:
                    Studio(root, gateway, clock).build(*tracks, terms=Terms(jobs=jobs))
                except PowerCut:
                    assert mains.dead
                struck = mains.dead
        studio = Studio(root, gateway, clock)
        assert studio.build(*tracks).exit_code == 0
        assert_whole(studio, *tracks)
    return struck


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_power_cut_at_any_step_costs_anything(tmp_path, monkeypatch, moment, jobs):
    steps = 0
    while survive(tmp_path / str(steps), monkeypatch, [(steps + 1, moment)], jobs=jobs):
        steps += 1
    most = 3 + 3 * 6 + 3 * 3  # claim, lock and reserve, six a purchase, three a track
    assert (
        steps == most if jobs == 1 else 3 + 3 * 5 + 3 * 2 < steps <= most
    )  # one may write for all


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_leaves_a_free_track_to_the_next_build(tmp_path, monkeypatch, moment):
    for step in range(1, 8):
        cuts = [(step, moment)]
        assert survive(tmp_path / str(step), monkeypatch, cuts, tracks=[FREE])
    assert not survive(tmp_path / "8", monkeypatch, [(8, moment)], tracks=[FREE])


@pytest.mark.parametrize("seed", range(40))
def test_no_row_of_power_cuts_costs_anything(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    cuts = [(chance.randint(1, 18), chance.choice(MOMENTS)) for _ in range(4)]
    survive(tmp_path, monkeypatch, cuts, jobs=chance.choice([1, 3]))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ["Api.post", "Elumenta.collect", "Elumenta.history"])
def test_no_power_cut_on_the_way_to_the_service_costs_anything(studio, monkeypatch, name, moment):
    owner, call = name.split(".")
    owner = getattr(elumenta_api, owner)
    whole = getattr(owner, call)

    def cut(*arguments):
        if moment == "after":
            whole(*arguments)
        raise PowerCut

    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(owner, call, cut)
        studio.build(*TRACKS)
    studio.build(*TRACKS)
    assert_whole(studio, *TRACKS)
