"""Tasks side by side: all of them, unless told to end, and whatever they raise comes out."""

from __future__ import annotations

import os
import threading
import time

import pytest

from musicbuild import cores
from musicbuild.room import Places
from musicbuild.workers import in_parallel


def run(tasks, jobs=3, *, stop=None, halt=None, places=None, beside=None, core=()):
    in_parallel(
        tasks,
        jobs,
        stop=stop or threading.Event(),
        halt=halt or threading.Event(),
        monotonic=time.monotonic,
        places=places,
        beside=beside,
        core=core,
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


def test_a_task_that_gives_up_its_place_lets_another_begin():
    places, together = Places(2), threading.Barrier(4)

    def task():
        places.give_up()
        places.give_up()  # once more gives up nothing
        together.wait(10)

    run([task] * 4, jobs=2, places=places)


@pytest.mark.parametrize("jobs", [1, 2])
def test_as_many_as_is_said_go_on_beside_those_with_a_place(jobs):
    places, together = Places(jobs), threading.Barrier(jobs + 3)

    def task():
        places.give_up()
        together.wait(10)

    run([task] * (jobs + 3), jobs=jobs, places=places, beside=3)


def test_no_more_than_as_many_again_have_given_up_their_place():
    places, gate, begun = Places(2), threading.Event(), []

    def task():
        begun.append(1)
        places.give_up()
        if len(begun) == 4:
            time.sleep(0.05)  # a fifth one would begin now
            gate.set()
        gate.wait(10)
        assert len(begun) == 4 or gate.is_set()

    run([task] * 4 + [lambda: begun.append(gate.is_set())], jobs=2, places=places)
    assert begun == [1, 1, 1, 1, True]


def test_one_job_is_one_task_after_another():
    places, under_way = Places(1), []

    def task():
        places.give_up()
        under_way.append(1)
        time.sleep(0.01)
        assert under_way == [1]
        under_way.clear()

    run([task] * 3, jobs=1, places=places)


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


@pytest.mark.skipif(not cores.CAN_CHOOSE, reason="no thread chooses its cores here")
def test_tasks_stay_on_the_core_that_is_named():
    found, core = [], cores.shared()
    run([lambda: found.append(os.sched_getaffinity(0))] * 10, core=core)
    assert found == [core] * 10
    assert os.sched_getaffinity(0) == cores.usable()
