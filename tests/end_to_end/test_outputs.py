"""What a build leaves behind: files that say what they are, in a tree that stays the author's."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from gateway import Gateway
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from projects import PROGRAM, Project, Ran

from musicbuild.hashing import digest_bytes
from musicbuild.tags import audio_of

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ALBUM = """
    version: 1
    album: Nightfall
    artist: Nightfall Games
    numbered: true
    cover: art/cover.png
    defaults: {model: musicgen}
    tracks:
      theme:
        title: "Ouvertüre №1"
        prompt: slow waltz
        duration: 47
        takes: 2
        tags:
          genre: Waltz
          bpm: 90.4
          key: F# minor
          comment: "Phase {{ duration }}"
          copyright: "2026 Nightfall Games"
          prompt: true
      calm: {prompt: calm pads, duration: 2.5, model: sketch}
      dawn: {prompt: birds, duration: 0:15, cover: art/dawn.jpg}
"""
ONE = "version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz, duration: 15}}\n"


def png() -> bytes:
    """Return a picture of one grey dot that every viewer shows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0))
    dot = chunk(b"IDAT", zlib.compress(b"\x00\x80"))
    return b"\x89PNG\r\n\x1a\n" + head + dot + chunk(b"IEND", b"")


JPEG = b"\xff\xd8\xff\xe0" + bytes(range(64)) + b"\xff\xd9"


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """An album that was built once, for tests that only read it."""
    with Gateway() as gateway:
        made = Project(tmp_path_factory.mktemp("album"), gateway).write(ALBUM)
        made.put("art/cover.png", png())
        made.put("art/dawn.jpg", JPEG)
        made.build(charges=["slow waltz", "slow waltz", "birds"])
        yield made


def tags(project, name: str) -> dict[str, str]:
    found = ID3(project.folder / "audio" / f"{name}.mp3")
    assert found.version == (2, 3, 0)
    return {
        key: f"{frame.mime}, {len(frame.data)}" if key.startswith("APIC") else str(frame)
        for key, frame in found.items()
    }


def test_a_file_says_all_that_the_manifest_says_of_it(album):
    found = tags(album, "theme")
    assert found.pop("TXXX:musicbuild key") == album.lock()["tracks"]["theme"]["generate"]
    assert found.pop("TXXX:musicbuild generation") in {one.id for one in album.gateway.charges}
    assert found == {
        "TIT2": "Ouvertüre №1",
        "TPE1": "Nightfall Games",
        "TALB": "Nightfall",
        "TRCK": "1/3",
        "TCON": "Waltz",
        "TBPM": "90",
        "TKEY": "F#m",
        "TLEN": "47016",
        "COMM::eng": "Phase 47",
        "TCOP": "2026 Nightfall Games",
        "TSSE": "musicbuild, mastering recipe 1",
        "APIC:": f"image/png, {len(png())}",
        "TXXX:AI-generated": "yes",
        "TXXX:DigitalSourceType": f"{SOURCES}trainedAlgorithmicMedia",
        "TXXX:musicbuild provider": "elumenta",
        "TXXX:musicbuild model": "musicgen",
        "TXXX:musicbuild prompt": "slow waltz",
    }


def test_music_of_an_algorithm_is_not_marked_as_that_of_a_trained_model(album):
    found = tags(album, "calm")
    assert found["TXXX:DigitalSourceType"] == f"{SOURCES}algorithmicMedia"
    assert "TXXX:AI-generated" not in found
    assert "TXXX:musicbuild prompt" not in found
    assert (found["TIT2"], found["TRCK"]) == ("Calm", "2/3")


def test_a_track_may_have_a_cover_of_its_own(album):
    assert tags(album, "dawn")["APIC:"] == f"image/jpeg, {len(JPEG)}"
    assert tags(album, "calm")["APIC:"] == f"image/png, {len(png())}"
    assert ID3(album.folder / "audio/dawn.mp3").getall("APIC")[0].data == JPEG


@pytest.mark.parametrize(("name", "seconds"), [("theme", 47), ("calm", 2.5), ("dawn", 15)])
def test_a_file_is_as_long_as_was_asked(album, name, seconds):
    path = album.folder / "audio" / f"{name}.mp3"
    assert abs(MP3(path).info.length - seconds) < 0.05
    assert abs(int(tags(album, name)["TLEN"]) / 1000 - seconds) < 0.05
    told = album.run("show", name, "--json").json["data"]
    assert told["duration"] == seconds
    assert abs(told["takes"][0]["purchase"]["seconds"] - seconds) < 0.05
    if shutil.which("ffprobe"):
        assert abs(float(probed(path)["duration"]) - seconds) < 0.05


def test_another_program_reads_the_same_tags(album):
    said = album.run("show", "theme", "--json").json["data"]["outputs"][0]["tags"]
    assert (said["title"], said["ai_generated"]) == ("Ouvertüre №1", "yes")
    assert (said["bpm"], said["key"], said["cover"]) == (
        "90",
        "F#m",
        f"image/png, {len(png())} bytes",
    )
    if shutil.which("ffprobe"):
        found = probed(album.folder / "audio/theme.mp3")["tags"]
        assert (found["title"], found["artist"]) == ("Ouvertüre №1", "Nightfall Games")
        assert (found["album"], found["track"], found["genre"]) == ("Nightfall", "1/3", "Waltz")
        assert (found["TBPM"], found["TKEY"]) == ("90", "F#m")
        assert (found["comment"], found["copyright"]) == ("Phase 47", "2026 Nightfall Games")
        assert found["AI-generated"] == "yes"
        assert found["DigitalSourceType"] == f"{SOURCES}trainedAlgorithmicMedia"


def probed(path: Path) -> dict:
    words = ["ffprobe", "-v", "error", "-of", "json", "-show_format", path]
    return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["format"]


def test_every_take_is_kept_and_the_first_is_heard(album):
    takes = album.run("show", "theme", "--json").json["data"]["takes"]
    assert [take["take"] for take in takes] == [1, 2]
    kept = [(album.folder / take["file"]).read_bytes() for take in takes]
    assert [digest_bytes(data) for data in kept] == [take["purchase"]["audio"] for take in takes]
    assert kept[0] != kept[1]
    heard = (album.folder / "audio/theme.mp3").read_bytes()
    assert audio_of(heard) == audio_of(kept[0])


def test_the_lock_names_the_bytes_that_lie_there(album):
    for name, locked in album.lock()["tracks"].items():
        ((path, output),) = locked["outputs"].items()
        data = (album.folder / path).read_bytes()
        assert path == f"audio/{name}.mp3"
        assert output["digest"] == hashlib.sha256(data).hexdigest()
        assert output["audio_digest"] == hashlib.sha256(audio_of(data)).hexdigest()


def test_what_was_bought_can_not_be_written_over(album):
    objects = [
        path for path in album.folder.glob(".musicbuild/store/objects/*/*") if path.is_file()
    ]
    assert len(objects) == 4 + 3  # takes and drafts of all tracks, and the outputs
    assert {path.stat().st_mode & 0o222 for path in objects} == {0}
    for path in objects:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name


@pytest.mark.parametrize("name", ["theme", "calm"])
def test_new_tags_leave_the_music_untouched(album, tmp_path, name):
    folder = tmp_path / "game"
    shutil.copytree(album.folder, folder)
    project = Project(folder, album.gateway)
    path = folder / "audio" / f"{name}.mp3"
    before = path.read_bytes()
    sound = streams(path)
    locked = project.lock()["tracks"][name]["outputs"][f"audio/{name}.mp3"]["audio_digest"]
    project.edit("artist: Nightfall Games", "artist: Somebody Else").edit(
        "cover: art/cover.png", "cover: art/dawn.jpg"
    )
    ran = project.build(charges=[])
    assert ran.out.endswith(" spent nothing   3 tagged\n")
    after = path.read_bytes()
    assert (before == after, audio_of(before) == audio_of(after)) == (False, True)
    assert tags(project, name)["TPE1"] == "Somebody Else"
    assert tags(project, name)["APIC:"].startswith("image/jpeg")
    assert locked == project.lock()["tracks"][name]["outputs"][f"audio/{name}.mp3"]["audio_digest"]
    assert streams(path) == sound


def streams(path: Path) -> bytes:
    """Return what ffmpeg takes the music for, where there is one to ask."""
    if not shutil.which("ffmpeg"):
        return b""
    words = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def test_a_cover_that_is_no_picture_costs_nothing(project, gateway):
    project.write(ONE + "cover: art/cover.png\n").put("art/cover.png", b"no picture")
    ran = project.build(code=2, charges=[])
    assert ran.err.startswith("error: ")
    assert "`art/cover.png`" in ran.err
    assert gateway.requests == []


@pytest.mark.parametrize("made", ["audio", "audio/deep"])
def test_a_folder_that_is_a_link_to_elsewhere_is_not_written_to(project, gateway, made):
    outside = project.folder.parent / "outside"
    outside.mkdir()
    link = project.folder / made
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    path = f"{made}/theme.mp3"
    project.write(ONE.replace("{model:", f"{{output: {path}, model:"))
    for words in (["build", "--yes"], ["build", "--yes", "--overwrite"], ["plan"], ["check"]):
        ran = project.run(*words)
        assert (ran.code, ran.out) == (7, "")
        assert ran.err == (
            f"error: `{path}` leads out of the manifest's folder by a link\n"
            "hint: let `output` name a folder of the project's own\n"
        )
    assert list(outside.iterdir()) == []
    assert gateway.posts == []


def test_a_link_at_the_place_of_an_output_is_not_followed(project, gateway):
    precious = project.put("precious.txt", "do not lose this")
    (project.folder / "audio").mkdir()
    (project.folder / "audio/theme.mp3").symlink_to(precious)
    project.write(ONE)
    for more in ([], ["--overwrite"]):
        ran = project.build(*more, code=7, charges=[])
        assert ran.err == (
            "error: `audio/theme.mp3` is not a plain file\nhint: move it out of the way\n"
        )
    assert precious.read_text() == "do not lose this"


def test_a_folder_that_is_a_link_within_the_project_is_fine(project):
    (project.folder / "real").mkdir()
    (project.folder / "audio").symlink_to("real")
    project.write(ONE).build(charges=["slow waltz"])
    assert (project.folder / "real/theme.mp3").read_bytes().startswith(b"ID3")
    project.build(charges=[], says="spent nothing   1 up to date")


def as_anyone(project, *words: str) -> Ran:
    """Run without the right, which root has, to write what is read-only."""
    done = subprocess.run(
        [PROGRAM, *words],
        cwd=project.folder,
        env=project.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        preexec_fn=_give_up_rights,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def _give_up_rights() -> None:
    if sys.platform == "linux" and os.geteuid() == 0:
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.parametrize("read_only", ["audio", ".musicbuild/store", "."])
def test_a_folder_that_can_not_be_written_loses_nothing(project, gateway, read_only):
    """What is paid by then is kept, and comes out for nothing once the folder can be written."""
    (project.folder / ".musicbuild/store").mkdir(parents=True)
    folder = project.folder / read_only
    folder.mkdir(exist_ok=True)
    project.write(ONE)
    folder.chmod(0o555)
    try:
        ran = as_anyone(project, "build", "--yes")
        assert ran.code == 7
        assert ran.err.count("error: ") == 1
        assert "permission denied" in ran.err.lower()
        assert "Traceback" not in ran.err
        paid = len(gateway.charges)
        again = as_anyone(project, "build", "--yes")
        assert (again.code, again.err.count("error: ")) == (7, 1)
        assert len(gateway.charges) == paid <= 1
        assert list(project.folder.glob("audio/*")) == []
    finally:
        folder.chmod(0o755)
    project.build()
    assert len(gateway.charges) == 1
    project.build(charges=[], says="spent nothing   1 up to date")


def test_nothing_is_ordered_that_can_not_be_written_down(project, gateway):
    journal = project.folder / ".musicbuild/journal"
    journal.mkdir(parents=True)
    journal.chmod(0o555)
    try:
        ran = as_anyone(project.write(ONE), "build", "--yes")
    finally:
        journal.chmod(0o755)
    assert ran.code == 5
    assert "the order can't be written down: Permission denied; nothing was sent\n" in ran.err
    assert (gateway.posts, gateway.charges) == ([], [])
    project.build(charges=["slow waltz"])


def test_looking_needs_no_right_to_write(project):
    project.write(ONE).build()
    folders = [project.folder, *(path for path in project.folder.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        found = [as_anyone(project, name).code for name in ("plan", "check", "list", "cost")]
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert found == [0, 0, 0, 0]


def test_what_is_kept_of_a_build_stays_out_of_git(project):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], cwd=project.folder, check=True)
    assert project.run("init").code == 0
    project.edit("version: 1", "version: 1\n# built once")
    project.build()
    listed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=all"],
        cwd=project.folder,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = {line[3:] for line in listed.splitlines()}
    assert {"musicbuild.yaml", "musicbuild.lock", ".gitignore"} <= paths
    assert [path for path in paths if ".musicbuild" in path] == []
    assert [path for path in paths if path.startswith("audio/")] != []
    assert (project.folder / ".musicbuild/store").is_dir()


def pointer(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(data)}\n"


def test_a_pointer_of_git_lfs_is_not_fetched_rather_than_changed(project, gateway):
    project.write(ONE).build()
    path = project.folder / "audio/theme.mp3"
    made, sent = path.read_bytes(), len(gateway.requests)
    path.write_text(pointer(made))
    shutil.rmtree(project.folder / ".musicbuild")
    told = project.plan().out
    assert " = 1 track up to date (1 not fetched: `git lfs pull`)\n" in told
    assert "not fetched" in project.run("list").out
    assert project.run("check").code == 0
    project.build(charges=[], says="spent nothing   1 up to date")
    project.build("--overwrite", charges=[], says="spent nothing   1 up to date")
    assert path.read_text() == pointer(made)
    assert len(gateway.requests) == sent
    path.write_bytes(made)  # as `git lfs pull` does
    project.build(charges=[], says="spent nothing   1 up to date")


def test_a_pointer_is_filled_from_the_store(project, gateway):
    project.write(ONE).build()
    path = project.folder / "audio/theme.mp3"
    made, sent = path.read_bytes(), len(gateway.requests)
    path.write_text(pointer(made))
    project.build(
        charges=[],
        says="""
        restored  theme   output missing: restored from the store   free
        spent nothing   1 restored
        """,
    )
    assert path.read_bytes() == made
    assert len(gateway.requests) == sent


def test_new_tags_for_a_pointer_fetch_what_was_bought(project, gateway):
    project.write(ONE).build()
    path = project.folder / "audio/theme.mp3"
    path.write_text(pointer(path.read_bytes()))
    shutil.rmtree(project.folder / ".musicbuild")
    project.edit("{theme: {", "{theme: {title: Overture, ").build(charges=[])
    assert tags(project, "theme")["TIT2"] == "Overture"
    assert len(gateway.posts) == 1


def test_a_pointer_to_another_file_belongs_to_another_hand(project):
    project.write(ONE).build()
    path = project.put("audio/theme.mp3", pointer(b"my own mix"))
    ran = project.build(charges=[])
    assert " spent nothing   1 kept as changed by hand\n" in ran.out
    assert path.read_text() == pointer(b"my own mix")
