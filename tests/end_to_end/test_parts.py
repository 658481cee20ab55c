"""Notes and stems beside the music: made with it, kept like it, and never taken for it."""

from __future__ import annotations

import shutil

import mido
import pytest

from musicbuild.audio.mp3 import inspect
from musicbuild.tags import read

ALBUM = """
    version: 1
    album: Nightfall
    tracks:
      boss:
        prompt: rock, 150 BPM in E minor
        duration: 2
        formats: [mp3, mid]
        stems: true
"""
STEMS = [f"audio/boss.{name}.mp3" for name in ("bass", "drums", "music")]
FILES = ["audio/boss.mp3", "audio/boss.mid", *STEMS]


@pytest.fixture
def album(project):
    project.write(ALBUM).build()
    return project


def test_each_part_is_a_file_of_its_own(album):
    assert sorted(map(str, album.folder.glob("audio/*"))) == sorted(
        str(album.folder / path) for path in FILES
    )
    whole = (album.folder / "audio/boss.mp3").read_bytes()
    assert read(whole)["bpm"] == "150"
    assert read(whole)["key"] == "Em"
    assert read(whole)["sections"] == "0 A"
    for path in STEMS:
        stem = (album.folder / path).read_bytes()
        assert inspect(stem).seconds == inspect(whole).seconds
        assert read(stem)["title"] == f"Boss ({path.split('.')[1]})"
    notes = mido.MidiFile(album.folder / "audio/boss.mid")
    assert {"bass", "drums"} < {track.name for track in notes.tracks}
    album.build(says="spent nothing   1 up to date")


def test_tags_of_the_author_count_for_more(album):
    album.edit("stems: true", "tags: {bpm: 75, key: G}").build()
    said = read((album.folder / "audio/boss.mp3").read_bytes())
    assert (said["bpm"], said["key"]) == ("75", "G")


def test_show_tells_what_will_be_heard(album):
    album.edit("rock, 150", "rock with ukulele, 150")
    shown = album.run("show", "boss").out
    assert "\n   tempo     150 BPM, 4/4\n   key       E minor\n" in shown
    assert "\n   heard     style rock: rock; tempo: 150 as asked; drums: yes\n" in shown
    assert "\n   ignored   ukulele\n" in shown
    music = album.run("show", "boss", "--json").json["data"]["music"]
    assert music["ignored"] == ["ukulele"]
    assert music["sections"] == [[0.0, "A"]]


def test_a_part_that_is_gone_is_restored(album):
    for path in ("audio/boss.mid", STEMS[0]):
        (album.folder / path).unlink()
    album.build(
        says="""
        restored  boss   output missing: restored from the store   free
        spent nothing   1 restored
    """
    )
    shutil.rmtree(album.folder / ".musicbuild/store")
    before = {path: (album.folder / path).read_bytes() for path in FILES}
    (album.folder / STEMS[0]).unlink()
    album.build()
    assert {path: (album.folder / path).read_bytes() for path in FILES} == before


def test_a_part_is_never_taken_for_the_whole(album):
    whole = (album.folder / "audio/boss.mp3").read_bytes()
    shutil.rmtree(album.folder / ".musicbuild/store")
    (album.folder / "audio/boss.mp3").unlink()
    album.build()
    assert (album.folder / "audio/boss.mp3").read_bytes() == whole
    assert album.run("verify").code == 0


def test_parts_that_are_asked_for_later_leave_the_rest_as_it_is(project):
    plain = ALBUM.replace("formats: [mp3, mid]\n", "").replace("        stems: true\n", "")
    project.write(plain).build()
    made = project.folder / "audio/boss.mp3"
    before = made.stat().st_mtime_ns
    project.edit("duration: 2\n", "duration: 2\n    formats: [mp3, mid]\n    stems: true\n")
    project.build(
        says="""
        mastered  boss   output new   free
        spent nothing   1 mastered
    """
    )
    assert made.stat().st_mtime_ns == before
    assert (project.folder / STEMS[2]).exists()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("model: musicgen, formats: [mp3, mid]", "`musicgen` tells no notes for `mid`"),
        ("model: musicgen, stems: true", "`musicgen` gives no stems"),
        ("formats: [mid], stems: true", "stems are audio, and `formats` names none"),
    ],
)
def test_parts_that_a_model_does_not_give_are_refused(project, settings, says):
    project.write(f"version: 1\ntracks: {{boss: {{prompt: x, {settings}}}}}\n")
    ran = project.run("plan")
    assert ran.code == 2
    assert ran.err.startswith(f"error: track `boss`: {says}\n --> musicbuild.yaml:2:")


def test_a_stem_and_another_track_can_not_be_one_file(project):
    project.write(ALBUM + "      other: {prompt: x, output: audio/boss.drums.mp3}\n")
    ran = project.run("plan")
    assert ran.code == 2
    assert "`audio/boss.drums.mp3`" in ran.err
