"""Objects between two sides: what is damaged or missing is named, and never put anywhere."""

from __future__ import annotations

import threading

import pytest
from remote_suite import MemoryRemote

from musicbuild.errors import RemoteError, Unusable
from musicbuild.events import Exchanged, ExchangeStarted, Passage
from musicbuild.exchange import Exchange
from musicbuild.hashing import digest_bytes
from musicbuild.remotes import object_name
from musicbuild.store import Store

PIECES = [b"piece %d " % number * 50 for number in range(12)]
DIGESTS = [digest_bytes(piece) for piece in PIECES]
ONE, PIECE, NAME = DIGESTS[0], PIECES[0], object_name(DIGESTS[0])

HARM = {
    "poisoned": b"something else " * 50,
    "truncated": PIECE[:-1],
    "longer": PIECE + b"x",
    "of no bytes": b"",
}
OF_ITS_SIZE = PIECE[:-1] + b"?"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def remote():
    return MemoryRemote()


def damage(store, data):
    path = store.path(ONE)
    path.chmod(0o644)
    path.write_bytes(data)


def objects(store):
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


def test_what_the_store_lacks_is_fetched(store, remote):
    remote.things = {object_name(one): data for one, data in zip(DIGESTS, PIECES, strict=True)}
    store.put(PIECES[3])
    heard = []
    moved = Exchange(store, remote, watch=heard.append).pull([*DIGESTS, ONE])
    assert [store.get(one) for one in DIGESTS] == PIECES
    assert moved.passages == {
        one: Passage.THERE if one == DIGESTS[3] else Passage.MOVED for one in DIGESTS
    }
    assert list(moved.passages) == DIGESTS
    assert not moved.left
    assert moved.bytes == sum(map(len, PIECES)) - len(PIECES[3])
    assert heard[0] == ExchangeStarted(12)
    assert len(heard) == 13
    assert Exchanged(ONE, Passage.MOVED, len(PIECE)) in heard
    again = Exchange(store, remote).pull(DIGESTS)
    assert again.those(Passage.THERE) == tuple(DIGESTS)
    assert again.bytes == 0


@pytest.mark.parametrize("data", [*HARM.values(), OF_ITS_SIZE], ids=[*HARM, "of its size"])
def test_what_is_damaged_there_is_named_and_never_stored(store, remote, data):
    remote.things = {NAME: data, object_name(DIGESTS[1]): PIECES[1]}
    moved = Exchange(store, remote).pull(DIGESTS[:3])
    assert moved.passages == dict(
        zip(DIGESTS, [Passage.DAMAGED, Passage.MOVED, Passage.MISSING], strict=False)
    )
    assert objects(store) == [store.path(DIGESTS[1])]
    assert remote.asked.count(("get", NAME)) == 2


def test_what_is_spoilt_on_the_way_is_read_again(store, remote, monkeypatch):
    answers = [PIECE[:-1], PIECE]
    monkeypatch.setattr(remote, "get", lambda _: answers.pop(0))
    assert Exchange(store, remote).pull([ONE]).passages == {ONE: Passage.MOVED}
    assert store.get(ONE) == PIECE


def test_what_can_be_no_object_is_damaged(store, remote, monkeypatch):
    def unusable(_):
        raise Unusable("is not a plain file")

    monkeypatch.setattr(remote, "get", unusable)
    remote.things = {NAME: PIECE}
    store.put(PIECE)
    assert Exchange(store, remote, check=True).push([ONE]).passages == {ONE: Passage.MENDED}
    store.path(ONE).unlink()
    assert Exchange(store, remote).pull([ONE]).passages == {ONE: Passage.DAMAGED}


def test_what_is_damaged_here_is_put_right_if_it_is_looked_at(store, remote):
    remote.things = {NAME: store.put(PIECE) and PIECE}
    damage(store, b"damaged")
    assert Exchange(store, remote).pull([ONE]).passages == {ONE: Passage.THERE}
    assert Exchange(store, remote, check=True).pull([ONE]).passages == {ONE: Passage.MENDED}
    assert store.get(ONE) == PIECE


def test_what_the_remote_lacks_is_sent(store, remote):
    for piece in PIECES:
        store.put(piece)
    remote.things = {NAME: PIECE}
    moved = Exchange(store, remote).push(DIGESTS)
    assert remote.things == {
        object_name(one): data for one, data in zip(DIGESTS, PIECES, strict=True)
    }
    assert moved.those(Passage.THERE) == (ONE,)
    assert moved.those(Passage.MOVED) == tuple(DIGESTS[1:])
    assert ("get", NAME) not in remote.asked


def test_what_is_damaged_here_is_never_sent(store, remote):
    store.put(PIECE)
    damage(store, OF_ITS_SIZE)
    assert Exchange(store, remote).push([ONE, DIGESTS[1]]).passages == {
        ONE: Passage.MISSING,
        DIGESTS[1]: Passage.MISSING,
    }
    assert remote.things == {}


@pytest.mark.parametrize("data", HARM.values(), ids=HARM)
def test_what_is_of_another_size_there_is_put_right(store, remote, data):
    store.put(PIECE)
    remote.things = {NAME: data}
    moved = Exchange(store, remote).push([ONE])
    assert moved.passages == {ONE: Passage.MENDED}
    assert moved.bytes == len(PIECE)
    assert remote.things == {NAME: PIECE}


def test_what_is_of_its_size_there_is_put_right_if_it_is_read(store, remote):
    store.put(PIECE)
    remote.things = {NAME: OF_ITS_SIZE}
    assert Exchange(store, remote).push([ONE]).passages == {ONE: Passage.THERE}
    assert Exchange(store, remote, check=True).push([ONE]).passages == {ONE: Passage.MENDED}
    assert remote.things == {NAME: PIECE}
    assert Exchange(store, remote, check=True).push([ONE]).passages == {ONE: Passage.THERE}


def test_of_two_that_differ_in_size_the_one_there_may_be_the_whole_one(store, remote):
    store.put(PIECE)
    damage(store, b"short")
    remote.things = {NAME: PIECE}
    assert Exchange(store, remote).push([ONE]).passages == {ONE: Passage.THERE}
    remote.things = {NAME: PIECE[:-1]}
    assert Exchange(store, remote).push([ONE]).passages == {ONE: Passage.DAMAGED}


def test_what_is_only_there_is_read_if_that_is_wished(store, remote):
    remote.things = {NAME: b"damaged"}
    assert Exchange(store, remote).push([ONE]).passages == {ONE: Passage.THERE}
    assert ("get", NAME) not in remote.asked
    assert Exchange(store, remote, check=True).push([ONE]).passages == {ONE: Passage.DAMAGED}


def test_another_place_may_give_what_the_store_lacks(store, remote):
    here = dict(zip(DIGESTS, PIECES, strict=True))
    assert Exchange(store, remote, read=here.get).push([ONE]).passages == {ONE: Passage.MOVED}
    assert Exchange(store, remote, read=here.get).push([ONE]).passages == {ONE: Passage.THERE}
    remote.things = {NAME: b"damaged"}
    assert Exchange(store, remote, read=here.get).push([ONE]).passages == {ONE: Passage.MENDED}
    assert remote.things == {NAME: PIECE}


def test_a_dry_run_moves_nothing_and_tells_the_same(store, remote):
    store.put(PIECE)
    there = {object_name(DIGESTS[1]): PIECES[1]}
    remote.things = dict(there)
    dry = Exchange(store, remote, dry_run=True)
    assert dry.push(DIGESTS[:3]).passages == {
        ONE: Passage.MOVED,
        DIGESTS[1]: Passage.THERE,
        DIGESTS[2]: Passage.MISSING,
    }
    pulled = dry.pull(DIGESTS[:3])
    assert pulled.passages == {
        ONE: Passage.THERE,
        DIGESTS[1]: Passage.MOVED,
        DIGESTS[2]: Passage.MISSING,
    }
    assert pulled.bytes == len(PIECES[1])
    assert remote.things == there
    assert objects(store) == [store.path(ONE)]


def test_a_remote_that_fails_ends_it_and_what_was_moved_stays(store, remote, monkeypatch):
    remote.things = {object_name(one): data for one, data in zip(DIGESTS, PIECES, strict=True)}
    get = remote.get

    def fail(name):
        if name == object_name(DIGESTS[5]):
            raise RemoteError("the store is gone")
        return get(name)

    monkeypatch.setattr(remote, "get", fail)
    with pytest.raises(RemoteError, match="gone"):
        Exchange(store, remote, jobs=1).pull(DIGESTS)
    assert [store.get(one) for one in DIGESTS[:5]] == PIECES[:5]
    assert len(objects(store)) == 5
    monkeypatch.undo()
    assert Exchange(store, remote).pull(DIGESTS).those(Passage.THERE) == tuple(DIGESTS[:5])
    assert [store.get(one) for one in DIGESTS] == PIECES


def test_it_stops_when_it_is_told_to_and_says_what_is_left(store, remote):
    remote.things = {object_name(one): data for one, data in zip(DIGESTS, PIECES, strict=True)}
    stop = threading.Event()

    def watch(event):
        if isinstance(event, Exchanged) and event.digest == DIGESTS[2]:
            stop.set()

    moved = Exchange(store, remote, jobs=1, watch=watch, stop=stop).pull(DIGESTS)
    assert moved.left == tuple(DIGESTS[3:])
    assert list(moved.passages) == DIGESTS[:3]
    assert len(objects(store)) == 3


def test_no_more_are_in_memory_than_are_moved_at_once(store, remote):
    under_way, most, mutex = 0, 0, threading.Lock()
    gathered = threading.Barrier(3)

    class Slow(MemoryRemote):
        def get(self, name):
            nonlocal under_way, most
            with mutex:
                under_way += 1
                most = max(most, under_way)
            gathered.wait(10)
            with mutex:
                under_way -= 1
            return super().get(name)

    slow = Slow({object_name(one): data for one, data in zip(DIGESTS, PIECES, strict=True)})
    Exchange(store, slow, jobs=3).pull(DIGESTS)
    assert most == 3
