"""Whatever anybody wrote comes out as words: no runner, browser, terminal or parser obeys it.

Each text stands wherever one can write: in the manifest, in its faults, in the lock, and in the
answers of the service.  Each command then speaks of it, in each manner of speaking.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

import pytest
from commands.folder import SCRIPT, surroundings
from commands.test_manner import read_all
from gateway import Gateway
from hostile.texts import COMMANDS, MARKDOWN, RICH, TERMINAL
from markdown_it import MarkdownIt

from musicbuild import cli

GITHUB = {"GITHUB_ACTIONS": "true"}
SAYING = (["plan"], ["plan", "-v"], ["show", "a"], ["cost"], ["list"], ["verify"], ["check"])
FREE = "version: 1\ndefaults: {duration: 0.5}\ntracks: {a: {prompt: x}, b: {prompt: y}}\n"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        return f"{self.out}\n{self.err}"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run commands in a folder, in this process, with nothing of the tester's environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("CI", "CI_PIPELINE_SOURCE", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: str, **environment: str) -> Said:
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            code = cli.run(words)
        return Said(code, *capsys.readouterr())

    return run


def commands(text: str) -> list[str]:
    """Return the lines that a runner would obey; it trims blanks as .NET does."""
    lines = re.split(r"\r\n|\r|\n", text)
    return [one for one in lines if one.lstrip().startswith("::") or "##[" in one]


def obeyed_by_a_terminal(text: str) -> list[str]:
    return re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]", text)


def manifest(text: str) -> str:
    """Return a manifest that says a text wherever it may."""
    said = json.dumps(text)
    return (
        f"version: 1\nalbum: {said}\nartist: {said}\ndefaults: {{duration: 0.5}}\ntracks:\n"
        f"  a: {{title: {said}, prompt: {json.dumps(f'x {text}')}, tags: {{comment: {said}}}}}\n"
        f"  b: {{prompt: {json.dumps(f'{text}{chr(10)}{text}')}}}\n"
    )


def write(folder, text: str, name: str = "musicbuild.yaml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


# What a manifest says.


@pytest.mark.parametrize("environment", [{}, GITHUB], ids=["anywhere", "on a runner"])
@pytest.mark.parametrize("text", [*COMMANDS, *MARKDOWN, *RICH])
def test_a_manifest_is_only_words(tmp_path, run, text, environment):
    write(tmp_path, manifest(text))
    first = run("plan", "a", "--format", "markdown", **environment)
    said = [run("build", "-v", **environment), run("show", "b", **environment)]
    write(tmp_path, manifest(text).replace("x ", "y ").replace("EVIL", "EVIL2"))
    said += [run(*words, **environment) for words in SAYING]
    second = run("plan", "--format", "markdown", **environment)
    programs = [run(*words, "--json", **environment) for words in SAYING[1:]]
    assert all(one.code in (0, 3) for one in said + programs)
    assert outside_of_code(first.out) == outside_of_code(second.out) == []
    assert_json(programs)
    for one in [first, second, *said, *programs]:
        assert not obeyed_by_a_terminal(one.both)
        assert not environment or not commands(one.both)


def assert_json(said: list[Said]) -> None:
    for one in said:
        for line in one.out.splitlines():
            assert json.loads(line)["schema"] == "musicbuild/1"


@pytest.mark.parametrize("text", COMMANDS)
def test_json_says_to_programs_what_was_written(tmp_path, run, text):
    write(tmp_path, manifest(text))
    told = json.loads(run("show", "b", "--json", **GITHUB).out)
    assert told["data"]["prompt"] == f"{text}\n{text}".strip()


def test_off_a_runner_a_text_is_shown_as_it_is(tmp_path, run):
    write(tmp_path, manifest("##[error]EVIL"))
    assert "##[error]EVIL" in run("show", "b").out
    assert r"#\x23[error]EVIL" in run("show", "b", **GITHUB).out


# What is wrong in a manifest.


FAULTS = {
    "a key": "version: 1\n{}: 1\n",
    "an id": "version: 1\ntracks: {{{}: {{prompt: x}}}}\n",
    "a model": "version: 1\ntracks: {{a: {{prompt: x, model: {}}}}}\n",
    "a file": "version: 1\ninclude: [{}]\ntracks: {{a: {{prompt: x}}}}\n",
    "a value": "version: 1\ntracks: {{a: {{prompt: x, duration: {}}}}}\n",
    "a template": "version: 1\ntracks: {{a: {{prompt: {}}}}}\n",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("text", [*COMMANDS, *RICH])
def test_a_fault_is_only_words(tmp_path, run, text, fault):
    text = f"{text}\n{text} {{{{ nope }}}}" if fault == "a template" else text
    write(tmp_path, FAULTS[fault].format(json.dumps(text)))
    for words in (["plan"], ["check"], ["build", "--json"], ["plan", "--format", "markdown"]):
        found = run(*words, **GITHUB)
        assert found.code == 2
        assert not commands(found.both)
        assert not obeyed_by_a_terminal(found.both)
        if "--json" in words:
            assert_json([found])
        else:
            assert "EVIL" in found.err


@pytest.mark.parametrize("text", [*COMMANDS, *TERMINAL[4:]])
def test_the_command_line_and_a_traceback_are_only_words(tmp_path, run, text):
    write(tmp_path, FREE)
    for words in (
        ["plan", text],
        ["show", text],
        [text],
        ["plan", f"--{text}"],
        ["plan", "-f", text],
    ):
        for more in ({}, {"MUSICBUILD_DEBUG": "1"}):
            found = run(*words, **GITHUB, **more)
            assert not commands(found.both)
            assert not obeyed_by_a_terminal(found.both)


# What a lock says.


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """The lock of a small project, built once."""
    folder = tmp_path_factory.mktemp("bought")
    write(folder, FREE)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        assert cli.run(["build", "-q"]) == 0
    return json.loads((folder / "musicbuild.lock").read_bytes())


def forged(lock, text: str):
    """Say a text in a lock wherever it is free to be any."""
    key, purchase = next(iter(lock["purchases"].items()))
    name = next(name for name, one in lock["tracks"].items() if one["generate"] == key)
    output = next(iter(lock["tracks"][name]["outputs"].values()))
    free = {"model": text, "prompt": f"{text}\n{text}", "generation": text, "unit": text}
    lock = json.loads(json.dumps(lock))
    lock["purchases"]["0" * 64] = {**purchase, **free, "cost": "5"}
    lock["tracks"][f"gone {text}"] = {
        **lock["tracks"][name],
        "outputs": {f"audio/{text}.mp3": output},
    }
    lock["tracks"][name]["generate"] = "0" * 64
    return lock


@pytest.mark.parametrize("text", [*COMMANDS, *MARKDOWN, *RICH, *TERMINAL])
def test_a_lock_is_only_words(tmp_path, run, bought, text):
    write(tmp_path, FREE)
    write(tmp_path, json.dumps(forged(bought, text)), "musicbuild.lock")
    for words in (*SAYING, ["doctor"], ["plan", "--format", "markdown"]):
        found = run(*words, **GITHUB)
        assert "Traceback" not in found.both
        assert not commands(found.both)
        assert not obeyed_by_a_terminal(found.both)
        if "markdown" in words:
            assert outside_of_code(found.out) == []
        else:
            found = run(*words, "--json", **GITHUB)
            assert_json([found])
            assert not commands(found.both)


def outside_of_code(text: str) -> list[str]:
    """Return what a browser would show of foreign texts as anything but code."""
    rest = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in ("fence", "html_block"):
            shown = token.content if token.type == "html_block" else ""
        else:
            inner = token.children or []
            shown = " ".join(one.content for one in inner if one.type != "code_inline")
            shown += "".join(str(one.attrs) for one in inner)
        rest += [shown] if re.search("EVIL|alert|everyone", shown, re.IGNORECASE) else []
    return rest


# What a service says.


@pytest.fixture(scope="module")
def service():
    with Gateway() as running:
        yield running


@pytest.mark.parametrize("text", [*COMMANDS, *TERMINAL])
def test_a_service_says_only_words(tmp_path, run, service, masks, text):
    write(tmp_path, "version: 1\ndefaults: {model: musicgen}\ntracks: {a: {prompt: x}}\n")
    environment = {**service.environment, **GITHUB}
    for words in (["build", "--yes"], ["build", "--yes", "--json"], ["build", "--yes", "-q"]):
        service.fault("post", "400", message=text)
        found = run(*words, **environment)
        assert found.code == 1
        assert "EVIL" in found.both
        shown = re.sub(r"(?m)^::add-mask::.*\n", "", found.err)
        assert not commands(found.out + shown)
        assert not obeyed_by_a_terminal(found.both)
    service.fault("balance", "403", message=text)
    found = run("plan", "--online", **environment)
    assert "EVIL" in found.both
    assert not obeyed_by_a_terminal(found.both)


# What a terminal shows.


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo terminals")
@pytest.mark.parametrize("environment", [{}, GITHUB], ids=["anywhere", "on a runner"])
@pytest.mark.parametrize("text", RICH)
def test_a_terminal_follows_no_markup(tmp_path, text, environment):
    import pty

    write(tmp_path, manifest(text))
    shown = ""
    for words in (["plan"], ["build"], ["show", "a"]):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(tmp_path)
            os.execve(SCRIPT, [str(SCRIPT), *words], surroundings({"TERM": "xterm", **environment}))
        shown += read_all(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert text in shown
    assert "Traceback" not in shown
    assert "\x1b]" not in shown
    assert ("\x1b[?25l" in shown) is (not environment)
