"""Selection: ids, globs and labels, and a word for what matches nothing."""

from __future__ import annotations

import pytest
from specimens import track

from musicbuild.errors import UsageError
from musicbuild.selection import select

TRACKS = [
    track("boss-1", labels=("act1", "combat")),
    track("boss-2", labels=("act2", "combat")),
    track("menu", labels=("act1",)),
    track("victory"),
]
ALL = {"boss-1", "boss-2", "menu", "victory"}


@pytest.mark.parametrize(
    ("wished", "found"),
    [
        ({}, ALL),
        ({"patterns": ["menu"]}, {"menu"}),
        ({"patterns": ["boss-*"]}, {"boss-1", "boss-2"}),
        ({"patterns": ["boss-?", "menu"]}, ALL - {"victory"}),
        ({"patterns": ["[bm]*"]}, ALL - {"victory"}),
        ({"patterns": ["*"]}, ALL),
        ({"labels": ["combat"]}, {"boss-1", "boss-2"}),
        ({"labels": ["act1", "act2"]}, ALL - {"victory"}),
        ({"patterns": ["victory"], "labels": ["act2"]}, {"victory", "boss-2"}),
        ({"exclude": ["boss-*"]}, {"menu", "victory"}),
        ({"labels": ["act1"], "exclude": ["boss-*"]}, {"menu"}),
        ({"patterns": ["menu"], "exclude": ["menu"]}, set()),
    ],
)
def test_what_is_wished_for_is_found(wished, found):
    assert select(TRACKS, **wished) == found


@pytest.mark.parametrize(
    ("wished", "says"),
    [
        ({"patterns": ["meny"]}, "no track matches `meny`\nhint: did you mean `menu`?"),
        ({"patterns": ["Menu"]}, "no track matches `Menu`\nhint: did you mean `menu`?"),
        (
            {"patterns": ["boss"]},
            "no track matches `boss`\nhint: did you mean `boss-*`, 2 tracks?",
        ),
        ({"patterns": ["*x"]}, "no track matches `*x`\nhint: `musicbuild list` shows them"),
        (
            {"patterns": ["menu"], "exclude": ["zzz"]},
            "no track matches `zzz`\nhint: `musicbuild list` shows them",
        ),
        ({"labels": ["combatt"]}, "no track has the label `combatt`\nhint: did you mean `combat`?"),
        ({"labels": ["zzz"]}, "no track has the label `zzz`"),
    ],
)
def test_what_matches_nothing_is_an_error(wished, says):
    with pytest.raises(UsageError) as raised:
        select(TRACKS, **wished)
    assert str(raised.value) == says
    assert raised.value.exit_code == 2


def test_of_no_tracks_there_are_none():
    assert select([]) == frozenset()
