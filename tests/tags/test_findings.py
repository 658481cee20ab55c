"""What mastering found, where players look for it; and a loop, as a game engine reads it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from io import BytesIO

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from tags.made import FORMATS, FULL, PNG, m4a, made, tagged

from musicbuild.spec import Tags
from musicbuild.tags import Finding, audio_of, read

# Loudness.


@pytest.mark.parametrize(
    ("gain", "written"),
    [(-3.25, "-3.25 dB"), (0.0, "0.00 dB"), (-0.001, "0.00 dB"), (6.789, "6.79 dB")],
)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_gain_has_two_places(kind, gain, written):
    assert read(tagged(made(kind), kind, finding=Finding(gain=gain)), kind)["gain"] == written


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_no_number_is_not_said(kind):
    silent = Finding(gain=math.inf, peak=math.nan)
    assert tagged(made(kind), kind, finding=silent) == tagged(made(kind), kind)


@pytest.mark.parametrize(
    ("gain", "written"), [(-18.0 + 23, "0"), (-3.25, "-2112"), (200.0, "32767"), (-200.0, "-32768")]
)
def test_a_gain_in_opus_is_to_23_lufs_in_256ths(gain, written):
    file = OggOpus(BytesIO(tagged(made("opus"), "opus", finding=Finding(gain=gain, peak=0.5))))
    assert file["R128_TRACK_GAIN"] == [written]
    assert not [name for name, _ in file.tags if name.lower().startswith("replaygain")]


def test_the_output_gain_of_opus_is_left_alone():
    before, after = made("opus"), tagged(made("opus"), "opus", finding=Finding(gain=-3.0))
    for data in (before, after):
        at = data.index(b"OpusHead")
        assert data[at : at + 19] == before[before.index(b"OpusHead") :][:19]


@pytest.mark.parametrize(("steps", "written"), [(3, "-003,-003,N"), (-12, "+012,+012,N")])
def test_a_gain_in_the_frames_can_be_taken_back(steps, written):
    found = ID3(BytesIO(tagged(made("mp3"), "mp3", finding=Finding(steps=steps))))
    assert found["TXXX:MP3GAIN_UNDO"].text == [written]


def test_no_gain_in_the_frames_is_nothing_to_take_back():
    assert tagged(made("mp3"), "mp3", finding=Finding(steps=0)) == tagged(made("mp3"), "mp3")


THEIRS = {
    "REPLAYGAIN_TRACK_GAIN": "+9.00 dB",
    "replaygain_album_gain": "+9.00 dB",
    "REPLAYGAIN_TRACK_PEAK": "1.000000",
    "MP3GAIN_MINMAX": "100,200",
    "R128_TRACK_GAIN": "99",
    "LOOPSTART": "1",
    "LoopLength": "2",
    "their note": "yes",
}


def delivered(kind):
    """Return a file in which others say how loud it is and where it loops."""
    file = BytesIO(made(kind))
    opened = mutagen.File(file)
    if kind in {"mp3", "wav"}:
        opened.add_tags()
        for encoding in (1, 3) if kind == "mp3" else (1,):
            for name, text in THEIRS.items():
                opened.tags.add(TXXX(encoding=encoding, desc=name, text=text))
        file.seek(0)
        opened.save(file, v2_version=3 if kind == "wav" else 4)
        return file.getvalue()
    for name, text in THEIRS.items():
        opened[f"----:com.apple.iTunes:{name}" if kind == "m4a" else name] = (
            [text.encode()] if kind == "m4a" else text
        )
    file.seek(0)
    opened.save(file)
    return file.getvalue()


def names(data):
    tags = mutagen.File(BytesIO(data)).tags
    found = {name.rpartition(":")[2].lower() for name in dict(tags)}
    return found & {name.lower() for name in THEIRS}


@pytest.mark.parametrize("kind", FORMATS)
def test_without_a_finding_what_others_found_still_holds(kind):
    data = delivered(kind)
    assert names(tagged(data, kind)) == {name.lower() for name in THEIRS}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_finding_replaces_all_that_others_found(kind):
    data = delivered(kind)
    assert names(tagged(data, kind, finding=Finding())) == {"their note"}
    made_new = tagged(data, kind, finding=Finding(gain=-1.0))
    assert read(made_new, kind)["gain"] == "-1.00 dB"
    assert b"9.00 dB" not in made_new
    assert tagged(made_new, kind, finding=Finding(gain=-1.0)) == made_new
    assert audio_of(made_new, kind) == audio_of(made(kind), kind)


def test_what_others_measured_in_frames_of_their_own_is_replaced_too():
    frame = b"RVAD\x00\x00\x00\x0a\x00\x00\x03\x10" + bytes(8)
    data = b"ID3\3\0\0\0\0\0\x14" + frame + made("mp3")
    assert b"RVAD" in tagged(data, "mp3")
    assert tagged(data, "mp3", finding=Finding()) == tagged(made("mp3"), "mp3")


# Loops.


def looped(kind, start, length, tags=FULL, data=None):
    finding = Finding(gain=-3.25, peak=0.5, loop=(start, length))
    return tagged(data or made(kind), kind, tags, finding=finding)


def scan(data, start, size, found):
    """Read a loop as RPG Maker does: from each LOOP to the next zero byte."""
    at = start
    while at < start + size - 10:
        if data[at : at + 4] != b"LOOP":
            at += 1
            continue
        end = data.index(b"\0", at)
        text = data[at:end].decode("latin-1")
        for name in ("LOOPSTART", "LOOPLENGTH"):
            if match := re.search(name + "=([0-9]+)", text):
                found[name] = int(match[1])
        if text in {"LOOPSTART", "LOOPLENGTH"}:
            first = end + 16
            end = data.index(b"\0", first)
            found[text] = int(re.match("[0-9]+", data[first:end].decode("latin-1"))[0])
        at = end + 1


def heard_in_ogg(data, *, segments):
    """Read an Ogg file as the engine does, whose older version takes segments for packets."""
    found, at = {}, 0
    while data[at : at + 4] == b"OggS":
        count = data[at + 26]
        table = list(data[at + 27 : at + 27 + count])
        at += 27 + count
        sizes = table
        if not segments:
            sizes = []
            while table:
                size = 0
                while table and table[0] == 255:
                    size += table.pop(0)
                sizes.append(size + (table.pop(0) if table else 0))
        headers = False
        for size in sizes:
            if data[at + 1 : at + 5] == b"vorb":
                headers = True
                if data[at] == 1:
                    found["rate"] = int.from_bytes(data[at + 12 : at + 16], "little")
                elif data[at] == 3:
                    scan(data, at, size, found)
            at += size
        if not headers:
            break
    return found


def heard_in_m4a(data):
    found, at = {}, 0
    while at < len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if name == b"moov":
            at += 8
            continue
        if name == b"mvhd":
            found["rate"] = int.from_bytes(data[at + 20 : at + 24])
        if name in {b"udta", b"meta"}:
            scan(data, at, size, found)
        at += size
    return found


@pytest.mark.parametrize("segments", [True, False])
@pytest.mark.parametrize("length", [*range(1, 70), *range(240, 320), 1000, 12_345, 70_000])
def test_an_engine_finds_the_loop_of_an_ogg_file_whatever_its_title(segments, length):
    tags = replace(FULL, title="B" * length)
    data = looped("ogg", 44_100, 882_000, tags)
    assert heard_in_ogg(data, segments=segments) == {
        "rate": 48_000,
        "LOOPSTART": 44_100,
        "LOOPLENGTH": 882_000,
    }


@settings(deadline=None)
@given(
    st.integers(0, 10**9),
    st.integers(1, 10**9),
    st.builds(Tags, *[st.one_of(st.text(max_size=60), st.just("LOOPSTART=7"))] * 9),
)
def test_an_engine_finds_any_loop_whatever_else_is_said(start, length, tags):
    data = looped("ogg", start, length, tags)
    expected = {"rate": 48_000, "LOOPSTART": start, "LOOPLENGTH": length}
    assert heard_in_ogg(data, segments=True) == expected
    assert heard_in_ogg(data, segments=False) == expected


def test_an_engine_finds_the_loop_beside_a_cover():
    finding = Finding(loop=(5, 6))
    data = tagged(made("ogg"), "ogg", cover=PNG + bytes(200_000), finding=finding)
    expected = {"rate": 48_000, "LOOPSTART": 5, "LOOPLENGTH": 6}
    assert heard_in_ogg(data, segments=True) == expected


def test_an_engine_finds_the_loop_of_an_m4a_file():
    data = looped("m4a", 44_100, 882_000, data=m4a(movie_timescale="48000"))
    expected = {"rate": 48_000, "LOOPSTART": 44_100, "LOOPLENGTH": 882_000}
    assert heard_in_m4a(data) == expected
    file = MP4(BytesIO(data))
    assert list(file.tags)[:2] == [
        "----:com.apple.iTunes:LOOPSTART",
        "----:com.apple.iTunes:LOOPLENGTH",
    ]


@pytest.mark.parametrize("kind", ["ogg", "opus", "flac"])
def test_a_loop_stands_first_and_no_digit_follows_it(kind):
    data = looped(kind, 44_100, 882_000)
    comments = [(name.upper(), text) for name, text in mutagen.File(BytesIO(data)).tags]
    assert comments[:2] == [("LOOPSTART", "44100"), ("LOOPLENGTH", "882000")]
    for digits in (b"LOOPSTART=44100", b"LOOPLENGTH=882000"):
        at = data.index(digits) + len(digits)
        assert not 48 <= data[at] <= 57


def test_beside_a_loop_nothing_of_others_is_kept():
    file = BytesIO(made("ogg"))
    opened = OggVorbis(file)
    opened["NOTE"] = "LOOPSTART=99"
    opened.save(file)
    data = looped("ogg", 5, 6, data=file.getvalue())
    assert b"NOTE" not in data
    assert b"NOTE=LOOPSTART=99" in tagged(file.getvalue(), "ogg")
