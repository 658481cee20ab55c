"""What the bytes of a piece of work depend on beside its order, so that two machines can compare.

The same audio and the same wish give the same bytes only with the same code and the same
libraries on the same kind of machine.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path

from .. import __version__
from ..hashing import digest_bytes

LIBRARIES = ("av", "lameenc", "numpy", "soundfile", "soxr")
"""Those that decode, reckon and encode."""

PACKAGE = Path(__file__).parent.parent


def here() -> dict[str, str]:
    """Return what this machine works with, by name; what is not installed is no text."""
    found = {name: _version(name) for name in LIBRARIES}
    found["libsndfile"] = import_module("soundfile").__libsndfile_version__
    return found | {
        "musicbuild": __version__,
        "musicbuild's code": _code(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    """Yield a phrase for each thing in which another machine's tools are not ours."""
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name, ""), theirs.get(name, "")
        if mine != other:
            yield f"`{name}` is {other or 'missing'} there and {mine or 'missing'} here"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _code() -> str:
    """Return a short digest of this package: versions in between have the same number."""
    files = sorted((path.relative_to(PACKAGE).as_posix(), path) for path in PACKAGE.rglob("*.py"))
    digests = [f"{name} {digest_bytes(path.read_bytes())}\n" for name, path in files]
    return digest_bytes("".join(digests).encode())[:12]
