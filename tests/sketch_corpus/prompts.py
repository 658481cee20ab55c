"""What the corpus asks for, and what an author of each prompt would expect to hear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """A prompt of so many seconds, the style it is written for, and what else it asks for.

    `bpm`, `key` and `meter` are None where the prompt leaves them open.
    """

    style: str
    seconds: str
    prompt: str
    drums: bool = True
    bpm: str | None = None
    key: str | None = None
    meter: str | None = None
    loop: bool = False


CORPUS = (
    Wish("lo-fi", "30", "Lo-fi beats to study to, mellow electric piano and dusty drums"),
    Wish("lo-fi", "24", "Chillhop with vinyl crackle, 80 BPM", bpm="80"),
    Wish("orchestral", "60", "Epic cinematic trailer music, full orchestra, building to the end"),
    Wish("orchestral", "30", "Orchestral theme in D minor, 96 BPM", bpm="96", key="D minor"),
    Wish("jazz", "30", "Smoky jazz trio with upright bass in a late bar"),
    Wish("jazz", "22", "Bebop in Bb major, 132 BPM", bpm="132", key="Bb major"),
    Wish("ambient", "40", "Ambient soundscape for meditation, slow evolving pads", drums=False),
    Wish("ambient", "30", "Atmospheric drone in E minor", drums=False, key="E minor", loop=True),
    Wish("rock", "30", "Garage rock with a loud electric guitar riff"),
    Wish("rock", "20", "Punk rock in E minor, 144 BPM", bpm="144", key="E minor"),
    Wish("electronic", "30", "Energetic EDM for a workout video"),
    Wish("electronic", "24", "Trance in A minor, 126 BPM", bpm="126", key="A minor", loop=True),
    Wish("synthwave", "30", "Synthwave for a night drive, neon and rain"),
    Wish("synthwave", "24", "Retrowave in F# minor, 92 BPM", bpm="92", key="F# minor"),
    Wish("techno", "30", "Hypnotic warehouse techno"),
    Wish("techno", "20", "Dark industrial techno, 130 BPM", bpm="130", loop=True),
    Wish("drum and bass", "30", "Liquid drum and bass, airy and fast moving"),
    Wish("drum and bass", "20", "DnB in G minor, 174 BPM", bpm="174", key="G minor"),
    Wish("chiptune", "20", "Chiptune for a cheerful platform level", loop=True),
    Wish("chiptune", "24", "8-bit boss fight in C minor, 150 BPM", bpm="150", key="C minor"),
    Wish("metal", "30", "Heavy metal with double kick drums"),
    Wish("metal", "20", "Thrash metal in D minor, 160 BPM", bpm="160", key="D minor"),
    Wish("folk", "30", "Americana folk song by a campfire"),
    Wish("folk", "24", "Country tune in G major, 104 BPM", bpm="104", key="G major"),
    Wish("medieval", "30", "Medieval tavern with a minstrel", loop=True),
    Wish("medieval", "24", "Renaissance dance in D dorian, 3/4", key="D dorian", meter="3/4"),
    Wish("celtic", "30", "Celtic tune with fiddle", meter="6/8"),
    Wish("celtic", "20", "Irish jig in D major, 112 BPM", bpm="112", key="D major", meter="6/8"),
    Wish("lullaby", "30", "A lullaby on a music box", drums=False, meter="3/4"),
    Wish("lullaby", "20", "Bedtime lullaby in F major", drums=False, key="F major", meter="3/4"),
    Wish("funk", "30", "Funky groove with slap bass"),
    Wish("funk", "20", "Disco in E minor, 110 BPM", bpm="110", key="E minor", loop=True),
    Wish("hip hop", "30", "Hip hop instrumental with 808s"),
    Wish("hip hop", "24", "Dark trap in C# minor, 84 BPM", bpm="84", key="C# minor"),
    Wish("latin", "30", "Salsa for a street fiesta"),
    Wish("latin", "24", "Bossa nova in F major, 88 BPM", bpm="88", key="F major"),
    Wish("reggae", "30", "Sunny reggae on the beach"),
    Wish("reggae", "20", "Dub in A minor, 72 BPM", bpm="72", key="A minor", loop=True),
    Wish("pop", "30", "Catchy feel-good pop for a summer vlog"),
    Wish("pop", "24", "Pop in C major, 118 BPM", bpm="118", key="C major"),
    Wish("corporate", "45", "Uplifting corporate background for a product presentation"),
    Wish("corporate", "30", "Motivational business explainer, 112 BPM", bpm="112"),
    Wish("horror", "30", "Creepy horror in a haunted house", drums=False),
    Wish("horror", "20", "Scary horror with drums in C minor", key="C minor"),
    Wish("tension", "30", "Suspenseful thriller, a countdown"),
    Wish("tension", "20", "Stealth in D minor, 116 BPM", bpm="116", key="D minor", loop=True),
    Wish("solo piano", "30", "A sad solo piano piece", drums=False),
    Wish("solo piano", "24", "Nocturne in Eb major", drums=False, key="Eb major"),
    # Nothing that names a style, in the words that services give as examples.
    Wish("neutral", "30", "A walk in the park"),
    Wish("neutral", "20", "Happy and hopeful, a sunny morning"),
    Wish("neutral", "24", "Sad and gentle in A minor, no drums", drums=False, key="A minor"),
    Wish("neutral", "24", "A waltz in G major", key="G major", meter="3/4"),
    Wish("neutral", "20", "Melancholic, 6/8, 60 BPM", bpm="60", meter="6/8"),
    Wish("neutral", "15", "Mysterious forest, F lydian", key="F lydian", loop=True),
    Wish("corporate", "60", "Warm music under a podcast, peaceful, 100 BPM", bpm="100"),
    Wish("ambient", "30", "Soft ambient background music, minimal, piano and pads", drums=False),
    Wish("electronic", "30", "Upbeat workout music with driving synths, 128 BPM", bpm="128"),
    Wish("orchestral", "45", "Cinematic score, tense strings and brass, no drums", drums=False),
    Wish("lo-fi", "45", "Calm lo-fi loop for studying, piano, no drums", drums=False, loop=True),
    Wish("corporate", "15", "Inspirational corporate opener in D major", key="D major"),
)
"""Sixty prompts, two at least for each style."""
