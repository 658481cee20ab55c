"""A project and a server for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway import Gateway
from projects import Project


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, gateway: Gateway) -> Project:
    """A project; as `team` its builds tell a store of their orders, and push to it."""
    folder = tmp_path / "game"
    folder.mkdir()
    made = Project(folder, gateway)
    return made.join_team(tmp_path / "store") if getattr(request, "param", "") == "team" else made
