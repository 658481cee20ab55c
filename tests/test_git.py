"""Which git is run, and that it neither hangs nor minds another repository than the project's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import Repository

from musicbuild import git
from musicbuild.errors import MusicbuildError, UsageError
from musicbuild.lock import Lock, dump


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return Repository(tmp_path / "game")


def program(folder: Path, script="exit 0") -> Path:
    """Put a program called git into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / git.PROGRAM
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_first_git_on_the_path_is_run_unless_it_lies_in_the_project(
    repository, tmp_path, monkeypatch
):
    inside, linked, outside = (repository.root / "bin", tmp_path / "link", tmp_path / "bin")
    found = program(outside)
    program(inside)
    linked.mkdir()
    (linked / git.PROGRAM).symlink_to(inside / git.PROGRAM)
    (tmp_path / "to inside").symlink_to(inside)
    (tmp_path / "alias").symlink_to(repository.root)
    (repository.root / "links").mkdir()
    (repository.root / "links" / git.PROGRAM).symlink_to(program(tmp_path / "anywhere"))
    places = ["", ".", "bin", inside, linked, tmp_path / "to inside", tmp_path / "none"]
    places += [repository.root / "links", tmp_path / "alias" / "links", outside]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, places)))
    monkeypatch.chdir(repository.root)
    deep = repository.root / "sounds"
    deep.mkdir()
    for folder in (repository.root, deep):
        assert git.find(folder) == git.Git(str(found), folder)
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, places[:-1])))
    with pytest.raises(git.NoGit):
        git.find(deep)


def test_a_file_that_is_no_program_is_not_run(tmp_path, monkeypatch):
    program(tmp_path / "bin").chmod(0o644)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(git.NoGit):
        git.find(tmp_path / "game")


def test_git_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(git, "PATIENCE", 0.1)
    hanging = git.Git(str(program(tmp_path, "exec sleep 60")), tmp_path)
    with pytest.raises(MusicbuildError, match=r"`git config` did not end within 0.1 s"):
        hanging.setting("a.b")


def test_git_that_fails_is_told_in_its_own_words(tmp_path):
    failing = git.Git(str(program(tmp_path, "echo 'fatal: no\nmore' >&2; exit 3")), tmp_path)
    with pytest.raises(MusicbuildError, match=r"^`git config` failed: no$"):
        failing.order("config", "a.b", "c")
    silent = git.Git(str(program(tmp_path, "exit 3")), tmp_path)
    with pytest.raises(MusicbuildError, match=r"^`git config` failed: it did not say why$"):
        silent.order("config", "a.b", "c")


def test_a_repository_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "game").mkdir()
    program(tmp_path / "bin", "echo 'fatal: detected dubious ownership' >&2; exit 128")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(UsageError, match="can't read the repository: detected dubious ownership"):
        git.find_work_tree(tmp_path / "game")


def test_another_repository_in_the_environment_is_not_asked(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", "/")
    found = git.find_work_tree(repository.root)
    found.order("config", "--local", "a.b", "c")
    assert (found.setting("a.b"), found.setting("a.c")) == ("c", None)
    with pytest.raises(UsageError, match="is in no git repository"):
        git.find_work_tree(repository.root / ".git")


def test_a_file_in_a_merge_is_read_as_each_side_has_it(repository):
    locks = [dump(Lock()), b"{ours}\n", b"{theirs}\n"]
    repository.branches(*locks).git("merge", "topic", code=1)
    found = git.find(repository.root)
    stages = [found.stage(number, "musicbuild.lock", most=100) for number in (1, 2, 3)]
    assert stages == locks
    assert found.stage(1, "other", most=100) is None
    assert found.stage(2, "musicbuild.lock", most=6) is None


def test_nothing_is_asked_of_a_person(tmp_path):
    asked = git.Git(str(program(tmp_path, "read answer; env")), tmp_path).ask("x")
    told = asked.stdout.decode().splitlines()
    assert {"GIT_TERMINAL_PROMPT=0", "LC_ALL=C"} <= {*told}
