"""`init`, `schema`, `doctor`, `completion`: how one begins, and what helps."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from commands.folder import PAID, SCRIPT, surroundings
from gateway import Gateway

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_init_says_what_it_wrote_and_what_comes_next(folder):
    found = folder.run("init")
    assert (found.code, found.err) == (0, "")
    assert (
        found.out
        == """\
 wrote  musicbuild.yaml
 wrote  prompts/calm.j2
 wrote  .gitignore

 musicbuild plan    shows what would be made, and for how much
 musicbuild build   makes it; as it stands free, offline and without a key

 to keep audio in Git LFS: git lfs track "audio/**/*.mp3"
"""
    )
    assert (folder.root / ".gitignore").read_text() == ".musicbuild/\n"
    assert (folder.root / ".musicbuild" / "musicbuild.schema.json").exists()


@pytest.mark.parametrize("template", ["minimal", "game", "video"])
def test_every_template_plans_without_a_warning_and_for_nothing(template, folder):
    assert folder.run("init", "--template", template, "--json").envelope["ok"]
    found = folder.run("plan")
    assert (found.code, found.err) == (0, "")
    assert found.out.endswith("\n to pay: nothing\n")


def test_what_init_writes_builds_at_once(folder):
    folder.run("init")
    assert folder.run("build").code == 0
    assert folder.run("check").code == 0


def test_init_replaces_a_manifest_only_when_told_to(project):
    before = (project.root / "musicbuild.yaml").read_text()
    found = project.run("init")
    assert (found.code, found.out) == (2, "")
    assert found.err == (
        "error: `musicbuild.yaml` is there already\n"
        "hint: `musicbuild plan` shows what it would build; `--force` replaces it\n"
    )
    assert (project.root / "musicbuild.yaml").read_text() == before
    assert project.run("init", "--force").code == 0
    assert (project.root / "musicbuild.yaml").read_text() != before


def test_init_leaves_what_else_is_there(folder):
    folder.write("mine", "prompts/calm.j2").write("*.tmp", ".gitignore")
    assert folder.run("init").code == 0
    assert folder.run("init", "--force").code == 0
    assert (folder.root / "prompts" / "calm.j2").read_text() == "mine"
    assert (folder.root / ".gitignore").read_text() == "*.tmp\n.musicbuild/\n"


def test_init_works_in_another_folder(folder):
    (folder.root / "sub").mkdir()
    assert folder.run("-C", "sub", "init").out.startswith(" wrote  sub/musicbuild.yaml\n")


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_example_plans_without_a_warning_and_for_nothing(name, run):
    found = run("-C", str(EXAMPLES / name), "plan")
    assert (found.code, found.err) == (0, "")
    assert " to pay: nothing" in found.out


def test_the_schema_is_printed_or_written(run, folder):
    printed = run("schema").out
    assert json.loads(printed)["title"] == "musicbuild.yaml"
    assert run("schema", "--write", "editor/schema.json").out == " wrote  editor/schema.json\n"
    assert (folder.root / "editor" / "schema.json").read_text(encoding="utf-8") == printed
    assert run("schema", "--json").envelope["data"]["schema"] == json.loads(printed)


def test_a_doctor_finds_a_healthy_project_healthy(built):
    found = built.run("doctor")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert all(line.startswith("ok    ") for line in lines), found.out
    assert "ok    manifest: musicbuild.yaml, tracks: 3, warnings: 0" in lines
    assert "ok    lock: tracks: 3, bought: 3" in lines
    assert "ok    outputs: 3 of 3 are there" in lines


def test_a_doctor_never_shows_a_key(folder):
    folder.write(PAID)
    found = folder.run("doctor")
    assert found.code == 1
    assert "fail  key for elumenta: `ELUMENTA_API_KEY` is not set" in found.out
    secret = "nb_" + "s3cr3t" * 7 + "abc"
    found = folder.run("doctor", ELUMENTA_API_KEY=secret)
    assert "ok    key for elumenta: as a build needs it\n" in found.out
    found = folder.run("doctor", "--json", ELUMENTA_API_KEY=secret + " broken")
    assert "s3cr3t" not in found.out + found.err


def test_a_doctor_finds_what_is_wrong(folder):
    found = folder.run("doctor")
    assert found.code == 1
    assert "fail  manifest: there is no `musicbuild.yaml`" in found.out
    assert found.err == "error: 1 thing would keep a build from working\n"
    folder.write("version: 1\ntracks: {menu: {promt: x}}\n").write("{", "musicbuild.lock")
    found = folder.run("doctor")
    assert found.code == 1
    assert "fail  lock: `musicbuild.lock` is damaged" in found.out
    assert "fail  manifest: unknown key `promt`" in found.out
    assert found.err == "error: 2 things would keep a build from working\n"
    healths = folder.run("doctor", "--json").envelope["data"]["findings"]
    assert {one["health"] for one in healths} == {"ok", "fail"}


def test_a_doctor_finds_pointers(project):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 5\n"
    found = project.write(pointer, "audio/menu.mp3").run("doctor")
    assert (
        "warn  git lfs: 1 of 3 outputs is a pointer, the first `audio/menu.mp3`\n"
        "      hint: `git lfs pull` fetches them\n"
    ) in found.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell, run):
    found = run("completion", shell)
    assert (found.code, found.err) == (0, "")
    assert f"_MUSICBUILD_COMPLETE={shell}_complete" in found.out


def completed(folder, *words):
    line = " ".join(["musicbuild", *words])
    found = subprocess.run(
        [SCRIPT],
        cwd=folder.root,
        env=surroundings(
            {
                "_MUSICBUILD_COMPLETE": "bash_complete",
                "COMP_WORDS": line,
                "COMP_CWORD": str(len(words)),
            }
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stderr == ""
    return [word.partition(",")[2] for word in found.stdout.splitlines() if word]


def test_commands_tracks_and_labels_are_completed(project):
    assert completed(project, "ch") == ["check"]
    assert completed(project, "show", "b") == ["boss-1", "boss-2"]
    assert completed(project, "plan", "--label", "q") == ["quiet"]
    assert "--online" in completed(project, "plan", "--on")


def test_completion_never_fails(folder):
    assert completed(folder, "show", "b") == []
    assert completed(folder.write("tracks: ["), "show", "b") == []
    assert completed(folder.write(PAID), "-C", os.fspath(folder.root / "no"), "show", "b") == [
        "boss-1",
        "boss-2",
    ]


def test_a_doctor_asks_a_provider_only_when_told_to(folder):
    with Gateway() as gateway:
        found = folder.write(PAID).run("doctor", **gateway.environment)
        assert gateway.requests == []
        assert "connection" not in found.out
        found = folder.run("doctor", "--online", **gateway.environment)
        assert "ok    connection to elumenta: 3000 tokens left\n" in found.out
        assert {request.method for request in gateway.requests} == {"GET"}


def test_a_doctor_says_that_a_key_is_refused(folder):
    with Gateway() as gateway:
        wrong = {**gateway.environment, "ELUMENTA_API_KEY": "nb_" + "x" * 45}
        found = folder.write(PAID).run("doctor", "--online", **wrong)
    assert found.code == 1
    assert "fail  connection to elumenta: " in found.out
