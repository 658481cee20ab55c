"""How samples become WAV of 16 or 24 bits, with one loop.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE), Multimedia
Data Standards Update 3.0 (`smpl`).
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..sound import Block, Loop, to_int16
from . import CannotEncode, File

MADE_WITH = "wav 1"
"""This writer; the number goes up when the same samples give other bytes."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_SAMPLER = struct.Struct("<4sI9I6I")
_MAX_BYTES = 0xFFFF_FFFF - _HEADER.size - _SAMPLER.size - 1
_MIDDLE_C = 60


class _Wav:
    def __init__(self, file: File) -> None:
        self._encoding = file.encoding
        self._loop = file.loop
        self._bytes = 0
        self._file = file.path.open("wb")
        self._file.write(bytes(_HEADER.size))

    def write(self, block: Block) -> None:
        if self._encoding.bits == 16:
            data = to_int16(block).astype("<i2", copy=False).tobytes()
        else:
            words = to_int24(block).astype("<i4", copy=False).reshape(-1, 1)
            data = words.view(np.uint8)[:, :3].tobytes()
        self._bytes += len(data)
        if self._bytes > _MAX_BYTES:
            raise CannotEncode("a wav holds no more than 4 GiB")
        self._file.write(data)

    def close(self) -> None:
        with self._file as file:
            file.write(bytes(self._bytes % 2))
            if self._loop:
                file.write(_sampler(self._loop, self._encoding.sample_rate))
            size = file.tell()
            file.seek(0)
            file.write(self._header(size))

    def abort(self) -> None:
        self._file.close()

    def _header(self, size: int) -> bytes:
        rate, channels = self._encoding.sample_rate, self._encoding.channels
        frame = channels * self._encoding.bits // 8
        form = (16, 1, channels, rate, rate * frame, frame, self._encoding.bits)
        return _HEADER.pack(b"RIFF", size - 8, b"WAVE", b"fmt ", *form, b"data", self._bytes)


encoder = _Wav


def made_with() -> str:
    return MADE_WITH


def to_int24(block: Block) -> NDArray[np.int32]:
    """Round samples to 24 bits; what is over full scale is clipped."""
    scaled = block * np.float32(1 << 23)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -(1 << 23), (1 << 23) - 1, out=scaled)
    return scaled.astype(np.int32)


def _sampler(loop: Loop, sample_rate: int) -> bytes:
    """Return a `smpl` chunk with one loop, played forward for ever; its end is played too."""
    sampler = (0, 0, round(1e9 / sample_rate), _MIDDLE_C, 0, 0, 0, 1, 0)
    played = (0, 0, loop.start, loop.start + loop.length - 1, 0, 0)
    return _SAMPLER.pack(b"smpl", _SAMPLER.size - 8, *sampler, *played)
