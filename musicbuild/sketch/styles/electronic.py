"""Four on the floor, pumping pads, arpeggios and a synth lead."""

from __future__ import annotations

from ..style import (
    UP_AND_DOWN,
    Arpeggio,
    Bass,
    Beat,
    Echo,
    Layer,
    Melody,
    Mix,
    Pads,
    Role,
    Room,
    Style,
    Tone,
)

ELECTRONIC = Style(
    name="electronic",
    words={
        "electronic": 4,
        "edm": 5,
        "house": 4,
        "trance": 5,
        "dance": 3,
        "dubstep": 4,
        "workout": 4,
        "gym": 4,
        "fitness": 4,
        "party": 3,
        "festival": 3,
        "synth": 2,
        "club": 2,
        "futuristic": 2,
    },
    tempo=(108, 128),
    minor=0.7,
    energy=0.8,
    brightness=0.65,
    major_progressions=("I V vi IV", "I IV vi V"),
    minor_progressions=("i VI VII i", "VI VII i i", "i v VI i"),
    arc="full",
    room=Room(1.8, 0.3),
    tone=Tone(air=0.7),
    roles=(
        Role("pad", "pad", "pad", Pads(52, 75), Mix(-11, send=0.4, width=0.9, duck=0.6), 0.65),
        Role(
            "bass",
            "bass",
            "synth bass",
            Bass(
                29,
                41,
                (
                    "r=R=r=R=r=R=r=R=",
                    "rrorrrorrrorrror",
                ),
            ),
            Mix(-4.5, send=0.02, duck=0.5),
            0.8,
            above=0.5,
        ),
        Role(
            "arpeggio",
            "arpeggio",
            "pluck",
            Arpeggio(60, 84, UP_AND_DOWN, grid=1, gate=0.9),
            Mix(-10, send=0.3, pan=-0.2, width=0.3, duck=0.3, echo=Echo(0.75, 0.3, 0.35)),
            0.6,
            above=0.35,
        ),
        Role(
            "lead",
            "lead",
            "synth lead",
            Melody(
                64,
                84,
                (
                    "X==x==x=X=====..",
                    "X===x===X===x===",
                    "x=X===x=x=X===..",
                ),
                "X===========....",
            ),
            Mix(-9, send=0.3, pan=0.1, echo=Echo(0.75, 0.3, 0.3)),
            0.65,
        ),
        Role(
            "drums",
            "drums",
            "electronic kit",
            Beat(
                (
                    Layer("kick", ("X...X...X...X...",), intro=True),
                    Layer("clap", ("....X.......X...",), 0.5),
                    Layer("hat", ("..x...x...x...x.", "o.x,o.x,o.x,o.x,"), 0.4, intro=True),
                ),
                ({"clap": "x.xx"}, {"snare": ",.o.oxxX"}),
            ),
            Mix(-2, send=0.08, width=0.5, jitter=0.0),
            0.9,
        ),
    ),
)
