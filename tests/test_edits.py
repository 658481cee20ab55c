"""An edit that lies plainly within some tracks, or around them all, is cut out of a manifest."""

import pytest

from musicbuild.edits import MOST, Edit, find

HEAD = "version: 1\n# Music.\n"
TRACKS = """tracks: # all
  # The first.
  menu:
    prompt: Calm
  boss: {prompt: Grim}

"""
TAIL = "budget: {tokens: 3}\n"
WHOLE = f"{HEAD}{TRACKS}{TAIL}"
FEW = f"{HEAD}tracks: # all\n  # The first.\n"


def edited(old, new):
    assert WHOLE.count(old) == 1
    return find(WHOLE, WHOLE.replace(old, new))


def test_an_edit_within_a_track_is_seen_with_the_track_after_it():
    after = WHOLE.replace("Calm", "Wild")
    assert edited("Calm", "Wild") == Edit(WHOLE, after, within=True, above=4)


def test_an_edit_within_the_last_track_is_seen_alone():
    last = f"{FEW}  boss: {{prompt: Grim}}\n\n{TAIL}"
    assert edited("Grim", "Dark") == Edit(last, last.replace("Grim", "Dark"), within=True, above=4)


@pytest.mark.parametrize(("old", "new"), [("Music", "Sound"), ("tokens: 3", "tokens: 4")])
def test_an_edit_around_the_tracks_is_seen_with_the_first(old, new):
    one = f"{FEW}  menu:\n    prompt: Calm\n{TAIL}"
    assert edited(old, new) == Edit(one, one.replace(old, new), within=False)


def test_lines_may_end_as_on_windows():
    windows = WHOLE.replace("\n", "\r\n")
    assert find(windows, windows.replace("Calm", "Wild")) == edited("Calm", "Wild")


NOT_PLAIN = {
    "a key that is indented more": ("  menu:", "   menu:"),
    "a key that is indented less": ("  menu:", "menu:"),
    "a key of a track that is indented less": ("    prompt: Calm", "prompt: Calm"),
    "a track and what is below all": ("Grim}\n\nbudget", "Dark}\n\nBudget"),
    "what is above all and a track": (
        "Music.\ntracks: # all\n  # The first.\n  m",
        "X\ntracks:\n  n",
    ),
    "a line end that YAML alone knows": ("Calm", "Ca\rlm"),
}


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_what_is_not_plain_is_none(name):
    assert edited(*NOT_PLAIN[name]) is None


@pytest.mark.parametrize(
    "text", ["", "version: 1\n", "tracks: {a: {prompt: x}}\n", "tracks:\n- a\n"]
)
def test_tracks_that_stand_on_no_lines_of_their_own_have_no_edits(text):
    assert find(text, f"# more\n{text}") is None


def test_a_long_track_is_read_whole():
    long = WHOLE.replace("Calm", "Calm\n" + "    # more\n" * MOST)
    assert find(long, long.replace("Calm", "Wild")) is None


def test_much_text_around_the_tracks_is_read_whole():
    much = WHOLE + "# more\n" * (MOST // 4)
    assert find(much, f"{much}# and more\n") is None
