"""What a build remembers is for its owner alone, and what it writes has a name none could guess."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from gateway import Gateway
from projects import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")

MANIFEST = """
    version: 1
    defaults: {model: musicgen}
    tracks: {theme: {prompt: slow waltz}, sketched: {prompt: pads, model: sketch, duration: 2}}
"""

WATCHED = """
import json, os, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def watch(event, given):
    if event == "open" and given[2] & os.O_CREAT and not isinstance(given[0], int):
        os.write(log, json.dumps([str(given[0]), given[2]]).encode() + b"\\n")
sys.addaudithook(watch)
from musicbuild.entry import main
sys.exit(main())
"""
"""The program, with a list of the files that it opens to make them."""

SCHEMA = "musicbuild.schema.json"
"""The same for everybody."""
ASIDE = re.compile(r"\..+\.[0-9a-f]{16}")
NEW = os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
REMEMBERED = re.compile(r".*/\.musicbuild/(claim|journal/[0-9a-f]+\.jsonl)")
"""What is added to or locked where it stands; nobody else may write in the folder that it is in."""


APART = re.compile(r".*/(musicbuild-[a-z0-9_]{8}/(source|output)-[0-9]+|[a-z0-9_]{8})")
"""What is handed to the audio tools, in a folder that was made for it and is nobody else's; and how
the system's temporary folder is tried out."""


def watched(project, log, *words):
    done = subprocess.run(
        [sys.executable, "-BP", "-c", WATCHED, log, *words],
        cwd=project.folder,
        env=project.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        umask=0,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()]


def test_what_is_written_has_a_new_name_that_none_could_guess(tmp_path):
    names = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        with Gateway() as gateway:
            project = Project(tmp_path / place, gateway).write(MANIFEST)
            made = watched(project, tmp_path / f"{place}.log", "build", "--yes")
        known = [path for path, _ in made if REMEMBERED.fullmatch(path) or APART.fullmatch(path)]
        aside = [(path, flags) for path, flags in made if path not in known]
        assert len(aside) > 10
        for path, flags in aside:
            name = Path(path).name
            assert ASIDE.fullmatch(name), path
            assert flags & NEW == NEW, path
            names.append(name)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_remembered_is_for_its_owner_alone(tmp_path, begun):
    with Gateway() as gateway:
        project = Project(tmp_path, gateway)
        if begun:
            watched(project, tmp_path / "log", "init")
        watched(project.write(MANIFEST), tmp_path / "log", "build", "--yes")
    state = tmp_path / ".musicbuild"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    kept = [path for path in state.rglob("*") if path.is_file() and path.name != SCHEMA]
    assert {path.relative_to(state).parts[0] for path in kept} >= {"claim", "journal", "store"}
    for path in kept:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o444 if "store" in path.parts else 0o600), path
