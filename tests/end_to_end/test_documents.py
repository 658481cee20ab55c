"""What the documents tell people to type works as they say."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from projects import PROGRAM, Ran

from musicbuild.manifest.keys import MASTER, QC
from musicbuild.manifest.mastering import CURVES, FORMAT_SETTINGS, PRESETS
from musicbuild.spec import Tolerances

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
    assert len(typed_lines) == 15
    project.write("version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n")
    nothing_open = {line: 2 for line in typed_lines if line.startswith("musicbuild recover boss-1")}
    assert len(nothing_open) == 3
    for line in typed_lines:
        assert typed(project, line).code == nothing_open.get(line, 0), line


def test_the_commands_for_a_team_are_understood(project):
    addresses, *_ = blocks("docs/reproducible.md", "yaml")
    for line in addresses.splitlines():
        project.write(f"version: 1\n{line}\ntracks: {{theme: {{prompt: waltz, duration: 1}}}}\n")
        assert project.plan().code == 0, line
    project.edit(addresses.splitlines()[-1], addresses.splitlines()[0])
    project.build()
    lines = [line for block in blocks("docs/reproducible.md", "sh") for line in block.splitlines()]
    lines = [line for line in lines if re.match("musicbuild (push|pull|build)", line)]
    assert len(lines) == 7
    for line in lines:
        assert typed(project, line).code == 0, line


def test_the_python_of_the_documents_runs(project):
    (code,) = blocks("docs/scripting.md", "python")
    project.write("version: 1\ntracks: {theme: {prompt: slow waltz, duration: 1}}\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.folder, capture_output=True, check=True
    )
    assert done.stdout == b"theme ['new']\n"


MASTERING = "docs/mastering.md"


def keyed(name: str, heading: str) -> dict[str, tuple[str, ...]]:
    """Return the rows of the tables in one section."""
    text = (ROOT / name).read_text("utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    found = {}
    for line in lines:
        first, *rest = (cell.strip() for cell in line.strip("|").split("|"))
        found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), tuple(rest)))
    return found


@pytest.mark.parametrize("number", range(len(blocks(MASTERING, "yaml"))))
def test_every_manifest_of_the_page_on_mastering_is_read_without_a_warning(project, number):
    lines = blocks(MASTERING, "yaml")[number]
    if "tracks:" not in lines:
        lines = f"version: 1\n{lines}tracks: {{theme: {{prompt: slow waltz}}}}\n"
    ran = project.write(lines).plan()
    assert (ran.code, ran.err) == (0, "")


def test_the_first_manifest_of_the_page_on_mastering_builds_as_it_says(project):
    project.write(blocks(MASTERING, "yaml")[0]).edit("duration: 20", "duration: 8")
    assert project.build().code == 0
    measured = {
        path: output["measured"]
        for track in project.lock()["tracks"].values()
        for path, output in track["outputs"].items()
    }
    assert measured["audio/sting.mp3"]["samples"] == 198_450
    assert measured["audio/cave.wav"]["loop_start"] == 0
    told = keyed(MASTERING, "What is measured, and what is said")
    assert {name for figures in measured.values() for name in figures} <= told.keys()
    assert project.run("check", "--audio").out.endswith("are up to date\n")


def test_the_page_on_mastering_has_a_row_for_every_key():
    assert MASTER.keys() <= {
        *keyed(MASTERING, "Loudness"),
        *keyed(MASTERING, "Ends"),
        *keyed(MASTERING, "Form"),
        "loop",
    }
    assert {"crossfade", "bars"} <= keyed(MASTERING, "Loops").keys()
    page = (ROOT / MASTERING).read_text("utf-8")
    assert all(f"`{curve}`" in page for curve in CURVES)


def test_the_page_on_mastering_has_each_preset_with_its_levels():
    told = keyed(MASTERING, "Loudness")
    for name, preset in PRESETS.items():
        assert told[name] == (f"{preset.loudness:g}", f"{preset.true_peak:g}", preset.source)


def test_the_page_on_mastering_has_each_format_with_its_settings():
    told = keyed(MASTERING, "Formats")
    assert told.keys() == FORMAT_SETTINGS.keys()
    for name, settings in FORMAT_SETTINGS.items():
        assert set(re.findall(r"`(\w+)`", told[name][0])) - {"sketch"} == settings.keys()


def test_the_page_on_mastering_has_each_tolerance_with_what_is_usual():
    told = keyed(MASTERING, "What is measured, and what is said")
    usual = {one.name: one.default for one in fields(Tolerances)}
    for name in QC.keys() - {"duration", "key"}:
        assert told[name][-1] == f"{usual[name]:g}", name
    assert (told["key"][-1], usual["key"]) == ("true", True)


def test_the_pictures_are_small_and_each_is_shown():
    shown = re.findall(r"!\[[^]]+\]\((pictures/\w+\.svg)\)", (ROOT / MASTERING).read_text("utf-8"))
    assert sorted(shown) == sorted(
        f"pictures/{one.name}" for one in (ROOT / "docs/pictures").iterdir()
    )
    for one in shown:
        data = (ROOT / "docs" / one).read_bytes()
        assert len(data) < 15_000
        assert ET.fromstring(data).findtext("{http://www.w3.org/2000/svg}title")
