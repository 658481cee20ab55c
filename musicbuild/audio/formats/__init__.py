"""Which sound files can be written, and by which of the modules here.

A format's module is loaded when its encoder is asked for, and so are the libraries it needs; what
a format can't do is known without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # numpy is not loaded to say what a format can't do
    from ..sound import Block, Loop

FORMATS = ("mp3", "ogg", "opus", "flac", "wav", "m4a")

_RATES = range(8_000, 192_001)
_MP3_RATES = {1: (32_000, 44_100, 48_000), 2: (16_000, 22_050, 24_000)}
_MP3_BITRATES = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}

_NEEDS = {
    "mp3": "lameenc: pip install lameenc",
    "ogg": "libsndfile 1.2: pip install soundfile",
    "opus": "libsndfile 1.2: pip install soundfile",
    "flac": "libsndfile 1.2: pip install soundfile",
    "wav": "numpy: pip install numpy",
    "m4a": "PyAV: pip install 'musicbuild[m4a]'",
}


class CannotEncode(ValueError):
    """A file can't be written as asked; the message is one plain sentence without a full stop."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is to be written; where nothing is asked, the format chooses.

    `bitrate` is in kbit/s: of an mp3 (constant, 192), an opus (on average, 160) or an m4a (192);
    0 asks nothing.  `quality` is that of Vorbis for an ogg, 0 to 10, the higher the better (6:
    about 192 kbit/s, as the others), or LAME's V for an mp3 of variable bitrate, from 0, the best,
    to 9; below 0 asks nothing.  `bits` are those of a sample in a wav or a flac, 16 or 24.
    """

    format: str
    sample_rate: int
    channels: int
    bitrate: int = 0
    quality: float = -1
    bits: int = 16


class Encoder(Protocol):
    """What takes samples and leaves a file."""

    def write(self, block: Block) -> None:
        """Take samples of shape (n, channels); how they are cut into blocks changes no byte."""

    def close(self) -> None:
        """Complete the file; raise CannotEncode if no sample came, or another number than said.

        So it does for a loop that goes beyond the last sample.
        """

    def abort(self) -> None:
        """Let go of the file, which is left as it is."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written, as a format's module is told; `length` is 0 where it isn't known."""

    path: Path
    encoding: Encoding
    loop: Loop | None
    length: int


def encoder(
    path: Path, encoding: Encoding, *, loop: Loop | None = None, length: int = 0
) -> Encoder:
    """Begin a new file at `path`, which after `close` plays as many samples as came.

    The same samples give the same bytes with the same libraries.  `loop` is written into a wav;
    in other formats it is a matter of tags.  `length` says how many samples per channel will
    come, if that is known.  An m4a needs it to end exactly in players that cut no sample from the
    last packet, such as ffmpeg; without it only those do that follow the edit list to its end.

    Raises CannotEncode for what `objection` objects to and where a library is missing.
    """
    if why := objection(encoding):
        raise CannotEncode(why)
    file = File(path, encoding, loop, length)
    return _Checked(_module(encoding.format).encoder(file), file)


def made_with(name: str) -> str:
    """Name the encoder of a format and its version, such as `lameenc 1.9.0`."""
    named: str = _module(name).made_with()
    return named


def scale(encoding: Encoding) -> float:
    """Return the factor by which a format plays what it was given, 1 for all but an mp3."""
    factor: float = _module("mp3").scale(encoding) if encoding.format == "mp3" else 1.0
    return factor


def objection(encoding: Encoding) -> str:
    """Tell in one phrase why a format can't do what is asked, or nothing."""
    if encoding.format not in FORMATS:
        return _unknown(encoding.format)
    if encoding.channels not in (1, 2):
        return f"a file has 1 or 2 channels, not {encoding.channels}"
    return _rate(encoding) or _bitrate(encoding) or _quality(encoding) or _bits(encoding)


class _Checked:
    """An encoder that holds its caller to what was said, for a format's own that relies on it."""

    def __init__(self, encoder: Encoder, file: File) -> None:
        self._encoder = encoder
        self._file = file
        self._length = 0

    def write(self, block: Block) -> None:
        channels = self._file.encoding.channels
        if block.dtype != "float32" or block.ndim != 2 or block.shape[1] != channels:
            shape = f"{block.dtype} of shape {block.shape}"
            raise CannotEncode(f"samples are float32 of shape (n, {channels}), not {shape}")
        self._length += len(block)
        if len(block):
            self._encoder.write(block)

    def close(self) -> None:
        if why := self._mismatch():
            self._encoder.abort()
            raise CannotEncode(why)
        self._encoder.close()

    def abort(self) -> None:
        self._encoder.abort()

    def _mismatch(self) -> str:
        came, said, loop = self._length, self._file.length, self._file.loop
        if not came:
            return "there are no samples"
        if said and came != said:
            return f"{came} samples came where {said} were announced"
        if loop and not (0 <= loop.start < loop.start + loop.length <= came):
            return f"a loop of {loop.length} samples from {loop.start} is not inside {came}"
        return ""


def _rate(encoding: Encoding) -> str:
    name, rate = encoding.format, encoding.sample_rate
    rates: dict[str, tuple[int, ...]] = {
        "mp3": _MP3_RATES[2] + _MP3_RATES[1],
        "opus": (48_000,),
        "m4a": (44_100, 48_000),
    }
    if name in rates and rate not in rates[name]:
        return f"{name} has {_either(rates[name])} Hz, not {rate}"
    if rate not in _RATES:
        return f"{name} has {_RATES[0]} to {_RATES[-1]} Hz, not {rate}"
    return ""


def _bitrate(encoding: Encoding) -> str:
    name, bitrate = encoding.format, encoding.bitrate
    if not bitrate:
        return ""
    if name == "mp3":
        version = 1 if encoding.sample_rate in _MP3_RATES[1] else 2
        if bitrate not in _MP3_BITRATES[version]:
            choice = f"{_either(_MP3_BITRATES[version])} kbit/s, not {bitrate}"
            return f"mp3 at {encoding.sample_rate} Hz has {choice}"
        return "mp3 takes a bitrate or a quality, not both" if encoding.quality >= 0 else ""
    # Of a channel: RFC 6716, 2.1.1; the buffer of ISO/IEC 14496-3 holds 6144 bits of a packet.
    each = {"opus": (6, 255), "m4a": (32, 256)}
    if name not in each:
        return f"{name} has no bitrate to choose"
    least, most = (encoding.channels * bound for bound in each[name])
    if not least <= bitrate <= most:
        channels = "one channel" if encoding.channels == 1 else "two channels"
        return f"{name} of {channels} has {least} to {most} kbit/s, not {bitrate}"
    return ""


def _quality(encoding: Encoding) -> str:
    name, quality = encoding.format, encoding.quality
    if quality < 0:
        return ""
    most = {"ogg": 10, "mp3": 9}
    if name not in most:
        return f"{name} has no quality to choose"
    if not quality <= most[name]:
        return f"the quality of {name} is 0 to {most[name]}, not {quality:g}"
    return ""


def _bits(encoding: Encoding) -> str:
    name, bits = encoding.format, encoding.bits
    if name not in ("wav", "flac"):
        return f"{name} has no bits to choose" if bits != 16 else ""
    return f"{name} has 16 or 24 bits, not {bits}" if bits not in (16, 24) else ""


def _unknown(name: str) -> str:
    return f"there is no format `{name}`, only {_either(FORMATS)}"


def _either(choices: tuple[object, ...]) -> str:
    *first, last = map(str, choices)
    return f"{', '.join(first)} or {last}" if first else last


def _module(name: str) -> Any:
    if name not in FORMATS:
        raise CannotEncode(_unknown(name))
    try:
        return import_module(f".{name}", __name__)
    except (ImportError, OSError) as error:  # soundfile without its library is an OSError
        raise CannotEncode(f"{name} files need {_NEEDS[name]}") from error
