"""What the documents tell people to type works as they say."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from projects import PROGRAM, Ran

ROOT = Path(__file__).parents[2]
SETUP = 2
"""The first blocks of the README need a package index; `.ci/run` runs them word by word."""


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def typed(project, line: str) -> Ran:
    words = shlex.split(line, comments=True)
    if words[0] == "musicbuild":
        return project.run(*words[1:])
    done = subprocess.run(words, cwd=project.folder, capture_output=True, check=False)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_every_command_of_the_readme_works(project):
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    lines = [line for block in blocks("README.md", "sh")[SETUP:] for line in block.splitlines()]
    assert [line.split()[0] for line in lines] == ["musicbuild"] * 3 + ["git"]
    for line in lines:
        ran = typed(project, line)
        assert ran.code == 0, f"{line}\n{ran.err}"


def test_the_manifest_of_the_readme_plans_as_it_says(project):
    (manifest,) = blocks("README.md", "yaml")
    project.write(manifest, prompts__boss_dot_j2="Phase {{ phase }}, {{ era }}")
    ran = project.plan()
    assert ran.code == 0, ran.err
    assert "to pay: 183 tokens (4 tracks)   spent so far: nothing   budget: 300" in ran.out


def test_the_plan_of_the_readme_is_one_that_is_printed(project):
    rest = "\n".join(f"  other-{n}: {{prompt: piece {n}, duration: 15}}" for n in range(6))
    project.write(
        "version: 1\nalbum: Nightfall\nbudget: {tokens: 300}\n"
        "defaults: {model: musicgen, duration: 60}\n"
        "tracks:\n"
        "  menu: {prompt: 'Calm synthwave, 80 BPM'}\n"
        "  credits: {prompt: the end, duration: 30}\n"
        "  boss-2: {prompt: phase 2, model: elevenlabs-music}\n"
        f"{rest}\n"
    )
    project.build()
    project.edit("Calm synthwave, 80 BPM", "Calm synthwave, soft pads, 80 BPM")
    project.edit("  credits: {", "  credits: {title: The End, ")
    project.edit("tracks:\n", "tracks:\n  boss-1: {prompt: phase 1, model: elevenlabs-music}\n")
    shown = blocks("README.md", "")[0]
    figures = {"12 tracks": "10 tracks", "9 tracks up": "7 tracks up", "134": "130"}
    for old, new in figures.items():
        assert shown.count(old) == 1
        shown = shown.replace(old, new)
    assert project.plan().out == shown


@pytest.mark.parametrize("name", ["quickstart", "game", "video"])
def test_every_example_builds_and_then_has_nothing_to_do(project, gateway, name):
    shutil.copytree(ROOT / "examples" / name, project.folder, dirs_exist_ok=True)
    first = project.run("build")
    assert first.code == 0, first.err
    assert "warning" not in first.err
    second = project.run("build")
    assert re.fullmatch(r" spent nothing   \d+ tracks? up to date\n| spent nothing   \d+ up to date\n", second.out)
    assert project.run("check").code == 0
    assert gateway.requests == []


def test_the_program_is_where_it_is_looked_for():
    assert PROGRAM.is_file()
