"""How it is told that audio from elsewhere was adopted, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..adoption import Adoption, Deed
from .look import Look, Style, escape
from .track import KINDS, origin_data
from .words import length


def adopted_lines(found: Adoption, look: Look, *, dry_run: bool) -> list[str]:
    lines = [_head(found, dry_run=dry_run), *(f" {one}" for one in remarks(found))]
    hint = f"{look.paint('hint:', Style.HINT)} {_next(found)}"
    return lines if dry_run else [*lines, hint]


def adopted_data(found: Adoption, *, dry_run: bool) -> dict[str, Any]:
    bought = found.purchase
    return {
        "track": found.track.id,
        "deed": found.deed.value,
        "dry_run": dry_run,
        "take": found.spec.take,
        "key": found.spec.key,
        "generation": bought.generation,
        "audio": bought.audio,
        "bytes": bought.bytes,
        "seconds": bought.seconds,
        "adopted": origin_data(bought.adopted),
        "others": list(found.others),
        "remarks": list(remarks(found)),
    }


def remarks(found: Adoption) -> Iterator[str]:
    """Yield what is not as somebody might expect, and stops nothing."""
    asked, seconds = found.spec.duration, found.purchase.seconds
    if not found.spec.is_near(seconds):
        yield f"it is {length(round(seconds, 1))} long, and {length(asked)} were asked for"
    for name in found.others:
        yield f"`{name}` asks for the same music, and uses it too"


def _head(found: Adoption, *, dry_run: bool) -> str:
    names = {"file": escape(found.audio.file), "take": found.spec.take, "track": found.track.id}
    about = [found.audio.format, length(round(found.audio.seconds, 1))]
    bought = found.purchase.adopted
    about += [KINDS[bought.kind]] if bought and bought.kind else []
    match found.deed:
        case Deed.ADOPTED:
            done = "adopted `{file}` as take {take} of `{track}`"
            would = "would adopt `{file}` as take {take} of `{track}`"
        case Deed.PICKED:
            done = "`{file}` is take {take} of `{track}`, which is used again"
            would = "`{file}` is take {take} of `{track}`, which would be used again"
        case Deed.CORRECTED:
            done = "wrote down who made `{file}`, take {take} of `{track}`"
            would = "would write down who made `{file}`, take {take} of `{track}`"
        case Deed.KEPT:
            done = would = "`{file}` is take {take} of `{track}`, and is used already"
    return f"{(would if dry_run else done).format(**names)}: {', '.join(about)}"


def _next(found: Adoption) -> str:
    name = found.track.id
    if found.deed is Deed.CORRECTED:
        return f"`musicbuild build --force {name}` writes it into the tags, for nothing"
    return f"`musicbuild build {name}` makes what is missing from it, for nothing"
