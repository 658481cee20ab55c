"""How an M4A file says it: in the list of items that players of MP4 read.

The boxes before the sound grow or shrink by it, so the places of the sound's pieces are written
anew; the sound stays as it is.  Boxes that are only padding are left out.
Sources: ISO/IEC 14496-12 (boxes, `stco`, `co64`), QuickTime File Format Specification, "Metadata";
the items are those of iTunes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from ..errors import IntegrityError
from ..id3 import LIMIT
from . import NO_AUDIO, READ_LIMIT, SCAN_LIMIT, TEXTS_READ, WALK_LIMIT, Cover, Said

_ITEMS: Mapping[str, bytes] = {
    "title": b"\xa9nam",
    "artist": b"\xa9ART",
    "album": b"\xa9alb",
    "number": b"trkn",
    "genre": b"\xa9gen",
    "bpm": b"tmpo",
    "comment": b"\xa9cmt",
    "copyright": b"cprt",
    "encoder": b"\xa9too",
}
_NAMES: Mapping[str, str] = {
    "loop_start": "LOOPSTART",
    "loop_length": "LOOPLENGTH",
    "key": "initialkey",
    "gain": "replaygain_track_gain",
    "peak": "replaygain_track_peak",
    "ai_generated": "AI-generated",
    "source_type": "DigitalSourceType",
    "provider": "musicbuild provider",
    "model": "musicbuild model",
    "generation": "musicbuild generation",
    "spec": "musicbuild key",
    "chords": "musicbuild chords",
    "sections": "musicbuild sections",
    "prompt": "musicbuild prompt",
}
"""Words with an item of their own, and those that stand under a name."""

_OWN_ITEMS = frozenset({*_ITEMS.values(), b"covr", b"gnre"})
_OWN_NAMES = frozenset(
    name.lower() for word, name in _NAMES.items() if word not in {"gain", "peak"}
) - {"loopstart", "looplength"}

_WORDS: Mapping[str, str] = {name.lower(): word for word, name in _NAMES.items()}
_ITEM_WORDS: Mapping[bytes, str] = {name: word for word, name in _ITEMS.items()}

_FREE = b"----"
_MEAN = b"com.apple.iTunes"
_NUMBER, _TEXT, _JPEG, _PNG, _SIGNED = 0, 1, 13, 14, 21
_KINDS = {_JPEG: "image/jpeg", _PNG: "image/png"}

_HANDLER = bytes(8) + b"mdirappl" + bytes(9)
_PADDING = frozenset({b"free", b"skip", b"wide"})
_TAGS = frozenset({b"udta", b"meta", *_PADDING})
"""Boxes without sound, and those beside the tracks in which something is said."""

_TRACKS = 16
_PARTS = 8
_PIECES = 1 << 20
"""Places of pieces of sound; three hours have half as many if each is one packet."""

_DAMAGED = "the boxes of the M4A file are damaged"


@dataclass(frozen=True, slots=True)
class _Box:
    """A box from `start` to `end` of what was read, with its contents from `body` on."""

    name: bytes
    start: int
    body: int
    end: int


def write(data: bytes, said: Said) -> bytes:
    moov = _moov(data)
    items = b"".join((*_own(said), *_foreign(moov, said)))
    kept = b"".join(moov[box.start : box.end] for box in _beside(moov))
    meta = _box(b"meta", bytes(4), _box(b"hdlr", _HANDLER), _box(b"ilst", items))
    return _file(data, _box(b"udta", kept, meta))


def bare(data: bytes) -> bytes:
    return _file(data, b"")


def read(data: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    moov = _moov(data)
    left = TEXTS_READ
    for name, item in _items(moov):
        kind, value = _value(moov, item)
        if name == b"covr" and kind in _KINDS:
            found.setdefault("cover", f"{_KINDS[kind]}, {len(value)} bytes")
            continue
        left -= len(value)
        word = _ITEM_WORDS.get(name) or _WORDS.get(_name(moov, item))
        if word and left >= 0 and (text := _said(name, value)):
            found.setdefault(word, text)
    return found


# The whole file.


def _file(data: bytes, udta: bytes) -> bytes:
    """Write the file with other tags, and say where its pieces of sound are then."""
    source = _moov(data)
    boxes = [box for box in _boxes(data, 0, len(data)) if box.name not in _PADDING]
    rest = (box for box in _boxes(source, 8, len(source)) if box.name not in _TAGS)
    moov = bytearray(_box(b"moov", *(source[box.start : box.end] for box in rest), udta))
    starts, shifts, place = [], [], 0
    for box in boxes:
        starts.append((box.start, box.end))
        shifts.append(place - box.start)
        place += len(moov) if box.name == b"moov" else box.end - box.start
    for table in _tables(moov):
        _move(moov, table, starts, shifts)
    view = memoryview(data)
    return b"".join(moov if box.name == b"moov" else view[box.start : box.end] for box in boxes)


def _moov(data: bytes) -> bytes:
    """Return the box that describes the sound, with a header of 8 bytes."""
    if data[4:8] != b"ftyp":
        raise IntegrityError("the audio is no M4A file")
    boxes = list(_boxes(data, 0, len(data)))
    names = [box.name for box in boxes]
    if b"moof" in names:
        raise IntegrityError("the M4A file is in fragments")
    if b"mdat" not in names:
        raise IntegrityError(NO_AUDIO)
    if names.count(b"moov") != 1:
        raise IntegrityError(_DAMAGED)
    moov = boxes[names.index(b"moov")]
    return _box(b"moov", data[moov.body : moov.end])


def _tables(moov: bytearray) -> Iterator[_Box]:
    """Yield the tables that say where the pieces of each track are."""
    tracks = [box for box in _boxes(moov, 8, len(moov)) if box.name == b"trak"]
    if not 0 < len(tracks) <= _TRACKS:
        raise IntegrityError(_DAMAGED)
    for box in tracks:
        inner: _Box | None = box
        for name in (b"mdia", b"minf", b"stbl"):
            inner = inner and _first(moov, inner, name)
        if inner:
            within = _boxes(moov, inner.body, inner.end)
            yield from [table for table in within if table.name in {b"stco", b"co64"}]


def _move(moov: bytearray, table: _Box, spans: list[tuple[int, int]], shifts: list[int]) -> None:
    count = int.from_bytes(moov[table.body + 4 : table.body + 8])
    layout = f">{count}{'I' if table.name == b'stco' else 'Q'}"
    if count > _PIECES or struct.calcsize(layout) > table.end - table.body - 8:
        raise IntegrityError(_DAMAGED)
    moved = []
    for place in struct.unpack_from(layout, moov, table.body + 8):
        at = bisect_right(spans, (place, len(spans) << 64)) - 1
        if at < 0 or place >= spans[at][1]:
            raise IntegrityError("the M4A file has sound outside of itself")
        moved.append(place + shifts[at])
    try:
        struct.pack_into(layout, moov, table.body + 8, *moved)
    except struct.error:
        raise IntegrityError("the M4A file would be longer than 4 GiB") from None


# Tags.


def _own(said: Said) -> Iterator[bytes]:
    # RPG Maker reads a loop from the first names that say so.
    for word, name in _NAMES.items():
        if text := said.texts.get(word):
            yield _item(_FREE, _TEXT, text.encode(), name)
    for word, item in _ITEMS.items():
        text = said.texts.get(word, "")
        if word == "number":
            number, _, total = text.partition("/")
            if 0 < len(number) < 5 and len(total) < 5 and f"{number}{total}".isdecimal():
                value = struct.pack(">4H", 0, int(number), int(total or 0), 0)
                yield _item(item, _NUMBER, value)
        elif word == "bpm" and text:
            yield _item(item, _SIGNED, int(text).to_bytes(2))
        elif text:
            yield _item(item, _TEXT, text.encode())
    if said.cover:
        yield _picture(said.cover)


def _picture(cover: Cover) -> bytes:
    return _item(b"covr", _PNG if cover.kind == "image/png" else _JPEG, cover.data)


def _item(name: bytes, kind: int, value: bytes, free: str = "") -> bytes:
    named = _box(b"mean", bytes(4), _MEAN) + _box(b"name", bytes(4), free.encode()) if free else b""
    return _box(name, named, _box(b"data", kind.to_bytes(4), bytes(4), value))


def _foreign(moov: bytes, said: Said) -> Iterator[bytes]:
    """Yield the items that are not of our set and still hold."""
    left, room = READ_LIMIT, TEXTS_READ
    for name, item in _items(moov):
        size = item.end - item.start
        if name in _OWN_ITEMS or size > min(SCAN_LIMIT, room) or not left:
            continue
        free = _name(moov, item)
        if name == _FREE and (free in _OWN_NAMES or not said.keeps(free)):
            continue
        left, room = left - 1, room - size
        yield moov[item.start : item.end]


def _beside(moov: bytes) -> Iterator[_Box]:
    """Yield what else is said beside the list of items, if it is not said there too."""
    room = LIMIT
    for box in _inside(moov, b"udta"):
        size = box.end - box.start
        if box.name not in _OWN_ITEMS | _TAGS and size <= room:
            room -= size
            yield box


def _items(moov: bytes) -> Iterator[tuple[bytes, _Box]]:
    for box in _inside(moov, b"udta"):
        # QuickTime's own `meta` has no version, but names too.
        if box.name == b"meta" and moov[box.body + 8 : box.body + 12] == b"hdlr":
            meta = _Box(box.name, box.start, box.body + 4, box.end)
            ilst = next((one for one in _lenient(moov, meta) if one.name == b"ilst"), None)
            if ilst:
                yield from ((item.name, item) for item in _lenient(moov, ilst))
            return


def _value(moov: bytes, item: _Box) -> tuple[int, bytes]:
    """Return the kind and the bytes of the first value of an item."""
    for box in islice(_lenient(moov, item), _PARTS):
        if box.name == b"data" and box.end - box.body >= 8:
            kind = int.from_bytes(moov[box.body : box.body + 4])
            return kind, moov[box.body + 8 : box.end]
    return _NUMBER, b""


def _name(moov: bytes, item: _Box) -> str:
    """Return the name of an item that has one, in small letters."""
    for box in islice(_lenient(moov, item), _PARTS if item.name == _FREE else 0):
        if box.name == b"name" and box.end - box.body < SCAN_LIMIT:
            return moov[box.body + 4 : box.end].decode(errors="replace").lower()
    return ""


def _said(name: bytes, value: bytes) -> str:
    if name == b"trkn" and len(value) >= 6:
        number, total = struct.unpack_from(">2H", value, 2)
        return f"{number}/{total}" if total else str(number or "")
    if name == b"tmpo" and 0 < len(value) <= 8:
        return str(int.from_bytes(value, signed=True))
    if len(value) > SCAN_LIMIT or name in {b"trkn", b"tmpo"}:
        return ""
    return value.decode(errors="replace")


# Boxes.


def _box(name: bytes, *bodies: bytes) -> bytes:
    size = 8 + sum(map(len, bodies))
    if size >= 1 << 32:
        raise IntegrityError("the M4A file would be longer than 4 GiB")
    return b"".join((size.to_bytes(4), name, *bodies))


def _boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes that lie one after another, without what is in them.

    Only the last of a file may reach as far as there is something, and leave its length open.
    """
    at = start
    for _ in range(WALK_LIMIT):
        if at == end:
            return
        size, name, body = int.from_bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8]), at + 8
        if size == 1:
            size, body = int.from_bytes(data[body : body + 8]), body + 8
        elif size == 0 and start == 0:
            size = end - at
        if size < body - at or at + size > end:
            raise IntegrityError("the audio ends within a box of the M4A file")
        yield _Box(name, at, body, at + size)
        at += size
    raise IntegrityError(_DAMAGED)


def _first(data: bytes | bytearray, box: _Box, name: bytes) -> _Box | None:
    return next((one for one in _boxes(data, box.body, box.end) if one.name == name), None)


def _inside(moov: bytes, name: bytes) -> Iterator[_Box]:
    whole = _Box(b"moov", 0, 8, len(moov))
    if box := _first(moov, whole, name):
        yield from _lenient(moov, box)


def _lenient(data: bytes, box: _Box) -> Iterator[_Box]:
    """Yield the boxes in one of a tag, as far as they make sense."""
    try:
        yield from _boxes(data, box.body, box.end)
    except IntegrityError:
        return
