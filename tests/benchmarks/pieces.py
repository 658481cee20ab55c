"""Pieces that are like music and differ from each other, made from a seed, for benchmarks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.measure import measure
from musicbuild.audio.sound import amplitude, to_int16

RATE = 44_100
MADE = 1
"""This recipe; the number goes up when the same seed gives another piece."""

CACHE = Path(tempfile.gettempdir()) / "musicbuild-benchmarks"


def pieces(count, seconds):
    """Return the paths of MP3s of 192 kbit/s, 44.1 kHz, stereo, evenly from -28 to -16 LUFS."""
    CACHE.mkdir(exist_ok=True)
    levels = np.linspace(-28, -16, count)
    return [_piece(seed, seconds, round(float(level), 1)) for seed, level in enumerate(levels)]


def _piece(seed, seconds, loudness):
    path = CACHE / f"{MADE}-{seed}-{seconds}s{loudness}LUFS.mp3"
    if not path.exists():
        sound = music(seed, seconds)
        had = measure([sound], RATE, 2).loudness.integrated
        # At the loud end peaks are cut, as they are in much of what is delivered.
        sound = np.clip(sound * np.float32(amplitude(loudness - had)), -0.999, 0.999)
        path.write_bytes(encode_mp3(to_int16(sound), RATE, quality=7))
    return path


def music(seed, seconds):
    """Return chords, a melody, a bass and drums, of shape (seconds * 44100, 2)."""
    random = np.random.default_rng(seed)
    beat = 60 / random.uniform(70, 170)
    scale = random.integers(40, 52) + np.array([0, 2, 3, 5, 7, 8, 10])
    sound = np.zeros((seconds * RATE, 2), np.float32)
    drums = [_kick(), _noise(random, 0.15, 0.05), _noise(random, 0.05, 0.012)]
    loud = random.uniform([0.3, 0.1, 0.03], [1.0, 0.5, 0.3])
    overtones = random.integers(3, 24)
    for number in range(int(seconds / beat)):
        at, root = number * beat, random.integers(0, 4) if number % 4 == 0 else 0
        # A song has quiet parts and loud ones.
        level = 0.5 + 0.5 * np.sin(number / random.uniform(9, 11)) ** 2
        _add(sound, _note(scale[root] - 12, beat, 5), at, 0.4 * level, 0)
        if number % 4 == 0:
            for step in (0, 2, 4):
                pitch = scale[(root + step) % 7] + 12
                _add(sound, _note(pitch, 4 * beat, overtones), at, 0.12, random.uniform(-1, 1))
        pitch = random.choice(scale) + 24
        _add(sound, _note(pitch, beat, overtones), at, 0.25 * level, random.uniform(-0.5, 0.5))
        _add(sound, drums[number % 2], at, loud[number % 2] * level, 0)
        for half in (0, 0.5):
            _add(sound, drums[2], at + half * beat, loud[2], 0.3)
    return sound + _hall(sound, random)


def _hall(sound, random):
    """Return the sound of a room: without one, music is far easier to encode than it is."""
    size = 1 << 17
    answer = random.standard_normal((size // 2, 2), np.float32)
    answer *= np.exp(np.arange(size // 2) / (-0.4 * RATE))[:, None].astype(np.float32)
    answer *= np.float32(random.uniform(0.2, 0.6)) / np.sqrt(np.sum(answer**2, axis=0))
    response = np.fft.rfft(answer, size, axis=0)
    # Air and walls take the heights.
    response /= 1 + np.linspace(0, RATE / 2, len(response), dtype=np.float32)[:, None] / 3000
    wet = np.zeros((len(sound) + size, 2), np.float32)
    for start in range(0, len(sound), size // 2):
        spectrum = np.fft.rfft(sound[start : start + size // 2], size, axis=0) * response
        wet[start : start + size] += np.fft.irfft(spectrum, size, axis=0)
    return wet[: len(sound)]


def _note(pitch, seconds, overtones):
    time = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    phase = 2 * np.pi * hertz * time
    wave = np.zeros_like(time)
    for number in range(1, overtones + 1):
        if hertz * number < 16_000:
            wave += np.sin(number * phase + number) / number
    return wave * np.exp(time * (-2 / seconds)) * np.minimum(1, time * 200)


def _kick():
    time = np.arange(RATE // 4, dtype=np.float32) / RATE
    return np.sin(2 * np.pi * (50 * time - 4 * np.exp(-30 * time))) * np.exp(-12 * time)


def _noise(random, seconds, decay):
    time = np.arange(int(seconds * RATE), dtype=np.float32) / RATE
    noise = random.standard_normal(len(time) + 3, np.float32)
    noise = noise[3:] + noise[2:-1] + 0.5 * noise[1:-2]  # less of the highest heights
    noise *= np.exp(time / -decay)
    return noise / np.abs(noise).max()


def _add(sound, wave, seconds, level, side):
    place = int(seconds * RATE)
    wave = (wave * level).astype(np.float32)[: max(0, len(sound) - place)]
    sound[place : place + len(wave), 0] += wave * np.float32(min(1, 1 - side))
    sound[place : place + len(wave), 1] += wave * np.float32(min(1, 1 + side))
