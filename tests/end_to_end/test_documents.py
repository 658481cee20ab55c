"""What the documents tell people to type works as they say."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from projects import PROGRAM, Ran

ROOT = Path(__file__).parents[2]
SETUP = 2
"""The first blocks of the README need a package index; `.ci/run` runs them word by word."""


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of a document that are marked with a language, or with none."""
    text = (ROOT / name).read_text("utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for marked, block in found if marked == language]


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


def test_the_plan_of_the_readme_is_what_is_printed(project):
    project.write(
        "version: 1\nalbum: Nightfall\nbudget: {tokens: 300}\n"
        "defaults: {duration: 60}\n"
        "tracks:\n"
        "  menu: {prompt: 'Calm synthwave, 80 BPM', model: musicgen}\n"
        "  credits: {prompt: the end, duration: 30, model: musicgen}\n"
        "  boss-2: {prompt: phase 2, model: elevenlabs-music}\n"
        "  boss-3: {prompt: phase 3, model: elevenlabs-music}\n"
        + "".join(f"  village-{n}: {{prompt: village {n}, duration: 1}}\n" for n in range(7))
    )
    project.build()
    project.edit("Calm synthwave, 80 BPM", "Calm synthwave, soft pads, 80 BPM")
    project.edit("  credits: {", "  credits: {title: The End, ")
    project.edit("tracks:\n", "tracks:\n  boss-1: {prompt: phase 1, model: elevenlabs-music}\n")
    assert project.plan().out == blocks("README.md", "")[0]


@pytest.mark.parametrize("name", ["quickstart", "game", "video"])
def test_every_example_builds_and_then_has_nothing_to_do(project, gateway, name):
    shutil.copytree(ROOT / "examples" / name, project.folder, dirs_exist_ok=True)
    first = project.run("build")
    assert first.code == 0, first.err
    assert "warning" not in first.err
    second = project.run("build")
    assert re.fullmatch(
        r" spent nothing   \d+ tracks? up to date\n| spent nothing   \d+ up to date\n", second.out
    )
    assert project.run("check").code == 0
    assert gateway.requests == []


def test_the_program_is_where_it_is_looked_for():
    assert PROGRAM.is_file()


def test_the_manifest_of_the_handbook_plans(project):
    (manifest,) = blocks("docs/manifest.md", "yaml")
    ran = project.write(manifest).plan()
    assert (ran.code, ran.err) == (0, "")
    assert "to pay: 357 tokens (4 tracks)" in ran.out


def test_the_commands_for_scripts_are_understood(project):
    lines = [line for block in blocks("docs/scripting.md", "") for line in block.splitlines()]
    typed_lines = [line.partition(" > ")[0] for line in lines if line.startswith("musicbuild ")]
    assert len(typed_lines) == 11
    project.write("version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n")
    nothing_open = {line: 2 for line in typed_lines if line.startswith("musicbuild recover boss-1")}
    assert len(nothing_open) == 3
    for line in typed_lines:
        assert typed(project, line).code == nothing_open.get(line, 0), line


def test_the_python_of_the_documents_runs(project):
    (code,) = blocks("docs/scripting.md", "python")
    project.write("version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.folder, capture_output=True, check=True
    )
    assert done.stdout == b"theme ['new']\n"
