"""Real builds, ended by SIGKILL at every named point and at hundreds of other moments.

What has to hold after each is in `killing/oracle.py`; `python -m tests.kill` does more of it.
"""

from __future__ import annotations

import pytest
from killing.points import LATER, POINTS
from killing.worker import POSSIBLE, Worker

pytestmark = pytest.mark.skipif(
    not POSSIBLE, reason="a build is forked, and Linux is asked which processes live"
)

SEEDS = 20
"""Cases of one test of random kills; each has one to three of them, of which half strike."""


@pytest.fixture(scope="module")
def worker():
    with Worker() as running:
        yield running


@pytest.mark.parametrize("point", POINTS)
def test_killed_at(worker, point):
    result = worker.ask(f"point {point}")
    assert not result["violation"], result["violation"]
    assert result["struck"][point in LATER], "no build comes by this point any more"


@pytest.mark.parametrize("first", range(0, 5 * SEEDS, SEEDS))
def test_killed_at_random(worker, first):
    results = [worker.ask(f"seed {seed}") for seed in range(first, first + SEEDS)]
    assert [one for one in results if one["violation"]] == []
    assert sum(sum(one["struck"]) for one in results) >= SEEDS / 4


@pytest.mark.parametrize("seed", range(6))
def test_eight_builds_at_once_with_kills(worker, seed):
    result = worker.ask(f"round {seed}")
    assert not result["violation"], result["violation"]


BUGS = {
    "nothing_is_intended": "claimed by nothing",
    "an_order_is_forgotten_too_early": "claimed by nothing",
    "a_lost_answer_is_ordered_again": "claimed by nothing",
    "files_are_written_in_place": "the lock does not parse",
    "nobody_claims_the_project": "two builds were where it is paid",
}
"""Bugs of `killing/bugs.py`, and what is said when one is planted."""


@pytest.mark.parametrize(("bug", "found"), BUGS.items(), ids=BUGS)
def test_a_bug_that_is_planted_is_found(worker, bug, found):
    assert found in worker.ask(f"bug {bug}")["violation"]
