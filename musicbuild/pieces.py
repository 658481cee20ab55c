"""The text of a lock as values, a piece of it at a time, so that a hostile one fills no memory.

JSON can be fifty times as large in memory as on disk.  A small lock is read as one piece.  A large
one has the form that a build gives it, one field a line; it is cut between two entries, and each
piece is made the text of a lock that holds these entries alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PIECE = 1 << 20
"""Bytes of a piece, unless one entry has more."""

LARGEST = 4 << 20
"""Bytes that one piece may have: a track's tags have at most a million characters."""

_END = b"\n  },\n"
"""How an entry ends that another one follows; no text in JSON holds the end of a line."""

_LAST = b"\n  }"
"""The same, whether another one follows or not."""

_PURCHASES = b'{\n "purchases": {'
_TRACKS = b'\n "tracks": {\n'
_VERSION = b'\n },\n "version": 1\n}\n'


class Damaged(ValueError):
    """The text is no JSON, or none that can be cut; the message goes on from the file's name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a lock's text; it begins among the entries of this part of the lock."""

    data: bytes
    start: int
    end: int
    part: str

    def value(self) -> dict[str, Any]:
        """Return it as a mapping like the whole lock; raise Damaged if it is no JSON."""
        opened = b'{"%s": {' % self.part.encode() if self.start else b""
        closed = b"}}" if self.end < len(self.data) else b""
        try:
            text = (opened + self.data[self.start : self.end] + closed).decode()
            value = json.loads(text, object_pairs_hook=_unique)
        except UnicodeDecodeError:
            raise Damaged("is not UTF-8") from None
        except json.JSONDecodeError as error:
            before = self.data.count(b"\n", 0, self.start)
            place = f"line {before + error.lineno} column {error.colno}"
            raise Damaged(f"is damaged: {error.msg}: {place}") from None
        except RecursionError:
            raise Damaged("is damaged: it is nested too deep") from None
        except Damaged:
            raise
        except ValueError:
            raise Damaged("is damaged: it has a number of too many digits") from None
        if not isinstance(value, dict):
            raise Damaged("is damaged: it holds no mapping")
        return value


def cut(data: bytes) -> list[Piece]:
    """Cut the text of a lock; raise Damaged if a piece would be too large."""
    border = data.find(_TRACKS) if len(data) > PIECE else -1
    pieces, start = [], 0
    while len(data) - start > PIECE:
        end = data.rfind(_END, start, start + PIECE)
        end = data.find(_END, start, start + LARGEST) if end < 0 else end
        if end < 0:
            break
        pieces.append(Piece(data, start, end + 4, _part(start, border)))
        start = end + len(_END)
    if len(data) - start > LARGEST:
        raise Damaged(f"is damaged: {LARGEST >> 20} MiB of it are in one piece")
    return [*pieces, Piece(data, start, len(data), _part(start, border))]


def excerpt(data: bytes, keys: Iterable[str], names: Iterable[str]) -> bytes:
    """Return the text of a lock that holds some purchases and tracks alone, those that there are.

    Raises Damaged if the whole has not the form that a build gives it, in which an entry can be
    found by its name.
    """
    border = data.find(_TRACKS)
    if not (data.startswith(_PURCHASES) and border > 0 and data.endswith(_VERSION)):
        raise Damaged("is not as a build writes it")
    purchases = _entries(data, keys, 0, border)
    tracks = _entries(data, names, border, len(data))
    return b'{"purchases": {%s}, "tracks": {%s}, "version": 1}' % (purchases, tracks)


def _entries(data: bytes, names: Iterable[str], start: int, end: int) -> bytes:
    found = []
    for name in names:
        begin = b'\n  "%s": {\n' % name.encode()
        at = data.find(begin, start, end)
        if at >= 0:
            found.append(data[at : data.index(_LAST, at + len(begin), end) + len(_LAST)])
    return b",".join(found)


def _part(start: int, border: int) -> str:
    return "tracks" if 0 <= border < start else "purchases"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Damaged("is damaged: a key appears twice")
    return found
