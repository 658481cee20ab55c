"""The command line as a whole: exit codes, colour, and closed doors."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from musicbuild import cli
from musicbuild.commands import options
from musicbuild.errors import IntegrityError, MusicbuildError, OutOfDate, PolicyError

SCRIPT = Path(sys.executable).with_name("musicbuild")


def run(*arguments, cwd=None, program=(SCRIPT,), **more):
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **more}
    return subprocess.run(
        [*program, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.fixture
def empty(tmp_path):
    return tmp_path


def test_the_version_is_one_line():
    found = run("--version")
    assert (found.returncode, found.stdout, found.stderr) == (0, "musicbuild 0.1.0\n", "")


def test_help_lists_every_command():
    for option in ("--help", "-h"):
        found = run(option)
        assert found.returncode == 0
        assert all(f"  {name} " in found.stdout for name in cli.COMMANDS)


def test_every_command_is_there_and_has_help():
    context = click.Context(cli.program)
    for name in cli.COMMANDS:
        command = cli.program.get_command(context, name)
        assert command is not None
        assert command.help
        assert run(name, "--help").returncode == 0


def test_no_command_prints_the_help_and_fails():
    found = run()
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("Usage: musicbuild [OPTIONS]")


def test_a_mistyped_command_is_guessed():
    found = run("plna")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "error: unknown command `plna`\nhint: did you mean `plan`?\n"
    found = run("xyzzy")
    assert found.stderr == (
        "error: unknown command `xyzzy`\nhint: `musicbuild --help` lists the commands\n"
    )


def test_a_mistyped_option_is_guessed():
    found = run("plan", "--onlin")
    assert found.returncode == 2
    assert found.stderr == "error: unknown option `--onlin`\nhint: did you mean `--online`?\n"
    found = run("plan", "--color", "blue")
    assert found.returncode == 2
    assert found.stderr == (
        "error: invalid value for `--color`: `blue` is not one of `auto`, `always`, `never`\n"
        "hint: `musicbuild plan --help` shows what it takes\n"
    )


def test_a_wrong_command_line_is_told_in_json_too():
    for arguments in (["--json", "plan", "--x"], ["plan", "--x", "--json"]):
        found = run(*arguments)
        envelope = json.loads(found.stdout)
        assert (found.returncode, found.stderr) == (2, "")
        assert envelope["command"] == "plan"
        assert envelope["errors"][0]["message"] == "unknown option `--x`"


def test_an_empty_folder_is_told_how_to_begin(empty):
    for command in ("plan", "build", "check", "list", "cost"):
        found = run(command, cwd=empty)
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr == (
            f"error: there is no `musicbuild.yaml` in `{empty}` or above it\n"
            "hint: `musicbuild init` writes one\n"
        )


@pytest.mark.parametrize("arguments", [["-f", "other.yaml", "list"], ["list", "-f", "other.yaml"]])
def test_another_manifest_is_named_before_or_after_the_command(arguments, empty):
    (empty / "other.yaml").write_text("version: 1\ntracks: {menu: {prompt: Calm}}\n")
    assert "menu" in run(*arguments, cwd=empty).stdout


@pytest.mark.parametrize("arguments", [["-C", "sub", "list"], ["list", "-C", "sub/deep"]])
def test_another_folder_is_searched_upwards(arguments, empty):
    (empty / "sub" / "deep").mkdir(parents=True)
    (empty / "sub" / "musicbuild.yaml").write_text("version: 1\ntracks: {menu: {prompt: Calm}}\n")
    assert "menu" in run(*arguments, cwd=empty).stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_the_users_choice(arguments, environment, colored, empty):
    (empty / "musicbuild.yaml").write_text("version: 1\ntracks: {menu: {prompt: Calm}}\n")
    found = run("plan", *arguments, cwd=empty, **environment)
    assert ("\x1b[" in found.stdout) is colored
    found = run("plan", "nothing", *arguments, cwd=empty, **environment)
    assert ("\x1b[" in found.stderr) is colored


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
)
def test_any_console_can_show_any_title(environment, empty):
    manifest = 'version: 1\nalbum: "夜 é"\ntracks: {menu: {prompt: "Calm 夜", title: "夜 é"}}\n'
    (empty / "musicbuild.yaml").write_text(manifest, encoding="utf-8")
    for command in ("plan", "list", "check"):
        found = subprocess.run(
            [SCRIPT, command], cwd=empty, env={**os.environ, **environment}, capture_output=True,
            check=False,
        )  # fmt: skip
        assert found.returncode in (0, 3)
        assert b"internal error" not in found.stderr
        assert b"menu" in found.stdout


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way there")
def test_a_reader_who_leaves_is_no_failure_to_speak_of(empty):
    tracks = "".join(f"  t{number}: {{prompt: Calm}}\n" for number in range(3000))
    (empty / "musicbuild.yaml").write_text(f"version: 1\ntracks:\n{tracks}")
    process = subprocess.Popen(
        [SCRIPT, "list"],
        cwd=empty,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.read(10)
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait() == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")  # noqa: PTH110
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        found = subprocess.run([SCRIPT, "models"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert found.returncode == 7
    assert found.stderr == b"error: no space left on device\nhint: free some space, and retry\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell is needed to close streams")
def test_closed_streams_are_endured():
    for closing in (">&-", "2>&-", ">&- 2>&-"):
        found = subprocess.run(
            f'"{SCRIPT}" models {closing}', shell=True, capture_output=True, check=False
        )
        assert (found.returncode, found.stderr) == (0, b"")


def test_a_hostile_folder_is_not_imported_from(empty):
    for name in ("yaml", "click", "__future__", "jinja2", "json"):
        (empty / f"{name}.py").write_text("print('hacked')\nraise SystemExit(99)\n")
    found = run("-m", "musicbuild", "models", cwd=empty, program=(sys.executable,))
    assert found.returncode == 0, found.stderr
    assert "hacked" not in found.stdout


def test_the_module_is_the_command(empty):
    found = run("-m", "musicbuild", "--version", cwd=empty, program=(sys.executable,))
    assert (found.returncode, found.stdout) == (0, "musicbuild 0.1.0\n")
    found = run("-P", "-m", "musicbuild", "--version", cwd=empty, program=(sys.executable,))
    assert found.returncode == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OutOfDate("late", hint="build"), 3, "error: late\nhint: build\n"),
        (PolicyError("too dear"), 4, "error: too dear\n"),
        (IntegrityError("lost"), 7, "error: lost\n"),
        (PermissionError(13, "Permission denied", "x"), 1, "error: `x`: permission denied\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x"),
            7,
            "error: `x`: no space left on device\nhint: free some space, and retry\n",
        ),
        (
            ZeroDivisionError("oh"),
            1,
            (
                "error: internal error: ZeroDivisionError: oh\n"
                "hint: this is a fault of musicbuild;"
                " `MUSICBUILD_DEBUG=1` shows where it happened\n"
            ),
        ),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (click.Abort(), 130, "error: interrupted\n"),
    ],
)
def test_every_failure_has_its_code_and_its_words(error, code, said, monkeypatch, capsys):
    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(cli.program, "main", fail)
    monkeypatch.delenv("MUSICBUILD_DEBUG", raising=False)
    assert cli.run(["plan"]) == code
    assert capsys.readouterr() == ("", said)


def test_a_traceback_is_for_those_who_ask(monkeypatch, capsys):
    def fail(*_arguments, **_options):
        raise MusicbuildError("oh")

    monkeypatch.setattr(cli.program, "main", fail)
    monkeypatch.setenv("MUSICBUILD_DEBUG", "1")
    assert cli.run(["plan"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_last_word_on_colour_counts():
    settings = options.Settings()
    words = ["--color", "never", "schema", "--color", "always"]
    cli.program.main(words, standalone_mode=False, obj=settings)
    assert settings.console.manner.color.value == "always"


def test_a_folder_may_be_named_like_a_command(empty):
    (empty / "build").mkdir()
    (empty / "build" / "musicbuild.yaml").write_text("version: 1\ntracks: {}\n")
    found = run("-C", "build", "list", "--json", cwd=empty)
    assert json.loads(found.stdout)["command"] == "list"
