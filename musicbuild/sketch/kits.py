"""How drums sound: each hit is a few layers, and a kit is a table of hits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from . import dsp
from .dsp import F, Partial, Signal
from .exact import Rng, exp2, log2
from .score import DRUMS


@dataclass(frozen=True, slots=True)
class Thump:
    """A skin: a sine that falls from `end + above` Hz to `end` in `fall` seconds."""

    end: float
    above: float
    fall: float
    seconds: float
    level: float = 1.0
    drive: float = 0.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Noise between two frequencies in Hz; `repeats` are later starts in seconds."""

    low: float
    high: float
    seconds: float
    level: float
    attack: float = 0.0
    repeats: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Shell:
    """A body that rings: (Hz, seconds, level)."""

    partials: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Metal:
    """So many partials strewn between two frequencies, ringing up to `seconds`."""

    low: float
    high: float
    count: int
    seconds: float
    level: float


@dataclass(frozen=True, slots=True)
class Hit:
    """`place` is where the drum stands, from left to right in -1 to 1."""

    layers: tuple[Thump | Burst | Shell | Metal, ...]
    seconds: float
    level: float = 1.0
    place: float = 0.0


def _snare(body: float, high: float, seconds: float) -> Hit:
    shell = Shell(
        ((body, 0.2, 0.4), (body * 1.48, 0.13, 0.22), (body * 1.93, 0.1, 0.14)),
    )
    return Hit((shell, Burst(900, high, seconds, 0.75)), 0.4, 0.9)


def _hat(seconds: float, level: float = 0.42) -> Hit:
    layers = (Metal(4200, 11500, 14, seconds * 1.5, 0.5), Burst(6500, 16000, seconds * 1.2, 0.8))
    return Hit(layers, 0.6 if seconds > 0.2 else 0.14, level, 0.35)


_COMMON: Mapping[str, Hit] = {
    "kick": Hit((Thump(56, 120, 0.07, 0.34, drive=1.6), Burst(1500, 6000, 0.006, 0.7)), 0.5),
    "snare": _snare(196, 9500, 0.24),
    "clap": Hit((Burst(900, 5200, 0.12, 0.9, repeats=(0.010, 0.021, 0.032)),), 0.3, 0.8),
    "brush": Hit((Burst(1200, 6500, 0.28, 0.6, attack=0.05),), 0.3, 0.8),
    "taiko": Hit(
        (
            Thump(58, 32, 0.15, 1.1, 0.9),
            Shell(((93, 0.5, 0.2), (133, 0.35, 0.13), (168, 0.25, 0.1))),
            Burst(60, 2600, 0.06, 1.0),
        ),
        1.6,
        0.95,
        0.15,
    ),
    "hat": _hat(0.055),
    "pedal": _hat(0.04),
    "open": _hat(0.35),
    "tom": Hit((Thump(110, 55, 0.12, 0.45), Burst(60, 2500, 0.008, 0.4)), 0.6, 0.85, -0.3),
    "crash": Hit((Metal(500, 11000, 40, 2.6, 0.35), Burst(3000, 14000, 1.6, 0.45)), 2.6, 0.5, 0.5),
    "ride": Hit(
        (
            Metal(700, 9800, 30, 1.9, 0.3),
            Burst(7000, 16000, 0.5, 0.1),
            Burst(3500, 16000, 0.012, 0.35),
        ),
        1.6,
        0.6,
        -0.4,
    ),
    "shaker": Hit((Burst(4500, 14000, 0.07, 0.9, attack=0.02),), 0.1, 0.5, 0.4),
    "rim": Hit(
        (Shell(((520, 0.06, 0.5), (1250, 0.04, 0.45))), Burst(1500, 9000, 0.012, 0.7)),
        0.15,
        0.75,
        -0.25,
    ),
    "tambourine": Hit(
        (Metal(5200, 12000, 12, 0.22, 0.5), Burst(5000, 15000, 0.09, 0.6)), 0.25, 0.5, 0.3
    ),
    "conga": Hit(
        (
            Thump(190, 45, 0.05, 0.28, 0.9),
            Shell(((312, 0.12, 0.25), (480, 0.08, 0.15))),
            Burst(300, 4000, 0.010, 0.6),
        ),
        0.4,
        0.8,
        0.3,
    ),
}

KITS: Mapping[str, Mapping[str, Hit]] = {
    "rock kit": _COMMON,
    "lo-fi kit": {
        **_COMMON,
        "kick": Hit((Thump(52, 85, 0.10, 0.42, drive=1.4), Burst(60, 1800, 0.006, 0.25)), 0.5),
        "snare": _snare(178, 5200, 0.17),
        "hat": _hat(0.045, 0.36),
    },
    "jazz kit": {
        **_COMMON,
        "kick": Hit((Thump(62, 40, 0.12, 0.32, 0.9), Burst(60, 1200, 0.008, 0.3)), 0.5),
        "snare": _snare(210, 8500, 0.16),
    },
    "epic kit": {
        **_COMMON,
        "kick": Hit((Thump(42, 60, 0.14, 0.5), Burst(60, 900, 0.01, 0.5)), 0.6),
        "snare": _snare(185, 9000, 0.20),
    },
    "electronic kit": {
        **_COMMON,
        "kick": Hit((Thump(48, 210, 0.085, 0.5, drive=1.8), Burst(2000, 16000, 0.004, 0.25)), 0.5),
        "snare": _snare(190, 9000, 0.22),
    },
    "techno kit": {
        **_COMMON,
        "kick": Hit((Thump(49, 240, 0.055, 0.36, drive=2.4), Burst(2000, 9000, 0.004, 0.4)), 0.45),
        "snare": _snare(205, 10000, 0.18),
    },
    "break kit": {
        **_COMMON,
        "kick": Hit((Thump(60, 110, 0.05, 0.24, drive=1.7), Burst(1500, 7000, 0.006, 0.8)), 0.35),
        "snare": _snare(228, 11500, 0.16),
        "hat": _hat(0.035),
    },
    "808 kit": {
        **_COMMON,
        "kick": Hit((Thump(47, 130, 0.05, 0.5, drive=1.5), Burst(1500, 5000, 0.004, 0.4)), 0.6),
        "snare": _snare(205, 9500, 0.15),
        "hat": _hat(0.028),
    },
    "metal kit": {
        **_COMMON,
        "kick": Hit((Thump(58, 130, 0.045, 0.24, drive=1.9), Burst(2200, 8000, 0.007, 0.9)), 0.35),
        "snare": _snare(188, 11000, 0.28),
    },
    "chip kit": {
        **_COMMON,
        "kick": Hit((Thump(62, 200, 0.07, 0.18, drive=3.0), Burst(2000, 9000, 0.004, 0.3)), 0.25),
        "snare": Hit((Burst(400, 12000, 0.14, 0.9), Thump(180, 90, 0.04, 0.08, 0.4)), 0.25),
        "hat": Hit((Burst(6500, 16000, 0.04, 0.9),), 0.08, 0.5, 0.3),
    },
    "hand kit": {
        **_COMMON,
        "kick": Hit((Thump(74, 30, 0.08, 0.5, 0.9), Burst(60, 1500, 0.012, 0.5)), 0.6),
        "snare": _snare(230, 6000, 0.10),
        "taiko": Hit((Thump(88, 36, 0.07, 0.5, 0.9), Burst(200, 3000, 0.02, 0.7)), 0.6, 0.9, 0.15),
        "tom": Hit((Thump(128, 45, 0.07, 0.3), Burst(200, 3500, 0.012, 0.6)), 0.4, 0.85, -0.3),
    },
}
"""The kits by name; a part whose voice is one of them plays drums."""

_NAMES = {pitch: name for name, pitch in DRUMS.items()}


def hit(kit: str, pitch: int) -> Hit:
    return KITS[kit][_NAMES[pitch]]


def strike_drum(kit: str, pitch: int, velocity: float, variant: int) -> Signal:
    """Sound one hit of a drum, in mono; the variants differ in their noise."""
    recipe = hit(kit, pitch)
    count = dsp.samples(recipe.seconds)
    out = np.zeros(count, F)
    for number, layer in enumerate(recipe.layers):
        seed = 1000 * number + 17 * variant + pitch
        match layer:
            case Thump():
                out += _thump(layer, count)
            case Burst():
                out += _burst(layer, count, seed, velocity)
            case Shell():
                partials = [Partial(hz, secs, level) for hz, secs, level in layer.partials]
                out += dsp.ring(count, partials)
            case Metal():
                out += _metal(layer, count)
    dsp.fade_in(out, 16)
    dsp.fade_out(out, 256)
    return out * F(recipe.level * velocity)


def _thump(layer: Thump, count: int) -> Signal:
    out = dsp.sweep(count, layer.end, layer.above, layer.fall) * dsp.decay(count, layer.seconds)
    if layer.drive:
        out = dsp.saturate(out * F(layer.drive)) * F(0.9)
    return out * F(layer.level)


def _burst(layer: Burst, count: int, seed: int, velocity: float) -> Signal:
    envelope = np.zeros(count, F)
    starts = (0.0, *layer.repeats)
    for start in starts:
        first = dsp.samples(start)
        # All but the last are cut short, as the hands of a clap are.
        seconds = layer.seconds if start == starts[-1] else layer.seconds * 0.25
        envelope[first:] += dsp.decay(count - first, seconds)
    if layer.attack:
        dsp.fade_in(envelope, dsp.samples(layer.attack))
    # A softer hit is duller.
    high = layer.high * (0.55 + 0.45 * velocity)
    out = dsp.highpass(dsp.lowpass(dsp.noise(count, seed), high), layer.low)
    return out * envelope * F(layer.level * 1.3)


@cache
def _metal(layer: Metal, count: int) -> Signal:
    rng = Rng("metal", int(layer.low), int(layer.high), layer.count)
    octaves = log2(layer.high / layer.low)
    partials = [
        Partial(
            layer.low * exp2(rng.unit() * octaves),
            layer.seconds * rng.between(0.25, 1.0),
            rng.between(0.5, 1.0),
            rng.unit(),
        )
        for _ in range(layer.count)
    ]
    return dsp.ring(count, partials) * F(layer.level / math.sqrt(layer.count))
