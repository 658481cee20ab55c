"""Bytes that machines hand to each other through a remote, each under its digest."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ..errors import RemoteError
from ..hashing import Digest, digest_bytes
from ..remotes import Remote, object_name

OBJECTS = "objects"
"""Where audio lies that the team has a use for later."""

PASSING = "passing"
"""Where that lies which is wanted once: its receiver takes it away."""


class Spoilt(Exception):
    """What a remote has under a digest is missing or is something else."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(digest)
        self.digest = digest


def put(remote: Remote, place: str, data: bytes, *, anew: bool = False) -> Digest:
    """Hand bytes over, if they are not there yet; `anew` in place of what is there."""
    digest = digest_bytes(data)
    name = parcel(place, digest)
    if anew or not remote.has(name):
        remote.put(name, data)
    return digest


def fetch(remote: Remote, place: str, digest: Digest) -> bytes:
    """Return bytes that are what their digest says; raise Spoilt if they are not to be had."""
    data = remote.get(parcel(place, digest))
    if data is None or digest_bytes(data) != digest:
        raise Spoilt(digest)
    return data


def tidy(remote: Remote, place: str, digests: Iterable[Digest]) -> None:
    """Take away what is not wanted any more; what stays after all is in nobody's way."""
    with suppress(RemoteError):
        for digest in digests:
            remote.remove(parcel(place, digest))


def parcel(place: str, digest: Digest) -> str:
    return place + object_name(digest).removeprefix(OBJECTS)
