"""Gain in whole steps: heard exactly, seen by no checker, and taken back byte for byte."""

from __future__ import annotations

import io
import shutil
import subprocess

import lameenc
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.mp3 import NotMp3, inspect
from musicbuild.audio.mp3.gain import STEP_DB, GainOutOfRange, gained, steps_for
from musicbuild.audio.mp3.row import add_info_frame, row_of_frames

RATE = 44100


def music(seconds=1.0, channels=2, rate=RATE):
    """Make tones with hits and a stretch of silence, so that granules of all kinds occur."""
    random = np.random.default_rng(5)
    samples = int(seconds * rate)
    time = np.arange(samples)[:, None] / rate
    sound = 2500 * np.sin(2 * np.pi * 330 * time + np.arange(channels))
    for start in range(0, samples - 3000, rate // 5):
        burst = random.standard_normal((3000, channels))
        sound[start : start + 3000] += burst * np.exp(-np.arange(3000) / 500)[:, None] * 2500
    sound[samples // 2 : samples * 3 // 4] = 0
    return sound.astype(np.int16)


def varying(samples):
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(2)
    encoder.set_in_sample_rate(RATE)
    encoder.set_vbr(4)
    encoder.set_vbr_quality(4)
    raw = bytes(encoder.encode(samples.tobytes())) + bytes(encoder.flush())
    row = row_of_frames(raw)
    is_header = raw[36:40] in (b"Xing", b"Info")
    return add_info_frame(raw[row.places[1] :] if is_header else raw, len(samples))


def protected(data):
    """Give each frame of a second of music a check sum.

    There is room for it in frames of 320 kbit/s that each hold all of their own data.
    """
    row = row_of_frames(data)
    ends = [*row.places[1:], len(data)]
    reservoir, out = b"", []
    for place, end in list(zip(row.places, ends, strict=True))[1:]:
        head, side = data[place : place + 4], data[place + 4 : place + 36]
        bits = int.from_bytes(side, "big")
        back = bits >> 247
        size = sum(bits >> (256 - 20 - 59 * n - 12) & 0xFFF for n in range(4))
        own = data[place + 36 : end]
        main = ((reservoir[-back:] if back else b"") + own)[: -(-size // 8)]
        reservoir += own
        head = bytes((head[0], head[1] & 0xFE, 0xE0 | head[2] & 0xC, head[3]))
        side = (bits & (1 << 247) - 1).to_bytes(32, "big")
        frame = head + check_sum(head[2:] + side).to_bytes(2, "big") + side + main
        assert len(frame) <= 1044
        out.append(frame.ljust(1044, b"\0"))
    return add_info_frame(b"".join(out), RATE)


def check_sum(data):
    """CRC-16 by long division: the slow way, and another one than the tool's."""
    number = int.from_bytes(data, "big") << 16 ^ 0xFFFF << 8 * len(data)
    for bit in range(8 * len(data) + 15, 15, -1):
        if number >> bit & 1:
            number ^= 0x18005 << bit - 16
    return number


STREAMS = {
    "stereo": encode_mp3(music(), RATE),
    "mono": encode_mp3(music(channels=1), RATE, bitrate=96),
    "48 kHz": encode_mp3(music(rate=48000), 48000, bitrate=256),
    "varying": varying(music()),
    "protected": protected(encode_mp3(music(), RATE, bitrate=128)),
    "22 kHz mono": encode_mp3(music(channels=1, rate=22050), 22050, bitrate=48),
    "24 kHz stereo": encode_mp3(music(rate=24000), 24000, bitrate=96),
    "11 kHz mono": encode_mp3(music(channels=1, rate=11025), 11025, bitrate=32),
}
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)


def decode(data):
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]


# -- what is heard


@every_stream
@pytest.mark.parametrize("steps", [-12, -1, 1, 3, 4])
def test_the_sound_is_scaled_exactly(stream, steps):
    factor = 2 ** (steps / 4)
    before, after = decode(stream), decode(gained(stream, steps))
    assert before.shape == after.shape
    assert np.abs(before).max() > 0.1
    assert np.abs(after - before * factor).max() <= 2e-6 * max(1, factor)


@every_stream
def test_ffmpeg_hears_the_same(stream, tmp_path):
    quieter = gained(stream, -5)
    assert len(quieter) == len(stream)
    if shutil.which("ffmpeg"):
        before, after = (by_ffmpeg(data, tmp_path) for data in (stream, quieter))
        assert np.abs(after - before * 2**-1.25).max() <= 2e-6


def by_ffmpeg(data, tmp_path, says=b""):
    path = tmp_path / "piece.mp3"
    path.write_bytes(data)
    command = ["ffmpeg", "-v", "warning", "-err_detect", "crccheck+bitstream"]
    done = subprocess.run(
        [*command, "-i", path, "-f", "f32le", "-"], capture_output=True, check=True
    )
    assert says in done.stderr
    assert says or not done.stderr
    return np.frombuffer(done.stdout, "<f4")


# -- what is left as it was


@every_stream
def test_only_gains_and_check_sums_change(stream):
    louder = gained(stream, 2)
    assert louder != stream
    assert gained(stream, 0) == stream
    row = row_of_frames(stream)
    inside = set()
    for place in row.places[1:]:
        inside.update(range(place + 4, place + 6 + row.side_info))
    assert {at for at, (a, b) in enumerate(zip(stream, louder, strict=True)) if a != b} <= inside
    assert inspect(louder) == inspect(stream)


@every_stream
@pytest.mark.parametrize("steps", [-30, -1, 1, 7, 20])
def test_it_is_taken_back_byte_for_byte(stream, steps):
    assert gained(gained(stream, steps), -steps) == stream


def test_a_stream_without_a_header_frame_is_changed_from_its_first_frame_on():
    raw = STREAMS["stereo"][row_of_frames(STREAMS["stereo"]).places[1] :]
    louder = gained(raw, 4)
    assert gained(STREAMS["stereo"], 4).endswith(louder)
    assert gained(louder, -4) == raw


@pytest.mark.parametrize("offset", [36, 38])
def test_a_header_frame_with_a_check_sum_is_left_alone(offset):
    row = row_of_frames(STREAMS["protected"])
    raw = STREAMS["protected"][row.places[1] :]
    header = raw[:6].ljust(offset, b"\0") + b"Info"
    header = header.ljust(row.places[2] - row.places[1], b"\x55")
    louder = gained(header + raw, 3)
    assert louder == header + gained(raw, 3)


def test_a_header_frame_of_the_other_kind_is_left_alone():
    row = row_of_frames(STREAMS["stereo"])
    raw = STREAMS["stereo"][row.places[1] :]
    header = (raw[:36] + b"VBRI").ljust(row.places[2] - row.places[1], b"\x55")
    assert gained(header + raw, 3) == header + gained(raw, 3)


# -- silence and the ends of the range


def frame_with(gains, length=100):
    """Write an MPEG-1 stereo frame with these gains, whose granules claim `length` bits."""
    bits = 0
    for granule, gain in enumerate(gains):
        bits |= length << (256 - 20 - 59 * granule - 12)
        bits |= gain << (256 - 20 - 59 * granule - 29)
    return (b"\xff\xfb\x90\x40" + bits.to_bytes(32, "big")).ljust(417, b"\0")


def gains_in(frame):
    bits = int.from_bytes(frame[4:36], "big")
    return [bits >> (256 - 20 - 59 * granule - 29) & 0xFF for granule in range(4)]


def test_granules_without_gain_stay_silent():
    raw = frame_with([0, 10, 0, 200]) * 3
    assert gains_in(gained(raw, 5)) == [0, 15, 0, 205]
    assert gains_in(gained(raw, -9)) == [0, 1, 0, 191]
    assert gained(gained(raw, -9), 9) == raw


def test_granules_without_data_limit_nothing():
    raw = frame_with([255, 3, 0, 200], length=0) + frame_with([100] * 4)
    louder = gained(raw, 100)
    assert gains_in(louder) == [255, 3, 0, 200]
    assert gains_in(louder[417:]) == [200] * 4


@pytest.mark.parametrize("steps", [-10, 56, -1000, 1000])
def test_a_step_too_far_is_refused(steps):
    raw = frame_with([100] * 4) + frame_with([10, 200, 200, 200])
    with pytest.raises(GainOutOfRange) as refusal:
        gained(raw, steps)
    assert str(refusal.value) == f"its gain can't be moved by {steps} steps and back"
    assert gains_in(gained(raw, 55)[417:]) == [65, 255, 255, 255]


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 255), min_size=4, max_size=4), min_size=1, max_size=4),
    st.integers(-300, 300),
)
def test_whatever_is_done_can_be_undone(frames, steps):
    raw = b"".join(map(frame_with, frames))
    try:
        moved = gained(raw, steps)
    except GainOutOfRange:
        return
    assert gained(moved, -steps) == raw


@settings(max_examples=50)
@given(st.binary(max_size=900), st.integers(-5, 5))
def test_other_bytes_are_refused(data, steps):
    with pytest.raises(NotMp3, match="no unbroken row"):
        gained(b"\xff\xfb\x90\x40" + data[:400] + b"\0" + data, steps)


# -- steps


@pytest.mark.parametrize(
    ("gain_db", "steps"), [(0, 0), (0.7, 0), (0.8, 1), (-1.5, -1), (6.02, 4), (-60, -40)]
)
def test_a_gain_becomes_the_nearest_number_of_steps(gain_db, steps):
    assert steps_for(gain_db) == steps
    assert abs(steps * STEP_DB - gain_db) <= STEP_DB / 2


# -- what other tools say


@every_stream
def test_mp3val_finds_nothing(stream, tmp_path):
    """The outside reader where there is one; our own walker anyway."""
    louder = gained(stream, 3)
    assert inspect(louder).problems == ()
    assert complaints(louder, tmp_path) == []


def test_the_check_sums_are_ones_that_others_check(tmp_path):
    stream = STREAMS["protected"]
    place = row_of_frames(stream).places[5]
    louder = gained(stream, 3)
    sums = louder[place + 4 : place + 6]
    assert int.from_bytes(sums, "big") == check_sum(
        louder[place + 2 : place + 4] + louder[place + 6 : place + 38]
    )
    wrong = louder[: place + 4] + bytes((sums[0] ^ 1, sums[1])) + louder[place + 6 :]
    if shutil.which("ffmpeg"):
        by_ffmpeg(wrong, tmp_path, says=b"CRC mismatch")
    if shutil.which("mp3val"):
        assert any("CRC" in line for line in complaints(wrong, tmp_path))


def complaints(data, tmp_path):
    path = tmp_path / "piece.mp3"
    path.write_bytes(data)
    if not shutil.which("mp3val"):
        return []
    report = subprocess.run(["mp3val", path], capture_output=True, text=True, check=True).stdout
    lines = [line for line in report.splitlines() if line.startswith(("WARNING", "ERROR"))]
    return [line for line in lines if "No supported tags" not in line]
