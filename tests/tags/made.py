"""One short real file of each format that can be tagged, made once, and what is said of them."""

from __future__ import annotations

import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import soundfile
from effort import at_most
from gateway_audio import mp3

from musicbuild.errors import IntegrityError
from musicbuild.hashing import Digest
from musicbuild.models import SourceType
from musicbuild.spec import Tags
from musicbuild.tags import Provenance, audio_of, read, say, tag

FORMATS = ("mp3", "ogg", "opus", "flac", "m4a", "wav")
RATE = 48_000
MIB = 1 << 20


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body).to_bytes(4)
    return len(body).to_bytes(4) + name + body + check


def png(room: int = 0) -> bytes:
    """Return a picture of one grey point, and so many bytes in it that say nothing."""
    chunks = (
        _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0"),
        _chunk(b"prIv", bytes(room)),
        _chunk(b"IDAT", zlib.compress(b"\0\x80")),
        _chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PNG = png()
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))

FULL = Tags(
    title="Boss",
    artist="Nightfall Games",
    album="Nightfall",
    number="3/12",
    genre="Industrial",
    bpm="150",
    key="F# minor",
    comment="Phase 1",
    copyright="2026 Nightfall Games",
    cover=Digest("0" * 64),
)
ORIGIN = Provenance(
    provider="elumenta",
    model="musicgen",
    generation="gen_01",
    key="c0ffee",
    prompt="Loud drums",
    kind=SourceType.TRAINED,
)

_SUBTYPES = {
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "flac": ("FLAC", "PCM_16"),
    "wav": ("WAV", "PCM_16"),
}


def noise(seconds: float = 1) -> np.ndarray:
    dice = np.random.default_rng(0)
    return dice.normal(0, 0.1, (int(RATE * seconds), 2)).astype(np.float32)


@cache
def made(kind: str) -> bytes:
    """Return a second of noise in stereo, as an encoder leaves it."""
    if kind == "mp3":
        return mp3("drums", 1)
    return m4a() if kind == "m4a" else encoded(kind)


def encoded(kind: str, seconds: float = 1) -> bytes:
    container, subtype = _SUBTYPES[kind]
    file = BytesIO()
    with soundfile.SoundFile(file, "w", RATE, 2, subtype, format=container) as sound:
        sound.write(noise(seconds))
    return file.getvalue()


def m4a(**options: str) -> bytes:
    """Return a second of noise as AAC; some options of the container need a real file."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "noise.m4a")
        with av.open(file, "w", format="ipod", options=options) as container:
            stream = container.add_stream("aac", rate=RATE, layout="stereo")
            for at in range(0, RATE, 1024):
                block = np.ascontiguousarray(noise()[at : at + 1024].T)
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                frame.rate, frame.pts = RATE, at
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return file.read_bytes()


def tagged(data, kind, tags=FULL, provenance=ORIGIN, *, seconds=1.0, cover=None, finding=None):
    said = say(tags, provenance, seconds=seconds, cover=cover, finding=finding)
    return tag(data, kind, said)


def assert_soon(data, kind, says):
    """Assert that a large file is tagged without much ado, or refused with these words."""
    with at_most(calls=200_000):
        try:
            after = tagged(data, kind)
            read(data, kind)
            audio_of(data, kind)
        except IntegrityError as error:
            assert str(error) == says
            return
    assert says == ""
    assert len(after) < len(made(kind)) + MIB
    assert tagged(after, kind) == after
    assert read(after, kind)["title"] == FULL.title
