"""Hostile audio: whatever stands around bought music or in it, the music is delivered, soon."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from effort import at_most
from gateway_audio import mp3
from mutagen.id3 import ID3

from musicbuild import id3, tags
from musicbuild.audio.mp3 import NotMp3, inspect
from musicbuild.models import SourceType
from musicbuild.spec import Tags
from musicbuild.tags import Provenance, audio_of, read, say, tag

MUSIC = mp3("drums", 2.4)
ORIGIN = Provenance("elumenta", "musicgen", "gen_1", "c0ffee", "drums", SourceType.TRAINED)
MINE = Tags(title="Boss")
PNG = b"\x89PNG\r\n\x1a\n"


def tagged(audio, mine=MINE, cover=None):
    return tag(audio, "mp3", say(mine, ORIGIN, seconds=2.4, cover=cover))


def synchsafe(number):
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def block(*frames, version=3, flags=0):
    body = b"".join(frames)
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(body)) + body


def frame(name, body, version=3):
    size = len(body).to_bytes(4) if version == 3 else synchsafe(len(body))
    return name + size + b"\0\0" + body


def of_version_4(name, body, count=1):
    return block(frame(name, body, 4) * count, version=4)


PLAIN = tagged(MUSIC)
MIB = 1 << 20

TAGS = {
    "a frame of a byte, a million and a half": block(frame(b"PRIV", b"x") * 1_500_000),
    "texts of two letters, of version 2.4": of_version_4(
        b"TPE2", b"\1\xff\xfe" + b"a\0" * 8000, 128
    ),
    "texts of a letter and an end": of_version_4(b"TXXX", b"\0" + b"a\0" * 8000, 128),
    "a picture whose text has no end": of_version_4(b"GEOB", b"\1m\0" + b"a\0" * (4 * MIB)),
    "an object whose text has no end": of_version_4(b"GEOB", b"\2m\0" + b"a\0" * (4 * MIB)),
    "no object's text": of_version_4(b"GEOB", b"\1" + b"a\0" * (4 * MIB)),
    "many short objects in UTF-16": of_version_4(b"GEOB", b"\2m\0" + b"a\0" * 8000, 128),
    "a chapter in a chapter": of_version_4(
        b"CHAP", b"a\0" + bytes(16) + frame(b"CHAP", b"b\0" + bytes(16) + b"x" * 9, 4)
    ),
    "a tag in a tag": block(block(block(frame(b"TPE2", b"\0x")))),
    "a tag in a frame": block(frame(b"PRIV", b"x\0" + block(frame(b"TIT2", b"\0evil")))),
    "fifteen tags": block(frame(b"PRIV", b"x")) * 15,
    "sixteen tags": block(frame(b"PRIV", b"x")) * 16,
    "a cover of a hundred megabytes": block(
        frame(b"APIC", b"\0image/png\0\3\0" + bytes(100 * MIB))
    ),
    "as much as is read, of others": block(frame(b"PRIV", b"x\0" + bytes(16 * MIB - 40))),
    "a frame longer than its tag": block(b"PRIV\x7f\xff\xff\xff\0\0x"),
    "a footer that version 2.3 has not": block(frame(b"PRIV", b"x"), flags=0x10),
    "a length that is none": b"ID3\3\0\0\xff\xff\xff\xff" + frame(b"PRIV", b"x"),
    "a length that is none, after a tag": block(frame(b"PRIV", b"x"))
    + b"ID3\3\0\0\xff\xff\xff\xff",
    "an end in a text": block(frame(b"TXXX", b"\0a\0b\0c")),
    "half a character": of_version_4(b"TXXX", b"\1\xff\xfea\0\0\0\xff\xfe\0\xd8"),
    "a title of five megabytes": block(frame(b"TIT2", b"\0" + b"x" * (5 * MIB))),
    "stuffed with noughts": block(b"\xff\0" * (4 * MIB), flags=0x80),
}


@pytest.mark.parametrize("row", TAGS)
def test_bought_music_is_tagged_whatever_stands_before_it(row):
    audio = TAGS[row] + MUSIC
    stream = inspect(audio)
    assert stream.problems == ()
    assert audio[stream.start : stream.end] == MUSIC
    with at_most(calls=500_000):
        made = tagged(audio)
    assert made.endswith(MUSIC)
    assert len(made) < id3.LIMIT + len(MUSIC)
    assert audio_of(audio) == audio_of(made) == MUSIC
    assert read(made)["title"] == "Boss"
    assert tagged(made) == made
    with at_most(calls=500_000):
        read(audio)


KEPT = {
    "an object": b"\0application/c2pa\0\0c2pa\0" + b"seal\xff\0" * 1000,
    "an object in UTF-16": b"\1m\0\xff\xfea\0\0\0\xff\xfeb\0\0\0" + b"seal",
    "an object in UTF-8": b"\3application/c2pa\0\0c2pa\0" + b"seal" * (MIB // 4),
}


@pytest.mark.parametrize(
    ("row", "version"),
    [(row, version) for row in KEPT for version in (3, 4) if version == 4 or row[-1] != "8"],
)
def test_a_mark_of_origin_is_still_kept(row, version):
    made = tagged(block(frame(b"GEOB", KEPT[row], version), version=version) + MUSIC)
    (found,) = ID3(BytesIO(made), load_v1=False).getall("GEOB")
    assert found.data.startswith(b"seal")
    assert len(found.data) >= len(KEPT[row]) - 30


def test_what_is_ours_comes_first_where_not_all_has_room():
    foreign = block(frame(b"PRIV", b"x\0" + bytes(9 * MIB)), frame(b"PRIV", b"y\0small"))
    cover = PNG + bytes(7 * MIB)
    made = tagged(foreign + MUSIC, cover=cover)
    assert read(made)["cover"] == f"image/png, {len(cover)} bytes"
    assert b"y\0small" in made
    assert len(made) < 8 * MIB + len(MUSIC)
    assert tagged(made, cover=cover) == made


def test_as_many_frames_of_others_are_kept_in_either_version():
    for version in (3, 4):
        many = frame(b"PRIV", b"m\0!", version) * 1000
        made = tagged(block(many, version=version) + MUSIC)
        assert made.count(b"PRIV") == tags.READ_LIMIT
        assert tagged(made) == made


# The stream itself.


def head(bitrate, rate=1, version=0xFB):
    return bytes((0xFF, version, bitrate << 4 | rate << 2, 0xC0))


EIGHT_KBPS = head(1, rate=2, version=0xF3).ljust(36, b"\0")
"""A frame of 8 kbit/s at 16 kHz lasts 36 ms: no MP3 is longer for its bytes."""

STREAMS = {
    "ten hours at 8 kbit/s": (EIGHT_KBPS * 1_000_000, "it is longer than 10800 seconds"),
    "free format": (head(0).ljust(100, b"\0") * 5000, "it holds no MP3 frames"),
    "a bitrate that is none": (head(15).ljust(100, b"\0") * 5000, "it holds no MP3 frames"),
    "a rate that is none": (head(9, rate=3).ljust(100, b"\0") * 5000, "it holds no MP3 frames"),
    "only tags": (block(frame(b"PRIV", b"x")) * 3, "it is a tag without audio"),
    "a tag of 256 MiB that is not there": (
        b"ID3\3\0\0\x7f\x7f\x7f\x7f" + MUSIC,
        "it is a tag without audio",
    ),
}


@pytest.mark.parametrize("row", STREAMS)
def test_what_is_no_music_of_a_size_is_refused_soon(row):
    data, says = STREAMS[row]
    with pytest.raises(NotMp3) as raised, at_most(calls=4_000_000):
        inspect(data)
    assert str(raised.value) == says


@pytest.mark.parametrize("kind", [head(0), head(15), head(9, rate=3)], ids=["free", "15", "rate"])
def test_frames_of_no_size_amid_music_are_told(kind):
    stream = inspect(MUSIC + kind.ljust(96, b"\0") * 3 + MUSIC)
    assert stream.problems == ("288 bytes in 1 places inside are no MP3",)


# What we write.


@pytest.mark.parametrize(
    ("written", "kept"),
    [("a\0b", "a b"), ("a\x1b[2Kb", "a [2Kb"), ("a\ud800b", "a\ufffdb"), ("a\r\nb", "a b")],
    ids=["an end", "an escape", "half a character", "a line"],
)
def test_no_text_of_ours_becomes_two_or_steers_anything(written, kept):
    made = tagged(MUSIC, replace(MINE, title=written))
    assert ID3(BytesIO(made)).getall("TIT2")[0].text == [kept]


MEMORY = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from hostile.test_audio import MUSIC, block, frame, tagged
audio = block(frame(b"PRIV", b"x") * 1_500_000) + MUSIC
def used():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = used()
tagged(audio)
print((used() - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="others count it in another way")
def test_a_tag_of_a_million_frames_fills_no_memory():
    tests = __file__.rpartition("hostile")[0]
    used = subprocess.check_output([sys.executable, "-c", MEMORY, tests])
    assert int(used) < 64
