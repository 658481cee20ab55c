"""Pages keep their sound, their sums and their end, as readers that know Ogg find them."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.audio.formats.ogg_pages import (
    CONTINUED,
    FIRST,
    LAST,
    NotOgg,
    Page,
    numbered,
    opus_cut,
    opus_samples,
    read_pages,
    rewrite,
    vorbis_in_two_pages,
)


def sound(length, channels=2):
    return np.random.default_rng(length).uniform(-0.3, 0.3, (length, channels)).astype(np.float32)


def written(path, samples, subtype):
    # In chunks: libvorbis lays a chunk on the stack.
    with soundfile.SoundFile(path, "w", 48_000, 2, format="OGG", subtype=subtype) as file:
        for start in range(0, len(samples), 16_384):
            file.write(samples[start : start + 16_384])
    return path


def pages_of(path):
    with path.open("rb") as file:
        return list(read_pages(file))


def page(packets, **changed):
    told = {"flags": 0, "granule": 0, "serial": 7, "number": 0, "lacing": b"", "body": b""}
    empty = Page(**told | changed)
    return empty.holding(packets, granule=empty.granule, flags=empty.flags)


def opus_head(delay=312):
    head = b"OpusHead\x01\x02" + delay.to_bytes(2, "little") + bytes(7)
    return page((head,), flags=FIRST)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_read_and_written_again_the_bytes_are_those_of_libogg(subtype, tmp_path):
    path = written(tmp_path / "a.ogg", sound(100_000), subtype)
    found = pages_of(path)
    assert len(found) > 4
    assert b"".join(bytes(each) for each in found) == path.read_bytes()


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_another_serial_number_changes_no_sample(subtype, tmp_path):
    path = written(tmp_path / "a.ogg", sound(100_000), subtype)
    before, size = soundfile.read(path)[0], path.stat().st_size
    rewrite(path, lambda pages: numbered(pages, 0x01020304))
    assert path.stat().st_size == size
    assert {each.serial for each in pages_of(path)} == {0x01020304}
    assert np.array_equal(soundfile.read(path)[0], before)
    if shutil.which("ffmpeg"):
        # This reader minds the sums.
        done = subprocess.run(
            ["ffmpeg", "-v", "warning", "-err_detect", "crccheck", "-i", path, "-f", "null", "-"],
            capture_output=True,
            check=True,
        )
        assert done.stderr == b""


def test_short_vorbis_gets_a_second_page_and_keeps_its_sound(tmp_path):
    path = written(tmp_path / "a.ogg", sound(2000), "VORBIS")
    before, count = soundfile.read(path)[0], len(pages_of(path))
    rewrite(path, vorbis_in_two_pages)
    after = pages_of(path)
    assert len(after) == count + 1
    assert [each.number for each in after] == list(range(count + 1))
    assert [(each.granule, each.flags) for each in after[-2:]] == [(0, 0), (2000, LAST)]
    assert np.array_equal(soundfile.read(path)[0], before)


def test_longer_vorbis_is_left_as_it_is(tmp_path):
    path = written(tmp_path / "a.ogg", sound(100_000), "VORBIS")
    before = path.read_bytes()
    rewrite(path, vorbis_in_two_pages)
    assert path.read_bytes() == before


@pytest.mark.parametrize("samples", [1, 647, 648, 649, 40_000, 90_001])
def test_opus_ends_where_it_is_cut(samples, tmp_path):
    path = written(tmp_path / "a.opus", sound(100_000), "OPUS")
    before, size = soundfile.read(path)[0], path.stat().st_size
    rewrite(path, lambda pages: opus_cut(pages, samples))
    assert np.array_equal(soundfile.read(path)[0], before[:samples])
    assert path.stat().st_size < size
    after = pages_of(path)
    assert [bool(each.flags & LAST) for each in after] == [False] * (len(after) - 1) + [True]
    heard = sum(opus_samples(packet) for each in after[2:] for packet in each.packets)
    assert samples + 312 <= heard < samples + 312 + 960


def test_opus_is_not_cut_after_its_end(tmp_path):
    path = written(tmp_path / "a.opus", sound(5000), "OPUS")
    with pytest.raises(NotOgg, match=r"^it has fewer than 5001 samples$"):
        rewrite(path, lambda pages: opus_cut(pages, 5001))


def test_what_is_no_opus_is_not_cut(tmp_path):
    path = written(tmp_path / "a.ogg", sound(5000), "VORBIS")
    with pytest.raises(NotOgg, match=r"^it is no Opus stream$"):
        rewrite(path, lambda pages: opus_cut(pages, 100))


def test_a_packet_over_two_pages_is_not_cut():
    rest = page((b"\xfc" * 10,), flags=CONTINUED, granule=2000, number=1)
    with pytest.raises(NotOgg, match=r"^page 1 begins inside a packet$"):
        list(opus_cut(iter([opus_head(), rest]), 100))


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"\x00", 480),  # 10 ms of speech, one frame
        (b"\x18", 2880),  # 60 ms
        (b"\x68", 960),  # 20 ms of both kinds
        (b"\x80", 120),  # 2.5 ms of music
        (b"\xfc", 960),  # 20 ms, stereo
        (b"\xfd", 1920),  # two frames of one size
        (b"\xfe", 1920),  # two frames of two sizes
        (b"\xff\x06", 5760),  # six frames, 120 ms
        (b"\xff", 0),
    ],
)
def test_the_length_of_an_opus_packet_stands_in_its_first_byte(packet, samples):
    assert opus_samples(packet) == samples


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 509, 510, 5000])
def test_packets_of_any_size_come_back_from_a_page(size):
    packets = (b"a" * size, b"b" * 3, b"c" * size)
    (back,) = read_pages(io.BytesIO(bytes(page(packets, flags=LAST))))
    assert back.packets == packets


def test_a_file_that_breaks_off_or_goes_on_as_something_else_is_told(tmp_path):
    path = written(tmp_path / "a.ogg", sound(5000), "VORBIS")
    data = path.read_bytes()
    for broken, why in (
        (data[:-1], "^page 2 breaks off$"),
        (data[:60], "^there is no Ogg page after 0$"),
        (b"RIFF" + data, "^there is no Ogg page after 0$"),
        (data[: data.rindex(b"OggS")], "^the last page does not end the stream$"),
        (b"", "^the last page does not end the stream$"),
    ):
        path.write_bytes(broken)
        with pytest.raises(NotOgg, match=why):
            rewrite(path, vorbis_in_two_pages)


HOSTILE = st.lists(
    st.builds(
        lambda flags, granule, packets: bytes(page(tuple(packets), flags=flags, granule=granule)),
        st.integers(0, 255),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.lists(st.binary(max_size=40), max_size=4),
    )
    | st.binary(max_size=60)
    | st.just(bytes(opus_head())),
    max_size=4,
).map(b"".join)


@given(HOSTILE, st.integers(1, 5000))
def test_hostile_bytes_end_in_one_kind_of_error(data, samples):
    for change in (vorbis_in_two_pages, lambda pages: opus_cut(pages, samples)):
        try:
            for each in change(read_pages(io.BytesIO(data))):
                bytes(each)
        except NotOgg:
            pass
