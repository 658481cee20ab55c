"""What bytes hold as MP3: the frames, the exact length, and what is wrong with them.

A decoder plays what it can and keeps quiet about the rest: half a download sounds like a shorter
piece.  So nothing here decodes; the frames are walked one by one and held against what the header
in the first of them promises.

Sources: ISO/IEC 11172-3 and 13818-3 (frame headers), http://gabriel.mp3-tech.org/mp3infotag.html
(Xing, Info and LAME headers), https://id3.org/id3v2.3.0, https://wiki.hydrogenaud.io (APEv2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .edges import after_head_tags, before_tail_tags, is_broken_tag

MAX_BYTES = 256 << 20
MAX_SECONDS = 3 * 3600.0

LAME_DELAY = 576
"""Samples that LAME puts before the music."""

_MAX_SEARCHES = 20_000
_MAX_PADDING = 4095

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

_HEADER = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xeb]", re.DOTALL)
"""Where a layer III header may be: the sync word, the version and a bitrate."""

_LOOKS_LIKE = (
    (b"RIFF", "a WAV file"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"FORM", "an AIFF file"),
    (b"<", "a web page"),
    (b"{", "JSON"),
    (b"version https://git-lfs", "a Git LFS pointer"),
)


class NotMp3(ValueError):
    """The bytes are no MP3 stream; the message is one plain sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An MP3 stream inside some bytes.

    `frames` counts frames of audio, so without the header frame.  `samples` are those per channel
    that a player gives back: without the encoder's delay and padding, where a header tells them.
    `data[start:end]` are the frames, the header frame too; outside are only tags.  `problems` are
    phrases such as `the header says 2298 frames, there are 1148`; a clean stream has none.
    """

    sample_rate: int
    channels: int
    frames: int
    samples: int
    start: int
    end: int
    problems: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate


def inspect(data: bytes, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> Stream:
    """Walk the frames of `data`; raise NotMp3 if it is no MP3, or larger or longer than allowed.

    The work is bounded by the number of bytes, whatever they are.
    """
    if not data:
        raise NotMp3("it is empty")
    if len(data) > max_bytes:
        raise NotMp3(f"it has {len(data)} bytes, and no more than {max_bytes} are read")
    start = after_head_tags(data)
    broken = is_broken_tag(data[start : start + 10])  # its length is unknown, the music is whole
    end = before_tail_tags(data, start)
    first = _search(data, start, end, None, _MAX_SEARCHES)
    if first is None:
        raise NotMp3(_what_else(data, start))
    walk = _Walk(data, first.place, end, first.head)
    promise = walk.read_promise()
    walk.count_frames(max_seconds)
    if not walk.frames:
        raise NotMp3("it breaks off in the first frame")
    samples = walk.frames * first.head.samples
    if promise and promise.frames == walk.frames and promise.trimmed < samples:
        samples -= promise.trimmed
    return Stream(
        sample_rate=first.head.sample_rate,
        channels=first.head.channels,
        frames=walk.frames,
        samples=samples,
        start=first.place,
        end=walk.place,
        problems=tuple(_problems(walk, promise, 0 if broken else first.place - start)),
    )


def add_info_frame(raw: bytes, samples: int, *, delay: int = LAME_DELAY) -> bytes:
    """Put a header frame before `raw`, so that players give back exactly `samples` per channel.

    `raw` is a whole stream without tags and without such a frame, as an encoder writes it that
    put `delay` samples before the music.  Raises NotMp3 if it is not that, and ValueError if
    delay, samples and padding do not make up the frames.
    """
    frames = _unbroken(raw)
    first = frames[0].head
    padding = len(frames) * first.samples - delay - samples
    if not (0 <= padding <= _MAX_PADDING and 0 <= delay <= _MAX_PADDING):
        raise ValueError(f"{len(frames)} frames can't hold {samples} samples after {delay}")
    head, size = _roomy_header(raw[:4], first.side_info)
    constant = len({frame.head.bitrate for frame in frames}) == 1
    total = size + len(raw)

    frame = bytearray(size)
    frame[:4] = head
    tag = 4 + first.side_info
    frame[tag : tag + 4] = b"Info" if constant else b"Xing"
    frame[tag + 4 : tag + 8] = (0xF).to_bytes(4, "big")  # frames, bytes, places, quality
    frame[tag + 8 : tag + 12] = len(frames).to_bytes(4, "big")
    frame[tag + 12 : tag + 16] = total.to_bytes(4, "big")
    for percent in range(100):
        place = size + frames[percent * len(frames) // 100].place
        frame[tag + 16 + percent] = place * 256 // total
    lame = tag + 120
    frame[lame : lame + 7] = b"LAME4.0"
    frame[lame + 9] = 1 if constant else 4
    frame[lame + 21 : lame + 24] = (delay << 12 | padding).to_bytes(3, "big")
    frame[lame + 28 : lame + 32] = total.to_bytes(4, "big")
    frame[lame + 34 : lame + 36] = _crc16(frame[: lame + 34]).to_bytes(2, "big")
    return bytes(frame) + raw


@dataclass(frozen=True, slots=True)
class _Head:
    """What the four bytes of a frame header say; `bitrate` is in kbit/s, `size` in bytes."""

    version: int
    sample_rate: int
    bitrate: int
    channels: int
    size: int

    @property
    def samples(self) -> int:
        return 1152 if self.version == 3 else 576

    @property
    def side_info(self) -> int:
        if self.version == 3:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17

    def goes_with(self, other: _Head) -> bool:
        """Tell whether both can stand in one stream."""
        return (self.version, self.sample_rate, self.channels) == (
            other.version,
            other.sample_rate,
            other.channels,
        )


_HEADS: dict[bytes, _Head | None] = {}
"""Headers already read; there are fewer than 8000, however hostile the bytes."""


def _head(data: bytes, place: int) -> _Head | None:
    """Read the frame header at `place`, None if there is none."""
    if not _HEADER.match(data, place, len(data) - 1):
        return None
    # The bits of private use, copyright and the original say nothing here.
    key = bytes((data[place + 1], data[place + 2] & 0xFE, data[place + 3] & 0xC3))
    try:
        return _HEADS[key]
    except KeyError:
        return _HEADS.setdefault(key, _parse(key))


def _parse(key: bytes) -> _Head | None:
    version, bitrate_index, rate_index = key[0] >> 3 & 3, key[1] >> 4, key[1] >> 2 & 3
    if version not in _RATES or not 0 < bitrate_index < 15 or rate_index == 3 or key[2] & 3 == 2:
        return None
    sample_rate = _RATES[version][rate_index]
    bitrate = (_KBPS_1 if version == 3 else _KBPS_2)[bitrate_index]
    size = (144000 if version == 3 else 72000) * bitrate // sample_rate + (key[1] >> 1 & 1)
    return _Head(version, sample_rate, bitrate, 1 if key[2] >> 6 == 3 else 2, size)


@dataclass(frozen=True, slots=True)
class _Frame:
    place: int
    head: _Head


@dataclass(frozen=True, slots=True)
class _Promise:
    """What the header frame says: frames of audio (None if it doesn't), samples to leave out."""

    frames: int | None
    trimmed: int


@dataclass(slots=True)
class _Walk:
    """The walk along the frames of one stream, from frame to frame while they join."""

    data: bytes
    place: int
    end: int
    base: _Head
    frames: int = 0
    bitrates: set[int] = field(default_factory=set)
    junk: int = 0
    gaps: int = 0
    partial: int = 0
    after: int = 0

    def read_promise(self) -> _Promise | None:
        """Read the header frame, if this is one, and step over it."""
        tag = self.place + 4 + self.base.side_info
        frame_end = min(self.place + self.base.size, self.end)
        if self.data[tag : tag + 4] in (b"Xing", b"Info"):
            promise = _read_xing(self.data[tag:frame_end])
        elif self.data[self.place + 36 : self.place + 40] == b"VBRI":
            count = self.data[self.place + 50 : self.place + 54]
            promise = _Promise(int.from_bytes(count, "big"), 0)
        else:
            return None
        self.place = frame_end
        return promise

    def count_frames(self, max_seconds: float) -> None:
        most = max_seconds * self.base.sample_rate / self.base.samples
        searches = _MAX_SEARCHES
        while self.place < self.end:
            head = _head(self.data, self.place)
            if head and head.goes_with(self.base):
                if self.place + head.size > self.end:
                    self.partial = self.end - self.place
                    return
                self.frames += 1
                self.bitrates.add(head.bitrate)
                self.place += head.size
                if self.frames > most:
                    raise NotMp3(f"it is longer than {max_seconds:g} seconds")
                continue
            found = _search(self.data, self.place + 1, self.end, self.base, searches)
            if found is None:
                self.after = self.end - self.place
                return
            searches = found.searches_left
            self.junk += found.place - self.place
            self.gaps += 1
            self.place = found.place


@dataclass(frozen=True, slots=True)
class _Found:
    place: int
    head: _Head
    searches_left: int


def _search(data: bytes, start: int, end: int, base: _Head | None, searches: int) -> _Found | None:
    """Find the next frame that another one joins, or that ends the data.

    Gives up when it has looked at `searches` places that were none, so that no bytes can make
    it slow.
    """
    place = start
    while match := _HEADER.search(data, place, end - 1):
        place = match.start()
        head = _head(data, place)
        if head and (base is None or head.goes_with(base)):
            joined = _head(data, place + head.size) if place + head.size < end else None
            last = base is not None and place + head.size == end
            if last or (joined and joined.goes_with(head)):
                return _Found(place, head, searches)
        searches -= 1
        if searches < 0:
            break
        place += 1
    return None


def _read_xing(tag: bytes) -> _Promise:
    flags = int.from_bytes(tag[4:8], "big")
    frames = int.from_bytes(tag[8:12], "big") if flags & 1 else None
    lame = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4)
    lame += 4 * bool(flags & 8)
    if len(tag) < lame + 24 or not tag[lame]:
        return _Promise(frames, 0)
    both = int.from_bytes(tag[lame + 21 : lame + 24], "big")
    return _Promise(frames, (both >> 12) + (both & 0xFFF))


def _problems(walk: _Walk, promise: _Promise | None, before: int) -> Iterator[str]:
    if before:
        yield f"{before} bytes before the first frame are no MP3"
    if walk.junk:
        yield f"{walk.junk} bytes in {walk.gaps} places inside are no MP3"
    if walk.partial:
        yield f"the last frame breaks off after {walk.partial} bytes"
    if walk.after:
        yield f"{walk.after} bytes after the last frame are no MP3"
    if promise and promise.frames is not None and promise.frames != walk.frames:
        yield f"the header says {promise.frames} frames, there are {walk.frames}"
    if promise is None and len(walk.bitrates) > 1:
        yield "the bitrate varies and no header gives the length"


def _what_else(data: bytes, start: int) -> str:
    if start >= len(data):
        return "it is a tag without audio"
    for magic, name in _LOOKS_LIKE:
        if data[start : start + 64].lstrip().startswith(magic):
            return f"it looks like {name}"
    return "it holds no MP3 frames"


def _unbroken(raw: bytes) -> list[_Frame]:
    frames: list[_Frame] = []
    place = 0
    while place < len(raw):
        head = _head(raw, place)
        if head is None or place + head.size > len(raw):
            break
        if frames and not head.goes_with(frames[0].head):
            break
        frames.append(_Frame(place, head))
        place += head.size
    if not frames or place != len(raw):
        raise NotMp3("it is no unbroken row of MP3 frames")
    return frames


def _roomy_header(first: bytes, side_info: int) -> tuple[bytes, int]:
    """Return a frame header like the first, with room for the tag, and its frame's size."""
    for bitrate_index in range(first[2] >> 4, 15):
        # Without a check sum, without padding: the size follows from the bitrate alone.
        header = bytes((first[0], first[1] | 1, bitrate_index << 4 | first[2] & 0xC, first[3]))
        head = _head(header, 0)
        if head and head.size >= 4 + side_info + 156:
            return header, head.size
    raise NotMp3("no frame of this kind has room for a header")


def _crc16(data: bytes | bytearray) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
