"""How a plan reads: whole texts, compared letter by letter."""

from __future__ import annotations

from decimal import Decimal

import pytest
from console.values import (
    COLOR,
    KEPT,
    LOOK,
    MENU,
    NEW,
    SHOWN,
    TOKENS,
    generate,
    of,
    purchase,
    text,
    track,
    whole,
)

from musicbuild.console.look import Look
from musicbuild.console.plan import plan_lines
from musicbuild.cost import FREE
from musicbuild.steps import (
    Cause,
    Edited,
    Generate,
    Keep,
    Lost,
    Master,
    Orphan,
    Reason,
    Restore,
)


def test_a_plan_is_told_track_by_track_with_its_sum():
    assert text(plan_lines(SHOWN, LOOK)) == whole("""
        musicbuild plan  Nightfall  12 tracks

         + boss-1     elevenlabs-music  60 s   58 tokens   new
         ~ menu       musicgen          60 s    9 tokens   prompt changed
                        - Calm synthwave, 80 BPM
                        + Calm synthwave, soft pads, 80 BPM
         ↻ credits    musicgen          30 s    free       title changed: tags only
         = 9 tracks up to date

         to pay: 67 tokens (2 tracks)   spent so far: 134   budget: 300
    """)


def test_colours_change_nothing_but_colour():
    import re

    colored = text(plan_lines(SHOWN, COLOR))
    assert "\x1b[32m+\x1b[0m boss-1" in colored
    assert "\x1b[33m~\x1b[0m menu" in colored
    assert "\x1b[36m↻\x1b[0m credits" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == text(plan_lines(SHOWN, LOOK))


def test_a_console_of_few_letters_gets_plain_ones():
    lines = text(plan_lines(SHOWN, Look(encoding="cp1252")))
    assert " r credits " in lines
    assert "↻" not in lines


def test_an_unknown_price_is_unknown_and_never_nothing():
    unknown = generate(track("theme"), NEW, quote=None)
    assert text(plan_lines(of(MENU, unknown), LOOK)) == whole("""
        musicbuild plan  Nightfall  2 tracks

         ~ menu   musicgen  60 s   9 tokens   prompt changed
                    - Calm synthwave, 80 BPM
                    + Calm synthwave, soft pads, 80 BPM
         + theme  musicgen  60 s   unknown    new

         to pay: 9 tokens and what is unknown (2 tracks)
    """)
    assert "to pay: what is unknown (1 track)" in text(plan_lines(of(unknown), LOOK))


def test_an_unknown_take_makes_the_whole_price_unknown():
    two = track("theme", takes=2)
    step = Generate(two, (NEW,), two.wishes, (TOKENS, None))
    assert "unknown    new, 2 takes" in text(plan_lines(of(MENU, step), LOOK))


def test_takes_drafts_and_twins_are_said():
    two = generate(track("two", takes=2), NEW)
    draft = generate(track("draft", model="sketch-1"), NEW, quote=FREE, draft=True)
    twin = Generate(track("twin"), (NEW, Reason(Cause.TWIN, after="two")), (), ())
    assert text(plan_lines(of(two, draft, twin), LOOK)) == whole("""
        musicbuild plan  Nightfall  3 tracks

         + two    musicgen  60 s   18 tokens   new, 2 takes
         + draft  sketch-1  60 s    free       new, as a draft
         + twin   musicgen  60 s    free       new, shares the audio of `two`

         to pay: 18 tokens (1 track)
    """)


def test_what_is_blocked_comes_with_a_way_out():
    lost = Lost(track("menu"), (Reason(Cause.TAGS, "bpm: 80", "bpm: 90"),), purchase())
    edited = Edited(track("boss"), (Reason(Cause.EDITED, after="audio/boss.mp3"),))
    assert text(plan_lines(of(lost, edited), Look(width=200))) == whole("""
        musicbuild plan  Nightfall  2 tracks

         ! menu  musicgen  60 s   free   bpm changed, and the audio that was bought is not here
                   hint: a build asks elumenta for it again, for nothing; or copy \
`.musicbuild/store` from where it was bought
         ! boss  musicgen  60 s          `audio/boss.mp3` was changed by hand
                   hint: move it away to keep it, or use it by \
`musicbuild adopt FILE --as boss`; `musicbuild build boss --overwrite` replaces it

         to pay: nothing
    """)


def test_outputs_of_no_track_are_listed_last():
    orphans = (Orphan("old-theme", ("audio/old.mp3", "audio/old.ogg")),)
    assert text(plan_lines(of(KEPT[0], orphans=orphans), LOOK)) == whole("""
        musicbuild plan  Nightfall  1 track

         = 1 track up to date
         ? old-theme  audio/old.mp3, audio/old.ogg  made before, by no track now; kept

         to pay: nothing
    """)


def test_pointers_are_not_called_changed():
    step = Keep(track("menu"), ("audio/menu.mp3",))
    lines = plan_lines(of(step), LOOK)
    assert " = 1 track up to date (1 not fetched: `git lfs pull`)" in lines


@pytest.mark.parametrize(
    ("spent", "budget", "expected"),
    [
        ({}, {}, " to pay: 9 tokens (1 track)"),
        ({"tokens": 4}, {}, " to pay: 9 tokens (1 track)   spent so far: 4"),
        (
            {"USD": "1.20"},
            {"tokens": 5},
            (
                " to pay: 9 tokens (1 track)   spent so far: 1.2 USD   budget: 5 tokens"
                "   over the budget by 4 tokens"
            ),
        ),
        (
            {},
            {"tokens": 100},
            " to pay: 9 tokens (1 track)   spent so far: nothing   budget: 100",
        ),
    ],
)
def test_sums_name_one_unit_once(spent, budget, expected):
    spent, budget = (
        {unit: Decimal(amount) for unit, amount in sums.items()} for sums in (spent, budget)
    )
    assert plan_lines(of(MENU, spent=spent, budget=budget), LOOK)[-1] == expected


def test_nothing_to_pay_leaves_the_unit_to_what_was_spent():
    spent, budget = {"tokens": Decimal(4)}, {"tokens": Decimal(10)}
    last = plan_lines(of(KEPT[0], spent=spent, budget=budget), LOOK)[-1]
    assert last == " to pay: nothing   spent so far: 4 tokens   budget: 10"


def test_a_balance_asked_online_stands_below_the_sums():
    shown = of(MENU)._replace(balance=(("elumenta", "412 tokens"),))
    assert plan_lines(shown, LOOK)[-1] == " elumenta has 412 tokens left"


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([Reason(Cause.MODEL, "elumenta/musicgen", "x")], "model changed, was elumenta/musicgen"),
        ([Reason(Cause.DURATION, "30 s", "60 s")], "duration changed, was 30 s"),
        ([Reason(Cause.OPTIONS, "", "loop=True")], "options changed, were none"),
        ([Reason(Cause.TAKES, "1", "2")], "more takes"),
        ([Reason(Cause.DRAFT)], "draft until now"),
        ([Reason(Cause.FORCED)], "forced"),
        ([Reason(Cause.AUDIO_MISSING)], "audio missing"),
        (
            [Reason(Cause.MODEL, "a/b", "c"), Reason(Cause.DURATION, "1 s", "2 s")],
            "model changed, was a/b, duration changed, was 1 s",
        ),
    ],
)
def test_each_reason_has_its_words(reasons, said):
    line = plan_lines(of(generate(track("menu"), *reasons)), LOOK)[2]
    assert line == f" ~ menu  musicgen  60 s   9 tokens   {said}"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason(Cause.MASTERING), "mastering changed"),
        (Reason(Cause.OUTPUT_NEW), "output new"),
        (Reason(Cause.OUTPUT_MISSING), "output missing"),
    ],
)
def test_each_free_reason_has_its_words(reason, said):
    one = track("menu")
    line = plan_lines(of(Master(one, (reason,), one.outputs, one.generate)), LOOK)[2]
    assert line == f" ↻ menu  musicgen  60 s   free   {said}"


def test_what_comes_back_from_the_store_is_said():
    step = Restore(track("menu"), (Reason(Cause.OUTPUT_MISSING),), {})
    line = plan_lines(of(step), LOOK)[2]
    assert line == " ↻ menu  musicgen  60 s   free   output missing: restored from the store"
