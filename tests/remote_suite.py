"""What every remote must do: a suite that each kind of place passes, and a stand-in without a disk.

A test class sets `remote` up by a fixture of that name.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from musicbuild.errors import RemoteError
from musicbuild.hashing import digest_bytes
from musicbuild.remotes import object_name
from musicbuild.remotes.names import checked

MUSIC = b"music" * 1000
NAME = object_name(digest_bytes(MUSIC))

BAD_NAMES = (
    "", "/", "a/", "/a", "a//b", "..", "../a", "a/../b", "a/./b", ".", ".hidden", "a/.b", "A",
    "a b", "a\\b", "c:a", "a\x00", "é", "a?b", "a#b", "a%2e", "x" * 201, "a\n",
)  # fmt: skip


class MemoryRemote:
    """A remote as tests of what stands above one need it; all it has is in `things`."""

    def __init__(self, things=None):
        self.things = dict(things or {})
        self.asked = []
        self._mutex = threading.Lock()

    @property
    def url(self):
        return "memory"

    def has(self, name):
        return self.size(name) is not None

    def size(self, name):
        self.asked.append(("size", name))
        found = self.things.get(checked(name))
        return None if found is None else len(found)

    def get(self, name):
        self.asked.append(("get", name))
        return self.things.get(checked(name))

    def create(self, name, data):
        with self._mutex:
            if checked(name) in self.things:
                return False
            self.things[name] = data
            return True

    def put(self, name, data):
        self.asked.append(("put", name))
        self.things[checked(name)] = data

    def remove(self, name):
        self.things.pop(checked(name), None)

    def close(self):
        pass


class RemoteSuite:
    """Subclass this as `Test…`, with a fixture `remote` that gives an empty one."""

    def test_what_was_never_put_is_not_there(self, remote):
        assert not remote.has(NAME)
        assert remote.size(NAME) is None
        assert remote.get(NAME) is None
        remote.remove(NAME)

    @pytest.mark.parametrize("data", [b"", b"\x00", MUSIC, bytes(3 << 20)])
    def test_what_is_put_is_given_back(self, remote, data):
        remote.put(NAME, data)
        assert remote.has(NAME)
        assert remote.size(NAME) == len(data)
        assert remote.get(NAME) == data
        assert isinstance(remote.get(NAME), bytes)

    def test_names_do_not_mix(self, remote):
        names = [NAME, NAME + "x", "orders/" + "a" * 64, "orders/a.json", "top"]
        for name in names:
            remote.put(name, name.encode())
        assert [remote.get(name) for name in names] == [name.encode() for name in names]

    def test_a_name_above_another_has_nothing_itself(self, remote):
        remote.put(NAME, MUSIC)
        assert remote.get(NAME + "/below") is None

    def test_putting_again_replaces(self, remote):
        for data in (b"damaged, and longer than it was", MUSIC, b""):
            remote.put(NAME, data)
            assert remote.get(NAME) == data

    def test_removing_takes_away_that_alone(self, remote):
        remote.put(NAME, MUSIC)
        remote.put("other", b"x")
        remote.remove(NAME)
        assert remote.get(NAME) is None
        assert remote.get("other") == b"x"
        assert remote.create(NAME, b"new")
        assert remote.get(NAME) == b"new"

    def test_creating_changes_nothing_that_is_there(self, remote):
        assert remote.create("orders/one", b"mine")
        assert not remote.create("orders/one", b"theirs")
        assert not remote.create("orders/one", b"mine")
        assert remote.get("orders/one") == b"mine"

    @pytest.mark.parametrize("size", [10, 200_000])
    def test_of_eight_who_create_one_name_one_wins(self, remote, size):
        for turn in range(5):
            start = threading.Barrier(8)

            def create(number, name=f"orders/{turn}", start=start):
                start.wait()
                return remote.create(name, b"%d" % number * size)

            with ThreadPoolExecutor(8) as pool:
                won = list(pool.map(create, range(8)))
            assert won.count(True) == 1
            assert remote.get(f"orders/{turn}") == b"%d" % won.index(True) * size

    def test_many_threads_put_and_get(self, remote):
        wanted = {object_name(digest_bytes(b"%d" % n)): b"%d" % n * 5000 for n in range(40)}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(remote.put, wanted.keys(), wanted.values()))
            assert list(pool.map(remote.get, wanted)) == list(wanted.values())
            assert all(pool.map(remote.has, wanted))

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_a_name_that_leads_elsewhere_is_refused(self, remote, name):
        for call in (
            remote.has,
            remote.size,
            remote.get,
            remote.remove,
            lambda bad: remote.put(bad, b"x"),
            lambda bad: remote.create(bad, b"x"),
        ):
            with pytest.raises(RemoteError, match="can't be a name"):
                call(name)

    def test_its_url_is_told(self, remote):
        assert remote.url.isprintable()

    def test_closing_twice_is_no_error(self, remote):
        remote.close()
        remote.close()
