"""One player alone: a piano, its left hand, its chords and its song."""

from __future__ import annotations

from ..style import Arpeggio, Bass, Beat, Hits, Layer, Melody, Mix, Role, Room, Style, Tone

# A style is read as a table.
# fmt: off
SOLO_PIANO = Style(
    name="solo piano",
    words={
        "solo piano": 5, "piano solo": 5, "piano": 2, "piano piece": 3, "piano ballad": 3,
        "nocturne": 5, "classical piano": 3, "classical": 3, "sonata": 5, "prelude": 4,
        "romantic": 2, "intimate": 3, "emotional": 1, "wedding": 2,
    },
    tempo=(66, 84), minor=0.4, energy=0.4, brightness=0.45, drums=False, room=Room(1.8, 0.45),
    tone=Tone(lowpass=7500, air=0.0), tail=2.6,
    major_progressions=("I V vi IV", "Iadd9 vi7 IV V", "I iii vi IV", "Imaj7 IVmaj7 ii7 V"),
    minor_progressions=("i VI III VII", "i iv VII III", "i v VI iv", "iadd9 VImaj7 iv v"),
    final_major="Iadd9", final_minor="iadd9",
    roles=(
        Role("left hand", "bass", "piano",
            Bass(33, 48, ("R=======f=======", "R===f===o===f===", "R=======r=======")),
            Mix(-6, pan=-0.1, send=0.22, width=0.6, jitter=0.008), 0.55),
        Role("middle", "chords", "piano",
            Arpeggio(50, 69, ((0, 2, 1, 2, 3, 2, 1, 2), (0, 1, 2, 3, 2, 1, 2, 1), (0, 1, 2, 1, 3, 1,
            2, 1)), gate=2.6),
            Mix(-5, send=0.22, width=0.8, jitter=0.01), 0.42),
        Role("chords", "inner", "piano",
            Hits(55, 72, ("........x=======", "X==============="), voices=3),
            Mix(-8, send=0.22, width=0.8, jitter=0.01, strum=0.012), 0.4, 0.75),
        Role("right hand", "lead", "piano",
            Melody(69, 91, ("X=====x=X===x===", "X===x=x=X=======", "....x=x=X===x=x=",
            "X=======x=x=x==="), "X===========....", rest=0.04, legato=1.0),
            Mix(-2, pan=0.1, send=0.25, width=0.6, jitter=0.012), 0.62),
        Role("drums", "drums", "jazz kit",
            Beat((
                Layer("kick", ("x.......o.......",)),
                Layer("brush", ("....o.......o...", "....o..,....o..,"), 0.3)), crash=False,
            ending=("kick",)),
            Mix(-8, send=0.25, width=0.6), 0.6),
    ),
)
