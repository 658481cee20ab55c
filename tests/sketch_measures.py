"""How a finished piece is measured: by numpy alone, from its samples or its score."""

from __future__ import annotations

import numpy as np

RATE = 44100


def mono(samples):
    return samples.mean(axis=1) / 32768


def decibels(power):
    return 10 * np.log10(power + 1e-20)


def lufs(samples):
    """Measure as BS.1770 says, its two filters applied as their response to frequency."""
    size = 1 << (len(samples) + RATE).bit_length()
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    # The coefficients for 44.1 kHz, by the bilinear transform of the analogue prototypes.
    shelf = (1.5308412300503478 - 2.6509799951547297 * z + 1.1690790799215869 * z**2) / (
        1 - 1.6636551132560204 * z + 0.7125954280732254 * z**2
    )
    high = (1 - 2 * z + z**2) / (1 - 1.9891696736297957 * z + 0.9891990357870394 * z**2)
    power = 0
    for channel in samples.T / 32768:
        weighted = np.fft.irfft(np.fft.rfft(channel, size) * shelf * high, size)
        power = power + weighted[: len(samples)] ** 2
    step = RATE // 10
    tenths = power[: len(power) // step * step].reshape(-1, step).mean(axis=1)
    windows = np.convolve(tenths, np.ones(4) / 4, "valid")
    windows = windows[windows > 10 ** ((-70 + 0.691) / 10)]
    windows = windows[windows > windows.mean() / 10]
    return -0.691 + decibels(windows.mean())


def side_to_middle(samples):
    """Return how wide a piece is: the RMS of its channels' difference by that of their sum."""
    sound = samples / 32768
    side, middle = sound[:, 0] - sound[:, 1], sound.sum(axis=1)
    return float(np.sqrt((side**2).mean() / (middle**2).mean()))


def centroid(samples):
    """Return the middle of the magnitude spectrum of the whole, in Hz."""
    spectrum = np.abs(np.fft.rfft(mono(samples)))
    return float((spectrum * np.fft.rfftfreq(len(samples), 1 / RATE)).sum() / spectrum.sum())


def seam(samples):
    """Return the step from a loop's end to its start, by the 99.9th percentile of all its steps."""
    sound = samples / 32768
    usual = np.percentile(np.abs(np.diff(sound, axis=0)), 99.9, axis=0)
    return float((np.abs(sound[0] - sound[-1]) / usual).max())


BANDS = (60, 120, 250, 500, 1000, 2000, 4000, 8000, 16000)
"""Edges in Hz of the bands of a long-term spectrum."""


def bands(samples):
    """Return the power in each of the bands, both channels, in dB by that of the whole."""
    power = (np.abs(np.fft.rfft(samples / 32768, axis=0)) ** 2).sum(axis=1)
    edges = np.searchsorted(np.fft.rfftfreq(len(samples), 1 / RATE), BANDS)
    each = np.add.reduceat(power, edges)[:-1]
    return decibels(each / power.sum())
