"""Audio that was made elsewhere: it becomes a track's take for nothing, and stays it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from gateway_audio import mp3
from mutagen.id3 import ID3, TCOM, TPE1
from projects import Project

from musicbuild.audio.encode import encode_mp3
from musicbuild.claim import claim
from musicbuild.clock import SystemClock
from musicbuild.hashing import digest_bytes
from musicbuild.tags import audio_of, read

RATE = 44_100
ONE = """\
version: 1
album: Nightfall
tracks: {theme: {model: musicgen, prompt: waltz, duration: 15}}
"""
FREE = "version: 1\ntracks: {theme: {prompt: calm, duration: 2}}\n"
HINT = "hint: `musicbuild build theme` makes what is missing from it, for nothing\n"


def music(seconds: float = 15.0, pitch: float = 220.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    swell = 0.3 + 0.2 * np.sin(2 * np.pi * time / 5)
    return np.stack([np.sin(2 * np.pi * pitch * time) * swell] * 2, axis=1)


def made(project: Project, name: str, sound: np.ndarray | None = None, **more) -> Path:
    """Write a file as a composer's program would."""
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = music() if sound is None else sound
    if path.suffix == ".mp3":
        path.write_bytes(encode_mp3(np.rint(sound * 32767).astype(np.int16), RATE, bitrate=192))
    else:
        soundfile.write(path, sound, RATE, **more)
    return path


def pitch_of(path: Path) -> float:
    """Hear a file by a program that is not ours."""
    sound, rate = soundfile.read(path, always_2d=True)
    part = sound[rate : rate * 3, 0]
    return float(np.argmax(np.abs(np.fft.rfft(part))) * rate / len(part))


def adopt(project: Project, *words: str, code: int = 0) -> str:
    before = len(project.gateway.requests)
    ran = project.run("adopt", *words, env={"ELUMENTA_API_KEY": ""})
    assert ran.code == code, ran.err + ran.out
    assert len(project.gateway.requests) == before
    return ran.out if code == 0 else ran.err


def refused(project: Project, *words: str, code: int = 2) -> str:
    """Return what is said; nothing may be written."""
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")}
    said = adopt(project, *words, code=code)
    assert {path: path.stat().st_mtime_ns for path in project.folder.rglob("*")} == before
    return said


def output(project: Project, name: str = "theme.mp3") -> Path:
    return project.folder / "audio" / name


def said_of(project: Project, name: str = "theme.mp3"):
    path = output(project, name)
    return read(path.read_bytes(), path.suffix[1:])


def only_purchase(project: Project):
    (bought,) = project.lock()["purchases"].values()
    return bought


@pytest.fixture
def env_free(project):
    """A project whose key is gone: whatever is built is built for nothing."""
    del project.env["ELUMENTA_API_KEY"]
    return project


def test_a_composer_s_file_becomes_the_music_of_a_track(env_free, gateway, tmp_path):
    project = env_free.write(ONE)
    path = made(project, "../takes/theme final.wav", subtype="PCM_24")
    before = path.read_bytes()
    assert adopt(project, str(path), "--as", "theme", "--made-by", "human") == (
        "adopted `theme final.wav` as take 1 of `theme`: wav, 15 s, made by a human\n" + HINT
    )
    project.plan(
        says="""
        musicbuild plan  Nightfall  1 track

         ↻ theme  musicgen  15 s   free   new, its music is at hand

         to pay: nothing
        """
    )
    project.build(
        says="""
        mastered  theme   new, its music is at hand   free
        spent nothing   1 mastered
        """,
        charges=[],
    )
    assert project.run("check").code == 0
    assert pitch_of(output(project)) == pytest.approx(220, abs=1)
    assert soundfile.info(output(project)).frames == 15 * RATE
    assert mutagen.File(output(project))["TIT2"].text == ["Theme"]
    bought = only_purchase(project)
    assert bought["generation"] == f"adopted-{digest_bytes(before):.12}"
    assert (bought["cost"], bought["unit"], bought["bytes"]) == ("0", "", len(before))
    assert bought["adopted"] == {
        "file": "theme final.wav",
        "format": "wav",
        "kind": "digitalCreation",
    }
    assert project.run("cost").out == "spent so far: nothing\n\na build would add: nothing\n"
    assert project.run("verify").code == 0
    shown = project.run("show", "theme").out
    assert f"      adopted {bought['bought']} from `theme final.wav`, made by a human\n" in shown
    assert path.read_bytes() == before
    assert gateway.requests == []


def test_nothing_is_said_of_ai_or_of_a_model_unless_it_is_so(project):
    project.write(ONE.replace("duration: 15", "duration: 15, tags: {prompt: true}"))
    made(project, "theme.wav")
    silent = {"ai_generated", "source_type", "provider", "model", "generation", "prompt"}
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    assert silent & said_of(project).keys() == set()
    assert adopt(project, "theme.wav", "--as", "theme", "--made-by", "ai") == (
        "wrote down who made `theme.wav`, take 1 of `theme`: wav, 15 s, made by AI\n"
        "hint: `musicbuild build --force theme` writes it into the tags, for nothing\n"
    )
    before = project.lock()
    adopt(project, "audio/theme.mp3", "--as", "theme")  # what it said until now corrects nothing
    assert project.lock() == before
    project.build("--force", "theme", charges=[])
    assert silent & said_of(project).keys() == {"ai_generated", "source_type"}
    adopt(project, "theme.wav", "--as", "theme", "--made-by", "human")
    project.build("--force", "theme", charges=[])
    assert said_of(project)["source_type"].endswith("/digitalCreation")
    assert "ai_generated" not in said_of(project)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.flac", {"subtype": "PCM_24"}),
        ("a.ogg", {}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.aiff", {}),
        ("a.mp3", {}),
    ],
)
def test_whatever_the_audio_tools_read_is_adopted(env_free, name, more):
    project = env_free.write(ONE.replace("duration: 15", "duration: 15, formats: [mp3, flac]"))
    sound = music(15.0)
    if name == "a.opus":
        path = project.folder / name
        soundfile.write(path, sound[:: RATE // 22_050], 24_000, **more)
    else:
        made(project, name, sound, **more)
    adopt(project, name, "--as", "theme")
    project.build(charges=[])
    for file in ("theme.mp3", "theme.flac"):
        heard = pitch_of(output(project, file))
        assert heard == pytest.approx(220 if name != "a.opus" else 240, abs=3)
    assert project.run("check").code == 0
    assert project.run("verify").code == 0


def test_a_rate_that_no_mp3_has_is_brought_to_one_that_it_has(env_free):
    project = env_free.write(ONE)
    sound = np.repeat(music(15.0), 2, axis=0)
    soundfile.write(project.folder / "theme.wav", sound, 96_000, subtype="PCM_24")
    adopt(project, "theme.wav", "--as", "theme")
    assert "not 96000" in project.build(code=1).err
    project.edit("duration: 15", "duration: 15, master: {sample_rate: 48000}").build(charges=[])
    assert soundfile.info(output(project)).samplerate == 48_000
    assert pitch_of(output(project)) == pytest.approx(220 * 96_000 / RATE / 2, abs=1)


def test_an_mp3_keeps_its_frames_and_what_others_wrote_into_it(env_free):
    project = env_free.write(ONE)
    path = made(project, "theme.mp3")
    tag = ID3()
    tag.add(TCOM(text="A. Composer"))
    tag.add(TPE1(text="Somebody"))
    tag.save(path)
    adopt(project, "theme.mp3", "--as", "theme")
    project.build(charges=[])
    assert audio_of(output(project).read_bytes()) == audio_of(path.read_bytes())
    found = ID3(output(project))
    assert found["TCOM"].text == ["A. Composer"]
    assert "TPE1" not in found  # the manifest names no artist
    assert "sound" not in project.lock()["tracks"]["theme"]["outputs"]["audio/theme.mp3"]


def test_other_names_tags_and_mastering_keep_it_and_another_prompt_asks_anew(project):
    project.write(ONE)
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    project.edit("theme:", "main-menu:").build(charges=[])
    project.edit("prompt: waltz", "prompt: waltz, title: Opening").build(
        says="""
        tagged    main-menu   title changed: tags only   free
        spent nothing   1 tagged
        """,
        charges=[],
    )
    project.edit("duration: 15", "duration: 15, master: {loudness: -23}").build(charges=[])
    figures = project.run("measure", "audio/main-menu.mp3", "--json").json["data"]["files"][0]
    assert figures["figures"]["loudness"] == pytest.approx(-23, abs=0.2)
    assert pitch_of(output(project, "main-menu.mp3")) == pytest.approx(220, abs=1)
    adopted = only_purchase(project)
    project.edit("waltz", "polka").build(charges=["polka"])
    assert adopted in project.lock()["purchases"].values()
    project.edit("polka", "waltz").build(
        says="""
        mastered  main-menu   adopted from `theme.wav`   free
        spent nothing   1 mastered
        """,
        charges=[],
    )
    assert pitch_of(output(project, "main-menu.mp3")) == pytest.approx(220, abs=1)


def test_what_was_bought_stays_and_can_be_used_again(project):
    project.write(ONE).build(charges=["waltz"])
    key, bought = next(iter(project.lock()["purchases"].items()))
    first = output(project).read_bytes()
    made(project, "theme.wav")
    assert "as take 2 of `theme`" in adopt(project, "theme.wav", "--as", "theme")
    assert "used by no track" not in project.run("cost").out
    project.build(
        says="""
        mastered  theme   adopted from `theme.wav`   free
        spent nothing   1 mastered
        """,
        charges=[],
    )
    lock = project.lock()
    assert lock["purchases"][key] == bought
    assert len(lock["purchases"]) == 2
    assert (lock["tracks"]["theme"]["take"], "picked" in lock["tracks"]["theme"]) == (2, False)
    assert pitch_of(output(project)) == pytest.approx(220, abs=1)
    assert "spent so far: 9 tokens" in project.run("cost").out
    shown = project.run("show", "theme", "--json").json["data"]["takes"]
    assert [one["purchase"]["adopted"] for one in shown] == [
        None,
        {"file": "theme.wav", "format": "wav", "source_type": None},
    ]
    project.edit("theme:", "opening:").build(charges=[])
    assert pitch_of(output(project, "opening.mp3")) == pytest.approx(220, abs=1)
    project.edit("opening:", "theme:").build(charges=[])
    audio = bought["audio"]
    stored = f".musicbuild/store/objects/{audio[:2]}/{audio[2:]}"
    assert "which is used again" in adopt(project, stored, "--as", "theme")
    project.build(
        says="""
        mastered  theme   take 1 in place of take 2   free
        spent nothing   1 mastered
        """,
        charges=[],
    )
    assert output(project).read_bytes() == first
    assert project.run("check").code == 0


def test_takes_that_were_not_bought_are_not_ordered_any_more(project):
    project.write(ONE.replace("duration: 15", "duration: 15, takes: 3"))
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    assert project.run("check").code == 0


def test_an_output_that_was_edited_by_hand_is_ours_again(project):
    project.write(ONE).build(charges=["waltz"])
    path = made(project, "audio/theme.mp3", music(14.5, 330))
    edited = path.read_bytes()
    assert "was changed by hand" in project.plan().out
    assert adopt(project, "audio/theme.mp3", "--as", "theme") == (
        "adopted `theme.mp3` as take 2 of `theme`: mp3, 14.5 s, made by AI\n" + HINT
    )
    project.build(
        says="""
        mastered  theme   adopted from `theme.mp3`   free
        spent nothing   1 mastered
        """,
        charges=[],
    )
    assert audio_of(path.read_bytes()) == audio_of(edited)
    assert said_of(project)["ai_generated"] == "yes"  # as it was before somebody cut it
    assert said_of(project)["title"] == "Theme"
    digest = digest_bytes(edited)
    assert (project.folder / f".musicbuild/store/objects/{digest[:2]}/{digest[2:]}").exists()
    assert project.run("verify").code == 0


def test_an_output_whose_tags_alone_were_edited_keeps_its_take(project):
    project.write(ONE).build(charges=["waltz"])
    before = output(project).read_bytes()
    tag = ID3(output(project))
    tag.add(TPE1(text="Somebody"))
    tag.save(output(project))
    edited = output(project).read_bytes()
    lock = project.lock()
    assert adopt(project, "audio/theme.mp3", "--as", "theme") == (
        "`theme.mp3` is take 1 of `theme`, and is used already: mp3, 15 s\n" + HINT
    )
    assert project.lock() == lock
    project.build(charges=[])
    assert output(project).read_bytes() == before
    digest = digest_bytes(edited)
    assert (project.folder / f".musicbuild/store/objects/{digest[:2]}/{digest[2:]}").exists()


def test_the_same_bytes_twice_change_nothing(project):
    project.write(ONE)
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    lock = project.lock()
    shutil.copy(project.folder / "theme.wav", project.folder / "copy.wav")
    for name in ("theme.wav", "copy.wav"):
        assert adopt(project, name, "--as", "theme") == (
            f"`{name}` is take 1 of `theme`, and is used already: wav, 15 s\n{HINT}"
        )
    assert project.lock() == lock
    project.build(charges=[])
    built = project.lock()
    adopt(project, "audio/theme.mp3", "--as", "theme")
    assert project.lock() == built


def test_another_length_is_said_and_twins_are_named(project):
    project.write(
        ONE.replace("tracks: {", "tracks: {other: {model: musicgen, prompt: waltz, duration: 15}, ")
    )
    made(project, "theme.wav", music(20))
    assert adopt(project, "theme.wav", "--as", "theme") == (
        "adopted `theme.wav` as take 1 of `theme`: wav, 20 s\n"
        " it is 20 s long, and 15 s were asked for\n"
        " `other` asks for the same music, and uses it too\n" + HINT
    )
    project.build(charges=[])
    assert soundfile.info(output(project, "other.mp3")).duration == pytest.approx(20)


def test_a_dry_run_writes_nothing_and_a_program_is_answered_too(project):
    project.write(ONE)
    path = made(project, "theme.wav")
    before = sorted(project.folder.rglob("*"))
    assert adopt(project, "theme.wav", "--as", "theme", "--dry-run") == (
        "would adopt `theme.wav` as take 1 of `theme`: wav, 15 s\n"
    )
    assert sorted(project.folder.rglob("*")) == before
    told = json.loads(adopt(project, "theme.wav", "--as", "theme", "--json"))
    assert (told["command"], told["ok"]) == ("adopt", True)
    digest = digest_bytes(path.read_bytes())
    (key,) = project.lock()["purchases"]
    assert told["data"] == {
        "track": "theme",
        "deed": "adopted",
        "dry_run": False,
        "take": 1,
        "key": key,
        "generation": f"adopted-{digest:.12}",
        "audio": digest,
        "bytes": path.stat().st_size,
        "seconds": 15.0,
        "adopted": {"file": "theme.wav", "format": "wav", "source_type": None},
        "others": [],
        "remarks": [],
    }


@pytest.mark.parametrize("heal", ["theme.wav", "store"])
def test_what_was_adopted_and_is_lost_is_asked_of_nobody(project, gateway, heal):
    project.write(ONE)
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    whole = output(project).read_bytes()
    shutil.copytree(project.folder / ".musicbuild", project.folder / "kept")
    shutil.rmtree(project.folder / ".musicbuild")
    assert project.run("check").code == 0
    shutil.rmtree(project.folder / "audio")
    assert "and the audio that was adopted is not here" in project.plan().out
    assert "hint: have `theme.wav` again: `musicbuild adopt FILE --as theme`" in project.plan().out
    failed = project.build(code=7, charges=[])
    assert (
        "error: it was adopted from `theme.wav`, and no provider has it\n"
        "hint: adopt that file again, or restore `.musicbuild/store` from where it was done\n"
    ) in failed.err
    verified = project.run("verify")
    assert verified.code == 7
    assert "`musicbuild adopt` takes it from `theme.wav` once more" in verified.out
    if heal == "store":
        shutil.rmtree(project.folder / ".musicbuild")
        (project.folder / "kept").rename(project.folder / ".musicbuild")
    else:
        shutil.rmtree(project.folder / "kept")
        adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    assert output(project).read_bytes() == whole
    assert gateway.requests == []


def test_a_damaged_object_that_was_adopted_is_told_with_the_way_out(project):
    project.write(ONE)
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    audio = only_purchase(project)["audio"]
    stored = project.folder / f".musicbuild/store/objects/{audio[:2]}/{audio[2:]}"
    stored.chmod(0o644)
    stored.write_bytes(b"damaged")
    failed = project.build(code=7, charges=[])
    assert "the stored audio of `theme` is damaged, and can't be fetched again" in failed.err
    assert "`musicbuild adopt` takes it from `theme.wav` once more" in project.run("verify").out
    project.edit("waltz", "polka")
    assert "`musicbuild adopt` takes it from `theme.wav` once more" in project.run("verify").out
    project.edit("polka", "waltz")
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    assert project.run("verify").code == 0


def test_what_is_composed_for_nothing_gives_way_too(project):
    project.write(FREE).build(charges=[])
    made(project, "theme.wav", music(2))
    adopt(project, "theme.wav", "--as", "theme")
    project.build(charges=[])
    project.build("--force", "theme", charges=[])
    assert pitch_of(output(project)) == pytest.approx(220, abs=1)
    assert {"bpm", "chords", "source_type"} & said_of(project).keys() == set()
    shutil.rmtree(project.folder / "audio")
    audio = digest_bytes((project.folder / "theme.wav").read_bytes())
    stored = project.folder / f".musicbuild/store/objects/{audio[:2]}/{audio[2:]}"
    stored.chmod(0o644)
    stored.write_bytes(b"damaged")
    project.edit("duration: 2", "duration: 2, master: {loudness: -20}")
    assert "it was adopted from `theme.wav`, and no provider has it" in project.build(code=7).err
    for path in (project.folder / ".musicbuild/store").rglob("*"):
        if path.is_file():
            path.unlink()
    assert project.run("verify").code == 7
    project.build(code=7)
    assert not output(project).exists()


def test_a_draft_gives_way_as_to_what_is_bought(project):
    project.write(ONE).build("--draft", charges=[])
    made(project, "theme.wav")
    adopt(project, "theme.wav", "--as", "theme")
    project.build("--draft", charges=[])
    assert pitch_of(output(project)) == pytest.approx(220, abs=1)
    assert project.run("check").code == 0


def test_notes_and_stems_come_from_a_model_alone(project):
    stems = FREE.replace("duration: 2", "duration: 2, stems: true")
    project.write(stems)
    made(project, "theme.wav", music(2))
    assert refused(project, "theme.wav", "--as", "theme") == (
        "error: `theme` wants notes or stems, and only its model makes those\n"
        "hint: leave `stems` and `mid` out of it first\n"
    )
    project.write(FREE)
    adopt(project, "theme.wav", "--as", "theme")
    project.write(stems)
    failed = project.build(code=1)
    assert (
        "the audio of `theme` was adopted, and only its model makes notes and stems" in failed.err
    )


def test_an_open_order_comes_first(project, gateway):
    gateway.fault("post", "lost", queued=True, hidden_reads=10_000)
    project.write(ONE).build("--no-wait", code=6, charges=["waltz"])
    made(project, "theme.wav")
    assert refused(project, "theme.wav", "--as", "theme", code=4) == (
        "error: an order of `theme` is open, and what comes of it would be one take more; nothing"
        " was adopted\n"
        "hint: `musicbuild recover theme` looks after it first\n"
    )
    project.edit("theme:", "other:")
    refused(project, "theme.wav", "--as", "other", "-n", code=4)  # it is for the same music
    assert project.lock()["purchases"] == {}


def test_it_waits_for_no_build(project):
    project.write(ONE)
    made(project, "theme.wav")
    with claim(project.folder / ".musicbuild", SystemClock()):
        said = adopt(project, "theme.wav", "--as", "theme", code=8)
    assert said.startswith("error: another build of this project runs")
    assert not (project.folder / "musicbuild.lock").exists()


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
WAV = b"RIFF\xff\xff\xff\x7fWAVEfmt " + bytes.fromhex("100000000100020044ac000010b1020004001000")
ANEW = "hint: save it anew, as WAV, FLAC or MP3, in the program that made it\n"
HOSTILE = {
    "text": (b"la la la\n", "`f` can't be adopted: it can't be decoded: it holds no sound"),
    "page": (
        b"<html></html>",
        "`f` can't be adopted: it can't be decoded: it looks like a web page",
    ),
    "empty": (b"", "`f` can't be adopted: it can't be decoded: it is empty"),
    "header": (WAV + b"data\xff\xff\xff\x7f" + bytes(4000), "the header says"),
    "no sound": (WAV, "`f` can't be adopted: it can't be decoded"),
    "cut": (mp3("a", 15.0)[:-50], "`f` can't be adopted: the last frame breaks off after 46 bytes"),
    "junk": (mp3("a", 1.0) + b"junk" * 99, "are no MP3"),
    "pointer": (
        POINTER.encode(),
        "`f` is a Git LFS pointer: its audio is not fetched\nhint: `git lfs pull`",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_whole_audio_is_refused(project, name):
    data, why = HOSTILE[name]
    project.write(ONE).put("f", data)
    said = refused(project, "f", "--as", "theme")
    assert why in said
    assert said.count("\n") == 2
    assert name == "pointer" or said.endswith(ANEW)


def test_half_a_wav_is_refused(project):
    path = made(project.write(ONE), "theme.wav")
    path.write_bytes(path.read_bytes()[:1_000_000])
    said = refused(project, "theme.wav", "--as", "theme")
    assert said.startswith(
        "error: `theme.wav` can't be adopted: the header says 2646000 bytes of sound"
    )


def test_what_is_no_plain_file_is_refused_at_once(project):
    project.write(ONE)
    made(project, "theme.wav")
    os.mkfifo(project.folder / "pipe")
    (project.folder / "link.wav").symlink_to("theme.wav")
    (project.folder / "folder").mkdir()
    for name in ("pipe", "link.wav", "folder", "/dev/zero"):
        assert refused(project, name, "--as", "theme") == (
            f"error: `{name}` is not a plain file\n"
            "hint: name the file itself, no link, pipe or folder\n"
        )
    assert refused(project, "none.wav", "--as", "theme") == "error: there is no file `none.wav`\n"
    with (project.folder / "large.wav").open("wb") as file:
        file.truncate((200 << 20) + 1)
    assert refused(project, "large.wav", "--as", "theme") == (
        "error: `large.wav` is larger than 200 MiB\nhint: save it as FLAC or MP3\n"
    )


def test_mistakes_on_the_command_line_are_told(project):
    assert refused(project, "f.wav", "--as", "theme").startswith(
        "error: there is no `musicbuild.yaml`"
    )
    project.write(ONE)
    made(project, "theme.wav")
    assert refused(project, "theme.wav", "--as", "teme") == (
        "error: there is no track `teme`\nhint: did you mean `theme`?\n"
    )
    assert refused(project, "theme.wav").startswith("error: missing option `--as`")


def test_a_name_that_is_no_text_does_no_harm(project):
    project.write(ONE)
    wave = made(project, "theme.wav").read_bytes()
    name = os.fsencode(project.folder) + b"/a\xff\x1b[31m\n.wav"
    Path(os.fsdecode(name)).write_bytes(wave)
    said = adopt(project, os.fsdecode(name), "--as", "theme")
    assert "\x1b" not in said
    assert only_purchase(project)["adopted"]["file"] == "a?\x1b[31m\n.wav"
    assert "\x1b" not in project.plan().out + project.run("show", "theme").out
    project.build(charges=[])


def pointer(path: Path) -> str:
    """Return what Git LFS leaves in a file's place until it is fetched."""
    data = path.read_bytes()
    head = "version https://git-lfs.github.com/spec/v1\noid sha256:"
    return f"{head}{digest_bytes(data)}\nsize {len(data)}\n"


def test_an_output_that_git_lfs_has_not_fetched_is_so_everywhere(project, gateway):
    project.write(ONE)
    path = made(project, "theme.mp3")
    adopt(project, "theme.mp3", "--as", "theme")
    project.build(charges=[])
    whole = output(project).read_bytes()
    output(project).write_text(pointer(output(project)))
    path.write_text(pointer(path))
    shutil.rmtree(project.folder / ".musicbuild")
    assert " = 1 track up to date (1 not fetched: `git lfs pull`)\n" in project.plan().out
    project.build(charges=[], says="spent nothing   1 up to date")
    assert project.run("check").code == 0
    assert "`audio/theme.mp3` is a Git LFS pointer: `git lfs pull`" in project.run("verify").out
    assert "      is not fetched: `git lfs pull`\n" in project.run("show", "theme").out
    shown = project.run("show", "theme", "--json").json["data"]["outputs"]
    assert [(one["fetched"], one["tags"]) for one in shown] == [(False, None)]
    for name in ("theme.mp3", "audio/theme.mp3"):
        assert refused(project, name, "--as", "theme") == (
            "error: `theme.mp3` is a Git LFS pointer: its audio is not fetched\n"
            "hint: `git lfs pull` fetches it\n"
        )
    project.edit("prompt: waltz", "prompt: waltz, title: Opening")
    assert "; `git lfs pull` fetches it with `audio/theme.mp3`; or copy" in project.plan().out
    project.build(code=7, charges=[])
    output(project).write_bytes(whole)
    project.build(charges=[])
    assert said_of(project)["title"] == "Opening"
    assert audio_of(output(project).read_bytes()) == audio_of(whole)
    assert gateway.requests == []
