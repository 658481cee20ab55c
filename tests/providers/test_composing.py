"""Several pieces at once: beside this process they come out the same, and leave nothing behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from musicbuild.providers import composing
from musicbuild.providers.composing import Composers, compose, serve
from musicbuild.providers.sketch_order import Order

PIECE = Order("rock, 140 BPM", "2", take=1, seed=0, loop=False, wanted=("",))
ORDERS = [replace(PIECE, take=take) for take in range(1, 7)]


@pytest.fixture
def composers():
    composers = Composers(cores=2)
    yield composers
    composers.close()


def all_at_once(composers, orders=ORDERS):
    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(composers.compose, orders))


def test_pieces_made_beside_are_the_same(composers):
    alone = [compose(order) for order in ORDERS]
    with composers._here:  # as if another piece were composed here all the time
        assert [composers.compose(order) for order in ORDERS] == alone
    assert len(composers.beside) == 1
    assert all_at_once(composers) == alone


def test_all_parts_come_from_beside(composers):
    order = replace(PIECE, wanted=("", "bass", "drums", "mid", "music"))
    with composers._here:
        found = composers.compose(order)
    assert found == compose(order)
    assert found.keys() == set(order.wanted)


def test_one_piece_alone_starts_no_process(composers):
    assert composers.compose(PIECE)[""]
    assert composers.beside == []


def test_no_more_processes_are_started_than_there_are_cores(composers):
    all_at_once(composers)
    assert len(composers.beside) <= 2


def test_a_process_that_dies_is_done_without(composers):
    with composers._here:
        first = composers.compose(PIECE)
    for one in composers.beside:
        one.process.kill()
        one.process.wait()
    assert all_at_once(composers) == [compose(order) for order in ORDERS]
    assert first == compose(PIECE)


def test_what_can_not_be_started_is_done_without(composers, monkeypatch):
    monkeypatch.setattr(composing.sys, "executable", "/nowhere/python")
    assert all_at_once(composers) == [compose(order) for order in ORDERS]


def test_what_is_wrong_with_an_order_is_said(composers):
    with pytest.raises(ValueError, match="a piece has 1/2 to 600 seconds, not 601"):
        composers.compose(replace(PIECE, seconds="601"))


def test_the_processes_end_with_the_connection(composers):
    with composers._here:
        composers.compose(PIECE)
    (beside,) = composers.beside
    composers.close()
    assert beside.process.returncode is not None


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_a_process_beside_is_told_no_key(composers, monkeypatch):
    monkeypatch.setenv("ELUMENTA_API_KEY", "nb_secret")
    with composers._here:
        composers.compose(PIECE)
    (beside,) = composers.beside
    seen = Path(f"/proc/{beside.process.pid}/environ").read_bytes()
    names = {line.partition(b"=")[0].decode() for line in seen.split(b"\0") if line}
    assert "PATH" in names
    assert names <= composing.HANDED_ON
    assert b"nb_secret" not in seen


KILLED = """
import sys
from musicbuild.providers.composing import Composers
from musicbuild.providers.sketch_order import Order
composers = Composers(cores=2)
with composers._here:
    composers.compose(Order("rock", "1", 1, 0, False, ("mid",)))
print(composers.beside[0].process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_the_processes_end_with_a_build_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as build:
        beside = int(build.stdout.readline())
        os.kill(beside, 0)
        build.send_signal(signal.SIGKILL)
    for _ in range(1_000):
        if not is_alive(beside):
            return
        time.sleep(0.01)
    pytest.fail("it goes on composing for nobody")


def is_alive(process):
    """Tell whether a process runs; one that has ended may still be waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_orders_are_made_one_after_the_other():
    orders = [replace(PIECE, wanted=("mid",)), replace(PIECE, take=2, wanted=("mid",))]
    lines = b"".join(json.dumps(asdict(order)).encode() + b"\n" for order in orders)
    out = io.BytesIO()
    serve(io.BytesIO(lines), out)
    out.seek(0)
    for order in orders:
        (length,) = json.loads(out.readline()).values()
        assert out.read(length) == compose(order)["mid"]
    assert out.read() == b""
