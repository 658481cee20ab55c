"""The last stage: loudness, peaks, colour, ends, and the step to whole numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from . import dsp
from .dsp import F, Signal
from .exact import SAMPLE_RATE

TARGET = 0.0294510
"""The mean square after weighting that is -16 LUFS: 10 ** ((-16 + 0.691) / 10)."""

CEILING = 0.79
"""The highest sample: -2 dBFS, which leaves room for peaks between samples and for a codec."""

_TILE = SAMPLE_RATE * 8 // 10 * 10
_WARM_UP = SAMPLE_RATE // 2
_HOP = SAMPLE_RATE // 10


def loudness(signal: Signal) -> float:
    """Return the gated, weighted mean square of a stereo signal, in the manner of BS.1770.

    The weighting is of the first order, which keeps it exact; it is within 0.5 LU of the
    standard on music.  Less than 0.4 s is measured as one block.
    """
    blocks = _block_energies(signal)
    scale = 1.0 / (_HOP * 65536.0 * 65536.0)
    if len(blocks) < 4:
        return math.fsum(blocks) * scale / max(1, len(blocks))
    windows = [
        (blocks[i] + blocks[i + 1] + blocks[i + 2] + blocks[i + 3]) * scale / 4
        for i in range(len(blocks) - 3)
    ]
    heard = [window for window in windows if window > 1.1725e-7]  # -70 LUFS
    if not heard:
        return 0.0
    gate = math.fsum(heard) / len(heard) / 10
    loud = [window for window in heard if window > gate]
    return math.fsum(loud) / len(loud)


def _block_energies(signal: Signal) -> list[int]:
    """Return the weighted energy of each tenth of a second, both channels, as whole numbers."""
    count = signal.shape[1] // _HOP
    energies = [0] * max(1, count)
    for start in range(0, max(1, count) * _HOP, _TILE):
        before = min(start, _WARM_UP)
        stop = min(signal.shape[1], start + _TILE)
        for channel in signal:
            weighted = _weighted(channel[start - before : stop])[before:]
            if len(weighted) < _HOP:
                weighted = np.concatenate([weighted, np.zeros(_HOP - len(weighted), F)])
            whole = np.rint(weighted * F(65536.0)).astype(np.int64)
            whole *= whole
            np.cumsum(whole, out=whole, dtype=np.int64)
            ends = [int(end) for end in whole[_HOP - 1 :: _HOP]]
            for index, end in enumerate(ends):
                energies[start // _HOP + index] += end - (ends[index - 1] if index else 0)
    return energies


def _weighted(channel: Signal) -> Signal:
    out = dsp.highpass(channel, 38.0, 2)
    return out + dsp.highpass(out, 1500.0) * F(0.585)


def limit(signal: Signal, *others: Signal) -> None:
    """Keep a stereo signal below the ceiling, in place, by a gain that looks ahead 6 ms.

    The others are given the same gain.
    """
    step = SAMPLE_RATE // 1000
    count = signal.shape[1]
    blocks = -(-count // step)
    peaks = np.zeros(blocks * step, F)
    np.maximum(np.abs(signal[0]), np.abs(signal[1]), out=peaks[:count])
    highest = peaks.reshape(blocks, step).max(axis=1)
    if float(highest.max()) <= CEILING:
        return
    gain = _smooth_gain(np.minimum(F(1.0), F(CEILING) / np.maximum(highest, F(1e-9))))
    following = np.concatenate([gain[1:], gain[-1:]])
    between = np.arange(step, dtype=np.int32).astype(F) * F(1.0 / step)
    curve = (gain[:, None] + (following - gain)[:, None] * between[None, :]).reshape(-1)
    for each in (signal, *others):
        np.multiply(each, curve[:count], out=each)
    np.clip(signal, F(-CEILING), F(CEILING), out=signal)


def _smooth_gain(gain: Signal) -> Signal:
    """Spread each dip over its neighbours, then average: never above what was needed."""
    reach, count = 6, len(gain)
    padded = np.concatenate([np.ones(reach, F), gain, np.ones(reach, F)])
    lowest = gain
    for shift in range(2 * reach + 1):
        lowest = np.minimum(lowest, padded[shift : shift + count])
    ends = (np.full(reach, lowest[0], F), lowest, np.full(reach, lowest[-1], F))
    padded = np.concatenate(ends)
    total = np.zeros(count, F)
    for shift in range(2 * reach + 1):
        total += padded[shift : shift + count]
    smooth: Signal = np.minimum(total * F(1.0 / (2 * reach + 1)), F(1.0))
    return smooth


def level(signal: Signal, *others: Signal) -> None:
    """Bring a stereo signal to the target loudness, limited, in place; the others go with it."""
    for _ in range(3):
        measured = loudness(signal)
        if measured <= 0:
            return
        gain = math.sqrt(TARGET / measured)
        if abs(gain - 1.0) < 0.01:
            break
        for each in (signal, *others):
            np.multiply(each, F(gain), out=each)
        limit(signal, *others)


def flutter(signal: Signal, depth: float, cycles: int, begun: int, length: int) -> Signal:
    """Waver in pitch like a tape, `cycles` times in `length` samples after `begun`.

    `depth` is the widest delay, in seconds.
    """
    count = signal.shape[1]
    step = np.uint32((cycles * 4294967296 + length // 2) // length)
    out = np.empty_like(signal)
    sine = dsp.wavetable((1.0,))
    for start in range(0, count, _TILE):
        place = np.arange(start, min(count, start + _TILE), dtype=np.int64)
        turn = ((place - begun).astype(np.uint32) * step) >> np.uint32(20)
        delay = (sine[turn] + F(1.0)) * F(depth * SAMPLE_RATE * 0.5) + F(1.0)
        whole = np.floor(delay)
        rest = delay - whole
        near = np.maximum(place - whole.astype(np.int64), 0)
        far = np.maximum(near - 1, 0)
        for channel in (0, 1):
            heard = signal[channel][near]
            heard += (signal[channel][far] - heard) * rest
            out[channel, start : start + len(place)] = heard
    return out


def to_int16(signal: Signal, seed: int) -> NDArray[np.int16]:
    """Round a stereo signal to int16 of shape (n, 2), with triangular dither."""
    count = signal.shape[1]
    out = np.empty((count, 2), np.int16)
    for channel in (0, 1):
        for start in range(0, count, dsp.STRETCH):
            heard = signal[channel, start : start + dsp.STRETCH]
            dither = dsp.noise(len(heard), seed + 11 + channel, start)
            dither += dsp.noise(len(heard), seed + 77 + channel, start)
            wide = np.rint(heard * F(32767.0) + dither * F(0.5))
            wide = np.clip(wide, F(-32768.0), F(32767.0))
            out[start : start + dsp.STRETCH, channel] = wide.astype(np.int16)
    return out
