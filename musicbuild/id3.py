"""The tags around the music in an MP3 as they stand: where they are, and which frames they have.

Nothing here knows what a frame says.  Sources: https://id3.org/id3v2.3.0 and id3v2.4.0-structure,
https://wiki.hydrogenaud.io/index.php?title=APEv2_specification
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .audio.edges import before_tail_tags
from .audio.mp3 import NotMp3, inspect
from .errors import IntegrityError

LIMIT = 16 << 20
"""Bytes; of the tags in front of the audio as many are read, and a tag that is written has so many
at most."""

TAGS_LIMIT = 16
"""Tags in front of the audio; a file has one."""

PACKED = {3: 0x00E0, 4: 0x004C}
"""Flags of a frame that is compressed, encrypted or grouped, by the version of its tag."""

_FRAME = re.compile(rb"([A-Z0-9]{4})(.{4})(..)", re.DOTALL)
"""The header of a frame: name, length, flags."""


@dataclass(frozen=True, slots=True)
class Block:
    """One ID3v2 tag, without its header of 10 bytes."""

    version: int
    flags: int
    body: bytes

    def __bytes__(self) -> bytes:
        size = _synchsafe(len(self.body))
        return b"ID3" + bytes((self.version, 0, self.flags)) + size + self.body


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One frame as it stands in a tag of that version, without its header."""

    version: int
    name: str
    flags: int
    body: bytes
    unsynchronised: bool

    def __bytes__(self) -> bytes:
        size = len(self.body)
        length = size.to_bytes(4) if self.version == 3 else _synchsafe(size)
        return self.name.encode() + length + self.flags.to_bytes(2) + self.body


def split(data: bytes) -> tuple[list[Block], bytes]:
    """Part all the tags in front from what lies between them and those at the end."""
    blocks, start = _tags_in_front(data)
    end = before_tail_tags(data, start)
    if start == end:
        raise IntegrityError("there is no audio in the file, only tags")
    return blocks, data[start:end]


def _tags_in_front(data: bytes) -> tuple[list[Block], int]:
    """Return the tags that are read, and where the music begins after all of them."""
    blocks: list[Block] = []
    start = 0
    for _ in range(TAGS_LIMIT):
        if not data.startswith(b"ID3", start):
            return blocks, start
        header = data[start : start + 10]
        if len(header) < 10 or max(header[6:]) >= 0x80:
            break
        version, _, flags = header[3:6]
        first, end = start + 10, start + 10 + _from_synchsafe(header[6:])
        start = end + 10 if version == 4 and flags & 0x10 else end
        if start > len(data):
            raise IntegrityError("the audio ends within its ID3 tag")
        if start <= LIMIT:
            blocks.append(Block(version, flags, data[first:end]))
    return blocks, _first_frame(data)


def _first_frame(data: bytes) -> int:
    """Return where the music begins, by its own frames and not by what the tags say."""
    try:
        return inspect(data).start
    except NotMp3:
        raise IntegrityError("the audio's ID3 tag is damaged") from None


def raw_frames(blocks: Iterable[Block]) -> Iterator[RawFrame]:
    """Yield the frames of some tags, in order; a tag's are over where one makes no sense."""
    for block in (block for block in blocks if block.version in PACKED):
        version, body, at = block.version, block.body, 0
        unsynchronised = bool(block.flags & 0x80)
        if unsynchronised and version == 3:
            body, unsynchronised = body.replace(b"\xff\x00", b"\xff"), False
        if block.flags & 0x40:
            # An extended header, whose length counts itself in one version and not in the other.
            at = 4 + int.from_bytes(body[:4]) if version == 3 else _from_synchsafe(body[:4])
        while header := _FRAME.match(body, at):
            name, length, flags = header.groups()
            size = int.from_bytes(length) if version == 3 else _from_synchsafe(length)
            first, at = header.end(), header.end() + size
            if at > len(body):
                break
            if size:
                bits = int.from_bytes(flags)
                yield RawFrame(version, name.decode(), bits, body[first:at], unsynchronised)


def _synchsafe(number: int) -> bytes:
    """Write a length as ID3 does: seven bits to a byte."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _from_synchsafe(data: bytes) -> int:
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number
