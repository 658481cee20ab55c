"""Where a piece is composed: in this process, or beside it when several are wanted at once.

Composing holds the interpreter, so threads would wait for each other.  A process beside this one
is kept for the next piece; it is told what to make on its input, and ends when that ends: with
this process, however it dies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import BinaryIO

from ..audio.encode import encode_mp3
from ..sketch.exact import SAMPLE_RATE
from ..sketch.midi import midi
from ..sketch.render import render, render_stems
from ..spec import NOTES, WHOLE
from . import sketch_order
from .sketch_order import Order

BITRATE = 192

HANDED_ON = frozenset(
    {"PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH"}
    | {"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"}
)
"""What a process beside this one sees of the environment: what Python needs, and no key."""


def compose(order: Order) -> Mapping[str, bytes]:
    """Compose here; audio is MP3.  Raises ValueError if there is no such piece."""
    score = sketch_order.score(order)
    found = {NOTES: midi(score)} if NOTES in order.wanted else {}
    if WHOLE in order.wanted:
        found[WHOLE] = encode_mp3(render(score), SAMPLE_RATE, bitrate=BITRATE)
    if stems := set(order.wanted) - {NOTES, WHOLE}:
        for name, samples in render_stems(score).items():
            if name in stems:
                found[name] = encode_mp3(samples, SAMPLE_RATE, bitrate=BITRATE)
    return found


class Composers:
    """Composes as many pieces at once as there are cores; any number of threads may ask."""

    def __init__(self, cores: int | None = None) -> None:
        self._places = threading.Semaphore(cores or _cores())
        self._here = threading.Lock()
        self._mutex = threading.Lock()
        self._idle: list[_Beside] = []
        self.beside: list[_Beside] = []

    def compose(self, order: Order) -> Mapping[str, bytes]:
        with self._places:
            if self._here.acquire(blocking=False):
                try:
                    return compose(order)
                finally:
                    self._here.release()
            try:
                return self._compose_beside(order)
            except (OSError, ValueError):
                # It could not be started, or died: what is wrong with the order is said here.
                with self._here:
                    return compose(order)

    def close(self) -> None:
        """End the processes, even those that compose: what they make costs nothing."""
        with self._mutex:
            beside, self.beside, self._idle = self.beside, [], []
        for one in beside:
            one.end()

    def _compose_beside(self, order: Order) -> Mapping[str, bytes]:
        with self._mutex:
            one = self._idle.pop() if self._idle else None
        if one is None:
            one = _Beside()
            with self._mutex:
                self.beside.append(one)
        found = one.compose(order)
        with self._mutex:
            self._idle.append(one)
        return found


class _Beside:
    """One process beside this one; it makes one piece at a time."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in HANDED_ON & os.environ.keys()}
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # what stops the build at a terminal is not for it
        )

    def compose(self, order: Order) -> Mapping[str, bytes]:
        """Have a piece made; raise OSError or ValueError if the process fails."""
        into, out = self.process.stdin, self.process.stdout
        assert into is not None
        assert out is not None
        into.write(json.dumps(asdict(order)).encode() + b"\n")
        into.flush()
        lengths = json.loads(out.readline())
        found = {name: out.read(length) for name, length in lengths.items()}
        if any(len(found[name]) != length for name, length in lengths.items()):
            raise OSError("the process ended too soon")
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


def serve(orders: BinaryIO, pieces: BinaryIO) -> None:
    """Compose what is ordered, a line of JSON each, until there are no more orders."""
    for line in orders:
        told = json.loads(line)
        found = compose(Order(**{**told, "wanted": tuple(told["wanted"])}))
        pieces.write(json.dumps({name: len(data) for name, data in found.items()}).encode() + b"\n")
        pieces.writelines(found.values())
        pieces.flush()


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
