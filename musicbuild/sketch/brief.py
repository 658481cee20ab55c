"""What a prompt asks of the composer, and why it was understood so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from . import words
from .exact import Rng
from .style import SIX, Meter, Style
from .styles import NEUTRAL, STYLES
from .theory import MINOR_MODES, NOTE_NAMES, SCALES

MODEL = "sketch-1"
"""The name of all that decides the sound; a change of any bit of it takes another."""

SLOWEST, FASTEST = 30, 300

_NEGATION = (
    r"\b(?:no|without|minus|zero)\s+(?:[\w-]+\s+(?:or|and|nor)\s+)*"
    r"(?:(?:any|live|heavy|loud|acoustic|electronic)\s+)?"
)
_NUMBER = r"(\d{1,6}(?:\.\d{1,6}|,\d(?!\d))?)\d*"
_TEMPO = re.compile(
    rf"(?<![\d.]){_NUMBER}(?:\s*(?:-|\u2013|to)\s*{_NUMBER})?\s*(?:bpm|beats per minute)\b",
    re.IGNORECASE,
)
_MODE = (
    r"(?i:(?:natural|harmonic|melodic)[\s-]+)?"
    r"((?i:major|minor|maj|min|dorian|phrygian|lydian|mixolydian|aeolian|ionian))\b"
)
_ACCIDENTAL = r"(?:[\s-]?([#\u266f\u266db]|(?i:sharp|flat)))?"
_KEY_OF = r"\b(?i:in\s+|key\s+of\s+|key:\s*)"
_KEYS = (
    # A small a is an article, unless a sharp or a flat follows.
    re.compile(
        rf"(?<![\w'-])([A-Gb-g]|a(?=[#\u266f\u266db]|[\s-](?:sharp|flat))){_ACCIDENTAL}[\s-]+{_MODE}"
    ),
    re.compile(rf"{_KEY_OF}([A-Ga-g]){_ACCIDENTAL}(?:[\s-]+{_MODE})?(?![\w'#\u266f\u266d])"),
    re.compile(rf"{_KEY_OF}([A-G])([#\u266f\u266db])?(m|maj|min)\b"),
    re.compile(r"(?<![\w'])([B-G]|A(?!m))([#\u266f\u266db])?(m)\b"),
)
_ARTICLE = re.compile(r"in\s+a\b(?!\s*[#\u266f\u266d-])(?!\s+(?:sharp|flat)\b)", re.IGNORECASE)
_PHRASE_ENDS = re.compile(r"\s*(?:$|[^\w\s])")
_CLASSES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MODES = {"maj": "major", "min": "minor", "m": "minor", "ionian": "major", "aeolian": "minor"}


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument asked for: the voice that plays it, and the slot it takes in a style."""

    voice: str
    slot: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be composed.

    `length` is in samples at `sample_rate`.  `bpm` is None where none is asked for, and `tempo`
    the range to choose from then.  `tonic` is a pitch class, nought is C.  Energy and brightness
    go from 0 to 1.  `unwanted` are voices the prompt forbids.  `why` says in phrases what was
    decided by what; `ignored` are the musical words that nothing here answers to.
    """

    prompt: str
    length: int
    sample_rate: int
    style: Style
    bpm: Fraction | None
    tempo: tuple[int, int]
    meter: Meter
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
    ignored: tuple[str, ...] = ()

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
    meter = next((words.METERS[word] for word in words.METERS if text.has(word)), style.meter)
    bpm, tempo = _tempo(text, style, meter)
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
        meter=meter,
        tonic=tonic,
        mode=mode,
        swing=0.5 if meter is SIX else _swing(text, style),
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
            *([f"moods: {', '.join(moods)}"] if moods else []),
            f"tempo: {f'{float(bpm):g} as asked' if bpm else f'{tempo[0]} to {tempo[1]}'}",
            f"drums: {'yes' if drums else 'no'}",
        ),
        ignored=_ignored(text, spoke),
    )


class _Text:
    """A prompt that can be asked for words; a word that is denied is not there."""

    def __init__(self, prompt: str) -> None:
        self.written = prompt
        # The beats of "120 beats per minute" are no drums.
        self._lower = _TEMPO.sub(" ", prompt).lower()

    def says(self, word: str) -> bool:
        return re.search(rf"(?<![a-z0-9]){_one_or_many(word)}", self._lower) is not None

    def denies(self, word: str) -> bool:
        return re.search(rf"{_NEGATION}{_one_or_many(word)}", self._lower) is not None

    def has(self, word: str) -> bool:
        return self.says(word) and not self.denies(word)

    def any(self, group: Iterable[str]) -> bool:
        return any(self.has(word) for word in group)


def _one_or_many(word: str) -> str:
    return rf"{re.escape(word)}s?(?![a-z0-9])"


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


def _tempo(text: _Text, style: Style, meter: Meter) -> tuple[Fraction | None, tuple[int, int]]:
    match = _TEMPO.search(text.written)
    if match:
        low, high = (Fraction(said.replace(",", ".")) for said in (match[1], match[2] or match[1]))
        bpm = (low + high) / 2
        return min(Fraction(FASTEST), max(Fraction(SLOWEST), bpm)), style.tempo
    for word, tempo in words.TEMPI.items():
        if text.has(word):
            return None, _counted(tempo, meter)
    return None, style.tempo if meter is style.meter else _counted(style.tempo, meter)


def _counted(tempo: tuple[int, int], meter: Meter) -> tuple[int, int]:
    """Return a range for quarters as one for the beats of a meter; dotted ones go slower."""
    low, high = tempo
    return (-(-low * 3 // 4), high * 3 // 4) if meter is SIX else tempo


def _key(text: _Text, style: Style, moods: Sequence[str], rng: Rng) -> tuple[int, str]:
    tonic = rng.choice((0, 2, 3, 4, 5, 7, 9, 10))
    minor = style.minor
    for mood in moods:
        minor += words.MOODS[mood][2]
    mode = "minor" if rng.unit() < minor else "major"
    for name in (*SCALES, "ionian", "aeolian"):
        if text.has(name):
            mode = _MODES.get(name, name)
            break
    match = _named_key(text.written)
    if match:
        letter, accidental, said = (group and group.lower() for group in match.groups())
        shift = {None: 0, "#": 1, "\u266f": 1, "sharp": 1}.get(accidental, -1)
        tonic = (_CLASSES[letter] + shift) % 12
        mode = _MODES.get(said, said or mode)
    return tonic, mode


def _named_key(written: str) -> re.Match[str] | None:
    """Find where a tonic is named; "in a minor key" and "in a cave" name none."""
    for pattern in _KEYS:
        for match in pattern.finditer(written):
            article = _ARTICLE.match(match[0]) and not (match[1] == "A" and match[3])
            if not article or _PHRASE_ENDS.match(written, match.end()):
                return match
    return None


def _ignored(text: _Text, spoke: Sequence[str]) -> tuple[str, ...]:
    """Return, in the order of the prompt, what is music and neither known here nor denied."""
    unheard = {word for word in words.UNANSWERED if text.has(word)}
    # Names of styles that were outweighed.
    for style in STYLES:
        unheard.update(word for word in style.words if style.words[word] >= 5 and text.has(word))
    answered = " ".join((*spoke, *words.METERS, *words.INSTRUMENTS, *words.MOODS))
    lower = text.written.lower()
    kept = (word for word in unheard if word not in answered)
    return tuple(sorted(kept, key=lambda word: (lower.find(word), word)))


def _instruments(text: _Text) -> tuple[tuple[Instrument, ...], frozenset[str]]:
    """Return the instruments asked for, in the order of the prompt, and the voices denied."""
    rest = text.written.lower()
    found: list[tuple[int, Instrument]] = []
    unwanted: set[str] = set()
    known = {*words.INSTRUMENTS, *words.FAMILIES}
    for word in sorted(known, key=lambda word: (-len(word), word)):
        match = re.search(rf"(?<![a-z0-9]){_one_or_many(word)}", rest)
        if match is None:
            continue
        if text.denies(word):
            family = words.FAMILIES.get(word)
            unwanted.update(words.INSTRUMENTS[word][:1] if family is None else family)
        elif word in words.INSTRUMENTS:
            found.append((match.start(), Instrument(*words.INSTRUMENTS[word])))
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
