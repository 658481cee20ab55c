"""Arithmetic that gives the same bits on every machine, and chance that can be repeated.

The mathematics of a C library and of vector units differ in the last bit from machine to
machine.  Everything here is made of + - * / and floor, which IEEE 754 defines to the bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

SAMPLE_RATE = 44_100
"""Samples a second of all that is composed."""

TURN = 6.283185307179586
LN_2 = 0.6931471805599453
OCTAVES_PER_DECIBEL = 0.16609640474436813  # log2(10) / 20
SIXTY_DECIBELS = 9.965784284662087  # log2(1000)

_SIN_TERMS = range(25, 1, -2)
_EXP_TERMS = range(22, 0, -1)
_WORD = (1 << 64) - 1


def sin_turn(turns: float) -> float:
    """Return the sine of an angle given in full turns."""
    angle = turns - math.floor(turns + 0.5)
    sign = 1.0
    if angle < 0:
        angle, sign = -angle, -1.0
    if angle > 0.25:
        angle = 0.5 - angle
    x = angle * TURN
    square = x * x
    series = 1.0
    for k in _SIN_TERMS:
        series = 1.0 - series * square / (k * (k - 1))
    return sign * series * x


def cos_turn(turns: float) -> float:
    return sin_turn(turns + 0.25)


def exp2(x: float) -> float:
    """Return two to the power of x."""
    if x < -1000:
        return 0.0
    whole = math.floor(x)
    rest = (x - whole) * LN_2
    series = 1.0
    for k in _EXP_TERMS:
        series = 1.0 + series * rest / k
    return math.ldexp(series, whole)


def log2(x: float) -> float:
    """Return the logarithm of a ratio between 1 and 65536, by halving."""
    low, high = 0.0, 16.0
    for _ in range(48):
        middle = 0.5 * (low + high)
        if exp2(middle) < x:
            low = middle
        else:
            high = middle
    return low


def decibels(level: float) -> float:
    """Return the factor that a level in decibels stands for."""
    return exp2(level * OCTAVES_PER_DECIBEL)


def hertz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch; 69 is the A of 440 Hz."""
    return 440.0 * exp2((pitch - 69) / 12.0)


class Rng:
    """SplitMix64 with named branches, so that a new decision does not disturb the others.

    A branch is named by words and whole numbers; equal names give equal rows of numbers in every
    process, on every machine.  Source: https://prng.di.unimi.it/splitmix64.c
    """

    def __init__(self, *path: str | int) -> None:
        name = "\x1f".join(str(part) for part in path).encode("utf-8", "surrogatepass")
        self._path = path
        self._state = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little")

    def branch(self, *path: str | int) -> Rng:
        return Rng(*self._path, *path)

    def word(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _WORD
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
        return mixed ^ (mixed >> 31)

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        return (self.word() >> 11) / 9007199254740992.0

    def below(self, count: int) -> int:
        return (self.word() * count) >> 64

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.unit()

    def bell(self) -> float:
        """Return a number in (-1, 1), near nought more often than far from it."""
        return (self.unit() + self.unit() + self.unit()) * (2.0 / 3.0) - 1.0

    def chance(self, probability: float) -> bool:
        return self.unit() < probability

    def choice(self, options: Sequence[Choice]) -> Choice:
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[Choice, int]]) -> Choice:
        """Choose one of (option, weight); the weights are whole numbers."""
        total = 0
        for _, weight in options:
            total += weight
        left = self.below(total)
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        raise ValueError("the weights are nothing")
