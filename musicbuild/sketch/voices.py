"""How one note of a pitched instrument sounds, made from the figures in `instruments.py`."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import dsp
from .dsp import F, Partial, Signal
from .exact import SAMPLE_RATE, Rng, decibels, exp2, hertz, sin_turn
from .instruments import VOICES, Bar, Curve, Ensemble, Knock, String

_HIGHEST = 11000.0


_FADE = 0.5
"""Seconds at the end of a note that is held for longer than its instrument rings."""


def rings(voice: str) -> bool:
    """Tell whether a voice is struck and rings, and is not held."""
    return not isinstance(VOICES[voice], Ensemble)


def strike(voice: str, pitch: int, velocity: float, seconds: float) -> Signal:
    """Ring freely for so many seconds at most, in mono; longer is the same sound, longer."""
    instrument = VOICES[voice]
    assert not isinstance(instrument, Ensemble)
    count = dsp.samples(min(instrument.longest, max(0.3, seconds)))
    partials = (
        _string_partials(instrument, pitch, velocity)
        if isinstance(instrument, String)
        else _bar_partials(instrument, pitch, velocity)
    )
    out = dsp.ring(count, partials)
    _knock(out, instrument.knock, pitch, velocity)
    dsp.fade_in(out, max(8, dsp.samples(instrument.attack)))
    if seconds > instrument.longest:
        # Deep notes are still heard by then.
        dsp.fade_out(out, dsp.samples(_FADE))
    loudness = velocity * (0.6 * velocity + 0.4)
    return out * F(instrument.level * loudness)


def let_go(ringing: Signal, voice: str, seconds: float) -> Signal:
    """Damp a ringing note after so many seconds."""
    release = VOICES[voice].release * 1.5
    held = dsp.samples(seconds)
    until = min(len(ringing), held + dsp.samples(release))
    if held >= until:
        return ringing
    out = ringing[:until].copy()
    out[held:] *= dsp.decay(until - held, release)
    dsp.fade_out(out, min(64, until - held))
    return out


def release(voice: str) -> float:
    """Return how many seconds a note rings on when it is let go."""
    return VOICES[voice].release * 1.5


def _string_partials(string: String, pitch: int, velocity: float) -> list[Partial]:
    fundamental = hertz(pitch)
    count = max(2, min(string.partials, int(string.highest / fundamental)))
    length = string.seconds * exp2((string.centre - pitch) / string.tracking)
    # High strings are stiffer, and their overtones further apart.
    stiffness = min(0.02, string.stiffness * exp2((pitch - 60) / 12.0))
    halving = string.soft + (string.hard - string.soft) * velocity
    partials = []
    for number in range(1, count + 1):
        frequency = number * fundamental * (1.0 + 0.5 * stiffness * number * number)
        seconds = max(0.05, length / (1.0 + string.damping * (number - 1)))
        strength = abs(sin_turn(0.5 * number * string.position))
        roll_off = exp2(-(number - 1) / halving)
        amplitude = (0.3 + 0.7 * strength) * roll_off / (0.75 + 0.25 * number)
        phase = 0.17 * number
        if string.twin:
            # Two strings a little apart: a quick loud one and a slow soft one.
            apart = exp2(string.twin / 1200.0)
            partials += [
                Partial(frequency / apart, seconds * 0.35, amplitude * 0.6, phase),
                Partial(frequency * apart, seconds * 1.2, amplitude * 0.4, phase),
            ]
        else:
            partials.append(Partial(frequency, seconds, amplitude, phase))
    return partials


def _bar_partials(bar: Bar, pitch: int, velocity: float) -> list[Partial]:
    scale = exp2((bar.centre - pitch) / bar.tracking)
    return [
        Partial(hertz(pitch) * ratio, seconds * scale, amplitude + added * velocity)
        for ratio, amplitude, added, seconds in bar.partials
    ]


def _knock(out: Signal, knock: Knock, pitch: int, velocity: float) -> None:
    count = min(len(out), dsp.samples(knock.seconds))
    if count:
        burst = dsp.lowpass(dsp.noise(count, 77 + pitch), knock.cutoff, 2)
        out[:count] += burst * dsp.decay(count, knock.seconds) * F(knock.level * velocity)


def hold(voice: str, pitch: int, velocity: float, seconds: float, variant: int) -> Signal:
    """Hold a note for so many seconds, in mono; the release comes after.

    Notes of different variants differ a little, as two of a player do.
    """
    instrument = VOICES[voice]
    assert isinstance(instrument, Ensemble)
    rng = Rng("ensemble", voice, pitch, variant)
    count = dsp.samples(seconds + instrument.release)
    envelope = _envelope(instrument, count, seconds)
    out = np.zeros(count, F)
    table = _table(instrument.curve, instrument, instrument.tilt, pitch)
    bright = None
    if instrument.bright:
        bright = _table(instrument.bright, instrument, instrument.bright_tilt, pitch)
    for player in range(instrument.players):
        place = _player_phases(instrument, player, pitch, count, rng)
        if bright is None:
            out += table[place]
            continue
        blended = bright[place]
        plain = table[place]
        blended -= plain
        blended *= _blend(instrument, envelope, velocity)
        blended += plain
        out += blended
    out *= F(1.0 / math.sqrt(instrument.players))
    if instrument.breath:
        air = dsp.noise(count, 31 * variant + pitch)
        air = dsp.lowpass(air, 3500.0) - dsp.lowpass(air, 900.0)
        out += air * F(instrument.breath)
    if instrument.short:
        envelope = envelope * dsp.decay(count, instrument.short)
    out *= envelope
    return out * F(instrument.level * velocity)


def _player_phases(
    instrument: Ensemble, player: int, pitch: int, count: int, rng: Rng
) -> dsp.Phase:
    cents = 0.0
    if instrument.players > 1:
        cents = instrument.detune * (2.0 * player / (instrument.players - 1) - 1.0)
        cents += rng.between(-1.5, 1.5)
    bend = None
    if instrument.vibrato:
        bend = _vibrato(count, instrument.vibrato * rng.between(0.7, 1.2), rng)
    start = rng.word() >> 32
    return dsp.phases(count, hertz(pitch) * exp2(cents / 1200.0), start=start, bend=bend)


def _vibrato(count: int, depth: float, rng: Rng) -> NDArray[np.float64]:
    controls = count // dsp.CONTROL + 1
    rate = SAMPLE_RATE / dsp.CONTROL
    wave = dsp.oscillate(controls, rng.between(5.0, 5.9), rng.unit(), rate) * F(depth)
    dsp.fade_in(wave, int(rng.between(0.15, 0.4) * rate))
    return wave.astype(np.float64) + 1.0


def _blend(instrument: Ensemble, envelope: Signal, velocity: float) -> Signal:
    """Return how much of the bright table is heard, sample by sample."""
    most = instrument.blend * (0.25 + 0.75 * velocity)
    if instrument.fading:
        return dsp.decay(len(envelope), instrument.fading) * F(most) + F(0.12)
    swell = np.ones(len(envelope), F)
    rising = min(len(swell), dsp.samples(0.5))
    swell[:rising] = dsp.ramp(rising) * F(0.45) + F(0.55)
    return envelope * swell * F(most)


def _envelope(instrument: Ensemble, count: int, seconds: float) -> Signal:
    attack = min(instrument.attack, max(0.005, 0.4 * seconds))
    out = np.ones(count, F)
    dsp.fade_in(out, max(2, dsp.samples(attack)))
    held = min(count, dsp.samples(seconds))
    if held < count:
        out[held:] = dsp.decay(count - held, instrument.release * 1.3) * out[max(0, held - 1)]
        dsp.fade_out(out, min(64, count - held))
    return out


@cache
def _table(curve: Curve, instrument: Ensemble, tilt: int, pitch: int) -> Signal:
    fundamental = hertz(pitch)
    count = max(1, min(instrument.harmonics, int(_HIGHEST / fundamental)))
    amplitudes = []
    for number in range(1, count + 1):
        amplitude = decibels(_on_curve(curve, number * fundamental))
        if tilt:
            amplitude /= number
        if instrument.pulse:
            amplitude *= abs(sin_turn(0.5 * number * instrument.pulse))
        amplitudes.append(amplitude)
    return dsp.wavetable(tuple(amplitudes))


def _on_curve(curve: Curve, frequency: float) -> float:
    if frequency <= curve[0][0]:
        return curve[0][1]
    for (left, low), (right, high) in pairwise(curve):
        if frequency <= right:
            return low + (high - low) * (frequency - left) / (right - left)
    return curve[-1][1]
