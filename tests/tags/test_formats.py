"""What holds for a tag in every format: it is read back, by others too, and no music is touched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.flac import Picture
from tags.made import FORMATS, FULL, JPEG, ORIGIN, PNG, encoded, m4a, made, png, tagged

from musicbuild.errors import IntegrityError, ManifestError
from musicbuild.models import Description, SourceType
from musicbuild.spec import MASTER_RECIPE, Tags
from musicbuild.tags import SOURCE_TYPES, Finding, Provenance, audio_of, read

BUT_MP3 = [kind for kind in FORMATS if kind != "mp3"]
FOUND = Finding(gain=-3.25, peak=0.891251, loop=(100, 2000))

EVERY_WORD = {
    "title": "Boss",
    "artist": "Nightfall Games",
    "album": "Nightfall",
    "number": "3/12",
    "genre": "Industrial",
    "bpm": "150",
    "key": "F#m",
    "comment": "Phase 1",
    "copyright": "2026 Nightfall Games",
    "encoder": f"musicbuild, mastering recipe {MASTER_RECIPE}",
    "provider": "elumenta",
    "model": "musicgen",
    "generation": "gen_01",
    "spec": "c0ffee",
    "prompt": "Loud drums",
    "chords": "0 Em, 4.5 G",
    "sections": "0 intro",
    "ai_generated": "yes",
    "source_type": SOURCE_TYPES + "trainedAlgorithmicMedia",
    "cover": f"image/png, {len(PNG)} bytes",
    "gain": "-3.25 dB",
    "peak": "0.891251",
    "loop_start": "100",
    "loop_length": "2000",
}
MUSIC = Description(150.0, "E minor", "4/4", ((0, "Em"), (4.5, "G")), ((0, "intro"),), (), ())

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
needs_ffprobe = pytest.mark.skipif(not shutil.which("ffprobe"), reason="ffprobe is not installed")


def everything(kind):
    tags, origin = replace(FULL, prompt=True), replace(ORIGIN, described=MUSIC)
    return tagged(made(kind), kind, tags, origin, cover=PNG, finding=FOUND)


def probed(data, tmp_path):
    """Return what ffprobe reads, with names in small letters, and the pictures it sees."""
    file = tmp_path / "file"
    file.write_bytes(data)
    asked = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(file)]
    said = subprocess.run(asked, capture_output=True, check=True)
    assert said.stderr == b""
    read = json.loads(said.stdout)
    sound = [one for one in read["streams"] if one["codec_type"] == "audio"]
    pictures = [one["codec_name"] for one in read["streams"] if one["codec_type"] == "video"]
    assert len(sound) == 1
    found = {**sound[0].get("tags", {}), **read["format"].get("tags", {})}
    return {name.lower(): text for name, text in found.items()}, pictures


def heard(data, tmp_path):
    """Return digests of what ffmpeg hears, and of the packets; it must find no fault."""
    file = tmp_path / "sound"
    file.write_bytes(data)
    sound, packets = ["-map", "0:a", "-f", "md5", "-"], ["-map", "0:a", "-c", "copy", "-f", "md5"]
    asked = ["ffmpeg", "-v", "error", "-i", str(file), *sound, *packets, "-"]
    said = subprocess.run(asked, capture_output=True, check=True)
    assert said.stderr == b""
    return said.stdout


@pytest.mark.parametrize("kind", FORMATS)
def test_every_word_can_be_read_back(kind):
    said = dict(read(everything(kind), kind))
    expected = dict(EVERY_WORD)
    if kind in {"mp3", "wav"}:
        expected["milliseconds"] = "1000"
    if kind == "opus":
        del expected["peak"]
    assert said == expected


@needs_ffprobe
@pytest.mark.parametrize("kind", FORMATS)
def test_another_program_reads_it(kind, tmp_path):
    tags = replace(FULL, title="ボス 🥁 זאב", comment="one\ntwo", prompt=True)
    file = tagged(made(kind), kind, tags, cover=PNG, finding=FOUND)
    said, pictures = probed(file, tmp_path)
    assert pictures == ["png"]
    assert said["title"] == "ボス 🥁 זאב"
    assert said["artist"] == "Nightfall Games"
    assert said["album"] == "Nightfall"
    assert said["genre"] == "Industrial"
    assert said["copyright"] == "2026 Nightfall Games"
    assert said["comment"] == "one\ntwo"
    assert said["encoder"].startswith("musicbuild, ")
    assert said["ai-generated"] == "yes"
    assert said["digitalsourcetype"] == SOURCE_TYPES + "trainedAlgorithmicMedia"
    texts = set(said.values())
    assert {"elumenta", "musicgen", "gen_01", "c0ffee", "Loud drums", "F#m"} <= texts
    assert said["track"] in {"3/12", "3"}
    assert (said["loopstart"], said["looplength"]) == ("100", "2000")
    if kind == "opus":
        assert said["r128_track_gain"] == str(round((-3.25 - 5) * 256))
        assert not [name for name in said if name.startswith("replaygain")]
    else:
        assert said["replaygain_track_gain"] == "-3.25 dB"
        assert said["replaygain_track_peak"] == "0.891251"


NAMES = {
    "ogg": {"title": "title", "number": "tracknumber", "bpm": "bpm", "key": "initialkey"},
    "opus": {"title": "title", "number": "tracknumber", "bpm": "bpm", "key": "initialkey"},
    "flac": {"title": "title", "number": "tracknumber", "bpm": "bpm", "key": "initialkey"},
    "m4a": {
        "title": "\xa9nam",
        "number": "trkn",
        "bpm": "tmpo",
        "key": "----:com.apple.iTunes:initialkey",
    },
    "mp3": {"title": "TIT2", "number": "TRCK", "bpm": "TBPM", "key": "TKEY"},
    "wav": {"title": "TIT2", "number": "TRCK", "bpm": "TBPM", "key": "TKEY"},
}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_tag_library_reads_it(kind):
    found = mutagen.File(BytesIO(everything(kind))).tags
    said = {word: found[name][0] for word, name in NAMES[kind].items()}
    number = {"m4a": (3, 12), "mp3": "3/12", "wav": "3/12"}.get(kind, "3")
    key = b"F#m" if kind == "m4a" else "F#m"
    tempo = 150 if kind == "m4a" else "150"
    assert said == {"title": "Boss", "number": number, "bpm": tempo, "key": key}


@pytest.mark.parametrize("cover", [PNG, JPEG])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_cover_is_found_by_a_tag_library(kind, cover):
    file = mutagen.File(BytesIO(tagged(made(kind), kind, cover=cover)))
    match kind:
        case "ogg" | "opus":
            (text,) = file["METADATA_BLOCK_PICTURE"]
            picture = Picture(b64decode(text))
        case "flac":
            (picture,) = file.pictures
        case "m4a":
            (found,) = file["covr"]
            assert bytes(found) == cover
            assert found.imageformat == (14 if cover is PNG else 13)
            return
        case _:
            picture = file.tags["APIC:"]
    assert picture.data == cover
    assert picture.type == 3
    assert picture.mime == ("image/png" if cover is PNG else "image/jpeg")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_music_is_the_same_before_and_after(kind):
    data = made(kind)
    assert audio_of(everything(kind), kind) == audio_of(data, kind)
    assert audio_of(audio_of(data, kind), kind) == audio_of(data, kind)
    assert audio_of(tagged(audio_of(data, kind), kind), kind) == audio_of(data, kind)


@needs_ffmpeg
@pytest.mark.parametrize("kind", FORMATS)
def test_another_program_hears_the_same_and_finds_no_fault(kind, tmp_path):
    data = made(kind)
    before = heard(data, tmp_path)
    for other in (everything(kind), audio_of(data, kind), tagged(data, kind, Tags())):
        assert heard(other, tmp_path) == before


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_wish_gives_the_same_bytes(kind):
    again = encoded(kind) if kind not in {"mp3", "m4a"} else made(kind)
    assert tagged(again, kind, cover=PNG) == tagged(made(kind), kind, cover=PNG)


@pytest.mark.parametrize("kind", FORMATS)
def test_tagging_twice_is_tagging_once(kind):
    once = everything(kind)
    tags, origin = replace(FULL, prompt=True), replace(ORIGIN, described=MUSIC)
    assert tagged(once, kind, tags, origin, cover=PNG, finding=FOUND) == once
    other = Tags(title="Other")
    assert tagged(once, kind, other, finding=Finding()) == tagged(made(kind), kind, other)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_empty_is_absent(kind):
    nobody = Provenance("", "", "", "", "", SourceType.ALGORITHMIC)
    said = read(tagged(made(kind), kind, Tags(title=" \0\n"), nobody, seconds=0), kind)
    assert said.keys() == {"encoder", "source_type"}


@pytest.mark.parametrize("text", ["ゲーム　音楽", "🎹🎻", "מוזיקה למשחק", "موسيقى", "ño", "a/b=c"])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_script_is_written_as_it_is(kind, text):
    tags = Tags(title=text, artist=text, album=text, genre=text, comment=text, copyright=text)
    said = read(tagged(made(kind), kind, tags), kind)
    assert {said[word] for word in ("title", "artist", "album", "genre", "comment")} == {text}


@pytest.mark.parametrize(
    ("written", "kept"), [("a\0b", "a b"), ("a\x1b[31mb", "a [31mb"), ("a\ud83d", "a\ufffd")]
)
@pytest.mark.parametrize("kind", FORMATS)
def test_no_text_steers_anything(kind, written, kept):
    assert read(tagged(made(kind), kind, Tags(title=written)), kind)["title"] == kept


@pytest.mark.parametrize(
    ("written", "kept"), [("3", "3"), ("3/12", "3/12"), ("9999/9999", "9999/9999")]
)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_number_is_a_place_in_an_album_or_none(kind, written, kept):
    assert read(tagged(made(kind), kind, Tags(number=written)), kind)["number"] == kept


@pytest.mark.parametrize("kind", FORMATS)
def test_texts_and_covers_have_a_bound(kind):
    with pytest.raises(ManifestError, match=r"^the tags are longer than 1048576 characters$"):
        tagged(made(kind), kind, Tags(comment="x" * (1 << 20)))
    with pytest.raises(ManifestError, match=r"^the cover is longer than 8388608 bytes$"):
        tagged(made(kind), kind, cover=PNG + bytes(8 << 20))
    with pytest.raises(ManifestError, match=r"^the cover is neither a PNG nor a JPEG$"):
        tagged(made(kind), kind, cover=b"GIF89a")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_largest_cover_and_a_long_text_have_room(kind, tmp_path):
    cover = png((8 << 20) - len(PNG))
    short = tagged(made(kind), kind, replace(FULL, comment="ボ" * 5000), cover=cover)
    assert read(short, kind)["cover"] == f"image/png, {8 << 20} bytes"
    assert read(short, kind)["comment"] == "ボ" * 5000
    long = tagged(made(kind), kind, replace(FULL, comment="ボ" * 1_000_000), cover=cover)
    assert audio_of(long, kind) == audio_of(made(kind), kind)
    if shutil.which("ffmpeg"):
        assert heard(long, tmp_path) == heard(made(kind), tmp_path)


# What is no file of the format, or not a whole one.

SAYS = {
    "ogg": "the audio is no Ogg file",
    "opus": "the audio is no Ogg file",
    "flac": "the audio is no FLAC file",
    "m4a": "the audio is no M4A file",
    "wav": "the audio is no WAV file",
}


@pytest.mark.parametrize("kind", BUT_MP3)
def test_what_is_of_another_format_is_refused(kind):
    family = {"ogg", "opus"} if kind in {"ogg", "opus"} else {kind}
    others = [made(other) for other in FORMATS if other not in family]
    for data in [*others, b"<html></html>", b"\0" * 1000]:
        for attempt in (audio_of, read, tagged):
            with pytest.raises(IntegrityError) as caught:
                attempt(data, kind)
            assert str(caught.value) == SAYS[kind]
    for attempt in (audio_of, read, tagged):
        with pytest.raises(IntegrityError):
            attempt(b"", kind)


@pytest.mark.parametrize("kind", BUT_MP3)
def test_a_file_that_was_cut_is_refused_or_as_good_as_before(kind):
    data = everything(kind)
    places = {*range(0, 3000, 7), *range(0, len(data), 997), len(data) - 1}
    refused = 0
    for place in sorted(places):
        try:
            again = tagged(data[:place], kind)
        except IntegrityError as error:
            refused += 1
            assert not error.message.endswith(".")
        else:
            assert audio_of(again, kind) == audio_of(data[:place], kind)
    assert refused > 100


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(BUT_MP3), st.data())
def test_bytes_that_changed_are_refused_or_tagged_once_and_for_all(kind, drawn):
    data = bytearray(everything(kind)[:12_000] if kind == "flac" else everything(kind))
    for _ in range(drawn.draw(st.integers(1, 4))):
        place = drawn.draw(st.one_of(st.integers(0, 2000), st.integers(0, len(data) - 1)))
        change = drawn.draw(st.binary(max_size=6))
        data[place : place + drawn.draw(st.integers(0, 6))] = change
    changed = bytes(data)
    try:
        music = audio_of(changed, kind)
        read(changed, kind)
        once = tagged(changed, kind, finding=FOUND)
    except IntegrityError:
        return
    assert tagged(once, kind, finding=FOUND) == once
    assert audio_of(once, kind) == music
    assert read(once, kind)["title"] == "Boss"


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(BUT_MP3),
    st.builds(Tags, *[st.text(st.characters())] * 9, prompt=st.booleans()),
    st.booleans(),
)
def test_any_text_can_be_written(kind, tags, looped):
    finding = FOUND if looped else None
    once = tagged(made(kind), kind, tags, finding=finding)
    assert tagged(once, kind, tags, finding=finding) == once
    assert audio_of(once, kind) == audio_of(made(kind), kind)
    assert read(once, kind)["model"] == "musicgen"


# What is loaded.

LOADED = """
import sys
from musicbuild import tags
from musicbuild.models import SourceType
from musicbuild.spec import Tags
origin = tags.Provenance("", "", "", "", "", SourceType.TRAINED)
tags.tag(sys.stdin.buffer.read(), sys.argv[1], tags.say(Tags(), origin, seconds=1))
print(*(name for name in sys.modules if name.startswith(("musicbuild.tags.", "mutagen.id3"))))
print(*({"numpy", "soundfile", "av"} & set(sys.modules)))
"""

LOADS = {
    "mp3": {"mp3"},
    "ogg": {"ogg", "vorbis"},
    "opus": {"ogg", "vorbis"},
    "flac": {"flac", "vorbis"},
    "m4a": {"mp4"},
    "wav": {"wav", "mp3"},
}


@pytest.mark.parametrize("kind", FORMATS)
def test_only_what_a_format_needs_is_loaded(kind):
    asked = [sys.executable, "-c", LOADED, kind]
    said = subprocess.run(asked, input=made(kind), capture_output=True, check=True)
    loaded, heavy = said.stdout.decode().splitlines()
    names = {name for name in loaded.split() if name.startswith("musicbuild.")}
    assert names == {f"musicbuild.tags.{name}" for name in LOADS[kind]}
    assert ("mutagen.id3" in loaded.split()) == (kind in {"mp3", "wav"})
    assert heavy == ""


def test_the_encoders_of_these_files_are_not_ours():
    assert "Lavf" in read(m4a(), "m4a")["encoder"]
    assert read(made("ogg"), "ogg") == {"encoder": "libsndfile"}
