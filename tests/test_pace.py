"""One waiting room for all orders to a provider."""

from __future__ import annotations

import pytest

from musicbuild.errors import Busy
from musicbuild.pace import LONGEST, Pace


def busy(seconds=None):
    return Busy("it takes no more for now", retry_after=seconds)


def test_nobody_waits_for_a_provider_that_is_not_busy(clock):
    Pace(clock, 1).wait()
    assert clock.slept == []


def test_whoever_comes_later_waits_as_well(clock):
    pace = Pace(clock, 4)
    assert pace.busy(busy(40)) == 40
    pace.wait()
    assert sum(clock.slept) == pytest.approx(40)
    pace.wait()
    assert sum(clock.slept) == pytest.approx(40)


def test_two_that_hear_it_at_once_wait_once(clock):
    pace = Pace(clock, 4)
    pace.busy(busy(200))
    pace.busy(busy(200))
    pace.wait()
    assert sum(clock.slept) == pytest.approx(200)


def test_where_no_time_is_said_each_wait_is_longer(clock):
    pace = Pace(clock, 4)
    waits = []
    for _ in range(4):
        waits.append(pace.busy(busy()))
        pace.wait()
    assert waits == [5, 10, 20, 40]


@pytest.mark.parametrize("seconds", [LONGEST + 1, 1800, 1e9])
def test_a_wait_that_is_too_long_closes_the_room(clock, seconds):
    pace = Pace(clock, 4)
    error = busy(seconds)
    with pytest.raises(Busy) as first:
        pace.busy(error)
    with pytest.raises(Busy) as second:
        pace.wait()
    assert first.value is second.value is error
    assert clock.slept == []


def test_waits_add_up_until_the_room_is_closed(clock):
    pace = Pace(clock, 4)
    pace.busy(busy(200))
    pace.wait()
    with pytest.raises(Busy):
        pace.busy(busy(200))


def test_there_are_as_many_places_as_orders_may_be_under_way(clock):
    assert Pace(clock, 2).places.left == 2
