"""The store: what it gives back is what was put in, or nothing."""

from __future__ import annotations

import stat

import pytest

from musicbuild import durable
from musicbuild.hashing import digest_bytes
from musicbuild.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def damage(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def test_bytes_are_kept_by_their_digest_and_read_only(store):
    digest = store.put(b"music")
    assert digest == digest_bytes(b"music")
    assert store.path(digest) == store.folder / "objects" / digest[:2] / digest[2:]
    assert stat.S_IMODE(store.path(digest).stat().st_mode) == 0o444
    assert store.holds(digest)
    assert store.get(digest) == b"music"


def test_what_was_never_put_is_not_there(store):
    assert not store.holds(digest_bytes(b"music"))
    assert store.get(digest_bytes(b"music")) is None
    assert not store.folder.exists()


@pytest.mark.parametrize("data", [b"", b"musi", b"music!", b"nusic"])
def test_a_damaged_object_is_missing_and_put_right(store, data):
    digest = store.put(b"music")
    damage(store.path(digest), data)
    assert store.holds(digest), "it is there, though nobody has read it"
    assert store.get(digest) is None
    store.put(b"music")
    assert store.get(digest) == b"music"


def test_what_is_there_is_not_written_again(store, monkeypatch):
    store.put(b"music")
    monkeypatch.setattr(durable, "write", lambda *_, **__: pytest.fail("written again"))
    store.put(b"music")


def test_what_comes_from_elsewhere_is_kept_only_if_it_is_what_was_said(store):
    digest = digest_bytes(b"music")
    assert not store.keep(b"nusic", digest)
    assert not store.folder.exists()
    assert store.keep(b"music", digest)
    assert store.get(digest) == b"music"
    damage(store.path(digest), b"damaged")
    assert store.keep(b"music", digest)
    assert store.get(digest) == b"music"
    assert stat.S_IMODE(store.path(digest).stat().st_mode) == 0o444
