"""How any audio file becomes samples, whatever is wrong with it: what can be decoded is given,
and what can't be is stated.

A decoder alone keeps quiet about what it leaves out: it trusts a wrong header, or stops at the
first damage.  So the container is read here first, and the decoder is given parts of the file
that it can't misunderstand.
"""

from __future__ import annotations

import importlib
import stat
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self, cast

import numpy as np

from ..edges import after_head_tags, before_tail_tags
from ..mp3 import NoFrames, NotMp3, Stream, inspect
from ..mp3.row import info_frame
from ..sound import BLOCK, Block
from ..view import FileView, Part, Spliced, View
from . import sndfile
from .container import (
    Broken,
    Contents,
    NotAudio,
    looks_like,
    read_aiff,
    read_flac,
    read_m4a,
    read_ogg,
    read_wav,
    recognise,
)

__all__ = ["NotAudio", "Reader", "open_audio"]

MAX_BYTES = 512 << 20
MAX_SECONDS = 3 * 3600
MAX_CHANNELS = 8
SAMPLE_RATES = range(1000, 384_001)

_LOUDEST = np.float32(1e6)
"""No sound is 120 dB over full scale; what is, or is no number at all, is damage."""

_MP3_DECODER_DELAY = 529
"""Samples by which a decoder lags, so that the last ones come with the padding only."""


def open_audio(path: Path, *, max_bytes: int = MAX_BYTES) -> Reader:
    """Open a file for decoding; the reader is a context manager.

    Raises NotAudio if there is no sound in it that can be read, or more than allowed (`max_bytes`,
    three hours, eight channels, 384 kHz); OSError if the file itself can't be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe might wait for ever
        raise NotAudio("it is no plain file")
    file = path.open("rb")
    try:
        return Reader(file, max_bytes)
    except BaseException:
        file.close()
        raise


class Reader:
    """The sound of one file.

    `container` is one of `mp3`, `ogg` (Vorbis), `opus`, `flac`, `wav`, `aiff` and `m4a`.
    `problems` are phrases that say what is wrong with the file; a clean one has none.  What only
    decoding shows is among them, and `samples` (per channel) is known, once `blocks` has come to
    its end.
    """

    def __init__(self, file: BinaryIO, max_bytes: int = MAX_BYTES) -> None:
        self._file = file
        self._contents = _read_contents(file, max_bytes)
        self._heard: tuple[str, ...] = ()
        self.samples: int | None = None
        self.container = self._contents.container
        with closing(self._decoder(Spliced(file, self._contents.links[0]))) as decoder:
            self.sample_rate, self.channels = decoder.sample_rate, decoder.channels
            if self.sample_rate not in SAMPLE_RATES:
                raise NotAudio(f"its sample rate is {self.sample_rate} Hz")
            if not 1 <= self.channels <= MAX_CHANNELS:
                raise NotAudio(f"it has {self.channels} channels")
            most = MAX_SECONDS * self.sample_rate
            claimed = self._contents.samples or decoder.samples or most + 1
            if claimed > most and decoder.reaches(most):
                raise _too_long()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def problems(self) -> tuple[str, ...]:
        return self._contents.problems + self._heard

    def close(self) -> None:
        self._file.close()

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """Decode from the beginning, in blocks of up to `size` frames.

        What is damaged ends the sound early and adds to `problems`.  Raises NotAudio if nothing
        at all can be decoded, or when it turns out longer than allowed; OSError if the file can't
        be read any further.
        """
        given = expected = wrong = 0
        end = None
        for link in self._contents.links:
            file = Spliced(self._file, link)
            try:
                decoder = self._decoder(file)
            except NotAudio:
                file.check()
                end = (
                    f"after {given / self.sample_rate:.1f} s it goes on with what can't be decoded"
                )
                break
            with closing(decoder):
                if (decoder.sample_rate, decoder.channels) != (self.sample_rate, self.channels):
                    end = f"after {given / self.sample_rate:.1f} s it goes on in another format"
                    break
                expected += decoder.samples or 0
                try:
                    for block in decoder.blocks(size):
                        wrong += _silence_damage(block)
                        given += len(block)
                        if given > MAX_SECONDS * self.sample_rate:
                            raise _too_long()
                        yield block
                except Broken:
                    file.check()
                    end = f"it can be decoded only up to {given / self.sample_rate:.1f} s"
                    if given == (self._contents.samples or expected):
                        end = "what follows the sound can't be decoded"
                    break
                file.check()
        if not given:
            raise NotAudio("nothing of it can be decoded")
        self.samples = given
        self._heard = tuple(_heard(given, self._contents.samples or expected, wrong, end))

    def _decoder(self, file: Spliced) -> _Decoder:
        if self.container != "m4a":
            return sndfile.Decoder(file)
        try:
            m4a = importlib.import_module(".m4a", __package__)
        except ImportError as error:
            raise NotAudio("m4a needs `pip install 'musicbuild[m4a]'`") from error
        return cast("_Decoder", m4a.Decoder(file))


class _Decoder(Protocol):
    sample_rate: int
    channels: int
    samples: int | None

    def blocks(self, size: int) -> Iterator[Block]: ...

    def reaches(self, sample: int) -> bool: ...

    def close(self) -> None: ...


def _too_long() -> NotAudio:
    return NotAudio(f"it is longer than {MAX_SECONDS} seconds")


def _read_contents(file: BinaryIO, max_bytes: int) -> Contents:
    size = file.seek(0, 2)
    if not size:
        raise NotAudio("it is empty")
    if size > max_bytes:
        raise NotAudio(f"it has {size} bytes, and no more than {max_bytes} are read")
    view = FileView(file, size)
    start = after_head_tags(view)
    match recognise(view, start):
        case "wav":
            return read_wav(view, start)
        case "aiff":
            return read_aiff(view, start)
        case "flac":
            return read_flac(view, start, before_tail_tags(view, start))
        case "ogg":
            return read_ogg(view, start)
        case "m4a":
            return read_m4a(view, start)
    try:
        stream = inspect(view, max_bytes=max_bytes, max_seconds=MAX_SECONDS)
    except NoFrames as error:
        if start >= size:
            raise NotAudio("it is a tag without audio") from error
        name = looks_like(view, start)
        known = f"it looks like {name}" if name else "it holds no sound of a known kind"
        raise NotAudio(known) from error
    except NotMp3 as error:
        raise NotAudio(str(error)) from error
    return Contents("mp3", (_playable(view, stream),), stream.samples, stream.problems)


def _playable(view: View, stream: Stream) -> tuple[Part, ...]:
    """Join the frames alone, with a header before them that gives exactly the stream's samples."""
    place = stream.runs[0][0]
    per_frame = (stream.samples + stream.delay + stream.padding) // stream.frames
    size = sum(end - start for start, end in stream.runs)
    more = int(stream.padding < _MP3_DECODER_DELAY)
    frames = stream.frames + more
    for_frames = partial(
        info_frame,
        view[place : place + 4],
        range(0, frames * (size // frames), size // frames),
        delay=stream.delay,
        padding=stream.padding + more * per_frame,
    )
    header = for_frames(size)
    if not more:
        return (header, *stream.runs)
    silent = header[:4] + bytes(len(header) - 4)
    return (for_frames(size + len(silent)), *stream.runs, silent)


def _silence_damage(block: Block) -> int:
    """Take for silence what is no sound, and count it."""
    with np.errstate(invalid="ignore"):
        if not len(block) or (block.max() <= _LOUDEST and block.min() >= -_LOUDEST):
            return 0
        wrong = ~(np.abs(block) <= _LOUDEST)
    block[wrong] = 0
    return int(np.count_nonzero(wrong))


def _heard(given: int, expected: int, wrong: int, end: str | None) -> Iterator[str]:
    if end:
        yield end
    elif expected and given != expected:
        yield f"the header says {expected} samples, there are {given}"
    if wrong:
        yield f"{wrong} samples are no sound"
