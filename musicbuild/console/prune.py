"""How it is told what a pruning takes away, what it keeps, and how much that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..litter import TO_TRASH, Discarded, Gone, Kept, Kind, Pruning, Why
from .look import Look, Style, count, escape, table
from .words import size

REASONS: Mapping[Kind, str] = {
    Kind.OUTPUT: "no track makes it any more",
    Kind.ENTRY: "is gone, and no track makes it any more",
    Kind.UNUSED: "of earlier builds",
    Kind.BOUGHT: "used by no track, and the team's store has it",
    Kind.COPY: "the same bytes as in an output that goes",
    Kind.DRAFT: "free, used by no track",
    Kind.LEFT_OVER: "left over by builds that died",
    Kind.FAILED: "failed without a charge, over 30 days ago",
    Kind.TRASH: "old enough",
}

SINGLE = frozenset({Kind.OUTPUT, Kind.ENTRY})
"""What is told one by one, for a person knows it by its name."""

NOUNS: Mapping[Kind, str] = {
    Kind.LEFT_OVER: "file",
    Kind.FAILED: "record",
}

STAYS: Mapping[Why, tuple[str, str]] = {
    Why.ELSEWHERE: ("no output can lie there", "look at `musicbuild.lock`, and who wrote it"),
    Why.CHANGED: ("changed by hand", "remove it yourself if you don't want it"),
    Why.NOT_PLAIN: ("can't be read as a file", "look at what lies there"),
    Why.POINTER: ("a Git LFS pointer", "`git lfs pull` fetches it, or remove it by `git rm`"),
    Why.SAME: ("some disks take it for an output of a track", "rename it, or remove it yourself"),
    Why.NOT_BUILT: ("`{track}` has nothing in its place yet", "`musicbuild build` makes that"),
    Why.ONLY: ("known to be nowhere else", "`musicbuild push` first, and say `--bought`"),
    Why.UNKNOWN: (
        "no output of ours, and perhaps bought on another branch",
        "remove it yourself if you know that nothing needs it",
    ),
}
"""Why something stays, and the way out."""


def prune_lines(pruning: Pruning, look: Look, done: Discarded | None = None) -> list[str]:
    """Word what would go, or what has gone, then what stays, and how much that is."""
    gone = done.gone if done else pruning.gone
    rows = [_gone_row(kind, group, look, done) for kind, group in _groups(gone, look)]
    kept = [_kept_row(why, group, look) for why, group in _kept_groups(pruning.kept, look)]
    styles = [Style.CHANGED] * len(rows) + [Style.DIM] * len(kept)
    lines = [
        f" {look.paint(line[:9], style)}{line[9:]}"
        for line, style in zip(_aligned([*rows, *kept]), styles, strict=True)
    ]
    return [*lines, *([""] if lines else []), *_sum(gone, look, done)]


def prune_data(pruning: Pruning, done: Discarded | None = None) -> dict[str, Any]:
    gone = done.gone if done else pruning.gone
    return {
        "done": done is not None,
        "trash": done.trash or None if done else None,
        "gone": [
            {
                "kind": one.kind.value,
                "action": _action(one.kind),
                "where": one.path,
                "track": one.track or None,
                "bytes": one.bytes,
                "message": REASONS[one.kind],
            }
            for one in gone
        ],
        "kept": [
            {
                "why": one.why.value,
                "where": one.path,
                "track": one.track or None,
                "bytes": one.bytes,
                "message": STAYS[one.why][0].format(track=one.track),
                "hint": STAYS[one.why][1],
            }
            for one in pruning.kept
        ],
        "moved": _moved(gone),
        "freed": _freed(gone),
    }


def question(pruning: Pruning) -> str:
    return f"take away {count(len(pruning.gone), 'thing')}, {size(pruning.bytes)}?"


def _groups(gone: Iterable[Gone], look: Look) -> Iterator[tuple[Kind, Sequence[Gone]]]:
    """Take together what nobody knows by its name."""
    for kind, group in groupby(gone, lambda one: one.kind):
        if look.verbose or kind in SINGLE:
            yield from ((kind, [one]) for one in group)
        else:
            yield kind, list(group)


def _kept_groups(kept: Iterable[Kept], look: Look) -> Iterator[tuple[Why, Sequence[Kept]]]:
    for (why, track), group in groupby(kept, lambda one: (one.why, one.track)):
        if look.verbose or track:
            yield from ((why, [one]) for one in group)
        else:
            yield why, list(group)


def _gone_row(
    kind: Kind, group: Sequence[Gone], look: Look, done: Discarded | None
) -> tuple[str, ...]:
    heads = {"trash": "moved", "delete": "deleted", "forget": "forgot"}
    head = heads[_action(kind)] if done else _action(kind)
    named = look.verbose or kind in SINGLE
    what = f"`{escape(group[0].path)}`" if named else _counted(len(group), kind)
    return head, what, size(sum(one.bytes for one in group)), REASONS[kind]


def _kept_row(why: Why, group: Sequence[Kept], look: Look) -> tuple[str, ...]:
    message, hint = STAYS[why]
    named = look.verbose or group[0].track
    what = f"`{escape(group[0].path)}`" if named else count(len(group), "object")
    said = f"{message.format(track=escape(group[0].track))}: {hint}"
    return "keep", what, size(sum(one.bytes for one in group)), said


def _counted(number: int, kind: Kind) -> str:
    if kind is Kind.TRASH:
        return f"{count(number, 'file')} in the trash"
    return count(number, NOUNS.get(kind, "object"))


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return table([(f"{head:<7}", *rest) for head, *rest in rows], right=frozenset({2}))


def _sum(gone: Sequence[Gone], look: Look, done: Discarded | None) -> list[str]:
    if not gone:
        return [" nothing to take away"]
    moved, freed = size(_moved(gone)), size(_freed(gone))
    if done:
        place = f" to `{done.trash}`" if done.trash else " to the trash"
        return [f" {look.paint('pruned', Style.STRONG)}   moved {moved}{place}, freed {freed}"]
    head = look.paint("would", Style.STRONG)
    return [f" {head}    move {moved} to the trash, and free {freed}"]


def _moved(gone: Iterable[Gone]) -> int:
    return sum(one.bytes for one in gone if one.kind in TO_TRASH)


def _freed(gone: Iterable[Gone]) -> int:
    return sum(one.bytes for one in gone if one.kind not in TO_TRASH)


def _action(kind: Kind) -> str:
    if kind in TO_TRASH:
        return "trash"
    return "forget" if kind is Kind.ENTRY else "delete"
