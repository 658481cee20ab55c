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

from musicbuild import crew
from musicbuild.crew import Crew, serve
from musicbuild.providers.composing import compose, work
from musicbuild.providers.sketch_connection import COMPOSING
from musicbuild.providers.sketch_order import Order

PIECE = Order("rock, 140 BPM", "2", take=1, seed=0, loop=False, wanted=("",))
ORDERS = [replace(PIECE, take=take) for take in range(1, 7)]


@pytest.fixture
def composers():
    composers = Crew(COMPOSING, cores=2)
    yield composers
    composers.close()


def all_at_once(composers, orders=ORDERS):
    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(composers.do, map(asdict, orders)))


def test_pieces_made_beside_are_the_same(composers):
    alone = [compose(order) for order in ORDERS]
    with composers._here:  # as if another piece were composed here all the time
        assert [composers.do(asdict(order)) for order in ORDERS] == alone
    assert len(composers.beside) == 1
    assert all_at_once(composers) == alone


def test_all_parts_come_from_beside(composers):
    order = replace(PIECE, wanted=("", "bass", "drums", "mid", "music"))
    with composers._here:
        found = composers.do(asdict(order))
    assert found == compose(order)
    assert found.keys() == set(order.wanted)


def test_one_piece_alone_starts_no_process(composers):
    assert composers.do(asdict(PIECE))[""]
    assert composers.beside == []


def test_no_more_processes_are_started_than_there_are_cores(composers):
    all_at_once(composers)
    assert len(composers.beside) <= 2


def test_a_process_that_dies_is_done_without(composers):
    with composers._here:
        first = composers.do(asdict(PIECE))
    for one in composers.beside:
        one.process.kill()
        one.process.wait()
    assert all_at_once(composers) == [compose(order) for order in ORDERS]
    assert first == compose(PIECE)


def test_what_can_not_be_started_is_done_without(composers, monkeypatch):
    monkeypatch.setattr(crew.sys, "executable", "/nowhere/python")
    assert all_at_once(composers) == [compose(order) for order in ORDERS]


def test_what_is_wrong_with_an_order_is_said(composers):
    with pytest.raises(ValueError, match="a piece has 1/2 to 600 seconds, not 601"):
        composers.do(asdict(replace(PIECE, seconds="601")))


def test_what_is_wrong_with_an_order_is_said_from_beside(composers):
    """And the process is there for the next order."""
    with composers._here:
        for _ in range(2):
            with pytest.raises(ValueError, match="a piece has 1/2 to 600 seconds, not 601"):
                composers.do(asdict(replace(PIECE, seconds="601")))
        assert composers.do(asdict(PIECE)) == compose(PIECE)
    assert len(composers.beside) == 1


def test_work_apart_is_never_done_here():
    apart = Crew(COMPOSING, apart=True)
    try:
        assert apart.do(asdict(PIECE)) == compose(PIECE)
        (beside,) = apart.beside
        beside.process.kill()
        beside.process.wait()
        with pytest.raises(OSError, match="ended without an answer"):
            apart.do(asdict(PIECE))
        assert apart.do(asdict(PIECE)) == compose(PIECE)
    finally:
        apart.close()


SLOW = """
import time

def work(order):
    time.sleep(order["seconds"])
    return {"": str(order["number"]).encode(), "more": b"x" * order["number"]}
"""


@pytest.fixture
def eager(tmp_path, monkeypatch):
    """Return a crew of one process, which has three orders ahead, and what starts them."""
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    crew = Crew("slow", cores=1, apart=True, ahead=3)
    yield crew
    crew.close()


def test_each_has_its_own_answer_of_several_that_are_ahead(eager):
    eager.begin()
    orders = [{"number": number, "seconds": number % 3 / 100} for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(eager.do, orders))
    assert [(int(one[""]), len(one["more"])) for one in found] == [(n, n) for n in range(40)]
    assert len(eager.beside) == 1


def test_orders_wait_in_a_process_before_it_asks_for_them(eager):
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(eager.do, {"number": n, "seconds": 0.5}) for n in range(4)]
        until(lambda: eager._places.left == 0)
        assert [one.result()[""] for one in asked]
    assert len(eager.beside) == 1


def test_no_answer_is_taken_for_another_if_the_process_dies(eager):
    eager.begin()
    (beside,) = eager.beside
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(eager.do, {"number": n, "seconds": 1}) for n in range(4)]
        until(lambda: eager._places.left == 0)
        beside.process.kill()
        for one in asked:
            with pytest.raises(OSError, match="ended without an answer"):
                one.result()


def until(there):
    for _ in range(1_000):
        if there():
            return
        time.sleep(0.01)
    pytest.fail("it does not come")


def test_what_a_library_prints_is_no_answer(tmp_path, monkeypatch):
    chatty = (
        "import os\n\n\ndef work(order):\n    os.write(1, b'hello\\n')\n    return {'': b'made'}\n"
    )
    (tmp_path / "chatty.py").write_text(chatty)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    apart = Crew("chatty", apart=True)
    try:
        assert [apart.do({}), apart.do({})] == [{"": b"made"}] * 2
    finally:
        apart.close()


def test_the_processes_end_with_the_connection(composers):
    with composers._here:
        composers.do(asdict(PIECE))
    (beside,) = composers.beside
    composers.close()
    assert beside.process.returncode is not None


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc here")
def test_a_process_beside_is_told_no_key(composers, monkeypatch):
    monkeypatch.setenv("ELUMENTA_API_KEY", "nb_secret")
    with composers._here:
        composers.do(asdict(PIECE))
    (beside,) = composers.beside
    seen = Path(f"/proc/{beside.process.pid}/environ").read_bytes()
    names = {line.partition(b"=")[0].decode() for line in seen.split(b"\0") if line}
    assert "PATH" in names
    assert names <= crew.HANDED_ON | {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
    assert b"nb_secret" not in seen


KILLED = """
import sys
from musicbuild.crew import Crew
composers = Crew("musicbuild.providers.composing", cores=2)
with composers._here:
    composers.do(dict(prompt="rock", seconds="1", take=1, seed=0, loop=False, wanted=["mid"]))
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
    serve(work, io.BytesIO(lines), out)
    out.seek(0)
    for order in orders:
        (length,) = json.loads(out.readline()).values()
        assert out.read(length) == compose(order)["mid"]
    assert out.read() == b""
