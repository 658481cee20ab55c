"""What a prompt asks of the composer, and why it was understood so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from . import words
from .exact import Rng
from .style import Style
from .styles import NEUTRAL, STYLES
from .theory import MINOR_MODES, NOTE_NAMES

MODEL = "sketch-1"
"""The name of all that decides the sound; a change of any bit of it takes another."""

SLOWEST, FASTEST = 30, 300

_NEGATION = (
    r"\b(?:no|without|minus|zero)\s+(?:[\w-]+\s+(?:or|and|nor)\s+)*"
    r"(?:(?:any|live|heavy|loud|acoustic|electronic)\s+)?"
)
_TEMPO = re.compile(
    r"(\d{2,3}(?:\.\d+)?)(?:\s*(?:-|to)\s*(\d{2,3}(?:\.\d+)?))?\s*bpm\b", re.IGNORECASE
)
_MODE = r"(major|minor|maj|min|dorian|phrygian|lydian|mixolydian)"
_ACCIDENTAL = r"(?:\s?(#|\u266f|sharp|\u266d|flat|b))?"
_KEYS = (
    re.compile(rf"\b([A-G]){_ACCIDENTAL}[\s-]+{_MODE}\b"),
    re.compile(rf"\b(?:in|key of|key:)\s+([A-Ga-g]){_ACCIDENTAL}(?:[\s-]+{_MODE})?(?![\w'])"),
    re.compile(r"\bin\s+([A-G])([#b])?(m)\b"),
)
_CLASSES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MODES = {"maj": "major", "min": "minor", "m": "minor"}


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument asked for: the voice that plays it, and the slot it takes in a style."""

    voice: str
    slot: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be composed.

    `length` is in samples at `sample_rate`.  `bpm` is None where none is asked for, and `tempo`
    the range to choose from then.  `beats` are those of a bar.  `tonic` is a pitch class, nought
    is C.  Energy and brightness go from 0 to 1.  `unwanted` are voices the prompt forbids.  `why`
    says in phrases what was decided by what.
    """

    prompt: str
    length: int
    sample_rate: int
    style: Style
    bpm: Fraction | None
    tempo: tuple[int, int]
    beats: int
    tonic: int
    mode: str
    swing: float
    energy: float
    brightness: float
    arc: str
    drums: bool
    instruments: tuple[Instrument, ...]
    unwanted: frozenset[str]
    crackle: bool
    loop: bool
    path: tuple[str | int, ...]
    why: tuple[str, ...]

    @property
    def minor(self) -> bool:
        return self.mode in MINOR_MODES

    @property
    def key(self) -> str:
        return f"{NOTE_NAMES[self.tonic]} {self.mode}"

    def rng(self, *branch: str | int) -> Rng:
        return Rng(*self.path, *branch)


def read_prompt(
    prompt: str, length: int, sample_rate: int, *, take: int, seed: int, loop: bool
) -> Brief:
    text = _Text(prompt)
    rng = Rng(MODEL, prompt, seed, take)
    style, spoke = _style(text)
    moods = [mood for mood in words.MOODS if text.has(mood)]
    energy, brightness = style.energy, style.brightness
    for mood in moods:
        energy += words.MOODS[mood][0]
        brightness += words.MOODS[mood][1]
    bpm, tempo = _tempo(text, style)
    tonic, mode = _key(text, style, moods, rng.branch("key"))
    instruments, unwanted = _instruments(text)
    drums = _drums(text, style)
    return Brief(
        prompt=prompt,
        length=length,
        sample_rate=sample_rate,
        style=style,
        bpm=bpm,
        tempo=tempo,
        beats=3 if text.any(words.WALTZES) else 4,
        tonic=tonic,
        mode=mode,
        swing=_swing(text, style),
        energy=min(1.0, max(0.1, energy)),
        brightness=min(1.0, max(0.05, brightness)),
        arc="build" if text.any(words.RISING) else style.arc,
        drums=drums,
        instruments=instruments,
        unwanted=unwanted,
        crackle=text.any(words.CRACKLE),
        loop=loop or text.any(words.LOOPS),
        path=(MODEL, prompt, seed, take),
        why=(
            f"style {style.name}: {', '.join(spoke) or 'no word named one'}",
            f"moods: {', '.join(moods) or 'none'}",
            f"tempo: {f'{bpm} as asked' if bpm else f'{tempo[0]} to {tempo[1]}'}",
            f"key: {NOTE_NAMES[tonic]} {mode}",
            f"drums: {'yes' if drums else 'no'}",
        ),
    )


class _Text:
    """A prompt that can be asked for words; a word that is denied is not there."""

    def __init__(self, prompt: str) -> None:
        self.written = prompt
        self._lower = prompt.lower()

    def says(self, word: str) -> bool:
        return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", self._lower) is not None

    def denies(self, word: str) -> bool:
        return re.search(rf"{_NEGATION}{re.escape(word)}(?![a-z0-9])", self._lower) is not None

    def has(self, word: str) -> bool:
        return self.says(word) and not self.denies(word)

    def any(self, group: Iterable[str]) -> bool:
        return any(self.has(word) for word in group)


def _style(text: _Text) -> tuple[Style, list[str]]:
    """Return the style that most weight speaks for, the first of equals, and its words."""
    best, most, spoke = NEUTRAL, 0, list[str]()
    for style in STYLES:
        found = [word for word in style.words if text.has(word)]
        weight = 0
        for word in found:
            weight += style.words[word]
        if weight > most:
            best, most, spoke = style, weight, found
    return best, spoke


def _tempo(text: _Text, style: Style) -> tuple[Fraction | None, tuple[int, int]]:
    match = _TEMPO.search(text.written)
    if match:
        low = Fraction(match[1])
        bpm = (low + Fraction(match[2] or match[1])) / 2
        return min(Fraction(FASTEST), max(Fraction(SLOWEST), bpm)), style.tempo
    for word, tempo in words.TEMPI.items():
        if text.has(word):
            return None, tempo
    return None, style.tempo


def _key(text: _Text, style: Style, moods: Sequence[str], rng: Rng) -> tuple[int, str]:
    tonic = rng.choice((0, 2, 3, 4, 5, 7, 9, 10))
    minor = style.minor
    for mood in moods:
        minor += words.MOODS[mood][2]
    mode = "minor" if rng.unit() < minor else "major"
    for name in ("minor", "major", "dorian", "phrygian", "lydian", "mixolydian"):
        if text.has(name):
            mode = name
            break
    for pattern in _KEYS:
        match = pattern.search(text.written)
        # "in a minor key" names no tonic.
        if match and match[0].lower() not in ("in a", "in a minor", "in a major"):
            letter, accidental, said = match.groups()
            shift = {None: 0, "#": 1, "\u266f": 1, "sharp": 1}.get(accidental, -1)
            tonic = (_CLASSES[letter.lower()] + shift) % 12
            mode = _MODES.get(said, said or mode)
            break
    return tonic, mode


def _instruments(text: _Text) -> tuple[tuple[Instrument, ...], frozenset[str]]:
    """Return the instruments asked for, in the order of the prompt, and the voices denied."""
    rest = text.written.lower()
    found: list[tuple[int, Instrument]] = []
    unwanted: set[str] = set()
    for word in sorted(words.INSTRUMENTS, key=lambda word: (-len(word), word)):
        voice, slot = words.INSTRUMENTS[word]
        match = re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", rest)
        if match is None:
            continue
        if text.denies(word):
            unwanted.add(voice)
        else:
            found.append((match.start(), Instrument(voice, slot)))
        # A longer name is not read once more as the shorter one inside it.
        rest = rest[: match.start()] + "\0" * len(match[0]) + rest[match.end() :]
    in_order = sorted(found, key=lambda each: each[0])
    return tuple(instrument for _, instrument in in_order), frozenset(unwanted)


def _swing(text: _Text, style: Style) -> float:
    if text.any(words.STRAIGHT):
        return 0.5
    return 0.62 if text.any(words.SWINGING) and style.swing == 0.5 else style.swing


def _drums(text: _Text, style: Style) -> bool:
    if text.any(words.NO_DRUMS) or any(text.denies(word) for word in words.DRUMS):
        return False
    return style.drums or text.any(words.DRUMS)
