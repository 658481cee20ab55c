"""Which keys a manifest has: one table, by which it is read and by which editors know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .mastering import (
    CHANNELS,
    FADE,
    FORMATS,
    GAIN_MODE,
    LENGTH,
    LOOP,
    LOUDNESS,
    PRESET,
    SAMPLE_RATE,
    TRIMMED,
    TRUE_PEAK,
    bounded,
)
from .remote import STORE
from .shapes import (
    BOOLEAN,
    BUDGET,
    DURATION,
    GROUP,
    LABELS,
    LINE,
    NODE,
    PATH,
    SEED_NUMBER,
    TAKE_COUNT,
    TEXT,
    VERSION_ONE,
    Shape,
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its shape, a sentence for editors, and values as an author would write them."""

    shape: Shape
    says: str
    examples: Sequence[Any]


ALBUM: Mapping[str, Key] = {
    "version": Key(VERSION_ONE, "The version of this format; always 1.", [1]),
    "album": Key(LINE, "The album's name, written into every output.", ["Nightfall"]),
    "artist": Key(LINE, "Whose album it is, written into every output.", ["Nightfall Games"]),
    "templates": Key(
        PATH, "The folder of prompt_file, and of what templates include or extend.", ["prompts/"]
    ),
    "output": Key(
        TEXT, "Where each track's file goes, below the manifest's folder.", ["audio/{{ id }}.mp3"]
    ),
    "cover": Key(PATH, "A picture (.png or .jpg) for every output.", ["art/cover.png"]),
    "numbered": Key(
        BOOLEAN, "Whether outputs carry their number, in the manifest's order.", [True]
    ),
    "master": Key(NODE, "What is done to the audio of every track.", [{"preset": "game"}]),
    "qc": Key(NODE, "How far audio may be off before it is said.", [{"duration": 2}]),
    "budget": Key(
        BUDGET,
        "The most this project's lock may ever add up to, per unit.",
        [{"tokens": 300}],
    ),
    "store": Key(
        STORE,
        "Where the team keeps bought audio and outputs; `push` lets builds put theirs there too.",
        ["../music-store", "s3://nightfall/music", {"url": "s3://nightfall/music", "push": True}],
    ),
    "vars": Key(NODE, "Variables for all templates.", [{"era": "1980s synthwave"}]),
    "defaults": Key(NODE, "Settings of every track.", [{"duration": 30}]),
    "groups": Key(NODE, "Settings of the tracks of a group.", [{"combat": {"takes": 2}}]),
    "tracks": Key(NODE, "The tracks by id, in the album's order.", [{"menu": {"prompt": "Calm"}}]),
    "include": Key(
        NODE, "More files with tracks, groups and vars; globs, read in order.", [["levels/*.yaml"]]
    ),
}

INCLUDED: Sequence[str] = ("vars", "groups", "tracks")

SETTINGS: Mapping[str, Key] = {
    "model": Key(
        TEXT,
        "Who composes: provider/model, or a short name.",
        ["sketch", "musicgen", "elumenta/elevenlabs-music"],
    ),
    "duration": Key(
        DURATION,
        "How long the music is, in seconds.",
        [30, 47.3, "1:30", "90s", "1m30s"],
    ),
    "master": Key(
        NODE,
        "What is done to the audio: levels, ends, loops; the keys of all layers add up.",
        [{"loudness": -16, "true_peak": -1}, {"preset": "game", "length": "exact"}],
    ),
    "qc": Key(NODE, "How far audio may be off before it is said.", [{"duration": 2}]),
    "loop": Key(BOOLEAN, "Whether the music is to begin again at its end without a seam.", [True]),
    "output": Key(TEXT, "Where the file goes; a template.", ["audio/{{ id }}.mp3"]),
    "title": Key(LINE, "The track's title; a template. Else the id, readable.", ["Main Menu"]),
    "prompt": Key(TEXT, "What the model hears; a template.", ["Calm {{ era }}, soft pads"]),
    "prompt_file": Key(PATH, "The file in `templates` that holds the prompt.", ["boss.j2"]),
    "vars": Key(NODE, "Variables for the templates.", [{"bpm": 80}]),
    "tags": Key(NODE, "What the file says of itself.", [{"genre": "Industrial", "bpm": 150}]),
    "labels": Key(
        LABELS,
        "Words to choose tracks by; those of defaults, group and track add up.",
        [["act2"]],
    ),
    "takes": Key(
        TAKE_COUNT,
        "How many tries are made of it; each is paid.",
        [2],
    ),
    "seed": Key(
        SEED_NUMBER, "A number that gives another piece of the same words, each time the same.", [7]
    ),
    "formats": Key(
        FORMATS,
        "Which files are made of it, with settings if wished for; `mid` holds the notes.",
        [["mp3", "ogg"], {"ogg": {"quality": 6}, "wav": {"bits": 24}}],
    ),
    "stems": Key(
        BOOLEAN, "Whether drums, bass and the rest are made as files of their own too.", [True]
    ),
    "cover": Key(PATH, "A picture (.png or .jpg) for the outputs.", ["art/boss.png"]),
}

ONLY_TRACK: Mapping[str, Key] = {
    "group": Key(GROUP, "The group whose settings it shares.", ["combat"]),
    "matrix": Key(
        NODE, "Lists of values; one track is made for each combination.", [{"phase": [1, 2, 3]}]
    ),
}

TRACK: Mapping[str, Key] = {**SETTINGS, **ONLY_TRACK}

TAGS: Mapping[str, Key] = {
    "genre": Key(LINE, "The genre; a template.", ["Industrial"]),
    "bpm": Key(LINE, "Beats a minute; a template.", [150]),
    "key": Key(LINE, "The musical key; a template.", ["Am"]),
    "comment": Key(LINE, "A remark; a template.", ["Phase {{ phase }}"]),
    "copyright": Key(LINE, "Whose rights; a template.", ["2026 Nightfall Games"]),
    "number": Key(LINE, "The place in the album, in place of `numbered`.", [3, "3/12"]),
    "prompt": Key(BOOLEAN, "Whether the prompt is written into the file.", [True]),
}

MASTER: Mapping[str, Key] = {
    "preset": Key(PRESET, "Loudness and true peak by name.", ["game", "ebu-r128"]),
    "loudness": Key(LOUDNESS, "Integrated loudness, in LUFS; `false` for as it is.", [-16]),
    "true_peak": Key(TRUE_PEAK, "The highest true peak, in dBTP.", [-1]),
    "limit": Key(BOOLEAN, "Whether peaks are limited to reach the loudness.", [True]),
    "gain_mode": Key(
        GAIN_MODE, "`lossless` changes an MP3's level without encoding it again.", ["lossless"]
    ),
    "measure": Key(BOOLEAN, "Whether ReplayGain is written into the tags.", [True]),
    "trim": Key(TRIMMED, "Whether silence is cut off the ends; or under which dBFS.", [True, -50]),
    "fade_in": Key(FADE, "Seconds of fade at the start.", [0.5]),
    "fade_out": Key(FADE, "Seconds of fade at the end.", [3, {"seconds": 3, "curve": "s-curve"}]),
    "length": Key(LENGTH, "`exact` is the duration that was asked, to the sample.", ["exact"]),
    "tolerance": Key(
        bounded(0, 600, "a tolerance"),
        "Seconds that a delivery may lack of its exact length before the track fails.",
        [0.5],
    ),
    "loop": Key(LOOP, "Whether a loop is found and cut.", [True, {"crossfade": 2, "bars": 16}]),
    "sample_rate": Key(SAMPLE_RATE, "Samples a second.", [48000]),
    "channels": Key(CHANNELS, "1 is mono, 2 is stereo.", [1]),
}

QC: Mapping[str, Key] = {
    "loudness": Key(bounded(0, 60, "a tolerance"), "LU off the loudness asked for.", [0.5]),
    "true_peak": Key(bounded(0, 20, "a tolerance"), "dB over the true peak asked for.", [0.3]),
    "duration": Key(bounded(0, 3600, "a tolerance"), "Seconds off the duration.", [1]),
    "silence": Key(bounded(0, 1, "a share"), "The share that may be silent.", [0.5]),
    "clipping": Key(
        bounded(0, 1_000_000, "a number of places", whole=True), "Clipped places.", [0]
    ),
    "dc": Key(bounded(0, 1, "a share"), "Offset from zero, by full scale.", [0.01]),
    "bpm": Key(bounded(0, 1, "a share"), "How far the tempo is off its tag, by the tempo.", [0.03]),
    "key": Key(BOOLEAN, "Whether the musical key is held against its tag.", [False]),
}
