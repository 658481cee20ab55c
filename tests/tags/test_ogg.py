"""Tags in Ogg: pages that are laid out anew, and comments as Vorbis has them."""

from __future__ import annotations

from io import BytesIO

import mutagen
import pytest
import soundfile
from mutagen.ogg import OggPage
from mutagen.oggvorbis import OggVorbis
from tags.made import MIB, assert_soon, encoded, made, png, tagged

from musicbuild.errors import IntegrityError
from musicbuild.spec import Tags
from musicbuild.tags import READ_LIMIT, audio_of


def pages(data):
    file = BytesIO(data)
    found = []
    while file.tell() < len(data):
        found.append(OggPage(file))
    return found


def sound(data, headers):
    return [packet for page in pages(data)[headers:] for packet in page.packets]


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_pages_are_numbered_in_a_row_and_in_one_stream(kind):
    data = tagged(encoded(kind), kind, cover=png(300_000))
    found = pages(data)
    assert [page.sequence for page in found] == list(range(len(found)))
    assert {page.serial for page in found} == {int.from_bytes(b"mubu", "little")}
    assert found[0].first
    assert not any(page.first for page in found[1:])
    assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
    assert b"".join(page.write() for page in found) == data  # its check sums are these


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_packets_and_places_of_the_sound_are_as_they_were(kind):
    before, after = made(kind), tagged(made(kind), kind, cover=png(70_000))
    first = next(at for at, page in enumerate(pages(before)) if page.position > 0)
    now = next(at for at, page in enumerate(pages(after)) if page.position > 0)
    assert now > first
    assert sound(after, now) == sound(before, first)
    assert [page.position for page in pages(after)[now:]] == [
        page.position for page in pages(before)[first:]
    ]
    assert {page.position for page in pages(after)[1 : now - 1]} == {-1}


@pytest.mark.parametrize("length", [0, 1, 200, 254, 255, 256, 400, *range(65_000, 65_300, 50)])
def test_headers_of_any_length_are_laid_out_right(length):
    data = tagged(made("ogg"), "ogg", Tags(comment="x" * length))
    assert OggVorbis(BytesIO(data)).get("comment", [""]) == ["x" * length]
    assert audio_of(data, "ogg") == audio_of(made("ogg"), "ogg")
    assert len(soundfile.read(BytesIO(data))[0]) == 48_000


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_name_is_of_no_account(kind):
    other = {"ogg": "opus", "opus": "ogg"}[kind]
    assert tagged(made(kind), other) == tagged(made(kind), kind)


def spoilt(data, at, byte):
    return data[:at] + bytes((byte,)) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (spoilt(made("ogg"), len(made("ogg")) - 9, 0x5A), "an Ogg page of the audio is damaged"),
        (made("ogg") + b"x", "an Ogg page of the audio is damaged"),
        (made("ogg")[:-1], "the audio ends within an Ogg page"),
        (made("ogg") + made("ogg"), "the Ogg file holds more than one stream"),
        (tagged(made("ogg"), "ogg") * 2, "the Ogg file holds more than one stream"),
        (pages(made("ogg"))[0].write(), "the headers of the Ogg file are damaged"),
        (
            b"".join(page.write() for page in pages(made("ogg"))[:2]),
            "there is no audio in the file, only tags",
        ),
        (pages(made("ogg"))[1].write(), "the Ogg file holds neither Vorbis nor Opus"),
    ],
    ids=range(8),  # the bytes differ from run to run, by the number of their stream
)
def test_an_ogg_file_that_is_not_right_is_refused(data, says):
    with pytest.raises(IntegrityError) as caught:
        tagged(data, "ogg")
    assert str(caught.value) == says


def test_a_page_that_was_lost_stays_lost():
    found = pages(made("ogg"))
    lost = b"".join(page.write() for page in found[:3] + found[4:])
    numbers = [page.sequence for page in pages(tagged(lost, "ogg"))]
    assert numbers == [0, 1, 2, *range(4, len(found))]


# Comments.


def with_comments(*comments, vendor=b"them"):
    """Write a comment packet by hand, right or wrong."""
    counted = [len(one).to_bytes(4, "little") + one for one in (vendor, *comments)]
    count = len(comments).to_bytes(4, "little")
    return with_packet(b"".join((b"\x03vorbis", counted[0], count, *counted[1:], b"\x01")))


def with_packet(packet):
    """Put a packet where the comments are, over as many pages as it needs."""
    first, second, *rest = pages(made("ogg"))
    found, size = [first], 255 * 255
    for at in range(0, len(packet), size):
        page = OggPage()
        page.serial, page.sequence, page.continued = first.serial, len(found), at > 0
        page.complete = at + size > len(packet)
        page.packets = [packet[at : at + size]]
        page.position = 0 if page.complete else -1
        found.append(page)
    second.packets, second.sequence = second.packets[1:], len(found)
    return b"".join(page.write() for page in (*found, second, *rest))


def comments(data):
    return mutagen.File(BytesIO(data)).tags


def test_comments_of_others_are_kept_and_ours_replaced():
    data = with_comments(b"MOOD=dark", b"title=theirs", b"Description=ad", b"ISRC=1", b"KEY=x")
    found = comments(tagged(data, "ogg", Tags(artist="Us")))
    assert found["mood"] == ["dark"]
    assert found["isrc"] == ["1"]
    assert found["artist"] == ["Us"]
    assert not {"title", "description", "key"} & set(found.as_dict())


@pytest.mark.parametrize(
    "left",
    [
        b"no equals sign",
        b"=no name",
        b"N\xc3\xa4me=x",
        b"N~ME=x",
        b"NAME=\xff",
        b"LONG=" + b"x" * (40 << 10),
        b"METADATA_BLOCK_PICTURE=AAAA",
        b"COVERART=AAAA",
        b"",
    ],
)
def test_comments_that_are_not_right_are_left_behind(left):
    assert tagged(with_comments(left), "ogg") == tagged(with_comments(), "ogg")


def test_comments_that_do_not_end_are_read_as_far_as_they_go():
    body = (4).to_bytes(4, "little") + b"them" + (9).to_bytes(4, "little")
    body += (9).to_bytes(4, "little") + b"MOOD=dark" + (99).to_bytes(4, "little") + b"x"
    data = with_packet(b"\x03vorbis" + body)
    assert comments(tagged(data, "ogg"))["mood"] == ["dark"]


def test_no_more_comments_of_others_are_kept_than_a_tag_has():
    data = tagged(with_comments(*[b"A=b"] * 1000), "ogg")
    assert len(comments(data)["a"]) == READ_LIMIT
    assert tagged(data, "ogg") == data


def test_an_encoder_keeps_its_name_if_it_is_short():
    assert comments(tagged(with_comments(vendor=b"Xiph"), "ogg")).vendor == "Xiph"
    assert comments(tagged(with_comments(vendor=b"x" * 4000), "ogg")).vendor == ""


# Size.


LARGE = {
    "a comment of a hundred megabytes": (lambda: with_comments(b"A=" + b"x" * (100 * MIB)), ""),
    "a picture of thirty megabytes": (
        lambda: with_comments(b"METADATA_BLOCK_PICTURE=" + b"A" * (30 * MIB)),
        "",
    ),
    "a million comments": (lambda: with_comments(*[b"A=b"] * MIB), ""),
    "texts that are as long as is read": (
        lambda: with_comments(*[b"A=" + b"b" * 16_000] * 1024),
        "",
    ),
}


@pytest.mark.parametrize("row", LARGE)
def test_no_size_makes_it_slow(row):
    data, says = LARGE[row]
    assert_soon(data(), "ogg", says)
