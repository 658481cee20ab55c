"""Processes: a build, or the gateway, as a fork of one process that has everything imported.

A build so begun is the real program with its own memory, files and sockets; what it is spared is
half a second of importing.
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import NoReturn

import gateway

import musicbuild
from musicbuild import cli
from musicbuild.providers.wire import tls

LONGEST = 60.0
"""Seconds that any one build may take before it is given up."""

GLANCE = 0.004
"""Seconds between two looks at a build that runs."""


class Stuck(Exception):
    """A child that does not end."""


def warm_up() -> None:
    """Import all that a build needs, so that no child has to."""
    for module in pkgutil.walk_packages(musicbuild.__path__, "musicbuild."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    tls()
    gc.freeze()  # or a child's first collection would copy all of it


def fork(work: Callable[[], object], out: Path) -> int:
    """Have a child do some work, with what it says in a file; return its process id."""
    out.touch()  # it may be killed before it has said a word
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _be(work, out)
    return child


def _be(work: Callable[[], object], out: Path) -> NoReturn:
    code: object = 70
    try:
        for stream, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, out, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ):
            os.dup2(os.open(path, flags, 0o600), stream)
        os.dup2(1, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        code = work()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  a child must never go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0)


def program(
    folder: Path, environment: Mapping[str, str], words: Sequence[str], first: Callable[[], None]
) -> Callable[[], NoReturn]:
    """Return the work of the real program in a folder; `first` is called in the child before."""

    def work() -> NoReturn:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["musicbuild", *words]
        first()
        sys.exit(cli.run(words))

    return work


def wait(child: int, *, look: Callable[[], None], kill_after: float | None = None) -> int:
    """Wait until a child ends and return its exit code, or less than 0 for a signal.

    It is looked at all the while; it is killed once its time is over.
    """
    start = time.monotonic()
    while (code := ended(child)) is None:
        look()
        age = time.monotonic() - start
        if kill_after is not None and age >= kill_after:
            os.kill(child, signal.SIGKILL)
            kill_after = None
        if age > LONGEST:
            end(child)
            raise Stuck(f"it did not end within {LONGEST:g} seconds")
        time.sleep(GLANCE)
    look()
    return code


def ended(child: int) -> int | None:
    done, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def end(child: int) -> None:
    """Kill a child and bury it."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@dataclass(frozen=True, slots=True)
class Server:
    """The gateway in a process of its own, as `python tests/gateway.py` would be one."""

    url: str
    ledger: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ELUMENTA_API_KEY": gateway.KEY,
            "ELUMENTA_BASE_URL": self.url,
            "ELUMENTA_POLL_SECONDS": "0.02",
        }

    def be_quiet(self) -> None:
        """Return when the gateway has dealt with all that was sent to it so far.

        So a lost order surely is in the history soon enough, on however slow a machine.
        """
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=LONGEST)
        try:
            connection.request("GET", "/stand-in/quiet")
            if connection.getresponse().read() != b'{"quiet": true}':
                raise Stuck("a connection to the gateway stays open, and nobody uses it")
        finally:
            connection.close()


@contextmanager
def server(home: Path) -> Iterator[Server]:
    """Run the gateway, with its ledger in a folder."""
    ledger, said = home / "ledger", home / "gateway.out"
    words = ["gateway", "--port", "0", "--polls", "1", "--ledger", str(ledger)]
    parent = os.getpid()

    def outlive_nobody() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    def work() -> None:
        threading.Thread(target=outlive_nobody, daemon=True).start()
        sys.argv = words
        gateway.main()

    child = fork(work, said)
    try:
        end_by = time.monotonic() + LONGEST
        while not (said.exists() and said.read_bytes().endswith(b"\n")):
            if time.monotonic() > end_by:
                raise Stuck("the gateway does not start")
            time.sleep(0.001)
        yield Server(said.read_text().splitlines()[0], ledger)
    finally:
        end(child)
