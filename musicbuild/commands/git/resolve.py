"""`musicbuild git resolve`: both sides of an unresolved merge, and who decides what is left."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import click

from ... import durable, git, reading
from ...claim import claim
from ...clock import SystemClock
from ...console.errors import place
from ...console.look import count
from ...console.merges import merged_data, merged_lines, sound_lines
from ...console.terminal import Answer
from ...errors import IntegrityError, MusicbuildError, UsageError, suggestion
from ...lock import FILE_NAME, LARGEST, RESTORE, Lock, dump, parse
from ...lock.merge import Merged, Side, merge
from ...lock.sides import read_base, read_side, split
from ...project import STATE_FOLDER
from ..opening import manifest_path
from ..options import with_settings
from ..said import Settings


class Unresolved(NamedTuple):
    """Both sides of a merge and their base; `settled` is what the file itself has decided."""

    base: Lock | None
    ours: Lock
    theirs: Lock
    settled: tuple[Lock, Lock] | None


@click.command()
@click.option(
    "--ours", multiple=True, metavar="TRACK", help="Take our side of it; an id or a glob."
)
@click.option("--theirs", multiple=True, metavar="TRACK", help="Take their side of it.")
@with_settings
def command(settings: Settings, *, ours: tuple[str, ...], theirs: tuple[str, ...]) -> Answer:
    """Mend a lock that holds an unresolved merge.

    All purchases of both sides are kept, and each track is as the side has it that edited it.
    What both sides edited in different ways is shown, and yours to choose: exits 1 until
    `--ours` or `--theirs` was said of each.  Nothing is paid.
    """
    path = manifest_path(settings).absolute().parent / FILE_NAME
    data = _contents(path)
    found = _unresolved(path, data)
    if found is None:
        return Answer({"unresolved": False}, lambda look: sound_lines(place(path), look))
    whole = merge(found.base, found.ours, found.theirs)
    names = [one.track for one in whole.conflicts]
    choices = _settled(whole, found) | _choices(names, ours, theirs)
    merged = whole.choose(choices)
    if not merged.conflicts:
        with _claimed(path.parent):
            durable.write(path, dump(merged.lock))
    return Answer(
        merged_data(merged, choices),
        lambda look: merged_lines(merged, choices, place(path), look),
        error=_left(merged),
    )


def _contents(path: Path) -> bytes:
    try:
        return reading.contents(os.path.realpath(path), most=LARGEST)
    except FileNotFoundError:
        raise UsageError(
            f"there is no `{place(path)}` to mend", hint="`git status` shows what is in conflict"
        ) from None
    except (reading.NotPlain, reading.TooLarge) as error:
        raise IntegrityError(f"`{path.name}` {error.strerror}", hint=RESTORE) from None


def _unresolved(path: Path, data: bytes) -> Unresolved | None:
    """Return what is to be merged; None if the lock is sound and git waits for nothing.

    What git keeps of both sides is whole.  The text may hold a mixture of them, or only ours,
    where the driver could not be started.
    """
    base, ours, theirs = _stages(path)
    marks = split(data)
    written = _readable(marks.ours, marks.theirs) if marks else None
    if kept := _readable(ours, theirs):
        if marks is None and _holds_all(data, *kept):
            return None
        return Unresolved(_with_purchases(read_base(base), kept, written), *kept, written)
    if marks is None:
        read_side(data, path.name)
        return None
    common = read_base(marks.base if base is None else base)
    return Unresolved(
        common,
        read_side(marks.ours, f"{path.name}, ours"),
        read_side(marks.theirs, f"{path.name}, theirs"),
        None,
    )


def _stages(path: Path) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Return what git keeps of a merge: the base, ours and theirs."""
    try:
        found = git.find_work_tree(path.parent)
    except MusicbuildError:
        return None, None, None
    base, ours, theirs = (found.stage(one, path.name, most=LARGEST) for one in (1, 2, 3))
    return base, ours, theirs


def _readable(ours: bytes | None, theirs: bytes | None) -> tuple[Lock, Lock] | None:
    if ours is None or theirs is None:
        return None
    try:
        return read_side(ours), read_side(theirs)
    except IntegrityError:
        return None


def _holds_all(data: bytes, ours: Lock, theirs: Lock) -> bool:
    """Tell whether a lock without marks was mended already: it is not just our side of it."""
    try:
        lock = parse(data)
    except IntegrityError:
        return False
    keys = ours.purchases.keys() | theirs.purchases.keys()
    return keys <= lock.purchases.keys() and lock != ours


def _with_purchases(
    base: Lock | None, kept: tuple[Lock, Lock], written: tuple[Lock, Lock] | None
) -> Lock | None:
    """Put purchases into the base that only the file has: from there nothing is ever dropped."""
    more = {key: one for lock in written or () for key, one in lock.purchases.items()}
    for lock in kept:
        more = {key: one for key, one in more.items() if key not in lock.purchases}
    base = base or Lock()
    return replace(base, purchases={**more, **base.purchases})


def _settled(merged: Merged, found: Unresolved) -> dict[str, Side]:
    """Return the conflicts that the file shows as decided: both its sides have one of the two."""
    if found.settled is None:
        return {}
    ours, theirs = (lock.tracks for lock in found.settled)
    choices: dict[str, Side] = {}
    for one in merged.conflicts:
        if ours.get(one.track) == theirs.get(one.track) == one.ours:
            choices[one.track] = "ours"
        elif ours.get(one.track) == theirs.get(one.track) == one.theirs:
            choices[one.track] = "theirs"
    return choices


def _choices(
    names: Collection[str], ours: tuple[str, ...], theirs: tuple[str, ...]
) -> dict[str, Side]:
    choices: dict[str, Side] = {}
    said: list[tuple[Side, tuple[str, ...]]] = [("ours", ours), ("theirs", theirs)]
    for side, patterns in said:
        for pattern in patterns:
            meant = [name for name in names if fnmatchcase(name, pattern)]
            if not meant:
                hint = suggestion(pattern, names) or "`musicbuild git resolve` lists the conflicts"
                raise UsageError(f"`{pattern}` is in no conflict", hint=hint)
            for name in meant:
                if choices.setdefault(name, side) != side:
                    raise UsageError(f"`--ours` and `--theirs` were both said of `{name}`")
    return choices


def _claimed(root: Path) -> AbstractContextManager[None]:
    """Keep builds out while the lock is written; one that runs would write its own over it."""
    state = root / STATE_FOLDER
    return claim(state, SystemClock()) if state.is_dir() else nullcontext()


def _left(merged: Merged) -> MusicbuildError | None:
    left = len(merged.conflicts)
    if not left:
        return None
    first = merged.conflicts[0].track
    return MusicbuildError(
        f"{count(left, 'track')} {'was' if left == 1 else 'were'} edited on both sides;"
        " nothing was written",
        hint=f"choose a side of each: `musicbuild git resolve --ours {first}`, or `--theirs`",
    )
