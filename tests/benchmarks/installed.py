"""Where all that is measured comes from: a wheel of ours and the other tools, installed afresh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
SYSTEM = ("ninja", "make", "lame")
"""Taken from where the shell finds them; a ninja that it doesn't find is installed."""
PACKAGES = ("ninja", "doit", "ffmpeg-normalize")

_ASK = """
import importlib, json, sys
module, name, arguments = json.loads(sys.argv[1])
print(json.dumps(getattr(importlib.import_module("benchmarks." + module), name)(*arguments)))
"""


@dataclass(frozen=True, slots=True)
class Tools:
    """The environment that ours is installed in, and each other tool or why it can't be had."""

    python: Path
    others: Mapping[str, Path] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def musicbuild(self) -> Path:
        return self.python.with_name("musicbuild")

    def ask(self, module: str, name: str, *arguments: Any) -> Any:
        """Call a function of a module of these benchmarks with the musicbuild that is installed.

        What goes in and comes out is JSON.
        """
        # The folder of the tests is on the path, for what they share; the checkout is not.
        environment = quiet() | {"PYTHONPATH": str(CHECKOUT / "tests")}
        asked = json.dumps([module, name, arguments])
        command = [str(self.python), "-P", "-c", _ASK, asked]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        return json.loads(done.stdout.splitlines()[-1])

    def versions(self) -> dict[str, str]:
        """Return what each tool calls itself, for who compares two runs."""
        asked = {"musicbuild": self.musicbuild, "python": self.python, **self.others}
        return {name: _first_line([str(path), "--version"]) for name, path in asked.items()}


def quiet() -> dict[str, str]:
    """Return an environment without keys, colours and settings of whoever runs this."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


def install(folder: Path) -> Tools:
    """Make an environment for ours, without which this ends, and one for the other tools."""
    python = _environment(folder / "ours")
    if not _pip(python, f"{CHECKOUT}[remote]"):
        raise SystemExit("error: musicbuild could not be installed, so nothing can be measured")
    found = {name: Path(path) for name in SYSTEM if (path := shutil.which(name))}
    missing = {name: "not installed" for name in ("make", "lame") if name not in found}
    theirs = _environment(folder / "theirs")
    for package in PACKAGES:
        if package in found:
            continue
        if package == "ffmpeg-normalize" and not shutil.which("ffmpeg"):
            missing[package] = "needs ffmpeg, which is not installed"
        elif _pip(theirs, package):
            found[package] = theirs.with_name(package)
        else:
            missing[package] = "could not be installed"
    return Tools(python, found, missing)


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    # An older installer writes scripts that are slower to start.
    _pip(python, "--upgrade", "pip")
    return python


def _pip(python: Path, *what: str) -> bool:
    patience = ["--retries", "1", "--timeout", "20", "--disable-pip-version-check"]
    command = [str(python), "-m", "pip", "install", "-qq", *patience, *what]
    return subprocess.run(command, check=False, stdout=sys.stderr).returncode == 0


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=quiet())
    return next(iter((done.stdout + done.stderr).splitlines()), "")
