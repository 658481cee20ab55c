"""How samples become MP3 bytes that play back at exactly their own length."""

from __future__ import annotations

from typing import Any

import lameenc
import numpy as np
from numpy.typing import NDArray

from .mp3.row import add_info_frame


def encode_mp3(
    samples: NDArray[np.int16], sample_rate: int, *, bitrate: int = 192, quality: int = 3
) -> bytes:
    """Encode int16 samples of shape (n, channels), one or two channels, at a constant bitrate.

    `bitrate` is in kbit/s; `quality` is LAME's, 0 the best and slowest, 9 the worst.  The same
    samples give the same bytes with the same build of LAME.  Decoded by a player that honours the
    LAME header, the result has exactly n samples.  Raises ValueError for samples of another
    type or shape.
    """
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] not in (1, 2):
        shape = f"{samples.dtype} of shape {samples.shape}"
        raise ValueError(f"samples are int16 of shape (n, 1) or (n, 2), not {shape}")
    if not len(samples):
        raise ValueError("there are no samples")
    encoder = lame(sample_rate, samples.shape[1], bitrate=bitrate, quality=quality)
    raw = bytes(encoder.encode(np.ascontiguousarray(samples, "<i2").tobytes()))
    return add_info_frame(raw + bytes(encoder.flush()), len(samples))


def lame(
    sample_rate: int,
    channels: int,
    *,
    bitrate: int,
    quality: int = 3,
    variable: float | None = None,
) -> Any:
    """Return a lameenc encoder of a constant bitrate, or of LAME's V `variable` if that is given.

    It takes interleaved little-endian int16 and writes no header frame.
    """
    encoder: Any = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(channels)
    encoder.set_in_sample_rate(sample_rate)
    encoder.set_out_sample_rate(sample_rate)
    if variable is None:
        encoder.set_bit_rate(bitrate)
    else:
        encoder.set_vbr(lameenc.VBR_MTRH)
        encoder.set_vbr_quality(variable)
    encoder.set_quality(quality)
    return encoder
