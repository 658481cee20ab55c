"""Which tracks a command is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from .errors import UsageError, suggestion
from .spec import TrackSpec


def select(
    tracks: Sequence[TrackSpec],
    *,
    patterns: Iterable[str] = (),
    labels: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> frozenset[str]:
    """Return the ids that match any pattern (an id or a glob) or label, less the excluded.

    With neither patterns nor labels it is all of them.  Raises UsageError for a pattern or a
    label that matches nothing.
    """
    ids = [track.id for track in tracks]
    known = {label for track in tracks for label in track.labels}
    named = {name for pattern in patterns for name in _matching(pattern, ids)}
    for label in labels:
        if label not in known:
            raise UsageError(f"no track has the label `{label}`", hint=suggestion(label, known))
        named.update(track.id for track in tracks if label in track.labels)
    chosen = named if patterns or labels else set(ids)
    return frozenset(chosen) - {name for pattern in exclude for name in _matching(pattern, ids)}


def _matching(pattern: str, ids: Iterable[str]) -> list[str]:
    found = [name for name in ids if fnmatchcase(name, pattern)]
    if not found:
        several = [name for name in ids if name.startswith(f"{pattern}-")]
        hint = (
            f"did you mean `{pattern}-*`, {len(several)} tracks?"
            if len(several) > 1
            else suggestion(pattern, ids) or "`musicbuild list` shows them"
        )
        raise UsageError(f"no track matches `{pattern}`", hint=hint)
    return found
