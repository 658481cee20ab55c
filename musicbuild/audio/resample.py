"""How sound changes its sample rate and its number of channels, as it comes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sound import BLOCK, Block

try:
    import soxr  # type: ignore[import-untyped]
except ImportError:  # there is no wheel for Windows on ARM
    soxr = None

QUALITY = "HQ"
"""soxr's own default, 20 bits: what it adds lies 130 dB below the sound."""


class CannotResample(ValueError):
    """The rate or the channels can't be changed so; the message is one plain sentence."""


class Resampler:
    """What turns blocks at one rate into blocks at another, in step with them.

    n samples per channel become round(n * to_rate / from_rate), halves rounded up, and none of
    them depends on the sizes of the blocks.  Equal rates change nothing.  Raises CannotResample
    where soxr is missing and for rates below 1.
    """

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        if from_rate < 1 or to_rate < 1:
            raise CannotResample(f"{from_rate} Hz can't become {to_rate} Hz")
        self._rates = from_rate, to_rate
        self._came = self._gave = 0
        self._nothing: Block = np.zeros((0, channels), np.float32)
        self._stream: Any = None
        if from_rate == to_rate:
            return
        if soxr is None:
            raise CannotResample(
                f"changing {from_rate} Hz to {to_rate} Hz needs soxr: pip install soxr"
            )
        self._stream = soxr.ResampleStream(
            from_rate, to_rate, channels, dtype="float32", quality=QUALITY
        )

    def write(self, block: Block) -> Block:
        """Take samples of shape (n, channels), return those that can be known by now."""
        self._came += len(block)
        if self._stream is None or not len(block):
            return block
        parts = [
            self._stream.resample_chunk(np.ascontiguousarray(block[start : start + BLOCK]))
            for start in range(0, len(block), BLOCK)
        ]
        return self._counted(parts[0] if len(parts) == 1 else np.concatenate(parts))

    def finish(self) -> Block:
        """Return what remains after the last block."""
        if self._stream is None:
            return self._nothing
        rest = self._counted(self._stream.resample_chunk(self._nothing, last=True))
        missing = np.zeros((self._due - self._gave, rest.shape[1]), np.float32)
        return np.concatenate([rest, missing])

    @property
    def _due(self) -> int:
        """How many samples are to be given for those that came."""
        from_rate, to_rate = self._rates
        return (2 * self._came * to_rate + from_rate) // (2 * from_rate)

    def _counted(self, block: Block) -> Block:
        block = block[: self._due - self._gave]
        self._gave += len(block)
        return block


def to_channels(block: Block, channels: int) -> Block:
    """Make samples of shape (n, 1 or 2) ones of one or two channels.

    One channel is copied into both, at its own level: no peak changes, and the loudness rises by
    3 LU, as it is summed over the channels (ITU-R BS.1770).  Of two channels the mean is taken:
    no peak rises, what both have in common keeps its level, what they don't falls by 3 dB.
    """
    has = block.shape[1]
    if has == channels:
        return block
    match has, channels:
        case 1, 2:
            return np.repeat(block, 2, axis=1)
        case 2, 1:
            mean: Block = (block[:, :1] + block[:, 1:]) * np.float32(0.5)
            return mean
    raise CannotResample(f"{has} channels can't become {channels}")
