"""What lies on disk for the benchmarks, made once each: projects that may be edited, and edges."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import edges
from .installed import Tools, quiet
from .timing import Command

TEMPLATES = 100
SETTLED = 2.1
"""Seconds after which musicbuild takes a file for settled: what is younger it reads each time."""

Edit = Callable[[str, int], str]
"""Manifest and number of the round to the manifest that is planned in that round."""


class Ground:
    """A folder in which projects and edges are made when they are first asked for."""

    def __init__(self, folder: Path, tools: Tools) -> None:
        self._folder, self._tools = folder, tools
        self._edges: dict[int, dict[str, Command]] = {}

    def edges(self, count: int) -> dict[str, Command]:
        """Return the no-op over so many edges of each other build tool."""
        if count not in self._edges:
            self._edges[count] = edges.make(self._folder / f"edges-{count}", count, self._tools)
        return dict(self._edges[count])

    def project(self, count: int, use: str, *, templates: int = TEMPLATES) -> Path:
        """Return the folder of a project of so many tracks, which only this use changes."""
        pristine = self._folder / f"project-{count}-{templates}"
        if not pristine.exists():
            self._tools.ask("projects", "make", str(pristine), count, templates)
        folder = self._folder / f"{pristine.name}-{use}"
        if not folder.exists():
            shutil.copytree(pristine, folder)
            self.remember(folder)
            time.sleep(SETTLED)
            self.remember(folder)
        return folder

    def remember(self, folder: Path) -> None:
        """Plan a project, which remembers what it finds."""
        words = [self._tools.musicbuild, "plan"]
        subprocess.run(words, cwd=folder, env=quiet(), check=True, stdout=subprocess.DEVNULL)

    def ours(self, folder: Path, verb: str, says: str = "") -> Command:
        return Command([self._tools.musicbuild, verb], folder, says)

    def edited(self, folder: Path, edit: Edit, says: str) -> Command:
        """Return a plan of an edited manifest, which is as it was, and planned, before each."""
        manifest = folder / "musicbuild.yaml"
        text = manifest.read_text("utf-8")
        restored = 0.0

        def write(number: int) -> None:
            time.sleep(max(0.0, restored + SETTLED - time.monotonic()))
            self.remember(folder)
            manifest.write_text(edit(text, number), "utf-8")

        def restore(_: int) -> None:
            nonlocal restored
            manifest.write_text(text, "utf-8")
            restored = time.monotonic()

        return replace(self.ours(folder, "plan", says), before=write, after=restore)
