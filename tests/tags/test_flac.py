"""Tags in FLAC: blocks before the sound."""

from __future__ import annotations

from io import BytesIO

import pytest
from mutagen.flac import FLAC
from tags.made import JPEG, MIB, PNG, assert_soon, made, tagged

from musicbuild.errors import IntegrityError
from musicbuild.tags import audio_of, read


def block(kind, body, *, last=False):
    return bytes((kind | 0x80 * last,)) + len(body).to_bytes(3) + body


def with_blocks(*blocks):
    """Put blocks between the description of a FLAC file and its sound."""
    bare = audio_of(made("flac"), "flac")
    return bare[:4] + block(0, bare[8:42]) + b"".join(blocks) + bare[42:]


def test_blocks_of_others_are_kept_and_padding_left_out():
    seeks, application = block(3, bytes(18)), block(2, b"them!")
    data = with_blocks(
        block(1, bytes(5000)), seeks, application, block(6, bytes(40)), block(99, b"new")
    )
    made_new = tagged(data, "flac", cover=JPEG)
    assert [type(one).__name__ for one in FLAC(BytesIO(made_new)).metadata_blocks] == [
        "StreamInfo",
        "VCFLACDict",
        "Picture",
        "SeekTable",
        "MetadataBlock",
        "MetadataBlock",
    ]
    assert seeks + application + block(99, b"new", last=True) in made_new
    assert bytes(4000) not in made_new[:6000]


def test_blocks_beyond_what_is_read_are_left_behind():
    data = with_blocks(
        block(2, b"them" + bytes(9 << 20)), block(2, bytes(9 << 20)), block(2, b"me!!")
    )
    made_new = tagged(data, "flac")
    assert 9 << 20 < len(made_new) < 10 << 20
    assert block(2, b"me!!", last=True) in made_new


def test_a_tag_before_a_flac_file_is_left_behind():
    tag = b"ID3\3\0\0\0\0\0\x0c" + b"TIT2\0\0\0\2\0\0\0x"
    assert tagged(tag + made("flac"), "flac") == tagged(made("flac"), "flac")


def test_a_flac_file_has_a_picture_of_its_own_and_none_among_its_comments():
    data = tagged(made("flac"), "flac", cover=PNG)
    assert b"METADATA_BLOCK_PICTURE" not in data
    assert read(data, "flac")["cover"] == f"image/png, {len(PNG)} bytes"
    (picture,) = FLAC(BytesIO(data)).pictures
    assert picture.data == PNG
    lies = with_blocks(block(6, b"\0\0\0\3\xff\xff\xff\xff"), block(6, b""))
    assert "cover" not in read(lies, "flac")


BARE = audio_of(made("flac"), "flac")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BARE[:20], "the audio ends within a block of the FLAC file"),
        (
            BARE[:42] + b"\x84\xff\xff\xff" + bytes(99),
            "the audio ends within a block of the FLAC file",
        ),
        (
            b"fLaC" + block(4, bytes(8), last=True) + BARE[54:],
            "the blocks of the FLAC file are damaged",
        ),
        (
            b"fLaC" + block(0, bytes(33), last=True) + b"\xff\xf8",
            "the blocks of the FLAC file are damaged",
        ),
        (b"fLaC" + block(0, bytes(34), last=True), "there is no audio in the file, only tags"),
        (
            b"fLaC" + block(0, bytes(34), last=True) + b"\xff",
            "the blocks of the FLAC file are damaged",
        ),
        (
            b"fLaC" + block(0, bytes(34), last=True) + b"\0\0",
            "the blocks of the FLAC file are damaged",
        ),
    ],
)
def test_a_flac_file_that_is_not_right_is_refused(data, says):
    with pytest.raises(IntegrityError) as caught:
        tagged(data, "flac")
    assert str(caught.value) == says


LARGE = {
    "seven pictures of sixteen megabytes": (
        lambda: with_blocks(*[block(6, bytes((1 << 24) - 1))] * 7),
        "",
    ),
    "a comment of sixteen megabytes": (
        lambda: with_blocks(block(4, bytes(4) + b"\1\0\0\0\xf0\xff\xff\0A=" + b"x" * 0xFFFFEE)),
        "",
    ),
    "a million empty blocks": (
        lambda: with_blocks(block(1, b"") * MIB),
        "the blocks of the FLAC file are damaged",
    ),
}


@pytest.mark.parametrize("row", LARGE)
def test_no_size_makes_it_slow(row):
    data, says = LARGE[row]
    assert_soon(data(), "flac", says)
