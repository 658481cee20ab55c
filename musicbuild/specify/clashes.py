"""Which outputs can't stand side by side, on this system or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from ..errors import ManifestError, Span
from ..manifest import Track
from ..paths import clash_key


class Written(NamedTuple):
    """An output before it is known that no other has its path."""

    track: Track
    path: str

    @property
    def place(self) -> Span:
        node = self.track.output.node
        return node.span if node and self.track.output.layer == "track" else self.track.node.key


def clashes(outputs: Iterable[Written]) -> Iterator[ManifestError]:
    first: dict[str, Written] = {}
    for one in outputs:
        key = clash_key(one.path)
        if key in first:
            yield _clash(first[key], one)
        first.setdefault(key, one)
    above: dict[str, list[Written]] = {}  # the outputs that a folder would have to lie below
    for key, one in first.items():
        folder = key.rpartition("/")[0]
        if folder not in above:
            folders = accumulate(folder.split("/"), "{}/{}".format)
            above[folder] = [first[name] for name in folders if name in first]
        for other in above[folder]:
            message = f"`{other.path}` can't be a file, and a folder for `{one.path}`"
            yield ManifestError(message, span=one.place, hint=_hint(other, one))


def _clash(first: Written, second: Written) -> ManifestError:
    tracks = f"the tracks `{first.track.id}` and `{second.track.id}`"
    if first.path == second.path:
        message = f"{tracks} both write `{first.path}`"
    else:
        message = f"{tracks} write `{first.path}` and `{second.path}`, one file on some systems"
    return ManifestError(message, span=second.place, hint=_hint(first, second))


def _hint(first: Written, second: Written) -> str:
    if first.place == second.place:
        return "`{{ id }}` in `output` keeps them apart"
    return f"`{first.track.id}` is at {first.place}"
