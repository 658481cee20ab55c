"""How an MP3 says it: a tag in front, written without touching the music.

The tag is ID3 version 2.3.  It is the newest one that Windows Explorer and older hardware read
(they pass over 2.4 and its UTF-8), its UTF-16 holds every script, macOS reads it as well, and
game engines skip it.  It has no padding and no date, and its frames are written here, so the same
wish gives the same bytes, with each version of mutagen.  That reads what others wrote, here alone.
"""

# mypy: allow-untyped-calls
# mutagen says it is typed, but its frames and their container have no annotations.

from __future__ import annotations

from codecs import BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from itertools import chain, islice
from typing import Any

from mutagen.id3 import ID3, Frame

from ..id3 import LIMIT, PACKED, Block, RawFrame, raw_frames, split
from . import READ_LIMIT, SCAN_LIMIT, TEXTS_READ, WALK_LIMIT, Cover, Said

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
    "gain": "TXXX:REPLAYGAIN_TRACK_GAIN",
    "peak": "TXXX:REPLAYGAIN_TRACK_PEAK",
    "undo": "TXXX:MP3GAIN_UNDO",
    "loop_start": "TXXX:LOOPSTART",
    "loop_length": "TXXX:LOOPLENGTH",
}
"""The frame for each word, as mutagen names it: name, description, language.

TXXX is for all that has no frame of its own.  Source: https://id3.org/id3v2.3.0, and for loudness
https://wiki.hydrogenaudio.org/index.php?title=ReplayGain_2.0_specification
"""

_WORDS: Mapping[str, str] = {key: word for word, key in _KEYS.items()}

_OWN_NAMES = frozenset({"APIC", *(key[:4] for key in _WORDS)} - {"TXXX"})

_FIRST = ("TIT2", "TPE1", "TRCK", "TALB", "TCON")
"""The frames that are looked for most, and stand before all others; a picture comes last."""

_FRONT = 3
"""The type of a picture that is the cover of the front."""

_FINDING = frozenset({"gain", "peak", "undo", "loop_start", "loop_length"})

_LOUDNESS = frozenset({"RVA2", "RVAD", "XRVA", "RGAD"})
"""Frames in which others say how loud the music is, besides TXXX."""

_OWN_STARTS = tuple(
    start
    for description in (
        key[5:] for word, key in _KEYS.items() if key.startswith("TXXX") and word not in _FINDING
    )
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

_MARKS = b"\x00\xff\xfe"
"""The bytes that a short name has in UTF-16 and not in Latin-1."""


def write(data: bytes, said: Said) -> bytes:
    """Return the MPEG frames of `data`, untouched, behind a tag of ours.

    (A C2PA mark so stays to be read, though its seal covers the file as it was delivered and not
    this one.)  What can't be carried from version 2.4 into 2.3 is left behind: compressed,
    encrypted and damaged frames, chapters, texts over `SCAN_LIMIT`; so are tags of version 2.2,
    ID3v1 and APE tags at the end, a tag that is damaged, and whatever is beyond `LIMIT` or
    `READ_LIMIT`: the music is what was bought.
    """
    blocks, music = split(data)
    return written(blocks, said) + music


def written(blocks: list[Block], said: Said) -> bytes:
    """Return a tag of ours, with what is kept of those there were."""
    body = b"".join(map(bytes, _own_frames(said)))
    parts, room = [body], LIMIT - 10 - len(body)
    for part in map(bytes, _foreign(blocks, said)):
        if len(part) <= room:
            parts.append(part)
            room -= len(part)
    return bytes(Block(3, 0, b"".join(parts)))


def bare(data: bytes) -> bytes:
    """Return the MPEG frames alone: no ID3v2 tag in front, no ID3v1 or APE tag at the end."""
    return split(data)[1]


def read(data: bytes) -> Mapping[str, str]:
    return words(split(data)[0])


def words(blocks: list[Block]) -> dict[str, str]:
    """Return what tags say in frames of ours."""
    found: dict[str, str] = {}
    for raw in _affordable(raw_frames(blocks)):
        for frame in _parsed(raw):
            if word := _WORDS.get(frame.HashKey):
                found.setdefault(word, "/".join(frame.text))
            elif raw.name == "APIC":
                found.setdefault("cover", f"{frame.mime}, {len(frame.data)} bytes")
    return found


def _own_frames(said: Said) -> list[RawFrame]:
    """Return our frames: those that are looked for most, the short ones, the long ones."""
    frames = {_KEYS[word]: _text(_KEYS[word], text) for word, text in said.texts.items()}
    last = len(_FIRST)

    def place(key: str) -> tuple[int, int, str]:
        name, size = frames[key].name, len(frames[key].body)
        return _FIRST.index(name) if name in _FIRST else last, size, key

    found = [frames[key] for key in sorted(frames, key=place)]
    return [*found, _picture(said.cover)] if said.cover else found


def _text(key: str, text: str) -> RawFrame:
    name, *described = key.split(":")
    body = b"".join(
        (
            # Of the two encodings of version 2.3 the smaller, where every reader takes it alike.
            b"\0" if text.isascii() else b"\1",
            b"eng" if name == "COMM" else b"",
            _ended(described[0], plain=text.isascii()) if described else b"",
            _ended(text, plain=text.isascii()),
        )
    )
    return RawFrame(3, name, 0, body, unsynchronised=False)


def _ended(text: str, *, plain: bool) -> bytes:
    return text.encode() + b"\0" if plain else BOM_UTF16_LE + text.encode("utf-16-le") + b"\0\0"


def _picture(cover: Cover) -> RawFrame:
    # Some players take the second byte of a UTF-16 description for the picture's first.
    body = b"\0%s\0%c\0%s" % (cover.kind.encode(), _FRONT, cover.data)
    return RawFrame(3, "APIC", 0, body, unsynchronised=False)


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


def _foreign(blocks: list[Block], said: Said) -> Iterator[RawFrame]:
    """Yield the frames that are not of our set and still hold, in version 2.3."""
    old = _affordable(raw_frames(block for block in blocks if block.version == 4))
    new = islice(raw_frames(block for block in blocks if block.version == 3), WALK_LIMIT)
    both = chain(new, chain.from_iterable(map(_modernised, old)))
    return islice((frame for frame in both if _is_kept(frame, said)), READ_LIMIT)


def _is_kept(frame: RawFrame, said: Said) -> bool:
    if frame.name != "TXXX":
        return frame.name not in _OWN_NAMES and not (said.measured and frame.name in _LOUDNESS)
    name = frame.body[1:64].translate(None, _MARKS).decode("latin-1")
    return not frame.body.startswith(_OWN_STARTS) and said.keeps(name)


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
