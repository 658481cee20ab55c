"""What a part goes through on its way to the mix, and what the tape adds to the whole."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from . import dsp
from .dsp import F, Signal
from .exact import SAMPLE_RATE, Rng
from .style import Echo

_PUMP_SECONDS = 0.26


def amplify(signal: Signal, drive: float) -> Signal:
    """Play through a guitar amplifier: two stages that clip, and a speaker."""
    signal = dsp.bound(dsp.highpass(signal, 110.0), drive)
    signal = dsp.bound(dsp.highpass(signal, 80.0), 2.2)
    signal = dsp.lowpass(signal, 4600.0, 3)
    presence = dsp.lowpass(signal, 2600.0)
    presence -= dsp.lowpass(signal, 900.0)
    presence *= F(0.5)
    signal *= F(1.9)
    signal += presence
    return signal


def drive(signal: Signal, amount: float) -> Signal:
    return dsp.saturate(signal * F(amount)) * F(1.2 / amount)


def add_echo(signal: Signal, echo: Echo, delay: int) -> None:
    """Add repeats to a stereo signal, in place, left and right by turns."""
    count = signal.shape[1]
    dull = signal[0] + signal[1]
    dull *= F(0.5)
    dsp.through(dull, lambda stretch: dsp.lowpass(stretch, 3200.0))
    strength, place, side = echo.level, delay, 0
    while strength > 0.02 and place < count:
        for start in range(place, count, dsp.STRETCH):
            repeat = dull[start - place : min(count, start + dsp.STRETCH) - place]
            signal[side, start : start + len(repeat)] += repeat * F(strength)
            signal[1 - side, start : start + len(repeat)] += repeat * F(0.35 * strength)
        strength *= 1.8 * echo.feedback
        place += delay
        side = 1 - side


def pump(count: int, kicks: Iterable[int]) -> Signal:
    """Return how far each kick, at these samples, pushes the others down: nought to one."""
    out = np.zeros(count, F)
    shape = F(1.0) - dsp.ramp(dsp.samples(_PUMP_SECONDS))
    dsp.fade_in(shape, dsp.samples(0.004))
    for start in kicks:
        stop = min(count, start + len(shape))
        if stop > start:
            out[start:stop] = np.maximum(out[start:stop], shape[: stop - start])
    return out


def add_crackle(signal: Signal, rng: Rng) -> None:
    """Add the hiss and the clicks of an old record to a stereo signal, in place."""
    count = signal.shape[1]
    for channel in (0, 1):
        seed = rng.word()
        for start in range(0, count, dsp.STRETCH):
            first, stop = max(0, start - dsp.REACH), min(count, start + dsp.STRETCH)
            hiss = dsp.lowpass(dsp.noise(stop - first, seed, first), 5000.0)[start - first :]
            signal[channel, start:stop] += hiss * F(0.0035)
    width = dsp.samples(0.004)
    for _ in range(count * 9 // SAMPLE_RATE):
        start = rng.below(max(1, count - width))
        strength = 0.02 + 0.1 * rng.unit() * rng.unit() * rng.unit()
        side = rng.unit()
        click = dsp.lowpass(dsp.noise(width, rng.word()), rng.between(1500.0, 6500.0))
        click *= dsp.decay(width, rng.between(0.0015, 0.0035))
        stop = min(count, start + width)
        signal[0, start:stop] += click[: stop - start] * F(strength * (1.0 - side))
        signal[1, start:stop] += click[: stop - start] * F(strength * side)
