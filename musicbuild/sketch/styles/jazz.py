"""A small band that swings: walking bass, sparse chords, a ride."""

from __future__ import annotations

from ..style import Beat, Hits, Layer, Melody, Mix, Role, Room, Style, Tone, Walk

JAZZ = Style(
    name="jazz",
    words={
        "jazz": 5,
        "swing": 3,
        "bebop": 4,
        "double bass": 2,
        "upright bass": 2,
        "big band": 3,
        "noir": 2,
        "lounge": 2,
        "blues": 2,
    },
    tempo=(112, 140),
    minor=0.15,
    energy=0.6,
    brightness=0.5,
    major_progressions=(
        "Imaj9 VI7b9 ii9 V13",
        "Imaj9 vi9 ii9 V13",
        "Imaj9 IVmaj9 iii7 VI7b9 ii9 V13 Imaj9 V13",
    ),
    minor_progressions=("i6 iim7b5 V7b9 i6", "i9 iv9 iim7b5 V7b9"),
    final_major="I69",
    final_minor="i6",
    arc="steady",
    swing=0.64,
    room=Room(1.1, 0.4),
    tone=Tone(air=0.9),
    roles=(
        Role("bass", "bass", "double bass", Walk(29, 50), Mix(-8, send=0.1, pan=-0.08), 0.8),
        Role(
            "chords",
            "chords",
            "piano",
            Hits(
                48,
                68,
                (
                    "X==...x=........",
                    "......x=....o=..",
                    "x=....X===......",
                    "....x=........X=",
                ),
                rootless=True,
            ),
            Mix(-4.5, send=0.2, pan=-0.42, width=0.7, jitter=0.008, strum=0.006),
            0.5,
        ),
        Role(
            "lead",
            "lead",
            "vibraphone",
            Melody(
                62,
                86,
                (
                    "x=x=x=X=====....",
                    "..x=x=x=X=x=x==.",
                    "X==.x=X===..x=x=",
                    "......x=x=x=x=X=",
                ),
                "x=x=X=====......",
                rest=0.06,
                legato=0.88,
            ),
            Mix(-2, send=0.22, pan=0.38, width=0.6, jitter=0.010, lag=0.012),
            0.65,
        ),
        Role(
            "drums",
            "drums",
            "jazz kit",
            Beat(
                (
                    Layer("ride", ("X...x.o.X...x.o.", "X...x.o.X..ox.o."), intro=True),
                    Layer("pedal", ("....x.......x...",), intro=True),
                    Layer("kick", (",...,...,...,...",), 0.3),
                    Layer(
                        "brush", ("......,......,..", "..,......,....o.", "....,..........,"), 0.6
                    ),
                ),
                ({"snare": "o,xo"}, {"snare": "o.,oo,xo", "kick": "....x..."}),
                ending=("kick", "ride", "crash"),
            ),
            Mix(-1, send=0.16, width=0.9, jitter=0.005),
            0.85,
        ),
    ),
)
