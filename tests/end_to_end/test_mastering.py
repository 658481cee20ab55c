"""Finished files: at their loudness, to the sample, in every format, and all of it for nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from musicbuild.audio.mp3 import inspect
from musicbuild.tags import audio_of, read

EVERY = ("mp3", "ogg", "opus", "flac", "wav", "m4a")

SKETCH = """
    version: 1
    album: Nightfall
    tracks:
      menu:
        prompt: calm synthwave, 120 BPM, A minor
        duration: 4
        formats: [ogg, wav]
        master: {loudness: -20, true_peak: -2}
"""

BOUGHT = """
    version: 1
    album: Nightfall
    defaults: {model: musicgen, duration: 15}
    tracks:
      theme: {prompt: Calm pads}
      battle: {prompt: Drums, formats: [mp3, ogg]}
"""


def samples(path):
    """Decode a file by a program that is not ours, as float32 of shape (n, channels)."""
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def measured(project, *paths):
    ran = project.run("measure", *paths, "--json")
    assert ran.code == 0, ran.err
    return [one["figures"] for one in ran.json["data"]["files"]]


def locked(project, track):
    return json.loads((project.folder / "musicbuild.lock").read_text())["tracks"][track]["outputs"]


def test_changing_the_loudness_is_free_and_asks_nobody(project, gateway):
    project.write(BOUGHT).build(charges=["Calm pads", "Drums"])
    asked = len(gateway.requests)
    project.edit("duration: 15}", "duration: 15, master: {loudness: -23}}").build(
        says="""
        mastered  theme    mastering changed   free
        mastered  battle   mastering changed   free
        spent nothing   2 mastered
        """,
    )
    paths = ["audio/theme.mp3", "audio/battle.mp3", "audio/battle.ogg"]
    assert [round(one["loudness"]) for one in measured(project, *paths)] == [-23] * 3
    keyless = project.edit("-23", "-30").run("build", env={"ELUMENTA_API_KEY": ""})
    assert keyless.code == 0, keyless.err
    assert [round(one["loudness"]) for one in measured(project, *paths)] == [-30] * 3
    assert len(gateway.requests) == asked
    project.edit(", master: {loudness: -30}", "").build(charges=[])
    whole = (project.folder / "audio/theme.mp3").read_bytes()
    assert read(whole)["encoder"]
    assert "sound" not in locked(project, "theme")["audio/theme.mp3"]
    assert len(gateway.requests) == asked


def test_without_mastering_the_frames_are_those_that_were_delivered(project):
    project.write(BOUGHT).build()
    lock = json.loads((project.folder / "musicbuild.lock").read_text())
    for track in ("theme", "battle"):
        bought = lock["purchases"][lock["tracks"][track]["generate"]]["audio"]
        store = project.folder / ".musicbuild/store/objects"
        delivered = (store / bought[:2] / bought[2:]).read_bytes()
        finished = (project.folder / f"audio/{track}.mp3").read_bytes()
        assert audio_of(finished) == audio_of(delivered)
    before = audio_of((project.folder / "audio/theme.mp3").read_bytes())
    project.edit(
        "theme: {prompt: Calm pads}", "theme: {prompt: Calm pads, master: {measure: true}}"
    )
    project.build()
    finished = (project.folder / "audio/theme.mp3").read_bytes()
    assert audio_of(finished) == before
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{2} dB", read(finished)["gain"])


@pytest.mark.parametrize("seconds", ["2", "4.75", "3.0001"])
def test_every_format_has_exactly_the_length_that_was_asked(project, seconds):
    forms = ", ".join(EVERY)
    project.write(
        f"""
        version: 1
        tracks:
          scene:
            prompt: folk
            duration: {seconds}
            formats: [{forms}]
            master: {{length: exact, fade_out: 0.5}}
        """
    )
    if seconds == "3.0001":  # milliseconds are the finest, and what is finer is rounded
        seconds = "3"
    project.build()
    paths = [f"audio/scene.{form}" for form in EVERY]
    for form, figures in zip(EVERY, measured(project, *paths), strict=True):
        assert figures["samples"] == round(float(seconds) * figures["sample_rate"]), form
    for form in ("ogg", "opus", "flac", "wav", "mp3"):
        sound = samples(project.folder / f"audio/scene.{form}")
        rate = 48_000 if form == "opus" else 44_100
        assert len(sound) == round(float(seconds) * rate)
        assert np.abs(sound[-20:]).max() < 0.02


def test_every_format_is_read_by_others_with_its_tags(project):
    forms = ", ".join(EVERY)
    project.write(SKETCH).edit("[ogg, wav]", f"[{forms}]").edit("calm", "Grüße, calm").build()
    for form in EVERY:
        path = project.folder / f"audio/menu.{form}"
        assert mutagen.File(path).info.length == pytest.approx(4, abs=0.1)
        assert read(path.read_bytes(), form)["album"] == "Nightfall"


def test_a_loop_is_cut_proved_and_told(project):
    project.write(SKETCH).edit("true_peak: -2", "true_peak: -2, loop: {bars: 2}").edit(
        "duration: 4", "duration: 10"
    ).build()
    for path in ("audio/menu.ogg", "audio/menu.wav"):
        sound = samples(project.folder / path)
        assert len(sound) == 4 * 44_100  # two bars of four beats at 120 BPM
        steps = np.abs(np.diff(np.concatenate([sound, sound]), axis=0)).max(axis=1)
        assert steps[len(sound) - 1] <= 1.5 * np.percentile(steps, 99)
        figures = locked(project, "menu")[path]["measured"]
        assert (figures["loop_start"], figures["loop_length"]) == (0, len(sound))
        assert figures["seam_jump"] <= 1.5
        assert figures["seam_step"] <= 0.5
    said = read((project.folder / "audio/menu.ogg").read_bytes(), "ogg")
    assert (said["loop_start"], said["loop_length"]) == ("0", "176400")
    assert b"smpl" in (project.folder / "audio/menu.wav").read_bytes()
    assert "176400 samples from 0 on" in project.run("show", "menu").out


def test_what_was_made_to_loop_is_taken_whole_and_bars_are_those_of_the_music(project):
    project.write(
        """
        version: 1
        defaults: {duration: 9, formats: [ogg], prompt: "waltz, 120 BPM"}
        tracks:
          made: {loop: true, master: {loop: true}}
          cut: {master: {loop: {bars: 2}}}
          bent: {master: {loop: {bars: 2}}, tags: {bpm: 90}}
        """
    ).build()
    figures = measured(project, "audio/made.ogg", "audio/cut.ogg", "audio/bent.ogg")
    # Three beats of half a second are a bar of a waltz; the author's own tempo counts for more.
    assert [one["samples"] for one in figures] == [9 * 44_100, 3 * 44_100, 4 * 44_100]
    said = read((project.folder / "audio/made.ogg").read_bytes(), "ogg")
    assert said["chords"]
    assert "chords" not in read((project.folder / "audio/cut.ogg").read_bytes(), "ogg")


def test_other_tags_encode_nothing_again(project):
    project.write(SKETCH).build()
    before = {path: locked(project, "menu")[path] for path in ("audio/menu.ogg", "audio/menu.wav")}
    project.edit("duration: 4", "duration: 4\n    title: Main Menu").build(
        says="""
        tagged    menu   title changed: tags only   free
        spent nothing   1 tagged
        """
    )
    for path, made in before.items():
        now = locked(project, "menu")[path]
        assert now["digest"] != made["digest"]
        assert (now["audio_digest"], now["measured"]) == (made["audio_digest"], made["measured"])
        form = path.rpartition(".")[2]
        assert read((project.folder / path).read_bytes(), form)["title"] == "Main Menu"


def test_tags_change_without_the_store_and_without_the_audio(project):
    """In a fresh clone there are manifest, lock and outputs, and no more."""
    project.write(BOUGHT).edit("defaults: {", "defaults: {master: {loudness: -20}, ").build()
    for path in sorted((project.folder / ".musicbuild").rglob("*"), reverse=True):
        path.chmod(0o700)
        path.unlink() if path.is_file() else path.rmdir()
    project.edit("album: Nightfall", "album: Nightfall II").build(charges=[])
    assert (
        read((project.folder / "audio/battle.ogg").read_bytes(), "ogg")["album"] == "Nightfall II"
    )


def test_an_mp3_is_brought_to_its_loudness_without_being_encoded_again(project):
    project.write(BOUGHT).build()
    before = (project.folder / "audio/theme.mp3").read_bytes()
    (level,) = measured(project, "audio/theme.mp3")
    wish = f"master: {{loudness: {round(level['loudness']) - 6}, gain_mode: lossless}}"
    project.edit("theme: {prompt: Calm pads", f"theme: {{prompt: Calm pads, {wish}").build()
    after = (project.folder / "audio/theme.mp3").read_bytes()
    (now,) = measured(project, "audio/theme.mp3")
    assert inspect(after).frames == inspect(before).frames
    steps = round((level["loudness"] - now["loudness"]) / 1.505)
    assert level["loudness"] - now["loudness"] == pytest.approx(1.505 * steps, abs=0.05)
    assert steps in {3, 4}
    assert read(after)["undo"] == f"{steps:+04d},{steps:+04d},N"


def test_what_is_amiss_is_remarked_and_stops_nothing(project):
    project.write(SKETCH).edit("loudness: -20, true_peak: -2", "loudness: -3")
    ran = project.run("build")
    assert ran.code == 0
    assert "LU under the loudness asked for: its true peak allows no more gain" in ran.err
    events = project.edit("-3", "-4").run("build", "--json").events
    remarks = [one for one in events if one["event"] == "remarked"]
    assert {one["output"] for one in remarks} == {"audio/menu.ogg", "audio/menu.wav"}
    assert [one["event"] for one in events].count("mastering") == 1
    project.edit("loudness: -4", "loudness: -10, limit: true")
    assert "note:" not in project.run("build").err
    assert measured(project, "audio/menu.wav")[0]["loudness"] == pytest.approx(-10, abs=0.1)


def test_a_delivery_that_is_too_short_is_what_the_tolerance_says(project):
    """The stand-in delivers whole frames: 15 s are 15.0 s, and 20 s of sound are not there."""
    project.write(BOUGHT).build()
    project.edit("duration: 15}", "duration: 15, master: {length: exact, trim: true, fade_in: 1}}")
    assert project.run("build").code == 0
    assert [one["samples"] for one in measured(project, "audio/theme.mp3")] == [15 * 48_000]


def test_check_audio_holds_files_against_the_committed_figures(project):
    project.write(SKETCH).build()
    assert project.run("check", "--audio").code == 0
    path = project.folder / "audio/menu.wav"
    lock = project.folder / "musicbuild.lock"
    told = json.loads(lock.read_text())
    told["tracks"]["menu"]["outputs"]["audio/menu.wav"]["measured"]["loudness"] = -18.5
    lock.write_text(json.dumps(told))
    ran = project.run("check", "--audio")
    assert ran.code == 3
    assert "`audio/menu.wav`: the loudness was -18.5 LUFS and is -2" in ran.out
    assert "error: the audio of 1 track is not as it should be" in ran.err
    told = project.run("check", "--audio", "--json").json
    assert [one["output"] for one in told["data"]["audio"]] == ["audio/menu.wav"]
    path.write_bytes(path.read_bytes()[:1000])
    assert project.run("check", "--audio").code == 3


def test_what_is_not_measured_is_not_remarked(project):
    project.write(SKETCH).edit("album: Nightfall", "album: Nightfall\nqc: false").build()
    assert project.run("check", "--audio").code == 0
    ran = project.edit("duration: 4", "duration: 4\n    qc: {silence: 0, clipping: 0}").run("build")
    assert ran.code == 0
    assert project.run("check", "--audio", "--exclude", "menu").code == 0


def test_any_file_is_measured(project):
    project.write(SKETCH).build()
    (project.folder / "page.mp3").write_bytes(b"<!doctype html><title>404</title>")
    ran = project.run("measure", "audio/menu.ogg", "page.mp3")
    assert ran.code == 1
    assert re.search(r"audio/menu\.ogg +-20\.\d LUFS +-\d+\.\d dBTP .* 4\.000 s ", ran.out)
    assert "page.mp3: it can't be decoded: it looks like a web page" in ran.out
    assert "error: 1 of 2 files can't be measured" in ran.err
    assert project.run("measure", "nothing.wav").code == 2
    assert project.run("measure").code == 2


@pytest.mark.parametrize("form", EVERY)
def test_the_same_wish_gives_the_same_bytes(project, form):
    project.write(SKETCH).edit("[ogg, wav]", f"[{form}]").build()
    first = (project.folder / f"audio/menu.{form}").read_bytes()
    project.run("build", "--force", "menu")
    assert (project.folder / f"audio/menu.{form}").read_bytes() == first
    project.edit("-20", "-21").build()
    assert (project.folder / f"audio/menu.{form}").read_bytes() != first
    project.edit("-21", "-20").build()
    assert (project.folder / f"audio/menu.{form}").read_bytes() == first


@pytest.mark.parametrize("form", ["ogg", "wav"])
def test_ffmpeg_plays_a_loop_twice_without_a_step(project, tmp_path, form):
    pytest.importorskip("av")
    project.write(SKETCH).edit("true_peak: -2", "loop: true").edit("4\n", "10\n").build()
    path = project.folder / f"audio/menu.{form}"
    raw = _decoded(path)
    twice = np.concatenate([raw, raw])
    steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
    assert steps[len(raw) - 1] <= 1.5 * np.percentile(steps, 99)


def _decoded(path: Path) -> np.ndarray:
    import av

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    if frames[0].shape[0] == 1:  # interleaved
        return np.concatenate([frame.reshape(-1, 2) for frame in frames]).astype(np.float64)
    return np.concatenate([frame.T for frame in frames]).astype(np.float64)
