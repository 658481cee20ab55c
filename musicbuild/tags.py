"""What a finished MP3 says of itself, and how that is written without touching the music.

The tag is ID3 version 2.3.  It is the newest one that Windows Explorer and older hardware read
(they pass over 2.4 and its UTF-8), its UTF-16 holds every script, macOS reads it as well, and
game engines skip it.  It has no padding and no date, so the same wish gives the same bytes.

This is the only module that imports mutagen.
"""

# mypy: allow-untyped-calls
# mutagen says it is typed, but its frames and their container have no annotations.

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain, islice
from typing import Any

from mutagen.id3 import APIC, ID3, Encoding, Frame, Frames, PictureType

from .errors import ManifestError
from .id3 import LIMIT, PACKED, Block, RawFrame, raw_frames, split
from .models import Description, Mark, SourceType
from .musical import short_key, whole_tempo
from .spec import MASTER_RECIPE, Tags

COVER_LIMIT = 8 << 20
TEXT_LIMIT = 1 << 20
"""Bytes of the cover, characters of all the texts together."""

READ_LIMIT = 128
"""Frames that mutagen is given to read, or that are kept of others; a tag has a dozen."""

WALK_LIMIT = 1024
"""Frames that are looked at; a tag with more is an attack."""

SCAN_LIMIT = 16 << 10
TEXTS_READ = 64 << 10
"""Bytes of one text, and of all; mutagen reads a text character by character."""

ENCODER = f"musicbuild, mastering recipe {MASTER_RECIPE}"
"""Names the recipe and not the release: a new release alone must not change a file."""

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The IPTC's terms for how a medium was made are addresses below this one."""

_KEYS: Mapping[str, str] = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "number": "TRCK",
    "genre": "TCON",
    "bpm": "TBPM",
    "key": "TKEY",
    "milliseconds": "TLEN",
    "comment": "COMM::eng",
    "copyright": "TCOP",
    "encoder": "TSSE",
    "provider": "TXXX:musicbuild provider",
    "model": "TXXX:musicbuild model",
    "generation": "TXXX:musicbuild generation",
    "spec": "TXXX:musicbuild key",
    "prompt": "TXXX:musicbuild prompt",
    "chords": "TXXX:musicbuild chords",
    "sections": "TXXX:musicbuild sections",
    "ai_generated": "TXXX:AI-generated",
    "source_type": "TXXX:DigitalSourceType",
}
"""The frame for each word, as mutagen writes it: name, description, language.

TXXX is for all that has no frame of its own.  Source: https://id3.org/id3v2.3.0
"""

_WORDS: Mapping[str, str] = {key: word for word, key in _KEYS.items()}

_OWN_NAMES = frozenset({"APIC", *(key[:4] for key in _WORDS)} - {"TXXX"})

_OWN_STARTS = tuple(
    start
    for description in (key[5:] for key in _WORDS if key.startswith("TXXX"))
    for start in (
        b"\x00" + description.encode("latin-1") + b"\x00",
        b"\x01\xff\xfe" + description.encode("utf-16-le") + b"\x00\x00",
        b"\x01\xfe\xff" + description.encode("utf-16-be") + b"\x00\x00",
    )
)
"""How a TXXX frame of ours begins, whoever wrote it and in whichever encoding."""

_BINARY: Mapping[str, bytes] = {
    "APIC": b"\x00\x03",
    "GEOB": b"\x00\x03",
    "PRIV": bytes(range(256)),
    "UFID": bytes(range(256)),
}
"""Frames whose length is no reason not to read them, and how they begin then: in UTF-16 even their
short texts cost as much as if all of it were text."""

_SAME: Mapping[str, bytes] = {**_BINARY, "APIC": b"\x00\x01", "GEOB": b"\x00\x01"}
"""Frames that are the same in both versions, and how they begin then."""

_PICTURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the music came from; empty text is left out of the file.

    `generation` is the provider's own id, `key` the key of the GenerateSpec (not a musical
    one).  `prompt` is written only if the tags ask for it.  What is `described` stands for tags
    that say nothing of it.
    """

    provider: str
    model: str
    generation: str
    key: str
    prompt: str
    kind: SourceType
    described: Description | None = None


def tag_mp3(
    audio: bytes, tags: Tags, provenance: Provenance, *, seconds: float, cover: bytes | None = None
) -> bytes:
    """Return the MPEG frames of `audio`, untouched, behind a tag of ours.

    `seconds` is the length of the music; `cover` a PNG or JPEG.  Frames that others put into
    `audio` are kept, those for which we have a word are replaced, or dropped where we have
    nothing to say.  (A C2PA mark so stays to be read, though its seal covers the file as it
    was delivered and not this one.)  What can't be carried from version 2.4 into 2.3 is left
    behind: compressed, encrypted and damaged frames, chapters, texts over `SCAN_LIMIT`; so are
    tags of version 2.2, ID3v1 and APE tags at the end, a tag that is damaged, and whatever is
    beyond `LIMIT` or `READ_LIMIT`: the music is what was bought.
    The result depends on the arguments alone, and tagging it gives the same bytes again.

    Raises IntegrityError if `audio` has no music in it; ManifestError if `cover` is not a picture
    of those kinds, or it or the texts are too long.
    """
    blocks, music = split(audio)
    body = _body(_own_frames(tags, provenance, seconds, cover))
    parts, room = [body], LIMIT - 10 - len(body)
    for part in map(bytes, _foreign(blocks)):
        if len(part) <= room:
            parts.append(part)
            room -= len(part)
    return bytes(Block(3, 0, b"".join(parts))) + music


def audio_of(data: bytes) -> bytes:
    """Return the MPEG frames alone: no ID3v2 tag in front, no ID3v1 or APE tag at the end.

    Raises IntegrityError if nothing is left.
    """
    return split(data)[1]


def read_mp3(data: bytes) -> Mapping[str, str]:
    """Return what a tag of ours says, by the words of `Tags` and `Provenance`.

    Beside those: `milliseconds`, `encoder`, `spec` (the spec's key), `ai_generated`,
    `source_type`, and the kind and size of `cover`.  Where two frames say the same thing the
    first counts.  Raises IntegrityError as `audio_of` does.
    """
    found: dict[str, str] = {}
    for raw in _affordable(raw_frames(split(data)[0])):
        for frame in _parsed(raw):
            if word := _WORDS.get(frame.HashKey):
                found.setdefault(word, "/".join(frame.text))
            elif raw.name == "APIC":
                found.setdefault("cover", f"{frame.mime}, {len(frame.data)} bytes")
    return found


def _own_frames(
    tags: Tags, provenance: Provenance, seconds: float, cover: bytes | None
) -> list[Frame]:
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
        "source_type": SOURCE_TYPES + provenance.kind.value,
    }
    if sum(map(len, texts.values())) > TEXT_LIMIT:
        raise ManifestError(f"the tags are longer than {TEXT_LIMIT} characters")
    frames = [_text(_KEYS[word], text) for word, text in texts.items() if text]
    return frames if cover is None else [*frames, _picture(cover)]


def _text(key: str, text: str) -> Frame:
    # Of the two encodings of version 2.3 the smaller, where every reader takes it alike.
    encoding = Encoding.LATIN1 if text.isascii() else Encoding.UTF16
    name, description, *_ = (*key.split(":"), "")
    return Frames[name](encoding=encoding, lang="eng", desc=description, text=text)


def _picture(cover: bytes) -> APIC:
    if len(cover) > COVER_LIMIT:
        raise ManifestError(f"the cover is longer than {COVER_LIMIT} bytes")
    for signature, kind in _PICTURES:
        if cover.startswith(signature):
            # Some players take the second byte of a UTF-16 description for the picture's first.
            front = PictureType.COVER_FRONT
            return APIC(encoding=Encoding.LATIN1, mime=kind, type=front, data=cover)
    raise ManifestError("the cover is neither a PNG nor a JPEG")


def _marks(marks: Iterable[Mark]) -> str:
    """Write names with the seconds at which they begin: `0 intro, 4.5 A`."""
    return ", ".join(f"{second:g} {name}" for second, name in marks)


def _line(text: str) -> str:
    return _CONTROLS.sub(" ", _whole(text)).strip()


def _lines(text: str) -> str:
    return "\n".join(_CONTROLS.sub(" ", line) for line in _whole(text).splitlines()).strip()


def _whole(text: str) -> str:
    """Replace the half characters that a JSON escape can make and no encoding can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _body(frames: list[Frame]) -> bytes:
    """Write frames as the inside of a tag of version 2.3."""
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    # Saving cuts off an ID3v1 tag at the end, and could take a frame for one: here it finds none.
    end = bytes(256)
    file = BytesIO(end)
    tag.save(file, v1=0, v2_version=3, padding=lambda _: 0)
    return file.getvalue()[10 : -len(end)]


def _foreign(blocks: list[Block]) -> Iterator[RawFrame]:
    """Yield the frames that are not of our set, in version 2.3."""
    old = _affordable(raw_frames(block for block in blocks if block.version == 4))
    new = islice(raw_frames(block for block in blocks if block.version == 3), WALK_LIMIT)
    both = chain(new, chain.from_iterable(map(_modernised, old)))
    return islice(filter(_is_foreign, both), READ_LIMIT)


def _is_foreign(frame: RawFrame) -> bool:
    own_text = frame.name == "TXXX" and frame.body.startswith(_OWN_STARTS)
    return frame.name not in _OWN_NAMES and not own_text


def _affordable(frames: Iterable[RawFrame]) -> Iterator[RawFrame]:
    """Yield the frames that mutagen may be given: not too many, nor too much of text in all."""
    left = TEXTS_READ
    for frame in islice(frames, READ_LIMIT):
        if _is_text(frame) and not _is_same(frame):
            left -= len(frame.body)
        if left >= 0:
            yield frame


def _is_text(frame: RawFrame) -> bool:
    return frame.body[0] not in _BINARY.get(frame.name, b"")


def _is_same(frame: RawFrame) -> bool:
    """Tell whether a frame of version 2.4 is one of 2.3 as it stands."""
    plain = frame.version == 4 and not frame.flags and not frame.unsynchronised
    return plain and frame.body[0] in _SAME.get(frame.name, b"")


def _modernised(raw: RawFrame) -> Iterator[RawFrame]:
    """Turn a frame of version 2.4 into those of 2.3 that say the same, if there are any."""
    if _is_same(raw):
        yield replace(raw, version=3)
        return
    try:
        body = _body(_parsed(raw))
    except Exception:  # noqa: BLE001 -- as in `_parsed`
        return
    yield from raw_frames([Block(3, 0, body)])


def _parsed(raw: RawFrame) -> list[Any]:
    """Read one frame; nothing if it can't be read, or only at a cost nobody would pay.

    Each is read by itself, so that a damaged one harms no other, and none can pass for several.
    """
    # Chapters hold frames in their turn, which could be packed without end.
    packed = raw.flags & PACKED[raw.version] or raw.name in {"CHAP", "CTOC"}
    if packed or (len(raw.body) > SCAN_LIMIT and _is_text(raw)):
        return []
    block = Block(raw.version, 0x80 if raw.unsynchronised else 0, bytes(raw))
    try:
        return list(ID3(BytesIO(bytes(block)), load_v1=False, v2_version=3).values())
    except Exception:  # noqa: BLE001 -- mutagen names no bound to what hostile bytes make it raise
        return []
