"""What is loaded to answer: nothing that the answer does not need, for loading takes the longest.

Whoever needs one module more writes its name down here, and so has thought of what it costs.
"""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from musicbuild import memory
from musicbuild.lock import Lock, dump

CODE = """
import sys
before = {*sys.modules}
from musicbuild import entry
code = entry.run(sys.argv[1:])
print(*({*sys.modules} - before), file=sys.stderr)
sys.exit(code)
"""

MANIFEST = """
version: 1
album: Nightfall
defaults: {model: musicgen, duration: 30}
tracks:
  menu: {prompt: "Calm {{ bpm }} BPM", vars: {bpm: 80}, master: {loudness: -16}}
"""

FREE = """
version: 1
tracks:
  menu: {prompt: "Calm", duration: 1, qc: false}
"""

OURS_AT_ONCE = {"musicbuild", "musicbuild.entry", "musicbuild.state", "musicbuild.usage"}

PYTHON_AT_ONCE = {"atexit", "gc"}
"""Part of the interpreter itself: nothing is read from the disk for them."""

OURS_TO_RUN = OURS_AT_ONCE | {
    "musicbuild.cli",
    "musicbuild.commands",
    "musicbuild.commands.group",
    "musicbuild.commands.options",
    "musicbuild.commands.said",
    "musicbuild.console",
    "musicbuild.console.envelope",
    "musicbuild.console.errors",
    "musicbuild.console.look",
    "musicbuild.console.runner",
    "musicbuild.console.terminal",
    "musicbuild.cost",
    "musicbuild.errors",
}

PYTHON_TO_RUN = PYTHON_AT_ONCE | {
    "ast",
    "bisect",
    "bz2",
    "click",
    "collections",
    "contextlib",
    "copy",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "enum",
    "errno",
    "fnmatch",
    "functools",
    "genericpath",
    "gettext",
    "glob",
    "grp",
    "heapq",
    "importlib",
    "inspect",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "lzma",
    "math",
    "ntpath",
    "numbers",
    "opcode",
    "operator",
    "os",
    "pathlib",
    "platform",
    "posixpath",
    "pwd",
    "re",
    "reprlib",
    "shutil",
    "stat",
    "textwrap",
    "threading",
    "token",
    "tokenize",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "zlib",
}
"""Of Python and of click itself; it is not the same in every version."""

OURS_TO_PLAN = OURS_TO_RUN | {
    "musicbuild.address",
    "musicbuild.clock",
    "musicbuild.commands.glance",
    "musicbuild.commands.opening",
    "musicbuild.commands.plan",
    "musicbuild.commands.remembering",
    "musicbuild.conclusion",
    "musicbuild.console.diff",
    "musicbuild.console.json",
    "musicbuild.console.markdown",
    "musicbuild.console.plan",
    "musicbuild.console.words",
    "musicbuild.document",
    "musicbuild.document.node",
    "musicbuild.document.places",
    "musicbuild.document.room",
    "musicbuild.document.source",
    "musicbuild.durable",
    "musicbuild.edits",
    "musicbuild.fields",
    "musicbuild.folders",
    "musicbuild.hashing",
    "musicbuild.journal",
    "musicbuild.payment",
    "musicbuild.lock",
    "musicbuild.lock.entries",
    "musicbuild.lock.growing",
    "musicbuild.lock.text",
    "musicbuild.lock.values",
    "musicbuild.manifest",
    "musicbuild.manifest.faults",
    "musicbuild.manifest.include",
    "musicbuild.manifest.keys",
    "musicbuild.manifest.layers",
    "musicbuild.manifest.mastering",
    "musicbuild.manifest.matrix",
    "musicbuild.manifest.patterns",
    "musicbuild.manifest.remote",
    "musicbuild.manifest.shapes",
    "musicbuild.memory",
    "musicbuild.models",
    "musicbuild.musical",
    "musicbuild.outputs",
    "musicbuild.paths",
    "musicbuild.pieces",
    "musicbuild.plan",
    "musicbuild.project",
    "musicbuild.prompt",
    "musicbuild.prompt.files",
    "musicbuild.prompt.plain",
    "musicbuild.providers",
    "musicbuild.providers.elumenta",
    "musicbuild.quality",
    "musicbuild.reading",
    "musicbuild.records",
    "musicbuild.reserve",
    "musicbuild.selection",
    "musicbuild.spec",
    "musicbuild.specify",
    "musicbuild.specify.clashes",
    "musicbuild.specify.cover",
    "musicbuild.specify.failures",
    "musicbuild.specify.mastering",
    "musicbuild.specify.origins",
    "musicbuild.specify.parts",
    "musicbuild.steps",
    "musicbuild.store",
    "musicbuild.takes",
    "musicbuild.trust",
}

OURS_TO_MERGE = OURS_TO_RUN | {
    "musicbuild.commands.git",
    "musicbuild.commands.git.merge_driver",
    "musicbuild.durable",
    "musicbuild.fields",
    "musicbuild.folders",
    "musicbuild.git",
    "musicbuild.hashing",
    "musicbuild.lock",
    "musicbuild.lock.entries",
    "musicbuild.lock.growing",
    "musicbuild.lock.merge",
    "musicbuild.lock.sides",
    "musicbuild.lock.text",
    "musicbuild.lock.threeway",
    "musicbuild.lock.union",
    "musicbuild.lock.values",
    "musicbuild.models",
    "musicbuild.musical",
    "musicbuild.paths",
    "musicbuild.pieces",
    "musicbuild.quality",
    "musicbuild.reading",
    "musicbuild.spec",
}

PYTHON_TO_PLAN = PYTHON_TO_RUN | {
    "array",
    "base64",
    "binascii",
    "cython_runtime",
    "hashlib",
    "hmac",
    "pickle",
    "random",
    "secrets",
    "string",
    "struct",
    "tempfile",
    "yaml",
}


def loaded(*arguments, cwd):
    """Return what of ours, and what else without private names, was loaded for an answer."""
    found = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert found.returncode in (0, 2), found.stderr
    names = {*found.stderr.splitlines()[-1].split()}
    ours = {name for name in names if name.partition(".")[0] == "musicbuild"}
    others = {name.partition(".")[0] for name in names - ours}
    return ours, {name for name in others if not name.startswith("_")}


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_a_quick_answer_loads_nothing(option, tmp_path):
    assert loaded(option, cwd=tmp_path) == (OURS_AT_ONCE, PYTHON_AT_ONCE)


def test_a_no_op_loads_nothing(tmp_path):
    (tmp_path / "musicbuild.yaml").write_text(FREE)
    loaded("build", cwd=tmp_path)
    for _ in range(2):  # to see that nothing is to do, and to say it again
        time.sleep(memory.SETTLED / 1e9 + 0.1)
        found = loaded("build", cwd=tmp_path)
    assert found == (OURS_AT_ONCE, PYTHON_AT_ONCE)


def test_a_wrong_command_line_is_told_with_little(tmp_path):
    ours, others = loaded("plna", cwd=tmp_path)
    assert ours == OURS_TO_RUN
    assert others - PYTHON_TO_RUN == set()


def test_a_plan_loads_what_it_plans_with(tmp_path):
    (tmp_path / "musicbuild.yaml").write_text(MANIFEST)
    ours, others = loaded("plan", cwd=tmp_path)
    assert ours == OURS_TO_PLAN
    assert others - PYTHON_TO_PLAN == set()


def test_git_merges_with_the_lock_alone(tmp_path):
    for name in ("base", "ours", "theirs"):
        (tmp_path / name).write_bytes(dump(Lock()))
    ours, others = loaded("git", "merge-driver", "base", "ours", "theirs", cwd=tmp_path)
    assert ours == OURS_TO_MERGE
    assert (
        others - PYTHON_TO_PLAN - {"fcntl", "select", "selectors", "signal", "subprocess"} == set()
    )
