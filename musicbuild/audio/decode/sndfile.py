"""How libsndfile is made to decode to the end, and to say where it could not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soundfile

from ..sound import Block
from ..view import Spliced
from .container import Broken, NotAudio

_UNKNOWN = 1 << 60


class Decoder:
    """libsndfile at work on one stream; `samples` per channel it expects, None if it can't tell."""

    def __init__(self, file: Spliced) -> None:
        try:
            self._sound = _Forward(file)
        except soundfile.SoundFileError as error:
            raise NotAudio("it begins like an audio file, but can't be decoded") from error
        self.sample_rate: int = self._sound.samplerate
        self.channels: int = self._sound.channels
        self.samples: int | None = self._sound.frames if self._sound.frames < _UNKNOWN else None

    def blocks(self, size: int) -> Iterator[Block]:
        """Give blocks of `size` frames, the last one shorter; raise Broken where it breaks off."""
        while True:
            block: Block = np.full((size, self.channels), np.nan, np.float32)
            try:
                given = self._sound.read(out=block)
            except soundfile.SoundFileError as error:
                # How many it wrote before isn't said, but no decoder writes what is no number.
                missing = np.isnan(block[:, 0])
                yield block[: missing.argmax() if missing.any() else size]
                raise Broken from error
            if len(given):
                yield given
            if len(given) < size:
                return

    def reaches(self, sample: int) -> bool:
        """Tell whether there is something to play at `sample`."""
        try:
            self._sound.seek(sample)
            return len(self._sound.read(1)) > 0
        except soundfile.SoundFileError:
            return False

    def close(self) -> None:
        self._sound.close()


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """A sound that isn't sought in while it is read.

    `soundfile` seeks after each block otherwise, which hides damage and fails on a wrong length.
    """

    def seekable(self) -> bool:
        return False
