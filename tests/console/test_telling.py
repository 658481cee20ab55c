"""Telling: events come out in their order, and who is slow to read keeps no build waiting."""

from __future__ import annotations

import json
import threading

import pytest
from console.values import TOKENS, generate, track

from musicbuild.console.telling import listening
from musicbuild.console.terminal import Color, Console, Manner
from musicbuild.errors import Refused
from musicbuild.events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Ordered,
    Recovered,
    TrackFailed,
    TrackFinished,
)
from musicbuild.steps import Plan

NAMES = [f"track-{number}" for number in range(500)]
STEPS = {name: generate(track(name)) for name in NAMES}


@pytest.fixture
def console():
    return Console(Manner(color=Color.NEVER))


def build(listen):
    listen(BuildStarted(Plan(tuple(STEPS.values()), ())))
    for name, step in STEPS.items():
        listen(Ordered(name, step.track.generate, f"gen-{name}"))
        listen(Bought(name, step.track.generate, TOKENS, 60))
        listen(TrackFinished(name, step))
    listen(BuildFinished({"tokens": 9 * 500}, 500, 0, 0))


def test_all_is_told_in_its_order_before_the_end(console, capsys):
    with listening(console) as listen:
        build(listen)
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "500 tracks to build",
        *(
            line
            for name in NAMES
            for line in (
                f"{name}: ordered, `gen-{name}`",
                f"{name}: bought for 9 tokens, 60 s",
                f"{name}: made",
            )
        ),
    ]
    assert told.out.splitlines()[-1] == " spent 4500 tokens   500 made"


def test_each_event_is_a_line_of_json(capsys):
    with listening(Console(Manner(json=True))) as listen:
        build(listen)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in told[:3]] == ["started", "ordered", "bought"]
    assert [one["track"] for one in told if one["event"] == "track_finished"] == NAMES


def test_what_comes_before_the_tracks_is_told_at_once(console, capsys):
    with listening(console) as listen:
        listen(Recovered("rain", track("rain").generate, TOKENS))
        said = capsys.readouterr().err
    assert said == "rain: the order of an earlier build is here, paid 9 tokens\n"


def test_a_reader_who_is_slow_keeps_nobody_waiting(console, monkeypatch, capsys):
    free, waiting = threading.Event(), threading.Event()
    tell = Console.tell

    def slow(self, lines, look=None):
        tell(self, lines, look)
        if waiting.is_set():
            free.wait(10)

    monkeypatch.setattr(Console, "tell", slow)
    with listening(console) as listen:
        listen(BuildStarted(Plan(tuple(STEPS.values()), ())))
        waiting.set()
        for name, step in STEPS.items():
            listen(TrackFinished(name, step))
        free.set()
    assert capsys.readouterr().err.count(": made\n") == 500


def test_a_failure_that_was_told_is_not_told_again(console, capsys):
    error = Refused("no such model")
    with listening(console) as listen:
        listen(BuildStarted(Plan(tuple(STEPS.values()), ())))
        listen(TrackFailed("track-1", error))
    assert console.told == [error]
    assert capsys.readouterr().err.count("no such model") == 1


def test_a_fault_of_our_own_comes_out_at_the_end(console, monkeypatch):
    def broken(self, lines, look=None):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), listening(console) as listen:
        listen(BuildStarted(Plan((), ())))
        monkeypatch.setattr(Console, "tell", broken)
        listen(TrackFinished("track-1", STEPS["track-1"]))


def test_a_reader_who_went_away_stops_nothing(console, monkeypatch):
    def gone(self, lines, look=None):
        raise BrokenPipeError

    monkeypatch.setattr(Console, "tell", gone)
    with listening(console) as listen:
        build(listen)
    assert len(console.tally.finished) == 500
