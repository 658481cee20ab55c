"""Writing: the old file or the new one, never a part, and nothing left lying about."""

from __future__ import annotations

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
