"""Slow, swung and dusty: soft chords, a sleepy beat."""

from __future__ import annotations

from ..style import Bass, Beat, Echo, Hits, Layer, Melody, Mix, Role, Room, Style, Tone

LOFI = Style(
    name="lo-fi",
    words={
        "lo-fi": 5,
        "lofi": 5,
        "lo fi": 5,
        "chillhop": 5,
        "study": 2,
        "studying": 2,
        "vinyl": 2,
        "hip hop": 2,
        "hip-hop": 2,
        "boom bap": 4,
        "chill": 2,
        "dusty": 2,
    },
    tempo=(74, 86),
    minor=0.35,
    energy=0.45,
    brightness=0.3,
    major_progressions=("Imaj9 vi9 ii9 V13", "IVmaj9 iii7 ii9 Imaj9", "Imaj9 iii7 vi9 IVmaj9"),
    minor_progressions=("i9 iv9 VImaj7 v7", "i9 VImaj7 iv9 v7", "i9 VImaj7 IIImaj7 v7"),
    final_major="Imaj9",
    final_minor="i9",
    arc="steady",
    swing=0.57,
    swing_grid=1,
    room=Room(1.3, 0.5),
    tone=Tone(lowpass=8500, air=0.5, flutter=0.0016),
    roles=(
        Role(
            "chords",
            "chords",
            "electric piano",
            Hits(
                50,
                72,
                (
                    "X======...x====.",
                    "X=====o==..x===.",
                    "X=========....o=",
                    "X=============..",
                ),
                rootless=True,
            ),
            Mix(-1.5, send=0.26, width=1.0, strum=0.014, jitter=0.010),
            0.52,
        ),
        Role(
            "bass",
            "bass",
            "electric bass",
            Bass(
                31,
                45,
                (
                    "R=====.r=.f===..",
                    "R====.o=..r==.a=",
                    "R=======...f==..",
                ),
            ),
            Mix(-10, send=0.03, lag=0.006, duck=0.25),
            0.75,
            above=0.45,
        ),
        Role(
            "lead",
            "lead",
            "vibraphone",
            Melody(
                64,
                84,
                (
                    "..x=x=x===......",
                    "X==x==..x===....",
                    "....x=x=x=.x===.",
                    "X===..x=x=====..",
                ),
                "X==.x=======....",
                rest=0.12,
            ),
            Mix(
                -9,
                pan=0.3,
                send=0.42,
                width=0.5,
                lag=0.012,
                jitter=0.014,
                echo=Echo(0.75, 0.28, 0.30),
            ),
            0.5,
        ),
        Role(
            "drums",
            "drums",
            "lo-fi kit",
            Beat(
                (
                    Layer(
                        "kick",
                        ("X.....x...X.....", "X..x......X.....", "X.......x.X....x"),
                        intro=True,
                    ),
                    Layer("snare", ("....X.......X...", "....X..,....X..,"), 0.45),
                    Layer("hat", ("x.o.x.o.x.o.x.o.", "x.o.x.oox.o.x.o,"), 0.3, intro=True),
                ),
                ({"snare": "X.ox"}, {"snare": "oX", "kick": "x."}),
                crash=False,
                ending=("kick", "hat"),
            ),
            Mix(-3, send=0.08, width=0.7, jitter=0.004, lowpass=9000),
            0.85,
        ),
    ),
)
