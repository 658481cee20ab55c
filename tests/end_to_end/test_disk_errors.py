"""A disk that is full or broken at one system call of a build, or from one on.

Whatever it says then, nothing paid is lost, and the next build, with a healthy disk, makes all
that is missing and pays for nothing twice.
"""

from __future__ import annotations

import pytest
from killing.worker import POSSIBLE, Worker

pytestmark = pytest.mark.skipif(
    not POSSIBLE, reason="a build is forked, and Linux is asked which processes live"
)


@pytest.fixture(scope="module")
def worker():
    with Worker() as running:
        yield running


@pytest.fixture(scope="module")
def calls(worker):
    found = worker.ask("calls")["calls"]
    if not found:
        pytest.skip("strace is not installed, or may not look into another process")
    assert len(found) > 100
    return [one.split(" ") for one in found]


def failures(worker, chosen):
    """Return what went wrong, and the calls that did not come to fail."""
    results = [worker.ask(f"error {' '.join(one)}") for one in chosen]
    assert results
    return [one for one in results if one["violation"] or one["struck"] != [True]]


@pytest.mark.parametrize("name", ["write", "openat", "mkdir", "mkdirat", "fsync", "renameat"])
def test_one_call_fails(worker, calls, name):
    assert failures(worker, [one for one in calls if one[0] == name and len(one) == 3]) == []


def test_all_syncs_fail_from_one_on(worker, calls):
    assert failures(worker, [one for one in calls if len(one) == 2]) == []


def test_a_bug_that_is_planted_is_found(worker, calls):
    result = worker.ask("bug an_id_that_was_not_written_is_not_told")
    assert "is paid, and written nowhere" in result["violation"]
