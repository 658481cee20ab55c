"""The ledger: a lock is written as it grows, and an order is forgotten once the lock has it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from specimens import purchase, sketch, spec

from musicbuild import durable
from musicbuild import lock as locks
from musicbuild.clock import stamp
from musicbuild.cost import FREE, Cost
from musicbuild.ledger import AHEAD, SHARE, Ledger
from musicbuild.lock import Adopted, Lock, LockedOutput, LockedTrack
from musicbuild.payment import Payment

START = datetime(2026, 11, 23, 2, 11, 34, tzinfo=UTC)
WISHES = [spec(f"Prompt {number}") for number in range(4)]


class Desk:
    """A ledger and its lock on disk; to write it takes so many `seconds`."""

    def __init__(self, path, monkeypatch) -> None:
        self.path, self.seconds, self.now = path / locks.FILE_NAME, 0.0, 0.0
        self.forgotten, self.writings, self.failing = [], 0, False
        self._write = durable.write
        monkeypatch.setattr(durable, "write", self._written)
        locks.save(self.path, Lock())
        self.writings = 0
        self.ledger = Ledger(
            self.path, self.on_disk, forget=self._forget, monotonic=lambda: self.now
        )

    @property
    def on_disk(self) -> Lock:
        return locks.load(self.path)

    def enter(self, wish, **more) -> None:
        self.ledger.purchase(wish, purchase(wish, **more), attempt=f"attempt-{wish.prompt[-1]}")

    def _written(self, path, data, **more) -> None:
        if self.failing:
            raise OSError(28, "No space left on device")
        self._write(path, data, **more)
        self.writings += 1
        self.now += self.seconds

    def _forget(self, attempt: str) -> None:
        """Hold that the lock on disk has what is forgotten."""
        prompts = {one.prompt for one in self.on_disk.purchases.values()}
        assert f"Prompt {attempt[-1]}" in prompts
        self.forgotten.append(attempt)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    return Desk(tmp_path, monkeypatch)


def test_a_lock_that_is_written_quickly_is_written_each_time(desk):
    for number, wish in enumerate(WISHES, 1):
        desk.enter(wish)
        assert desk.on_disk == desk.ledger.lock
        assert len(desk.forgotten) == desk.writings == number


def test_what_comes_too_soon_after_a_long_writing_waits_for_the_next(desk):
    desk.seconds = AHEAD + 1
    desk.enter(WISHES[0])
    desk.enter(WISHES[1])
    assert desk.forgotten == ["attempt-0"]
    assert len(desk.on_disk.purchases) == 1
    assert desk.ledger._books() == (desk.ledger.lock, ("attempt-1",))
    desk.now += 1 / SHARE
    desk.enter(WISHES[2])
    assert desk.forgotten == ["attempt-0", "attempt-1", "attempt-2"]
    assert desk.on_disk == desk.ledger.lock


def test_writing_takes_its_share_of_a_long_build_and_no_more(desk):
    desk.seconds = 0.5
    wish = WISHES[0]
    for number in range(4000):
        desk.now += 0.05
        desk.ledger.track(f"track-{number % 7}", lambda _: LockedTrack(wish.key, 1, {}))
    most = AHEAD + SHARE * desk.now + desk.seconds
    assert most - 2 * desk.seconds < desk.writings * desk.seconds <= most


def test_what_waits_is_written_when_that_is_asked_for_and_only_once(desk):
    desk.seconds = 10
    for wish in WISHES:
        desk.enter(wish)
    desk.ledger.save()
    desk.ledger.save()
    assert desk.writings == 2
    assert desk.forgotten == [f"attempt-{number}" for number in range(4)]
    assert desk.on_disk == desk.ledger.lock
    assert desk.ledger._books()[1] == ()


def test_what_cannot_be_written_is_not_forgotten(desk):
    desk.failing = True
    with pytest.raises(OSError, match="No space left"):
        desk.enter(WISHES[0])
    assert desk.forgotten == []
    desk.failing = False
    desk.enter(WISHES[1])
    assert desk.forgotten == ["attempt-0", "attempt-1"]
    assert desk.on_disk == desk.ledger.lock


def test_nothing_is_written_once_it_is_closed(desk):
    desk.ledger.close()
    desk.enter(WISHES[0])
    assert desk.on_disk == Lock()
    assert desk.ledger._books() == (desk.ledger.lock, ("attempt-0",))


def test_a_free_purchase_has_no_order_to_forget(desk):
    desk.ledger.purchase(WISHES[0], purchase(WISHES[0]))
    assert desk.on_disk == desk.ledger.lock
    assert desk.forgotten == []


def test_what_was_paid_for_twice_is_one_more_take(desk):
    first, second = purchase(WISHES[0]), purchase(WISHES[0], generation="gen_theirs")
    for bought in (first, second, first, second):
        desk.ledger.purchase(WISHES[0], bought)
    found = desk.ledger.lock.purchases.values()
    assert [(one.generation, one.take) for one in found] == [
        (first.generation, 1),
        ("gen_theirs", 2),
    ]


def test_an_order_that_comes_late_takes_no_place_from_what_was_adopted(desk):
    adopted = purchase(WISHES[0], cost=FREE, adopted=Adopted("theme.wav", "wav"))
    late = purchase(WISHES[0], generation="gen_late")
    for one in (adopted, late, late):
        desk.ledger.purchase(WISHES[0], one)
    found = desk.ledger.lock.purchases
    assert found[WISHES[0].key] == adopted
    assert found[replace(WISHES[0], take=2).key] == replace(late, take=2)
    assert len(found) == 2


def test_a_track_follows_from_what_it_was_before(desk):
    output = LockedOutput(WISHES[0].key, WISHES[0].key, WISHES[0].key)
    before = []

    def made(locked):
        before.append(locked)
        return LockedTrack(WISHES[0].key, len(before), {"a.mp3": output})

    desk.ledger.track("menu", made)
    desk.ledger.track("menu", made)
    assert before == [None, LockedTrack(WISHES[0].key, 1, {"a.mp3": output})]
    assert desk.on_disk.tracks["menu"].take == 2


def test_a_purchase_that_is_in_the_lock_and_in_the_journal_counts_once(desk):
    price = Cost(Decimal(9), "tokens")
    lost, bought, waiting, before = (
        Payment(f"attempt-{number}", wish, START, quote=price) for number, wish in enumerate(WISHES)
    )
    before = replace(before, intended=START - timedelta(seconds=2))
    elsewhere = replace(waiting, attempt="elsewhere", spec=sketch())
    desk.ledger.close()  # as if it took long to write the lock
    desk.enter(bought.spec, cost=Cost(Decimal(10), "tokens"), bought=stamp(START))
    orders = [before, lost, bought, waiting, elsewhere]
    assert desk.ledger.paid_since(lost, lambda: orders) == 10 + 9


def test_threads_lose_nothing_of_each_other(desk):
    wishes = [spec(f"{number}: Prompt {number % 10}") for number in range(64)]

    def work(share):
        for wish in share:
            desk.ledger.purchase(wish, purchase(wish))
            desk.ledger.track(wish.prompt, lambda _, key=wish.key: LockedTrack(key, 1, {}))

    threads = [threading.Thread(target=work, args=(wishes[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.on_disk == desk.ledger.lock
    assert len(desk.ledger.lock.purchases) == len(desk.ledger.lock.tracks) == 64
