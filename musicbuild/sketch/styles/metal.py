"""Rock's heavy brother: muted riffs on two guitars, double kicks, a lead on top."""

from __future__ import annotations

from ..style import Bass, Beat, Echo, Hits, Layer, Melody, Mix, Pads, Role, Room, Style, Tone

# A style is read as a table.
# fmt: off
METAL = Style(
    name="metal",
    words={
        "metal": 5, "heavy metal": 5, "thrash": 5, "metalcore": 5, "djent": 5, "deathcore": 5,
        "doom metal": 4, "headbanging": 3, "brutal": 3, "double kick": 4, "riff": 3,
        "electric guitar": 3, "distorted guitar": 4, "shredding": 4,
    },
    tempo=(124, 164), minor=1.0, energy=0.95, brightness=0.6, arc="full", room=Room(0.9, 0.45),
    tone=Tone(air=1.1),
    major_progressions=("I bVII IV I", "vi IV I V"),
    minor_progressions=("i i VI VII", "i VI i VII", "i iv VI v", "i i III VI"),
    roles=(
        Role("riff", "riff", "distorted guitar",
            Hits(38, 50, ("X.xxX.xxX.xxX=x=", "X=xxxxX=xxxxX=x=", "XxxXxxXxxXxxX=x=",
            "X.X.xxX.X.xxX==="), fifths=True),
            Mix(-4, send=0.05, width=1.0, jitter=0.003, amplifier=22.0), 0.85),
        Role("choir", "pad", "choir",
            Pads(50, 74),
            Mix(-16, send=0.5, width=0.8), 0.55, 0.9),
        Role("bass", "bass", "electric bass",
            Bass(28, 40, ("R.rrR.rrR.rrR=r=", "R=rrrrR=rrrrR=a=", "R=r=R=r=R=r=R=a=")),
            Mix(-1, send=0.02, drive=2.4, jitter=0.003), 0.85, 0.4),
        Role("lead", "lead", "lead guitar",
            Melody(64, 86, ("X=x=x=x=X===x=x=", "X===x=x=X=======", "xxxxX===xxxxX===",
            "X=====x=X=x=x==="), "X===X===========", legato=0.98),
            Mix(-9, send=0.25, pan=0.15, amplifier=11.0, echo=Echo(0.75, 0.25, 0.25)), 0.75, 0.85),
        Role("drums", "drums", "metal kit",
            Beat((
                Layer("kick", ("X.xxX.xxX.xxX.x.", "X.x.X.x.X.x.X.x.", "XxxxXxxxXxxxX.x."),
                    intro=True),
                Layer("snare", ("....X.......X...", "....X.......X..x"), 0.3),
                Layer("hat", ("X...X...X...X...",), intro=True),
                Layer("ride", ("X.x.X.x.X.x.X.x.",), 0.9)),
            ({"snare": "xxXxxxXX", "tom": "....xxxx"}, {"tom": "XxXx"}, {"snare": "XXXX"}),
            ending=("kick", "crash", "snare")),
            Mix(-1, send=0.08, width=0.8, jitter=0.002), 0.95),
    ),
)
