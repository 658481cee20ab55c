"""Audible MP3 files for the stand-in gateway: cheap, valid, and different for each seed.

Each frame is MPEG-1 Layer III, mono, 48 kHz and 32 kbit/s, which makes it 96 bytes and 24 ms to
the dot.  No frame draws on another, so any row of them is a file, and its duration is exact.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

HEADER = b"\xff\xfb\x14\xc4"
FRAME_BYTES = 96
FRAMES_A_SECOND = 1 / 0.024
GAIN = 193  # about -21 dB on average, and no peak above -11 dB
LINES = 24  # of the 576 of a frame, 42 Hz apart
NOTES = 16  # frames that hold a chord: 0.4 s
CHORDS = 8


@lru_cache(maxsize=64)
def mp3(seed: str, seconds: float) -> bytes:
    """Return a file so long, rounded up to a whole frame."""
    phrase = b"".join(_frame(f"{seed}/{chord}") * NOTES for chord in range(CHORDS))
    wanted = -int(-seconds * FRAMES_A_SECOND // 1) * FRAME_BYTES
    return (phrase * (wanted // len(phrase) + 1))[:wanted]


def _frame(seed: str) -> bytes:
    granule = _granule(hashlib.sha256(seed.encode()).digest())
    side = "".join(
        (
            f"{len(granule):012b}",
            "0" * 9,  # no pairs: every line is in the quads
            f"{GAIN:08b}",
            "0" * 4,  # no scale factors
            "0",  # long blocks
            "0" * 22,  # tables and regions of the pairs there are not
            "00",
            "1",  # the quads are written in the table of fixed length
        )
    )
    bits = "0" * 18 + side * 2 + granule * 2
    size = FRAME_BYTES - len(HEADER)
    return HEADER + int(bits.ljust(size * 8, "0"), 2).to_bytes(size, "big")


def _granule(chance: bytes) -> str:
    lines = [0] * LINES
    for place, sign in zip(chance[:6], chance[6:12], strict=True):
        lines[2 + place % (LINES - 4)] = 1 if sign & 1 else -1
    bits = ""
    for start in range(0, LINES, 4):
        quad = lines[start : start + 4]
        which = sum(8 >> place for place, line in enumerate(quad) if line)
        bits += f"{15 - which:04b}" + "".join("1" if line < 0 else "0" for line in quad if line)
    return bits
