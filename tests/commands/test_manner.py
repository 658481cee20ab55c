"""How a build speaks: lines, a sum, JSON, and bars only where somebody looks."""

from __future__ import annotations

import json
import os
import select
import time

import pytest
from canary import WATCH
from commands.folder import PAID, SCRIPT, TWO_TRACKS, surroundings

SUM = """\
 made      menu     new   free
 made      boss-1   new   free
 made      boss-2   new   free
 spent nothing   3 made
"""


def test_talk_goes_to_stderr_and_the_sum_to_stdout(project):
    found = project.run("build", "--jobs", "1")
    assert (found.code, found.out) == (0, SUM)
    assert (
        found.err
        == """\
3 tracks to build
menu: composed, 2 s
menu: made
boss-1: composed, 2 s
boss-1: made
boss-2: composed, 2 s
boss-2: made
"""
    )
    found = project.run("build")
    assert (found.out, found.err) == (" spent nothing   3 up to date\n", "")


def test_quiet_leaves_the_sum(project):
    found = project.run("build", "-q")
    assert (found.out, found.err) == (" spent nothing   3 made\n", "")


def test_free_work_says_what_it_was(project):
    project.run("build")
    project.write(TWO_TRACKS.replace("album: Nightfall", "album: Dawn"))
    found = project.run("build")
    assert (
        found.out
        == """\
 tagged    menu     album changed: tags only   free
 tagged    boss-1   album changed: tags only   free
 tagged    boss-2   album changed: tags only   free
 spent nothing   3 tagged
"""
    )


def test_a_build_for_programs_is_a_line_an_event(project):
    found = project.run("build", "--json", "--jobs", "1")
    assert (found.code, found.err) == (0, "")
    lines = [json.loads(line) for line in found.out.splitlines()]
    assert {line["schema"] for line in lines} == {"musicbuild/1"}
    assert [line["event"] for line in lines] == [
        "started",
        *["track_started", "bought", "track_finished"] * 3,
        "finished",
    ]
    assert lines[-1] == {
        "schema": "musicbuild/1",
        "command": "build",
        "ok": True,
        "data": {"made": 3, "failed": 0, "left": 0},
        "errors": [],
        "warnings": [],
        "spent": {},
        "event": "finished",
    }


def test_a_build_that_can_not_begin_is_one_line_for_programs(folder):
    found = folder.write(PAID).run("build", "--json", "--yes")
    assert (found.code, found.err) == (5, "")
    assert found.envelope["event"] == "finished"
    found = folder.write("x").run("build", "--json")
    assert found.envelope["errors"][0]["code"] == 2


def test_colour_brings_no_bars(project):
    found = project.run("build", FORCE_COLOR="1")
    assert "menu\x1b[0m: \x1b[32mmade\x1b[0m" in found.err
    assert "━" not in found.err


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo terminals")
def test_a_terminal_gets_bars_and_then_the_sum(project):
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.root)
        os.execve(SCRIPT, [str(SCRIPT), "build"], surroundings({"TERM": "xterm", "LINES": "24"}))
    shown = read_all(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "━" in shown
    assert "of 3   spent nothing" in shown
    assert shown.rstrip().endswith("spent nothing   3 made")


def read_all(terminal):
    """Read until the other end closes; Linux says so by an error."""
    shown = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    WATCH.see("a terminal", shown)
    return shown.decode()
