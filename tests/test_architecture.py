"""What holds for every module of the package, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import musicbuild

PACKAGE = Path(musicbuild.__file__).parent
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
TREES = {name: ast.parse(text, name) for name, text in MODULES.items()}

LONGEST = 400
"""Lines; a module that needs more decides more than one thing."""

NETWORK = {
    "aiohttp",
    "asyncio",
    "ftplib",
    "http.client",
    "http.server",
    "h11",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "urllib.request",
    "urllib3",
}

EXCEPTIONS = {
    ("clock", "testing.py"): "a service's own times are compared with where the fake clock starts",
    ("exit", "commands/build.py"): "a second Ctrl-C stops at once, with threads still waiting",
    ("hash", "sketch/exact.py"): "the composer knows nothing of musicbuild, and seeds its dice",
    ("network", "claim.py"): "says on which machine the other build runs; connects to nothing",
}
"""Rule and module, and why the rule does not hold there."""


def modules_that(rule: str, found: Iterator[tuple[str, str]]) -> list[str]:
    """Say where a rule is broken, without the exceptions."""
    return [f"{name}: {what}" for name, what in found if (rule, name) not in EXCEPTIONS]


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that are imported from outside the package, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*packages: str) -> Iterator[tuple[str, str]]:
    for name, tree in TREES.items():
        for imported in imports(tree):
            if any(f"{imported}.".startswith(f"{package}.") for package in packages):
                yield name, imported


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def exits() -> Iterator[tuple[str, str]]:
    ways = {"sys.exit", "os._exit", "os.abort", "exit", "quit", "SystemExit"}
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=called) if ast.unparse(called) in ways:
                    yield name, ast.unparse(node)
                case ast.Raise(exc=ast.Name(id="SystemExit")):
                    yield name, ast.unparse(node)
    yield from importers("sys.exit", "os._exit")


def late_imports() -> Iterator[tuple[str, str]]:
    for name, tree in TREES.items():
        for function in functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{name}:{function.name}", ast.unparse(node)


def clock_readers() -> Iterator[tuple[str, str]]:
    yield from importers("time")
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                owner = ast.unparse(node.value).rpartition(".")[2]
                if owner in {"datetime", "date"}:
                    yield name, ast.unparse(node)


def test_only_the_command_line_exits():
    """And the process beside it that looks at half of the files."""
    ends = {"cli.py", "entry.py", "__main__.py", "state.py"}
    outside = ((name, what) for name, what in exits() if name not in ends)
    assert modules_that("exit", outside) == []


def test_imports_stand_at_the_top():
    """A command's module is loaded when it is called, a service's when it is connected to."""
    outside = (
        (place, what)
        for place, what in late_imports()
        if not place.startswith(("entry.py:", "__main__.py:"))
        and not (place.startswith("providers/") and place.endswith(":connect"))
    )
    assert modules_that("import", outside) == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_short(name):
    assert len(MODULES[name].splitlines()) <= LONGEST


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_decides(name):
    assert not MODULES[name].strip() or ast.get_docstring(TREES[name])


def test_only_tags_knows_the_tag_library():
    assert {name for name, _ in importers("mutagen")} == {"tags/mp3.py"}


def test_only_git_and_the_crew_start_processes():
    outside = {name for name, _ in importers("subprocess")} - {"testing.py"}
    assert outside == {"crew.py", "git.py"}


def test_only_hashing_hashes():
    outside = ((name, what) for name, what in importers("hashlib") if name != "hashing.py")
    assert modules_that("hash", outside) == []


def test_only_the_clock_reads_a_clock():
    outside = ((name, what) for name, what in clock_readers() if name != "clock.py")
    assert modules_that("clock", outside) == []


def test_only_the_edge_reaches_the_network():
    edge = {"providers/http.py", "providers/download.py", "providers/wire.py"}
    outside = ((name, what) for name, what in importers(*NETWORK) if name not in edge)
    assert modules_that("network", outside) == []


def test_every_exception_is_needed():
    broken = {
        *(("exit", name) for name, _ in exits()),
        *(("import", place) for place, _ in late_imports()),
        *(("hash", name) for name, _ in importers("hashlib")),
        *(("clock", name) for name, _ in clock_readers()),
        *(("network", name) for name, _ in importers(*NETWORK)),
    }
    assert EXCEPTIONS.keys() - broken == set()
