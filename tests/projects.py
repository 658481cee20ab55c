"""A project in a folder of its own, built by the real program against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from gateway import Gateway

from musicbuild.remotes import open_remote

PROGRAM = Path(sys.executable).with_name("musicbuild")

TEN_TRACKS = "version: 1\nalbum: Ten\ndefaults: {model: musicgen}\ntracks:\n" + "".join(
    f'  track-{number}: {{prompt: "piece number {number}"}}\n' for number in range(10)
)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Project:
    """A folder with a manifest; every check of money is made against the server's own ledger."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.folder, self.gateway = folder, gateway
        self.store: Path | None = None
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "COLUMNS": "100",
            "PYTHONIOENCODING": "utf-8",
            **gateway.environment,
        }

    def join_team(self, store: Path) -> Project:
        """Have a store from now on, to which builds push."""
        self.store = store
        open_remote(str(store), root=store, environment={}, create=True).close()
        return self

    def write(self, manifest: str, **files: str) -> Project:
        text = dedent(manifest).lstrip()
        if self.store:
            text += f"store: {{url: {self.store.as_posix()}, push: true}}\n"
        (self.folder / "musicbuild.yaml").write_text(text, "utf-8")
        for name, text in files.items():
            self.put(name.replace("__", "/").replace("_dot_", "."), text)
        return self

    def put(self, name: str, data: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def edit(self, old: str, new: str) -> Project:
        path = self.folder / "musicbuild.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the manifest"
        path.write_text(text.replace(old, new), "utf-8")
        return self

    def run(self, *words: str, env: Mapping[str, str | None] | None = None) -> Ran:
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=self.folder,
            env={**self.env, **(env or {})} if env else self.env,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in ran.out + ran.err
        return ran

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [PROGRAM, *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def build(
        self,
        *words: str,
        says: str | None = None,
        charges: Sequence[str] | None = None,
        code: int = 0,
    ) -> Ran:
        """Build with leave to spend; check what it says, and the prompts that were charged."""
        before = len(self.gateway.charges)
        ran = self.run("build", "--yes", *words)
        assert ran.code == code, ran.err + ran.out
        if says is not None:
            assert ran.out == _indented(says)
        if charges is not None:
            charged = [charge.prompt for charge in self.gateway.charges[before:]]
            assert sorted(charged) == sorted(charges)
        return ran

    def plan(self, *words: str, says: str | None = None) -> Ran:
        """Plan without any key; check that nothing was asked of the server."""
        before = len(self.gateway.requests)
        keyless = {name: text for name, text in self.env.items() if name != "ELUMENTA_API_KEY"}
        done = subprocess.run(
            [PROGRAM, "plan", *words],
            cwd=self.folder,
            env=keyless,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert len(self.gateway.requests) == before
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        if says is not None:
            assert ran.out == dedent(says).lstrip()
        return ran

    def lock(self) -> Any:
        return json.loads((self.folder / "musicbuild.lock").read_bytes())

    def journal(self) -> list[Path]:
        return sorted((self.folder / ".musicbuild" / "journal").glob("*.jsonl"))


def _indented(text: str) -> str:
    """Return what a test wrote with the one space that every line of a report begins with."""
    return "".join(f" {line}\n" for line in dedent(text).strip("\n").splitlines())
