"""How the pages of an Ogg file are numbered, summed and cut.

A library draws the serial number of a stream by lot, so that no file is like another of the same
sound.  Here it is set, and the check sums with it.

Sources: RFC 3533 (pages), RFC 7845 and 6716, 3.1 (Opus), Vorbis I specification, A.2.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

CONTINUED, FIRST, LAST = 1, 2, 4
"""Flags of a page: begins inside a packet, begins the stream, ends the stream."""

_HEADER = struct.Struct("<4sBBqIIIB")
_SWAPPED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class NotOgg(ValueError):
    """The bytes are no Ogg stream such as this handles; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `granule` is the count of samples to the end of the last packet it completes.

    `lacing` holds the lengths of the segments, `body` their bytes.
    """

    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes

    @property
    def packets(self) -> tuple[bytes, ...]:
        """The packets that end on this page; raises NotOgg if one began on an earlier one."""
        if self.flags & CONTINUED:
            raise NotOgg(f"page {self.number} begins inside a packet")
        found, start, end = [], 0, 0
        for segment in self.lacing:
            end += segment
            if segment < 255:
                found.append(self.body[start:end])
                start = end
        return tuple(found)

    def holding(self, packets: tuple[bytes, ...], *, granule: int, flags: int) -> Page:
        """Return this page with these packets instead."""
        lacing = b"".join(_lacing(packet) for packet in packets)
        return replace(self, flags=flags, granule=granule, lacing=lacing, body=b"".join(packets))

    def __bytes__(self) -> bytes:
        """The page as it stands in a file, with its check sum."""
        header = _HEADER.pack(
            b"OggS", 0, self.flags, self.granule, self.serial, self.number, 0, len(self.lacing)
        )
        data = header + self.lacing + self.body
        return data[:22] + _check_sum(data).to_bytes(4, "little") + data[26:]


def read_pages(file: BinaryIO) -> Iterator[Page]:
    """Read a file page by page to the end of the first stream.

    Raises NotOgg where there is no page, and where one breaks off.
    """
    number = 0
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size or not header.startswith(b"OggS\0"):
            raise NotOgg(f"there is no Ogg page after {number}")
        _, _, flags, granule, serial, number, _, segments = _HEADER.unpack(header)
        lacing = file.read(segments)
        body = file.read(sum(lacing))
        if len(lacing) < segments or len(body) < sum(lacing):
            raise NotOgg(f"page {number} breaks off")
        yield Page(flags, granule, serial, number, lacing, body)
        if flags & LAST:
            return  # while it is rewritten, the file may have grown


def rewrite(path: Path, change: Callable[[Iterator[Page]], Iterator[Page]]) -> None:
    """Put what `change` makes of a file's pages in their place, in the same file, page by page.

    It has to end the stream, and must make no page longer but the last of the file.  The file is
    in ruins if it raises anything.
    """
    with path.open("rb") as source, path.open("r+b") as target:
        ended = False
        for page in change(read_pages(source)):
            target.write(bytes(page))
            ended = bool(page.flags & LAST)
        if not ended:
            raise NotOgg("the last page does not end the stream")
        target.truncate()


def numbered(pages: Iterator[Page], serial: int) -> Iterator[Page]:
    """Give the pages of a stream one serial number."""
    for page in pages:
        yield replace(page, serial=serial)


def vorbis_in_two_pages(pages: Iterator[Page]) -> Iterator[Page]:
    """Give a Vorbis stream with all its sound on one page a second one.

    FFmpeg doesn't cut what is too much off the last page if that is also the first; its first
    packet alone, which by itself gives no sample, makes another.
    """
    heard = False
    for page in pages:
        if page.flags & LAST and not heard and len(page.packets) > 1:
            yield page.holding(page.packets[:1], granule=0, flags=0)
            rest = page.holding(page.packets[1:], granule=page.granule, flags=LAST)
            yield replace(rest, number=page.number + 1)
        else:
            yield page
        heard = page.granule > 0  # pages of the header complete no sample


def opus_cut(pages: Iterator[Page], samples: int) -> Iterator[Page]:
    """End an Opus stream after `samples` per channel at 48 kHz, and leave out later packets.

    Raises NotOgg if it is no Opus stream, or if it is shorter.
    """
    end = before = 0
    for page in pages:
        if page.flags & FIRST:
            head = page.body
            if not head.startswith(b"OpusHead") or len(head) < 19:
                raise NotOgg("it is no Opus stream")
            end = int.from_bytes(head[10:12], "little") + samples  # the delay is not heard
        if page.granule < end:
            before = max(before, page.granule)
            yield page
            continue
        kept = []
        for packet in page.packets:
            if before >= end:
                break
            kept.append(packet)
            before += opus_samples(packet)
        yield page.holding(tuple(kept), granule=end, flags=page.flags | LAST)
        return
    raise NotOgg(f"it has fewer than {samples} samples")


def opus_samples(packet: bytes) -> int:
    """Return how many samples per channel at 48 kHz an Opus packet holds (RFC 6716, 3.1)."""
    if not packet:
        raise NotOgg("an Opus packet is empty")
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    if code < 3:
        return frame * (1, 2, 2)[code]
    return frame * (packet[1] & 63) if len(packet) > 1 else 0


def _lacing(packet: bytes) -> bytes:
    return b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])


def _check_sum(data: bytes) -> int:
    """Return the CRC of RFC 3533, section 6, over a page whose own field is zero.

    It is that of zlib with the bits of bytes and sum turned round, and with no inversion.
    """
    turned = zlib.crc32(data.translate(_SWAPPED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)
