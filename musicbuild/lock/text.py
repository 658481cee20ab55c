"""The text of a lock: JSON, sorted, one field a line, so that branches merge track by track."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from .. import fields, pieces
from ..errors import IntegrityError
from ..hashing import Digest, quoted
from ..pieces import Piece
from .entries import purchase_from_json, purchase_to_json, track_from_json, track_to_json
from .values import Lock, LockedTrack, Purchase

VERSION = 1
FILE_NAME = "musicbuild.lock"
CONFLICT = re.compile(rb"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)

RESTORE = "restore it from version control: it holds what was paid for"
_NEWER = "upgrade musicbuild if a newer one wrote it: `pip install -U musicbuild`; else restore it"
_BETWEEN = "\n  "
"""What stands before an entry, and before what ends it."""

_LOCK = frozenset({"version", "purchases", "tracks"})


def dump(lock: Lock) -> bytes:
    """Write a lock as JSON: sorted, one field a line, so that branches merge track by track."""
    return Writer().dump(lock)


class Writer:
    """Writes one lock after another, and remembers the text of each entry until the next."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], tuple[object, bytes]] = {}

    def dump(self, lock: Lock) -> bytes:
        """Return what `dump` does; only entries that are new or changed are put into words."""
        before, self._entries = self._entries, {}
        parts = (
            self._part("purchases", lock.purchases, purchase_to_json, before),
            self._part("tracks", lock.tracks, track_to_json, before),
            b'"version": %d' % VERSION,
        )
        return b"{\n " + b",\n ".join(parts) + b"\n}\n"

    def _part(
        self,
        part: str,
        entries: Mapping[Any, Any],
        worded: Callable[[Any], Mapping[str, Any]],
        before: Mapping[tuple[str, str], tuple[object, bytes]],
    ) -> bytes:
        texts = []
        for name, entry in sorted(entries.items(), key=itemgetter(0)):
            place = part, name
            known = before.get(place)
            if known is None or known[0] is not entry:
                known = entry, entry_text({name: worded(entry)})
            self._entries[place] = known
            texts.append(known[1])
        inner = b"{\n  " + b",\n  ".join(texts) + b"\n }" if texts else b"{}"
        return b'"%s": %s' % (part.encode(), inner)


def entry_text(entry: Mapping[str, Any]) -> bytes:
    """Write an entry as it stands among others, two mappings deep; no text in it has line ends."""
    ((name, value),) = entry.items()
    return f"{quoted(name)}: {_text(value, _BETWEEN)}".encode()


def _text(value: Any, start: str) -> str:
    """Write a value as `json.dumps` does with `indent=1`, which takes four times as long."""
    inner = f"{start} "
    match value:
        case str():
            return quoted(value)
        case dict() if value:
            parts = (f"{quoted(name)}: {_text(value[name], inner)}" for name in sorted(value))
            return f"{{{inner}{f',{inner}'.join(parts)}{start}}}"
        case list() | tuple() if value:
            return f"[{inner}{f',{inner}'.join(_text(one, inner) for one in value)}{start}]"
    return json.dumps(value)


def parse(data: bytes, name: str = FILE_NAME) -> Lock:
    """Read a lock from bytes; raise IntegrityError, which never is a reason to pay."""
    if not data.strip():
        raise IntegrityError(f"`{name}` is empty", hint=RESTORE)
    try:
        return _read(pieces.cut(data.replace(b"\r\n", b"\n")), name)
    except pieces.Damaged as error:
        if CONFLICT.search(data):  # no JSON has a line that begins so
            raise IntegrityError(
                f"`{name}` holds an unresolved merge",
                hint="`musicbuild git resolve` keeps the purchases and tracks of both sides",
            ) from None
        raise IntegrityError(f"`{name}` {error}", hint=RESTORE) from None
    except fields.UnknownKey as error:
        raise IntegrityError(f"`{name}` is not to be trusted: {error}", hint=_NEWER) from None
    except KeyError as error:
        raise IntegrityError(f"`{name}` is damaged: no `{error.args[0]}`", hint=RESTORE) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"`{name}` is damaged: {error}", hint=RESTORE) from None


def _read(found: list[Piece], name: str) -> Lock:
    """Put a lock together from its pieces; the version stands in the last of them."""
    last = found[-1].value()
    version = last.get("version")
    if type(version) is not int or version != VERSION:
        raise IntegrityError(
            f"`{name}` has version {version!r:.40}, and this musicbuild reads version {VERSION}",
            hint="upgrade musicbuild: `pip install -U musicbuild`",
        )
    if len(found) == 1:
        return _to_lock(last)
    del last  # it is read once more, so that no two are in memory
    purchases: dict[Digest, Purchase] = {}
    tracks: dict[str, LockedTrack] = {}
    for piece in found:
        part = _to_lock({"purchases": {}, "tracks": {}, **piece.value()})
        if part.purchases.keys() & purchases.keys() or part.tracks.keys() & tracks.keys():
            raise pieces.Damaged("is damaged: a key appears twice")
        purchases.update(part.purchases)
        tracks.update(part.tracks)
    return Lock(purchases, tracks)


def _to_lock(value: Mapping[str, Any]) -> Lock:
    fields.only(_LOCK, value)
    return Lock(
        purchases={
            fields.digest(key): purchase_from_json(one) for key, one in value["purchases"].items()
        },
        tracks={fields.text(track): track_from_json(one) for track, one in value["tracks"].items()},
    )
