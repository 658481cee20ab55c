"""What a team is told: read back as it was told, and nothing that anybody forged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from remote_suite import MemoryRemote
from specimens import purchase, spec

from musicbuild import registry as registries
from musicbuild.errors import IntegrityError
from musicbuild.hashing import canonical, digest_bytes
from musicbuild.payment import Payment
from musicbuild.registry import Registry

WISH = spec("Calm pads")
LONGER = replace(WISH, duration=60.0)
WHEN = datetime(2026, 11, 23, 2, 11, 34, tzinfo=UTC)
ORDER = Payment("attempt-1", WISH, WHEN, frozenset({"gen_1"}), track="menu")
PLACE = "orders/" + digest_bytes(f"{WISH.provider} {WISH.model} {WISH.prompt}".encode())


@pytest.fixture
def remote():
    return MemoryRemote()


@pytest.fixture
def registry(remote):
    return Registry(remote)


def record(told) -> bytes:
    text = canonical({"version": 1, **told})
    return f"{text}\n{digest_bytes(text.encode())}\n".encode()


def test_an_order_is_told_once_for_all_in_its_words(registry):
    assert registry.orders(WISH) == ([], 0)
    assert registry.intend(ORDER, after=0)
    assert not registry.intend(replace(ORDER, attempt="attempt-2"), after=0)
    longer = replace(ORDER, attempt="attempt-3", spec=LONGER)
    assert registry.intend(longer, after=1)
    assert list(registry.orders(WISH)[0]) == list(registry.orders(LONGER)[0]) == [ORDER, longer]
    registry.accept(ORDER, "gen_2")
    assert registry.orders(WISH)[0][0] == replace(ORDER, generation="gen_2")
    registry.void(ORDER)
    assert (list(registry.orders(WISH)[0]), registry.orders(WISH)[1]) == ([longer], 2)


def test_who_told_it_is_told_so_again(registry):
    assert registry.intend(ORDER, after=0)
    assert registry.intend(ORDER, after=0)


def test_a_generation_is_for_one_key(registry):
    assert registry.claim("elumenta", "gen_2", WISH.key)
    assert registry.claim("elumenta", "gen_2", WISH.key)
    assert not registry.claim("elumenta", "gen_2", LONGER.key)
    assert registry.claim("other", "gen_2", LONGER.key)


def test_a_purchase_is_that_of_its_key(registry, remote):
    bought = purchase(WISH)
    assert registry.purchase(WISH.key) is None
    registry.enter(WISH.key, bought)
    registry.enter(WISH.key, replace(bought, generation="later"))
    assert registry.purchase(WISH.key) == bought
    assert list(registry.damaged(WISH.key, bought)) == []
    remote.put(f"purchases/{LONGER.key}", remote.get(f"purchases/{WISH.key}"))
    with pytest.raises(IntegrityError, match="damaged, and it may say what was paid for"):
        registry.purchase(LONGER.key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        record({})[:-1].replace(b"1", b"2"),
        record({"intent": {}}),
        record({"attempt": "attempt-1", "intent": []}),
        record({"attempt": 7, "intent": {}}),
        json.dumps({"version": 1}).encode(),
        bytes(registries.LARGEST + 1),
    ],
    ids=lambda data: str(data[:24]),
)
def test_what_is_no_record_is_named(registry, remote, data):
    remote.put(f"{PLACE}/1", data)
    with pytest.raises(IntegrityError, match=f"`{PLACE}/1` in"):
        registry.orders(WISH)


@pytest.mark.parametrize("attempt", ["../../claim", "", "A" * 65, "a/b"])
def test_an_attempt_that_could_be_a_path_is_no_record(registry, attempt):
    registry.intend(replace(ORDER, attempt=attempt), after=0)
    with pytest.raises(IntegrityError, match="damaged"):
        registry.orders(WISH)


def test_an_order_in_other_words_is_no_record_here(registry, remote):
    other = replace(ORDER, spec=spec("Drums"))
    registry.intend(other, after=0)
    (name,) = (one for one in remote.things if one.startswith("orders/"))
    remote.put(f"{PLACE}/1", remote.get(name))
    with pytest.raises(IntegrityError, match="damaged"):
        registry.orders(WISH)


def test_nobody_is_made_to_read_on_for_ever(registry, monkeypatch):
    monkeypatch.setattr(registries, "MOST_ORDERS", 3)
    for number in range(4):
        registry.intend(replace(ORDER, attempt=f"attempt-{number}"), after=number)
    with pytest.raises(IntegrityError, match=f"`{PLACE}` in"):
        registry.orders(WISH)
