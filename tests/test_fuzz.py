"""Inputs made at random, the same each time: none breaks a promise, and a broken one is found."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from math import inf
from pathlib import Path

import pytest
from fuzz import corpus, targets, values
from fuzz.board import Board, counted
from fuzz.campaign import TARGETS, Target, hunt, inputs, tried
from fuzz.drive import NAMES
from fuzz.mutate import raw
from gateway_audio import mp3

RUNS = {
    "document": 3000,
    "manifest": 1200,
    "template": 1000,
    "lock": 8000,
    "journal": 3000,
    "torn": 5000,
    "reply": 5000,
    "history": 5000,
    "audio": 3000,
    "tags": 500,
}


@pytest.mark.parametrize("name", NAMES)
def test_no_input_breaks_a_promise(name):
    given = islice(inputs(TARGETS[name], seed=2026), RUNS[name])
    assert [str(found) for found in hunt(TARGETS[name], given)] == []


def intent(**changes):
    """Return a journal's first record with some values changed, signed as it should be."""
    record = json.loads(corpus.journals()[0].partition(b"\t")[0])
    return values.signed([json.dumps({**record, **changes}).encode()])


MUSIC = mp3("found", 0.1)
SHORT_APE = b"APETAGEX" + bytes.fromhex("d0070000 1f000000 00000000 00000080") + bytes(8)
UNSEEN_IN_KEY = '200\n{"message": "nb_CANARY\u200b0123456789abcdefABCDEF"}'.encode()
BARE = {"provider": "x", "model": "y", "prompt": "z", "duration": 1, "options": []}
FOUND = [
    pytest.param("journal", intent(quote=[]), id="a quote of no parts"),
    pytest.param("journal", intent(quote=["NaN", "tokens"]), id="a quote of no amount"),
    pytest.param("journal", intent(quote=["1E+9999", "x"]), id="a quote of too many digits"),
    pytest.param("journal", intent(spec=BARE | {"prompt": "\ud800"}), id="a prompt of half a sign"),
    pytest.param("reply", b'200\n{"id":"a","tokens_used":"1e-999"}', id="a cost too fine"),
    pytest.param(
        "audio", MUSIC + SHORT_APE[1:] + SHORT_APE, id="an APE tag shorter than its footer"
    ),
    pytest.param("audio", b"ID3\3\0\x10\0\0\0\0" + bytes(10) + MUSIC, id="a footer in ID3v2.3"),
    pytest.param("reply", UNSEEN_IN_KEY, id="a key with something unseen inside"),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_once_broke_a_promise_does_not_again(name, data):
    assert tried(TARGETS[name], data) is None


# The harness itself.


def fragile(data):
    """Read fields as a careless parser would."""
    told = dict(field.partition(b"=")[::2] for field in data.split(b";"))
    if b"!" in told:
        raise Refused("it is refused")
    assert told[b"id"]


class Refused(Exception):
    pass


def declared(data):
    with suppress(Refused):
        fragile(data)


def planted(run):
    return Target("planted", run, lambda: (b"more=1;id=x;most=2",), [raw])


def test_planted_faults_are_found_and_made_small():
    target = planted(declared)
    found = {one.error: one for one in hunt(target, islice(inputs(target, seed=1), 2000))}
    assert {error: one.data for error, one in found.items()} == {
        "KeyError": b"",
        "AssertionError": b"id",
    }
    assert str(found["KeyError"]).startswith("planted: KeyError in test_fuzz.py:")


def test_only_what_is_declared_is_no_finding():
    assert tried(planted(declared), b"!") is None
    assert tried(planted(fragile), b"!").error == "Refused"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")
def test_a_run_without_end_is_a_finding():
    def endless(_data):
        while True:
            with suppress(Exception):
                sum(range(1000))

    found = tried(planted(endless), b"x", seconds=0.05)
    assert (found.error, found.message) == ("TooLong", "it takes more than 0.05 seconds")
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_inputs_again(name):
    once, again, other = (list(islice(inputs(TARGETS[name], seed), 300)) for seed in (7, 7, 8))
    assert once == again != other
    assert len({*once}) > 150


def test_each_target_can_be_named():
    assert [*TARGETS] == [*NAMES]


ACCEPTED = ("manifest", "template", "lock", "journal", "history", "tags")
"""Targets of which each seed is accepted: were it refused, little would be tried."""


@pytest.mark.parametrize("name", ACCEPTED)
def test_valid_seeds_are_accepted(name, monkeypatch):
    refused = []
    monkeypatch.setattr(targets, "legible", refused.append)
    for data in TARGETS[name].seeds():
        TARGETS[name].run(data)
    assert list(map(str, refused)) == []


def test_the_board_counts_and_keeps_the_last_input():
    board = Board()
    given = counted(iter([b"one", b"four", b"five"]), board, runs=2, until=inf)
    assert list(given) == [b"one", b"four"]
    assert (board.executions, board.last) == (2, b"four")
    board.note(b"")
    assert (board.executions, board.last) == (3, b"")


DYING = """
import os, sys
from pathlib import Path
from fuzz import campaign, drive
from fuzz.campaign import TARGETS, Target

def die(data):
    if data == b"9":
        os.kill(os.getpid(), 9)

TARGETS["planted"] = Target("planted", die, lambda: (b"0", b"9"), campaign.TEXT)
print(drive.pursue("planted", drive.Order(5, None, 0, False, Path(sys.argv[1]))))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_the_death_of_a_child_is_a_finding(tmp_path):
    done = run("-c", DYING, tmp_path)
    assert done.stdout.startswith("planted: the process dies with -9\n  1 bytes: --replay ")
    assert done.stdout.endswith(" 1 findings\n")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"9"]


def test_the_driver_counts_runs_and_replays_a_finding(tmp_path):
    done = run("-m", "tests.fuzz", "lock", "torn", "--runs", "200", "--findings", tmp_path)
    assert re.findall(r"(\w+): 200 executions, .* a second, 0 findings", done.stdout) == [
        *("lock", "torn")
    ]
    assert done.returncode == 0
    path = tmp_path / "lock-x.bin"
    path.write_bytes(b"{")
    assert run("-m", "tests.fuzz", "--replay", path).returncode == 0


def run(*words):
    tests = Path(__file__).parent
    return subprocess.run(
        [sys.executable, *words],
        cwd=tests.parent,
        env={**os.environ, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=False,
    )
