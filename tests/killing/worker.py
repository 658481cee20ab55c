"""A process that runs cases one after another, asked by lines of text, answering by lines of JSON.

It has one thread and everything imported, so that it can fork a build in a few milliseconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = Path(__file__).parents[1] / "kill.py"

POSSIBLE = hasattr(os, "fork") and Path("/proc/self/task").is_dir()
"""Whether cases can be run here: they fork, and ask Linux which processes live."""


class Worker:
    """The process, from outside; `ask` it for a case by name, as in `run`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, PROGRAM, "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, case: str) -> Mapping[str, Any]:
        """Return a `cycle.Result` as a mapping; asked for `calls`, the `errors` one can have."""
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None
        assert heard is not None
        told.write(f"{case}\n")
        told.flush()
        answer = heard.readline()
        if not answer:
            raise RuntimeError(f"the process that runs the cases died at `{case}`")
        found: Mapping[str, Any] = json.loads(answer)
        return found


def serve() -> None:
    """Be such a process."""
    from . import nursery  # who only asks needs none of it

    nursery.warm_up()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(line.strip())) + "\n")
        sys.stdout.flush()


def _answer(name: str) -> Mapping[str, Any]:
    from . import bugs, crowd, cycle, errors  # as above

    what, _, which = name.partition(" ")
    match what:
        case "point":
            result = cycle.run(name, cycle.kills_at(which))
        case "seed":
            result = cycle.run(name, cycle.kills_of(int(which)))
        case "round":
            result = crowd.run(name, int(which))
        case "error":
            result = errors.run(name, errors.read(which))
        case "bug":
            result = bugs.run(name, which)
        case "calls":
            return {"calls": [str(one) for one in errors.calls()] if errors.possible() else []}
        case _:
            raise ValueError(name)
    return asdict(result)
