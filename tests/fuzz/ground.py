"""The folder in which an input is a file: what a manifest can name lies beside it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "game"
MORE = (REPOSITORY / "examples" / "video", REPOSITORY / "tests" / "manifests" / "good")


@cache
def ground() -> Path:
    """Return the folder of this process and of those that it forks; it goes when this one ends."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="musicbuild-fuzz-", dir=place)).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for example in (EXAMPLE, *MORE):
        for part in ("art", "prompts"):
            if (example / part).is_dir():
                shutil.copytree(example / part, folder / part, dirs_exist_ok=True)
    shutil.copytree(EXAMPLE / "levels", folder / "levels")
    (folder / "journal").mkdir()
    return folder


def put(name: str, data: bytes) -> Path:
    path = ground() / name
    path.write_bytes(data)
    return path
