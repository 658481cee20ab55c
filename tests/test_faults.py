"""Every fault of the service and of the way to it: nothing paid twice, lost or wrongly kept.

Three tracks are built with one fault in force, once, three times, always, or always for one of
them alone; then without it until all is done.
"""

from __future__ import annotations

import pytest
from faults import answers, downloads, orders
from faults.connections import between
from faults.oracle import Audited
from faults.row import TIMES, TRACKS
from gateway import Gateway
from studio import Studio

from musicbuild import durable
from musicbuild.providers import elumenta_api

ROWS = [*orders.ROWS, *answers.ROWS, *downloads.ROWS]


@pytest.fixture
def studio(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    monkeypatch.setattr(elumenta_api, "DEADLINE", 65)
    with Gateway() as gateway, between(gateway, clock, monkeypatch, tmp_path):
        yield Studio(tmp_path / "project", gateway, clock)


CASES = [pytest.param(row, times, id=f"{row.id}-{times}") for row in ROWS for times in row.times]


@pytest.mark.parametrize(("row", "times"), CASES)
def test_fault(studio, row, times):
    studio.root.mkdir()
    project = Audited(studio, TRACKS, posts=row.posts, waste=row.waste, any_audio=row.any_audio)
    row.strike(studio, times)
    assert project.build() == row.code(times)
    if TIMES[times][1] and not row.halts:
        assert {"menu", "theme"} <= {*project.made}
    if times not in ("once", "thrice"):
        project.build()
    studio.gateway.faults.clear()
    while project.build(attempts=99) and project.builds < 6:
        studio.clock.sleep(300)
    row.end(project)


def test_every_class_has_a_case():
    tried = {int(row.id.split("-")[1]) for row in ROWS}
    assert {*range(1, 53)} <= tried
