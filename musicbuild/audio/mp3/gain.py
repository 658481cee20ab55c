"""How an MP3 stream is made louder or quieter without being encoded again.

Each granule of each channel carries a `global_gain`, a count of steps of 2^(1/4).  Adding to it
scales what is decoded and nothing else, so a change can be taken back byte for byte.

Sources: ISO/IEC 11172-3, 2.4.1.7 and 2.4.2.7 (side information), 2.4.3.1 and annex B (check sum);
ISO/IEC 13818-3, 2.4.1.7 (side information at the lower sampling rates).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .row import Row, row_of_frames

STEP_DB = 20 * math.log10(2) / 4
"""One step in dB: 1.505."""

_PART_LENGTH_BITS = 12
_GAIN_OFFSET = 21
"""Bits before `global_gain` in the side information of a granule: its length, `big_values`."""

_LEAST_GAIN, _MOST_GAIN = 1, 255

_HEADER_FRAME = (b"Xing", b"Info")


class GainOutOfRange(ValueError):
    """A step too far: some granule's gain can't be raised or lowered by so much and back."""


def steps_for(gain_db: float) -> int:
    """Return the number of steps that comes nearest to a gain in dB."""
    return round(gain_db / STEP_DB)


def gained(frames: bytes, steps: int, *, is_first: bool = True) -> bytes:
    """Return the stream `steps` x 1.505 dB louder; `gained(gained(x, n), -n) == x`.

    `frames` is a whole layer III stream without tags, as `inspect` finds it between `start` and
    `end`, or a part of one in whole frames; `is_first` says whether the stream begins with it.
    Its header frame stays as it is, so a check sum over all the music in a LAME header is
    no longer right; hardly anything reads it.  Granules without data and those whose gain is 0
    are silent and stay so.  Raises GainOutOfRange if a gain would leave 1 to 255, and NotMp3 if
    the bytes are no unbroken row of frames.
    """
    row, places = _of_music(frames, is_first=is_first)
    data = np.frombuffer(frames, np.uint8).copy()
    has_crc = data[places + 1] & 1 == 0
    side = places + np.where(has_crc, 6, 4)
    for bit in _granules(row):
        _add(data, side, bit, steps)
    _write_check_sums(data, places[has_crc], row.side_info)
    return data.tobytes()


def steps_within(frames: bytes, *, is_first: bool = True) -> range:
    """Return the steps by which `gained` can move those frames; raises NotMp3 as that does."""
    row, places = _of_music(frames, is_first=is_first)
    data = np.frombuffer(frames, np.uint8)
    side = places + np.where(data[places + 1] & 1 == 0, 6, 4)
    least, most = _LEAST_GAIN + _MOST_GAIN, 0
    for bit in _granules(row):
        gain, sounding = _gains(data, side, bit)
        if sounding.any():
            least = min(least, int(gain[sounding].min()))
            most = max(most, int(gain[sounding].max()))
    return range(_LEAST_GAIN - least, _MOST_GAIN - most + 1)


def _of_music(frames: bytes, *, is_first: bool) -> tuple[Row, NDArray[np.int64]]:
    """Return the row, and where its frames begin without the header frame."""
    row = row_of_frames(frames)
    skipped = int(is_first and _begins_with_header(frames, row))
    return row, np.asarray(row.places[skipped:], np.int64)


def _begins_with_header(frames: bytes, row: Row) -> bool:
    if frames[36:40] == b"VBRI":
        return True
    # Encoders differ on whether a check sum moves the tag.
    tag = 4 + row.side_info
    return frames[tag : tag + 4] in _HEADER_FRAME or (
        frames[1] & 1 == 0 and frames[tag + 2 : tag + 6] in _HEADER_FRAME
    )


def _granules(row: Row) -> list[int]:
    """Return the bits in the side information at which each granule of each channel begins."""
    if row.is_mpeg1:
        first, size, granules = (18 if row.channels == 1 else 20), 59, 2
    else:
        first, size, granules = (9 if row.channels == 1 else 10), 63, 1
    return [first + size * index for index in range(granules * row.channels)]


def _add(data: NDArray[np.uint8], side: NDArray[np.int64], bit: int, steps: int) -> None:
    """Add to one granule's gain in all frames, whose side information begins at `side`."""
    gain, sounding = _gains(data, side, bit)
    changed = gain + np.where(sounding, steps, 0)
    if sounding.any():
        least, most = changed[sounding].min(), changed[sounding].max()
        if least < _LEAST_GAIN or most > _MOST_GAIN:
            raise GainOutOfRange(f"its gain can't be moved by {steps} steps and back")
    byte, shift = side + (bit + _GAIN_OFFSET) // 8, 8 - (bit + _GAIN_OFFSET) % 8
    pair = data[byte].astype(np.int64) << 8 | data[byte + 1]
    pair = pair & ~(0xFF << shift) | changed << shift
    data[byte], data[byte + 1] = pair >> 8, pair & 0xFF


def _gains(
    data: NDArray[np.uint8], side: NDArray[np.int64], bit: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the gain of one granule in all frames, and where it has a sound."""
    length = _bits(data, side, bit, _PART_LENGTH_BITS)
    gain = _bits(data, side, bit + _GAIN_OFFSET, 8)
    return gain, (length > 0) & (gain > 0)


def _bits(
    data: NDArray[np.uint8], side: NDArray[np.int64], bit: int, count: int
) -> NDArray[np.int64]:
    """Read `count` bits, at most 17, from `bit` on after each place in `side`."""
    byte = side + bit // 8
    word = data[byte].astype(np.int64) << 16
    for further, shift in ((1, 8), (2, 0)):
        if bit % 8 + count > 8 * further:
            word |= data[byte + further].astype(np.int64) << shift
    return word >> (24 - bit % 8 - count) & ((1 << count) - 1)


def _write_check_sums(data: NDArray[np.uint8], places: NDArray[np.int64], side_info: int) -> None:
    """Write the CRC-16 of each frame at `places`: over half its header and its side information."""
    if not len(places):
        return
    crc = np.full(len(places), 0xFFFF, np.uint16)
    for offset in (2, 3, *range(6, 6 + side_info)):
        crc = crc << 8 ^ _CRC_TABLE[crc >> 8 ^ data[places + offset]]
    data[places + 4], data[places + 5] = crc >> 8, crc & 0xFF


def _crc_table() -> NDArray[np.uint16]:
    table = np.arange(256, dtype=np.uint32) << 8
    for _ in range(8):
        table = np.where(table & 0x8000, table << 1 ^ 0x8005, table << 1)
    return table.astype(np.uint16)


_CRC_TABLE = _crc_table()
