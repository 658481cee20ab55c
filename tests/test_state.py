"""A verdict never changes an answer: whatever happens to a project, both ways say the same."""

import importlib
import io
import os
import shutil
import sys
import time
import zlib
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musicbuild import cli, conclusion, manifest, memory, state

TICK = 0.03
"""Seconds; longer than the times of two changes can be alike on a disk that counts finely."""

MANIFEST = """\
    version: 1
    album: Nightfall
    cover: art/cover.png
    vars: {era: 1980s}
    defaults: {duration: 1, master: {measure: false}, qc: false}
    include: ["levels/*.yaml"]
    tracks:
      menu: {prompt: "Calm {{ era }} pads"}
      boss: {prompt_file: boss.j2, formats: [mp3, mid]}
"""


def written(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(dedent(text), "utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a project that is up to date, to be copied."""
    root = tmp_path_factory.mktemp("built")
    written(root, "musicbuild.yaml", MANIFEST)
    written(root, "levels/one.yaml", 'tracks: {level: {prompt: "A level"}}\n')
    written(root, "prompts/boss.j2", '{% include "mood.j2" %} and driving\n')
    written(root, "prompts/mood.j2", "Dark\n")
    (root / "art").mkdir()
    (root / "art/cover.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with chdir(root):
        assert run("build")[0] == 0
    return root


@pytest.fixture
def project(built, tmp_path, monkeypatch):
    """Return a copy whose verdict is written."""
    monkeypatch.setattr(memory, "SETTLED", int(TICK * 1e9))
    root = tmp_path / "project"
    copied(built, root)
    monkeypatch.chdir(root)
    return root


def copied(built, root):
    shutil.copytree(built, root, symlinks=True)
    (root / state.FOLDER).mkdir(exist_ok=True)
    with chdir(root):
        time.sleep(TICK)
        run("plan")


def run(*words):
    """Run the command line in this process: its exit code, and what it wrote."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        code = cli.run(words)
    return code, *(stream.buffer.getvalue().decode() for stream in streams)


def recalled(command):
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        return state.recall([command])


def agree(command):
    """Hold what is recalled against what the full path says."""
    said = recalled(command)
    if said is not None:
        assert run(command, "--no-state") == (0, said, "")
    return said


def test_a_no_op_says_what_the_full_path_says(project):
    for command in state.COMMANDS:
        assert agree(command)


def test_colours_are_those_of_the_full_path(project, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in agree("plan")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in agree("plan")


def test_a_no_op_is_found_from_a_folder_below(project, monkeypatch):
    monkeypatch.chdir(project / "audio")
    assert agree("plan")


def test_other_words_take_the_full_path(project):
    for words in (["plan", "-v"], ["plan", "menu"], ["list"], [], ["build", "--no-state"]):
        assert state.recall(words) is None


def test_without_state_nothing_is_remembered(project):
    shutil.rmtree(project / state.FOLDER)
    assert run("build", "--no-state")[0] == run("check", "--no-state")[0] == 0
    assert not (project / state.FOLDER).exists()


def test_a_project_that_was_never_built_is_not_written_to(built, tmp_path, monkeypatch):
    shutil.copytree(built, tmp_path / "clone", ignore=shutil.ignore_patterns(".musicbuild"))
    monkeypatch.chdir(tmp_path / "clone")
    assert run("plan")[0] == 0
    assert not Path(".musicbuild").exists()


def test_a_file_of_this_very_moment_is_in_no_verdict(project, monkeypatch):
    monkeypatch.setattr(memory, "SETTLED", 3600 * 10**9)
    (project / "prompts/mood.j2").touch()
    run("plan")
    assert recalled("plan") is None


def test_what_changes_while_a_manifest_is_read_is_in_no_verdict(project):
    """However long that takes: since when a file is settled is decided before it is read."""
    load, path = manifest.load, project / "musicbuild.yaml"

    def slowly(*given):
        album = load(*given)
        path.write_text(path.read_text("utf-8").replace("Calm", "Wild"), "utf-8")
        time.sleep(2 * TICK)
        return album

    (project / state.FOLDER / state.NAME).unlink()
    with patch.object(manifest, "load", slowly):
        run("plan")
    assert recalled("plan") is None


def test_another_tool_looks_for_itself(project, monkeypatch, tmp_path):
    (tmp_path / "plugins").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "plugins")
    assert recalled("plan") is None
    time.sleep(TICK)
    run("plan")
    assert recalled("plan")
    (tmp_path / "plugins/provider-1.0.dist-info").mkdir()
    assert recalled("plan") is None


def test_a_plug_in_that_is_worked_on_looks_for_itself(project, monkeypatch, tmp_path):
    """Its file changes, and the folder that it lies in does not."""
    (tmp_path / "plugins").mkdir()
    file = tmp_path / "plugins/worked_on.py"
    file.write_text("PRICE = 1\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "plugins")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setitem(sys.modules, "worked_on", importlib.import_module("worked_on"))
    time.sleep(TICK)
    run("plan")
    assert recalled("plan")
    file.write_text("PRICE = 2\n", "utf-8")
    assert recalled("plan") is None


def test_a_runner_gets_its_lines_from_the_full_path(project, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert recalled("plan") is None


def test_a_text_that_stdout_can_not_show_is_left_to_the_full_path(project):
    manifest = project / "musicbuild.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("Nightfall", "Nächte"), "utf-8")
    assert run("build")[0] == 0
    time.sleep(TICK)
    run("plan")
    assert "Nächte" in recalled("plan")
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="ascii")):
        assert state.recall(["plan"]) is None


def test_many_files_are_looked_at_by_two_processes(project, monkeypatch):
    monkeypatch.setattr(state, "MANY", 2)
    assert agree("plan")
    last = max(project.glob("audio/*"))
    for path in (project / "audio/boss.mp3", last):
        data = path.read_bytes()
        path.unlink()
        assert recalled("plan") is None
        path.write_bytes(data)


@pytest.mark.parametrize("data", [b"", b"\1", bytes(40), bytes(4096), b"\xff" * 400])
def test_what_is_no_verdict_is_none(project, data):
    (project / state.FOLDER / state.NAME).write_bytes(data)
    assert recalled("plan") is None


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"version": 2}', b'{"version": 1, "files": 3}']
)
def test_what_are_no_digests_is_none(project, data):
    summed = b"%08x\n%s" % (zlib.crc32(data), data)
    (project / state.FOLDER / memory.DIGESTS).write_bytes(summed)
    assert memory.known(project / ".musicbuild") == {}
    assert run("plan", "--check")[0] == 0


@pytest.mark.parametrize("name", [memory.DIGESTS, conclusion.MANIFEST])
def test_what_a_disk_has_changed_is_not_believed(project, name):
    path = project / state.FOLDER / name
    data = path.read_bytes()
    said = run("plan", "--no-state")
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert memory.known(project / ".musicbuild") == {} or name != memory.DIGESTS
        assert conclusion.noted(project / ".musicbuild") is None or name != conclusion.MANIFEST
    assert run("plan") == said


def test_a_digest_is_remembered_for_as_long_as_its_file_is_the_same(project):
    (project / state.FOLDER / state.NAME).unlink()
    remembered = memory.known(project / ".musicbuild")
    assert remembered["audio/menu.mp3"][1].digest
    swap(project)
    assert "2 tracks" in run("plan")[1].replace("\n", " ") or run("plan", "--check")[0] == 3


# What may happen to a project.  Each is one way in which an answer may come to be another.


def edit(path, old, new):
    def happen(root):
        file = root / path
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(old, new))

    return happen


def quietly(path, old, new):
    """Change a file so that its length, its inode and its time of change stay."""

    def happen(root):
        file = root / path
        if file.is_file():
            status = file.stat()
            edit(path, old, new)(root)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    return happen


def replaced(path):
    """Put an equal file in the place of another."""

    def happen(root):
        file = root / path
        if file.is_file():
            shutil.copy2(file, root / "copy")
            (root / "copy").replace(file)

    return happen


def swap(root):
    one, other = root / "audio/menu.mp3", root / "audio/level.mp3"
    if one.is_file() and other.is_file():
        one.rename(root / "kept")
        other.rename(one)
        (root / "kept").rename(other)


def linked(path):
    """Move a file or a folder away, and lead to it by a link."""

    def happen(root):
        place = root / path
        if place.exists() and not place.is_symlink():
            away = root.parent / f"{root.name}-{path.replace('/', '-')}"
            place.rename(away)
            place.symlink_to(away)

    return happen


def gone(path):
    def happen(root):
        place = root / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)

    return happen


def new(path, text):
    def happen(root):
        if (root / path).parent.is_dir():
            (root / path).write_text(text, "utf-8")

    return happen


def touched(path, seconds=0.0):
    def happen(root):
        if (root / path).exists():
            when = time.time() + seconds
            os.utime(root / path, (when, when))

    return happen


HAPPENINGS = {
    "nothing": lambda root: None,
    "a prompt changes": edit("musicbuild.yaml", b"pads", b"keys"),
    "a prompt changes back": edit("musicbuild.yaml", b"keys", b"pads"),
    "a prompt changes in silence": quietly("musicbuild.yaml", b"pads", b"bars"),
    "a comment comes": edit("musicbuild.yaml", b"album", b"# music\nalbum"),
    "a warning comes": edit("musicbuild.yaml", b"{era: 1980s}", b"{era: 1980s, more: 1}"),
    "the manifest is saved again": replaced("musicbuild.yaml"),
    "the manifest is broken": edit("musicbuild.yaml", b"tracks:", b"tracks: ["),
    "the manifest goes": gone("musicbuild.yaml"),
    "the manifest is of tomorrow": touched("musicbuild.yaml", 86400),
    "a template changes": edit("prompts/mood.j2", b"Dark", b"Grim"),
    "a template changes back": edit("prompts/mood.j2", b"Grim", b"Dark"),
    "a template goes": gone("prompts/mood.j2"),
    "the templates lie elsewhere": linked("prompts"),
    "an include comes": new("levels/two.yaml", 'tracks: {second: {prompt: "Two"}}\n'),
    "an include goes": gone("levels/two.yaml"),
    "a needed include goes": gone("levels/one.yaml"),
    "a cover changes": edit("art/cover.png", b"\0\0", b"\0\1"),
    "an output changes": edit("audio/menu.mp3", b"\xff", b"\xfe"),
    "an output changes in silence": quietly("audio/menu.mp3", b"\0", b"\1"),
    "an output grows": edit("audio/level.mp3", b"ID3", b"ID3ID3"),
    "an output is touched": touched("audio/menu.mp3"),
    "an output is of long ago": touched("audio/menu.mp3", -1e8),
    "an output is saved again": replaced("audio/boss.mp3"),
    "an output goes": gone("audio/boss.mid"),
    "an output is a link": linked("audio/menu.mp3"),
    "two outputs are swapped": swap,
    "the outputs go": gone("audio"),
    "the outputs lie elsewhere": linked("audio"),
    "the outputs' folder is touched": touched("audio"),
    "a file comes beside the outputs": new("audio/notes.txt", "x"),
    "the lock changes": edit("musicbuild.lock", b'"take": 1', b'"take": 2'),
    "the lock is written anew": replaced("musicbuild.lock"),
    "the lock goes": gone("musicbuild.lock"),
    "an order is open": lambda root: new(".musicbuild/journal/a.jsonl", "x")(made(root)),
    "a link stands among the records": lambda root: link(root / ".musicbuild/elsewhere"),
    "a link stands in the store": lambda root: link(root / ".musicbuild/store/objects/zz"),
    "the store goes": gone(".musicbuild/store"),
    "the records go": gone(".musicbuild"),
    "the project is built": lambda root: run("build"),
}


def made(root):
    (root / ".musicbuild/journal").mkdir(parents=True, exist_ok=True)
    return root


def link(place):
    if place.parent.is_dir() and not place.is_symlink():
        place.symlink_to("/nowhere")


STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.booleans()), min_size=1, max_size=4
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, command=st.sampled_from(state.COMMANDS))
def test_whatever_happens_both_paths_say_the_same(built, tmp_path_factory, steps, command):
    root = tmp_path_factory.mktemp("happened") / "project"
    with patch.object(memory, "SETTLED", int(TICK * 1e9)), chdir(root.parent):
        copied(built, root)
        os.chdir(root)
        for name, pause in steps:
            HAPPENINGS[name](root)
            agree(command)
            if pause:
                time.sleep(TICK)
            run("plan")
            agree(command)


@pytest.mark.parametrize("name", sorted(HAPPENINGS))
def test_each_happening_alone(project, name):
    HAPPENINGS[name](project)
    said = agree("plan")
    harmless = name == "nothing" or name in HARMLESS
    assert (said is not None) == harmless, "it is not looked at where it should be, or is in vain"


HARMLESS = {
    "a file comes beside the outputs",
    "an include goes",
    "the outputs' folder is touched",
    "the project is built",
}
"""What changes nothing here, and is not taken for a change."""
