"""The claim: one build a project, and none that outlives its process."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from musicbuild.claim import claim
from musicbuild.errors import Claimed, PolicyError

HOLD = """
import sys
from pathlib import Path
from musicbuild.claim import claim
from musicbuild.clock import SystemClock
with claim(Path(sys.argv[1]), SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Hold the claim of a folder in another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def refusal(folder, clock):
    with pytest.raises(Claimed) as raised, claim(folder, clock):
        pytest.fail("two builds at once")
    assert raised.value.exit_code == 8
    return str(raised.value)


def test_who_holds_a_claim_is_written_beside_it_and_gone_afterwards(tmp_path, clock):
    with claim(tmp_path / "state", clock):
        about = json.loads((tmp_path / "state/claim.json").read_bytes())
        assert about == {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    assert not (tmp_path / "state/claim.json").exists()
    with claim(tmp_path / "state", clock):
        pass


def test_a_second_build_is_told_who_builds(tmp_path, clock, holder):
    about = json.loads((tmp_path / "state/claim.json").read_bytes())
    assert refusal(tmp_path / "state", clock) == (
        f"another build of this project runs: process {holder.pid} on {about['host']},"
        f" since {about['since']}\n"
        "hint: wait for it to end, or build with `--wait SECONDS`"
    )


@pytest.mark.parametrize(
    "about",
    [None, b"", b"{}", b"[]", b'{"pid": "\x1b[2J", "host": "x", "since": ""}', b"\xff", b"7"],
)
def test_what_is_written_beside_a_claim_decides_nothing(tmp_path, clock, holder, about):
    path = tmp_path / "state/claim.json"
    path.unlink() if about is None else path.write_bytes(about)
    assert refusal(tmp_path / "state", clock).startswith(
        "another build of this project runs\nhint: "
    )


def test_a_claim_ends_with_its_process(tmp_path, clock, holder):
    holder.kill()
    holder.wait()
    with claim(tmp_path / "state", clock):
        pass


def test_a_claim_may_be_waited_for(tmp_path, clock, holder):
    ready = threading.Event()

    def end():
        ready.wait()
        holder.communicate(b"")

    other = threading.Thread(target=end)
    other.start()
    ready.set()
    with claim(tmp_path / "state", clock, wait=60):
        pass
    other.join()


def test_a_claim_ends_with_a_failure(tmp_path, clock):
    with pytest.raises(ZeroDivisionError), claim(tmp_path / "state", clock):
        raise ZeroDivisionError
    with claim(tmp_path / "state", clock):
        pass


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_without_locks_nothing_is_built(tmp_path, clock, monkeypatch, number):
    def no_locks(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(PolicyError, match="can't lock files"), claim(tmp_path / "state", clock):
        pytest.fail("it builds without a claim")


def test_a_claim_that_can_not_be_written_is_said_as_it_is(tmp_path, clock, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", broken)
    with pytest.raises(OSError, match="Input/output error"), claim(tmp_path / "state", clock):
        pytest.fail("it builds without a claim")
