"""Running git: which one, where, for how long, and that it asks nothing; nobody else runs it.

A project may be anyone's.  A `git` that lies in it is never run, and what git is asked here runs
none of a repository's own hooks, filters or aliases.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import MusicbuildError, UsageError

PROGRAM = "git.exe" if os.name == "nt" else "git"
DRIVER = "musicbuild"
"""The name of the merge driver, in a clone's settings and in `.gitattributes`."""

PATIENCE = 60
"""Seconds; what is asked here takes a few milliseconds, on a slow disk a second."""

OURS_ALONE = frozenset(
    {
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_COMMON_DIR", "GIT_DIR"),
        *("GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE"),
        *("GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH"),
        *("GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE"),
    }
)
"""What a git that calls us says of its own repository, or of a part of its work."""

ASKING_NOTHING = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "NoDefaultCurrentDirectoryInExePath": "1",
}


class NoGit(UsageError):
    """There is no git on this machine that may be run."""


@dataclass(frozen=True, slots=True)
class Git:
    """A git, and the folder that it is asked about."""

    program: str
    folder: Path

    def ask(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """Run one of git's commands, whatever it returns; raise MusicbuildError if it hangs."""
        kept = {name: value for name, value in os.environ.items() if name not in OURS_ALONE}
        try:
            return subprocess.run(  # noqa: S603  it is no shell, and the program is an absolute path
                [self.program, *words],
                cwd=self.folder,
                env={**kept, **ASKING_NOTHING},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"`git {words[0]}` did not end within {PATIENCE} s"
            raise MusicbuildError(message) from None

    def order(self, *words: str) -> None:
        """Run one of git's commands; raise MusicbuildError if it fails."""
        done = self.ask(*words)
        if done.returncode:
            raise MusicbuildError(f"`git {words[0]}` failed: {said(done.stderr)}")

    def setting(self, name: str) -> str | None:
        """Return a setting of this repository's own."""
        done = self.ask("config", "--local", "--get", name)
        return None if done.returncode else done.stdout.decode(errors="replace").rstrip("\n")

    def attribute(self, name: str, path: str) -> str:
        """Return an attribute of a file in the folder."""
        done = self.ask("check-attr", "-z", name, "--", path)
        fields = done.stdout.split(b"\0")
        return "" if done.returncode or len(fields) < 3 else fields[2].decode(errors="replace")

    def merges(self, path: str) -> bool:
        """Tell whether a file in the folder is merged by our driver, as this clone is set up."""
        driver = self.setting(f"merge.{DRIVER}.driver")
        return driver is not None and self.attribute("merge", path) == DRIVER

    def stage(self, number: int, path: str, *, most: int) -> bytes | None:
        """Return a file in an unresolved merge: 1 is the base, 2 is ours, 3 is theirs.

        None if git has no such, or if it has more bytes than `most`.
        """
        name = f":{number}:./{path}"
        size = self.ask("cat-file", "-s", name)
        if size.returncode or int(size.stdout) > most:
            return None
        done = self.ask("cat-file", "blob", name)
        return None if done.returncode else done.stdout


def find(folder: Path) -> Git:
    """Find git for a folder; raise NoGit if there is none outside of the project."""
    project = (repository(folder) or folder).resolve()
    for program in _programs():
        places = Path(program).absolute(), Path(program).parent.resolve(), Path(program).resolve()
        if not any(place.is_relative_to(project) for place in places):
            return Git(program, folder)
    raise NoGit(
        "git is not installed",
        hint="install it, or put it on the `PATH`; one in the project itself is never run",
    )


def find_work_tree(folder: Path) -> Git:
    """Find git for a folder of a work tree; raise UsageError if it is in none."""
    git = find(folder)
    done = git.ask("rev-parse", "--is-inside-work-tree")
    if done.returncode == 0 and done.stdout.strip() == b"true":
        return git
    if done.returncode == 0 or b"not a git repository" in done.stderr:
        raise UsageError(
            f"`{folder}` is in no git repository", hint="`git init` makes one; start it there"
        )
    raise UsageError(f"git can't read the repository: {said(done.stderr)}")


def repository(folder: Path) -> Path | None:
    """Return the nearest folder at or above this one that git keeps its own things in."""
    start = folder.absolute()
    for place in (start, *start.parents):
        if os.path.lexists(place / ".git"):
            return place
    return None


def said(text: bytes) -> str:
    """Return the first line that git said."""
    lines = text.decode(errors="replace").strip().splitlines()
    return (lines or ["it did not say why"])[0].removeprefix("fatal: ")


def _programs() -> Iterator[str]:
    """Yield each git on the path; a relative folder on it may be the project."""
    for place in os.environ.get("PATH", "").split(os.pathsep):
        program = os.path.join(place, PROGRAM)  # noqa: PTH118  a Path would drop what is amiss
        if os.path.isabs(place) and os.path.isfile(program) and os.access(program, os.X_OK):  # noqa: PTH113, PTH117
            yield program
