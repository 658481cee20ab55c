"""The remotes: where else bytes are kept, and what each kind of place must do."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ..address import CLOUDS, FORMS, objection, parse
from ..errors import RemoteError, Unusable
from ..hashing import Digest, digest_bytes
from .folder import FolderRemote
from .names import object_name

__all__ = ["Remote", "is_whole", "object_name", "open_remote"]


class Remote(Protocol):
    """A place elsewhere that keeps bytes by name, whole or not at all.

    Methods are called from several threads at once, and only RemoteError comes out.  Names are
    made of `[a-z0-9._-]` and `/`.  Nothing that is read is to be trusted: who asks for an object
    compares it with its digest.
    """

    @property
    def url(self) -> str:
        """Return the place for messages; there is no credential in it."""
        ...

    def has(self, name: str) -> bool:
        """Tell whether something has this name, whatever it is."""
        ...

    def size(self, name: str) -> int | None:
        """Return how many bytes have this name, None if nothing has it."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return the bytes of this name, None if nothing has it.

        Raises Unusable for what can't be one of ours: no plain file, or far too large.
        """
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Put bytes where there are none; False, and nothing is changed, if there are some.

        Of all machines that try, one wins.  An answer may be lost on the way, so a winner may be
        told False or meet RemoteError.  To be sure, have something of your own in the bytes, and
        read them.
        """
        ...

    def put(self, name: str, data: bytes) -> None:
        """Put bytes, in place of others too: for objects, whose name says what they are."""
        ...

    def remove(self, name: str) -> None:
        """Take away what has this name; it is no error if nothing has it."""
        ...

    def close(self) -> None: ...


def is_whole(remote: Remote, digest: Digest) -> bool | None:
    """Read an object and tell whether it is what its name says; None if there is none.

    Raises RemoteError.
    """
    try:
        data = remote.get(object_name(digest))
    except Unusable:
        return False
    return None if data is None else digest_bytes(data) == digest


def open_remote(
    url: str, *, root: Path, environment: Mapping[str, str], create: bool = False
) -> Remote:
    """Open the remote at an address; a path starts from `root`, the manifest's folder.

    A folder must be marked as a store, or is marked now with `create`.  Credentials and the
    endpoint of a service come from the environment.  Raises RemoteError.
    """
    if why := objection(url):
        raise RemoteError(why, hint=FORMS)
    address = parse(url)
    if address.scheme not in CLOUDS:
        return FolderRemote(url, root, create=create)
    remote: Remote = import_module(".objects", __name__).open_bucket(url, address, environment)
    return remote
