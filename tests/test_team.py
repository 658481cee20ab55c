"""Several machines with one account and one store: each piece of music is paid for once."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from bucket_server import BUCKET, Proxy, bucket_server, credentials, hang_up
from gateway import Gateway
from specimens import track
from studio import Mains, PowerCut, Studio

from musicbuild import team, witness
from musicbuild.build import Terms
from musicbuild.clock import SystemClock
from musicbuild.errors import IntegrityError, RemoteError, Unresolved
from musicbuild.events import Supplied, Untold
from musicbuild.registry import Registry
from musicbuild.remotes import object_name, open_remote
from musicbuild.remotes.opening import Opening
from musicbuild.testing import FakeClock
from musicbuild.witness import IN_FLIGHT, Settling

CALM = track("calm", "Calm pads")
DRUMS = track("drums", "Drums")
PUSHING = Terms(jobs=1, push=True)


@pytest.fixture
def gateway():
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def machines(request, tmp_path, gateway):
    """Give new machines, each with nothing but the manifest and the address of the store.

    That is a folder, or a bucket whose service now and then doesn't answer what it has done.
    """
    with ExitStack() as stack:
        url, environment = str(tmp_path / "store"), {}
        if getattr(request, "param", "") == "bucket":
            proxy = Proxy(stack.enter_context(bucket_server()))
            stack.enter_context(proxy.running())
            proxy.once["PUT"] = [None, hang_up, None, None, hang_up, hang_up, None, hang_up]
            url, environment = f"s3://{BUCKET}/team", credentials(proxy.endpoint)
        else:
            open_remote(url, root=tmp_path, environment={}, create=True).close()

        def machine(name, clock=None):
            root = tmp_path / name
            root.mkdir()
            found = Studio(root, gateway, clock or FakeClock())
            opens = partial(open_remote, url, root=root, environment=environment)
            found.remote = Opening(url, opens)
            return found

        machine.place = tmp_path / "store"
        yield machine


in_either = pytest.mark.parametrize("machines", ["folder", "bucket"], indirect=True)


def record(place, pattern):
    (path,) = place.glob(pattern)
    return path


def spoil(path: Path, data: bytes = b"spoilt") -> None:
    path.unlink()
    path.write_bytes(data)


@in_either
def test_what_one_machine_bought_another_has_for_nothing(machines):
    first, second = machines("first"), machines("second")
    assert first.build(CALM, terms=PUSHING).exit_code == 0
    outcome = second.build(CALM, DRUMS, terms=PUSHING)
    assert outcome.exit_code == 0
    assert outcome.spent == {"tokens": 9}
    assert second.charges == 2
    assert [one.track for one in second.events if isinstance(one, Supplied)] == ["calm"]
    assert second.read("audio/calm.mp3") == first.read("audio/calm.mp3")
    key = CALM.generate.key
    assert second.lock.purchases[key] == first.lock.purchases[key]
    assert second.store.get(first.lock.purchases[key].audio)


def test_who_may_not_push_takes_and_leaves_nothing(machines):
    first, second = machines("first"), machines("second")
    first.build(CALM, terms=PUSHING)
    before = sorted(machines.place.rglob("*"))
    second.build(CALM, DRUMS)
    assert second.charges == 2
    assert sorted(machines.place.rglob("*")) == before


@in_either
def test_a_clone_with_the_lock_gets_the_very_outputs(machines):
    first, second = machines("first"), machines("second")
    first.build(CALM, DRUMS, terms=PUSHING)
    second.write("musicbuild.lock", first.read("musicbuild.lock"))
    second.gateway.fault("download", "500", times=99)
    assert second.build(CALM, DRUMS).exit_code == 0
    assert second.charges == 2
    for path in ("audio/calm.mp3", "audio/drums.mp3"):
        assert second.read(path) == first.read(path)
    assert second.read("musicbuild.lock") == first.read("musicbuild.lock")


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_a_machine_that_dies_with_its_disk_leaves_no_debt(machines, monkeypatch, moment):
    at, done = 1, False
    while not done:
        first, second = machines(f"first-{moment}-{at}"), machines(f"second-{moment}-{at}")
        piece, charges = track(f"calm-{at}", f"Calm pads {at}"), first.charges
        with monkeypatch.context() as patched:
            mains = Mains(patched, at=at, moment=moment)
            with suppress(PowerCut):
                first.build(piece, terms=PUSHING)
            done = mains.steps < at
        assert second.build(piece, terms=PUSHING).exit_code == 0
        assert second.charges == charges + 1
        assert len(second.lock.purchases) == 1
        at += 1
    assert at > 12


@in_either
def test_two_machines_at_once_order_once(machines, monkeypatch):
    monkeypatch.setattr(team, "APART", 0.02)
    monkeypatch.setattr(witness, "APART", 0.02)
    tracks = [track(f"piece-{number}", f"Piece {number}") for number in range(6)]
    both = machines("first", SystemClock()), machines("second", SystemClock())
    done = []

    def build(one, mine):
        done.append(one.build(*mine, terms=replace(PUSHING, jobs=3)).exit_code)

    threads = [
        threading.Thread(target=build, args=(one, mine))
        for one, mine in zip(both, (tracks, tracks[::-1]), strict=True)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert done == [0, 0]
    assert both[0].charges == len(tracks)
    made = [{key: one.generation for key, one in one.lock.purchases.items()} for one in both]
    assert made[0] == made[1]


@in_either
def test_an_order_that_never_arrived_is_sent_again_once_that_is_sure(machines):
    first, second = machines("first"), machines("second")
    first.gateway.fault("post", "dropped")
    hasty = replace(PUSHING, settling=Settling(wait=False))
    for one in (first, second):
        assert isinstance(one.build(CALM, terms=hasty).failed["calm"], Unresolved)
    assert second.charges == 0
    began = second.clock.monotonic()
    assert second.build(CALM, terms=PUSHING).exit_code == 0
    assert second.clock.monotonic() - began >= IN_FLIGHT
    assert second.charges == 1
    assert not second.open_payments


def test_what_cannot_be_told_is_safe_here_and_said(machines, monkeypatch):
    first, second = machines("first"), machines("second")

    def unreachable(*_):
        raise RemoteError("it can't be reached")

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "enter", unreachable)
        patched.setattr(Registry, "accept", unreachable)
        assert first.build(CALM, terms=PUSHING).exit_code == 0
    assert [one.track for one in first.events if isinstance(one, Untold)] == ["calm"]
    assert second.build(CALM, terms=PUSHING).exit_code == 0
    assert second.charges == 1


def test_a_store_that_is_gone_keeps_orders_from_leaving(machines, tmp_path):
    machine = machines("first")
    machines.place.rename(tmp_path / "elsewhere")
    with pytest.raises(RemoteError, match="no store") as caught:
        machine.build(CALM, terms=PUSHING)
    assert caught.value.exit_code == 5
    assert machine.gateway.requests == []


@pytest.mark.parametrize("kind", ["purchases/*", "orders/*/1"])
def test_a_damaged_record_keeps_its_order_from_leaving(machines, kind):
    first, second = machines("first"), machines("second")
    first.build(CALM, terms=PUSHING)
    if kind.startswith("orders"):
        record(machines.place, "purchases/*").unlink()
    spoil(record(machines.place, kind))
    with pytest.raises(IntegrityError, match="damaged, and it may say what was paid for"):
        outcome = second.build(CALM, terms=PUSHING)
        raise outcome.failed["calm"]
    assert second.charges == 1


@pytest.mark.parametrize("data", [b"", b"spoilt"])
def test_poisoned_audio_is_had_from_its_provider(machines, data):
    first, second = machines("first"), machines("second")
    first.build(CALM, terms=PUSHING)
    audio = first.lock.purchases[CALM.generate.key].audio
    spoil(machines.place / object_name(audio), data)
    assert second.build(CALM, terms=PUSHING).exit_code == 0
    assert second.charges == 1
    assert second.read("audio/calm.mp3") == first.read("audio/calm.mp3")
