"""The pitched instruments, as data: tables of parameters for three engines.

A *string* is plucked or struck and rings in nearly harmonic partials; a *bar* rings in partials
of its own; an *ensemble* holds its tone, several players a little apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Curve = tuple[tuple[float, float], ...]
"""A gain in dB over frequency in Hz, straight between the points."""


@dataclass(frozen=True, slots=True)
class Knock:
    """The noise of the attack: seconds, lowpass in Hz, level."""

    seconds: float
    cutoff: float
    level: float


@dataclass(frozen=True, slots=True)
class String:
    """Harmonics up to `highest` Hz, at most `partials`; `position` is where it is struck.

    `soft` and `hard` say after how many harmonics the amplitude is halved, at no and at full
    velocity.  The fundamental rings for `seconds` at `centre`, half as long `tracking` semitones
    above; each higher harmonic `damping` shorter.  `twin` adds a second string, some cents away.
    """

    partials: int
    highest: float
    position: float
    soft: float
    hard: float
    seconds: float
    centre: int
    tracking: float
    damping: float
    stiffness: float
    attack: float
    knock: Knock
    level: float
    longest: float
    release: float
    twin: float = 0.0


@dataclass(frozen=True, slots=True)
class Bar:
    """Partials as (ratio, amplitude, amplitude added by velocity, seconds)."""

    partials: tuple[tuple[float, float, float, float], ...]
    centre: int
    tracking: float
    attack: float
    level: float
    longest: float
    release: float
    knock: Knock = Knock(0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Players on one wavetable: `detune` in cents, `vibrato` as a part of the frequency.

    Harmonic k has the gain of `curve` at its frequency, divided by k to the power `tilt` (0 or 1).
    `bright` is a second curve, mixed in by `blend` at full velocity; `fading` is how many seconds
    that takes to go, 0 for never.  `pulse` thins the harmonics to those of a pulse so wide.
    """

    curve: Curve
    attack: float
    release: float
    level: float
    players: int = 1
    detune: float = 0.0
    vibrato: float = 0.0
    tilt: int = 1
    harmonics: int = 48
    bright: Curve = ()
    bright_tilt: int = 0
    blend: float = 0.0
    fading: float = 0.0
    breath: float = 0.0
    short: float = 0.0
    pulse: float = 0.0


_FLAT: Curve = ((50, 0), (12000, -6))
_BOWED: Curve = (
    (120, -6), (280, -1), (420, 1), (700, -1), (1000, 2), (1600, 1), (2600, 1), (3600, -2),
    (5000, -8), (8000, -18), (12000, -30),
)  # fmt: skip
_HORN: Curve = ((100, -4), (350, 2), (600, 2), (900, -1), (1500, -9), (3000, -22), (6000, -40))
_BRASS: Curve = (
    (100, -12), (350, -5), (800, 0), (1300, 1), (2000, -2), (3000, -8), (4500, -16), (9000, -34),
)  # fmt: skip
_VOWEL: Curve = (
    (150, -9), (400, -4), (750, 4), (950, 3), (1200, 4), (1600, -6), (2400, -7), (2900, 0),
    (3500, -8), (5000, -24), (8000, -40),
)  # fmt: skip
_WARM: Curve = ((80, 0), (600, -2), (1500, -8), (3000, -18), (6000, -34))
_OPEN: Curve = ((80, 0), (900, -1), (2500, -5), (5000, -12), (10000, -28))
_AIRY: Curve = ((200, 0), (800, -2), (1500, -9), (3000, -20), (6000, -40))
_REEDS: Curve = ((80, -2), (500, 0), (1500, 1), (2800, -4), (5000, -14), (9000, -30))
_SUB: Curve = ((30, 0), (80, -4), (160, -20), (400, -50))

_STEEL = String(
    24, 11000, 0.13, 7.0, 13.0, 9.0, 52, 24, 0.16, 4e-5, 0.0015, Knock(0.02, 3600, 0.22), 0.5,
    5.0, 0.03,
)  # fmt: skip

VOICES: Mapping[str, String | Bar | Ensemble] = {
    "piano": String(
        22, 10000, 1 / 16.4, 2.2, 6.5, 8.0, 57, 15, 0.14, 1.8e-4, 0.003, Knock(0.06, 1800, 0.2),
        0.5, 6.0, 0.12, twin=0.5,
    ),
    "nylon guitar": String(
        24, 11000, 0.10, 3.0, 9.0, 7.0, 52, 24, 0.16, 4e-5, 0.0015, Knock(0.02, 3600, 0.22), 0.5,
        3.5, 0.15,
    ),
    "steel guitar": String(
        24, 11000, 0.12, 4.0, 11.0, 6.0, 52, 24, 0.14, 4e-5, 0.0015, Knock(0.02, 4200, 0.22), 0.5,
        3.5, 0.09,
    ),
    "pluck": String(
        24, 11000, 0.09, 3.0, 9.0, 0.8, 52, 24, 0.16, 4e-5, 0.0015, Knock(0.02, 3600, 0.1), 0.5,
        0.9, 0.2,
    ),
    "distorted guitar": _STEEL,
    "lead guitar": _STEEL,
    "double bass": String(
        14, 5000, 0.25, 0.9, 1.6, 4.5, 33, 24, 0.45, 2.5e-5, 0.016, Knock(0.03, 2400, 0.32), 0.9,
        2.2, 0.10, twin=0.3,
    ),
    "electric bass": String(
        14, 5000, 0.17, 2.5, 4.5, 9.0, 36, 30, 0.10, 2e-5, 0.006, Knock(0.03, 2400, 0.25), 0.6,
        3.0, 0.06,
    ),
    "electric piano": Bar(
        (
            (1, 0.6, 0, 11), (1.0007, 0.2, 0, 7), (2, 0.1, 0.5, 7), (3, 0, 0.42, 5),
            (4, 0, 0.08, 2.5), (5, 0, 0.12, 2), (7.03, 0, 0.14, 0.45), (14.1, 0, 0.06, 0.2),
        ),
        60, 24, 0.003, 0.46, 4.5, 0.12,
    ),
    "bell": Bar(
        (
            (1, 0.7, 0, 2.6), (2, 0.22, 0, 1.6), (3, 0.12, 0, 0.9), (4.17, 0, 0.1, 0.7),
            (5.43, 0, 0.08, 0.4), (6.8, 0, 0.05, 0.25),
        ),
        72, 36, 0.002, 0.75, 3.5, 1.2,
    ),
    "vibraphone": Bar(
        ((1, 0.8, 0, 3.6), (4, 0, 0.16, 1.1), (10, 0, 0.05, 0.25), (2, 0.04, 0, 2)),
        72, 36, 0.002, 0.75, 4.0, 0.8,
    ),
    "marimba": Bar(
        ((1, 0.9, 0, 0.7), (3.9, 0, 0.22, 0.25), (9.2, 0, 0.1, 0.1), (16, 0, 0.04, 0.05)),
        72, 36, 0.002, 0.75, 1.2, 0.3,
    ),
    "timpani": Bar(
        (
            (1, 1, 0, 2.6), (1.504, 0.55, 0, 2.2), (1.742, 0.25, 0, 0.9), (2, 0.32, 0, 1.8),
            (2.245, 0.18, 0, 1), (2.494, 0.15, 0, 1.2),
        ),
        45, 36, 0.0015, 0.5, 2.2, 0.8, Knock(0.05, 1600, 1.3),
    ),
    "strings": Ensemble(_BOWED, 0.16, 0.45, 0.8, 5, 9, 0.003, breath=0.012),
    "low strings": Ensemble(_BOWED, 0.10, 0.40, 0.95, 4, 7, 0.0022),
    "short strings": Ensemble(_BOWED, 0.012, 0.16, 1.0, 3, 6, short=0.55),
    "choir": Ensemble(_VOWEL, 0.25, 0.6, 0.8, 5, 11, 0.004),
    "flute": Ensemble(_AIRY, 0.06, 0.18, 0.8, vibrato=0.0034, harmonics=8, breath=0.05),
    "horn": Ensemble(_HORN, 0.07, 0.25, 0.95, 2, 4, 0.0016, bright=_BRASS, blend=0.33),
    "brass": Ensemble(_HORN, 0.05, 0.22, 0.85, 3, 7, 0.0014, bright=_BRASS, blend=0.8),
    "pad": Ensemble(
        _WARM, 0.7, 1.2, 0.8, 5, 11, 0.0012, bright=_OPEN, bright_tilt=1, blend=0.35,
    ),
    "organ": Ensemble(((50, 0), (1200, -2), (4000, -16)), 0.01, 0.06, 0.5, harmonics=8),
    "synth lead": Ensemble(
        _WARM, 0.008, 0.15, 0.6, 3, 9, 0.0025, bright=_FLAT, bright_tilt=1, blend=0.9, fading=0.9,
    ),
    "synth bass": Ensemble(
        _WARM, 0.004, 0.06, 0.9, 2, 5, bright=_FLAT, bright_tilt=1, blend=0.8, fading=0.45,
    ),
    "fiddle": Ensemble(_BOWED, 0.05, 0.14, 0.8, vibrato=0.0032, breath=0.015),
    "accordion": Ensemble(_REEDS, 0.03, 0.08, 0.6, 2, 13, harmonics=30),
    "reese": Ensemble(_WARM, 0.012, 0.08, 0.9, 3, 20, bright=_OPEN, bright_tilt=1, blend=0.6),
    "pulse": Ensemble(_FLAT, 0.004, 0.04, 0.55, pulse=0.25),
    "square": Ensemble(_FLAT, 0.004, 0.05, 0.55, vibrato=0.002, pulse=0.5),
    "chip bass": Ensemble(_OPEN, 0.004, 0.04, 0.8, pulse=0.5),
    "808 bass": Bar(
        ((1, 0.95, 0, 1.9), (2, 0.1, 0.12, 0.7), (3, 0.03, 0.12, 0.4)), 36, 48, 0.004, 0.75, 2.6,
        0.07,
    ),
    "sub": Ensemble(_SUB, 0.25, 0.5, 0.9, tilt=0, harmonics=3),
}  # fmt: skip
"""The instruments, by the names that styles and prompts use."""

COMPASS: Mapping[str, tuple[int, int]] = {
    "bell": (60, 108),
    "brass": (40, 84),
    "fiddle": (55, 100),
    "flute": (60, 96),
    "horn": (35, 77),
    "marimba": (45, 96),
    "nylon guitar": (40, 84),
    "steel guitar": (40, 84),
    "vibraphone": (53, 89),
}
"""The lowest and the highest pitch of those that can't play wherever a style would have them."""
