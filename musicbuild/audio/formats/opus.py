"""How samples at 48 kHz become Opus in Ogg.

libsndfile spoils the last 5 ms of what it is given (-13 dB of error, where -53 dB is usual).  So
it is given more, and the stream ends before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from ..sound import Block
from . import File, sndfile
from .ogg_pages import Page, numbered, opus_cut, rewrite

BITRATE = 160
POST_ROLL = 4800
"""Frames after the last, the sound turned back in time, so that there is no step to be heard."""


class _Opus(sndfile.Writer):
    def __init__(self, file: File) -> None:
        self._path = file.path
        self._tail: Block = np.zeros((0, file.encoding.channels), np.float32)
        bitrate = file.encoding.bitrate or BITRATE
        # libsndfile: 256 to 6 kbit/s of a channel for a compression of 0 to 1.
        compression = (256 - bitrate / file.encoding.channels) / 250
        super().__init__(
            file.path, file.encoding, format="OGG", subtype="OPUS", compression_level=compression
        )

    def write(self, samples: Block) -> None:
        super().write(samples)
        self._tail = np.concatenate([self._tail, samples[-POST_ROLL:]])[-POST_ROLL:]

    def close(self) -> None:
        length = self.length
        super().write(np.pad(self._tail, ((0, POST_ROLL), (0, 0)), "symmetric")[-POST_ROLL:])
        super().close()

        def settled(pages: Iterator[Page]) -> Iterator[Page]:
            return opus_cut(numbered(pages, sndfile.SERIAL), length)

        rewrite(self._path, settled)


encoder = _Opus


@cache
def made_with() -> str:
    return sndfile.made_with(b"OpusTags", format="OGG", subtype="OPUS")
