"""A plan of the edited tracks alone says what the plan of the whole manifest says."""

import re
import shutil
import time
from contextlib import chdir
from textwrap import dedent
from unittest.mock import patch

import pytest
import soundfile
from audio.pieces import music
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_state import TICK, copied, run, written

from musicbuild import conclusion, memory, state
from musicbuild.commands import glance

MANIFEST = """\
    version: 1
    album: Nightfall
    vars: {era: 1980s, mood: dark}
    defaults: {duration: 1, master: {measure: false}, qc: false}
    groups:
      fights: {tags: {genre: Industrial}}
    # All of it.
    tracks:
      menu:
        title: Main Menu
        prompt: "Calm {{ era }} pads, {{ n }}"
        vars: {n: 3}
      boss: {group: fights, prompt: "{{ mood }} and driving"}
      level:
        prompt: |
          Bright
          # loud
          {{ mood }}
        tags: {comment: "A level", bpm: 120}

      # The last one.
      credits: {prompt: "{{ mood }} {{ era }} strings", formats: [mp3, mid]}
    budget: {tokens: 100}
    # The end.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("edited")
    written(root, "musicbuild.yaml", MANIFEST)
    with chdir(root):
        assert run("build")[0] == 0
    return root


@pytest.fixture
def project(built, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "SETTLED", int(TICK * 1e9))
    copied(built, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project" / "musicbuild.yaml"


def glanced(*words):
    """Run a command; return what it says, and whether a glance was enough for it."""
    seen = []
    real = glance._glance

    def looking(path):
        seen.append(real(path))
        return seen[-1]

    with patch.object(glance, "_glance", looking):
        said = run(*words)
    return said, bool(seen and seen[-1])


def agree(command):
    """Hold what a glance says, where it is enough, against the plan of the whole."""
    said, enough = glanced(command)
    if enough:
        assert said == run(command, "--no-state")
    return enough


ENOUGH = {
    "nothing": ("", ""),
    "a prompt": ("Calm", "Wild"),
    "more of a prompt": ("pads", "pads and bells"),
    "a line of a literal prompt": ("Bright", "Bright\n          and loud"),
    "the last track": ("strings", "brass"),
    "a title": ("Main Menu", "The Menu"),
    "a tag": ("bpm: 120", "bpm: 121"),
    "the genre of one track": ("group: fights, ", "group: fights, tags: {genre: Metal}, "),
    "a variable of its own": ("n: 3", "n: 4"),
    "another duration": ("        vars: {n: 3}", "        vars: {n: 3}\n        duration: 2"),
    "a comment in a track": ("vars: {n: 3}", "vars: {n: 3} # three"),
    "a comment at the top": ("version: 1", "# Music.\nversion: 1"),
    "a comment above the tracks": ("# All of it.", "# All of it, and more."),
    "a comment at the end": ("# The end.", "# The end!"),
    "another way to write it": ("vars: {era: 1980s, mood: dark}", "vars: {mood: dark, era: 1980s}"),
}

NOT_ENOUGH = {
    "a name": ("Nightfall", "Daybreak"),
    "a variable of all": ("era: 1980s", "era: 1990s"),
    "a number that is written otherwise": ("tokens: 100", "tokens: 100.0"),
    "another id": ("menu:", "main:"),
    "another track": ("budget:", "  new: {prompt: x}\nbudget:"),
    "a track less": ('boss: {group: fights, prompt: "{{ mood }} and driving"}', ""),
    "another output": ("title: Main Menu", "output: other.mp3"),
    "another format": ("[mp3, mid]", "[mp3]"),
    "more takes": ("title: Main Menu", "takes: 2"),
    "the last use of a group": ("group: fights, ", ""),
    "the last use of a variable of its own": (", {{ n }}", ""),
    "an open quote": ("A level", 'A "level'),
    "a quote that ends farther down": ('"A level", bpm: 120}', '"A level, bpm: 120}'),
    "a key of the top among the tracks": ("      # The last one.", "artist: Nobody"),
    "what is no YAML": ("Main Menu", "Main: Menu"),
    "an unknown key": ("title: Main", "titel: Main"),
    "an unknown group": ("group: fights", "group: fight"),
    "a mark of a merge": ("      # The last one.", "<<<<<<< ours"),
    "another indentation": ("      menu:", "    menu:"),
    "a document more": ("budget:", "---\nbudget:"),
}


@pytest.mark.parametrize("name", sorted(ENOUGH))
@pytest.mark.parametrize("command", ["plan", "check"])
def test_a_glance_is_enough_for_an_edit(project, command, name):
    changed(project, *ENOUGH[name])
    assert agree(command)


@pytest.mark.parametrize("name", sorted(NOT_ENOUGH))
def test_what_others_may_see_is_read_whole(project, name):
    changed(project, *NOT_ENOUGH[name])
    said, enough = glanced("plan")
    assert not enough
    assert said == run("plan", "--no-state")


def rebuilt():
    """Build, and have the verdict written once all files are settled."""
    assert run("build")[0] == 0
    time.sleep(TICK)
    run("plan")


def changed(project, old, new):
    text = project.read_text("utf-8")
    old, new = (re.sub("^    ", "", one, flags=re.MULTILINE) for one in (old, new))
    assert old in text
    project.write_text(text.replace(old, new, 1), "utf-8")


def test_what_was_adopted_is_found_again_with_the_prompt_it_was_adopted_for(project):
    soundfile.write(project.parent / "take.wav", music(1.0), 44_100)
    assert run("adopt", "take.wav", "--as", "boss")[0] == 0
    changed(project, "and driving", "and fast")
    rebuilt()
    changed(project, "and fast", "and driving")
    assert not agree("plan")
    assert "adopted from `take.wav`" in run("plan")[1]


def test_an_edit_is_not_all_that_may_have_changed(project):
    changed(project, "Calm", "Wild")
    (project.parent / "audio/boss.mp3").touch()
    assert not agree("plan")


def test_a_limit_that_all_tracks_share_is_kept(project):
    limits = {"events": 0, "values": 10**6, "texts": 10**6}
    changed(project, "Calm", "Wild")
    with patch.object(glance, "LIMITS", limits):
        assert not agree("plan")


def test_a_line_end_of_another_kind_is_read_whole(project):
    """What follows it may be another key of the album, and looks like the last track's."""
    data = project.read_bytes().replace(b"\nbudget", b"\rbudget")
    project.write_bytes(data)
    time.sleep(TICK)
    run("plan")
    project.write_bytes(data.replace(b"Calm", b"Wild"))
    assert not agree("plan")


def test_what_no_track_makes_any_more_is_told_of_too(project):
    changed(project, "credits:", "end:")
    assert run("build")[0] == 0
    time.sleep(TICK)
    assert "credits.mp3" in run("plan")[1]
    changed(project, "Calm", "Wild")
    assert agree("plan")
    assert agree("check")


def test_lines_may_end_as_on_windows(project):
    data = project.read_bytes().replace(b"\n", b"\r\n")
    project.write_bytes(data)
    time.sleep(TICK)
    run("plan")
    for edited in (data.replace(b"Calm", b"Wild"), b"# Music.\n" + data):
        project.write_bytes(edited)
        assert agree("plan")


def test_a_verdict_that_a_repository_brings_is_not_believed(project):
    """It can't hold the stamp of the lock, so it leaves it out."""
    folder = project.parent / state.FOLDER
    verdict = state.load((folder / state.NAME).read_bytes())
    verdict.inputs, verdict.stamps = verdict.inputs[:1], verdict.stamps[:4]
    verdict.outputs, verdict.folders, verdict.identities = [], [], []
    (folder / state.NAME).write_bytes(state.dump(verdict))
    (project.parent / "musicbuild.lock").unlink()
    shutil.rmtree(project.parent / ".musicbuild/store")
    assert conclusion.noted(project.parent / ".musicbuild") is None
    assert run("plan", "--check") == run("plan", "--check", "--no-state")


def test_a_text_that_looks_like_a_key_of_the_album_is_none(project):
    """A quoted text may go on in the first column, and then the tracks seem to end in it."""
    changed(project, "budget: {tokens: 100}", "  last: {prompt: 'x\nbudget: {tokens: 5} #'}")
    rebuilt()
    changed(project, "Calm", "Wild")
    assert not agree("plan")


def test_an_album_with_numbers_is_read_whole(project):
    changed(project, "album: Nightfall", "album: Nightfall\nnumbered: true")
    rebuilt()
    changed(project, "Calm", "Wild")
    assert not agree("plan")


def test_a_manifest_with_includes_is_read_whole(project):
    (project.parent / "more.yaml").write_text('tracks: {more: {prompt: "More"}}\n', "utf-8")
    changed(project, "album: Nightfall", "album: Nightfall\ninclude: [more.yaml]")
    rebuilt()
    changed(project, "Calm", "Wild")
    assert not agree("plan")


def test_audio_that_is_gone_is_looked_for_in_all_tracks(project):
    """Another track may have an output that holds the very audio."""
    changed(project, "Main Menu", "The Menu")
    for path in (project.parent / ".musicbuild/store/objects").glob("*/*"):
        path.unlink()
    assert not agree("plan")


@pytest.mark.parametrize("lock", ["indented", "of one line"])
def test_a_lock_of_another_form_is_read_whole(project, lock):
    path = project.parent / "musicbuild.lock"
    text = path.read_text("utf-8")
    other = text.replace("\n ", "\n  ") if lock == "indented" else text.replace("\n", " ")
    path.write_text(other, "utf-8")
    time.sleep(TICK)
    run("plan")
    changed(project, "Calm", "Wild")
    assert not agree("plan")


EXTRA = [
    "\n",
    "  ",
    '"',
    "'",
    "#",
    ": ",
    "{",
    "}",
    "|",
    "x",
    "  menu:\n",
    "tracks:\n",
    "é",
    "\t",
    "- a\n",
]
EDITS = st.tuples(st.floats(0, 1), st.integers(0, 30), st.lists(st.sampled_from(EXTRA), max_size=3))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(edits=st.lists(EDITS, min_size=1, max_size=2))
def test_any_edit_comes_to_the_same(project, edits):
    """Whatever stretch of a manifest is cut out, or put in."""
    whole = dedent(MANIFEST)
    text = whole
    for place, length, extra in edits:
        start = int(place * len(text))
        text = text[:start] + "".join(extra) + text[start + length :]
    try:
        project.write_text(text, "utf-8")
        agree("plan")
    finally:
        project.write_text(whole, "utf-8")
        time.sleep(TICK)
        assert run("plan")[0] == 0
