"""Players for instruments asked for that a style has no place for, by slot."""

from __future__ import annotations

from collections.abc import Mapping

from ..style import UP_AND_DOWN, Arpeggio, Bass, Hits, Melody, Mix, Pads, Role

EXTRAS: Mapping[str, Role] = {
    "arpeggio": Role(
        "arpeggio",
        "arpeggio",
        "pluck",
        Arpeggio(57, 79, UP_AND_DOWN, gate=1.2),
        Mix(-9, pan=-0.25, send=0.3, width=0.4),
        0.55,
    ),
    "bass": Role(
        "bass",
        "bass",
        "electric bass",
        Bass(29, 43, ("R=======r=======",)),
        Mix(-7, send=0.04),
        0.75,
    ),
    "brass": Role(
        "brass",
        "brass",
        "brass",
        Hits(46, 65, ("X=======x=======",), voices=3),
        Mix(-9, send=0.4, pan=0.2, width=0.3),
        0.55,
    ),
    "chords": Role(
        "chords",
        "chords",
        "piano",
        Hits(50, 72, ("X=======x===x===",)),
        Mix(-7, send=0.25, pan=-0.2, width=0.7),
        0.5,
    ),
    "lead": Role(
        "lead",
        "lead",
        "flute",
        Melody(
            64,
            84,
            (
                "X===x=x=X=======",
                "X=====x=X===x===",
            ),
            "X===========....",
        ),
        Mix(-8, pan=0.2, send=0.35),
        0.6,
    ),
    "pad": Role("pad", "pad", "pad", Pads(50, 74), Mix(-12, send=0.5, width=0.8), 0.55),
    "riff": Role(
        "riff",
        "riff",
        "distorted guitar",
        Hits(
            40,
            51,
            (
                "X=======X===x===",
                "X=====x=X=======",
            ),
            fifths=True,
        ),
        Mix(-8, send=0.1, width=1.0, amplifier=12.0),
        0.75,
    ),
}
