"""A folder as a remote: marked, held, and never a way out of it."""

from __future__ import annotations

import errno
import os
import socket
import stat

import pytest
from remote_suite import MUSIC, NAME, MemoryRemote, RemoteSuite

from musicbuild import reading
from musicbuild.errors import RemoteError, Unusable
from musicbuild.remotes import object_name, open_remote
from musicbuild.remotes.folder import MARKER


def opened(url, root, **more):
    return open_remote(url, root=root, environment={}, **more)


@pytest.fixture
def place(tmp_path):
    """A folder beside the project's, which is `tmp_path / "game"`."""
    (tmp_path / "game").mkdir()
    return tmp_path / "music"


@pytest.fixture
def remote(place):
    with_marker = opened("../music", place.parent / "game", create=True)
    yield with_marker
    with_marker.close()


class TestFolder(RemoteSuite):
    @pytest.fixture(params=["links", "no links"])
    def remote(self, remote, request, monkeypatch):
        if request.param == "no links":

            def link(*_, **__):
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))

            monkeypatch.setattr(os, "link", link)
        return remote


class TestMemory(RemoteSuite):
    @pytest.fixture
    def remote(self):
        return MemoryRemote()


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_objects_lie_as_in_the_local_store_and_nothing_is_left_over(remote, place):
    remote.put(NAME, MUSIC)
    remote.put(NAME, MUSIC)
    remote.create("orders/one", b"{}")
    remote.create("orders/one", b"{}")
    files = [name for name in everything(place) if (place / name).is_file()]
    assert files == [MARKER, NAME, "orders/one"]
    assert (place / MARKER).read_text() == '{"version": 1}\n'


def test_files_are_for_the_whole_team(remote, place):
    before = os.umask(0o002)
    try:
        remote.put(NAME, MUSIC)
        remote.create("orders/one", b"{}")
    finally:
        os.umask(before)
    assert {stat.S_IMODE((place / name).stat().st_mode) for name in (NAME, "orders/one")} == {0o664}


@pytest.mark.parametrize("form", ["file://{}", "file://localhost{}", "{}"])
def test_a_folder_has_an_address_too(remote, place, form):
    remote.put(NAME, MUSIC)
    other = opened(form.format(place.as_posix()), place)
    assert other.get(NAME) == MUSIC
    other.close()


def test_an_address_may_have_escapes(tmp_path):
    opened("my store", tmp_path, create=True).close()
    opened(f"file://{tmp_path.as_posix()}/my%20store", tmp_path).close()


def said(url, root, **more):
    with pytest.raises(RemoteError) as caught:
        opened(url, root, **more)
    assert caught.value.exit_code == 5
    return str(caught.value)


WAY_OUT = "\nhint: mount it, or `musicbuild push --create` makes a store of it"


def test_a_folder_that_is_not_there_is_no_store(tmp_path):
    assert said("music", tmp_path) == "`music` is no store: there is no such folder" + WAY_OUT
    assert everything(tmp_path) == []


def test_a_folder_without_a_marker_is_no_store(tmp_path):
    (tmp_path / "music").mkdir()
    assert said("music", tmp_path) == f"`music` is no store: it has no `{MARKER}`" + WAY_OUT
    assert everything(tmp_path) == ["music"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "1", "[" * 20000, "\xff"])
def test_a_marker_that_says_nothing_is_none(place, text):
    place.mkdir()
    (place / MARKER).write_text(text)
    assert said("music", place.parent) == f"`music` is no store: its `{MARKER}` can't be read" + (
        WAY_OUT
    )


def test_a_store_of_another_version_is_left_alone(place):
    place.mkdir()
    (place / MARKER).write_text('{"version": 2}')
    assert said("music", place.parent, create=True) == (
        "the store `music` is of version 2, and this musicbuild knows version 1"
        "\nhint: use a newer musicbuild"
    )


def test_a_marker_that_is_a_link_a_pipe_or_huge_is_refused(place, tmp_path):
    place.mkdir()
    marker = place / MARKER
    (tmp_path / "real").write_text('{"version": 1}')
    refused = f"`music` is no store: its `{MARKER}` can't be read" + WAY_OUT
    marker.symlink_to(tmp_path / "real")
    assert said("music", tmp_path) == refused
    marker.unlink()
    os.mkfifo(marker)
    assert said("music", tmp_path) == refused
    marker.unlink()
    marker.write_bytes(bytes(1 << 20))
    assert said("music", tmp_path) == refused


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "music").write_text("")
    assert said("music", tmp_path) == "`music` is no store: there is no such folder" + WAY_OUT
    assert "`music`" in said("music", tmp_path, create=True)


def test_creating_a_store_twice_changes_nothing(remote, place):
    remote.put(NAME, MUSIC)
    again = opened("../music", place.parent / "game", create=True)
    assert again.get(NAME) == MUSIC
    again.close()


def test_a_store_stays_the_one_that_was_opened(remote, place):
    """A share that goes away leaves an empty folder, and nothing is to be written there."""
    place.rename(place.with_name("elsewhere"))
    place.mkdir()
    remote.put(NAME, MUSIC)
    assert everything(place) == []
    assert remote.get(NAME) == MUSIC


def test_a_link_in_a_store_is_not_followed(remote, place, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / NAME.split("/")[-1]).write_bytes(MUSIC)
    (place / "objects").mkdir()
    (place / "objects" / NAME.split("/")[1]).symlink_to(outside)
    for call in (
        lambda: remote.get(NAME),
        lambda: remote.put(NAME, b"x"),
        lambda: remote.create(NAME + "x", b"x"),
        lambda: remote.remove(NAME),
    ):
        with pytest.raises(RemoteError, match="is a link"):
            call()
    assert len(everything(outside)) == 1


def test_what_is_no_plain_file_is_no_object(remote, place, tmp_path, monkeypatch):
    path = place / NAME
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("secret")

    def refused(what):
        with pytest.raises(Unusable) as caught:
            remote.get(NAME)
        assert caught.value.exit_code == 7
        assert str(caught.value) == (
            f"`{NAME}` in the store `../music` {what}\nhint: remove it there"
        )
        assert remote.has(NAME)
        assert not remote.create(NAME, b"x")

    refused("is not a plain file")
    assert remote.size(NAME) == 0
    path.unlink()
    os.mkfifo(path)
    refused("is not a plain file")
    path.unlink()
    with socket.socket(socket.AF_UNIX) as there:
        monkeypatch.chdir(path.parent)
        there.bind(path.name)
        refused("is not a plain file")
    remote.put(NAME, MUSIC)
    assert remote.get(NAME) == MUSIC
    with path.open("r+b") as file:
        file.truncate(reading.LARGEST + 1)
    refused("is larger than 512 MiB")


@pytest.mark.parametrize("call", ["put", "create"])
def test_a_full_disk_leaves_nothing_half_written(remote, place, monkeypatch, call):
    remote.put("orders/other", b"x")
    before = everything(place)

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RemoteError) as caught:
        getattr(remote, call)("orders/one", MUSIC)
    monkeypatch.undo()
    assert str(caught.value) == (
        "the store `../music`: no space left on device"
        "\nhint: see that it is mounted and yours to use"
    )
    assert everything(place) == before


def test_a_full_disk_without_links_leaves_nothing_half_written(remote, place, monkeypatch):
    remote.put("orders/other", b"x")
    before, synced, sync = everything(place), [], os.fsync

    def link(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    def fail_then(handle):
        synced.append(handle)
        if len(synced) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "fsync", fail_then)
    with pytest.raises(RemoteError, match="no space left"):
        remote.create("orders/one", MUSIC)
    monkeypatch.undo()
    assert everything(place) == before


def test_an_answer_that_nfs_lost_is_not_believed(remote, monkeypatch):
    """The server has made the link, the client asks again and hears that it is there."""
    link = os.link

    def twice(*given, **more):
        link(*given, **more)
        link(*given, **more)

    monkeypatch.setattr(os, "link", twice)
    assert remote.create("orders/one", b"mine")
    assert not remote.create("orders/one", b"theirs")
    assert remote.get("orders/one") == b"mine"


def test_an_object_is_synced_before_it_has_its_name(remote, monkeypatch):
    made = []
    for name in ("fsync", "link", "replace"):
        call = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda *given, call=call, name=name, **more: (made.append(name), call(*given, **more)),
        )
    remote.create("one", b"x")
    remote.put("two", b"x")
    assert made == ["fsync", "link", "fsync", "fsync", "replace", "fsync"]


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_what_is_no_digest_names_no_object(digest):
    with pytest.raises(RemoteError, match="is no digest"):
        object_name(digest)


def test_a_folder_that_is_not_ours_to_read_is_told(place, monkeypatch):
    place.mkdir()

    def refuse(*_, **__):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    told = "the store `music`: permission denied\nhint: see that it is mounted and yours to use"
    with monkeypatch.context() as patched:
        patched.setattr("musicbuild.reading.contents", refuse)
        assert said("music", place.parent) == told
    monkeypatch.setattr("musicbuild.remotes.folder.hold", refuse)
    assert said("music", place.parent) == told
