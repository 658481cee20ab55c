"""Folders to run commands in: empty, with a manifest, and built."""

from __future__ import annotations

import pytest
from commands.folder import TWO_TRACKS, Folder


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    return Folder(root)


@pytest.fixture
def run(folder):
    return folder.run


@pytest.fixture
def project(folder):
    """A folder with a manifest of three short tracks, which cost nothing."""
    return folder.write(TWO_TRACKS)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The same, built; not to be changed."""
    folder = Folder(tmp_path_factory.mktemp("built")).write(TWO_TRACKS)
    result = folder.run("build")
    assert result.code == 0, result.err
    return folder
