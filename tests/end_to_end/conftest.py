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
def project(tmp_path: Path, gateway: Gateway) -> Project:
    folder = tmp_path / "game"
    folder.mkdir()
    return Project(folder, gateway)
