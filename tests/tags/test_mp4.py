"""Tags in M4A: boxes, and the places of the sound that depend on them."""

from __future__ import annotations

import struct
from io import BytesIO

import av
import mutagen
import numpy as np
import pytest
from tags.made import MIB, PNG, assert_soon, m4a, made, png, tagged

from musicbuild.errors import IntegrityError
from musicbuild.spec import Tags
from musicbuild.tags import audio_of


def box(name, *bodies):
    body = b"".join(bodies)
    return (8 + len(body)).to_bytes(4) + name + body


def boxes(data):
    """Return the boxes of a file by name, each with its header."""
    at, found = 0, {}
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found[data[at + 4 : at + 8]] = data[at : at + size]
        at += size
    return found


def decoded(data):
    with av.open(BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


FAST = m4a(movflags="faststart")


@pytest.mark.parametrize("data", [made("m4a"), FAST], ids=["behind", "in front"])
def test_the_sound_is_found_wherever_it_stands(data):
    after = tagged(data, "m4a", cover=png(100_000))
    assert (decoded(after) == decoded(data)).all()
    assert (decoded(audio_of(data, "m4a")) == decoded(data)).all()
    order = [name for name in boxes(data) if name != b"free"]
    assert list(boxes(after)) == order


def test_places_of_eight_bytes_are_moved_too():
    at = FAST.index(b"stco") - 4
    size, count = struct.unpack_from(">I8xI", FAST, at)
    places = struct.unpack_from(f">{count}I", FAST, at + 16)
    grown = 4 * count
    moov = bytearray(FAST)
    long = struct.pack(
        f">I4s4xI{count}Q", size + grown, b"co64", count, *(one + grown for one in places)
    )
    moov[at : at + size] = long
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = moov.index(name) - 4
        struct.pack_into(">I", moov, place, struct.unpack_from(">I", moov, place)[0] + grown)
    data = bytes(moov)
    assert (decoded(data) == decoded(FAST)).all()
    after = tagged(data, "m4a", cover=png(100_000))
    assert b"co64" in after
    assert (decoded(after) == decoded(FAST)).all()


def with_udta(*inner):
    """Write a file that has this in its box for tags."""
    found = boxes(audio_of(made("m4a"), "m4a"))
    assert list(found)[-1] == b"moov"
    found[b"moov"] = box(b"moov", found[b"moov"][8:], box(b"udta", *inner))
    return b"".join(found.values())


def with_items(*items):
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return with_udta(box(b"meta", bytes(4), handler, box(b"ilst", *items)))


def item(name, text):
    return box(name, box(b"data", b"\0\0\0\1", bytes(4), text))


def test_items_of_others_are_kept_and_ours_replaced():
    free = box(
        b"----",
        box(b"mean", bytes(4), b"com.apple.iTunes"),
        box(b"name", bytes(4), b"iTunSMPB"),
        box(b"data", b"\0\0\0\1", bytes(4), b" 00000000 00000840"),
    )
    titles = item(b"\xa9nam", b"theirs"), item(b"gnre", b"\0\1"), item(b"\xa9wrt", b"Composer")
    after = tagged(with_items(free, *titles), "m4a", Tags(artist="Us"))
    found = mutagen.File(BytesIO(after)).tags
    assert found["----:com.apple.iTunes:iTunSMPB"] == [b" 00000000 00000840"]
    assert found["\xa9wrt"] == ["Composer"]
    assert found["\xa9ART"] == ["Us"]
    assert not {"\xa9nam", "gnre", "\xa9gen"} & found.keys()
    assert tagged(after, "m4a", Tags(artist="Us")) == after


def test_what_stands_beside_the_items_is_kept_as_far_as_it_makes_sense():
    chapters = box(b"chpl", b"\1" + bytes(8))
    kept = tagged(with_udta(chapters, b"\0\0\0\0"), "m4a")
    assert chapters in kept
    assert tagged(with_udta(b"\0\0\0\7abc"), "m4a") == tagged(made("m4a"), "m4a")
    assert tagged(with_udta(box(b"\xa9nam", b"\0\1\0\0x")), "m4a") == tagged(made("m4a"), "m4a")


@pytest.mark.parametrize(
    "left", [item(b"lOnG", b"x" * (40 << 10)), b"\0\0\0\3abc", b"\xff\xff\xff\xffabcd", b"x"]
)
def test_items_that_are_not_right_are_left_behind(left):
    assert tagged(with_items(left), "m4a") == tagged(made("m4a"), "m4a")


def test_the_box_that_may_have_no_end_is_the_last():
    found = boxes(FAST)
    open_ended = b"".join(
        bytes(4) + one[4:] if name == b"mdat" else one for name, one in found.items()
    )
    after = tagged(open_ended, "m4a", cover=PNG)
    assert (decoded(after) == decoded(FAST)).all()


def replaced(name, by):
    return b"".join(by if one == name else body for one, body in boxes(FAST).items())


OUTSIDE = bytearray(FAST)
OUTSIDE[FAST.index(b"stco") + 12 : FAST.index(b"stco") + 16] = b"\x7f\xff\xff\xff"
MANY = bytearray(FAST)
MANY[FAST.index(b"stco") + 8 : FAST.index(b"stco") + 12] = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (m4a(movflags="frag_keyframe+empty_moov"), "the M4A file is in fragments"),
        (FAST[:-1], "the audio ends within a box of the M4A file"),
        (FAST + b"\0\0\0\7abcd", "the audio ends within a box of the M4A file"),
        (replaced(b"mdat", b""), "there is no audio in the file, only tags"),
        (replaced(b"moov", b""), "the boxes of the M4A file are damaged"),
        (FAST + boxes(FAST)[b"moov"], "the boxes of the M4A file are damaged"),
        (replaced(b"moov", box(b"moov")), "the boxes of the M4A file are damaged"),
        (
            replaced(b"moov", box(b"moov", box(b"trak") * 17)),
            "the boxes of the M4A file are damaged",
        ),
        (bytes(OUTSIDE), "the M4A file has sound outside of itself"),
        (bytes(MANY), "the boxes of the M4A file are damaged"),
    ],
)
def test_an_m4a_file_that_is_not_right_is_refused(data, says):
    with pytest.raises(IntegrityError) as caught:
        tagged(data, "m4a")
    assert str(caught.value) == says


def deep(levels):
    inner = b""
    for _ in range(levels):
        inner = (8 + len(inner)).to_bytes(4) + b"meta" + inner if len(inner) < MIB else inner
    return inner


LARGE = {
    "a million boxes": (
        lambda: replaced(b"moov", box(b"moov", box(b"free") * MIB)),
        "the boxes of the M4A file are damaged",
    ),
    "a million items": (lambda: with_items(box(b"free") * MIB), ""),
    "items of a thousand parts": (lambda: with_items(box(b"----", box(b"free") * 1000) * 1000), ""),
    "boxes in boxes": (lambda: with_udta(deep(5000)), ""),
    "a cover of a hundred megabytes": (
        lambda: with_items(item(b"covr", bytes(100 * MIB)), item(b"\xa9wrt", b"x")),
        "",
    ),
}


@pytest.mark.parametrize("row", LARGE)
def test_no_size_makes_it_slow(row):
    data, says = LARGE[row]
    assert_soon(data(), "m4a", says)
