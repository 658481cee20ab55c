"""Guitars through an amplifier, eighths on the bass, a loud kit."""

from __future__ import annotations

from ..style import Bass, Beat, Echo, Hits, Layer, Melody, Mix, Role, Room, Style, Tone

ROCK = Style(
    name="rock",
    words={
        "rock": 5,
        "electric guitar": 3,
        "punk": 4,
        "grunge": 4,
        "riff": 3,
        "garage": 2,
        "high energy": 1,
    },
    tempo=(124, 148),
    minor=0.75,
    energy=0.9,
    brightness=0.65,
    major_progressions=("I bVII IV I", "I IV V IV", "I V vi IV"),
    minor_progressions=("i VI VII i", "i i VI VII", "i VII VI VII"),
    arc="full",
    room=Room(0.9, 0.45),
    tone=Tone(air=1.0),
    roles=(
        Role(
            "riff",
            "riff",
            "distorted guitar",
            Hits(
                40,
                51,
                (
                    "X=xxX=xxX=xxX=x=",
                    "X==x==X=X=x=X=x=",
                    "X=====x=X===x=x=",
                    "X=x=xX=xX=x=xx==",
                ),
                fifths=True,
            ),
            Mix(-4.5, send=0.08, width=1.0, jitter=0.004, amplifier=14.0),
            0.8,
        ),
        Role(
            "bass",
            "bass",
            "electric bass",
            Bass(
                28,
                40,
                (
                    "R=r=R=r=R=r=R=r=",
                    "R=rrR=r=R=r=o=a=",
                ),
            ),
            Mix(-2, send=0.02, drive=1.8),
            0.8,
            above=0.6,
        ),
        Role(
            "lead",
            "lead",
            "lead guitar",
            Melody(
                64,
                83,
                (
                    "X=x=x===X=x=x===",
                    "X==x==x=X=======",
                    "X===x=x=X===x===",
                ),
                "X===X=========..",
                legato=0.97,
            ),
            Mix(-8.5, send=0.2, pan=0.15, lag=0.004, amplifier=9.0, echo=Echo(0.75, 0.22, 0.25)),
            0.75,
            above=0.9,
        ),
        Role(
            "drums",
            "drums",
            "rock kit",
            Beat(
                (
                    Layer(
                        "kick",
                        ("X.....x.X.x...x.", "X..x..X.X.....x.", "X.x...x.X.x....."),
                        intro=True,
                    ),
                    Layer("snare", ("....X.......X...", "....X.......X..o")),
                    Layer("hat", ("X.x.X.x.X.x.X.x.", "X.xoX.x.X.xoX.x."), intro=True),
                    Layer("ride", ("X.x.X.x.X.x.X.x.",), 0.95),
                ),
                (
                    {"snare": "X.XxX.Xx", "kick": "X......."},
                    {"snare": "xXxX....", "tom": "....xXxX"},
                    {"snare": "XXXX", "kick": "X.X."},
                ),
                ending=("kick", "crash", "snare"),
            ),
            Mix(-0.5, send=0.10, width=0.7, jitter=0.003),
            0.95,
        ),
    ),
)
