"""How samples reach libsndfile: in chunks of one size, however they come.

The bytes of Vorbis and Opus depend on the size of the chunks, and libvorbis lays a whole chunk
on the stack, so that a long one ends the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from . import Encoding

CHUNK = 16_384
"""Frames of a chunk: few enough for a stack of 256 KiB."""

SERIAL = 0x6D757369
"""The serial number of every Ogg stream, in place of one drawn by lot."""


class Writer:
    """A file that libsndfile writes; the samples are of a type that the format takes."""

    def __init__(self, path: Path, encoding: Encoding, **how: Any) -> None:
        """Begin a file with soundfile's `format`, `subtype` and `compression_level`."""
        self.length = 0
        self._waiting: list[NDArray[Any]] = []
        self._frames = 0
        with _as_oserror():
            self._file = soundfile.SoundFile(
                path, "w", encoding.sample_rate, encoding.channels, **how
            )

    def write(self, samples: NDArray[Any]) -> None:
        """Take samples of shape (n, channels)."""
        self.length += len(samples)
        place = 0
        while self._frames + len(samples) - place >= CHUNK:
            end = place + CHUNK - self._frames
            self._pass_on(samples[place:end])
            place = end
        if place < len(samples):
            # A copy, for the caller may use the array again.
            self._waiting.append(samples[place:].copy())
            self._frames += len(samples) - place

    def close(self) -> None:
        if self._waiting:
            self._pass_on(self._waiting.pop())
        self.abort()

    def abort(self) -> None:
        with _as_oserror():
            self._file.close()

    def _pass_on(self, end: NDArray[Any]) -> None:
        chunk = np.concatenate([*self._waiting, end]) if self._waiting else end
        self._waiting.clear()
        self._frames = 0
        with _as_oserror():
            self._file.write(chunk)


def made_with(marker: bytes, skip: int = 0, **how: Any) -> str:
    """Name libsndfile and the library it calls, which signs a file `skip` bytes after `marker`."""
    file = BytesIO()
    with soundfile.SoundFile(file, "w", 48_000, 1, **how) as tiny:
        tiny.write(np.zeros(1, np.float32))
    data = file.getvalue()
    place = data.index(marker) + len(marker) + skip
    length = int.from_bytes(data[place : place + 4], "little")
    signed = data[place + 4 : place + 4 + length].decode("utf-8", "replace")
    return f"libsndfile {soundfile.__libsndfile_version__} ({signed})"


@contextmanager
def _as_oserror() -> Iterator[None]:
    try:
        yield
    except soundfile.SoundFileError as error:
        raise OSError(f"libsndfile could not write the file: {error}") from error
