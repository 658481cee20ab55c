"""Audio files with an oddity each, made by real encoders; run as a program, it decodes a folder."""

from __future__ import annotations

import io
import json
import random
import re
import sys
from pathlib import Path

import numpy as np
import soundfile

from musicbuild.audio.decode import NotAudio, open_audio
from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.mp3 import inspect

RATE = 44100
SAMPLES = 2 * RATE


def sound(samples=SAMPLES, channels=2, rate=RATE):
    """Make a chord that swells over noise, so that a variable bitrate varies."""
    time = np.arange(samples) / rate
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6)) / 6
    noise = np.random.default_rng(samples).normal(0, 0.02, (samples, channels))
    swell = (0.1 + 0.9 * (np.sin(2 * np.pi * time) > 0))[:, None]
    return ((chord[:, None] + noise) * swell).astype(np.float32)


def mp3(samples=SAMPLES, channels=2, rate=RATE):
    wave = np.rint(sound(samples, channels, rate) * 20000).astype(np.int16)
    return encode_mp3(wave, rate, bitrate=192 if rate >= 32000 else 64)


def other(kind, samples=SAMPLES, channels=2, rate=RATE, subtype=None, **settings):
    """Encode with libsndfile; its Vorbis encoder needs small pieces."""
    file = io.BytesIO()
    wave = sound(samples, channels, rate)
    with soundfile.SoundFile(
        file, "w", rate, channels, format=kind, subtype=subtype, **settings
    ) as into:
        for start in range(0, samples, 16384):
            into.write(wave[start : start + 16384])
    return file.getvalue()


def m4a(samples=SAMPLES, *, codec="aac", tags=None):
    av = __import__("av")
    file = io.BytesIO()
    with av.open(file, "w", format="ipod" if codec == "aac" else "mp4") as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=RATE, layout="stereo")
        wave = np.rint(sound(samples) * 20000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


def frames_alone(data):
    stream = inspect(data)
    return data[stream.runs[0][0] : stream.end]


def flipped(data, *, bits=20, start=2000):
    chance = random.Random(bits)
    damaged = bytearray(data)
    for _ in range(bits):
        damaged[chance.randrange(start, len(data))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def patched(data, after, value, *, skip=0):
    """Overwrite what follows the bytes `after`."""
    place = data.index(after) + len(after) + skip
    return data[:place] + value + data[place + len(value) :]


def flac_claims(data, samples):
    fields = int.from_bytes(data[18:26], "big") >> 36 << 36 | samples
    return data[:18] + fields.to_bytes(8, "big") + data[26:]


def id3(size):
    return b"ID3\x03\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0))


def write_large(folder):
    """Write the files that are mostly holes."""
    whole = mp3()
    largest = (1 << 28) - 1
    for name, head, size in (
        ("mp3-id3-of-256-mb.mp3", id3(largest), largest),
        ("mp3-cover-of-100-mb.mp3", id3(100 << 20) + b"APIC" + (99 << 20).to_bytes(4), 100 << 20),
    ):
        with (folder / name).open("wb") as file:
            file.write(head)
            file.seek(size + 10)
            file.write(whole)
    wav = other("WAV")
    with (folder / "wav-cover-of-100-mb.mp3").open("wb") as file:
        file.write(wav[:12] + b"id3 " + (100 << 20).to_bytes(4, "little"))
        file.seek(100 << 20, 1)
        file.write(wav[12:])
    with (folder / "more-than-512-mb.mp3").open("wb") as file:
        file.truncate((512 << 20) + 1)
    with (folder / "zeros-of-64-mb.mp3").open("wb") as file:
        file.truncate(64 << 20)


def decode(path):
    """Return what is heard and said of a file."""
    try:
        with open_audio(path) as reader:
            given = sum(len(block) for block in reader.blocks())
            assert given == reader.samples
            form = [reader.container, reader.sample_rate, reader.channels]
            return [*form, given, list(reader.problems)]
    except NotAudio as error:
        return str(error)


def main(folder):
    for path in sorted(folder.iterdir()):
        say(path.name, decode(path))
    status = Path("/proc/self/status")
    if status.exists():  # what else tells a process's own peak counts that of its parent too
        say("peak", 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]))


def say(name, result):
    sys.stdout.write(json.dumps([name, result]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
