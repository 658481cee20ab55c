"""The sound of old consoles: two pulse waves, a square bass, noise for drums."""

from __future__ import annotations

from ..style import Arpeggio, Bass, Beat, Echo, Hits, Layer, Melody, Mix, Role, Room, Style, Tone

# A style is read as a table.
# fmt: off
CHIPTUNE = Style(
    name="chiptune",
    words={
        "chiptune": 5, "chip tune": 5, "8-bit": 5, "8 bit": 5, "8bit": 5, "16-bit": 4, "nes": 4,
        "game boy": 4, "gameboy": 4, "arcade": 4, "retro game": 5, "pixel": 4, "platformer": 4,
    },
    tempo=(126, 152), minor=0.35, energy=0.75, brightness=0.7, arc="full", room=Room(0.5, 0.3),
    tone=Tone(air=0.3),
    major_progressions=("I V vi IV", "I IV V IV", "vi IV I V"),
    minor_progressions=("i VI VII i", "i VII VI i", "i iv VII i"),
    roles=(
        Role("lead", "lead", "square",
            Melody(67, 88, ("X=x=x=X=x===x=x=", "X==x==x=X===x=x=", "x=x=X===x=x=X===",
            "X===..x=x=x=x==."), "X=x=x=X=====....", legato=0.85),
            Mix(-6, pan=-0.12, send=0.1, jitter=0.0, echo=Echo(0.75, 0.3, 0.3)), 0.7),
        Role("arpeggio", "arpeggio", "pulse",
            Arpeggio(60, 79, ((0, 1, 2, 1), (0, 1, 2, 3), (2, 1, 0, 1)), grid=1, gate=0.8),
            Mix(-9, pan=0.6, width=0.4, send=0.1, jitter=0.0), 0.6, 0.3),
        Role("chords", "chords", "pulse",
            Hits(55, 72, ("..x...x...x...x.", "x..x..x.x..x..x."), voices=3),
            Mix(-11, pan=-0.7, width=0.3, send=0.1, jitter=0.0), 0.55, 0.6),
        Role("bass", "bass", "chip bass",
            Bass(33, 47, ("R=o=r=o=r=o=r=o=", "R=rrr=o=r=rro=a=", "R=r=o=r=R=r=f=a=")),
            Mix(-6, send=0.02, jitter=0.0), 0.8),
        Role("drums", "drums", "chip kit",
            Beat((
                Layer("kick", ("X...x...X...x...", "X.....x.X.x....."), intro=True),
                Layer("snare", ("....X.......X...", "....X.......X..x"), 0.4),
                Layer("hat", ("x.o.x.o.x.o.x.o.", "xoxoxoxoxoxoxoxo"), intro=True)),
            ({"snare": "xxXx"}, {"snare": "x.xxxXxX"}), crash=False, ending=("kick", "snare")),
            Mix(-5, send=0.05, width=0.9, jitter=0.0), 0.85),
    ),
)
