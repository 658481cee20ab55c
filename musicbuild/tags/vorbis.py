"""How texts and a cover are said in Vorbis comments, as Ogg and FLAC hold them.

Of the names in use those were taken that players and libraries show: COMMENT rather than the
DESCRIPTION of the first list, INITIALKEY rather than KEY.
Sources: https://xiph.org/vorbis/doc/v-comment.html, RFC 9639 section 8.8 (pictures), RFC 7845
section 5.2 (loudness in Opus).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping

from . import COVER_LIMIT, READ_LIMIT, SCAN_LIMIT, TEXTS_READ, WALK_LIMIT, Cover, Said

_FIELDS: Mapping[str, str] = {
    "loop_start": "LOOPSTART",
    "loop_length": "LOOPLENGTH",
    "encoder": "ENCODER",
    "title": "TITLE",
    "artist": "ARTIST",
    "album": "ALBUM",
    "number": "TRACKNUMBER",
    "total": "TRACKTOTAL",
    "genre": "GENRE",
    "bpm": "BPM",
    "key": "INITIALKEY",
    "comment": "COMMENT",
    "copyright": "COPYRIGHT",
    "gain": "REPLAYGAIN_TRACK_GAIN",
    "peak": "REPLAYGAIN_TRACK_PEAK",
    "ai_generated": "AI-GENERATED",
    "source_type": "DIGITALSOURCETYPE",
    "provider": "MUSICBUILD_PROVIDER",
    "model": "MUSICBUILD_MODEL",
    "generation": "MUSICBUILD_GENERATION",
    "spec": "MUSICBUILD_KEY",
    "chords": "MUSICBUILD_CHORDS",
    "sections": "MUSICBUILD_SECTIONS",
    "prompt": "MUSICBUILD_PROMPT",
}
"""The field for each word, in the order in which they are written.

RPG Maker searches the first 255 bytes for a loop and reads on to the next zero byte.  The length
of the next field is a part of what it reads: after the loop comes one whose length, the same in
every file, is no digit.
"""

_OPUS_GAIN = "R128_TRACK_GAIN"
_PICTURE = "METADATA_BLOCK_PICTURE"

_WORDS: Mapping[str, str] = {field: word for word, field in _FIELDS.items()}

_OWN_NAMES = frozenset(
    {
        *(_FIELDS[word] for word in _FIELDS if word not in {"gain", "peak"}),
        *(_PICTURE, "COVERART", "COVERARTMIME"),
        *("DESCRIPTION", "KEY", "TOTALTRACKS", "ENCODED-BY", "ENCODED_BY"),
    }
    - {"LOOPSTART", "LOOPLENGTH"}
)
"""Fields for which we have a word, under whichever name."""

_NAME = re.compile(r"[ -<>-}]+")

_VENDOR_LIMIT = 128
"""Bytes; encoders name themselves in half as many, and the loop has to come soon after."""


def comments(old: bytes, said: Said, *, opus: bool = False, cover: bool = False) -> bytes:
    """Return the comments that are to stand in the place of `old`.

    In `opus`, gain is relative to -23 LUFS and peaks are not said.  The `cover` is among the
    comments in Ogg; FLAC has a block for it.
    """
    vendor, there = _parsed(old)
    fields = [f"{name}={text}".encode() for name, text in _own(said, opus=opus)]
    if cover and said.cover:
        fields.append(f"{_PICTURE}=".encode() + b64encode(picture(said.cover)))
    return _body(vendor, [*fields, *_foreign(there, said)])


def no_comments() -> bytes:
    return _body(b"", [])


def words(body: bytes) -> dict[str, str]:
    """Return what comments say in fields of ours."""
    found: dict[str, str] = {}
    left = TEXTS_READ
    for name, text in _fields(_parsed(body)[1]):
        if name == _PICTURE:
            found.setdefault("cover", _picture_in_text(text))
            continue
        left -= len(text)
        if left < 0:
            break
        if name == _OPUS_GAIN and re.fullmatch(r"-?[0-9]{1,5}", text):
            found.setdefault("gain", f"{int(text) / 256 + 5:.2f} dB")
        elif word := _WORDS.get(name):
            found.setdefault(word, text)
    if total := found.pop("total", ""):
        found["number"] = f"{found.get('number', '')}/{total}"
    return {word: text for word, text in found.items() if text}


def picture(cover: Cover) -> bytes:
    """Return a front cover as FLAC has it; its size in pixels may be left unsaid."""
    kind, data = cover.kind.encode(), cover.data
    head = (3).to_bytes(4) + len(kind).to_bytes(4) + kind + bytes(4 + 4 * 4)
    return head + len(data).to_bytes(4) + data


def picture_words(block: bytes) -> str:
    """Return the kind and size of a picture, nothing where the block makes no sense."""
    at = 8 + int.from_bytes(block[4:8])
    kind = block[8:at]
    at += 4 + int.from_bytes(block[at : at + 4]) + 16
    size = int.from_bytes(block[at : at + 4])
    if len(kind) > 64 or not kind.isascii() or at + 4 + size > len(block):
        return ""
    return f"{kind.decode()}, {size} bytes"


def _own(said: Said, *, opus: bool) -> Iterator[tuple[str, str]]:
    texts = dict(said.texts)
    number, _, total = texts.get("number", "").partition("/")
    texts |= {"number": number, "total": total}
    for word, name in _FIELDS.items():
        text = texts.get(word)
        if not text or (opus and word == "peak"):
            continue
        if opus and word == "gain":
            yield _OPUS_GAIN, _from_23(text)
        else:
            yield name, text


def _from_23(gain: str) -> str:
    """Turn a gain to -18 LUFS, in dB, into one to -23 LUFS, in 256ths of a dB."""
    steps = round((float(gain.removesuffix(" dB")) - 5) * 256)
    return str(min(max(steps, -0x8000), 0x7FFF))


def _foreign(there: list[bytes], said: Said) -> Iterator[bytes]:
    """Yield the comments that are not of our set and still hold.

    With a loop there are none: whoever reads it may stumble over them.
    """
    if "loop_start" in said.texts:
        return
    left, room = READ_LIMIT, TEXTS_READ
    for name, text in _fields(there):
        if name in _OWN_NAMES or not said.keeps(name):
            continue
        comment = f"{name}={text}".encode()
        if left and len(comment) <= room:
            left, room = left - 1, room - len(comment)
            yield comment


def _fields(there: list[bytes]) -> Iterator[tuple[str, str]]:
    """Yield the names, in capitals, and texts of comments that are right."""
    for comment in there:
        if len(comment) > (2 * COVER_LIMIT if _is_picture(comment) else SCAN_LIMIT):
            continue
        raw, equals, value = comment.partition(b"=")
        try:
            name, text = raw.decode("ascii").upper(), value.decode()
        except UnicodeDecodeError:
            continue
        if equals and _NAME.fullmatch(name):
            yield name, text


def _is_picture(comment: bytes) -> bool:
    return comment[: len(_PICTURE)].upper() == _PICTURE.encode()


def _parsed(body: bytes) -> tuple[bytes, list[bytes]]:
    """Return vendor and comments, as far as they make sense."""
    at = 4 + int.from_bytes(body[:4], "little")
    vendor = body[4:at]
    count = int.from_bytes(body[at : at + 4], "little")
    at += 4
    there: list[bytes] = []
    for _ in range(min(count, WALK_LIMIT)):
        first = at + 4
        at = first + int.from_bytes(body[at:first], "little")
        if first > len(body) or at > len(body):
            break
        there.append(body[first:at])
    return vendor, there


def _body(vendor: bytes, fields: list[bytes]) -> bytes:
    short = len(vendor) <= _VENDOR_LIMIT
    name = vendor.decode(errors="ignore").encode() if short else b""
    parts = [_counted(name), len(fields).to_bytes(4, "little"), *map(_counted, fields)]
    return b"".join(parts)


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def _picture_in_text(text: str) -> str:
    try:
        return picture_words(b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return ""
