"""How samples become Ogg Vorbis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from . import File, sndfile
from .ogg_pages import Page, numbered, rewrite, vorbis_in_two_pages

QUALITY = 6.0
"""About 192 kbit/s of a stereo file, as much as an mp3 has where nothing is asked."""


class _Vorbis(sndfile.Writer):
    def __init__(self, file: File) -> None:
        self._path = file.path
        asked = file.encoding.quality
        quality = asked if asked >= 0 else QUALITY
        super().__init__(
            file.path,
            file.encoding,
            format="OGG",
            subtype="VORBIS",
            compression_level=1 - quality / 10,
        )

    def close(self) -> None:
        super().close()
        rewrite(self._path, _settled)


encoder = _Vorbis


@cache
def made_with() -> str:
    return sndfile.made_with(b"\x03vorbis", format="OGG", subtype="VORBIS")


def _settled(pages: Iterator[Page]) -> Iterator[Page]:
    return vorbis_in_two_pages(numbered(pages, sndfile.SERIAL))
