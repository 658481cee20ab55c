"""Errors of the disk: one system call of a build fails, as strace has it, or all from one on.

A first build is only traced, which tells the calls that concern the project's files.  Names of
temporary files and of orders are counted in these builds, so that a path says which call is meant.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from . import nursery, oracle
from .cycle import Result, begin, build, check_at_rest, environment, whole, workplace
from .nursery import Server, Stuck
from .oracle import Violation, Wish
from .points import foretell_names

MANIFEST = """\
version: 1
album: Nightfall
qc: false
defaults: {model: musicgen, duration: 15}
tracks:
  rain: {prompt: rain on a roof}
  storm: {prompt: rain on a roof, duration: 30}
"""
WISHES: Counter[Wish] = Counter(
    {("musicgen", "rain on a roof", 15): 1, ("musicgen", "rain on a roof", 30): 1}
)
WORDS = ("build", "--yes", "--settle", "0.2", "--jobs", "1")

ERRORS = {
    **dict.fromkeys(("write", "openat", "mkdir", "mkdirat"), "ENOSPC"),
    **dict.fromkeys(("fsync", "renameat"), "EIO"),
}
"""What each call fails with: there is no more room, or the disk is broken."""

ALLOWED = frozenset({0, 1, 5, 6, 7})

LINE = re.compile(
    r'^(\d+) +(\w+)\((?:AT_FDCWD<[^>]*>, )?(?:\d+<([^>]*)>)?(?:, )?(?:"([^"]*)")?(.*)'
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call by name and path below the project, or anywhere.

    `when` is which of its kind there, of any one thread, as strace has it: `2`, or `2+` for that
    one and all after it.
    """

    name: str
    when: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.when} {self.path}".rstrip()


def read(name: str) -> Call:
    """Read what `str` writes."""
    return Call(*name.split(" ", 2))


def possible() -> bool:
    """Tell whether strace is here, and may look into another process."""
    if not shutil.which("strace"):
        return False
    idle = subprocess.Popen(["sleep", "60"])
    try:
        tracer = _attach(idle.pid, ["-o", os.devnull])
    except Stuck:
        return False
    finally:
        idle.kill()
        idle.wait()
    tracer.communicate()
    return True


def calls() -> list[Call]:
    """Trace one build and return its calls that may fail, and from which all may."""
    with workplace() as home, nursery.server(home) as server:
        project = begin(home, MANIFEST)
        code = _traced(project, server, ["-y", "-e", f"trace={','.join(ERRORS)}"])
        if code:
            raise Violation(f"the build that is only traced ended with {code}")
        return _calls((home / "trace").read_text("utf-8"), f"{project}/")


def _calls(trace: str, root: str) -> list[Call]:
    """Read the calls from a trace; of the probes, which are all alike, only the first counts."""
    found: dict[Call, None] = {}
    seen: Counter[tuple[str, str, str]] = Counter()  # as strace counts: each thread for itself
    for line in filter(None, map(LINE.match, trace.splitlines())):
        thread, name, handle, written, rest = line.groups()
        within = handle and written and name.endswith("at")  # a name in a folder that is held
        path = f"{handle}/{written}" if within else handle or written or ""
        if name == "fsync":
            seen[thread, name, ""] += 1
            found[Call(name, f"{seen[thread, name, '']}+")] = None
        if not path.startswith(root) or (name == "openat" and "O_CREAT" not in rest):
            continue
        seen[thread, name, path] += 1
        found[Call(name, f"{seen[thread, name, path]}", path.removeprefix(root))] = None
        if name == "write":  # Python tries once more as it closes the file
            found[Call(name, f"{seen[thread, name, path]}+", path.removeprefix(root))] = None
    probes = sorted({one.path for one in found if ".probe." in one.path})
    return [one for one in found if one.path not in probes[1:]]


def run(name: str, call: Call, bug: Callable[[], None] = whole) -> Result:
    """Have one call fail in a build, and hold that build and the next one against the ledger."""
    told, struck = (str(call),), False
    with workplace() as home:
        try:
            with nursery.server(home) as server:
                project = begin(home, MANIFEST)
                struck = _failing(project, server, call, bug)
                build(project, server)
                oracle.check_end(project, server.ledger, WISHES)
                check_at_rest(project, server)
        except (Violation, Stuck) as error:
            said = "".join(f"\n{path.name}: {path.read_text()}" for path in home.glob("*.out"))
            return Result(name, told, (struck,), f"{error}{said}")
    return Result(name, told, (struck,))


def _failing(project: Path, server: Server, call: Call, bug: Callable[[], None]) -> bool:
    """Build with a call that fails; tell whether it came to that."""
    home = project.parent
    inject = f"inject={call.name}:error={ERRORS[call.name]}:when={call.when}"
    # A name in a folder that is held is all that such a call has of the path.
    paths = [str(project / call.path), *[Path(call.path).name] * call.name.endswith("at")]
    only = [word for path in paths for word in ("-P", path)] if call.path else []
    code = _traced(project, server, ["-e", f"trace={call.name}", "-e", inject, *only], bug)
    said = (home / "failing.out").read_text("utf-8")
    oracle.check_said(said, code, ALLOWED)
    server.be_quiet()
    _check_kept(project, server, said)
    return "(INJECTED)" in (home / "trace").read_text("utf-8")


def _check_kept(project: Path, server: Server, said: str) -> None:
    """Make sure that the id of each charge is in some file of the build's, or in an error."""
    home = project.parent
    places = [home / "state", home / "tmp", project / ".musicbuild" / "journal"]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    files += project.glob("musicbuild.lock")
    kept = b"".join(path.read_bytes() for path in files).decode("utf-8", "replace")
    kept += "".join(line for line in said.splitlines() if ": ordered" not in line)
    for generation, wish in oracle.charges(server.ledger).items():
        if generation not in kept:
            raise Violation(f"{generation} is paid, and written nowhere: {wish}")


def _traced(
    project: Path, server: Server, options: Sequence[str], bug: Callable[[], None] = whole
) -> int:
    """Build below strace, and return the exit code."""
    home = project.parent
    told = environment(project, server)

    def first() -> None:
        bug()
        foretell_names()
        numbers = count(1)
        uuid.uuid4 = lambda: uuid.UUID(int=next(numbers))
        os.kill(os.getpid(), signal.SIGSTOP)

    child = nursery.fork(nursery.program(project, told, WORDS, first), home / "failing.out")
    os.waitpid(child, os.WUNTRACED)
    try:
        tracer = _attach(child, ["-f", "-o", str(home / "trace"), *options])
    except Stuck:
        nursery.end(child)
        raise
    os.kill(child, signal.SIGCONT)
    code = nursery.wait(child, look=partial(oracle.check_claims, project, server.ledger))
    tracer.communicate()
    return code


def _attach(process: int, options: Sequence[str]) -> subprocess.Popen[str]:
    """Start strace and return it once it holds a process."""
    command = ["strace", "-p", str(process), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    said = ""
    while line := tracer.stderr.readline():
        said += line
        if "attached" in line:
            return tracer
    tracer.communicate()
    raise Stuck(f"strace can't attach: {said}")
