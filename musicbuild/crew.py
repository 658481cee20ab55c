"""Work that keeps a processor busy: done in this process, or beside it when there is more of it.

Such work holds the interpreter, so threads would wait for each other.  A process beside this one
is kept for the next piece of work; it is told what to do on its input, and ends when that ends:
with this process, however it dies.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import IO, Any, BinaryIO, Protocol

from .cores import stay_on, usable
from .room import Room

Work = Callable[[Mapping[str, Any]], Mapping[str, bytes]]
"""A function `work` of a module: takes what JSON can say, raises ValueError if it can't be done."""

HANDED_ON = frozenset(
    {"PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH"}
    | {"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"}
)
"""What a process beside this one sees of the environment: what Python needs, and no key."""


class Hands(Protocol):
    """Who does the work of one module, here or elsewhere; any thread may ask."""

    @property
    def at_once(self) -> int | None:
        """Return how many orders it takes at once; None if that is for this machine to say."""
        ...

    def do(self, order: Mapping[str, Any]) -> Mapping[str, bytes]:
        """Have work done.

        Where an order has `sources`, these are paths of files by name; where it has `outputs`,
        each has a `path` to be written, or None.  Raises ValueError as the work does, OSError if
        those who do it die of it, and MusicbuildError if they can't be asked.
        """
        ...

    def close(self) -> None:
        """Give up what is being done; what is asked for later is not."""
        ...


class Crew:
    """Does the work of one module, as much at once as there are cores; any thread may ask.

    With `apart` nothing is done in this process: what a library may do to it, it does elsewhere.
    A process stays `on` some cores, if they are named.  It has so many orders `ahead` of the one
    that it works on, so that it need not wait for the next: worth it where they are small.
    """

    def __init__(
        self,
        module: str,
        cores: int | None = None,
        *,
        apart: bool = False,
        on: Collection[int] = (),
        ahead: int = 0,
    ) -> None:
        self._module = module
        self._apart = apart
        self._on = on or usable()
        self._ahead = ahead
        self._places = Room((cores or len(self._on)) * (1 + ahead))
        self.at_once = None
        self._here = threading.Lock()
        self._choosing = threading.Lock()
        self._idle: list[_Beside] = []
        self.beside: list[_Beside] = []

    def do(self, order: Mapping[str, Any]) -> Mapping[str, bytes]:
        """Have work done; raises ValueError as it does, and OSError if a process apart dies."""
        with self._places:
            if self._apart:
                return self._do_beside(order)
            if self._here.acquire(blocking=False):
                try:
                    return _work(self._module)(order)
                finally:
                    self._here.release()
            try:
                return self._do_beside(order)
            except OSError:  # it could not be started, or died
                with self._here:
                    return _work(self._module)(order)

    def begin(self) -> None:
        """Start a process, so that the first who asks need not wait for it."""
        with suppress(OSError):  # who asks then is told
            self._idle.append(self._start())

    def close(self) -> None:
        """End the processes, even those that work: what they make costs nothing."""
        beside, self.beside, self._idle = self.beside, [], []
        for one in beside:
            one.end()

    def _do_beside(self, order: Mapping[str, Any]) -> Mapping[str, bytes]:
        with self._choosing:
            one = self._idle.pop() if self._idle else self._start()
        try:
            found = one.do(order)
        except ValueError:
            self._idle.append(one)  # what is wrong is the order, not the process
            raise
        self._idle.append(one)
        return found

    def _start(self) -> _Beside:
        """Start a process for an order; there is room in it for those ahead."""
        one = _Beside(self._module, self._on)
        self.beside.append(one)
        self._idle += [one] * self._ahead
        return one


class _Beside:
    """One process beside this one; it does one piece of work after another, as it is asked."""

    def __init__(self, module: str, cores: Collection[int]) -> None:
        self._asking = threading.Lock()
        self._last = threading.Lock()
        environment = {name: os.environ[name] for name in HANDED_ON & os.environ.keys()}
        # One process a core: within each, numpy's own threads would only wait for one another.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
            [sys.executable, "-P", "-m", __name__, module, *map(str, cores)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # what stops the build at a terminal is not for it
        )

    def do(self, order: Mapping[str, Any]) -> Mapping[str, bytes]:
        """Have work done; raise ValueError if it can't be, OSError if the process fails."""
        into, out = self.process.stdin, self.process.stdout
        assert into is not None
        assert out is not None
        with self._asking:
            before, mine = self._last, threading.Lock()
            mine.acquire()
            self._last = mine
            with suppress(OSError, ValueError):  # there is no answer then
                into.write(json.dumps(order).encode() + b"\n")
                into.flush()
        before.acquire()  # whose answer comes first
        try:
            return _answer(out)
        finally:
            mine.release()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


def _answer(out: IO[bytes]) -> Mapping[str, bytes]:
    """Read what a process answers to one order; raise as `Crew.do` does."""
    told = out.readline()
    if not told.endswith(b"\n"):
        raise OSError("the process ended without an answer")
    try:
        lengths = json.loads(told)
    except ValueError:
        raise OSError("the process answered what is no answer") from None
    if isinstance(lengths, str):
        raise ValueError(lengths)  # noqa: TRY004  it is what the work raised
    found = {name: out.read(length) for name, length in lengths.items()}
    if any(len(found[name]) != length for name, length in lengths.items()):
        raise OSError("the process ended too soon")
    return found


def serve(work: Work, orders: BinaryIO, results: BinaryIO) -> None:
    """Do what is ordered, a line of JSON each, until there are no more orders."""
    for line in orders:
        try:
            found = work(json.loads(line))
        except ValueError as error:
            results.write(json.dumps(str(error)).encode() + b"\n")
            results.flush()
            continue
        lengths = {name: len(data) for name, data in found.items()}
        results.write(json.dumps(lengths).encode() + b"\n")
        results.writelines(found.values())
        results.flush()


def _apart_from_output() -> BinaryIO:
    """Return what stdout was, and let all that a library may print go nowhere: it is no answer."""
    results = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return results


def _work(module: str) -> Work:
    """Return the work of a module, which is loaded when it is first needed."""
    work: Work = importlib.import_module(module).work
    return work


if __name__ == "__main__":
    stay_on([*map(int, sys.argv[2:])])  # who started this may be on one alone
    serve(_work(sys.argv[1]), sys.stdin.buffer, _apart_from_output())
