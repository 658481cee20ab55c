"""Writing: the old file or the new one, never a part, and nothing left lying about."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from musicbuild import durable, folders


def calls(monkeypatch, *names):
    """Note the calls of the system in the order in which they are made."""
    made = []

    def noted(name):
        call = getattr(os, name)

        def note(*arguments, **more):
            made.append(name)
            return call(*arguments, **more)

        return note

    for name in names:
        monkeypatch.setattr(os, name, noted(name))
    return made


def test_a_file_is_replaced_and_folders_are_made(tmp_path):
    path = tmp_path / "a" / "b" / "file"
    durable.write(path, b"old")
    durable.write(path, b"new", mode=0o444)
    durable.write(path, b"newer", mode=0o600)
    assert path.read_bytes() == b"newer"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_file_is_synced_before_it_takes_its_name_and_the_name_after(tmp_path, monkeypatch):
    made = calls(monkeypatch, "fsync", "replace")
    durable.write(tmp_path / "file", b"data")
    assert made == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_alone(tmp_path, monkeypatch, name):
    path = tmp_path / "file"
    durable.write(path, b"old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match="No space left"):
        durable.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def moved(tmp_path):
    """Return what moves a file of one folder to another."""
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    (tmp_path / "from/file").write_bytes(b"data")

    def move():
        with folders.hold(tmp_path / "from") as one, folders.hold(tmp_path / "to") as other:
            durable.move_within(one, "file", other)
        assert (tmp_path / "to/file").read_bytes() == b"data"
        assert list((tmp_path / "from").iterdir()) == []

    return move


def test_a_file_is_moved_and_both_folders_are_synced(moved, monkeypatch):
    made = calls(monkeypatch, "fsync", "rename", "unlink")
    moved()
    assert made == ["rename", "fsync", "fsync"]


def test_from_another_disk_a_file_goes_once_its_copy_is_on_disk(moved, monkeypatch):
    def rename(*_, **__):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "rename", rename)
    made = calls(monkeypatch, "fsync", "replace", "unlink")
    moved()
    assert made[:4] == ["fsync", "replace", "fsync", "unlink"]


@pytest.mark.parametrize("name", ["a.mp3", "é" * 60])
def test_the_name_of_a_file_written_aside_tells_what_it_was_to_become(tmp_path, monkeypatch, name):
    written = []
    monkeypatch.setattr(os, "replace", lambda one, *_, **__: written.append(one))
    durable.write(tmp_path / name, b"data")
    (aside,) = written
    assert durable.is_aside(aside, of=name)
    assert not durable.is_aside(aside, of=f"x{name}")
    assert not durable.is_aside(name, of=name)
    assert not durable.is_aside(f"{aside}0", of=name)


@pytest.mark.parametrize("letter", ["a", "é", "音", "🎵"])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, letter):
    path = tmp_path / (letter * (255 // len(letter.encode())))
    durable.write(path, b"data")
    assert path.read_bytes() == b"data"


def test_appending_makes_a_private_file_and_adds_to_it(tmp_path, monkeypatch):
    path = tmp_path / "file"
    made = calls(monkeypatch, "fsync")
    durable.append(path, b"one\n")
    assert made == ["fsync", "fsync"], "the file, and its name in the folder"
    durable.append(path, b"two\n")
    assert made == ["fsync"] * 3
    assert path.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_system_that_syncs_no_folders_is_not_asked_to(tmp_path, monkeypatch):
    made = calls(monkeypatch, "fsync")
    with monkeypatch.context() as patched:
        patched.setattr(folders, "HELD", False)
        durable.sync_folder(tmp_path)
    assert made == []


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_created_once_and_whole(tmp_path, monkeypatch, links):
    def link(*_, **__):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:
        monkeypatch.setattr(os, "link", link)
    with folders.hold(tmp_path) as folder:
        assert durable.create_within(folder, "file", b"first", mode=0o600)
        assert not durable.create_within(folder, "file", b"second")
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        assert not durable.create_within(folder, "link", b"third")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_failure_to_create_that_is_no_matter_of_links_is_told(tmp_path, monkeypatch):
    def link(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", link)
    with folders.hold(tmp_path) as folder, pytest.raises(OSError, match="Input/output"):
        durable.create_within(folder, "file", b"first")
    assert list(tmp_path.iterdir()) == []
