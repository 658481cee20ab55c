"""How samples become FLAC of 16 or 24 bits."""

from __future__ import annotations

from functools import cache

from ..sound import Block, to_int16
from . import File, sndfile
from .wav import to_int24


class _Flac(sndfile.Writer):
    def __init__(self, file: File) -> None:
        self._bits = file.encoding.bits
        super().__init__(file.path, file.encoding, format="FLAC", subtype=f"PCM_{self._bits}")

    def write(self, samples: Block) -> None:
        # libsndfile takes the upper 24 bits of 32.
        super().write(to_int16(samples) if self._bits == 16 else to_int24(samples) << 8)


encoder = _Flac


@cache
def made_with() -> str:
    # Between are the first block of 4 + 34 bytes and the header of the second.
    return sndfile.made_with(b"fLaC", 42, format="FLAC", subtype="PCM_16")
