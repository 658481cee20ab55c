"""`musicbuild git merge-driver`: what git calls to merge a lock; it never leaves a side out."""

from __future__ import annotations

from pathlib import Path

import click

from ... import durable, git, reading
from ...errors import IntegrityError, MusicbuildError
from ...lock import LARGEST
from ...lock.merge import merge
from ...lock.sides import OURS, PARTED, THEIRS, marked, read_base, read_side
from ..options import PATH, with_settings
from ..said import Settings


@click.command(hidden=True)
@click.argument("base", type=PATH)
@click.argument("ours", type=PATH)
@click.argument("theirs", type=PATH)
@click.argument("path", default="musicbuild.lock")
@with_settings
def command(_: Settings, *, base: Path, ours: Path, theirs: Path, path: str) -> None:
    """Merge THEIRS into OURS, which come from BASE, as git's merge driver for a lock.

    Exits 1 if a person must decide: where both sides edited a track, or one can't be read.
    """
    try:
        merged = merge(
            read_base(_contents(base)),
            read_side(_contents(ours), f"{path}, ours"),
            read_side(_contents(theirs), f"{path}, theirs"),
        )
    except IntegrityError as error:
        _merge_as_text(base, ours, theirs)
        raise MusicbuildError(f"merged as plain text: {error.message}", hint=error.hint) from None
    durable.write(ours, marked(merged))
    if merged.conflicts:
        names = ", ".join(f"`{one.track}`" for one in merged.conflicts)
        raise MusicbuildError(
            f"`{path}`: both sides edited {names}",
            hint="`musicbuild git resolve` shows both, and takes what you choose",
        )


def _contents(path: Path) -> bytes:
    try:
        return reading.contents(path, most=LARGEST)
    except (reading.NotPlain, reading.TooLarge) as error:
        raise IntegrityError(f"`{path.name}` {error.strerror}") from None


def _merge_as_text(base: Path, ours: Path, theirs: Path) -> None:
    """Do what git does without us; where it can't either, put both sides whole into the file."""
    labels = [word for name in ("ours", "base", "theirs") for word in ("-L", name)]
    words = ["merge-file", "-q", *labels, "--", *map(str, (ours, base, theirs))]
    try:
        if git.find(Path.cwd()).ask(*words).returncode < 128:
            return
    except (MusicbuildError, OSError):
        pass  # it is not to be found, hangs, or can't be started
    mine, yours = (_ended(reading.contents(one)) for one in (ours, theirs))
    durable.write(ours, OURS + mine + PARTED + yours + THEIRS)


def _ended(data: bytes) -> bytes:
    return data if data.endswith(b"\n") or not data else data + b"\n"
