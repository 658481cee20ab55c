"""`musicbuild.lock`: what was bought, for how much, and what came of it.

Purchases stand by key, so that no name of a track decides what is paid; outputs by track.
Nothing is ever taken from the purchases: their sum is what the project has spent.
"""

from __future__ import annotations

import os
from pathlib import Path

from .. import durable, reading
from ..errors import IntegrityError
from .entries import purchase_from_json, purchase_to_json
from .text import FILE_NAME, RESTORE, VERSION, Writer, dump, parse
from .values import Adopted, Lock, LockedOutput, LockedTrack, Purchase

__all__ = [
    "FILE_NAME",
    "LARGEST",
    "RESTORE",
    "VERSION",
    "Adopted",
    "Lock",
    "LockedOutput",
    "LockedTrack",
    "Purchase",
    "Writer",
    "dump",
    "load",
    "parse",
    "purchase_from_json",
    "purchase_to_json",
    "save",
]

LARGEST = 32 << 20
"""Bytes.  10,000 purchases and as many tracks have 16 MiB, with prompts of 300 characters."""


def load(path: Path) -> Lock:
    """Read a lock, empty if there is none yet; raise IntegrityError if it can't be trusted."""
    try:
        data = reading.contents(os.path.realpath(path), most=LARGEST)
    except FileNotFoundError:
        return Lock()
    except (reading.NotPlain, reading.TooLarge) as error:
        raise IntegrityError(f"`{path.name}` {error.strerror}", hint=RESTORE) from None
    return parse(data, path.name)


def save(path: Path, lock: Lock) -> None:
    durable.write(path, dump(lock))
