"""Projects of any number of tracks that are up to date, though no piece was ever composed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from musicbuild import lock as locks
from musicbuild.cost import Cost
from musicbuild.lock import Lock, LockedOutput, LockedTrack, Purchase
from musicbuild.plan import tags_of
from musicbuild.project import STATE_FOLDER, open_project
from musicbuild.spec import GenerateSpec, TrackSpec

MOODS = ("calm", "dark", "bright", "slow", "fast", "tense", "eerie", "warm", "cold", "vast")
LEADS = ("synth", "piano", "choir", "drums", "guitar", "organ", "harp", "flute", "brass", "bells")
HEAD = """\
version: 1
album: Bench
artist: Nobody
defaults: {model: musicgen, duration: 30}
vars: {mood: hopeful}
tracks:
"""


def make(folder: str, count: int, templates: int) -> None:
    """Write a manifest of so many tracks with so many different templates, and all it would make.

    Purchases, outputs and lock are as a build leaves them; the audio that was bought is in no
    store, as in a clone of a repository.
    """
    root = Path(folder)
    (root / "audio").mkdir(parents=True)
    (root / "musicbuild.yaml").write_text(HEAD + "".join(_written(count, templates)), "utf-8")
    purchases, tracks = {}, {}
    for number, track in enumerate(open_project(root / "musicbuild.yaml").tracks):
        audio = hashlib.sha256(f"audio {number}".encode()).hexdigest()
        purchases[track.generate.key] = bought(track.generate, audio, number)
        tracks[track.id] = _delivered(root, track, audio, number)
    locks.save(root / locks.FILE_NAME, Lock(purchases, tracks))
    (root / STATE_FOLDER).mkdir()  # as a build leaves it; without it nothing is remembered


def bought(spec: GenerateSpec, audio: str, number: int) -> Purchase:
    return Purchase(
        spec.provider,
        spec.model,
        spec.prompt,
        spec.duration,
        spec.options,
        spec.take,
        f"gen-{number:06}",
        audio,
        480_000,
        30.02,
        Cost(Decimal(9), "tokens"),
        "2026-11-23T02:11:34Z",
    )


def _written(count: int, templates: int) -> Iterator[str]:
    for number in range(count):
        kind = number % templates
        sound = f"{MOODS[kind // 10 % 10]} {LEADS[kind % 10]}"
        yield f"  t{number:05}:\n"
        yield f"    title: Piece {number}\n"
        yield f'    prompt: "{sound} for a {{{{ place }}}}, {{{{ mood }}}}, {kind} strings, '
        yield 'number {{ n }}"\n'
        yield f"    vars: {{place: town {number % 977}, n: {number}}}\n"
        yield f"    tags: {{genre: Ambient, bpm: {60 + number % 90}}}\n"


def _delivered(root: Path, track: TrackSpec, audio: str, number: int) -> LockedTrack:
    data = f"file {number} ".encode() * 120
    digest = hashlib.sha256(data).hexdigest()
    outputs = {}
    for output in track.outputs:
        (root / output.path).write_bytes(data)
        key = output.master.key(audio)
        outputs[output.path] = LockedOutput(key, digest, digest, measured={})
    return LockedTrack(track.generate.key, 1, outputs, tags_of(track))
