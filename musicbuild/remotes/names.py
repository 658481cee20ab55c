"""Which names a remote may be asked for."""

from __future__ import annotations

import re

from ..errors import RemoteError
from ..hashing import Digest

LONGEST = 200

_NAME = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def object_name(digest: Digest) -> str:
    """Return the name of an object, as the local store has it: `objects/ab/cdef…`."""
    if not _DIGEST.fullmatch(digest):
        raise RemoteError(f"`{digest[:80]}` is no digest")
    return f"objects/{digest[:2]}/{digest[2:]}"


def checked(name: str) -> str:
    """Return a name that leads nowhere else; raise RemoteError for any other."""
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise RemoteError(f"`{name[:80]}` can't be a name in a store")
    return name
