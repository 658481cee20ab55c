"""A stream of MP3 frames as an encoder leaves it, and the header frame to be put before it.

Source: http://gabriel.mp3-tech.org/mp3infotag.html (Xing, Info and LAME headers).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..view import Sliced
from .frame import Head, NotMp3, read_head

LAME_DELAY = 576
"""Samples that LAME puts before the music."""

_MAX_PADDING = 4095
_PART = 1 << 20
_BROKEN_ROW = "it is no unbroken row of MP3 frames"


def add_info_frame(raw: bytes, samples: int, *, delay: int = LAME_DELAY) -> bytes:
    """Put a header frame before `raw`, so that players give back exactly `samples` per channel.

    `raw` is a whole stream without tags and without such a frame, as an encoder writes it that
    put `delay` samples before the music.  Raises NotMp3 if it is not that, and ValueError if
    delay, samples and padding do not make up the frames.
    """
    row = FrameRow()
    row.add(raw)
    return row.info_frame(samples, delay=delay) + raw


class FrameRow:
    """The frames of a stream as they leave an encoder, and the header frame to put before them.

    `places` are where they begin, without the header frame: eight bytes for 26 ms.
    """

    def __init__(self) -> None:
        self.places = array("Q")
        self._bitrates: set[int] = set()
        self._first: Head | None = None
        self._header = b""
        self._bytes = 0
        self._rest = b""

    @property
    def header_size(self) -> int:
        """The size of the header frame in bytes, as soon as there is a frame."""
        return _roomy_header(self._header, self._side_info)[1]

    def add(self, data: bytes) -> None:
        """Take what follows; raise NotMp3 if it is no unbroken row of frames."""
        data = self._rest + data
        place = 0
        while len(data) - place >= 4:
            head = read_head(data, place)
            if head is None or (self._first and not head.goes_with(self._first)):
                raise NotMp3(_BROKEN_ROW)
            if place + head.size > len(data):
                break
            if not self._first:
                self._first, self._header = head, data[:4]
            self.places.append(self._bytes + place)
            self._bitrates.add(head.bitrate)
            place += head.size
        self._bytes += place
        self._rest = data[place:]

    def whole(self) -> Head:
        """Return the header that all frames share; raise NotMp3 unless the last one is whole."""
        if self._rest or not self._first:
            raise NotMp3(_BROKEN_ROW)
        return self._first

    def info_frame(self, samples: int, *, delay: int = LAME_DELAY) -> bytes:
        """Return the header frame for `samples` per channel; raises as `add_info_frame` does."""
        count = len(self.places)
        padding = count * self.whole().samples - delay - samples
        if not (0 <= padding <= _MAX_PADDING and 0 <= delay <= _MAX_PADDING):
            raise ValueError(f"{count} frames can't hold {samples} samples after {delay}")
        return info_frame(
            self._header,
            self.places,
            self._bytes,
            delay=delay,
            padding=padding,
            constant=len(self._bitrates) == 1,
        )

    @property
    def _side_info(self) -> int:
        return self._first.side_info if self._first else 0


@dataclass(frozen=True, slots=True)
class Row:
    """Frames that stand one after another: where each begins, and what is the same for all.

    A header frame (Info, Xing, VBRI) is one of them.  `side_info` is in bytes.
    """

    places: tuple[int, ...]
    sample_rate: int
    channels: int
    is_mpeg1: bool
    side_info: int


def whole_frames(data: Sliced, start: int, end: int) -> Iterator[bytes]:
    """Give a stream without tags in parts of whole frames, of a megabyte or so.

    Raises NotMp3 if it is no unbroken row of frames.
    """
    rest, first = b"", None
    for place in range(start, end, _PART):
        part = rest + data[place : min(place + _PART, end)]
        length = 0
        while len(part) - length >= 4:
            head = read_head(part, length)
            first = first or head
            if head is None or first is None or not head.goes_with(first):
                raise NotMp3(_BROKEN_ROW)
            if length + head.size > len(part):
                break
            length += head.size
        if length:
            yield part[:length]
        rest = part[length:]
    if rest:
        raise NotMp3(_BROKEN_ROW)


def row_of_frames(raw: bytes) -> Row:
    """Read a whole stream without tags; raise NotMp3 if it is no unbroken row of frames."""
    row = FrameRow()
    row.add(raw)
    head = row.whole()
    return Row(
        places=tuple(row.places),
        sample_rate=head.sample_rate,
        channels=head.channels,
        is_mpeg1=head.version == 3,
        side_info=head.side_info,
    )


def info_frame(
    first: bytes,
    frames: Sequence[int],
    size: int,
    *,
    delay: int,
    padding: int,
    constant: bool = True,
) -> bytes:
    """Return the header frame of a stream: how many frames there are, and what to leave out.

    `first` is the header of its first frame, `frames` are the places of all, `size` is the length
    in bytes.  `constant` says whether all have one bitrate.  Raises NotMp3 where no such frame
    is possible.
    """
    base = read_head(first, 0)
    if base is None:
        raise NotMp3("it begins with no MP3 frame")
    head, own_size = _roomy_header(first, base.side_info)
    total = own_size + size

    frame = bytearray(own_size)
    frame[:4] = head
    tag = 4 + base.side_info
    frame[tag : tag + 4] = b"Info" if constant else b"Xing"
    frame[tag + 4 : tag + 8] = (0xF).to_bytes(4, "big")  # frames, bytes, places, quality
    frame[tag + 8 : tag + 12] = len(frames).to_bytes(4, "big")
    frame[tag + 12 : tag + 16] = total.to_bytes(4, "big")
    for percent in range(100):
        place = own_size + frames[percent * len(frames) // 100]
        frame[tag + 16 + percent] = place * 256 // total
    lame = tag + 120
    frame[lame : lame + 7] = b"LAME4.0"
    frame[lame + 9] = 1 if constant else 4
    frame[lame + 21 : lame + 24] = (delay << 12 | padding).to_bytes(3, "big")
    frame[lame + 28 : lame + 32] = total.to_bytes(4, "big")
    frame[lame + 34 : lame + 36] = _crc16(frame[: lame + 34]).to_bytes(2, "big")
    return bytes(frame)


def _roomy_header(first: bytes, side_info: int) -> tuple[bytes, int]:
    """Return a frame header like the first, with room for the tag, and its frame's size."""
    for bitrate_index in range(first[2] >> 4, 15):
        # Without a check sum, without padding: the size follows from the bitrate alone.
        header = bytes((first[0], first[1] | 1, bitrate_index << 4 | first[2] & 0xC, first[3]))
        head = read_head(header, 0)
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
