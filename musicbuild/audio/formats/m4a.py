"""How samples become AAC in an M4A file that begins and ends exactly.

AAC comes in packets of 1024 samples, of which an edit list tells the part to be played.  Players
cut the beginning to the sample, but FFmpeg and others play the last packet whole.  So where the
length is known, silence before the sound moves its end to the end of a packet.

Sources: ISO/IEC 14496-12, 8.6.6 (edit list), 14496-3 (AAC).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags

from ..sound import BLOCK, Block
from . import File

BITRATE = 192
PACKET = 1024
PRE_ROLL = PACKET
"""Frames of silence before the sound; without them FFmpeg's encoder spoils a sudden beginning."""

_SHORT = PACKET // 2
"""An edit list up to here plays nothing in FFmpeg, if no packet follows the last one played."""


class _M4a:
    def __init__(self, file: File) -> None:
        encoding = file.encoding
        self._path = file.path
        self._rate = encoding.sample_rate
        # No date and no name of a program; a unit of the edit list is a sample; the index first.
        options = {"fflags": "+bitexact", "movflags": "+faststart"}
        options["movie_timescale"] = str(self._rate)
        name = f"file:{file.path.absolute()}"  # so that no other protocol is seen in it
        self._file = av.open(name, "w", format="ipod", options=options)
        self._stream = self._file.add_stream("aac", rate=self._rate)
        self._stream.bit_rate = 1000 * (encoding.bitrate or BITRATE)
        self._stream.layout = "mono" if encoding.channels == 1 else "stereo"
        self._stream.codec_context.flags |= Flags.bitexact
        self._file.start_encoding()
        silence = PRE_ROLL + -file.length % PACKET
        self._place = -silence
        self._tail: Block = np.zeros((0, encoding.channels), np.float32)
        for packet in self._encode(np.zeros((silence, encoding.channels), np.float32)):
            self._file.mux_one(packet)

    def write(self, block: Block) -> None:
        # The encoder has samples in hand, so that no packet comes before its last one is known.
        for start in range(0, len(block), BLOCK):
            for packet in self._encode(block[start : start + BLOCK]):
                self._file.mux_one(packet)
        self._tail = np.concatenate([self._tail, block[-PACKET:]])[-PACKET:]

    def close(self) -> None:
        length, short = self._place, self._place <= _SHORT
        # The last packet reaches into what follows: the sound turned back, so without a step.
        after = np.pad(self._tail, ((0, PACKET), (0, 0)), "symmetric")[-PACKET:]
        for packet in [*self._encode(after), *self._stream.encode(None)]:
            assert packet.pts is not None
            if packet.pts >= length + PACKET * short:
                break
            if not short:
                packet.duration = min(PACKET, length - packet.pts)
            self._file.mux_one(packet)
        self._file.close()
        if short:
            _end_after(length, self._path)

    def abort(self) -> None:
        self._file.close()

    def _encode(self, block: Block) -> list[Any]:
        if not len(block):
            return []
        planes = np.ascontiguousarray(block.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._stream.layout.name)
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._place
        self._place += len(block)
        return self._stream.encode(frame)


encoder = _M4a


def made_with() -> str:
    major, minor, micro = av.library_versions["libavcodec"]
    return f"PyAV {av.__version__} (libavcodec {major}.{minor}.{micro})"


def _end_after(length: int, path: Path) -> None:
    """Make a short file end after `length` samples, though a packet follows."""
    data = bytearray(path.read_bytes())
    for kind, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"elst", 12)):
        place = data.index(kind) + offset
        data[place : place + 4] = length.to_bytes(4, "big")
    path.write_bytes(data)
