"""Room: so many are in it at once, whoever comes then waits, and a place that is left is taken."""

from __future__ import annotations

import threading

import pytest

from musicbuild.room import Room


def test_no_more_are_in_it_than_it_has_places_for():
    room, inside, most = Room(3), [], []

    def visit():
        for _ in range(50):
            with room:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    visitors = [threading.Thread(target=visit) for _ in range(10)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    assert max(most) <= 3
    assert room.left == 3


def test_who_finds_no_place_waits_until_one_is_left():
    room, came = Room(1), threading.Event()
    room.enter()
    waiting = threading.Thread(target=lambda: (room.enter(), came.set()))
    waiting.start()
    assert not came.wait(0.05)
    room.leave()
    assert came.wait(10)


def test_a_place_is_left_by_an_error_too():
    room = Room(1)
    with pytest.raises(ZeroDivisionError), room:
        raise ZeroDivisionError
    assert room.left == 1
