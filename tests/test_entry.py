"""Where the program starts: what it answers by itself, and that nobody can tell the difference."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from musicbuild import cli, entry, usage

SCRIPT = Path(sys.executable).with_name("musicbuild")
WIDTHS = [80, 81, 200, 0, -1]


def run(*arguments, program=(SCRIPT,), **more):
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **more}
    found = subprocess.run(
        [*program, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return found.returncode, found.stdout, found.stderr


def by_click(width, capfd):
    """Return what click writes for `musicbuild --help` at a width, and forget that it was said."""
    environment = pytest.MonkeyPatch()
    with environment.context() as patch:
        patch.setenv("COLUMNS", str(width))
        assert cli.run(["--help"]) == 0
    return capfd.readouterr().out


@pytest.mark.parametrize("width", WIDTHS)
def test_the_quick_help_is_the_very_help_of_click(width, capfd):
    assert usage.help_text() == by_click(width, capfd)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("width", [*WIDTHS, 79, 60, 20, 1])
def test_help_is_laid_out_as_click_lays_it_out(option, width, capfd):
    expected = by_click(width, capfd).encode()
    assert run(option, COLUMNS=str(width)) == (0, expected, b"")


@pytest.mark.parametrize("said", ["", "wide", "80.5", "\uff11\uff10\uff10"])
def test_columns_that_are_no_number_are_those_of_the_terminal(said, capfd):
    expected = by_click(said, capfd).encode()
    assert run("--help", COLUMNS=said) == (0, expected, b"")


@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
@pytest.mark.parametrize("columns", [0, 50, 79, 80, 120])
def test_help_fits_the_terminal(columns, capfd):
    import fcntl
    import pty
    import struct
    import termios

    expected = by_click(columns, capfd)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"PATH": os.environ["PATH"]}
    subprocess.run([SCRIPT, "--help"], stdout=follower, env=environment, check=True)
    os.close(follower)
    shown = b""
    with open(leader, "rb", buffering=0, closefd=True) as screen:  # noqa: PTH123
        try:
            while found := screen.read(4096):
                shown += found
        except OSError:  # so Linux says that the other end is closed
            pass
    assert shown.decode().replace("\r\n", "\n") == expected


def test_other_words_are_left_to_click(capfd):
    assert cli.run(["--json", "--help"]) == 0
    expected = capfd.readouterr().out.encode()
    for words in (["--json", "--help"], ["--help", "plan"], ["-h", "--version"]):
        assert run(*words) == (0, expected, b"")
    assert run("--version", "--help") == (0, b"musicbuild 0.1.0\n", b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")  # noqa: PTH110
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_full_disk_is_told_of_a_quick_answer_too(option):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        found = subprocess.run([SCRIPT, option], stdout=full, stderr=subprocess.PIPE, check=False)
    assert found.returncode == 7
    assert found.stderr == b"error: no space left on device\nhint: free some space, and retry\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes and streams are closed in another way there")
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_nobody_has_to_hear_a_quick_answer(option):
    reader, writer = os.pipe()
    os.close(reader)
    found = subprocess.run([SCRIPT, option], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (found.returncode, found.stderr) == (141, b"")
    for closing in (">&-", "2>&-", ">&- 2>&-"):
        found = subprocess.run(
            f'"{SCRIPT}" {option} {closing}', shell=True, capture_output=True, check=False
        )
        assert (found.returncode, found.stderr) == (0, b"")


ENDING = """
import atexit, sys, threading
from musicbuild import cli, entry

class Late:
    def __del__(self):
        print("late")

late = Late()

def work(_):
    {work}
    return 3

cli.run = work
sys.exit(entry.main())
"""


def ended(work):
    return run("-c", ENDING.format(work=work), program=(sys.executable,))


@pytest.mark.parametrize(
    "work",
    ["atexit.register(print, 'the end')", "threading.Timer(0.1, print, ['the end']).start()"],
)
def test_whoever_waits_for_the_end_sees_it(work):
    assert ended(work) == (3, b"the end\nlate\n", b"")


def test_the_process_ends_at_once_where_nobody_waits():
    assert ended("pass") == (3, b"", b"")


def test_a_profiler_has_its_say():
    code, out, err = run(
        "-m", "cProfile", "-m", "musicbuild", "--version", program=[sys.executable]
    )
    assert (code, err) == (0, b"")
    assert b"function calls" in out


def test_the_installed_command_starts_here():
    (script,) = entry_points(group="console_scripts", name="musicbuild")
    assert script.load() is entry.main
