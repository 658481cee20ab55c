"""The named points of a build, and how a child is made to die at one of them.

A point is planted from outside, by wrapping what a build calls.  At its point the child sends
itself SIGKILL, which no program can hear: no `finally`, no flush, no goodbye.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musicbuild import claim, durable
from musicbuild.folders import Folder
from musicbuild.journal import Journal
from musicbuild.providers import elumenta_api
from musicbuild.providers.http import Api
from musicbuild.purchase import Buyer

FILES = ("claimant", "reserve", "lock", "store", "output")
RECORDS = ("journal.intended", "journal.accepted", "journal.delivered")
REQUESTS = ("balance", "history", "post", "poll", "download")
SPANS = ("claim", "folder", "probe", "journal.forgotten", "claim.given", "recovery")

WRITTEN = ("before", "empty", "torn", "synced", "replaced", "after")
APPENDED = ("before", "empty", "torn", "synced", "after")
ASKED = ("before", "torn", "sent", "received", "after")

POINTS = (
    *(f"{name}.{moment}" for name in FILES for moment in WRITTEN),
    *(f"{name}.{moment}" for name in RECORDS for moment in APPENDED),
    *(f"{name}.{moment}" for name in REQUESTS for moment in ASKED),
    *(f"{name}.{moment}" for name in SPANS for moment in ("before", "after")),
)
"""All points.  *Empty* and *torn* are files of which nothing, or half, was written, or a request
half of which has left; *synced* and *replaced* lie within the writing of a file; at *sent* a
request is out and no byte of its answer was read, at *received* the first bytes were."""

LATER = frozenset({"recovery.before", "recovery.after"})
"""Points that no build comes by which has nothing to recover."""


@dataclass(slots=True)
class Mine:
    """Where a child dies: the `nth` time that it comes by the point; `heard` are all it came by."""

    point: str = ""
    nth: int = 1
    heard: Callable[[str], None] = lambda _: None
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def at(self, point: str, last: Callable[[], object] = lambda: None) -> None:
        """Pass a point, or do a last thing and die."""
        with self._mutex:
            self.heard(point)
            if point != self.point:
                return
            self.nth -= 1
            if self.nth:
                return
            last()
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()


@dataclass(slots=True)
class Doing:
    """What a thread is at: the file that it writes, how long that was, or what it asks for."""

    name: str
    size: int = 0
    synced: bool = False
    sent: bool = False
    received: bool = False


class Threads(threading.local):
    doing: Doing | None = None


def plant(mine: Mine) -> None:
    """Wrap, for the rest of this process, all that a build does to the disk and the network."""
    threads = Threads()
    _plant_spans(mine)
    _plant_files(mine, threads)
    _plant_requests(mine, threads)


def _wrap(place: Any, name: str, outer: Callable[..., Any]) -> None:
    """Have `outer` called instead, with what it stands for and the arguments."""
    inner = getattr(place, name)
    setattr(place, name, lambda *words, **more: outer(inner, *words, **more))


def _span(mine: Mine, point: str) -> Callable[..., Any]:
    def outer(inner: Callable[..., Any], *words: Any, **more: Any) -> Any:
        mine.at(f"{point}.before")
        result = inner(*words, **more)
        mine.at(f"{point}.after")
        return result

    return outer


def _plant_spans(mine: Mine) -> None:
    _wrap(claim.FileLock, "acquire", _span(mine, "claim"))
    _wrap(claim.FileLock, "release", _span(mine, "claim.given"))
    _wrap(os, "mkdir", _span(mine, "folder"))
    _wrap(durable, "probe_within", _span(mine, "probe"))
    _wrap(Journal, "forget", _span(mine, "journal.forgotten"))
    _wrap(Buyer, "settle", _span(mine, "recovery"))


def _plant_files(mine: Mine, threads: Threads) -> None:
    def writing(
        inner: Callable[..., None], folder: Folder, name: str, data: bytes, **more: Any
    ) -> None:
        with _doing(mine, threads, Doing(_file(Path(folder.path, name)))):
            inner(folder, name, data, **more)

    def appending(inner: Callable[..., bool], path: Path, data: bytes, **more: Any) -> bool:
        size = path.stat().st_size if path.exists() else 0
        with _doing(mine, threads, Doing(_record(data), size)):
            return inner(path, data, **more)

    def syncing(inner: Callable[[int], None], handle: int) -> None:
        doing, status = threads.doing, os.fstat(handle)
        if doing is None or doing.synced or not stat.S_ISREG(status.st_mode):
            inner(handle)
            return
        half = (status.st_size + doing.size) // 2
        mine.at(f"{doing.name}.empty", lambda: os.ftruncate(handle, doing.size))
        mine.at(f"{doing.name}.torn", lambda: os.ftruncate(handle, half))
        inner(handle)
        doing.synced = True
        mine.at(f"{doing.name}.synced")

    def replacing(inner: Callable[..., None], *words: Any, **more: Any) -> None:
        inner(*words, **more)
        if threads.doing:
            mine.at(f"{threads.doing.name}.replaced")

    _wrap(durable, "write_within", writing)
    _wrap(durable, "append", appending)
    _wrap(os, "fsync", syncing)
    _wrap(os, "replace", replacing)


def _plant_requests(mine: Mine, threads: Threads) -> None:
    def asking(name: str) -> Callable[..., Any]:
        def outer(inner: Callable[..., Any], *words: Any, **more: Any) -> Any:
            with _doing(mine, threads, Doing(name or _request(words[1]))):
                return inner(*words, **more)

        return outer

    def sending(inner: Callable[..., None], sock: socket.socket, data: bytes, *more: Any) -> None:
        doing = threads.doing
        if doing and not doing.sent:
            doing.sent = True
            mine.at(f"{doing.name}.torn", lambda: inner(sock, data[: len(data) // 2]))
        inner(sock, data, *more)

    def receiving(inner: Callable[..., bytes], *words: Any) -> bytes:
        doing = threads.doing
        if doing is None or doing.received:
            return inner(*words)
        doing.received = True
        mine.at(f"{doing.name}.sent")
        data = inner(*words)
        mine.at(f"{doing.name}.received")
        return data

    _wrap(Api, "post", asking("post"))
    _wrap(Api, "get", asking(""))
    _wrap(elumenta_api, "download", asking("download"))
    _wrap(socket.socket, "sendall", sending)
    _wrap(socket.socket, "recv", receiving)


@contextmanager
def _doing(mine: Mine, threads: Threads, doing: Doing) -> Iterator[None]:
    mine.at(f"{doing.name}.before")
    before, threads.doing = threads.doing, doing
    try:
        yield
    finally:
        threads.doing = before
    mine.at(f"{doing.name}.after")


def _file(path: Path) -> str:
    """Say what a file is to a build; `claimant` is the one that says who builds."""
    if "objects" in path.parts:
        return "store"
    known = {"musicbuild.lock": "lock", "claim.json": "claimant", "reserve": "reserve"}
    return known.get(path.name, "output" if path.suffix == ".mp3" else "file")


def _record(data: bytes) -> str:
    record = json.loads(data.partition(b"\t")[0])["record"]
    return f"journal.{record}"


def _request(path: str) -> str:
    """Say what is asked for by the last part of the path that means anything."""
    known = {"balance": "balance", "history": "history"}
    return next((known[part] for part in path.split("/") if part in known), "poll")


def foretell_names() -> None:
    """Have temporary files named by counting, so that a second run names them alike."""
    numbers = iter(range(10**6))
    secrets.token_hex = lambda _=None: f"{next(numbers):08}"
