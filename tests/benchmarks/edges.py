"""The same number of edges for other build tools: each target made from a source of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .installed import Tools, quiet
from .timing import Command

NINJA = "rule copy\n  command = cp $in $out\n"
DODO = """\
import shutil

def task_copy():
    for number in range({count}):
        source, target = f"in/{{number}}", f"out/{{number}}"
        yield {{
            "name": str(number),
            "file_dep": [source],
            "targets": [target],
            "actions": [(shutil.copyfile, (source, target))],
        }}
"""


def make(folder: Path, count: int, tools: Tools) -> dict[str, Command]:
    """Write the rules and all they make, and return what each tool is called with then."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "in" / str(number)).write_text(f"source {number}\n")
    numbers = range(count)
    rules = [f"out/{one}: in/{one}\n\tcp in/{one} out/{one}\n" for one in numbers]
    targets = " ".join(f"out/{one}" for one in numbers)
    edges = [f"build out/{one}: copy in/{one}\n" for one in numbers]
    (folder / "build.ninja").write_text(NINJA + "".join(edges))
    (folder / "Makefile").write_text(f".PHONY: all\nall: {targets}\n" + "".join(rules))
    (folder / "dodo.py").write_text(DODO.format(count=count))
    # Without its built-in rules make takes a tenth: it looks for a way to make each source.
    called = {
        "ninja": ([], "no work to do"),
        "make": (["-rR"], "Nothing to be done"),
        "doit": ([], f"-- copy:{count - 1}"),
    }
    commands = {
        name: Command([tools.others[name], *options], folder, says)
        for name, (options, says) in called.items()
        if name in tools.others
    }
    for command in commands.values():
        subprocess.run(command.arguments, cwd=folder, env=quiet(), check=True, capture_output=True)
    return commands
