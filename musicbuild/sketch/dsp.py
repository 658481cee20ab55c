"""Signals made and shaped with operations that give the same bits on every machine.

On arrays there are only + - * / sqrt, comparisons, rounding and whole numbers: each is one exactly
rounded operation, and none can be fused with another.  No sine, power, sum or transform of a
library is called.  Signals are float32, of shape (n,) or (2, n); times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .exact import SAMPLE_RATE, SIXTY_DECIBELS, cos_turn, exp2, sin_turn

Signal = NDArray[np.float32]
Phase = NDArray[np.uint32]
F = np.float32

CONTROL = 64
"""Samples for which a modulation stands still."""

STRETCH = 1 << 19
REACH = 1 << 14
"""Samples; a lowpass at 24 Hz looks back over 4095."""

_TILE = 4096
_TABLE_BITS = 12
_TABLE = 1 << _TABLE_BITS
_CIRCLE = 4294967296.0
_SILENT_AFTER = 1.55
"""How many times its own minus 60 dB a partial takes to fall to minus 93 dB."""


def samples(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE)


def fall(seconds: float) -> float:
    """Return the factor per sample that falls by 60 dB in so many seconds."""
    return exp2(-SIXTY_DECIBELS / (seconds * SAMPLE_RATE))


def decay(count: int, seconds: float) -> Signal:
    """Return an exponential that starts at one and falls by 60 dB in `seconds`."""
    out = np.empty(count, F)
    if not count:
        return out
    out[0] = 1.0
    done, factor = 1, fall(seconds)
    while done < count:
        more = min(done, count - done)
        np.multiply(out[:more], F(factor), out=out[done : done + more])
        factor *= factor
        done *= 2
    return out


def ramp(count: int) -> Signal:
    """Return a smooth rise from nought to one."""
    if count <= 0:
        return np.zeros(0, F)
    x = np.arange(count, dtype=np.int32).astype(F) * F(1.0 / count)
    x *= x * (F(3.0) - F(2.0) * x)
    return x


def fade_in(signal: Signal, count: int) -> None:
    count = min(count, signal.shape[-1])
    signal[..., :count] *= ramp(count)


def fade_out(signal: Signal, count: int) -> None:
    count = min(count, signal.shape[-1])
    signal[..., signal.shape[-1] - count :] *= F(1.0) - ramp(count)


@dataclass(frozen=True, slots=True)
class Partial:
    """A damped sine: Hz, seconds to minus 60 dB, amplitude, and where in its turn it starts."""

    frequency: float
    seconds: float
    amplitude: float
    phase: float = 0.0


def ring(count: int, partials: Sequence[Partial]) -> Signal:
    """Add up damped sines, each turned from sample to sample by a rotation.

    A tile of rotations is made by doubling and then turned as a whole from tile to tile.
    """
    out = np.zeros(count, F)
    kept = [
        each for each in partials if each.frequency < SAMPLE_RATE * 0.46 and each.amplitude != 0
    ]
    kept.sort(key=lambda each: -each.seconds)
    if not kept or not count:
        return out
    tile = min(_TILE, count)
    cosines, sines = _first_tile(kept, tile)
    turn_cos = np.array([[_turn(each, tile)[0]] for each in kept])
    turn_sin = np.array([[_turn(each, tile)[1]] for each in kept])
    at_cos, at_sin = np.ones((len(kept), 1)), np.zeros((len(kept), 1))
    one, other = np.empty((len(kept), tile), F), np.empty((len(kept), tile), F)
    ends = [int(_SILENT_AFTER * each.seconds * SAMPLE_RATE) for each in kept]
    live = len(kept)
    for start in range(0, count, tile):
        while live and ends[live - 1] < start:
            live -= 1
        if not live:
            break
        width = min(tile, count - start)
        a, b = one[:live, :width], other[:live, :width]
        np.multiply(sines[:live, :width], at_cos[:live].astype(F), out=a)
        np.multiply(cosines[:live, :width], at_sin[:live].astype(F), out=b)
        part = out[start : start + width]
        for row in range(live):
            part += a[row]
            part += b[row]
        at_cos, at_sin = (
            at_cos * turn_cos - at_sin * turn_sin,
            at_cos * turn_sin + at_sin * turn_cos,
        )
    return out


def _turn(partial: Partial, count: int) -> tuple[float, float]:
    """Return the rotation, with its damping, that `count` samples make."""
    radius = exp2(-SIXTY_DECIBELS * count / (partial.seconds * SAMPLE_RATE))
    angle = partial.frequency / SAMPLE_RATE * count
    return radius * cos_turn(angle), radius * sin_turn(angle)


def _first_tile(partials: Sequence[Partial], tile: int) -> tuple[Signal, Signal]:
    cosines = np.empty((len(partials), tile), F)
    sines = np.empty((len(partials), tile), F)
    for row, each in enumerate(partials):
        cosines[row, 0] = each.amplitude * cos_turn(each.phase)
        sines[row, 0] = each.amplitude * sin_turn(each.phase)
    turns = [_turn(each, 1) for each in partials]
    turn_cos = np.array([[turn[0]] for turn in turns])
    turn_sin = np.array([[turn[1]] for turn in turns])
    done = 1
    while done < tile:
        more = min(done, tile - done)
        c, s = turn_cos.astype(F), turn_sin.astype(F)
        old_c, old_s = cosines[:, :more], sines[:, :more]
        np.subtract(old_c * c, old_s * s, out=cosines[:, done : done + more])
        np.add(old_s * c, old_c * s, out=sines[:, done : done + more])
        turn_cos, turn_sin = (
            turn_cos * turn_cos - turn_sin * turn_sin,
            turn_cos * turn_sin * 2.0,
        )
        done *= 2
    return cosines, sines


@cache
def _sine() -> NDArray[np.float64]:
    quarter = [sin_turn(index / _TABLE) for index in range(_TABLE // 4 + 1)]
    half = quarter + quarter[-2:0:-1]
    return np.array(half + [-value for value in half])


@cache
def wavetable(amplitudes: tuple[float, ...]) -> Signal:
    """Return one turn of a sound with these harmonics, the first the fundamental, peak one."""
    sine = _sine()
    index = np.arange(_TABLE, dtype=np.int64)
    total = np.zeros(_TABLE, np.float64)
    for number, amplitude in enumerate(amplitudes, 1):
        # Phases that grow with the square keep the peaks of many harmonics apart.
        spread = number * number * _TABLE // (2 * len(amplitudes)) if len(amplitudes) > 4 else 0
        total += amplitude * sine[(index * number + spread) & (_TABLE - 1)]
    peak = float(np.max(np.abs(total)))
    return (total / (peak or 1.0)).astype(F)


def phases(
    count: int,
    frequency: float,
    *,
    start: int = 0,
    bend: NDArray[np.float64] | None = None,
    rate: float = SAMPLE_RATE,
) -> Phase:
    """Return places in a wavetable; `bend` are factors of the frequency, one for CONTROL samples.

    `start` is the first phase in units of 2**-32 turns.
    """
    step = frequency / rate * _CIRCLE
    if bend is None:
        phase = np.arange(count, dtype=np.uint32)
        phase *= np.uint32(int(step + 0.5))
    else:
        steps = (bend * step).astype(np.int64).astype(np.uint32)
        phase = np.repeat(steps, CONTROL)[:count]
        np.cumsum(phase, out=phase, dtype=np.uint32)
    phase += np.uint32(start)
    phase >>= np.uint32(32 - _TABLE_BITS)
    return phase


def read_table(table: Signal, places: Phase) -> Signal:
    out: Signal = table[places]
    return out


def oscillate(count: int, hertz: float, phase: float = 0.0, rate: float = SAMPLE_RATE) -> Signal:
    """Return a plain sine; `phase` is in turns."""
    start = int(phase * _CIRCLE) & 0xFFFFFFFF
    return read_table(wavetable((1.0,)), phases(count, hertz, start=start, rate=rate))


def sweep(count: int, end: float, above: float, seconds: float) -> Signal:
    """Return a sine whose frequency falls from `end + above` Hz to `end` within `seconds`."""
    frequency = decay(count, seconds).astype(np.float64) * above + end
    phase = (frequency * (_CIRCLE / SAMPLE_RATE)).astype(np.int64).astype(np.uint32)
    np.cumsum(phase, out=phase, dtype=np.uint32)
    return read_table(wavetable((1.0,)), phase >> np.uint32(32 - _TABLE_BITS))


def noise(count: int, seed: int, first: int = 0) -> Signal:
    """Return white noise in [-1, 1): a hash of each sample's number, from `first` on."""
    x = np.arange(first, first + count, dtype=np.int64).astype(np.uint32)
    x *= np.uint32(0x9E3779B9)
    x += np.uint32(seed & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x.view(np.int32).astype(F) * F(1.0 / 2147483648.0)


def lowpass(signal: Signal, hertz: float, poles: int = 1) -> Signal:
    """Filter by one-pole lowpasses, 6 dB an octave each.

    1 / (1 - a z) is the product of 1 + (a z) ** (2 ** k): a few shifted additions, and no
    recursion from sample to sample.
    """
    for _ in range(poles):
        pole = exp2(-9.064720283654388 * hertz / SAMPLE_RATE)  # 2 pi / ln 2
        out = signal * F(1.0 - pole)
        factor, shift = pole, 1
        while factor > 1e-6 and shift < signal.shape[-1]:
            out[..., shift:] += out[..., :-shift] * F(factor)
            factor *= factor
            shift *= 2
        signal = out
    return signal


def highpass(signal: Signal, hertz: float, poles: int = 1) -> Signal:
    for _ in range(poles):
        low = lowpass(signal, hertz)
        signal = np.subtract(signal, low, out=low)
    return signal


def through(channel: Signal, process: Callable[[Signal], Signal]) -> None:
    """Put one channel through filters in place, a stretch at a time, so that it needs little room.

    Each stretch is seen with what came before it, as far back as any chain of filters here
    reaches, so that every sample comes of the same operations as in one go.
    """
    before = channel[:0]
    for start in range(0, len(channel), STRETCH):
        stretch = np.concatenate([before, channel[start : start + STRETCH]])
        channel[start : start + STRETCH] = process(stretch)[len(before) :]
        before = stretch[-REACH:]


def bound(signal: Signal, drive: float) -> Signal:
    """Clip softly: x / (1 + |x|)."""
    driven = signal * F(drive)
    driven /= F(1.0) + np.abs(driven)
    return driven


def saturate(signal: Signal) -> Signal:
    """Bend like a hyperbolic tangent, by its Pade approximant; bounded by one."""
    x = np.minimum(np.maximum(signal, F(-3.0)), F(3.0))
    square = x * x
    return x * (F(27.0) + square) / (F(27.0) + F(9.0) * square)
