"""The key goes to the service and nowhere else, however somebody tries to have it said or sent."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from urllib.parse import quote

import pytest
from canary import FORMS, leaks, leaks_below
from gateway import KEY, Gateway
from hostile.talker import Line, speaking
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import PROGRAM, Project

from musicbuild.clock import SystemClock
from musicbuild.errors import ProviderError
from musicbuild.providers import download, http
from musicbuild.providers.credentials import LONGEST_TEXT, Secret
from musicbuild.providers.http import Api
from musicbuild.providers.verdict import Answer, judge
from musicbuild.providers.wire import Client
from musicbuild.testing import FakeClock

SECRET = Secret(KEY)
PAID = "version: 1\ndefaults: {model: musicgen, duration: 15}\ntracks: {a: {prompt: calm}}\n"
GITHUB = {"GITHUB_ACTIONS": "true"}

SAID = {
    "plain": KEY,
    "in capitals": KEY.upper(),
    "backwards": KEY[::-1],
    "in a URL": quote(f"https://x/?key={KEY}", safe=""),
    "hex": KEY.encode().hex(),
    **{f"base64 after {n}": base64.b64encode(b"x" * n + KEY.encode()).decode() for n in range(3)},
}
BETWEEN = ["", "\u200b", "\0", "\u00ad", "\u202e\u2066", "\n", " ", "\x1b", "\u034f", "\ud800", "я"]


def bare(text: str) -> str:
    """Return what is left of a text when all is gone that hides, parts or reorders it."""
    return re.sub(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\[bfnrt]|[^!-~]", "", text)


def assert_clean(text: str) -> None:
    """Check that neither the key nor most of it can be read, in any form."""
    left = bare(text).encode()
    for form in FORMS.values():
        parts = (form[at : at + len(form) // 2] for at in range(len(form) // 2))
        assert not any(part in left for part in parts)


@pytest.fixture
def gateway():
    with Gateway() as running:
        yield running


@pytest.fixture
def project(tmp_path, gateway):
    folder = tmp_path / "game"
    folder.mkdir()
    return Project(folder, gateway).write(PAID)


# What a server says back.


@pytest.mark.parametrize("between", BETWEEN, ids=ascii)
@pytest.mark.parametrize("form", SAID)
def test_a_key_is_not_said_back(form, between):
    words = between.join(SAID[form])
    padding = "y" * (LONGEST_TEXT - len(KEY) // 2)
    for said in (words, f"<{words}>", padding + words, "\0" * (4 * LONGEST_TEXT - 30) + words):
        for body in ({"message": said}, {"detail": [said]}, {"detail": {"x": said}}, {said: said}):
            answer = Answer(401, {}, json.dumps(body).encode(), SECRET)
            assert_clean(answer.said())
            assert_clean(judge(answer, "it").message)
            assert_clean(json.dumps(answer.json()))
        assert_clean(SECRET.line(said))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="".join(map(chr, range(33, 127)))))))
def test_a_key_is_found_whatever_unseen_is_in_it(gaps):
    whole = "".join(a + b for a, b in zip(KEY, [*gaps, *[""] * len(KEY)], strict=False))
    assert SECRET.redact(f"<{whole}>").startswith("<[key]")
    assert_clean(SECRET.line(whole))


@pytest.mark.parametrize("key", ["aaaaaaaa", 'quote"and\\slash', "\\x41\\n!!!!", "a" * 511 + "b"])
def test_an_odd_key_is_found_in_a_long_text(key):
    text = "a" * 300_000 + "\0".join(key)
    assert key not in bare(Secret(key).redact(text))


HEADS = {
    "a status line": "HTTP/1.1 {} OK\r\n\r\n",
    "a header": "HTTP/1.1 200 OK\r\n{}\r\n\r\n",
    "a length": "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
    "an encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: {}\r\n\r\n",
    "a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}\r\n",
    "a place": "HTTP/1.1 302 Moved\r\nContent-Length: 0\r\nLocation: {}\r\n\r\n",
    "a host": "HTTP/1.1 302 Moved\r\nContent-Length: 0\r\nLocation: https://{}/\r\n\r\n",
    "a wait": "HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: {}\r\n\r\n",
}


@pytest.mark.parametrize("between", ["", "\u200b", "\x01"], ids=ascii)
@pytest.mark.parametrize("head", HEADS)
def test_a_key_in_a_head_is_not_said_back(monkeypatch, head, between):
    monkeypatch.setattr(http, "PAUSES", ())
    monkeypatch.setattr(download, "PAUSES", ())

    def script(line: Line) -> None:
        line.say(HEADS[head].format(between.join(KEY)).encode())

    with speaking(script) as url:
        api = Api(url, service="it", secret=SECRET, clock=SystemClock(), whole_timeout=5)
        asked = {"clock": FakeClock(), "secret": SECRET, "own": url}
        for call in (
            lambda: api.get("/x"),
            lambda: api.post("/x", {}),
            lambda: download.download(f"{url}/a", through=Client(keep=False), **asked),
        ):
            try:
                call()
            except ProviderError as error:
                assert_clean(f"{error} {error.hint}")
        api.close()


# What goes out.


def test_only_the_service_is_told_the_key(project, gateway):
    project.build(charges=["calm"])
    for seen in gateway.requests:
        told = leaks(f"{seen.path} {dict(seen.headers)} {seen.body!r}")
        assert bool(told) is (not seen.path.startswith("/audio/"))


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_no_proxy_is_told_the_key(project, scheme):
    came = []
    with speaking(came.append) as url:
        proxy = url.replace("http", scheme, 1)
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy")
        ran = project.run("build", "--yes", env=dict.fromkeys(names, proxy))
    assert (ran.code, came) == (0, [])


def test_keys_of_tls_are_not_written_down(project, tmp_path):
    file = tmp_path / "keys.log"
    assert project.run("build", "--yes", env={"SSLKEYLOGFILE": str(file)}).code == 0
    assert not file.exists()


# Where a key is not taken from.


@pytest.mark.parametrize("name", [".env", "musicbuild.toml", ".musicbuild/config.toml", ".netrc"])
def test_no_file_of_a_project_brings_a_key(project, gateway, name):
    text = "".join(f'{key}="{value}"\n' for key, value in gateway.environment.items())
    text = text.replace(KEY, "nb_another_key_of_a_file_0123456789")
    project.put(name, text + f"api_key = 'x'\nbase_url = '{gateway.url}'\n")
    ran = project.run("build", "--yes", env={"ELUMENTA_API_KEY": ""})
    assert ran.code == 5
    assert "`ELUMENTA_API_KEY` is not set" in ran.err
    assert gateway.requests == []


@pytest.mark.parametrize("option", ["--api-key", "--key", "--token", "--base-url"])
def test_no_option_takes_a_key(project, gateway, option):
    for words in ((option, "x"), ("build", option, "x"), ("plan", f"{option}=x")):
        ran = project.run(*words)
        assert (ran.code, gateway.requests) == (2, [])


# What is shown when something fails.


def test_a_traceback_shows_no_key(project, gateway):
    gateway.fault("balance", "401", message="\u200b".join(KEY))
    done = subprocess.run(
        [PROGRAM, "plan", "--online"],
        cwd=project.folder,
        env={**project.env, "MUSICBUILD_DEBUG": "1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (5, True)
    assert_clean((done.stdout + done.stderr).decode())


# What a runner is told.


@pytest.mark.parametrize("manner", [(), ("--json",), ("-q",)])
def test_a_runner_masks_the_key_before_anything_else_is_said(project, masks, manner):
    ran = project.run("build", "--yes", *manner, env=GITHUB)
    assert leaks(ran.out) == []
    lines = ran.err.splitlines()
    told = [line.removeprefix("::add-mask::") for line in lines if "::add-mask::" in line]
    assert lines[: len(told)] == [f"::add-mask::{one}" for one in told]
    assert len(told) == len({*told})
    assert {KEY, KEY[::-1], KEY.encode().hex()} < {*told}
    assert leaks("\n".join(lines[len(told) :])) == []


def test_a_key_is_not_told_where_no_runner_listens(project):
    for words, more in (
        (("build", "--yes"), {}),
        (("plan",), GITHUB),
        (("build", "--dry-run"), GITHUB),
        (("build", "--yes"), {"GITHUB_ACTIONS": "no"}),
    ):
        ran = project.run(*words, env=more)
        assert "add-mask" not in ran.out + ran.err


def test_a_key_is_not_written_to_a_file_for_a_runner(project, tmp_path):
    file = tmp_path / "err.txt"
    with file.open("wb") as err:
        env = {**project.env, **GITHUB}
        words = [PROGRAM, "build", "--yes"]
        subprocess.run(words, cwd=project.folder, env=env, stderr=err, check=True)
    assert "add-mask" not in file.read_text()


# That the search of a whole run finds what there is.


@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_a_file_is_found(form):
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside, "a", "b")
        folder.mkdir(parents=True)
        (folder / "innocent").write_bytes(b"nb_CANARY")
        assert leaks_below(Path(outside)) == []
        (folder / "planted").write_bytes(b"x" * 99 + FORMS[form] + b"y")
        assert any(found.endswith(f": {form}") for found in leaks_below(Path(outside)))


PLANTED = """
    import subprocess, sys
    from base64 import b64encode
    from gateway import KEY

    def test_file(tmp_path):
        (tmp_path / "x").write_bytes(b64encode(b"ab" + KEY.encode() + b"c"))

    def test_program():
        code = "from gateway import KEY; print(KEY[::-1])"
        subprocess.run([sys.executable, "-c", code], capture_output=True)

    def test_capsys(capsys):
        print(KEY.encode().hex())
        capsys.readouterr()

    def test_print():
        print(KEY)

    def test_nothing(tmp_path):
        (tmp_path / "x").write_text(KEY[1:])
"""


@pytest.mark.parametrize("planted", ["file", "program", "capsys", "print", "nothing"])
def test_a_run_that_lets_the_key_out_fails(planted):
    tests = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside)
        (folder / "conftest.py").write_text("from canary import *\n", "utf-8")
        (folder / "test_it.py").write_text(dedent(PLANTED), "utf-8")
        words = ["-q", "-p", "no:cacheprovider", "--tb=no", "--show-capture=no", "-k", planted]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, f"--basetemp={folder / 'temp'}", folder],
            cwd=folder,
            env={"PYTHONPATH": str(tests), "PATH": ""},
            capture_output=True,
            check=False,
        )
    said = done.stdout.decode()
    assert done.returncode == (0 if planted == "nothing" else 1), said
    assert bool(re.search("1 passed.*1 error", said)) is (planted != "nothing")
