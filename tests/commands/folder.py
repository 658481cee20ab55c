"""Commands run as a user runs them: the installed script, in a folder of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("musicbuild")

TWO_TRACKS = """\
version: 1
album: Nightfall
defaults: {duration: 2}
tracks:
  menu:
    prompt: "Calm, 80 BPM"
    labels: [quiet]
  boss:
    prompt: "Driving, phase {{ phase }}, 150 BPM"
    matrix: {phase: [1, 2]}
    title: "Boss {{ phase }}"
"""

PAID = TWO_TRACKS.replace("{duration: 2}", "{duration: 30, model: musicgen}")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command said and returned."""

    code: int
    out: str
    err: str

    @property
    def envelope(self):
        """Return the one JSON object on stdout, checked for its form."""
        (line,) = self.out.splitlines()
        found = json.loads(line)
        fields = ["schema", "command", "ok", "data", "errors", "warnings", "spent"]
        assert list(found) in (fields, [*fields, "event"])
        assert found["schema"] == "musicbuild/1"
        assert found["ok"] is (not found["errors"])
        for error in found["errors"]:
            assert list(error) == ["message", "hint", "file", "line", "column", "code"]
            assert error["code"] == self.code
        return found


class Folder:
    """A project's folder, and the commands that are run in it."""

    def __init__(self, root):
        self.root = root

    def write(self, text, path="musicbuild.yaml"):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return self

    def run(self, *arguments, cwd=None, **environment):
        found = subprocess.run(
            [SCRIPT, *arguments],
            cwd=cwd or self.root,
            env=surroundings(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        out, err = (
            text.decode("utf-8", "backslashreplace") for text in (found.stdout, found.stderr)
        )
        assert "Traceback" not in err
        return Result(found.returncode, out.replace("\r\n", "\n"), err.replace("\r\n", "\n"))


def surroundings(more):
    """Return an environment of which nothing of the tester's own shines through."""
    kept = {"PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "COVERAGE_PROCESS_START"}
    found = {name: value for name, value in os.environ.items() if name in kept}
    return {**found, "PYTHONUTF8": "1", "COLUMNS": "100", **more}
