"""Cores: threads that only wait stay on one of them, and nothing else of a build does."""

from __future__ import annotations

import json
import os
import sys
import threading

import pytest

from musicbuild import cores
from musicbuild.cores import shared, stay_on, usable
from musicbuild.crew import Crew

pytestmark = pytest.mark.skipif(not cores.CAN_CHOOSE, reason="no thread chooses its cores here")


def in_a_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_stays_on_one_core_and_no_other_does():
    before = os.sched_getaffinity(0)

    def stay():
        stay_on(core)
        return os.sched_getaffinity(0), usable()

    core = shared()
    assert len(core) == 1
    assert core <= before
    assert in_a_thread(stay) == (core, before)
    assert os.sched_getaffinity(0) == before


def test_of_no_core_nothing_is_asked():
    assert in_a_thread(lambda: (stay_on(()), os.sched_getaffinity(0))[1]) == usable()


def test_a_core_that_is_not_there_is_not_stayed_on():
    assert in_a_thread(lambda: (stay_on([4_000]), os.sched_getaffinity(0))[1]) == usable()


@pytest.mark.parametrize("told", ["", "1 (python) S", "1 (a) b) S " + "x " * 50])
def test_where_it_is_not_known_no_core_is_shared(monkeypatch, told):
    monkeypatch.setattr(cores.Path, "read_text", lambda *_: told)
    assert shared() == frozenset()


def test_without_a_common_interpreter_none_is_shared(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert shared() == frozenset()


WORK = """
import json, os

def work(order):
    return {"": json.dumps(sorted(os.sched_getaffinity(0))).encode()}
"""


def test_a_process_that_such_a_thread_starts_has_all_cores(tmp_path, monkeypatch):
    (tmp_path / "looks.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    apart = Crew("looks", apart=True)

    def start():
        stay_on(shared())
        return json.loads(apart.do({})[""])

    try:
        assert in_a_thread(start) == sorted(usable())
    finally:
        apart.close()
