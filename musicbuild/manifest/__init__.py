"""What the author wrote, checked: the album, its tracks, and where each value came from.

Nothing is rendered and no model is asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ..address import Shared
from ..document import Node, parse, read
from ..document.room import EVENTS, Room
from ..document.source import decode, shown
from ..errors import InvalidManifest, ManifestError, UsageError, suggestion
from ..state import MANIFEST
from .faults import Enough, Faults, in_order, invalid
from .include import Gathered, gather
from .keys import ALBUM, SETTINGS, TRACK, Key
from .layers import (
    BUILT_IN,
    Layer,
    Notice,
    Sourced,
    make,
    read_keys,
    read_layer,
    read_table,
    read_vars,
)
from .matrix import combinations
from .shapes import Value, named, value

__all__ = ["Album", "Notice", "Sourced", "Track", "find", "in_order", "load"]

FILE = MANIFEST
PROMPTS = frozenset({"prompt", "prompt_file"})
OWN = frozenset({"output", "cover"})
"""The settings of all tracks that stand at the top."""
TRACKS = 10_000
TAKES = 20_000
VALUES = 500_000
"""Variables, tags and labels of all tracks, the shared ones counted for each."""


class Track(NamedTuple):
    """One piece, its settings found; templates are as written.

    Either `prompt` or `prompt_file` is there.  `node` is the entry in the manifest that this
    track, and its brothers in a matrix, come from.
    """

    id: str
    node: Node
    model: Sourced[str]
    duration: Sourced[int | float]
    output: Sourced[str]
    takes: Sourced[int]
    loop: Sourced[bool]
    formats: Sourced[Mapping[str, Mapping[str, Any]]]
    stems: Sourced[bool]
    labels: Sourced[tuple[str, ...]]
    title: Sourced[str] | None
    prompt: Sourced[str] | None
    prompt_file: Sourced[str] | None
    cover: Sourced[str] | None
    seed: Sourced[int] | None
    group: Sourced[str] | None
    vars: Mapping[str, Sourced[Value]]
    tags: Mapping[str, Sourced[str | bool]]
    master: Mapping[str, Sourced[Any]]
    qc: Mapping[str, Sourced[Any]]


IN_SETTINGS = Track._fields[2:-4]
"""The fields that a layer has among its settings; the last four are its own others, in order."""


@dataclass(frozen=True, slots=True)
class Album:
    """The manifest's whole.  `root` is its folder; `files` are what was read, relative to it.

    `looked` are the folders that were looked through for files to include, and links that were met
    there.  `weight` is how many events and values the whole holds.
    """

    path: Path
    root: Path
    name: str
    artist: str
    templates: Sourced[str]
    numbered: bool
    budget: Mapping[str, Decimal]
    store: Shared | None
    tracks: tuple[Track, ...]
    files: tuple[str, ...]
    looked: tuple[str, ...]
    weight: tuple[int, int]
    notices: tuple[Notice, ...]


TEMPLATES = Sourced("prompts", "built in")


def find(start: Path) -> Path:
    """Return the nearest manifest, in a folder or above it."""
    folder = start.absolute()
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return place / FILE
    message = f"there is no `{FILE}` in `{shown(start.as_posix(), 200)}` or above it"
    raise UsageError(message, hint="`musicbuild init` writes one")


def load(path: Path, data: bytes | None = None) -> Album:
    """Read a manifest and what it includes; places name files as seen from its folder.

    `data` stands for what its own file holds, if it is given.
    Raises InvalidManifest with everything that is wrong, or UsageError if there is no such file.
    """
    path = path.absolute()
    room, faults = Room(), Faults()
    try:
        name = Path(path.name)
        root = read(path, name, room) if data is None else parse(decode(data, name), room)
        return _Reader(path, root.mapping(), room, faults).album(root)
    except ManifestError as fault:
        raise InvalidManifest([fault]) from None
    except Enough:
        raise invalid(faults, [path.name], more=True) from None
    except OSError as error:
        message = f"`{shown(path.as_posix(), 200)}` can't be read: {error.strerror}"
        raise UsageError(message, hint="`musicbuild init` writes a manifest") from None


class _Reader:
    """Reads one manifest and collects what is wrong with it on the way."""

    def __init__(self, path: Path, entries: dict[str, Node], room: Room, faults: Faults) -> None:
        self.path = path
        self.entries = entries
        self.faults = faults
        self.room = room
        self.gathered: Gathered = gather(path.parent, path.name, entries, room, faults)
        self.takes = 0
        self.values = 0
        self.notices: list[Notice] = []

    def album(self, root: Node) -> Album:
        top = read_keys(self.entries, ALBUM, "album", where="", faults=self.faults)
        if "version" not in self.entries:
            hint = "write `version: 1` at the top"
            fault = ManifestError("the version is missing", span=root.first, hint=hint)
            self.faults.append(fault)
        settings = {name: sourced for name, sourced in top.items() if name in OWN}
        tables = {
            name: read_table(self.entries[name], name, "album", where="", faults=self.faults)
            for name in ("master", "qc")
            if name in top
        }
        base = BUILT_IN.under(
            Layer(settings, read_vars(self.gathered.vars, "album", self.faults), **tables)
        )
        if "defaults" in self.entries:
            base = base.under(
                self.layer(self.entries["defaults"], "defaults", SETTINGS, " in `defaults`")
            )
        tracks = self.tracks(base)
        if not tracks and not self.faults:
            self.notices.append(Notice("the manifest names no tracks", root.span))
        if self.faults:
            raise invalid(self.faults, self.gathered.files)
        given = {name: sourced.value for name, sourced in top.items()}
        return Album(
            path=self.path,
            root=self.path.parent,
            name=given.get("album", ""),
            artist=given.get("artist", ""),
            templates=top.get("templates", TEMPLATES),
            numbered=given.get("numbered", False),
            budget=given.get("budget", {}),
            store=given.get("store"),
            tracks=tracks,
            files=tuple(self.gathered.files),
            looked=tuple(self.gathered.looked),
            weight=(EVENTS - self.room.events, self.values),
            notices=tuple(self.notices),
        )

    def tracks(self, base: Layer) -> tuple[Track, ...]:
        groups = {
            name: base.under(self.layer(node, f"group {name}", SETTINGS, f" in group `{name}`"))
            for name, node in self.gathered.groups.items()
            if self.named(name, "a group's name", node)
        }
        sound = not self.faults  # else a prompt may be missing for another fault's sake
        found: dict[str, Track] = {}
        used: set[str] = set()
        for name, node in self.gathered.tracks.items():
            if not self.named(name, "a track's id", node):
                continue
            faults = len(self.faults)
            own = self.layer(node, "track", TRACK, f" in track `{name}`")
            group = own.settings.get("group")
            under = base
            if group:
                used.add(group.value)
                under = groups.get(group.value, base)
                if group.value not in groups:
                    self.no_group(group, groups)
            layer = under.under(own)
            if sound and len(self.faults) == faults and PROMPTS.isdisjoint(layer.settings):
                message = f"the track `{name}` has no `prompt` and no `prompt_file`"
                self.faults.append(ManifestError(message, span=node.key))
            try:
                for track in self.variants(name, node, layer):
                    self.add(track, found)
            except ManifestError as fault:
                self.faults.append(fault)
            if len(found) > TRACKS or self.takes > TAKES or self.values > VALUES:
                break
        for name in groups:
            if name not in used:
                place = self.gathered.groups[name].key
                self.notices.append(Notice(f"no track is in the group `{name}`", place))
        return tuple(found.values())

    def add(self, track: Track, found: dict[str, Track]) -> None:
        """Add a track; raise ManifestError where there are too many, or two of the same id."""
        if track.id in found:
            message = f"the track `{track.id}` is defined twice"
            hint = f"it is first at {found[track.id].node.key}"
            self.faults.append(ManifestError(message, span=track.node.key, hint=hint))
        found[track.id] = track
        self.takes += track.takes.value
        self.values += len(track.vars) + len(track.tags) + len(track.master) + len(track.qc)
        self.values += len(track.labels.value)
        if len(found) > TRACKS:
            raise self.excess(track, f"the manifest makes more than {TRACKS:,} tracks")
        if self.takes > TAKES:
            raise self.excess(track, f"the tracks ask for more than {TAKES:,} takes")
        if self.values > VALUES:
            what = "variables, tags and labels in all"
            raise self.excess(track, f"the tracks have more than {VALUES:,} {what}")

    def excess(self, track: Track, message: str) -> ManifestError:
        return ManifestError(message, span=track.node.key)

    def variants(self, name: str, node: Node, layer: Layer) -> Iterable[Track]:
        """Return the track itself, or those that its matrix makes."""
        matrix = node.value.get("matrix") if isinstance(node.value, dict) else None
        if matrix is None:
            return (_track(name, node, layer),)
        return self.combined(name, node, matrix, layer)

    def combined(self, name: str, node: Node, matrix: Node, layer: Layer) -> Iterator[Track]:
        for whole, values in combinations(name, matrix):
            places = {key: Sourced(value(one), "matrix", one) for key, one in values.items()}
            yield _track(whole, node, layer.under(Layer({}, places)))

    def layer(self, node: Node, name: str, table: Mapping[str, Key], where: str) -> Layer:
        return read_layer(node, name, table, where=where, faults=self.faults)

    def named(self, name: str, what: str, node: Node) -> bool:
        try:
            named(name, what, node, key=True)
        except ManifestError as fault:
            self.faults.append(fault)
            return False
        return True

    def no_group(self, group: Sourced[str], groups: Collection[str]) -> None:
        assert group.node is not None
        hint = suggestion(group.value, groups)
        self.faults.append(group.node.error(f"there is no group `{group.value}`", hint))


def _track(name: str, node: Node, layer: Layer) -> Track:
    settings = map(layer.settings.get, IN_SETTINGS)
    track: Track = make(Track, (name, node, *settings, *layer[1:]))
    return track
