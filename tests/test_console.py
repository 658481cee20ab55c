"""What people read: whole texts, compared letter by letter."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from musicbuild.console import (
    Look,
    Shown,
    cost_lines,
    envelope,
    error_lines,
    escape,
    finding_lines,
    ledger,
    plan_data,
    plan_lines,
    plan_markdown,
    system_error,
    table,
    up_to_date,
    warning_lines,
)
from musicbuild.console.diff import diff
from musicbuild.console.json import event_data
from musicbuild.console.look import cells
from musicbuild.console.plain import event_lines
from musicbuild.console.reports import Finding, Health, list_lines
from musicbuild.console.summary import Tally, summary_lines
from musicbuild.cost import FREE, Cost
from musicbuild.errors import InvalidManifest, ManifestError, MusicbuildError, Span
from musicbuild.events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Ordered,
    Recovered,
    Searching,
    TrackFailed,
    TrackFinished,
    TrackStarted,
    Waiting,
)
from musicbuild.hashing import Digest
from musicbuild.lock import Lock, LockedTrack, Purchase
from musicbuild.spec import GenerateSpec, MasterSpec, Output, Tags, TrackSpec
from musicbuild.steps import (
    Cause,
    Edited,
    Generate,
    Keep,
    Lost,
    Master,
    Orphan,
    Plan,
    Reason,
    Restore,
    Tag,
)

LOOK = Look(width=80)
COLOR = Look(color=True, width=80)
TOKENS = Cost(Decimal(9), "tokens")


def track(name, *, model="musicgen", seconds=60, prompt="Calm", takes=1):
    spec = GenerateSpec("elumenta", model, prompt, seconds)
    output = Output(f"audio/{name}.mp3", MasterSpec("mp3", Tags(title=name.title())))
    return TrackSpec(name, spec, (output,), takes)


def generate(one, *reasons, quote=TOKENS, draft=False):
    return Generate(one, reasons, one.wishes, (quote,) * one.takes, draft)


def purchase(**changes):
    found = Purchase(
        provider="elumenta",
        model="musicgen",
        prompt="Calm synthwave",
        duration=60,
        options=(),
        take=1,
        generation="gen_1",
        audio=Digest("ab" * 32),
        bytes=1000,
        seconds=60.0,
        cost=TOKENS,
        bought="2026-11-02T10:00:00Z",
    )
    return replace(found, **changes)


NEW = Reason(Cause.NEW)
BOSS = generate(track("boss-1", model="elevenlabs-music"), NEW, quote=Cost(Decimal(58), "tokens"))
MENU = generate(
    track("menu"),
    Reason(Cause.PROMPT, "Calm synthwave, 80 BPM", "Calm synthwave, soft pads, 80 BPM"),
)
CREDITS_TRACK = track("credits", seconds=30)
CREDITS = Tag(
    CREDITS_TRACK,
    (Reason(Cause.TAGS, "title: Credits", "title: End Credits"),),
    CREDITS_TRACK.outputs,
    CREDITS_TRACK.generate,
)
KEPT = tuple(Keep(track(f"explore-{number}")) for number in range(1, 10))
PLAN = Plan((BOSS, MENU, CREDITS, *KEPT), ())
SHOWN = Shown("Nightfall", PLAN, {"tokens": Decimal(134)}, {"tokens": Decimal(300)})


def of(*steps, spent=None, budget=None, orphans=(), album="Nightfall"):
    return Shown(album, Plan(steps, orphans), spent or {}, budget or {})


def text(lines):
    return "\n".join(lines) + "\n"


def whole(expected):
    """Return text as it is written in a test; its last line says how far it is indented."""
    margin = expected.rpartition("\n")[2]
    return (
        expected.removeprefix("\n")
        .replace(f"\n{margin}    ", "\n")
        .removeprefix(f"{margin}    ")
        .removesuffix(margin)
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
                   hint: move it away to keep it, or `musicbuild build boss --overwrite` replaces it

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
    shown = replace(of(MENU), balance=(("elumenta", "412 tokens"),))
    assert plan_lines(shown, LOOK)[-1] == " elumenta has 412 tokens left"


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([Reason(Cause.MODEL, "elumenta/musicgen", "x")], "model changed, was elumenta/musicgen"),
        ([Reason(Cause.DURATION, "30 s", "60 s")], "duration changed, was 30 s"),
        ([Reason(Cause.OPTIONS, "", "loop=True")], "options changed, were none"),
        ([Reason(Cause.TAKES, "1", "2")], "takes changed"),
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


def test_a_long_prompt_is_cut_to_where_it_differs():
    before = "Calm and slow synthwave with soft pads and a warm round bass, 80 BPM, A minor key"
    after = before.replace("80 BPM", "90 BPM")
    assert diff(before, after, Look(width=50)) == [
        ("-", "… warm round bass, 80 BPM, A minor key"),
        ("+", "… warm round bass, 90 BPM, A minor key"),
    ]
    assert diff(before, after, Look(width=32)) == [
        ("-", "… warm round bass, 80 BPM, A …"),
        ("+", "… warm round bass, 90 BPM, A …"),
    ]
    assert diff(before, after, Look(width=50, verbose=True)) == [("-", before), ("+", after)]


def test_of_many_lines_only_those_that_differ_are_shown():
    before, after = "one\ntwo\nthree\nfour", "one\n2\nthree\nfour\nfive"
    assert diff(before, after, LOOK) == [("-", "two"), ("+", "2"), ("+", "five")]


def test_endless_prompts_are_compared_in_time():
    before, after = "\n".join("a" * 5000), "\n".join("b" * 5000)
    assert len(diff(before, after, LOOK)) == 10_000


def test_an_error_shows_its_place_and_the_way_out():
    span = Span(Path("musicbuild.yaml"), 31, 5, 6, "    tempoo: 120")
    error = ManifestError(
        "unknown key `tempoo` in track `boss`", span=span, hint="did you mean `tempo`?"
    )
    assert text(error_lines(error, LOOK)) == whole("""
        error: unknown key `tempoo` in track `boss`
          --> musicbuild.yaml:31:5
           |
        31 |     tempoo: 120
           |     ^^^^^^
        hint: did you mean `tempo`?
    """)


def test_several_errors_end_with_their_number():
    span = Span(Path("a.yaml"), 2, 1, 1, "x: 1")
    errors = InvalidManifest([ManifestError("one", span=span), ManifestError("two", hint="do")])
    assert text(error_lines(errors, LOOK)) == whole("""
        error: one
         --> a.yaml:2:1
          |
        2 | x: 1
          | ^

        error: two
        hint: do

        2 errors in the manifest
    """)


def test_a_warning_is_told_like_an_error():
    span = Span(Path("a.yaml"), 2, 4, 2, "x: 10")
    assert text(warning_lines([ManifestError("unused", span=span)], LOOK)) == whole("""
        warning: unused
         --> a.yaml:2:4
          |
        2 | x: 10
          |    ^^
    """)


def test_carets_stand_below_wide_letters():
    span = Span(Path("a.yaml"), 1, 11, 2, "title: 音楽 曲名")
    lines = error_lines(ManifestError("no", span=span), LOOK)
    assert lines[-2:] == ["1 | title: 音楽 曲名", "  |             ^^^^"]


def test_a_long_line_is_shown_around_its_fault():
    span = Span(Path("a.yaml"), 7, 301, 4, "x" * 300 + "here" + "y" * 300)
    lines = error_lines(ManifestError("no", span=span), LOOK)
    assert all(cells(line) <= 80 for line in lines)
    at = lines[-1].index("^^^^")
    assert lines[-2][at : at + 4] == "here"


def test_control_characters_from_outside_are_seen_and_not_obeyed():
    assert escape("a\x1b[31mb\u202ec\x9b\r\n\t\u2028\ufeff\ud800") == (
        "a\\x1b[31mb\\u202ec\\x9b\\r\\n\\t\\u2028\\ufeff\\ud800"
    )
    assert escape("naïve 音 👩\u200d🎤") == "naïve 音 👩\u200d🎤"
    nasty = "x\x1b]0;title\x07\u202e"
    everything = [
        *error_lines(MusicbuildError(nasty, hint=nasty), LOOK),
        *plan_lines(of(generate(track("a", model=nasty), NEW), album=nasty), LOOK),
        *plan_lines(of(generate(track("a"), Reason(Cause.PROMPT, nasty, nasty * 2))), LOOK),
        *plan_markdown(of(generate(track("a", prompt=nasty), NEW), album=nasty)),
        *event_lines(Ordered("a", track("a").generate, nasty), LOOK),
    ]
    assert not any(char in line for line in everything for char in "\x1b\x07\u202e")


def test_what_the_system_says_is_one_line():
    error = system_error(PermissionError(13, "Permission denied", "sub/musicbuild.yaml"))
    assert error.message == "`sub/musicbuild.yaml`: permission denied"
    assert system_error(OSError("odd")).message == "odd"


def test_a_table_aligns_wide_letters():
    assert table([("音", "1"), ("ab", "22"), ("c", "3")], right=frozenset({1})) == [
        "音   1",
        "ab  22",
        "c    3",
    ]


def test_a_plan_in_markdown_keeps_its_prompts_inside_their_fences():
    prompt = "Calm\n````\nsoft | loud"
    shown = of(
        generate(track("boss", prompt=prompt), NEW),
        MENU,
        KEPT[0],
        album="Night*fall*",
        spent={"tokens": Decimal(1)},
    )
    assert text(plan_markdown(shown)) == whole("""
        ### musicbuild plan: Night\\*fall\\*

        | | track | model | length | price | why |
        |---|---|---|---:|---:|---|
        | `+` | `boss` | musicgen | 60 s | 9 tokens | new |
        | `~` | `menu` | musicgen | 60 s | 9 tokens | prompt changed |

        1 track up to date.

        **to pay: 18 tokens (2 tracks)   spent so far: 1**

        <details><summary>prompt of boss</summary>

        `````text
        Calm
        ````
        soft | loud
        `````

        </details>

        <details><summary>prompt of menu</summary>

        ```diff
        - Calm synthwave, 80 BPM
        + Calm synthwave, soft pads, 80 BPM
        ```

        </details>
    """)


def test_a_comment_has_room_for_so_many_prompts():
    steps = [generate(track(f"t{number}", prompt="x" * 9000), NEW) for number in range(9)]
    lines = plan_markdown(of(*steps))
    assert lines[-1] == "Further prompts are left out here."
    assert len(text(lines)) < 65_536


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


def events(*more):
    menu = MENU.track
    plan = Plan((MENU, CREDITS, *KEPT), ())
    return [
        BuildStarted(plan),
        TrackStarted("menu", MENU),
        Ordered("menu", menu.generate, "gen_1"),
        Waiting("menu", 20.0),
        Searching("menu", 61.2),
        Bought("menu", menu.generate, TOKENS, 60.04),
        TrackFinished("menu", MENU),
        TrackStarted("credits", CREDITS),
        TrackFinished("credits", CREDITS),
        *more,
    ]


END = BuildFinished({"tokens": Decimal(9)}, 2, 0, 0)


def heard(*all_events):
    tally = Tally()
    for event in all_events:
        tally.hear(event)
    return tally


def test_a_build_is_told_line_by_line():
    lines = [line for event in events(END) for line in event_lines(event, LOOK)]
    assert text(lines) == whole("""
        2 tracks to build
        menu: ordered, `gen_1`
        menu: the provider is busy, asking again in 20 s
        menu: no answer came, looking in the history for up to 61 s
        menu: bought for 9 tokens, 60 s
        menu: made
        credits: tagged
    """)


def test_a_build_ends_with_what_it_did():
    assert text(summary_lines(heard(*events(END)), LOOK)) == whole("""
         made      menu      prompt changed             9 tokens
         tagged    credits   title changed: tags only   free
         spent 9 tokens   1 made, 1 tagged, 9 up to date
    """)
    assert summary_lines(heard(*events(END)), LOOK, short=True) == [
        " spent 9 tokens   1 made, 1 tagged, 9 up to date"
    ]


def test_a_build_that_failed_says_what_did_and_what_was_not_begun():
    edited = Edited(track("boss"), (Reason(Cause.FOREIGN, after="audio/boss.mp3"),))
    plan = Plan((MENU, CREDITS, edited), ())
    error = MusicbuildError("the provider failed; it was not charged")
    tally = heard(
        BuildStarted(plan),
        TrackStarted("menu", MENU),
        TrackFailed("menu", error),
        BuildFinished({}, 0, 1, 1),
    )
    assert text(summary_lines(tally, LOOK)) == whole("""
         failed    menu   prompt changed
         kept      boss   `audio/boss.mp3` was not made by musicbuild
         spent nothing   1 failed, 1 not begun, 1 kept as changed by hand
    """)
    assert event_lines(TrackFailed("menu", error), LOOK) == [
        "menu: failed",
        "error: the provider failed; it was not charged",
    ]


def test_a_build_that_never_began_has_no_summary():
    assert summary_lines(heard(), LOOK) == []


def test_an_open_payment_is_said_to_be_settled():
    spec = track("menu").generate
    assert event_lines(Recovered(spec, TOKENS), LOOK) == [
        "an order of musicgen left open by an earlier build: its audio is here, paid 9 tokens"
    ]
    assert event_lines(Recovered(spec, None), LOOK) == [
        "an order of musicgen left open by an earlier build: it was not charged"
    ]


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
    found = [event_data(event) for event in events(Recovered(track("a").generate, None), END)]
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
