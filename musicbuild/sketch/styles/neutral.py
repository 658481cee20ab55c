"""What is played when no word of a prompt names a style."""

from __future__ import annotations

from ..style import (
    UP_AND_DOWN,
    Arpeggio,
    Bass,
    Beat,
    Layer,
    Melody,
    Mix,
    Pads,
    Role,
    Room,
    Style,
    Tone,
)

NEUTRAL = Style(
    name="neutral",
    words={},
    tempo=(92, 112),
    minor=0.4,
    energy=0.55,
    brightness=0.5,
    major_progressions=("I V vi IV", "I vi IV V", "I IV I V"),
    minor_progressions=("i VI III VII", "i VII VI VII", "i iv VI V"),
    final_major="Iadd9",
    final_minor="i",
    room=Room(1.7, 0.4),
    tone=Tone(air=0.7),
    roles=(
        Role(
            "keys",
            "chords",
            "piano",
            Arpeggio(52, 74, UP_AND_DOWN, gate=2.0),
            Mix(-4, send=0.22, pan=-0.15, width=0.6, jitter=0.008),
            0.6,
        ),
        Role("strings", "pad", "strings", Pads(50, 74), Mix(-12, send=0.5, width=0.7), 0.55, 0.4),
        Role(
            "bass",
            "bass",
            "electric bass",
            Bass(
                29,
                43,
                (
                    "R=======r==.f===",
                    "R=====r=R===..a=",
                ),
            ),
            Mix(-7, send=0.04),
            0.75,
            above=0.5,
        ),
        Role(
            "lead",
            "lead",
            "flute",
            Melody(
                67,
                86,
                (
                    "X===x=x=X=======",
                    "X=====x=X===x===",
                    "X=======x===x===",
                ),
                "X===========....",
            ),
            Mix(-8, send=0.35, pan=0.15, jitter=0.012),
            0.6,
        ),
        Role(
            "drums",
            "drums",
            "rock kit",
            Beat(
                (
                    Layer("kick", ("X.......X.o.....", "X.....x.X......."), 0.5),
                    Layer("snare", ("....x.......x...",), 0.6),
                    Layer("shaker", ("x.o.x.o.x.o.x.o.",), intro=True),
                ),
                ({"snare": "o.xx"}, {"tom": "x.xo"}),
            ),
            Mix(-7, send=0.15, width=0.6),
            0.75,
        ),
    ),
)
