"""How samples become MP3 that plays back at exactly its own length, with flat memory.

The first frame tells the length, the size and where the music is at each hundredth, all of which
is known last.  So its place is kept free, and it is written at the end.

FFmpeg plays half a frame too much of fewer than 47 samples at 24 kHz and below, where the
silence before and that after them meet in one frame.
"""

from __future__ import annotations

from importlib.metadata import version

from ..encode import lame
from ..mp3.row import FrameRow
from ..sound import BLOCK, Block, to_int16
from . import Encoding, File

BITRATE = 192
_BITRATE_BELOW_32_KHZ = 160  # the most of MPEG-2
_SCALES = {192: 0.97, 224: 0.98, 256: 1.0, 320: 1.0}
"""By what LAME multiplies sound at a constant bitrate, so that less of it decodes to clipping."""
_SCALE_BELOW_192 = 0.95


class _Mp3:
    def __init__(self, file: File) -> None:
        encoding = file.encoding
        self._lame = lame(
            encoding.sample_rate,
            encoding.channels,
            bitrate=_bitrate(encoding),
            variable=encoding.quality if encoding.quality >= 0 else None,
        )
        self._length = 0
        self._row = FrameRow()
        self._waiting = b""
        self._file = file.path.open("wb")

    def write(self, block: Block) -> None:
        for start in range(0, len(block), BLOCK):
            samples = to_int16(block[start : start + BLOCK])
            self._append(bytes(self._lame.encode(samples.astype("<i2", copy=False).tobytes())))
        self._length += len(block)

    def close(self) -> None:
        with self._file as file:
            self._append(bytes(self._lame.flush()))
            file.seek(0)
            file.write(self._row.info_frame(self._length))

    def abort(self) -> None:
        self._file.close()

    def _append(self, data: bytes) -> None:
        self._row.add(data)
        self._waiting += data
        if not self._row.places:
            return  # the length of the frame before depends on the first
        if not self._file.tell():
            self._file.write(bytes(self._row.header_size))
        self._file.write(self._waiting)
        self._waiting = b""


encoder = _Mp3


def scale(encoding: Encoding) -> float:
    """Return the factor by which LAME turns down what it is given."""
    return 1.0 if encoding.quality >= 0 else _SCALES.get(_bitrate(encoding), _SCALE_BELOW_192)


def _bitrate(encoding: Encoding) -> int:
    usual = BITRATE if encoding.sample_rate >= 32_000 else _BITRATE_BELOW_32_KHZ
    return encoding.bitrate or usual


def made_with() -> str:
    return f"lameenc {version('lameenc')}"
