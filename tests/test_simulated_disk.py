"""The simulated disk beside a real one: to whatever is asked, both say the same."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulation.disk import Disk
from simulation.mount import mounted

from musicbuild import durable
from musicbuild.claim import claim
from musicbuild.clock import SystemClock
from musicbuild.errors import Claimed
from musicbuild.hashing import digest_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it stands for a POSIX system's")

NAMES = ["one", "two", "one/two", "one/two/three", "four/five", "four/.six.part"]


def _overwrite(path, _, data):
    return path.write_bytes(data)


def _replace(path, other, _):
    if not path.is_dir():  # folders are never moved
        path.replace(other)


def _remove(path, *_):
    if not path.is_dir():  # of folders each system says something else
        path.unlink()


def _names(paths):
    return sorted(str(path) for path in paths)


ASKED = {
    "write": lambda path, _, data: durable.write(path, data),
    "append": lambda path, _, data: durable.append(path, data),
    "overwrite": _overwrite,
    "replace": _replace,
    "remove": _remove,
    "mkdir": lambda path, *_: path.mkdir(),
    "mkdir parents": lambda path, *_: path.mkdir(parents=True, exist_ok=True),
    "make_folder": lambda path, *_: durable.make_folder(path),
    "probe": lambda path, *_: durable.probe(path, 1),
    "truncate": lambda path, _, data: os.truncate(path, len(data)),
    "rmtree": lambda path, *_: shutil.rmtree(path, ignore_errors=True),
    "read": lambda path, *_: path.read_bytes(),
    "digest": lambda path, *_: digest_file(path),
    "exists": lambda path, *_: (path.exists(), path.is_file(), path.is_dir(), path.is_symlink()),
    "size": lambda path, *_: path.is_file() and path.stat().st_size,
    "lstat": lambda path, *_: path.is_file() and os.lstat(path).st_size,
    "resolve": lambda path, *_: str(path.resolve()),
    "resolve up": lambda path, *_: str((path / ".." / "two").resolve()),
    "glob": lambda path, *_: _names(path.glob("*")),
    "glob some": lambda path, *_: _names(path.glob("t*")),
    "glob deep": lambda path, *_: _names(path.glob("*/*")),
    "rglob": lambda path, *_: _names(path.rglob("*")),
    "iterdir": lambda path, *_: _names(path.iterdir()),
}

STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(ASKED)),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from([b"", b"short", b"something longer"]),
    ),
    max_size=20,
)


def _answers(root, steps):
    """Ask one after another; a root's own name is taken out of what is said."""
    for what, one, other, data in steps:
        try:
            said = ASKED[what](root / one, root / other, data)
        except OSError as error:
            said = error.errno
        yield what, one, str(said).replace(str(root), "")
    yield (
        "in the end",
        "",
        [
            (str(path.relative_to(root)), path.read_bytes() if path.is_file() else None)
            for path in sorted(root.rglob("*"))
        ],
    )


@given(STEPS)
@example([(what, name, "two", b"text") for name in NAMES for what in ASKED])
@example([(what, name, "one", b"text") for what in ASKED for name in NAMES])
@settings(max_examples=100, deadline=None)
def test_it_answers_as_a_real_one(steps):
    with TemporaryDirectory() as folder:
        expected = list(_answers(Path(folder).resolve(), steps))
    disk = Disk(Path("/nowhere/project"), Random(0))
    with mounted(lambda: disk):
        assert list(_answers(disk.home, steps)) == expected
    assert not disk.open_files
    assert not Path("/nowhere").exists()


def test_what_is_elsewhere_is_left_to_the_system(tmp_path):
    disk = Disk(Path("/nowhere/project"), Random(0))
    with mounted(lambda: disk):
        durable.write(tmp_path / "kept", b"text")
        assert [path.name for path in tmp_path.glob("*")] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"text"
    assert disk.steps == 0


def test_one_build_a_project_at_a_time():
    disk, clock = Disk(Path("/nowhere/project"), Random(0)), SystemClock()
    state = disk.home / ".musicbuild"
    with mounted(lambda: disk):
        for _ in range(2):
            with (
                claim(state, clock),
                pytest.raises(Claimed, match=f"process {os.getpid()} on"),
                claim(state, clock),
            ):
                raise AssertionError
    assert disk.locks == set()
