"""How lists, spending and a doctor's findings read."""

from __future__ import annotations

from decimal import Decimal

from console.values import KEPT, LOOK, MENU, purchase, text, track, whole

from musicbuild.console.ledger import cost_lines, ledger
from musicbuild.console.reports import Finding, Health, finding_lines, list_lines, up_to_date
from musicbuild.cost import Cost
from musicbuild.hashing import Digest
from musicbuild.lock import Lock, LockedTrack
from musicbuild.steps import (
    Plan,
)


def test_a_list_says_where_each_track_stands():
    assert list_lines([MENU, KEPT[0]], LOOK) == [
        " ~ menu       musicgen  60 s  audio/menu.mp3       prompt changed",
        " = explore-1  musicgen  60 s  audio/explore-1.mp3  up to date",
    ]
    assert list_lines([], LOOK) == ["there are no tracks"]


def test_up_to_date_takes_one_line():
    assert up_to_date(Plan(KEPT, ())) == "9 tracks are up to date"
    assert up_to_date(Plan(KEPT[:1], ())) == "1 track is up to date"
    assert up_to_date(Plan((), ())) == "there are no tracks to build"


def test_a_doctor_says_what_to_do():
    findings = [Finding("lock", Health.OK, "tracks: 2"), Finding("key", Health.WARN, "no", "set")]
    assert finding_lines(findings, LOOK) == [
        "ok    lock: tracks: 2",
        "warn  key: no",
        "      hint: set",
    ]


def test_spending_is_told_in_three_ways():
    one, other = track("menu"), track("boss", model="elevenlabs-music")
    dear = Cost(Decimal(58), "tokens")
    unused = purchase(prompt="Old", bought="2026-10-01T00:00:00Z")
    lock = Lock(
        purchases={
            one.generate.key: purchase(),
            other.generate.key: purchase(model="elevenlabs-music", cost=dear),
            Digest("c" * 64): unused,
        },
        tracks={"menu": LockedTrack(one.generate.key, 1, {})},
    )
    found = ledger(
        lock, [one, other], to_pay={"tokens": Decimal(9)}, unknown=1, budget={"tokens": Decimal(80)}
    )
    assert text(cost_lines(found, LOOK)) == whole("""
        spent so far: 76 tokens

        by model
         elumenta/elevenlabs-music  58 tokens
         elumenta/musicgen          18 tokens

        by track
         (no track)  9 tokens
         boss        58 tokens
         menu        9 tokens

        by month
         2026-10  9 tokens
         2026-11  67 tokens

        bought, and used by no track
         2026-10-01  musicgen  60 s  9 tokens  Old

        a build would add: 9 tokens and 1 at an unknown price
        left of the budget: 4 tokens
    """)
