"""Errors: the tree, its exit codes, and how one reads."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from musicbuild import errors
from musicbuild.errors import (
    Busy,
    InvalidManifest,
    ManifestError,
    MusicbuildError,
    Refused,
    Scope,
    Span,
    suggestion,
)

SPAN = Span(Path("levels/one.yaml"), 31, 5, 5, "    tempoo: 120")


def test_an_error_shows_the_text_the_place_and_the_way_out():
    error = ManifestError("unknown key `tempoo`", span=SPAN, hint="did you mean `tempo`?")
    assert str(error) == (
        "unknown key `tempoo`\n"
        "   --> levels/one.yaml:31:5\n"
        "   |\n"
        "31 |     tempoo: 120\n"
        "   |     ^^^^^\n"
        "hint: did you mean `tempo`?"
    )


def test_an_error_may_be_a_line():
    assert str(MusicbuildError("no such thing")) == "no such thing"


def test_a_place_without_width_is_pointed_at():
    assert Span(Path("a"), 1, 3, 0, "x:").excerpt().endswith("|   ^")


def test_all_faults_of_a_manifest_come_together():
    error = InvalidManifest([ManifestError("one"), ManifestError("two", hint="do")])
    assert str(error) == "one\n\ntwo\nhint: do"
    assert len(error.errors) == 2


def above(line):
    """Return the error that a line of the tree hangs on."""
    before = inspect.getdoc(errors).partition(line)[0]
    depth = line.index("──") - 1
    if not depth:
        return MusicbuildError
    found = re.findall(rf"^[│ ]{{{depth - 4}}}├── (\w+)", before, re.MULTILINE)
    return getattr(errors, found[-1])


@pytest.mark.parametrize(
    ("line", "name", "code"),
    [
        (line, *found.groups())
        for line in inspect.getdoc(errors).splitlines()
        if (found := re.match(r"[│├└─ ]+(\w+) +(\d+)  ", line))
    ],
)
def test_the_tree_in_the_docstring_is_the_tree(line, name, code):
    kind = getattr(errors, name)
    made = InvalidManifest([]) if kind is InvalidManifest else kind("x")
    assert made.exit_code == int(code)
    assert kind.__bases__ == (above(line),)


def test_the_tree_is_whole():
    drawn = set(re.findall(r"[├└]── (\w+)", inspect.getdoc(errors)))
    kinds = {
        name
        for name, one in vars(errors).items()
        if inspect.isclass(one) and issubclass(one, MusicbuildError)
    }
    assert drawn == kinds - {"MusicbuildError"}


def test_a_refusal_of_the_whole_account_is_another_exit_code():
    codes = [Refused("x", scope=scope).exit_code for scope in Scope]
    assert codes == [1, 1, 5]


def test_a_busy_provider_may_say_for_how_long():
    assert Busy("x", retry_after=3.5).retry_after == 3.5
    assert Busy("x").retry_after is None


def test_a_near_word_is_suggested():
    assert suggestion("tempoo", ["title", "tempo"]) == "did you mean `tempo`?"
    assert suggestion("tempoo", iter(["title"])) == ""
