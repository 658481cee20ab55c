"""The plan after an edit of some tracks, made of these alone: all others surely are up to date.

A verdict tells that nothing was to do, and that nothing has changed since but the manifest.  Where
its edit lies within some tracks, they are planned by themselves, as they were and as they are now.
As they were nothing must be to do, and as they are now they may differ in nothing that others see.
An edit around all tracks must change no value.  In any doubt there is no such plan, and the whole
manifest is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import conclusion, edits, manifest, pieces, reading
from .. import lock as locks
from ..conclusion import Noted
from ..console.plan import Shown
from ..document import Node, parse
from ..document.room import BYTES, EVENTS
from ..document.source import Source, decode
from ..edits import Edit
from ..errors import MusicbuildError, Span
from ..lock import Lock
from ..manifest import VALUES
from ..manifest.faults import MOST
from ..plan import Wishes
from ..project import STATE_FOLDER, Project
from ..prompt import TEXTS
from ..providers import Providers
from ..specify import specify
from ..steps import Cause, Generate, Keep, Master, Orphan, Plan, Step
from .opening import manifest_path
from .said import Choice, Settings

ADOPTED = b'\n   "adopted": {'
"""How the entry of what was adopted begins in a lock; no text in JSON holds the end of a line."""

LIMITS: Mapping[str, int] = {"events": EVENTS, "values": VALUES, "texts": TEXTS}
"""How much all tracks of a manifest may hold together; other limits an edit here can't reach."""


def glance(settings: Settings, choice: Choice) -> Shown | None:
    """Return the plan of all tracks after an edit of some, None in any doubt, or for a program."""
    if settings.console.manner.json or not choice.everything:
        return None
    try:
        return _glance(manifest_path(settings))
    except (MusicbuildError, OSError, ValueError, LookupError):
        return None  # who reads the whole says what is wrong


def _glance(path: Path) -> Shown | None:
    noted = conclusion.noted(path.parent / STATE_FOLDER) if path.name == manifest.FILE else None
    if noted is None:
        return None
    text = decode(reading.contents(path, most=BYTES), path).text
    edit = edits.find(noted.text, text)
    if edit is None or not (edit.within or _says_the_same(path, edit)):
        return None
    providers = Providers()
    before, after = (_part(path, one, providers) for one in (edit.before, edit.after))
    if not _alike(before, after, noted) or (edit.within and _warns(before, after, edit)):
        return None
    data = reading.contents(path.parent / locks.FILE_NAME, most=locks.LARGEST)
    if ADOPTED in data:  # which take a track uses may depend on more than is read here
        return None
    before, after = (replace(one, lock=_entries(one, data)) for one in (before, after))
    ids = frozenset(track.id for track in after.tracks)
    was, now = (_planned(one, ids) for one in (before, after))
    if was.to_do or not all(map(_is_sure, now.steps)):
        return None
    others = tuple(name for name in noted.ids if name not in ids)
    orphans = tuple(Orphan(name, tuple(paths)) for name, paths in noted.orphans.items())
    album = after.album
    return Shown(album.name, Plan(now.steps, orphans, others), noted.spent, album.budget)


def _says_the_same(path: Path, edit: Edit) -> bool:
    before, after = (_bare(parse(Source(path, text))) for text in (edit.before, edit.after))
    return bool(before == after)


def _bare(node: Node) -> Any:
    """Return what a node says, wherever it stands."""
    match node.value:
        case dict():
            return {name: _bare(child) for name, child in node.value.items()}
        case list():
            return [_bare(child) for child in node.value]
        case value:
            return value, node.written


def _part(path: Path, text: str, providers: Providers) -> Project:
    album = manifest.load(path, text.encode())
    return Project(album, specify(album, providers.model), Lock(), providers)


def _entries(part: Project, data: bytes) -> Lock:
    """Return what a lock holds of some tracks, of what they were made from, and of their wishes."""
    ids = [track.id for track in part.tracks]
    tracks = locks.parse(pieces.excerpt(data, (), ids)).tracks.values()
    keys = {spec.key for track in part.tracks for spec in track.wishes}
    return locks.parse(pieces.excerpt(data, keys | {track.generate for track in tracks}, ids))


def _planned(part: Project, ids: frozenset[str]) -> Plan:
    # To read a few outputs takes less time than to read the digests of all.
    return part.plan(Wishes(only=ids), sight=part.sight(remembered=False))


def _alike(before: Project, after: Project, noted: Noted) -> bool:
    """Tell whether other tracks see nothing of an edit, and the whole is within its limits."""
    return (
        len(after.album.files) == 1
        and not after.album.numbered
        and after.album.budget == noted.budget
        and _outside(before) == _outside(after)
        and all(
            noted.weight[name] + after.weight[name] - before.weight[name] <= most
            for name, most in LIMITS.items()
        )
    )


def _warns(before: Project, after: Project, edit: Edit) -> bool:
    """Tell whether there may be a warning now.

    What of the album these tracks don't use is told in both, at the same lines around them.
    """
    told = [
        {(one.message, _line(one.span, edit.above, text)) for one in part.specified.warnings}
        for part, text in ((before, edit.before), (after, edit.after))
    ]
    return not told[1] <= told[0] or len(told[1]) >= MOST


def _line(place: Span | None, above: int, text: str) -> int:
    """Return a line as it counts from the top above the tracks, and from the end elsewhere."""
    line = place.line if place else 0
    return line if line <= above else line - text.count("\n") - 1


def _outside(part: Project) -> list[Any]:
    """Return what of each track others can meet."""
    return [
        (track.id, track.takes, [output.path for output in track.outputs]) for track in part.tracks
    ]


def _is_sure(step: Step) -> bool:
    """Tell whether no track that is not looked at could make another step of it."""
    match step:
        case Keep():
            return True
        case Master():
            return not step.source
        case Generate():
            return all(reason.cause is not Cause.AUDIO_MISSING for reason in step.reasons)
    return False
