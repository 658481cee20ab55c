"""How the sound of an MP4 file (AAC, ALAC) is decoded; only here `av` is needed."""

from __future__ import annotations

from collections.abc import Iterator

import av

from ..sound import Block
from ..view import Spliced
from .container import Broken, NotAudio

_MOST_MISSING = 4096
"""Samples that an encoder's delay and padding may make a file shorter than it says."""


_ERRORS = (av.FFmpegError, ValueError, OverflowError)
"""What `av` raises for damaged files; texts that are no UTF-8 and other formats are ValueErrors."""


class Decoder:
    """FFmpeg at work on the first sound of a file; its `samples` are not known before."""

    samples = None

    def __init__(self, file: Spliced) -> None:
        try:
            self._container = av.open(file, "r", format="mp4", metadata_errors="replace")
        except _ERRORS as error:
            raise NotAudio("it begins like an MP4 file, but can't be decoded") from error
        # A stream whose codec is unknown has no context.
        known = [one for one in self._container.streams.audio if one.codec_context]
        if not known:
            self.close()
            raise NotAudio("it is an MP4 file without sound of a known kind")
        self._stream = known[0]
        codec = self._stream.codec_context
        self.sample_rate: int = codec.sample_rate or 0
        self.channels: int = codec.channels

    def blocks(self, size: int) -> Iterator[Block]:
        """Give blocks of `size` frames, the last one shorter; raise Broken where it breaks off."""
        layout = self._stream.codec_context.layout
        packed = av.AudioResampler("flt", layout, self.sample_rate, size)
        given = 0
        try:
            for frame in self._container.decode(self._stream):
                for part in packed.resample(frame):
                    given += part.samples
                    yield self._samples(part)
        except _ERRORS as error:
            broken: Exception | None = error
        else:
            broken = None
        for part in packed.resample(None):
            given += part.samples
            yield self._samples(part)
        # A file that is cut just ends.
        if broken or given + _MOST_MISSING < self._claimed():
            raise Broken from broken

    def reaches(self, sample: int) -> bool:
        """Tell whether there may be something to play at `sample`."""
        return self._claimed() > sample

    def close(self) -> None:
        self._container.close()

    def _claimed(self) -> int:
        duration, unit = self._stream.duration, self._stream.time_base
        return int(duration * unit * self.sample_rate) if duration and unit else 0

    def _samples(self, frame: av.AudioFrame) -> Block:
        block: Block = frame.to_ndarray().reshape(-1, self.channels)  # type: ignore[assignment]
        return block
