"""What mutation begins with: valid values of each kind, made by the code that writes them."""

from __future__ import annotations

import json
import random
from functools import cache
from io import BytesIO
from typing import Any

import lameenc
import yaml
from gateway_audio import mp3
from mutagen.id3 import APIC, CHAP, COMM, GEOB, ID3, PRIV, TDRC, TIT2, TPE2, TXXX, UFID

from musicbuild import lock as locks
from musicbuild.audio.mp3 import inspect
from musicbuild.audio.mp3.row import add_info_frame

from . import paid
from .frames import V1
from .ground import REPOSITORY

EVERYTHING = REPOSITORY / "tests" / "manifests" / "good" / "everything.yaml"
SMALL = b"""version: 1
album: Nightfall
defaults: {model: musicgen, takes: 2, formats: [mp3]}
vars: {era: "1980s", deep: {list: [1, 2.5, true]}}
output: "out/{{ id }}.mp3"
tracks:
  menu: {prompt: "Calm {{ era }}", duration: 1m30s, tags: {bpm: 80, key: F#m}}
  boss:
    matrix: {phase: [1, 2], mood: [calm, dark]}
    prompt: >-
      Phase {{ phase }},
      {{ mood }}
"""

TEMPLATES = (
    b"Calm {{ era }}, {{ bpm }} BPM",
    b"{% for x in parts %}{{ loop.index }}{{ x|upper if loop.last else x }}{% endfor %}",
    b"{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(bpm) }}{{ m(1, b='x') }}",
    b"{% set x = 'a' %}{% for i in range(9) %}{{ x ~ i }}{% set x = i %}{% endfor %}{{ x }}",
    b"{% set x = bpm * 2 // 3 %}{{ x % 7 }} {{ '%03d' % x }} {{ ratio ** 2 }} {{ -x|abs }}",
    b"{{ mix|dictsort|join(' ') }}{{ mix.deep.x }}{{ parts|map('replace', 'a', 'b')|join }}",
    b"{% if calm and bpm > 100 %}fast{% elif 'd' in era %}slow{% else %}none{% endif %}",
    b"{% macro n(a) %}{{ caller() }}{{ a }}{% endmacro %}{% call n(1) %}x{% endcall %}",
    b"{% block a %}{{ era|title|wordwrap(5) }}{% endblock %}{{ self.a() }}",
    b"{% include '_house.j2' %}{# none #}{% raw %}{{ x }}{% endraw %}",
    b"{{ [{'x': 1}, {'x': 2}]|groupby('x')|list|length }} {{ [3, 1]|sort|batch(2)|list|string }}",
    b"{{ nope|default('d') }} {{ nope is defined }} {{ bpm is divisibleby 2 }}",
)

ONE: dict[str, Any] = {
    "id": "gen_01j9x2abc123",
    "type": "audio",
    "status": "completed",
    "model": "musicgen",
    "prompt": "calm",
    "output_url": "https://cdn.elumenta.ru/audio/a.mp3",
    "tokens_used": 9,
    "duration_seconds": 30,
    "created_at": "2026-11-01T10:00:00Z",
}
TWO: dict[str, Any] = {
    "id": 18502,
    "category": "audio",
    "status": "pending",
    "model_slug": "elevenlabs-music",
    "prompt": "cälm",
    "result_url": None,
    "tokens_spent": "58.5",
    "error": None,
    "created_at": "2026-11-01T12:00:00+02:00",
    "result_metadata": {"duration": 30.1},
}
ERRORS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("402", {"error": "insufficient_balance", "message": "9 tokens needed", "required": 9}),
    ("429 30", {"error": "rate_limit", "message": "slow down", "retry_after": 12.5}),
    ("503 x", {"error": "busy", "message": "later nb_CANARY0123456789abcdefABCDEF"}),
    ("422", {"detail": {"message": "duration", "loc": ["body", "duration"]}}),
    ("500", {"detail": [{"msg": "nb_CANARY0123456789abcdefABCDEF"}]}),
    ("307", {}),
)


@cache
def manifests() -> tuple[bytes, ...]:
    folders = (REPOSITORY / "examples", REPOSITORY / "tests" / "manifests")
    paths = sorted(path for folder in folders for path in folder.rglob("*.yaml"))
    return SMALL, *(path.read_bytes() for path in paths)


@cache
def albums() -> tuple[bytes, ...]:
    """Return manifests that are accepted, as YAML and as the JSON that they are at heart."""
    paths = [*sorted((REPOSITORY / "examples").glob("*/musicbuild.yaml")), EVERYTHING]
    found = SMALL, *(path.read_bytes() for path in paths)
    return *found, *(json.dumps(yaml.safe_load(one)).encode() for one in found)


def templates() -> tuple[bytes, ...]:
    files = sorted((REPOSITORY / "examples").rglob("*.j2"))
    return *TEMPLATES, *(path.read_bytes() for path in files)


def lockfiles() -> tuple[bytes, ...]:
    return locks.dump(locks.Lock()), locks.dump(paid.locked())


def journals() -> tuple[bytes, ...]:
    whole = paid.written()
    first, second, _ = whole.splitlines(keepends=True)
    return whole, first + second, first, whole[: len(first) + 20], b""


def blows() -> tuple[bytes, ...]:
    return b"", *(bytes((which, 1, 30 * which, 5)) for which in range(8)), b"\1\2\0\0\3\0\7\n"


def replies() -> tuple[bytes, ...]:
    good = [("200", ONE), ("201", TWO), ("200", {"token_balance": 300, "plan": "free"})]
    told = [f"{head}\n{json.dumps(body)}".encode() for head, body in (*good, *ERRORS)]
    return *told, b"200\n<html>", b"502\n", b"200\n[]"


def histories() -> tuple[bytes, ...]:
    olds = [{**ONE, "id": f"gen_{number}"} for number in range(3)]
    page = {"items": [ONE, TWO], "total": 2, "pages": 1}
    first, second = ({"items": items, "total": 5, "pages": 2} for items in (olds, [ONE, TWO]))
    old = {"items": [ONE, {**TWO, "created_at": "2025-01-01T00:00:00Z"}]}
    bare = {"items": [ONE]}, {"items": []}
    told = [[page], [first, second], [old], bare, [{"items": [], "total": 0}]]
    return tuple("\n".join(map(json.dumps, one)).encode() for one in told)


@cache
def mp3s() -> tuple[bytes, ...]:
    short, noisy = mp3("fuzz", 0.15), _noise()
    stream = inspect(short)
    padded = add_info_frame(short, stream.samples - 576)
    numbers = (one.to_bytes(4, "little") for one in (2000, 32, 0, 0))
    packed = b"APETAGEX" + b"".join(numbers) + bytes(8)
    return (
        *(short, noisy, padded, add_info_frame(noisy, inspect(noisy).samples - 1000)),
        *(_tagged(3) + short, _tagged(4) + padded + packed + V1, short + packed, short + V1),
    )


@cache
def tagged() -> tuple[bytes, ...]:
    music = mp3("fuzz", 0.1)
    shifted = bytearray(_tagged(4))
    shifted[5] = 0x80
    extended = (
        b"ID3\4\0\x40\0\0\0\x1b" + b"\0\0\0\6\1\0" + b"TIT2\0\0\0\x0b\0\0\3Extended!!" + music
    )
    footed = b"ID3\4\0\x10\0\0\0\x10" + b"TIT2\0\0\0\6\0\0\3Foot!" + b"3DI\4\0\x10\0\0\0\x10"
    old = b"ID3\2\0\0\0\0\0\x0c" + b"TT2\0\0\6\0Old!!"
    parts = (_tagged(3), _tagged(4), bytes(shifted), _tagged(3) + _tagged(4), footed, old)
    return *(part + music for part in parts), extended, _tagged(3) + music + V1, music


def _tagged(version: int) -> bytes:
    tag = ID3()
    for frame in (
        *(
            TIT2(3, ["Theirs", "Zwei"]),
            TPE2(1, "Bänd"),
            TDRC(3, "2026-01-02"),
            UFID("o", b"\xff\0x"),
        ),
        *(COMM(3, "eng", "", "words"), TXXX(1, "mood", "dark"), TXXX(3, "musicbuild key", "old")),
        *(PRIV("c2pa", b"\xff\xe0\0\xff\0"), GEOB(3, "application/c2pa", "f", "d", b"seal" * 9)),
        *(APIC(3, "image/png", 3, "x", b"\x89PNG\r\n\x1a\n"), CHAP("c", 0, 1, 2, 3)),
    ):
        tag.add(frame)
    file = BytesIO(bytes(256))
    tag.save(file, v1=0, v2_version=version, padding=lambda _: 7)
    return file.getvalue()[:-256]


def _noise() -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(64)
    encoder.set_in_sample_rate(44100)
    encoder.set_channels(2)
    encoder.silence()
    pcm = random.Random(0).randbytes(44100 // 5 * 4)
    return bytes(encoder.encode(pcm) + encoder.flush())
