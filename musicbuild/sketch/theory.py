"""What pitches, scales and chords are, and how a chord is spread over the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
MODAL_PROGRESSIONS: Mapping[str, tuple[str, ...]] = {
    "dorian": ("i IV i IV", "i III IV i", "i VII IV i"),
    "phrygian": ("i II i II", "i II vii i", "i VI II i"),
    "lydian": ("I II I II", "I II V I", "I vi II I"),
    "mixolydian": ("I VII IV I", "I v VII IV", "I VII I IV"),
}
"""Chords within the modes that are neither major nor minor, each with what tells the mode."""

MINOR_MODES = ("minor", "dorian", "phrygian")
NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

INTERVALS: Mapping[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 14),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "7b9": (0, 4, 7, 10, 13),
    "9": (0, 4, 7, 10, 14),
    "m9": (0, 3, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14),
    "13": (0, 4, 7, 10, 14, 21),
}
"""Semitones above the root, by what follows a chord's root in its name."""

_SUFFIXES = {intervals: suffix for suffix, intervals in INTERVALS.items()}

_MINOR_SUFFIX = {"": "m", "6": "m6", "7": "m7", "9": "m9", "add9": "madd9"}
_DEGREES = {"i": 0, "ii": 1, "iii": 2, "iv": 3, "v": 4, "vi": 5, "vii": 6}
_ROMAN = re.compile(r"([b#]?)([iv]+|[IV]+)(.*)")

_DROPPED_FIRST = {7: 4, 0: 5, 9: 3, 21: 3, 14: 2, 13: 2, 10: 1, 11: 1}
"""Which intervals a chord can do without when it has more than its voices: the fifth, the root."""


@dataclass(frozen=True, slots=True)
class Chord:
    """`root` is a pitch class, nought is C; `intervals` are semitones above it."""

    root: int
    intervals: tuple[int, ...]

    @property
    def classes(self) -> tuple[int, ...]:
        return tuple((self.root + interval) % 12 for interval in self.intervals)

    @property
    def fifth(self) -> int:
        return self.root + (6 if 6 in self.intervals else 7)


def read_chord(roman: str, tonic: int, mode: str) -> Chord:
    """Read a Roman numeral in a key: `ii9`, `bVII`, `V7b9`; small letters are minor chords.

    Raises ValueError for anything else.
    """
    match = _ROMAN.fullmatch(roman)
    if match is None or match[2].lower() not in _DEGREES:
        raise ValueError(f"no chord: {roman!r}")
    accidental, numeral, suffix = match.groups()
    degree = _DEGREES[numeral.lower()]
    if accidental:
        above = SCALES["major"][degree] + (1 if accidental == "#" else -1)
    else:
        above = SCALES[mode][degree]
    if numeral.islower():
        suffix = _MINOR_SUFFIX.get(suffix, suffix)
    if suffix not in INTERVALS:
        raise ValueError(f"no chord: {roman!r}")
    return Chord((tonic + above) % 12, INTERVALS[suffix])


def chord_name(chord: Chord) -> str:
    """Write a chord as musicians do: `Dm7`, `Bbmaj7`, `F#dim`."""
    return NOTE_NAMES[chord.root] + _SUFFIXES[chord.intervals]


def nearest(pitch_class: int, to: int, low: int, high: int) -> int:
    """Return the pitch of a class that is nearest to another one, within a range."""
    first = low + (pitch_class - low) % 12
    return min(range(first, high + 1, 12), key=lambda pitch: (abs(pitch - to), pitch), default=to)


def voicing(
    chord: Chord,
    previous: Sequence[int],
    low: int,
    high: int,
    *,
    voices: int,
    rootless: bool = False,
) -> tuple[int, ...]:
    """Spread a chord over `voices` rising pitches, moving as little as may be from the last.

    There are fewer voices where so many do not fit; an octave at least holds one.
    """
    classes = _voiced_classes(chord, voices, rootless=rootless)
    middle = (low + high) // 2
    best = min(
        _spreads(classes, low - 1, high),
        key=lambda spread: (_unease(spread, previous, middle), spread),
        default=None,
    )
    if best is None:
        return voicing(chord, previous, low, high, voices=voices - 1, rootless=rootless)
    return best


def _voiced_classes(chord: Chord, voices: int, *, rootless: bool) -> tuple[int, ...]:
    intervals = list(chord.intervals)
    if rootless and len(intervals) >= 4:
        intervals.remove(0)
    intervals.sort(key=lambda interval: (_DROPPED_FIRST.get(interval, 0), interval))
    kept = sorted(intervals[:voices])
    classes = [(chord.root + interval) % 12 for interval in kept]
    return tuple(classes[i % len(classes)] for i in range(voices))


def _spreads(classes: tuple[int, ...], below: int, high: int) -> Iterator[tuple[int, ...]]:
    """Yield every close rising order of the classes, the lowest also an octave higher."""
    for lowest in (0, 12):
        yield from _stacks(classes, below + lowest, high)


def _stacks(classes: tuple[int, ...], below: int, high: int) -> Iterator[tuple[int, ...]]:
    if not classes:
        yield ()
        return
    for place, pitch_class in enumerate(classes):
        if pitch_class in classes[:place]:
            continue
        pitch = below + 1 + (pitch_class - below - 1) % 12
        if pitch <= high:
            rest = classes[:place] + classes[place + 1 :]
            for above in _stacks(rest, pitch, high):
                yield (pitch, *above)


def _unease(spread: tuple[int, ...], previous: Sequence[int], middle: int) -> int:
    """Weigh movement, distance from the middle, and mud; in tenths of a semitone's move."""
    cost = 6 * abs(_total(spread) - middle * len(spread)) // len(spread)
    if len(previous) == len(spread):
        for new, old in zip(spread, previous, strict=True):
            cost += 10 * abs(new - old)
        cost += 5 * abs(spread[-1] - previous[-1])
    elif previous:
        cost += 30 * abs(spread[-1] - previous[-1])
    for lower, upper in pairwise(spread):
        gap = upper - lower
        if gap < 3 and lower < 60:
            cost += 30
        if gap == 1:
            cost += 20
        if gap > 9:
            cost += 7 * (gap - 9)
        if lower < 50 and gap < 5:
            cost += 60
    return cost


def _total(pitches: Sequence[int]) -> int:
    total = 0
    for pitch in pitches:
        total += pitch
    return total
