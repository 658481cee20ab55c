"""No test lets the key out: all that was written and printed in a run is searched for it.

`conftest.py` takes the fixtures and the hook from here.  They fail the test that printed the key,
or the last one of the run if it stands in a file below pytest's own folder.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from gateway import KEY

MASK = re.compile(rb"(?m)^::add-mask::.*$")

EXEMPT: Mapping[str, str] = {}
"""Names of files that may hold the key, and why."""


def forms(key: str) -> dict[str, bytes]:
    """Return each way in which a key may be written, by its name."""
    raw = key.encode()
    found = {
        "plain": raw,
        "in lower case": raw.lower(),
        "in upper case": raw.upper(),
        "reversed": raw[::-1],
        "in a URL": quote(key, safe="").encode(),
        "in percents": b"".join(b"%%%02X" % byte for byte in raw),
        "in small percents": b"".join(b"%%%02x" % byte for byte in raw),
        "in JSON's escapes": b"".join(b"\\u%04x" % byte for byte in raw),
        "hex": raw.hex().encode(),
        "in upper hex": raw.hex().upper().encode(),
        "in UTF-16": key.encode("utf-16-le"),
        "in UTF-32": key.encode("utf-32-le"),
    }
    # Characters in which a neighbour of the key has a part are left off.
    for shift, first in enumerate((0, 2, 3)):
        whole = base64.b64encode(bytes(shift) + raw).rstrip(b"=")[first:-1]
        found[f"base64 from byte {shift}"] = whole
        found[f"base64 of URLs from byte {shift}"] = whole.replace(b"+", b"-").replace(b"/", b"_")
    return found


FORMS = forms(KEY)


def leaks(data: bytes | str | None) -> list[str]:
    """Return the names of the forms in which the key stands in what was written or printed."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data or b""
    return [name for name, form in FORMS.items() if form in raw]


HUGE = 256 << 20


def leaks_below(folder: Path) -> list[str]:
    """Return a line for each file below a folder that has the key in it, or in its name."""
    found = []
    for root, _, names in os.walk(folder):
        for path in (Path(root, name) for name in names):
            if path.name not in EXEMPT:
                found += [f"{path}: {how}" for how in leaks(_content(path)) + leaks(str(path))]
    return found


def _content(path: Path) -> bytes:
    try:
        status = path.lstat()
        # A test's endless file is a hole, in which nothing was written.
        hole = status.st_size > HUGE > status.st_blocks * 512
        return path.read_bytes() if stat.S_ISREG(status.st_mode) and not hole else b""
    except OSError:  # what a test made unreadable, no test can have written a key into since
        return b""


class Watch:
    """What was printed that has the key in it; `masks` allows the runner's own command."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.masks = False

    def see(self, what: str, data: bytes | str | None) -> None:
        raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data or b""
        self.found += [f"{what}: {how}" for how in leaks(MASK.sub(b"", raw) if self.masks else raw)]

    def take(self) -> list[str]:
        found, self.found = self.found, []
        return found


WATCH = Watch()


@contextmanager
def _listening() -> Iterator[None]:
    """Hear what every other program, and every test that asks for it, was told to have printed."""
    communicate, readouterr = subprocess.Popen.communicate, pytest.CaptureFixture.readouterr

    def heard(self, *arguments, **options):
        out, err = communicate(self, *arguments, **options)
        WATCH.see("a program's stdout", out)
        WATCH.see("a program's stderr", err)
        return out, err

    def captured(self):
        found = readouterr(self)
        for text in found:
            WATCH.see("what a test captured", text)
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(subprocess.Popen, "communicate", heard)
        patched.setattr(pytest.CaptureFixture, "readouterr", captured)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_key_in_files(tmp_path_factory):
    """Fail the run if the key stands in any file that it wrote."""
    with _listening():
        yield
    assert leaks_below(tmp_path_factory.getbasetemp()) + WATCH.take() == []


@pytest.fixture(autouse=True)
def no_key_in_output(no_key_in_files):
    """Fail a test that printed the key, or ran a program that did."""
    yield
    WATCH.masks = False
    assert WATCH.take() == []


@pytest.fixture
def masks(no_key_in_output):
    """Allow a test to see the command by which a runner is told the key."""
    WATCH.masks = True


def pytest_runtest_logreport(report):
    """Hear what pytest captured itself: what a test printed, and what was logged meanwhile."""
    for name, text in report.sections:
        WATCH.see(f"{report.nodeid}, {name}", text)
