"""Tasks side by side: all of them, unless told to end, and whatever they raise comes out."""

from __future__ import annotations

import threading
import time

import pytest

from musicbuild.workers import in_parallel


def run(tasks, jobs=3, *, stop=None, halt=None):
    in_parallel(
        tasks,
        jobs,
        stop=stop or threading.Event(),
        halt=halt or threading.Event(),
        monotonic=time.monotonic,
    )


@pytest.mark.parametrize("jobs", [1, 3, 20])
def test_every_task_is_done_once(jobs):
    done = []
    run([lambda number=number: done.append(number) for number in range(10)], jobs)
    assert sorted(done) == list(range(10))


def test_of_no_tasks_nothing_is_done():
    run([])


def test_as_many_as_allowed_run_at_once():
    together = threading.Barrier(3)
    run([together.wait] * 3, jobs=3)
    assert together.n_waiting == 0


@pytest.mark.parametrize("name", ["stop", "halt"])
def test_once_told_so_no_further_task_begins(name):
    event, done = threading.Event(), []

    def task():
        done.append(1)
        event.set()

    run([task] * 5, jobs=1, **{name: event})
    assert len(done) == 1


def test_what_a_task_raises_comes_out_after_the_others_have_ended():
    gate, done = threading.Event(), []

    def broken():
        gate.wait(10)
        raise ZeroDivisionError

    def whole():
        gate.set()
        time.sleep(0.01)
        done.append(1)

    with pytest.raises(ZeroDivisionError):
        run([broken, whole], jobs=2)
    assert done == [1]


def test_a_stopped_build_does_not_wait_for_ever():
    stop, never = threading.Event(), threading.Event()
    moments = iter([0.0, 100.0, 100.0, 100.0])

    def endless():
        stop.set()
        never.wait(60)

    in_parallel(
        [endless], 1, stop=stop, halt=threading.Event(), monotonic=lambda: next(moments, 100.0)
    )
    assert not never.is_set()
    never.set()
