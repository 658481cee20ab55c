"""How errors read, and how text from outside is shown."""

from __future__ import annotations

from pathlib import Path

from console.values import LOOK, NEW, generate, of, text, track, whole

from musicbuild.console.errors import error_lines, system_error, warning_lines
from musicbuild.console.look import cells, escape, table
from musicbuild.console.markdown import plan_markdown
from musicbuild.console.plain import event_lines
from musicbuild.console.plan import plan_lines
from musicbuild.errors import InvalidManifest, ManifestError, MusicbuildError, Span
from musicbuild.events import (
    Ordered,
)
from musicbuild.steps import (
    Cause,
    Reason,
)


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
