"""What the header of an MP3 frame says.

Source: ISO/IEC 11172-3 and 13818-3, 2.4.1.3 and 2.4.2.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

HEADER = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xeb]", re.DOTALL)
"""Where a layer III header may be: the sync word, the version and a bitrate."""


class NotMp3(ValueError):
    """The bytes are no MP3 stream; the message is one plain sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the four bytes of a frame header say; `bitrate` is in kbit/s, `size` in bytes."""

    version: int
    sample_rate: int
    bitrate: int
    channels: int
    size: int

    @property
    def samples(self) -> int:
        return 1152 if self.version == 3 else 576

    @property
    def side_info(self) -> int:
        if self.version == 3:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17

    def goes_with(self, other: Head) -> bool:
        """Tell whether both can stand in one stream."""
        return (self.version, self.sample_rate, self.channels) == (
            other.version,
            other.sample_rate,
            other.channels,
        )


_HEADS: dict[bytes, Head | None] = {}
"""Headers already read; there are fewer than 8000, however hostile the bytes."""


def read_head(data: bytes, place: int) -> Head | None:
    """Read the frame header at `place`, None if there is none."""
    if not HEADER.match(data, place, len(data) - 1):
        return None
    # The bits of private use, copyright and the original say nothing here.
    key = bytes((data[place + 1], data[place + 2] & 0xFE, data[place + 3] & 0xC3))
    try:
        return _HEADS[key]
    except KeyError:
        return _HEADS.setdefault(key, _parse(key))


def _parse(key: bytes) -> Head | None:
    version, bitrate_index, rate_index = key[0] >> 3 & 3, key[1] >> 4, key[1] >> 2 & 3
    if version not in _RATES or not 0 < bitrate_index < 15 or rate_index == 3 or key[2] & 3 == 2:
        return None
    sample_rate = _RATES[version][rate_index]
    bitrate = (_KBPS_1 if version == 3 else _KBPS_2)[bitrate_index]
    size = (144000 if version == 3 else 72000) * bitrate // sample_rate + (key[1] >> 1 & 1)
    return Head(version, sample_rate, bitrate, 1 if key[2] >> 6 == 3 else 2, size)
