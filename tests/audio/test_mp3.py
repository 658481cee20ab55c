"""The walker finds every frame, notices every cut, and never breaks on hostile bytes."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import mutagen.mp3
import numpy as np
import pytest
from effort import at_most
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.mp3 import NotMp3, inspect
from musicbuild.audio.mp3.row import add_info_frame

RATE = 44100


def tone(samples, channels=2, pitch=440.0, rate=RATE):
    turns = np.arange(samples) * pitch / rate
    wave = np.rint(12000 * np.sin(2 * np.pi * turns)).astype(np.int16)
    return np.repeat(wave[:, None], channels, axis=1)


SHORT = encode_mp3(tone(5000), RATE)
FRAME = 417
"""The size of a frame of silence made below, without padding: 128 kbit/s at 44.1 kHz."""


def silent_frame(kbps_index=9, *, mono=False):
    """Write one MPEG-1 layer III frame whose granules are all empty."""
    header = bytes((0xFF, 0xFB, kbps_index << 4, 0xC0 if mono else 0x40))
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192)[kbps_index]
    return header.ljust(144000 * kbps // RATE, b"\0")


# -- what a clean stream is


def test_a_clean_file_is_read_whole():
    stream = inspect(SHORT)
    assert (stream.sample_rate, stream.channels, stream.samples) == (RATE, 2, 5000)
    assert stream.frames == 6  # 576 before, 5000, and padding up to a whole frame
    assert (stream.start, stream.end) == (0, len(SHORT))
    assert stream.seconds == pytest.approx(5000 / RATE)
    assert stream.problems == ()


def test_a_raw_stream_counts_whole_frames():
    stream = inspect(silent_frame() * 10)
    assert (stream.frames, stream.samples, stream.problems) == (10, 11520, ())


def test_mono_and_low_rates_are_read():
    for rate, bitrate in ((48000, 192), (32000, 128), (22050, 64), (11025, 32)):
        for channels in (1, 2):
            data = encode_mp3(tone(rate, channels, rate=rate), rate, bitrate=bitrate)
            stream = inspect(data)
            assert (stream.sample_rate, stream.channels) == (rate, channels)
            assert (stream.samples, stream.seconds, stream.problems) == (rate, 1.0, ())


def test_tags_around_the_frames_are_stepped_over():
    id3v2 = b"ID3\x04\0\0" + bytes((0, 0, 1, 4)) + bytes(132)
    footer = b"APETAGEX" + (2000).to_bytes(4, "little") + (64).to_bytes(4, "little")
    footer += (1).to_bytes(4, "little") + bytes(12)
    ape = bytes(32) + footer
    data = id3v2 + id3v2 + SHORT + ape + b"TAG".ljust(128, b" ")
    stream = inspect(data)
    assert data[stream.start : stream.end] == SHORT
    assert stream.problems == ()
    assert stream.samples == 5000


# -- what is wrong with one


def test_a_gap_inside_is_named():
    frame = silent_frame()
    stream = inspect(frame * 3 + b"rubbish" * 10 + frame * 3)
    assert (stream.frames, stream.problems) == (6, ("70 bytes in 1 places inside are no MP3",))


def test_bytes_before_and_after_are_named():
    stream = inspect(b"rubbish" + silent_frame() * 3 + b"\0\0\0")
    assert stream.problems == (
        "7 bytes before the first frame are no MP3",
        "3 bytes after the last frame are no MP3",
    )
    assert (stream.start, stream.end) == (7, 7 + 3 * FRAME)


def test_a_partial_frame_is_named():
    assert inspect(silent_frame() * 3 + silent_frame()[:100]).problems == (
        "the last frame breaks off after 100 bytes",
    )


def test_a_broken_promise_is_named_and_not_believed():
    stream = inspect(SHORT[: SHORT.rindex(b"\xff\xfb")])
    assert stream.problems == ("the header says 6 frames, there are 5",)
    assert stream.samples == 5 * 1152


def test_a_promise_of_a_hundred_hours_is_not_believed():
    place = SHORT.index(b"Info") + 8
    stream = inspect(SHORT[:place] + b"\x7f\xff\xff\xff" + SHORT[place + 4 :])
    assert stream.frames == 6
    assert stream.problems == ("the header says 2147483647 frames, there are 6",)


def test_a_varying_bitrate_needs_a_header():
    raw = silent_frame(9) * 3 + silent_frame(11) * 3
    assert inspect(raw).problems == ("the bitrate varies and no header gives the length",)
    mended = add_info_frame(raw, 5000)
    assert (inspect(mended).problems, inspect(mended).samples) == ((), 5000)
    assert b"Xing" in mended[:100]


def test_a_header_of_the_other_kind_is_read():
    head = silent_frame()
    vbri = head[:36] + b"VBRI" + bytes(10) + (4).to_bytes(4, "big") + head[54:]
    assert inspect(vbri + silent_frame() * 4).problems == ()
    assert inspect(vbri + silent_frame() * 3).problems == ("the header says 4 frames, there are 3",)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b"<!doctype html><title>Not found</title>", "it looks like a web page"),
        (b'  {"error": "gone"}', "it looks like JSON"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "it looks like a WAV file"),
        (b"OggS\0\2", "it looks like an Ogg file"),
        (b"fLaC\0\0", "it looks like a FLAC file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it looks like a Git LFS pointer"),
        (b"ID3\x04\0\0\0\0\x7f\x7f" + bytes(50), "it is a tag without audio"),
        (bytes(5000), "it holds no MP3 frames"),
        (SHORT[:100], "it holds no MP3 frames"),
        (SHORT[:700], "it breaks off in the first frame"),
    ],
)
def test_what_is_no_mp3_is_refused_in_a_sentence(data, sentence):
    with pytest.raises(NotMp3) as refusal:
        inspect(data)
    assert str(refusal.value) == sentence


def test_the_bounds_are_kept():
    with pytest.raises(NotMp3, match="no more than 100 are read"):
        inspect(SHORT, max_bytes=100)
    with pytest.raises(NotMp3, match=r"longer than 0\.05 seconds"):
        inspect(SHORT, max_seconds=0.05)


@pytest.mark.parametrize(
    "piece", [b"\xff", b"\xff\xfb\x90\0", b"ID3\x04\0\0\0\0\0\0", b"\0", b"\xff\xfb\x10\0" * 100]
)
def test_megabytes_of_hostile_bytes_are_walked_once(piece):
    data = silent_frame() * 2 + piece * (8_000_000 // len(piece)) + silent_frame() * 2
    for hostile in (data, data[2 * FRAME :]):
        with at_most(calls=len(data) // 8), contextlib.suppress(NotMp3):
            assert inspect(hostile).problems


# -- properties


@given(st.binary(max_size=3000))
def test_random_bytes_raise_nothing_else(data):
    with contextlib.suppress(NotMp3):
        inspect(data)


@given(
    st.lists(
        st.sampled_from([SHORT, SHORT[:800], silent_frame(), b"\xff\xfb\x90", b"TAG", b"ID3\x04"])
        | st.binary(max_size=200),
        max_size=8,
    )
)
def test_pieces_in_any_order_raise_nothing_else(pieces):
    data = b"".join(pieces)
    try:
        stream = inspect(data)
    except NotMp3:
        return
    assert 0 <= stream.start < stream.end <= len(data)
    assert 0 < stream.samples <= stream.frames * 1152


def test_a_cut_at_any_byte_is_noticed():
    for cut in range(len(SHORT)):
        with contextlib.suppress(NotMp3):
            assert inspect(SHORT[:cut]).problems, cut


@given(st.data())
def test_a_piece_missing_inside_is_noticed(data):
    first = data.draw(st.integers(0, len(SHORT) - 1))
    last = data.draw(st.integers(first + 1, len(SHORT)))
    with contextlib.suppress(NotMp3):
        assert inspect(SHORT[:first] + SHORT[last:]).problems


@settings(max_examples=25)
@given(st.integers(0, 8), st.integers(1, 4000), st.sampled_from([1, 2]))
def test_a_header_put_before_a_raw_stream_gives_its_length(whole, rest, channels):
    samples = whole * 1152 + rest
    data = encode_mp3(tone(samples, channels), RATE)
    assert inspect(data).samples == samples
    assert inspect(data).problems == ()


def test_the_header_is_what_other_readers_expect():
    info = mutagen.mp3.MP3(fileobj=_file(SHORT)).info
    assert info.bitrate_mode == mutagen.mp3.BitrateMode.CBR
    assert info.encoder_info.startswith("LAME")
    assert info.length == pytest.approx(5000 / RATE, abs=1e-6)
    tag = SHORT.index(b"LAME")
    assert int.from_bytes(SHORT[tag + 34 : tag + 36], "big") == _crc(SHORT[: tag + 34])


def test_a_header_is_refused_where_it_would_lie():
    raw = silent_frame() * 3
    with pytest.raises(ValueError, match="3 frames can't hold 9000 samples after 576"):
        add_info_frame(raw, 9000)
    with pytest.raises(NotMp3, match="no unbroken row"):
        add_info_frame(raw + b"TAG", 1000)
    with pytest.raises(NotMp3, match="no unbroken row"):
        add_info_frame(b"", 1000)
    with pytest.raises(NotMp3, match="no unbroken row"):
        add_info_frame(raw + silent_frame(mono=True), 1000)


def test_mp3val_finds_nothing(tmp_path):
    """The outside reader where there is one; the promises of the header hold anyway."""
    path = tmp_path / "one.mp3"
    path.write_bytes(encode_mp3(tone(RATE), RATE))
    assert inspect(path.read_bytes()).frames == 40
    if shutil.which("mp3val"):
        report = subprocess.run(["mp3val", path], capture_output=True, text=True, check=True)
        warnings = [line for line in report.stdout.splitlines() if line.startswith("WARNING")]
        assert all("No supported tags" in line for line in warnings), report.stdout
        assert "41 MPEG frames (MPEG 1 Layer III)" in report.stdout


def _file(data):
    import io

    return io.BytesIO(data)


def _crc(data):
    """CRC-16/ARC, written the slow and other way: by polynomial division of reflected bits."""
    register = 0
    for byte in data:
        for bit in range(8):
            carry = (register >> 15) ^ (byte >> bit & 1)
            register = (register << 1) & 0xFFFF
            if carry:
                register ^= 0x8005
    return int(f"{register:016b}"[::-1], 2)
