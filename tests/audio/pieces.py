"""Short pieces to be mastered, and what FFmpeg's libraries hear in a finished file."""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
import soundfile

from musicbuild.sketch.piece import sketch

RATE = 44_100


def music(seconds=4.0, rate=RATE, channels=2, *, peak=0.5, seed=0):
    """Chords over a drum, far from as loud as its peaks would let it be."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    sound = np.zeros((len(time), 2))
    for pitch in (110, 138.6, 164.8, 220, 440.7, 1318):
        sound += np.sin(2 * np.pi * pitch * time + seed)[:, None] * rng.uniform(0.2, 1, 2) / 4
    beat = time % 0.5
    sound += (3 * np.sin(2 * np.pi * 60 * beat) * np.exp(-12 * beat))[:, None]
    burst = rng.normal(0, 1, sound.shape) * np.exp(-60 * beat)[:, None]
    sound += burst + np.roll(burst, 1, axis=0)  # with less of the highest frequencies
    sound *= peak / np.abs(sound).max()
    return sound[:, :channels].astype(np.float32)


@functools.cache
def composed(prompt="Chiptune, 120 BPM", seconds="6", *, loop=False):
    """Return samples of a composed piece, of which none may be changed."""
    samples = sketch(prompt, seconds, loop=loop).samples.astype(np.float32) / 32768
    samples.setflags(write=False)
    return samples


def wav(path, sound, rate=RATE, subtype="FLOAT"):
    """Write a source: a WAV of floats is the sound itself."""
    soundfile.write(path, sound, rate, format="WAV", subtype=subtype)
    return path


class Heard(NamedTuple):
    """A file as FFmpeg's libraries decode and measure it; levels in LUFS and dBTP."""

    sound: np.ndarray
    rate: int
    loudness: float
    true_peak: float


def heard(path, name=None):
    sound, rate = decoded(path, name)
    figures = _figures(sound, rate)
    highest = max(value for key, value in figures.items() if "true_peaks_ch" in key)
    return Heard(sound, rate, figures["lavfi.r128.I"], 20 * math.log10(max(highest, 1e-9)))


def decoded(path, name=None):
    # A few frames of MP3 are too few to be guessed from.
    with av.open(str(path), format="mp3" if name == "mp3" else None) as file:
        to_planes = av.AudioResampler(format="fltp")
        frames = [part for frame in file.decode(audio=0) for part in to_planes.resample(frame)]
    sound = np.concatenate([frame.to_ndarray().T for frame in frames])
    return np.ascontiguousarray(sound), frames[0].sample_rate


def ebur128(sound, rate):
    """Return the figures of FFmpeg's `ebur128` after each tenth of a second."""
    layout = ("mono", "stereo")[sound.shape[1] - 1]
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=rate, format="flt", layout=layout, time_base=Fraction(1, rate)
    )
    meter = graph.add("ebur128", "metadata=1:peak=true:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout=layout)
    frame.sample_rate = rate
    graph.push(frame)
    graph.push(None)
    told = []
    while True:
        try:
            told += filter(None, [graph.pull().metadata])
        except (av.BlockingIOError, av.EOFError):
            break
    return [{name: float(value) for name, value in figures.items()} for figures in told]


def _figures(sound, rate):
    # It measures in tenths of a second: silence makes up the last, for its peak, not its loudness.
    told = ebur128(np.concatenate([sound, np.zeros((rate // 5, sound.shape[1]), np.float32)]), rate)
    whole = told[min(len(told), len(sound) * 10 // rate) - 1] if len(sound) * 10 >= rate else {}
    return told[-1] | {"lavfi.r128.I": whole.get("lavfi.r128.I", -math.inf)}
