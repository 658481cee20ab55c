"""How a FLAC file says it: in blocks between its description and its sound.

A tag of ID3 in front of it, which FLAC has no place for, is left behind.
Source: RFC 9639 section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import IntegrityError
from ..id3 import LIMIT, split
from . import NO_AUDIO, WALK_LIMIT, Said
from .vorbis import comments, no_comments, picture, picture_words, words

_INFO, _PADDING, _SEEKS, _COMMENTS, _CUES, _PICTURE = 0, 1, 3, 4, 5, 6
_LAST = 0x80

_TRUNCATED = "the audio ends within a block of the FLAC file"
_DAMAGED = "the blocks of the FLAC file are damaged"


@dataclass(frozen=True, slots=True)
class _Block:
    kind: int
    body: bytes


def write(data: bytes, said: Said) -> bytes:
    blocks, sound = _parts(data)
    ours = [_Block(_COMMENTS, comments(_of_kind(blocks, _COMMENTS), said))]
    if said.cover:
        ours.append(_Block(_PICTURE, picture(said.cover)))
    kept, room = [], LIMIT
    for block in blocks[1:]:
        if block.kind not in {_PADDING, _COMMENTS, _PICTURE} and len(block.body) <= room:
            kept.append(block)
            room -= len(block.body)
    return _file([blocks[0], *ours, *kept], sound)


def bare(data: bytes) -> bytes:
    blocks, sound = _parts(data)
    return _file([blocks[0], _Block(_COMMENTS, no_comments())], sound)


def read(data: bytes) -> Mapping[str, str]:
    blocks, _ = _parts(data)
    found = words(_of_kind(blocks, _COMMENTS))
    found.pop("cover", None)
    cover = picture_words(_of_kind(blocks, _PICTURE))
    return {**found, "cover": cover} if cover else found


def _of_kind(blocks: list[_Block], kind: int) -> bytes:
    return next((block.body for block in blocks if block.kind == kind), b"")


def _parts(data: bytes) -> tuple[list[_Block], memoryview]:
    """Part the blocks from the frames, and look that there are some."""
    if data.startswith(b"ID3"):
        data = split(data)[1]
    if not data.startswith(b"fLaC"):
        raise IntegrityError("the audio is no FLAC file")
    blocks: list[_Block] = []
    at = 4
    for _ in range(WALK_LIMIT):
        head = data[at : at + 4]
        first, at = at + 4, at + 4 + int.from_bytes(head[1:])
        if len(head) < 4 or at > len(data):
            raise IntegrityError(_TRUNCATED)
        blocks.append(_Block(head[0] & ~_LAST, data[first:at]))
        if head[0] & _LAST:
            break
    if blocks[0].kind != _INFO or len(blocks[0].body) != 34 or not head[0] & _LAST:
        raise IntegrityError(_DAMAGED)
    if at == len(data):
        raise IntegrityError(NO_AUDIO)
    if data[at] != 0xFF or data[at + 1 : at + 2] not in {b"\xf8", b"\xf9"}:
        raise IntegrityError(_DAMAGED)
    return blocks, memoryview(data)[at:]


def _file(blocks: list[_Block], sound: memoryview) -> bytes:
    parts = [b"fLaC"]
    for block in blocks:
        kind = block.kind | (_LAST if block is blocks[-1] else 0)
        parts += [bytes((kind,)), len(block.body).to_bytes(3), block.body]
    return b"".join((*parts, sound))
