"""What programs are told."""

from __future__ import annotations

import json
from pathlib import Path

from console.values import END, MENU, NEW, SHOWN, events, generate, of, track

from musicbuild.console.envelope import envelope
from musicbuild.console.json import plan_data
from musicbuild.console.stream import event_data
from musicbuild.errors import InvalidManifest, ManifestError, Span
from musicbuild.events import (
    Recovered,
)


def test_an_envelope_holds_errors_with_their_places():
    span = Span(Path("a.yaml"), 2, 4, 2, "x: 10")
    errors = InvalidManifest([ManifestError("one", span=span, hint="do"), ManifestError("two")])
    assert envelope("plan", {}, errors=[errors]) == {
        "schema": "musicbuild/1",
        "command": "plan",
        "ok": False,
        "data": {},
        "errors": [
            {"message": "one", "hint": "do", "file": "a.yaml", "line": 2, "column": 4, "code": 2},
            {"message": "two", "hint": "", "file": None, "line": None, "column": None, "code": 2},
        ],
        "warnings": [],
        "spent": {},
    }


def test_a_plan_for_programs_has_every_price_as_text():
    data = plan_data(SHOWN)
    assert data["to_pay"] == {"tokens": "67"}
    assert data["steps"][0] == {
        "track": "boss-1",
        "action": "generate",
        "provider": "elumenta",
        "model": "elevenlabs-music",
        "duration": 60,
        "takes": [1],
        "draft": False,
        "price": {"tokens": "58"},
        "reasons": [{"cause": "new", "before": "", "after": ""}],
        "outputs": ["audio/boss-1.mp3"],
        "unfetched": [],
        "blocked": False,
        "hint": "",
    }
    assert plan_data(of(generate(track("a"), NEW, quote=None)))["steps"][0]["price"] is None
    json.dumps(data)


def test_every_event_is_a_json_line():
    found = [event_data(event) for event in events(Recovered("a", track("a").generate, None), END)]
    assert [one["event"] for one in found] == [
        "started", "track_started", "ordered", "waiting", "searching", "bought",
        "track_finished", "track_started", "track_finished", "recovered", "finished",
    ]  # fmt: skip
    assert found[5] == {
        "event": "bought",
        "track": "menu",
        "key": MENU.track.generate.key,
        "provider": "elumenta",
        "model": "musicgen",
        "take": 1,
        "cost": {"tokens": "9"},
        "seconds": 60.04,
    }
    json.dumps(found)
