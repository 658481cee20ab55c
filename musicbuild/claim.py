"""One build a project at a time: a claim that the system frees when its process dies."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from . import durable, reading
from .clock import Clock, stamp
from .errors import Claimed, PolicyError
from .records import check_records

UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})
"""What a file system says that has no locks, or whose server gives none."""

LARGEST_ABOUT = 4096
"""Bytes of what is read of another build."""


@contextmanager
def claim(folder: Path, clock: Clock, *, wait: float = 0) -> Iterator[None]:
    """Hold the project for the length of the block; wait up to `wait` seconds for another.

    Who holds it is written beside the claim for people to read; it decides nothing.
    Raises IntegrityError, with nothing written, if the folder or a part of it is a link.
    """
    check_records(folder)
    durable.make_folder(folder, mode=0o700)
    holder = folder / "claim.json"
    # A lock by a file's mere existence would outlive a build that is killed.
    lock = FileLock(folder / "claim", timeout=wait, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise Claimed(
            f"another build of this project runs{_describe(holder)}",
            hint="wait for it to end, or build with `--wait SECONDS`",
        ) from None
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in UNSUPPORTED:
            raise
        raise PolicyError(
            f"the file system of `{folder.name}` can't lock files, so two builds at once could pay"
            " twice; nothing was sent",
            hint="keep the project on a local disk",
        ) from None
    try:
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": stamp(clock.now())}
        durable.write(holder, json.dumps(about).encode(), mode=0o600)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        about = json.loads(reading.contents(holder, most=LARGEST_ABOUT))
        return f": process {about['pid']:d} on {about['host']!s:.80}, since {about['since']!s:.40}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
