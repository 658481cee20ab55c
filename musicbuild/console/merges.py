"""How a merged lock is told: what is kept, what both sides edited, and how each side has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..lock import Lock, LockedTrack
from ..lock.entries import track_to_json
from ..lock.merge import Conflict, Merged
from .look import Look, Style, count, escape

LONGEST = 160
"""Cells of what is shown of one value."""


def install_lines(changed: Sequence[str], look: Look, *, installed: bool) -> list[str]:
    """Say what was changed in a clone, and what is left to do."""
    verb = "wrote" if installed else "took out"
    lines = [
        f" {look.paint(verb, Style.NEW)}  {escape(one)}{_of_clone(one)}" for one in changed
    ] or [f" {'there' if installed else 'gone'} already, nothing was changed"]
    if not installed:
        return [*lines, "", " git merges `musicbuild.lock` as plain text again"]
    return [
        *lines,
        "",
        " git merges `musicbuild.lock` by its entries now, in this clone",
        " git takes no merge driver from a repository: run `musicbuild git install` in each clone",
    ]


def sound_lines(path: str, look: Look) -> list[str]:
    return [f" {look.paint('sound', Style.STRONG)}  `{escape(path)}` holds no unresolved merge"]


def merged_lines(merged: Merged, choices: Mapping[str, str], path: str, look: Look) -> list[str]:
    """Say what was done, or how both sides have what is left to choose."""
    kept, bought = merged.kept, len(merged.lock.purchases)
    alone = [(kept.ours, "ours"), (kept.theirs, "theirs")]
    known = [f"{number} in {side} alone" for number, side in alone if number]
    shares = f" ({', '.join(known)})" if known else ""
    rows = [("kept", f"{count(bought, 'purchase')} of both sides{shares}")]
    if merged.twice:
        both = "was" if merged.twice == 1 else "were"
        rows.append(("kept", f"{merged.twice} of these {both} bought twice: it is one more take"))
    rows += [("joined", f"{escape(name)}: edited on both sides") for name in merged.joined]
    rows += [("chosen", f"{escape(name)}: {side}") for name, side in choices.items()]
    lines = [f" {look.paint(f'{verb:<6}', Style.NEW)}  {text}" for verb, text in rows]
    for one in merged.conflicts:
        lines += _conflict_lines(one, merged.lock, look)
    if merged.conflicts:
        return lines
    return [*lines, f" {look.paint('wrote ', Style.NEW)}  {escape(path)}: `git add` it now"]


def merged_data(merged: Merged, choices: Mapping[str, str]) -> dict[str, Any]:
    kept = merged.kept
    return {
        "unresolved": bool(merged.conflicts),
        "purchases": {
            "all": len(merged.lock.purchases),
            "both": kept.both,
            "ours": kept.ours,
            "theirs": kept.theirs,
            "twice": merged.twice,
        },
        "joined": [*merged.joined],
        "chosen": dict(choices),
        "conflicts": [
            {"track": one.track, "ours": _data(one.ours), "theirs": _data(one.theirs)}
            for one in merged.conflicts
        ],
    }


def _of_clone(changed: str) -> str:
    return " in the settings of this clone" if changed.startswith("merge.") else ""


def _data(track: LockedTrack | None) -> dict[str, Any] | None:
    return None if track is None else track_to_json(track)


def _conflict_lines(one: Conflict, lock: Lock, look: Look) -> list[str]:
    """Show where both sides differ, each in its own words."""
    told = [_told(side, lock) for side in (one.ours, one.theirs)]
    names = [name for name in {**told[0], **told[1]} if told[0].get(name) != told[1].get(name)]
    lines = [f" {look.paint('choose', Style.WARNING)}  {escape(one.track)}: edited on both sides"]
    for label, side, values in zip(("ours", "theirs"), (one.ours, one.theirs), told, strict=True):
        if side is None:
            lines.append(f"         {label:<6}  taken out of the lock")
            continue
        said = [(name, values.get(name, "none")) for name in names]
        lines += [
            f"         {label if not place else '':<6}  {escape(name)}: "
            f"{look.cut(escape(value), LONGEST)}"
            for place, (name, value) in enumerate(said)
        ]
    return lines


def _told(track: LockedTrack | None, lock: Lock) -> dict[str, str]:
    if track is None:
        return {}
    purchase = lock.purchases.get(track.generate)
    told = {"take": str(track.take)}
    if purchase:
        told["model"] = f"{purchase.provider}/{purchase.model}"
        told["prompt"] = purchase.prompt
        told["bought"] = f"{purchase.bought}, {purchase.cost}"
    told["draft"] = "yes" if track.draft else "no"
    told |= {f"tag {name}": str(value) for name, value in track.tags.items()}
    for path, output in track.outputs.items():
        loudness = output.measured.get("loudness")
        level = f", {loudness} LUFS" if loudness is not None else ""
        told[path] = f"{output.digest:.12}{level}"
    return told
