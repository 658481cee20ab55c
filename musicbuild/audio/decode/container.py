"""Which container a file is, and what must be mended before a decoder plays all of it.

The bytes decide, never the name.  What the headers claim is held against what is there.

Sources: RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), RFC 9639 (FLAC), EBU Tech 3306 (RF64), the
Multimedia Programming Interface 1.0 (RIFF), Audio Interchange File Format 1.3.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..view import Part, View

_MOST_CHUNKS = 10_000
_MOST_PAGES = 1_000_000
_MOST_LINKS = 1000
_MOST_DAMAGED = 10_000
_LARGEST_HEADER = 64 << 20
_STREAMED = 0xFFFFFFFF
_UNFINISHED = b"\xff" * 8  # the position of an Ogg page in which no packet ends
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CODECS = {b"\x01vorbis": "ogg", b"OpusHea": "opus"}

_LOOKS_LIKE = (
    (b"<", "a web page"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"MThd", "a MIDI file"),
    (b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
    (b"\x30\x26\xb2\x75", "a WMA file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"RIFF", "a RIFF file of something else than sound"),
    (b"\xff\xf1", "raw AAC"),
    (b"\xff\xf9", "raw AAC"),
)


class NotAudio(ValueError):
    """The file holds no sound that can be read; one plain sentence without a full stop."""


class Broken(Exception):
    """The decoder gives no more, though there should be more."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: its container, and the parts of it that a decoder is given.

    `links` are decoded one after the other; only a chained Ogg file has several.  `samples` per
    channel are those that the header claims, None where the decoder knows better.
    """

    container: str
    links: tuple[tuple[Part, ...], ...]
    samples: int | None = None
    problems: tuple[str, ...] = ()


def recognise(view: View, start: int) -> str | None:
    """Return `wav`, `aiff`, `flac`, `ogg` (whatever its codec) or `m4a`, None for any other.

    `start` is where the tags at the head end.
    """
    head = view[start : start + 12]
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:] == b"WAVE":
        return "wav"
    if head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] == b"ftyp":
        return "m4a"
    return {b"fLaC": "flac", b"OggS": "ogg"}.get(head[:4])


def looks_like(view: View, start: int) -> str | None:
    """Say what else a file is, that holds no sound."""
    head = view[start : start + 64].lstrip()
    return next((name for magic, name in _LOOKS_LIKE if head.startswith(magic)), None)


def read_wav(view: View, start: int) -> Contents:
    order: Literal["big", "little"] = "big" if view[start : start + 4] == b"RIFX" else "little"
    return _read_chunks(view, start, "wav", order)


def read_aiff(view: View, start: int) -> Contents:
    return _read_chunks(view, start, "aiff", "big")


def read_flac(view: View, start: int, end: int) -> Contents:
    """Let the decoder play on to the end, however few samples the header claims."""
    head = view[start : start + 26]
    if len(head) < 26 or head[4] & 0x7F:
        return Contents("flac", (((start, end),),))
    fields = int.from_bytes(head[18:], "big")
    unknown = fields >> 36 << 36  # the last 36 bits count the samples
    mended = head[:18] + unknown.to_bytes(8, "big")
    return Contents("flac", ((mended, (start + 26, end)),), fields ^ unknown or None)


def read_ogg(view: View, start: int) -> Contents:
    """Find the streams of Vorbis or Opus that are chained, and the pages that are damaged.

    Raises NotAudio if the first stream is neither, or if there are too many.
    """
    walk = _Pages()
    place = start
    while place < len(view):
        place = walk.step(view, place)
    if walk.container is None:
        raise NotAudio("it is an Ogg file without Vorbis or Opus")
    ends = (*walk.links[1:], len(view))
    links = tuple(((link, end),) for link, end in zip(walk.links, ends, strict=True))
    return Contents(walk.container, links, None, tuple(walk.problems()))


def read_m4a(view: View, start: int) -> Contents:
    """Hide the tags of an MP4 file, since a decoder takes all of the cover art into memory.

    Raises NotAudio if the table of contents is missing or too large.
    """
    moov = next((box for box in _boxes(view, start, len(view)) if box.name == b"moov"), None)
    if moov is None:
        raise NotAudio("it is an MP4 file without a table of contents")
    tags = [box for box in _boxes(view, moov.inside, moov.end) if box.name in (b"udta", b"meta")]
    if moov.end - moov.place - sum(box.end - box.place for box in tags) > _LARGEST_HEADER:
        raise NotAudio("it is an MP4 file with too large a table of contents")
    parts: list[Part] = []
    at = start
    for box in tags:
        parts += [(at, box.place + 4), b"free"]
        at = box.place + 8
    return Contents("m4a", ((*parts, (at, len(view))),))


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of an MP4 file: where it begins, where its content does, and where it ends."""

    name: bytes
    place: int
    inside: int
    end: int


def _boxes(view: View, place: int, end: int) -> Iterator[_Box]:
    for _ in range(_MOST_CHUNKS):
        head = view[place : place + 16]
        size = int.from_bytes(head[:4], "big")
        own = 8
        if size == 1:
            size = int.from_bytes(head[8:], "big")
            own = 16
        if len(head) < 8 or place >= end or 0 < size < own:
            return
        after = min(place + size, end) if size else end
        yield _Box(head[4:8], place, place + own, after)
        place = after


def _read_chunks(
    view: View, start: int, container: str, order: Literal["big", "little"]
) -> Contents:
    """Hold the size that a WAV or AIFF file claims for its samples against what is there."""
    end = len(view)
    form = int.from_bytes(view[start + 4 : start + 8], order)
    large = 0
    for name, place, claimed in _chunks(view, start + 12, order):
        if name == b"ds64":
            large = int.from_bytes(view[place + 8 : place + 16], "little")
        if name not in (b"data", b"SSND"):
            continue
        size, there = claimed, end - place
        if claimed == _STREAMED:  # written to a pipe, or more than 32 bits can say
            size = large or there
        # A recorder that is cut off leaves no size at all: the eight bytes are the block's head.
        unfinished = size <= (8 if name == b"SSND" else 0) and start + 8 + form < end
        if size <= there and not unfinished:
            break
        problem = f"the header says {size} bytes of sound, there are {there}"
        mended = ((start, place - 4), there.to_bytes(4, order), (place, end))
        return Contents(container, (mended,), None, (problem,))
    return Contents(container, (((start, end),),))


def _chunks(
    view: View, place: int, order: Literal["big", "little"]
) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MOST_CHUNKS):
        head = view[place : place + 8]
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], order)
        yield head[:4], place + 8, size
        place += 8 + size + (size & 1)


@dataclass(slots=True)
class _Pages:
    """The walk along the pages of an Ogg file."""

    links: list[int] = field(default_factory=list)
    container: str | None = None
    serial: bytes = b""
    number: int = 0
    beginning: bool = False
    ended: bool = False
    cut: int = 0
    pages: int = 0
    damaged: int = 0
    missing: int = 0
    junk: int = 0
    packet: int = 0

    def step(self, view: View, place: int) -> int:
        """Look at the page at `place`, and return where the next one is."""
        data, offset, good = view.window(place)
        at = place - offset
        sizes = data[at + 27 : at + 27 + data[at + 26]] if len(data) > at + 26 else b""
        page = data[at : at + 27 + len(sizes) + sum(sizes)]
        if page[:4] == b"OggS" and _is_whole(page, sizes):
            self.pages += 1
            self._take(page, place, 27 + len(sizes))
            if self.pages > _MOST_PAGES or len(self.links) > _MOST_LINKS:
                raise NotAudio("it is an Ogg file of too many pages")
            return place + len(page)
        if page[:4] == b"OggS":
            self.damaged += 1
            if self.damaged > _MOST_DAMAGED:
                raise NotAudio("it is an Ogg file that is damaged all over")
        found = data.find(b"OggS", at + 1, good - offset + 3)
        after = good if found < 0 else found + offset
        self.junk += after - place if page[:4] != b"OggS" else 0
        return after

    def _take(self, page: bytes, place: int, body: int) -> None:
        first, serial, number = page[5] & 2, page[14:18], int.from_bytes(page[18:22], "little")
        if first and not self.beginning:
            self.cut += bool(self.links) and not self.ended
            self.links.append(place)
            self.serial, self.ended = b"", False
        self.beginning = bool(first)
        self.packet = self.packet + len(page) if page[6:14] == _UNFINISHED else 0
        if self.packet > _LARGEST_HEADER:
            raise NotAudio("it is an Ogg file with too large a header")
        codec = _CODECS.get(page[body : body + 7]) if first else None
        if codec:
            self.serial = serial
            self.number = number
            if len(self.links) == 1:
                self.container = codec
        if serial == self.serial:
            self.missing += number != self.number
            self.number = number + 1
            self.ended |= bool(page[5] & 4)

    def problems(self) -> Iterator[str]:
        if self.damaged:
            yield f"{self.damaged} of {self.pages + self.damaged} pages are damaged"
        elif self.missing:
            yield f"pages are missing in {self.missing} places"
        if self.junk:
            yield f"{self.junk} bytes are no Ogg pages"
        if self.cut or not self.ended:
            yield "it breaks off before the end of the stream"


def _is_whole(page: bytes, sizes: bytes) -> bool:
    """Tell whether a page is all there and has the check sum that it says."""
    if len(page) < 27 + len(sizes) + sum(sizes) or len(sizes) < page[26]:
        return False
    # The sum is a CRC-32 whose bits run the other way than zlib's, from zero.
    turned = (page[:22] + bytes(4) + page[26:]).translate(_TURNED)
    crc = zlib.crc32(turned, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return crc.to_bytes(4, "big").translate(_TURNED) == page[22:26]
