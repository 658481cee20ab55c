"""Whether what a plan would buy can be kept: each place is tried before anything is paid."""

from __future__ import annotations

from pathlib import PurePosixPath

from . import durable
from .errors import IntegrityError
from .steps import Plan
from .terms import Workshop

SPARE = 64 << 20
"""Bytes that must be free besides the audio before anything is paid."""

LARGEST_RATE = 40_000
"""Bytes of a second of delivered audio at most: MP3 has up to 320 kbit/s."""


def check_places(plan: Plan, workshop: Workshop, *, seen: bool) -> None:
    """Raise IntegrityError if a purchase could not be kept as delivered, or as an output.

    Unless the plan has `seen` what lies at the outputs' paths, that is looked at too.
    """
    paths = [output.path for step in plan.purchases for output in step.track.outputs]
    if not seen:
        for path in paths:
            workshop.tree.find(path)  # raises where no output may be put
    seconds = sum(spec.duration for step in plan.purchases for spec in step.specs)
    room = SPARE + 3 * int(seconds * LARGEST_RATE)
    root = workshop.tree.root
    folder = root
    try:
        for folder in (workshop.state, workshop.store.folder, root):
            durable.probe(folder, room)
        for path in {PurePosixPath(path).parent: path for path in paths}.values():
            folder = (root / path).parent
            workshop.tree.probe(path, room)
    except OSError as error:
        why = error.strerror or str(error)
        raise IntegrityError(
            f"what would be bought can't be kept: `{folder.name}`:"
            f" {why[:1].lower()}{why[1:]}; nothing was ordered",
            hint="make room on the disk, and see that this folder can be written",
        ) from None
