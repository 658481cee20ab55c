"""What a finished file says of itself, in the words that all formats share.

How a format writes them is the matter of one module each, which is loaded when it is needed.  No
tag has padding, a date or a number by chance: the same wish gives the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from ..errors import ManifestError
from ..models import Description, Mark, SourceType
from ..musical import short_key, whole_tempo
from ..spec import MASTER_RECIPE, Tags

COVER_LIMIT = 8 << 20
TEXT_LIMIT = 1 << 20
"""Bytes of the cover, characters of all the texts together."""

READ_LIMIT = 128
"""Entries of a tag that are read as text, or that are kept of others; a tag has a dozen."""

WALK_LIMIT = 1024
"""Entries that are looked at; a tag with more is an attack."""

SCAN_LIMIT = 16 << 10
TEXTS_READ = 64 << 10
"""Bytes of one text of others, and of all."""

ENCODER = f"musicbuild, mastering recipe {MASTER_RECIPE}"
"""Names the recipe and not the release: a new release alone must not change a file."""

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The IPTC's terms for how a medium was made are addresses below this one."""

FORMATS: Mapping[str, str] = {
    "mp3": "mp3",
    "ogg": "ogg",
    "opus": "ogg",
    "flac": "flac",
    "m4a": "mp4",
    "wav": "wav",
}
"""The formats that hold tags, and the module for each."""

NO_AUDIO = "there is no audio in the file, only tags"

_PICTURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_MEASURED = re.compile(r"replaygain_|r128_|mp3gain_|loop(start|length|end)", re.IGNORECASE)
"""How the names begin under which players look for loudness and loops, in any format."""

_LOOPS = re.compile(r"(LOOP(?:START|LENGTH))=")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the music came from; empty text is left out of the file.

    `generation` is the provider's own id, `key` the key of the GenerateSpec (not a musical
    one).  `prompt` is written only if the tags ask for it.  `kind` is None where nobody knows how
    it was made.  What is `described` stands for tags that say nothing of it.
    """

    provider: str
    model: str
    generation: str
    key: str
    prompt: str
    kind: SourceType | None
    described: Description | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured of a finished file and players act on; what is None is left out.

    `gain` is its ReplayGain 2.0 in dB, which takes it to -18 LUFS, `peak` its true peak as a
    factor of full scale.  `loop` is where a loop starts and how long it is, in samples.
    `steps` of 1.5 dB is how much louder the very frames of an MP3 were made.
    """

    gain: float | None = None
    peak: float | None = None
    loop: tuple[int, int] | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """All that a file is to say: `texts` by their words, none of them empty.

    Where something was `measured`, what others say of loudness and loops holds no more.
    """

    texts: Mapping[str, str]
    cover: Cover | None
    measured: bool

    def keeps(self, name: str) -> bool:
        """Tell whether an entry of others still holds, going by its name."""
        return not (self.measured and _MEASURED.match(name))


class _Format(Protocol):
    def write(self, data: bytes, said: Said) -> bytes: ...

    def bare(self, data: bytes) -> bytes: ...

    def read(self, data: bytes) -> Mapping[str, str]: ...


def say(
    tags: Tags,
    provenance: Provenance,
    *,
    seconds: float,
    cover: bytes | None = None,
    finding: Finding | None = None,
) -> Said:
    """Return what a file is to say: `seconds` is the length of the music, `cover` a PNG or JPEG.

    With a `finding`, even an empty one, that holds for all that is said of loudness and loops;
    without, it stays as it was delivered.  Raises ManifestError if `cover` is not a picture of
    those kinds, or it or the texts are too long.
    """
    texts = {word: text for word, text in _texts(tags, provenance, seconds, finding) if text}
    if sum(map(len, texts.values())) > TEXT_LIMIT:
        raise ManifestError(f"the tags are longer than {TEXT_LIMIT} characters")
    picture = None if cover is None else _picture(cover)
    return Said(texts, picture, finding is not None)


def tag(data: bytes, format: str, said: Said) -> bytes:  # noqa: A002 -- as in `MasterSpec`
    """Return a file of one of the `FORMATS` with a tag of ours, its music untouched.

    What others put into the file is kept as far as it is short; entries for which we have a word
    are replaced, or dropped where we have nothing to say.
    The result depends on the arguments alone, and tagging it gives the same bytes again.

    Raises IntegrityError if `data` has no music of that format in it.
    """
    return _module(format).write(data, said)


def audio_of(data: bytes, format: str = "mp3") -> bytes:  # noqa: A002 -- as in `MasterSpec`
    """Return the file without any tag: what is the same before and after tagging.

    Of an MP3 those are its frames, of the others a file that plays: their headers and their
    sound.  Raises IntegrityError if there is no music of that format.
    """
    return _module(format).bare(data)


def read(data: bytes, format: str = "mp3") -> Mapping[str, str]:  # noqa: A002 -- as in `MasterSpec`
    """Return what a tag of ours says, by the words of `Tags` and `Provenance`.

    Beside those: `encoder`, `spec` (the spec's key), `ai_generated`, `source_type`, the kind and
    size of `cover`, `milliseconds` where the format has a place for them, and of a finding
    `gain` (as `-3.25 dB`), `peak`, `loop_start`, `loop_length` and `undo`.  Where two entries say
    the same thing the first counts.  Raises IntegrityError as `audio_of` does.
    """
    return _module(format).read(data)


def _module(format: str) -> _Format:  # noqa: A002 -- as in `MasterSpec`
    return cast("_Format", import_module(f".{FORMATS[format]}", __name__))


def _texts(
    tags: Tags, provenance: Provenance, seconds: float, finding: Finding | None
) -> Iterator[tuple[str, str]]:
    music = provenance.described
    texts = {
        "title": _line(tags.title),
        "artist": _line(tags.artist),
        "album": _line(tags.album),
        "number": _line(tags.number),
        "genre": _line(tags.genre),
        "bpm": whole_tempo(tags.bpm or (f"{music.bpm:.3f}" if music else "")),
        "key": short_key(tags.key or (music.key if music else "")),
        "chords": _marks(music.chords if music else ()),
        "sections": _marks(music.sections if music else ()),
        "milliseconds": str(round(seconds * 1000)) if 0 < seconds < math.inf else "",
        "comment": _lines(tags.comment),
        "copyright": _line(tags.copyright),
        "encoder": ENCODER,
        "provider": _line(provenance.provider),
        "model": _line(provenance.model),
        "generation": _line(provenance.generation),
        "spec": _line(provenance.key),
        "prompt": _lines(provenance.prompt) if tags.prompt else "",
        "ai_generated": "yes" if provenance.kind is SourceType.TRAINED else "",
        "source_type": SOURCE_TYPES + provenance.kind.value if provenance.kind else "",
    }
    found = finding or Finding()
    for word, text in texts.items():
        # Engines look for these words anywhere in a tag, and the last of them counts.
        yield word, _LOOPS.sub(r"\1 ", text) if found.loop else text
    if found.gain is not None and math.isfinite(found.gain):
        yield "gain", f"{round(found.gain, 2) + 0.0:.2f} dB"
    if found.peak is not None and math.isfinite(found.peak):
        yield "peak", f"{found.peak:.6f}"
    if found.loop:
        yield from zip(("loop_start", "loop_length"), map(str, found.loop), strict=True)
    if found.steps:
        # What takes the gain back, left and right; it did not wrap around.
        yield "undo", f"{-found.steps:+04d},{-found.steps:+04d},N"


def _picture(cover: bytes) -> Cover:
    if len(cover) > COVER_LIMIT:
        raise ManifestError(f"the cover is longer than {COVER_LIMIT} bytes")
    for signature, kind in _PICTURES:
        if cover.startswith(signature):
            return Cover(kind, cover)
    raise ManifestError("the cover is neither a PNG nor a JPEG")


def _marks(marks: Iterable[Mark]) -> str:
    """Write names with the seconds at which they begin: `0 intro, 4.5 A`."""
    return ", ".join(f"{second:g} {name}" for second, name in marks)


def _line(text: str) -> str:
    if text.isprintable():
        return text.strip()
    return _CONTROLS.sub(" ", _whole(text)).strip()


def _lines(text: str) -> str:
    return "\n".join(_CONTROLS.sub(" ", line) for line in _whole(text).splitlines()).strip()


def _whole(text: str) -> str:
    """Replace the half characters that a JSON escape can make and no encoding can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
