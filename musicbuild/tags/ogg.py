"""How an Ogg file with Vorbis or Opus says it: in the second packet of its stream.

Pages are numbered anew and the stream gets a number of ours, since encoders throw dice for it.
Packets of sound, and how they lie in their pages, stay as they are.
Sources: RFC 3533 (Ogg), RFC 7845 (Opus), https://xiph.org/vorbis/doc/Vorbis_I_spec.html.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO

from ..errors import IntegrityError
from . import NO_AUDIO, Said
from .vorbis import comments, no_comments, words

_SERIAL = b"mubu"
_CONTINUED, _BEGINNING = 1, 2

_PAGES = 1 << 20
"""Pages of a stream; three hours of Opus, each packet in one of its own, have half as many."""

_NEVER = b"\xff" * 8
"""The position of a page on which no packet ends."""

_FULL = b"\xff" * 255
"""The lengths in a page that one packet fills."""

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

_TRUNCATED = "the audio ends within an Ogg page"
_DAMAGED = "an Ogg page of the audio is damaged"


@dataclass(frozen=True, slots=True)
class _Page:
    """One page: `table` has the lengths of what lies in its body, `position` is in samples."""

    serial: bytes
    number: int
    flags: int
    position: bytes
    table: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Codec:
    """How the headers of a codec begin."""

    first: bytes
    comments: bytes
    last: bytes
    end: bytes

    @property
    def opus(self) -> bool:
        return not self.last


_CODECS = (
    _Codec(b"\x01vorbis", b"\x03vorbis", b"\x05vorbis", b"\x01"),
    _Codec(b"OpusHead", b"OpusTags", b"", b""),
)


def write(data: bytes, said: Said) -> bytes:
    pages = _pages(data)
    codec, headers = _headers(pages)
    old = headers[1][len(codec.comments) :]
    return _file(codec, headers, comments(old, said, opus=codec.opus, cover=True), pages)


def bare(data: bytes) -> bytes:
    pages = _pages(data)
    codec, headers = _headers(pages)
    return _file(codec, headers, no_comments(), pages)


def read(data: bytes) -> Mapping[str, str]:
    codec, headers = _headers(_pages(data))
    return words(headers[1][len(codec.comments) :])


def _file(codec: _Codec, headers: list[bytes], said: bytes, pages: Iterator[_Page]) -> bytes:
    """Write a stream with these comments, and the sound of the `pages` that are left."""
    file = BytesIO()
    number = 0
    for packets in ([headers[0]], [codec.comments + said + codec.end, *headers[2:]]):
        for page in _laid_out(packets, number):
            file.write(_bytes(page, page.number))
            number = page.number + 1
    first = next(pages, None)
    if first is None:
        raise IntegrityError(NO_AUDIO)
    # A page that was lost before stays lost: its number stays free.
    shift = number - first.number
    file.write(_bytes(first, number))
    for page in pages:
        if page.serial != first.serial or page.flags & _BEGINNING:
            raise IntegrityError("the Ogg file holds more than one stream")
        file.write(_bytes(page, page.number + shift))
    return file.getvalue()


def _headers(pages: Iterator[_Page]) -> tuple[_Codec, list[bytes]]:
    """Take the pages of the headers, and return the packets in them."""
    page = next(pages, None)
    begin = page.body[:8] if page and page.flags & _BEGINNING else b""
    codec = next((one for one in _CODECS if begin.startswith(one.first)), None)
    if page is None or codec is None:
        raise IntegrityError("the Ogg file holds neither Vorbis nor Opus")
    starts = [start for start in (codec.first, codec.comments, codec.last) if start]
    packets: list[bytes] = []
    parts: list[bytes] = []
    serial = page.serial
    while page:
        if page.serial != serial:
            raise IntegrityError("the Ogg file holds more than one stream")
        table, at = page.table, 0
        if table == _FULL:
            parts.append(page.body)
            table = b""
        for size in table:
            parts.append(page.body[at : at + size])
            at += size
            if size < 255:
                packets.append(b"".join(parts))
                parts = []
        if len(packets) >= len(starts):
            break
        page = next(pages, None)
    right = map(bytes.startswith, packets, starts)
    if len(packets) != len(starts) or parts or not all(right):
        raise IntegrityError("the headers of the Ogg file are damaged")
    return codec, packets


def _laid_out(packets: list[bytes], number: int) -> Iterator[_Page]:
    """Yield the pages of header packets, each as full as it can be."""
    table = b"".join(b"\xff" * (len(one) // 255) + bytes((len(one) % 255,)) for one in packets)
    body, at = b"".join(packets), 0
    for first in range(0, len(table), 255):
        sizes = table[first : first + 255]
        continued = first and table[first - 1] == 255
        position = _NEVER if min(sizes) == 255 else bytes(8)
        flags = _CONTINUED if continued else 0 if number else _BEGINNING
        end = at + sum(sizes)
        yield _Page(_SERIAL, number, flags, position, sizes, body[at:end])
        at, number = end, number + 1


def _pages(data: bytes) -> Iterator[_Page]:
    at = 0
    for _ in range(_PAGES):
        if at == len(data):
            return
        head = data[at : at + 27]
        if not head.startswith(b"OggS\x00"):
            raise IntegrityError(_DAMAGED if at else "the audio is no Ogg file")
        first = at + 27 + head[-1] if len(head) == 27 else len(data) + 1
        table = data[at + 27 : first]
        end = first + sum(table)
        if first > len(data) or end > len(data):
            raise IntegrityError(_TRUNCATED)
        body = data[first:end]
        if _check(head[:22] + bytes(4) + head[26:] + table + body) != head[22:26]:
            raise IntegrityError(_DAMAGED)
        number = int.from_bytes(head[18:22], "little")
        yield _Page(head[14:18], number, head[5], head[6:14], table, body)
        at = end
    raise IntegrityError("the Ogg file has too many pages")


def _bytes(page: _Page, number: int) -> bytes:
    """Write a page of our stream."""
    place = b"OggS\x00" + bytes((page.flags,)) + page.position + _SERIAL
    place += (number & 0xFFFFFFFF).to_bytes(4, "little")
    rest = bytes((len(page.table),)) + page.table + page.body
    return place + _check(place + bytes(4) + rest) + rest


def _check(page: bytes) -> bytes:
    """Return Ogg's check sum, which is that of zlib with the bits of each byte mirrored."""
    # zlib begins with all bits set and inverts them in the end; this begins and ends with none.
    check = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return check.to_bytes(4).translate(_MIRRORED)
