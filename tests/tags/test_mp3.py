"""What a tagged file says, that its music is untouched, and that no bytes can harm the tagger."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import zlib
from dataclasses import replace
from io import BytesIO

import lameenc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen.id3 import APIC, COMM, GEOB, ID3, PRIV, TDRC, TIT2, TPE2, TXXX, Frames
from tags.made import FULL, JPEG, ORIGIN

from musicbuild.errors import IntegrityError, ManifestError
from musicbuild.hashing import digest_bytes
from musicbuild.models import SourceType
from musicbuild.spec import MASTER_RECIPE, Tags
from musicbuild.tags import READ_LIMIT, Provenance, audio_of, read, say, tag

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


WORDS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), max_size=40),
    st.sampled_from(["Level", "Ünder Gröund", "夜", "3/12", "0.5", "a" * 300]),
)


def noise(seconds: float = 1) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(128)
    encoder.set_in_sample_rate(44100)
    encoder.set_channels(2)
    encoder.set_quality(7)
    encoder.silence()
    pcm = random.Random(0).randbytes(int(44100 * seconds) * 4)
    return bytes(encoder.encode(pcm) + encoder.flush())


MUSIC = noise()


def tagged(audio=MUSIC, tags=FULL, provenance=ORIGIN, *, seconds=1.0, cover=None):
    return tag(audio, "mp3", say(tags, provenance, seconds=seconds, cover=cover))


def frames(data):
    """Read a tag as it stands, without mutagen's own translations."""
    return ID3(BytesIO(data), translate=False, load_v1=False)


def with_tag(*items, version=3, audio=MUSIC):
    tag = ID3()
    for item in items:
        tag.add(item)
    file = BytesIO(audio)
    tag.save(file, v1=0, v2_version=version, padding=lambda _: 0)
    return file.getvalue()


def block(body, *, version=3, flags=0, size=None):
    """Write a tag by hand, right or wrong."""
    length = len(body) if size is None else size
    synchsafe = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, flags]) + synchsafe + body


def frame(name, body, flags=0):
    return name + len(body).to_bytes(4) + flags.to_bytes(2) + body


def ape(items=b"", *, header):
    size = (len(items) + 32).to_bytes(4, "little")
    rest = (2000).to_bytes(4, "little") + size + bytes(4)
    footer = b"APETAGEX" + rest + (0x80000000 if header else 0).to_bytes(4, "little") + bytes(8)
    return (footer if header else b"") + items + footer


ID3V1 = b"TAG" + bytes(125)


def test_every_field_can_be_read_back():
    assert read(tagged(cover=PNG, tags=replace(FULL, prompt=True))) == {
        "title": "Boss",
        "artist": "Nightfall Games",
        "album": "Nightfall",
        "number": "3/12",
        "genre": "Industrial",
        "bpm": "150",
        "key": "F#m",
        "milliseconds": "1000",
        "comment": "Phase 1",
        "copyright": "2026 Nightfall Games",
        "encoder": f"musicbuild, mastering recipe {MASTER_RECIPE}",
        "provider": "elumenta",
        "model": "musicgen",
        "generation": "gen_01",
        "spec": "c0ffee",
        "prompt": "Loud drums",
        "ai_generated": "yes",
        "source_type": IPTC + "trainedAlgorithmicMedia",
        "cover": f"image/png, {len(PNG)} bytes",
    }


def test_the_frames_are_those_of_version_2_3():
    found = frames(tagged(cover=JPEG))
    assert found.version == (2, 3, 0)
    assert sorted(found) == [
        "APIC:",
        "COMM::eng",
        "TALB",
        "TBPM",
        "TCON",
        "TCOP",
        "TIT2",
        "TKEY",
        "TLEN",
        "TPE1",
        "TRCK",
        "TSSE",
        "TXXX:AI-generated",
        "TXXX:DigitalSourceType",
        "TXXX:musicbuild generation",
        "TXXX:musicbuild key",
        "TXXX:musicbuild model",
        "TXXX:musicbuild provider",
    ]
    assert found["APIC:"].data == JPEG
    assert found["APIC:"].mime == "image/jpeg"
    assert found["APIC:"].type == 3
    assert {each.encoding for each in found.values()} == {0}


def test_other_programs_read_it(tmp_path):
    file = tmp_path / "boss.mp3"
    file.write_bytes(tagged(tags=replace(FULL, title="ボス 🥁 זאב"), cover=PNG))
    if shutil.which("ffprobe"):
        said = subprocess.run(
            ["ffprobe", "-v", "error", "-show_format", "-of", "json", str(file)],
            capture_output=True,
            check=True,
        )
        read = json.loads(said.stdout)["format"]
        assert read["format_name"] == "mp3"
        assert (
            read["tags"].items()
            >= {
                "title": "ボス 🥁 זאב",
                "artist": "Nightfall Games",
                "track": "3/12",
                "TBPM": "150",
                "TKEY": "F#m",
                "comment": "Phase 1",
                "AI-generated": "yes",
                "DigitalSourceType": IPTC + "trainedAlgorithmicMedia",
            }.items()
        )
    if shutil.which("mp3val"):
        said = subprocess.run(["mp3val", str(file)], capture_output=True, check=True)
        assert b"WARNING" not in said.stdout
        assert b"ID3v2" in said.stdout


def test_the_music_is_untouched():
    made = tagged(cover=PNG)
    assert digest_bytes(audio_of(made)) == digest_bytes(MUSIC)
    assert made.endswith(MUSIC)
    assert len(made) == frames(made).size + len(MUSIC)


@pytest.mark.parametrize("text", ["ゲーム　音楽", "🎹🎻", "מוזיקה למשחק", "موسيقى", "ño", "a/b"])
def test_every_script_is_written_as_it_is(text):
    tags = Tags(title=text, artist=text, album=text, genre=text, comment=text, copyright=text)
    said = read(tagged(tags=tags))
    assert {said[word] for word in ("title", "artist", "album", "genre", "comment")} == {text}
    found = frames(tagged(tags=tags))
    assert found["TIT2"].text == [text]
    assert found["TIT2"].encoding in {0, 1}


def test_what_is_empty_is_absent():
    nobody = Provenance("", "", "", "", "", SourceType.ALGORITHMIC)
    assert sorted(frames(tagged(tags=Tags(title=" \0\n"), provenance=nobody, seconds=0))) == [
        "TSSE",
        "TXXX:DigitalSourceType",
    ]


def test_the_prompt_is_written_only_when_asked_for():
    assert "prompt" not in read(tagged())
    assert read(tagged(tags=replace(FULL, prompt=True)))["prompt"] == "Loud drums"


def test_music_by_rules_is_not_said_to_be_ai_generated():
    said = read(tagged(provenance=replace(ORIGIN, kind=SourceType.ALGORITHMIC)))
    assert "ai_generated" not in said
    assert said["source_type"] == IPTC + "algorithmicMedia"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\0b", "a b"),
        ("\0", None),
        ("a\r\n\tb", "a b"),
        ("a\x1b[31mb", "a [31mb"),
        ("a\ud83d", "a\ufffd"),
        ("\ud83e\udd41", "🥁"),
        ("\udc41b", "\ufffdb"),
    ],
)
def test_a_line_holds_what_can_be_written(written, kept):
    assert read(tagged(tags=Tags(title=written))).get("title") == kept


def test_a_comment_keeps_its_lines():
    said = read(tagged(tags=Tags(comment="one\r\ntwo\rthree\0\n\nfour\n")))
    assert said["comment"] == "one\ntwo\nthree \n\nfour"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("150", "150"),
        (" 99.5 ", "100"),
        ("126.5", "127"),
        ("126.49", "126"),
        ("0.2", None),
        ("fast", None),
        ("1e9", None),
        ("nan", None),
        ("-3", None),
        ("٣", None),
    ],
)
def test_a_tempo_is_a_whole_number(written, kept):
    assert read(tagged(tags=Tags(bpm=written))).get("bpm") == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("F# minor", "F#m"),
        ("f sharp min", "F#m"),
        ("F♯m", "F#m"),
        ("bb", "Bb"),
        ("B-flat minor", "Bbm"),
        ("b minor", "Bm"),
        ("E♭ major", "Eb"),
        ("C Maj", "C"),
        ("CM", "C"),
        ("Cm", "Cm"),
        ("A", "A"),
        ("D dorian", None),
        ("H", None),
        ("minor", None),
    ],
)
def test_a_key_has_three_characters_at_most(written, kept):
    assert read(tagged(tags=Tags(key=written))).get("key") == kept


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(61.2346, "61235"), (0, None), (-1, None), (float("nan"), None), (float("inf"), None)],
)
def test_a_length_is_in_milliseconds(seconds, kept):
    assert read(tagged(seconds=seconds)).get("milliseconds") == kept


def test_a_cover_is_a_png_or_a_jpeg():
    with pytest.raises(ManifestError, match=r"^the cover is neither a PNG nor a JPEG$"):
        tagged(cover=b"GIF89a")
    with pytest.raises(ManifestError, match=r"^the cover is longer than 8388608 bytes$"):
        tagged(cover=PNG + bytes(8 << 20))


def test_texts_have_a_bound():
    with pytest.raises(ManifestError, match=r"^the tags are longer than 1048576 characters$"):
        tagged(tags=Tags(comment="x" * (1 << 20)))


def test_tagging_twice_is_tagging_once():
    source = with_tag(PRIV(owner="c2pa", data=b"\xff\x00\xff"), TIT2(encoding=3, text="theirs"))
    once = tagged(source, cover=PNG)
    assert tagged(source, cover=PNG) == once
    assert tagged(once, cover=PNG) == once
    other = Tags(title="Other")
    assert tagged(once, tags=other) == tagged(source, tags=other)


@pytest.mark.parametrize("version", [3, 4])
def test_frames_of_others_are_kept_and_ours_replaced(version):
    source = with_tag(
        GEOB(encoding=0, mime="application/c2pa", filename="", desc="c2pa", data=b"seal\xff\0"),
        PRIV(owner="maker", data=b"mark"),
        TXXX(encoding=1, desc="their note", text="yes"),
        TXXX(encoding=1, desc="AI-generated", text="no"),
        TPE2(encoding=1, text="Various"),
        TIT2(encoding=1, text="Untitled"),
        COMM(encoding=1, lang="deu", desc="ad", text="made with …"),
        APIC(encoding=0, mime="image/png", data=PNG),
        version=version,
    )
    found = frames(tagged(source, tags=Tags(artist="Us")))
    assert found["GEOB:c2pa"].data == b"seal\xff\0"
    assert found["PRIV:maker:mark"].data == b"mark"
    assert found["TXXX:their note"].text == ["yes"]
    assert found["TXXX:AI-generated"].text == ["yes"]
    assert found["TPE2"].text == ["Various"]
    assert found["TPE1"].text == ["Us"]
    assert not found.keys() & {"TIT2", "APIC:", "COMM:ad:deu"}


def test_a_frame_of_version_2_3_is_kept_to_the_byte():
    odd = frame(b"PRIV", b"maker\0\xff\xfb\x90", 0x8000) + frame(b"XNEW", b"?") + bytes(40)
    assert frame(b"PRIV", b"maker\0\xff\xfb\x90", 0x8000) + frame(b"XNEW", b"?") in tagged(
        block(odd) + MUSIC
    )


def test_a_date_of_version_2_4_becomes_those_of_2_3():
    found = frames(tagged(with_tag(TDRC(encoding=3, text="2026-11-23"), version=4)))
    assert found["TYER"].text == ["2026"]
    assert found["TDAT"].text == ["2311"]


def test_every_tag_in_front_is_read_and_removed():
    first = with_tag(PRIV(owner="a", data=b"1"), audio=b"")
    second = block(frame(b"PRIV", b"b\x002"), version=4, flags=0x10) + b"3DI" + bytes(7)
    unknown = block(b"anything", version=9)
    old = block(b"TT2\x00\x00\x02\x00x", version=2)
    made = tagged(first + second + unknown + old + MUSIC)
    assert audio_of(made) == MUSIC
    assert frames(made).keys() >= {"PRIV:a:1", "PRIV:b:2"}


@pytest.mark.parametrize(
    "tail",
    [
        ID3V1,
        ape(header=False),
        ape(b"item", header=True),
        ape(b"item", header=False),
        ape(b"item", header=True) + ID3V1,
        ID3V1 + ID3V1,
    ],
)
def test_tags_at_the_end_are_removed(tail):
    assert audio_of(MUSIC + tail) == MUSIC
    assert tagged(MUSIC + tail) == tagged()


@pytest.mark.parametrize(
    "tail",
    [
        b"APETAGEX" + b"\xff" * 24,
        b"APETAGEX" + bytes(24),
        b"TAG",
    ],
)
def test_what_only_looks_like_a_tag_at_the_end_stays(tail):
    assert audio_of(MUSIC + tail) == MUSIC + tail


def test_an_ape_tag_as_long_as_the_file_says_that_there_is_no_audio():
    with pytest.raises(IntegrityError, match=r"^there is no audio in the file, only tags$"):
        audio_of(ape(b"item", header=False))


def test_whole_tag_unsynchronisation_is_undone():
    body = frame(b"PRIV", b"m\0\xff\x00\xe0")
    stored = body.replace(b"\xff", b"\xff\x00")
    made = tagged(block(stored, flags=0x80) + MUSIC)
    assert body in made
    assert tagged(made) == made


def test_unsynchronised_frames_of_version_2_4_are_undone():
    stored = frame(b"PRIV", b"m\0\xff\x00\xe0", 0x0002)
    assert frame(b"PRIV", b"m\0\xff\xe0") in tagged(block(stored, version=4) + MUSIC)
    whole = block(frame(b"PRIV", b"m\0\xff\x00\xe0"), version=4, flags=0x80)
    assert frame(b"PRIV", b"m\0\xff\xe0") in tagged(whole + MUSIC)


@pytest.mark.parametrize(
    ("version", "extension"), [(3, b"\0\0\0\6" + bytes(6)), (4, b"\0\0\0\6\1\0")]
)
def test_an_extended_header_is_passed_over(version, extension):
    source = block(extension + frame(b"PRIV", b"m\0!"), version=version, flags=0x40)
    assert frame(b"PRIV", b"m\0!") in tagged(source + MUSIC)


@pytest.mark.parametrize(
    "left",
    [
        frame(b"PRIV", bytes(4) + zlib.compress(b"m\0!"), 0x0008),
        frame(b"PRIV", b"m\0!", 0x0004),
        frame(b"CHAP", b"one\0" + bytes(16) + frame(b"TPE2", b"\0x")),
        frame(b"RVA2", b"\0\1\0"),
        frame(b"LINK", b"ab!dhere\0"),
        frame(b"TPE2", b""),
        frame(b"TPE2", b"\0x")[:-1],
    ],
)
def test_what_version_2_3_cannot_say_is_left_behind(left):
    assert tagged(block(left, version=4) + MUSIC) == tagged()


def test_a_very_long_text_of_version_2_4_is_left_behind():
    body = b"\0" + b"x" * (40 << 10)
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    assert tagged(block(b"TPE2" + size + b"\0\0" + body, version=4) + MUSIC) == tagged()


def test_a_frame_that_ends_like_an_old_tag_is_kept():
    like = frame(b"PRIV", b"m\0" + ID3V1)
    assert frames(tagged(with_tag(PRIV(owner="m", data=ID3V1), version=4)))
    assert like in tagged(block(like) + MUSIC)
    assert like in tagged(with_tag(PRIV(owner="m", data=ID3V1), version=4))


def test_packed_frames_are_not_read():
    packed = frame(b"TIT2", bytes(4) + zlib.compress(b"\0x"), 0x0080)
    assert read(block(packed) + MUSIC) == {}


def test_the_first_of_two_frames_counts():
    two = frame(b"TIT2", b"\0one") + frame(b"TIT2", b"\0two") + frame(b"TXXX", b"\0title\0x")
    assert read(block(two) + MUSIC) == {"title": "one"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "there is no audio in the file, only tags"),
        (ID3V1, "there is no audio in the file, only tags"),
        (block(b""), "there is no audio in the file, only tags"),
        (b"ID3", "the audio's ID3 tag is damaged"),
        (b"ID3\3\0\0\xff\0\0\0", "the audio's ID3 tag is damaged"),
        (block(b"", size=100) + b"?", "the audio ends within its ID3 tag"),
        (
            block(b"", size=(1 << 28) - 1) + b"?",
            "the audio ends within its ID3 tag",
        ),
    ],
)
def test_a_file_without_audio_or_with_a_broken_tag_is_refused(data, said):
    for attempt in (audio_of, read, tagged):
        with pytest.raises(IntegrityError) as caught:
            attempt(data)
        assert str(caught.value) == said


def test_what_would_make_the_tag_outgrow_what_is_read_again_is_left_behind():
    kept = frame(b"PRIV", b"m\0" + bytes((16 << 20) - 200))
    assert tagged(block(kept) + MUSIC) == tagged()


def test_no_more_frames_of_an_old_tag_are_read_than_a_tag_has():
    many = block(frame(b"PRIV", b"m\0!") * 1000, version=4)
    made = tagged(many + MUSIC)
    assert made.count(b"PRIV") == READ_LIMIT
    assert tagged(made) == made


NAMES = st.sampled_from(sorted(name.encode() for name in Frames))
RAW = st.builds(frame, NAMES, st.binary(max_size=80), st.one_of(st.just(0), st.integers(0, 0xFFFF)))
BODIES = st.one_of(st.binary(max_size=200), st.lists(RAW, max_size=6).map(b"".join))
BLOCKS = st.builds(
    block,
    BODIES,
    version=st.integers(2, 4),
    flags=st.one_of(st.just(0), st.integers(0, 255)),
    size=st.one_of(st.none(), st.integers(0, 300)),
)
FRONTS = st.lists(st.one_of(BLOCKS, st.binary(max_size=40)), max_size=3).map(b"".join)
TAILS = st.lists(
    st.one_of(
        st.just(ID3V1),
        st.builds(ape, st.binary(max_size=40), header=st.booleans()),
        st.binary(max_size=150),
        st.just(b"APETAGEX"),
        st.just(b"TAG"),
    ),
    max_size=3,
).map(b"".join)


@settings(deadline=None)
@given(FRONTS, TAILS, st.booleans())
def test_hostile_bytes_are_tagged_once_and_for_all_or_refused(front, tail, heard):
    data = front + (MUSIC if heard else b"") + tail
    try:
        made = tagged(data)
    except IntegrityError:
        return
    assert tagged(made) == made
    assert audio_of(made) == audio_of(data)
    assert read(made)["title"] == "Boss"
    read(data)


@settings(deadline=None)
@given(st.builds(Tags, *[st.text(st.characters())] * 9, prompt=st.booleans()), st.text())
def test_any_text_can_be_written(tags, prompt):
    provenance = replace(ORIGIN, prompt=prompt)
    made = tagged(tags=tags, provenance=provenance)
    assert tagged(made, tags=tags, provenance=provenance) == made
    assert audio_of(made) == MUSIC
    assert read(made)["model"] == "musicgen"


def as_mutagen_writes(data):
    """Read a tag, and have mutagen write it anew."""
    file = BytesIO(data)
    found = ID3(file, translate=False, load_v1=False)
    written = BytesIO(MUSIC)
    found.save(written, v1=0, v2_version=3, padding=lambda _: 0)
    return written.getvalue()


@given(st.fixed_dictionaries(dict.fromkeys(("title", "artist", "genre", "comment"), WORDS)))
@settings(max_examples=200, deadline=None)
def test_a_tag_is_to_the_byte_what_mutagen_would_write(texts):
    tags = replace(FULL, **texts)
    for cover in (None, PNG, JPEG):
        data = tagged(tags=tags, cover=cover)
        assert as_mutagen_writes(data) == data
