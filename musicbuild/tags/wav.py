"""How a WAV file says it: a tag of ID3 in a chunk of its own.

It stands behind the sound, where a game engine has read all it wants.  The older list of texts,
`INFO`, is left out: it has no encoding and no place for where music comes from, and programs
built on FFmpeg that find one don't look at the tag.
Sources: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991),
chapter 2; the chunk `id3 ` is a custom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import IntegrityError
from ..id3 import Block, split
from . import NO_AUDIO, WALK_LIMIT, Said
from .mp3 import words, written

_TAGS = frozenset({b"id3 ", b"ID3 "})
_PADDING = frozenset({b"JUNK", b"junk", b"PAD ", b"FLLR"})

_DAMAGED = "the chunks of the WAV file are damaged"


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    body: memoryview | bytes

    @property
    def speaks(self) -> bool:
        """Tell whether the file says something of itself here."""
        return self.name in _TAGS or (self.name == b"LIST" and self.body[:4] == b"INFO")


def write(data: bytes, said: Said) -> bytes:
    chunks = _parts(data)
    kept = [chunk for chunk in chunks if not (chunk.speaks or chunk.name in _PADDING)]
    return _file([*kept, _Chunk(b"id3 ", written(_blocks(chunks), said))])


def bare(data: bytes) -> bytes:
    return _file([chunk for chunk in _parts(data) if chunk.name in {b"fmt ", b"data"}])


def read(data: bytes) -> Mapping[str, str]:
    return words(_blocks(_parts(data)))


def _blocks(chunks: list[_Chunk]) -> list[Block]:
    """Return the tags in the first chunk for them; none if they are damaged."""
    body = next((bytes(chunk.body) for chunk in chunks if chunk.name in _TAGS), b"")
    try:
        return split(body + b"\x00")[0]
    except IntegrityError:
        return []


def _parts(data: bytes) -> list[_Chunk]:
    """Return the chunks of a file, and look that there is sound among them."""
    if not data.startswith(b"RIFF") or data[8:12] != b"WAVE":
        raise IntegrityError("the audio is no WAV file")
    end = 8 + int.from_bytes(data[4:8], "little")
    chunks = list(_chunks(memoryview(data)[12:end]))
    names = [chunk.name for chunk in chunks]
    if names.count(b"fmt ") != 1 or names.count(b"data") != 1:
        raise IntegrityError(_DAMAGED)
    if not len(chunks[names.index(b"data")].body):
        raise IntegrityError(NO_AUDIO)
    return chunks


def _chunks(data: memoryview) -> Iterator[_Chunk]:
    """Yield chunks; the last may lack the byte that makes its length even."""
    at = 0
    for _ in range(WALK_LIMIT):
        if at >= len(data):
            return
        first = at + 8
        end = first + int.from_bytes(data[at + 4 : first], "little")
        if first > len(data) or end > len(data):
            raise IntegrityError("the audio ends within a chunk of the WAV file")
        yield _Chunk(bytes(data[at : at + 4]), data[first:end])
        at = end + end % 2
    raise IntegrityError(_DAMAGED)


def _file(chunks: list[_Chunk]) -> bytes:
    size = 4 + sum(8 + len(chunk.body) + len(chunk.body) % 2 for chunk in chunks)
    if size >= 1 << 32:
        raise IntegrityError("the WAV file would be longer than 4 GiB")
    return b"".join((b"RIFF", size.to_bytes(4, "little"), b"WAVE", *_bytes(chunks)))


def _bytes(chunks: list[_Chunk]) -> Iterator[memoryview | bytes]:
    for chunk in chunks:
        yield chunk.name + len(chunk.body).to_bytes(4, "little")
        yield chunk.body
        yield bytes(len(chunk.body) % 2)
