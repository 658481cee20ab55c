"""`verify`: what it says, how it exits, and that it changes nothing."""

from __future__ import annotations

import json
import shutil

import pytest
from commands.folder import Folder

LOST = "error: 1 thing is lost or damaged\n"


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built.root, tmp_path / "copy")
    return Folder(tmp_path / "copy")


def stored(folder, track):
    """Return where the audio of a track lies, and its output."""
    lock = json.loads((folder.root / "musicbuild.lock").read_text())
    locked = lock["tracks"][track]
    (output,) = locked["outputs"].values()
    digests = lock["purchases"][locked["generate"]]["audio"], output["digest"]
    places = [f".musicbuild/store/objects/{one[:2]}/{one[2:]}" for one in digests]
    return [folder.root / place for place in places], places


def rot(path):
    path.chmod(0o644)
    path.write_bytes(b"rot")


def test_what_is_whole(built):
    found = built.run("verify")
    assert (found.code, found.err) == (0, "")
    size = sum(path.stat().st_size for path in built.root.glob(".musicbuild/store/objects/*/*"))
    assert found.out == (
        f" whole  looked at 3 purchases, 6 objects ({size / 1e6:.1f} MB), 3 outputs\n"
    )


def test_nothing_is_built_yet(project):
    found = project.run("verify")
    assert (found.code, found.err) == (0, "")
    assert found.out == " whole  looked at 0 purchases, 0 objects (0.0 MB), 0 outputs\n"
    assert sorted(path.name for path in project.root.iterdir()) == ["musicbuild.yaml"]


def test_damaged_audio_and_what_mends_it(copy):
    (audio, _), (place, _) = stored(copy, "menu")
    rot(audio)
    found = copy.run("verify")
    assert (found.code, found.err) == (7, LOST)
    assert found.out.splitlines()[0] == (
        f" lost   `{place}` is damaged: `musicbuild build --force menu` takes it from"
        " `audio/menu.mp3`, for nothing"
    )
    assert audio.read_bytes() == b"rot"
    assert copy.run("build", "--force", "menu").code == 0
    assert copy.run("verify").code == 0


def test_a_missing_output(copy):
    (copy.root / "audio/menu.mp3").unlink()
    found = copy.run("verify")
    assert (found.code, found.err) == (3, "error: 1 output is not as the lock says\n")
    assert found.out.splitlines()[0] == (
        " stale  `audio/menu.mp3` is missing:"
        " `musicbuild build` puts it back from the store, for nothing"
    )
    assert copy.run("build").code == 0
    assert copy.run("verify").code == 0


def test_outputs_changed_by_hand(copy):
    for name in ("menu", "boss-1"):
        (copy.root / f"audio/{name}.mp3").write_bytes(b"my own mix")
    found = copy.run("verify")
    assert (found.code, found.err) == (3, "error: 2 outputs are not as the lock says\n")
    assert found.out.splitlines()[0] == (
        " stale  `audio/menu.mp3` is not as it was made: move it away to keep it,"
        " or `musicbuild build menu --overwrite` replaces it, for nothing"
    )


def test_what_is_lost_is_graver_than_what_is_missing(copy):
    (copy.root / "audio/boss-1.mp3").unlink()
    (_, output), _ = stored(copy, "menu")
    rot(output)
    assert copy.run("verify").code == 7


def test_what_is_only_noted_is_no_failure(copy):
    copy.write("mine", ".musicbuild/store/notes.txt")
    found = copy.run("verify")
    assert (found.code, found.err) == (0, "")
    assert found.out.splitlines()[0] == (
        " note   `.musicbuild/store/notes.txt` is no object of the store:"
        " remove it; nothing needs it"
    )


def test_for_programs(copy):
    (_, output), (_, place) = stored(copy, "menu")
    rot(output)
    found = copy.run("verify", "--json")
    envelope = found.envelope
    assert (found.code, found.err) == (7, "")
    assert envelope["errors"][0]["message"] == "1 thing is lost or damaged"
    assert envelope["data"] == {
        "findings": [
            {
                "grade": "lost",
                "problem": "object damaged",
                "where": place,
                "track": "menu",
                "message": f"`{place}` is damaged",
                "hint": "`musicbuild build --force menu` makes it again from the audio,"
                " for nothing",
            }
        ],
        "purchases": 3,
        "objects": 6,
        "bytes": envelope["data"]["bytes"],
        "outputs": 3,
        "unused": 0,
        "elsewhere": 0,
        "trash": {"files": 0, "bytes": 0},
    }


@pytest.mark.parametrize("text", [None, "", "{", "<<<<<<< HEAD\n", '{"version": 2}'])
def test_a_lock_that_can_not_be_read(copy, text):
    lock = copy.root / "musicbuild.lock"
    if text is None:
        lock.unlink()
    else:
        lock.write_text(text)
    found = copy.run("verify")
    assert (found.code, found.err) == (7, LOST)
    assert found.out.startswith(" lost   `musicbuild.lock` ")


@pytest.mark.parametrize("command", ["plan", "check", "cost", "list"])
def test_a_lock_that_is_gone_is_an_error_to_every_command(copy, command):
    (copy.root / "musicbuild.lock").unlink()
    found = copy.run(command)
    assert (found.code, found.out) == (7, "")
    assert found.err == (
        "error: `musicbuild.lock` is missing, and the store holds what it said was made\n"
        "hint: restore it from version control: it holds what was paid for;"
        " to begin anew, move `.musicbuild` away\n"
    )


def test_a_manifest_that_can_not_be_read(copy):
    copy.write("version: 1\ntracks: {menu: {promt: Calm}}\n")
    found = copy.run("verify")
    assert (found.code, found.out) == (2, "")


def test_what_is_counted_is_told(copy):
    copy.write(copy.root.joinpath("musicbuild.yaml").read_text().replace("Calm", "Slow"))
    assert copy.run("build").code == 0
    (audio, _), _ = stored(copy, "boss-1")
    audio.unlink()
    found = copy.run("verify")
    assert found.code == 0
    assert found.out.splitlines()[1:] == [
        "        1 object in the store that nothing needs",
        "        1 purchase not in the store, and not needed there",
    ]
