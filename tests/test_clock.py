"""Clocks: what they say, and that a stopped build does not go on waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from musicbuild.clock import StoppableClock, SystemClock, moment, stamp
from musicbuild.errors import Interrupted


def test_the_clock_of_the_system_is_aware_and_never_goes_back():
    clock = SystemClock()
    first = clock.monotonic()
    clock.sleep(0)
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() >= first


def test_a_wait_takes_its_time(clock):
    StoppableClock(clock, threading.Event()).sleep(300)
    assert clock.monotonic() == pytest.approx(300)


def test_no_wait_is_none(clock):
    StoppableClock(clock, threading.Event()).sleep(0)
    assert clock.monotonic() == 0


def test_a_wait_ends_soon_after_the_stop(clock):
    stop = threading.Event()
    stopped = StoppableClock(clock, stop)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            stop.set()

    stopped._sleep = sleep
    with pytest.raises(Interrupted, match="the build was stopped"):
        stopped.sleep(3600)
    assert slept == [0.1] * 3
    with pytest.raises(Interrupted):
        stopped.sleep(0)


def test_a_stoppable_clock_tells_the_same_time(clock):
    stoppable = StoppableClock(clock, threading.Event())
    assert stoppable.now() == clock.now()
    assert stoppable.monotonic() == clock.monotonic()


def test_moments_are_written_in_utc_to_the_second_and_read_again():
    there = datetime(2026, 11, 23, 4, 11, 34, 999, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(there) == "2026-11-23T02:11:34Z"
    assert moment(stamp(there)) == there.replace(microsecond=0)
    assert moment("2026-11-23T04:11:34+02:00").tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-11-23T02:11:34", "yesterday", ""])
def test_a_moment_without_a_zone_is_none(text):
    with pytest.raises(ValueError):
        moment(text)
