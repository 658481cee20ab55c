"""How a merge that a person must decide stands in the text of a lock, and how it is read again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ..errors import IntegrityError
from .entries import track_to_json
from .merge import Merged, merge
from .text import FILE_NAME, RESTORE, dump, entry_text, parse
from .values import Lock

OURS, THEIRS, PARTED = b"<<<<<<< ours\n", b">>>>>>> theirs\n", b"=======\n"

_MARK = re.compile(rb"^(<{7,}|\|{7,}|={7,}|>{7,})( .*)?(\n|\Z)", re.MULTILINE)
_NEXT = {b"<": b"|=", b"|": b"=", b"=": b">"}
"""Which marks may follow one; that of the common base is left out by most merges."""

_NO_TRACKS = b' "tracks": {},\n "version": 1\n}\n'


class Sides(NamedTuple):
    """The texts of a lock that holds an unresolved merge; `base` is None where it has none."""

    base: bytes | None
    ours: bytes
    theirs: bytes


def marked(merged: Merged) -> bytes:
    """Write a merged lock; the entries of tracks in conflict stand in it as both sides have them.

    Taking either side of each conflict gives the text of a whole lock.
    """
    if not merged.conflicts:
        return dump(merged.lock)
    ours, theirs = merged.side("ours"), merged.side("theirs")
    names = sorted(ours.tracks.keys() | theirs.tracks.keys())
    whole = {one.track for one in merged.conflicts}
    slots = zip(_slots(ours, names, whole), _slots(theirs, names, whole), strict=True)
    head = dump(Lock(merged.lock.purchases)).removesuffix(_NO_TRACKS)
    return head + b"".join(_with_marks(slots)) + b' "version": 1\n}\n'


def split(data: bytes) -> Sides | None:
    """Take all of ours, all of theirs and all of the base; None if the marks make no sense."""
    text = data.replace(b"\r\n", b"\n")
    found = {b"<": bytearray(), b"|": bytearray(), b"=": bytearray()}
    part, size, at, met = b"", 0, 0, bytearray()
    for mark in _MARK.finditer(text):
        sign = mark[1][:1]
        if part and (len(mark[1]) != size or sign not in _NEXT[part]):
            continue  # it is part of the text, as the marks of a base in conflict are
        if not part and sign != b"<":
            return None
        for side in [found[part]] if part else found.values():
            side.extend(text[at : mark.start()])
        part, size, at = sign.strip(b">"), len(mark[1]), mark.end()
        met += sign
    if part or not met:
        return None
    ours, base, theirs = (bytes(side) + text[at:] for side in found.values())
    return Sides(base if met.count(b"|") == met.count(b"<") else None, ours, theirs)


def read_side(data: bytes, name: str = FILE_NAME) -> Lock:
    """Read a lock to merge it; raise IntegrityError too if its purchases contradict themselves."""
    lock = parse(data, name)
    for key, one in lock.purchases.items():
        if one.spec.key != key:
            raise IntegrityError(
                f"`{name}` is damaged: purchase `{key:.12}` does not match its key", hint=RESTORE
            )
    return lock


def read_base(data: bytes | None) -> Lock | None:
    """Read what two locks have in common as far as that can be known; what can't is None.

    Where branches have merged each other, git merges their bases first, and what is in conflict
    there counts as unknown.
    """
    try:
        return read_side(data) if data else None
    except IntegrityError:
        sides = split(data or b"")
    try:
        return merge(None, read_side(sides.ours), read_side(sides.theirs)).lock if sides else None
    except IntegrityError:
        return None


def _slots(lock: Lock, names: Iterable[str], whole: Collection[str]) -> Iterator[bytes]:
    """Yield the text of the tracks, parted alike for both sides, whichever of them it has.

    The last line of an entry, which has a comma or none, is a part of its own unless it is to
    stand with the others.
    """
    yield b' "tracks": {\n' if lock.tracks else b' "tracks": {},\n'
    last = max(lock.tracks, default=None)
    for name in names:
        body = end = b""
        if name in lock.tracks:
            text = entry_text({name: track_to_json(lock.tracks[name])})
            body = b"  " + text[: text.rindex(b"\n") + 1]
            end = b"  }\n" if name == last else b"  },\n"
        yield from [body + end] if name in whole else [body, end]
    yield b" },\n" if lock.tracks else b""


def _with_marks(slots: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield what is the same on both sides, and between marks what is not."""
    ours, theirs = bytearray(), bytearray()
    for mine, yours in [*slots, (b"", b"")]:
        if mine != yours:
            ours += mine
            theirs += yours
            continue
        if ours or theirs:
            yield OURS + bytes(ours) + PARTED + bytes(theirs) + THEIRS
        ours.clear()
        theirs.clear()
        yield mine
