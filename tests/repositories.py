"""A real git repository with a project in it, whose git finds musicbuild as a user's does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from commands.folder import Result

from musicbuild.lock import FILE_NAME, Lock, dump, parse

SCRIPT = Path(sys.executable).with_name("musicbuild")
MANIFEST = "version: 1\ntracks: {menu: {prompt: Calm, duration: 1}}\n"
DRIVER = "musicbuild git merge-driver %O %A %B %P"


class Repository:
    """The project lies in `project`, a folder of the repository or the repository itself."""

    def __init__(self, root: Path, project: str = ".") -> None:
        self.root, self.project = root, root / project
        self.project.mkdir(parents=True, exist_ok=True)
        self.env = {
            "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(root.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_EDITOR": "true",
            "PYTHONUTF8": "1",
            "COLUMNS": "100",
            **{
                f"GIT_{who}_{what}": text
                for who in ("AUTHOR", "COMMITTER")
                for what, text in (("NAME", "A"), ("EMAIL", "a@example.org"))
            },
        }
        self.git("init", "-q", "-b", "main", ".")
        (self.project / "musicbuild.yaml").write_text(MANIFEST)

    @property
    def path(self) -> Path:
        return self.project / FILE_NAME

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def lock(self) -> Lock:
        return parse(self.data)

    def call(
        self,
        *words: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        says: bytes = b"",
    ) -> Result:
        done = subprocess.run(
            [*map(str, words)],
            cwd=cwd or self.root,
            env={**self.env, **(env or {})},
            input=says,
            capture_output=True,
            timeout=120,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in out + err
        return Result(done.returncode, out, err)

    def git(self, *words: str, code: int = 0) -> Result:
        ran = self.call("git", *words)
        assert ran.code == code, (ran.out, ran.err)
        return ran

    def run(self, *words: str, cwd: Path | None = None, **env: str) -> Result:
        """Run musicbuild in the project."""
        return self.call(SCRIPT, *words, cwd=cwd or self.project, env=env)

    def installed(self) -> Repository:
        assert self.run("git", "install").code == 0
        return self

    def commit(self, lock: Lock | bytes | None, *more: str) -> Repository:
        """Commit a lock, and all else that there is."""
        if lock is not None:
            self.path.write_bytes(lock if isinstance(lock, bytes) else dump(lock))
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "x", *more)
        return self

    def write(self, name: str, base: Lock, **branches: Lock) -> None:
        """Write branches of one lock that all come from a base, in a single process."""
        attributes = (self.root / ".gitattributes").read_bytes()
        text = b""
        for branch, lock in {name: base, **branches}.items():
            text += f"commit refs/heads/{branch}\ncommitter A <a@example.org> 0 +0000\n".encode()
            text += b"data 1\nx\n" + (
                f"from refs/heads/{name}\n".encode() if branch != name else b""
            )
            for path, data in ((".gitattributes", attributes), (FILE_NAME, dump(lock))):
                text += f"M 644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
        ran = self.call("git", "fast-import", "--quiet", says=text)
        assert ran.code == 0, ran.err

    def branches(self, base: Lock | bytes, ours: Lock | bytes, theirs: Lock | bytes) -> Repository:
        """Commit a base on `main`, theirs on `topic`, and ours on `main`, which is left there."""
        self.commit(base)
        self.git("checkout", "-q", "-b", "topic")
        self.commit(theirs)
        self.git("checkout", "-q", "main")
        return self.commit(ours)
