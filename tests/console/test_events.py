"""How a build reads while it runs, and at its end."""

from __future__ import annotations

from console.values import (
    CREDITS,
    END,
    LOOK,
    MENU,
    TOKENS,
    events,
    heard,
    text,
    track,
    whole,
)

from musicbuild.console.plain import event_lines
from musicbuild.console.summary import summary_lines
from musicbuild.errors import Interrupted, MusicbuildError, Unavailable
from musicbuild.events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Postponed,
    Recovered,
    Recovering,
    Repeated,
    TrackFailed,
    TrackFinished,
    TrackStarted,
)
from musicbuild.steps import (
    Cause,
    Edited,
    Plan,
    Reason,
)


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


def test_music_of_another_length_is_said():
    odd = Bought("menu", MENU.track.generate, TOKENS, 45.024)
    assert event_lines(odd, LOOK) == ["menu: bought for 9 tokens, 45 s, where 60 s were asked for"]
    tally = heard(BuildStarted(Plan((MENU,), ())), odd, TrackFinished("menu", MENU), END)
    assert text(summary_lines(tally, LOOK)).splitlines()[-2] == (
        " `menu`: bought for 9 tokens, 45 s, where 60 s were asked for"
    )


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
    assert event_lines(Recovering(("menu", "boss")), LOOK) == [
        "2 orders of an earlier build to look after first"
    ]
    assert event_lines(Recovered("menu", spec, TOKENS), LOOK) == [
        "menu: the order of an earlier build is here, paid 9 tokens"
    ]
    assert event_lines(Recovered("menu", spec, None), LOOK) == [
        "menu: the order of an earlier build was not charged"
    ]
    assert event_lines(Postponed(("menu",), Unavailable("no key")), LOOK) == [
        "menu: an order of an earlier build stays open: no key"
    ]
    assert event_lines(Repeated("menu", "it failed"), LOOK) == [
        "menu: it failed; ordering it once more"
    ]


def test_a_track_that_was_stopped_has_not_failed():
    failed = TrackFailed("menu", Interrupted("the build was stopped"))
    plan = BuildStarted(Plan((MENU, CREDITS), ()))
    tally = heard(plan, TrackStarted("menu", MENU), failed, BuildFinished({}, 0, 1, 1))
    assert event_lines(failed, LOOK) == ["menu: stopped"]
    assert summary_lines(tally, LOOK) == [
        " stopped   menu   prompt changed",
        " spent nothing   1 stopped, 1 not begun",
    ]
