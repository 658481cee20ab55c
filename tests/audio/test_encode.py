"""What is encoded comes back: as long as it was, and as it sounded."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.mp3 import inspect

RATE = 44100
LENGTHS = (100, 575, 576, 577, 1151, 1152, 1153, 1729, 22050, 44100, 52919, 100_000)


def noise(samples, channels=2):
    return np.random.default_rng(samples).integers(-9000, 9000, (samples, channels), np.int16)


def chord(samples):
    turns = np.arange(samples)[:, None] * np.array([[220.0, 277.2]]) / RATE
    return np.rint(9000 * np.sin(2 * np.pi * turns)).astype(np.int16)


def decode(path, channels):
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "mp3", "-i", path, "-f", "s16le", "-"],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<i2").reshape(-1, channels)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_length_is_exact(length, tmp_path):
    for channels in (1, 2):
        data = encode_mp3(noise(length, channels), RATE)
        stream = inspect(data)
        assert (stream.samples, stream.channels, stream.problems) == (length, channels, ())
        if shutil.which("ffmpeg"):
            path = tmp_path / "piece.mp3"
            path.write_bytes(data)
            assert len(decode(path, channels)) == length


def test_ffprobe_agrees_on_the_duration(tmp_path):
    path = tmp_path / "piece.mp3"
    path.write_bytes(encode_mp3(chord(RATE * 2), RATE))
    assert inspect(path.read_bytes()).seconds == 2.0
    if shutil.which("ffprobe"):
        asked = ["ffprobe", "-v", "error", "-show_entries", "format=bit_rate:stream=duration"]
        done = subprocess.run(
            [*asked, "-of", "csv=p=0", path], capture_output=True, text=True, check=True
        )
        duration, bitrate = done.stdout.split()
        # It counts whole frames; how many depends on the version.
        assert 2.0 <= float(duration) <= 2.0 + 2 * 1152 / RATE
        assert int(bitrate) == pytest.approx(192_000, rel=0.02)


def test_it_sounds_as_it_did_and_in_time(tmp_path):
    samples = chord(RATE)
    data = encode_mp3(samples, RATE, bitrate=256)
    assert len(data) == pytest.approx(256_000 / 8, rel=0.1)
    if shutil.which("ffmpeg"):
        path = tmp_path / "piece.mp3"
        path.write_bytes(data)
        back = decode(path, 2).astype(float)
        middle = slice(2000, -2000)
        error = np.sqrt(np.mean((back[middle] - samples[middle]) ** 2))
        assert error < 0.001 * np.sqrt(np.mean(samples[middle].astype(float) ** 2))


def test_the_same_samples_give_the_same_bytes():
    assert encode_mp3(noise(9999), RATE) == encode_mp3(noise(9999), RATE)
    assert encode_mp3(np.asfortranarray(noise(9999)), RATE) == encode_mp3(noise(9999), RATE)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((10, 2), np.float32),
        np.zeros(10, np.int16),
        np.zeros((10, 3), np.int16),
        np.zeros((0, 2), np.int16),
    ],
)
def test_other_arrays_are_refused(samples):
    with pytest.raises(ValueError, match="samples"):
        encode_mp3(samples, RATE)


def test_the_walker_imports_nothing_heavy():
    code = (
        "import sys, musicbuild.audio.mp3; print('numpy' in sys.modules, 'lameenc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
