"""What makes a style: the vocabulary in which `styles/` writes them down as data.

Patterns are text, one character a sixteenth, and as long as a bar of the style's meter.  `.` is
silence and `=` holds what came before.  In a Hits, a Melody and a Beat a letter starts a note: `X`
strong, `x` plain, `o` soft, `,` barely.  In a Bass it also says which tone of the chord: `R` the
root, strong, `r` the root, `f` the fifth, `o` the octave, `a` a step that leads to the next root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACCENTS: Mapping[str, float] = {"X": 1.0, "x": 0.78, "o": 0.55, ",": 0.3}

UP_AND_DOWN = ((0, 1, 2, 3, 2, 1), (0, 2, 1, 3, 2, 1), (0, 2, 1, 2))
"""Orders in which a chord is broken, voices counted from the lowest."""

BROKEN = ((0, 1, 2, 1, 0, 1, 2, 1), (2, 1, 0, 1, 2, 1, 0, 1), (0, 2, 1, 2, 0, 2, 1, 2))


@dataclass(frozen=True, slots=True)
class Meter:
    """`beats` of a bar, each of so many `parts`: sixteenths, of which a beat of six-eight has six.

    `half` is after how many of them the bar is leant on again.
    """

    name: str
    beats: int
    parts: int
    half: int

    @property
    def steps(self) -> int:
        """Sixteenths of a bar."""
        return self.beats * self.parts


FOUR, THREE, SIX = Meter("4/4", 4, 4, 8), Meter("3/4", 3, 4, 8), Meter("6/8", 2, 6, 6)


@dataclass(frozen=True, slots=True)
class Echo:
    """Repeats after so many beats, each weaker by `feedback`, the first at `level`."""

    beats: float
    feedback: float
    level: float


@dataclass(frozen=True, slots=True)
class Mix:
    """How a part sits in the mix: `gain` in dB, `pan` and `width` in -1 to 1, times in seconds."""

    gain: float
    pan: float = 0.0
    send: float = 0.2
    width: float = 0.0
    jitter: float = 0.006
    lag: float = 0.0
    strum: float = 0.0
    drive: float = 0.0
    amplifier: float = 0.0
    lowpass: float = 0.0
    duck: float = 0.0
    echo: Echo | None = None


@dataclass(frozen=True, slots=True)
class Pads:
    """Chords held as long as they last."""

    low: int
    high: int
    voices: int = 4


@dataclass(frozen=True, slots=True)
class Hits:
    """Chords struck in a rhythm: `rootless` leaves the root to the bass, `fifths` the third out."""

    low: int
    high: int
    rhythms: tuple[str, ...]
    voices: int = 4
    rootless: bool = False
    fifths: bool = False


@dataclass(frozen=True, slots=True)
class Arpeggio:
    """Chords broken in an order, a note every `grid` sixteenths, held for `gate` of those."""

    low: int
    high: int
    orders: tuple[tuple[int, ...], ...]
    grid: int = 2
    voices: int = 4
    gate: float = 1.6


@dataclass(frozen=True, slots=True)
class Bass:
    low: int
    high: int
    rhythms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """A bass in even beats that leads from chord to chord."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Melody:
    """Two motifs in the order a b a' and a cadence; `rest` is how often a weak note is silent."""

    low: int
    high: int
    cells: tuple[str, ...]
    cadence: str
    rest: float = 0.0
    legato: float = 0.95


@dataclass(frozen=True, slots=True)
class Layer:
    """One drum's patterns, played in sections at least so intense."""

    drum: str
    patterns: tuple[str, ...]
    above: float = 0.0
    intro: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """`fills` are texts by drum that end with the bar; `ending` are drums of the last chord."""

    layers: tuple[Layer, ...]
    fills: tuple[Mapping[str, str], ...] = ()
    crash: bool = True
    ending: tuple[str, ...] = ("kick", "crash")


Figure = Pads | Hits | Arpeggio | Bass | Walk | Melody | Beat


@dataclass(frozen=True, slots=True)
class Role:
    """One player: what it plays, on what, how loud, and from which intensity on.

    `slot` is what an instrument asked for in the prompt can stand in for.
    """

    name: str
    slot: str
    voice: str
    figure: Figure
    mix: Mix
    velocity: float = 0.65
    above: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """The reverberation: seconds until it is 60 dB down, and how dull it gets."""

    seconds: float
    damping: float = 0.4


@dataclass(frozen=True, slots=True)
class Tone:
    """The colour of the whole: a lowpass in Hz, added air, tape flutter, crackle."""

    lowpass: float = 0.0
    air: float = 0.5
    flutter: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """One style whole.

    `words` are those of a prompt that speak for it, with weights.  `tempo` is the range in beats a
    minute for a prompt that asks for none; `minor` the chance of a minor key.  `swing` is where the
    off-beat falls in its pair, a half being straight, on a grid of `swing_grid` sixteenths.
    `meter` is the one it is written in, and in which it is played where no other is asked for.
    Progressions are Roman numerals, one a bar, or two a bar where there are eight.  `arc` says how
    the intensity goes: `steady`, `arch`, `build` or `full`.
    """

    name: str
    words: Mapping[str, int]
    tempo: tuple[int, int]
    minor: float
    energy: float
    brightness: float
    major_progressions: tuple[str, ...]
    minor_progressions: tuple[str, ...]
    roles: tuple[Role, ...]
    room: Room
    tone: Tone = field(default=Tone())
    final_major: str = "I"
    final_minor: str = "i"
    arc: str = "arch"
    swing: float = 0.5
    swing_grid: int = 2
    tail: float = 1.8
    drums: bool = True
    bars_per_chord: int = 1
    meter: Meter = FOUR
