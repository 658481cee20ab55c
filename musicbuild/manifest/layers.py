"""Where each setting of a track comes from: the layers of a manifest, the nearer over the farther.

What is built in, the album, its defaults, the group, the track, its place in a matrix: for most
settings the nearest layer wins.  Variables, tags, `master` and `qc` add up name by name, labels one
by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from ..document import Node
from ..errors import ManifestError, Span
from .keys import ALBUM, MASTER, ONLY_TRACK, QC, SETTINGS, TAGS, Key
from .mastering import PRESETS
from .shapes import NODE, Value, value, variable

T = TypeVar("T")


class Sourced(NamedTuple, Generic[T]):
    """A value and the layer it came from; `node` is None for what is built in."""

    value: T
    layer: str
    node: Node | None = None

    @property
    def span(self) -> Span | None:
        return self.node.span if self.node else None


class Notice(NamedTuple):
    """Something the author should know, and that stops nothing."""

    message: str
    span: Span | None
    hint: str = ""


make: Any = tuple.__new__
"""Makes a named tuple of a tuple, in half the time that its name takes; tracks have many."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Layer(NamedTuple):
    settings: Mapping[str, Sourced[Any]]
    vars: Mapping[str, Sourced[Value]] = NOTHING
    tags: Mapping[str, Sourced[str | bool]] = NOTHING
    master: Mapping[str, Sourced[Any]] = NOTHING
    qc: Mapping[str, Sourced[Any]] = NOTHING

    def under(self, nearer: Layer) -> Layer:
        """Return both layers as one, in which the nearer wins."""
        settings = {**self.settings, **nearer.settings}
        if "prompt" in nearer.settings:
            settings.pop("prompt_file", None)
        if "prompt_file" in nearer.settings:
            settings.pop("prompt", None)
        far, near = self.settings.get("labels"), nearer.settings.get("labels")
        if far and near and far.value:
            both = tuple(dict.fromkeys((*far.value, *near.value)))
            settings["labels"] = Sourced(both, f"{far.layer}, {near.layer}", near.node)
        return Layer(
            settings,
            {**self.vars, **nearer.vars} if nearer.vars else self.vars,
            {**self.tags, **nearer.tags} if nearer.tags else self.tags,
            {**self.master, **nearer.master} if nearer.master else self.master,
            {**self.qc, **nearer.qc} if nearer.qc else self.qc,
        )


TABLES: Mapping[str, tuple[Mapping[str, Key], str]] = {
    "tags": (TAGS, "the tags"),
    "master": (MASTER, "`master`"),
    "qc": (QC, "`qc`"),
}
"""The keys whose own keys add up, and how they are called in a message."""

BUILT_IN = Layer(
    {
        name: Sourced(builtin, "built in")
        for name, builtin in {
            "model": "sketch",
            "duration": 30,
            "output": "audio/{{ id }}.mp3",
            "takes": 1,
            "loop": False,
            "formats": {"mp3": {}},
            "stems": False,
            "labels": (),
        }.items()
    }
)


def read_layer(
    node: Node,
    name: str,
    table: Mapping[str, Key],
    *,
    where: str,
    faults: list[ManifestError],
) -> Layer:
    """Read the settings of one layer; what is wrong with it is added to the faults."""
    try:
        entries = node.entries()
    except ManifestError as fault:
        faults.append(fault)
        return Layer({})
    settings = read_keys(entries, table, name, where=where, faults=faults)
    inner: dict[str, Mapping[str, Sourced[Any]]] = {}
    for key in [key for key in settings if table[key].shape is NODE]:
        child = settings.pop(key).value
        if key == "vars":
            inner[key] = read_vars(_inside(child, faults), name, faults)
        elif key in TABLES:
            inner[key] = read_table(child, key, name, where=where, faults=faults)
    if "prompt" in settings and "prompt_file" in settings:
        message = f"`prompt` and `prompt_file` exclude each other{where}"
        later = max("prompt", "prompt_file", key=lambda one: entries[one].key.line)
        faults.append(ManifestError(message, span=entries[later].key))
    return Layer(settings, **inner)


def read_table(
    node: Node, key: str, layer: str, *, where: str, faults: list[ManifestError]
) -> dict[str, Sourced[Any]]:
    """Read a mapping whose keys add up over the layers; a preset stands for the levels it names."""
    table, what = TABLES[key]
    if table is QC and isinstance(node.value, bool):
        return {"measured": Sourced(node.value, layer, node)}
    entries = _inside(node, faults)
    found = read_keys(entries, table, layer, where=f" in {what}{where}", faults=faults)
    if table is MASTER and "preset" in found:
        chosen = found.pop("preset")
        preset = PRESETS[chosen.value]
        found.setdefault("loudness", chosen._replace(value=preset.loudness))
        found.setdefault("true_peak", chosen._replace(value=preset.true_peak))
    return found


def read_keys(
    entries: Mapping[str, Node],
    table: Mapping[str, Key],
    layer: str,
    *,
    where: str,
    faults: list[ManifestError],
) -> dict[str, Sourced[Any]]:
    """Read every key of a mapping by its shape; those that are wrong are left out."""
    found: dict[str, Sourced[Any]] = {}
    for name, node in entries.items():
        try:
            if name not in table:
                raise _unknown(name, node, table, where)
            found[name] = make(Sourced, (table[name].shape.read(node), layer, node))
        except ManifestError as fault:
            faults.append(fault)
    return found


def read_vars(
    entries: Mapping[str, Node], layer: str, faults: list[ManifestError]
) -> dict[str, Sourced[Value]]:
    found: dict[str, Sourced[Value]] = {}
    for name, node in entries.items():
        try:
            variable(name, node)
            found[name] = make(Sourced, (value(node), layer, node))
        except ManifestError as fault:
            faults.append(fault)
    return found


def _inside(node: Node, faults: list[ManifestError]) -> dict[str, Node]:
    try:
        return node.entries()
    except ManifestError as fault:
        faults.append(fault)
        return {}


def _unknown(name: str, node: Node, table: Mapping[str, Key], where: str) -> ManifestError:
    """Return the error of a key that is not in the table, and say where it does belong."""
    error = node.unknown(name, table, where)
    if table is TAGS and name in {"title", "album", "artist"}:
        error.hint = f"`{name}` is a key of the {'track' if name == 'title' else 'manifest'} itself"
    elif name in ONLY_TRACK and table is SETTINGS:
        error.hint = f"only a track has `{name}`"
    elif name in SETTINGS and table is ALBUM:
        error.hint = f"`{name}` belongs in `defaults`, a group or a track"
    elif name in ALBUM and (table is SETTINGS or ONLY_TRACK.keys() <= table.keys()):
        error.hint = f"`{name}` belongs at the top of the manifest"
    return error
