"""One build a project at a time: a claim that the system frees when its process dies."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from . import durable
from .clock import Clock, stamp
from .errors import Claimed


@contextmanager
def claim(folder: Path, clock: Clock, *, wait: float = 0) -> Iterator[None]:
    """Hold the project for the length of the block; wait up to `wait` seconds for another.

    Who holds it is written beside the claim for people to read; it decides nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "claim.json"
    lock = FileLock(folder / "claim", timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        raise Claimed(
            f"another build of this project runs{_describe(holder)}",
            hint="wait for it to end, or build with `--wait SECONDS`",
        ) from None
    try:
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": stamp(clock.now())}
        durable.write(holder, json.dumps(about).encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        about = json.loads(holder.read_bytes())
        return f": process {about['pid']:d} on {about['host']!s:.80}, since {about['since']!s:.40}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
