"""What bytes hold as MP3: the frames, the exact length, and what is wrong with them.

A decoder plays what it can and keeps quiet about the rest: half a download sounds like a shorter
piece.  So nothing here decodes; the frames are walked one by one and held against what the header
in the first of them promises.

Sources: ISO/IEC 11172-3 and 13818-3 (frame headers), http://gabriel.mp3-tech.org/mp3infotag.html
(Xing, Info and LAME headers), https://id3.org/id3v2.3.0, https://wiki.hydrogenaud.io (APEv2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..edges import after_head_tags, before_tail_tags, is_broken_tag
from ..view import View, Whole
from .frame import HEADER, Head, NotMp3, read_head

__all__ = ["NoFrames", "NotMp3", "Stream", "inspect"]

MAX_BYTES = 256 << 20
MAX_SECONDS = 3 * 3600.0

_MAX_SEARCHES = 20_000

_AT_ONCE = 256
"""Headers that are looked at in one go, however few of them turn out to be alike."""

_LOOKS_LIKE = (
    (b"RIFF", "a WAV file"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"FORM", "an AIFF file"),
    (b"<", "a web page"),
    (b"{", "JSON"),
    (b"version https://git-lfs", "a Git LFS pointer"),
)


class NoFrames(NotMp3):
    """The bytes hold nothing of an MP3 stream; the message tells what else they look like."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An MP3 stream inside some bytes.

    `frames` counts frames of audio, so without the header frame.  `samples` are those per channel
    that a player gives back: without the encoder's delay and padding, where a header tells them.
    `data[start:end]` are the frames, the header frame too; outside are only tags.  `problems` are
    phrases such as `the header says 2298 frames, there are 1148`; a clean stream has none.
    `runs` are the frames of audio alone: from where to where they join.
    """

    sample_rate: int
    channels: int
    frames: int
    samples: int
    start: int
    end: int
    problems: tuple[str, ...] = ()
    delay: int = 0
    padding: int = 0
    runs: tuple[tuple[int, int], ...] = ()

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate


def inspect(
    data: bytes | View, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> Stream:
    """Walk the frames of `data`; raise NotMp3 if it is no MP3, or larger or longer than allowed.

    The work is bounded by the number of bytes, whatever they are.
    """
    if isinstance(data, bytes):
        data = Whole(data)
    if not len(data):
        raise NotMp3("it is empty")
    if len(data) > max_bytes:
        raise NotMp3(f"it has {len(data)} bytes, and no more than {max_bytes} are read")
    start = after_head_tags(data)
    broken = is_broken_tag(data[start : start + 10])  # its length is unknown, the music is whole
    end = before_tail_tags(data, start)
    first = _search(data, start, end, None, _MAX_SEARCHES)
    if first is None:
        raise NoFrames(_what_else(data, start))
    walk = _Walk(data, first.place, end, first.head)
    promise = walk.read_promise()
    walk.count_frames(max_seconds)
    if not walk.frames:
        raise NotMp3("it breaks off in the first frame")
    samples = walk.frames * first.head.samples
    delay, padding = promise.trimmed if promise and promise.frames == walk.frames else (0, 0)
    if delay + padding >= samples:
        delay = padding = 0
    return Stream(
        sample_rate=first.head.sample_rate,
        channels=first.head.channels,
        frames=walk.frames,
        samples=samples - delay - padding,
        start=first.place,
        end=walk.place,
        problems=tuple(_problems(walk, promise, 0 if broken else first.place - start)),
        delay=delay,
        padding=padding,
        runs=tuple(walk.runs),
    )


@dataclass(frozen=True, slots=True)
class _Promise:
    """What the header frame says: frames of audio (None if it doesn't), samples to leave out.

    Those are the encoder's delay before the music and the padding after it.
    """

    frames: int | None
    trimmed: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Walk:
    """The walk along the frames of one stream, from frame to frame while they join."""

    data: View
    place: int
    end: int
    base: Head
    frames: int = 0
    bitrates: set[int] = field(default_factory=set)
    runs: list[tuple[int, int]] = field(default_factory=list)
    junk: int = 0
    gaps: int = 0
    partial: int = 0
    after: int = 0

    def read_promise(self) -> _Promise | None:
        """Read the header frame, if this is one, and step over it."""
        size = min(self.base.size, self.end - self.place)
        frame = self.data[self.place : self.place + size]
        tag = 4 + self.base.side_info
        if frame[tag : tag + 4] in (b"Xing", b"Info"):
            promise = _read_xing(frame[tag:])
        elif frame[36:40] == b"VBRI":
            promise = _Promise(int.from_bytes(frame[50:54], "big"))
        else:
            return None
        self.place += size
        return promise

    def count_frames(self, max_seconds: float) -> None:
        most = max_seconds * self.base.sample_rate / self.base.samples
        searches = _MAX_SEARCHES
        while self.place < self.end:
            start = self.place
            if not self._follow(most):
                raise NotMp3(f"it is longer than {max_seconds:g} seconds")
            if self.place > start:
                self.runs.append((start, self.place))
            if self.place >= self.end or self.partial:
                return
            found = _search(self.data, self.place + 1, self.end, self.base, searches)
            if found is None:
                self.after = self.end - self.place
                return
            searches = found.searches_left
            self.junk += found.place - self.place
            self.gaps += 1
            self.place = found.place

    def _follow(self, most: float) -> bool:
        """Step over the frames that join; tell whether no more than `most` are counted by now."""
        heads: dict[bytes, Head] = {}  # those that were met and go on with; a stream has few
        last = b""
        while self.place < self.end:
            data, offset, good = self.data.window(self.place)
            place, stop, end = self.place - offset, min(good, self.end) - offset, self.end - offset
            while place < stop:
                written = data[place : place + 4]
                head = heads.get(written)
                if head is None:
                    head = read_head(data, place)
                    if not head or not head.goes_with(self.base):
                        self.place = place + offset
                        return True
                    heads[written] = head
                if place + head.size > end:
                    self.place = place + offset
                    self.partial = self.end - self.place
                    return True
                alike = _alike(data, place, stop, written, head.size) if written == last else 1
                last = written
                self.frames += alike
                self.bitrates.add(head.bitrate)
                place += alike * head.size
                if self.frames > most:
                    return False
            self.place = place + offset
        return True


def _alike(data: bytes, place: int, stop: int, written: bytes, size: int) -> int:
    """Count the frames that join with one header, the one at `place` among them.

    Headers are looked at by columns, as most streams have hundreds of them in a row.
    """
    count = max(1, min((stop - place) // size, _AT_ONCE))
    for column, byte in enumerate(written, place):
        found = data[column : column + count * size - size + 1 : size]
        count = len(found) - len(found.lstrip(bytes((byte,))))
    return count


@dataclass(frozen=True, slots=True)
class _Found:
    place: int
    head: Head
    searches_left: int


def _search(view: View, start: int, end: int, base: Head | None, searches: int) -> _Found | None:
    """Find the next frame that another one joins, or that ends the data.

    Gives up when it has looked at `searches` places that were none, so that no bytes can make
    it slow.
    """
    place = start
    while place < end:
        data, offset, good = view.window(place)
        stop = min(good, end)
        while match := HEADER.search(data, place - offset, min(stop + 2, end - 1) - offset):
            place = match.start() + offset
            head = read_head(data, place - offset)
            if head and (base is None or head.goes_with(base)):
                ahead = place + head.size
                joined = read_head(data, ahead - offset) if ahead < end else None
                last = base is not None and ahead == end
                if last or (joined and joined.goes_with(head)):
                    return _Found(place, head, searches)
            searches -= 1
            if searches < 0:
                return None
            place += 1
        place = stop
    return None


def _read_xing(tag: bytes) -> _Promise:
    flags = int.from_bytes(tag[4:8], "big")
    frames = int.from_bytes(tag[8:12], "big") if flags & 1 else None
    lame = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 2) + 100 * bool(flags & 4)
    lame += 4 * bool(flags & 8)
    if len(tag) < lame + 24 or not tag[lame]:
        return _Promise(frames)
    both = int.from_bytes(tag[lame + 21 : lame + 24], "big")
    return _Promise(frames, (both >> 12, both & 0xFFF))


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


def _what_else(data: View, start: int) -> str:
    if start >= len(data):
        return "it is a tag without audio"
    for magic, name in _LOOKS_LIKE:
        if data[start : start + 64].lstrip().startswith(magic):
            return f"it looks like {name}"
    return "it holds no MP3 frames"
