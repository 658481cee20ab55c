"""Which parts of a track have files of their own: its notes, and its stems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ..manifest import Track
from ..models import Model
from ..spec import NOTES, WHOLE, MasterSpec, Tags
from .mastering import Mastering


class File(NamedTuple):
    """One output: its path, its format, and the part that it holds."""

    path: str
    format: str
    part: str


def parts_of(track: Track, files: Iterable[File], model: Model) -> Iterator[File]:
    """Give the files of a track's stems, beside those of the whole: `boss.drums.mp3`.

    Raises ManifestError if the model gives no such parts.
    """
    whole = [file for file in files if file.part != NOTES]
    if NOTES in track.formats.value and NOTES not in model.parts:
        node = track.formats.node or track.node
        raise node.error(f"`{model.name}` tells no notes for `mid`")
    if not track.stems.value:
        return
    node = track.stems.node or track.node
    names = sorted(model.parts - {NOTES})
    if not names:
        raise node.error(f"`{model.name}` gives no stems")
    if not whole:
        raise node.error("stems are audio, and `formats` names none")
    for file in whole:
        stem, dot, ending = file.path.rpartition(".")
        yield from (File(f"{stem}.{name}{dot}{ending}", file.format, name) for name in names)


def named(tags: Tags, part: str) -> Tags:
    """Return the tags of one part: a stem says so in its title."""
    return replace(tags, title=f"{tags.title} ({part})") if part not in {WHOLE, NOTES} else tags


def master(file: File, tags: Tags, free: Mastering) -> MasterSpec:
    """Return the spec of one file; notes have no sound to be mastered."""
    if file.part == NOTES:
        return MasterSpec(file.format, tags, file.part)
    return MasterSpec(
        file.format,
        tags,
        file.part,
        sound=free.sound,
        encoding=free.encodings[file.format],
        measure=free.measure,
        lossless=free.lossless,
    )
