"""What the words of a prompt mean, apart from those that name a style."""

from __future__ import annotations

from collections.abc import Mapping

from .style import FOUR, SIX, THREE, Meter

INSTRUMENTS: Mapping[str, tuple[str, str]] = {
    "accordion": ("accordion", "chords"),
    "acoustic guitar": ("steel guitar", "chords"),
    "arpeggio": ("pluck", "arpeggio"),
    "arpeggios": ("pluck", "arpeggio"),
    "bass guitar": ("electric bass", "bass"),
    "bells": ("bell", "lead"),
    "brass": ("brass", "brass"),
    "cello": ("strings", "lead"),
    "choir": ("choir", "pad"),
    "distorted guitar": ("distorted guitar", "riff"),
    "double bass": ("double bass", "bass"),
    "electric bass": ("electric bass", "bass"),
    "electric guitar": ("distorted guitar", "riff"),
    "electric piano": ("electric piano", "chords"),
    "fiddle": ("fiddle", "lead"),
    "flute": ("flute", "lead"),
    "glockenspiel": ("bell", "lead"),
    "guitar": ("nylon guitar", "chords"),
    "harp": ("nylon guitar", "arpeggio"),
    "horn": ("brass", "brass"),
    "marimba": ("marimba", "lead"),
    "music box": ("bell", "lead"),
    "organ": ("organ", "chords"),
    "pad": ("pad", "pad"),
    "pads": ("pad", "pad"),
    "piano": ("piano", "chords"),
    "rhodes": ("electric piano", "chords"),
    "sax": ("brass", "lead"),
    "saxophone": ("brass", "lead"),
    "strings": ("strings", "pad"),
    "synth bass": ("synth bass", "bass"),
    "synth lead": ("synth lead", "lead"),
    "trumpet": ("brass", "lead"),
    "upright bass": ("double bass", "bass"),
    "vibraphone": ("vibraphone", "lead"),
    "violin": ("strings", "lead"),
}
"""Instruments by the words for them: the voice, and the slot it takes."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "bass": (
        *("808 bass", "chip bass", "double bass", "electric bass", "low strings", "reese"),
        *("sub", "synth bass"),
    ),
    "bass drum": (),
    "brass": ("brass", "horn"),
    "distorted guitar": ("distorted guitar", "lead guitar"),
    "electric guitar": ("distorted guitar", "lead guitar"),
    "guitar": ("distorted guitar", "lead guitar", "nylon guitar", "steel guitar"),
    "horn": ("brass", "horn"),
    "strings": ("low strings", "short strings", "strings"),
    "synth": ("pad", "pluck", "synth bass", "synth lead"),
}
"""All the voices that a word forbids where the prompt denies it."""

DRUMS = ("drums", "drum", "beat", "beats", "percussion", "drum kit", "drum machine")
NO_DRUMS = ("beatless", "drumless", "percussionless", "drum-free")
LOOPS = ("loop", "loops", "loopable", "looping", "seamless")
CRACKLE = ("vinyl", "crackle")
RISING = ("rising", "build", "builds", "building", "crescendo", "growing")
STRAIGHT = ("straight",)
SWINGING = ("swing", "shuffle", "swinging")

METERS: Mapping[str, Meter] = {
    "4/4": FOUR,
    "3/4": THREE,
    "6/8": SIX,
    "12/8": SIX,
    "four-four": FOUR,
    "three-four": THREE,
    "six-eight": SIX,
    "waltz": THREE,
    "waltzes": THREE,
    "minuet": THREE,
    "jig": SIX,
    "tarantella": SIX,
    "barcarolle": SIX,
    "sea shanty": SIX,
}
"""Meters by the words for them, figures before the names of dances."""

TEMPI: Mapping[str, tuple[int, int]] = {
    "very slow": (52, 60),
    "very fast": (164, 176),
    "slow": (66, 76),
    "mid-tempo": (96, 104),
    "moderate": (96, 104),
    "uptempo": (134, 142),
    "driving": (128, 136),
    "fast": (146, 156),
}
"""Tempo ranges, the longer words first."""

MOODS: Mapping[str, tuple[float, float, float]] = {
    "aggressive": (0.20, 0.10, 0.2),
    "bright": (0.0, 0.25, -0.2),
    "calm": (-0.15, -0.05, 0.0),
    "cheerful": (0.05, 0.12, -0.6),
    "dark": (0.0, -0.20, 0.6),
    "dreamy": (-0.10, -0.05, 0.0),
    "energetic": (0.20, 0.10, 0.0),
    "epic": (0.15, 0.0, 0.1),
    "gentle": (-0.12, -0.05, 0.0),
    "happy": (0.05, 0.12, -0.6),
    "high energy": (0.20, 0.10, 0.0),
    "hopeful": (0.0, 0.05, -0.5),
    "intense": (0.15, 0.0, 0.2),
    "melancholic": (-0.10, -0.10, 0.6),
    "melancholy": (-0.10, -0.10, 0.6),
    "mellow": (-0.10, -0.10, 0.0),
    "minimal": (-0.12, 0.0, 0.0),
    "mysterious": (-0.05, -0.05, 0.3),
    "ominous": (0.0, -0.15, 0.6),
    "peaceful": (-0.15, 0.0, -0.2),
    "quiet": (-0.15, -0.05, 0.0),
    "sad": (-0.12, -0.10, 0.6),
    "soft": (-0.12, -0.10, 0.0),
    "tense": (0.05, -0.05, 0.5),
    "triumphant": (0.10, 0.05, -0.6),
    "upbeat": (0.15, 0.10, -0.4),
    "uplifting": (0.05, 0.10, -0.5),
    "warm": (0.0, -0.12, 0.0),
}
"""What a mood adds to energy, to brightness, and to the chance of a minor key."""

UNANSWERED = (
    *("bagpipe", "balalaika", "banjo", "bassoon", "bouzouki", "cembalo", "clarinet", "didgeridoo"),
    *("dulcimer", "erhu", "gamelan", "gong", "guzheng", "handpan", "harmonica", "harpsichord"),
    *("kalimba", "koto", "mandolin", "mellotron", "oboe", "ocarina", "oud", "pan flute", "piccolo"),
    *("shakuhachi", "shamisen", "sitar", "steel drum", "tabla", "theremin", "trombone", "tuba"),
    *("turntable", "ukulele", "viola", "vocoder", "whistling", "xylophone", "zither"),
    *("lyrics", "singer", "singing", "vocal", "vocals", "voice", "choral", "a cappella", "opera"),
    *("afrobeat", "gospel", "klezmer", "bollywood", "new age", "polka", "march", "ragtime"),
    *("5/4", "7/8", "9/8", "5/8", "7/4", "key change", "modulation", "fade in", "fade out"),
    *("accelerando", "ritardando", "rubato", "glissando", "pizzicato", "staccato", "tremolo"),
)
"""Musical words that are known, and that no style, instrument or meter here answers to."""
