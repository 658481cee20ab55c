"""Tags in WAV: chunks behind the sound."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
import soundfile
from tags.made import MIB, assert_soon, made, noise, tagged

from musicbuild.errors import IntegrityError
from musicbuild.tags import Finding


def chunk(name, body):
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


FORM, DATA = made("wav")[12:36], chunk(b"data", made("wav")[44:])
LOOP = chunk(b"smpl", struct.pack("<15I", 0, 0, 20833, 60, 0, 0, 0, 1, 0, 0, 0, 100, 2099, 0, 0))
INFO = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"theirs\0"))


def test_chunks_of_others_are_kept_and_padding_and_lists_left_out():
    labels = chunk(b"LIST", b"adtl" + chunk(b"labl", b"\1\0\0\0a\0"))
    data = riff(chunk(b"JUNK", bytes(28)), FORM, INFO, LOOP, DATA, labels, chunk(b"odd ", b"x"))
    after = tagged(data, "wav")
    assert after.startswith(riff(FORM, LOOP, DATA, labels, chunk(b"odd ", b"x"))[12:], 12)
    assert b"theirs" not in after
    assert int.from_bytes(after[4:8], "little") == len(after) - 8
    assert len(after) % 2 == 0
    assert tagged(after, "wav") == after


def test_a_loop_of_an_instrument_stays_where_engines_look_for_it():
    after = tagged(riff(FORM, DATA, LOOP), "wav", finding=Finding(loop=(100, 2000)))
    assert "Start : 100" in " ".join(
        soundfile.info(BytesIO(after), verbose=True).extra_info.split()
    )
    heard, rate = soundfile.read(BytesIO(after), dtype="float32")
    assert rate == 48_000
    assert np.allclose(heard, noise(), atol=1 / 32_768)


def test_frames_of_others_in_a_wav_file_are_kept():
    frame = b"PRIV\0\0\0\4\0\0m\0!!"
    tag = b"ID3\3\0\0\0\0\0\x0e" + frame
    for name in (b"id3 ", b"ID3 "):
        assert frame in tagged(riff(FORM, DATA, chunk(name, tag)), "wav")
    for broken in (b"ID3\3\0\0\x7f\x7f\x7f\x7f", b"ID3", b"", b"x" * 9):
        assert tagged(riff(FORM, DATA, chunk(b"id3 ", broken)), "wav") == tagged(made("wav"), "wav")


def test_the_last_byte_of_an_odd_chunk_may_be_missing():
    data = riff(FORM, chunk(b"data", bytes(3)))
    assert tagged(data[:-1], "wav") == tagged(data, "wav")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (made("wav")[:-2], "the audio ends within a chunk of the WAV file"),
        (
            riff(FORM, b"data\xff\xff\xff\xff" + bytes(9)),
            "the audio ends within a chunk of the WAV file",
        ),
        (riff(FORM, DATA, b"id"), "the audio ends within a chunk of the WAV file"),
        (riff(FORM), "the chunks of the WAV file are damaged"),
        (riff(DATA), "the chunks of the WAV file are damaged"),
        (riff(FORM, DATA, DATA), "the chunks of the WAV file are damaged"),
        (riff(FORM, chunk(b"data", b"")), "there is no audio in the file, only tags"),
        (b"RF64" + made("wav")[4:], "the audio is no WAV file"),
        (made("wav")[:8] + b"AVI " + made("wav")[12:], "the audio is no WAV file"),
    ],
)
def test_a_wav_file_that_is_not_right_is_refused(data, says):
    with pytest.raises(IntegrityError) as caught:
        tagged(data, "wav")
    assert str(caught.value) == says


LARGE = {
    "a million chunks": (
        lambda: riff(FORM, DATA, chunk(b"a   ", b"") * MIB),
        "the chunks of the WAV file are damaged",
    ),
    "a tag of a hundred megabytes": (
        lambda: riff(FORM, DATA, chunk(b"id3 ", b"ID3\3\0\0\x32\0\0\0" + bytes(100 * MIB))),
        "",
    ),
}


@pytest.mark.parametrize("row", LARGE)
def test_no_size_makes_it_slow(row):
    data, says = LARGE[row]
    assert_soon(data(), "wav", says)
