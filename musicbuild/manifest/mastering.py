"""What an author may ask of mastering: levels, ends, loops, files, and how exact they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..document import Node
from ..document.source import shown
from ..errors import ManifestError, suggestion
from ..paths import EXTENSIONS
from .shapes import Shape, listed


@dataclass(frozen=True, slots=True)
class Preset:
    """Levels that go by a name: LUFS, dBTP, and who asks for them."""

    loudness: float
    true_peak: float
    source: str


PRESETS: Mapping[str, Preset] = {
    "game": Preset(-16, -1, "AES TD1008, for music: as loud as players stream it"),
    "mobile": Preset(-18, -1, "Sony ASWG-R001, portable"),
    "console": Preset(-24, -1, "Sony ASWG-R001, home"),
    "youtube": Preset(-14, -1, "what YouTube turns down to"),
    "ebu-r128": Preset(-23, -1, "EBU R 128"),
    "atsc-a85": Preset(-24, -2, "ATSC A/85"),
}

MADE = tuple(EXTENSIONS)

MP3_BITRATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""In kbit/s, at 32 kHz and over.  Source: ISO/IEC 11172-3."""

SAMPLE_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
CURVES = ("linear", "equal-power", "s-curve")
TRIM = -60.0
"""In dBFS: quieter than that is heard by nobody."""

LOUDEST, QUIETEST = 0, -60
LONGEST_FADE = 600
LONGEST_CROSSFADE = 30
MOST_BARS = 1024

Setting = Callable[[Node], float]


def within(least: float, most: float, what: str, *, unit: str = "", whole: bool = False) -> Setting:
    """Return what reads a number in these bounds."""

    def read(node: Node) -> float:
        number = node.integer() if whole else node.number()
        if not least <= number <= most:
            raise node.error(f"{what} is {least:g} to {most:g}{unit}, not {node.written[:20]}")
        return number

    return read


def one_of(choices: Sequence[Any], what: str) -> Callable[[Node], Any]:
    """Return what reads one of some words, or numbers."""

    def read(node: Node) -> Any:
        if node.value not in choices or isinstance(node.value, bool):
            if isinstance(node.value, list | dict | None):
                raise node.unexpected(f"a {what}")
            words = [str(choice) for choice in choices]
            near = suggestion(node.value, words) if isinstance(node.value, str) else ""
            hint = near or f"it is one of {listed(words)}"
            raise node.error(f"unknown {what} `{shown(node.written)}`", hint)
        return node.value

    return read


def level(least: float, most: float, what: str, unit: str) -> Callable[[Node], float | None]:
    """Return what reads a level; `false` takes back one that was set before."""
    number = within(least, most, what, unit=unit)

    def read(node: Node) -> float | None:
        return None if node.value is False else number(node)

    return read


def trim(node: Node) -> float | None:
    if isinstance(node.value, bool):
        return TRIM if node.value else None
    return within(-100, -20, "the level that is trimmed", unit=" dBFS")(node)


def fade(node: Node) -> tuple[float, str]:
    """Read seconds, or a mapping with a curve too."""
    seconds = within(0, LONGEST_FADE, "a fade", unit=" seconds")
    if not isinstance(node.value, dict):
        return seconds(node), CURVES[0]
    found = inside(node, {"seconds": seconds, "curve": one_of(CURVES, "curve")}, " in a fade")
    if "seconds" not in found:
        raise node.error("a fade has `seconds`")
    return found["seconds"], found.get("curve", CURVES[0])


def loop(node: Node) -> Mapping[str, float] | None:
    if not isinstance(node.value, dict):
        return {} if node.boolean() else None
    readers: Mapping[str, Setting] = {
        "crossfade": within(0.01, LONGEST_CROSSFADE, "a crossfade", unit=" seconds"),
        "bars": within(1, MOST_BARS, "a number of bars", whole=True),
    }
    return inside(node, readers, " in `loop`")


FORMAT_SETTINGS: Mapping[str, Mapping[str, Callable[[Node], Any]]] = {
    "mp3": {"bitrate": one_of(MP3_BITRATES, "bitrate")},
    "ogg": {"quality": within(0, 10, "the quality")},
    "opus": {"bitrate": within(32, 320, "the bitrate", whole=True)},
    "flac": {"bits": one_of((16, 24), "number of bits")},
    "wav": {"bits": one_of((16, 24), "number of bits")},
    "m4a": {"bitrate": within(64, 320, "the bitrate", whole=True)},
    "mid": {},
}
"""What each format lets an author choose."""


def formats(node: Node) -> Mapping[str, Mapping[str, float]]:
    """Read formats with their settings: a list of names, or a mapping by name."""
    if isinstance(node.value, dict):
        entries = node.mapping()
        if not entries:
            raise node.error("expected at least one format")
        found = {}
        for name, settings in entries.items():
            readers = FORMAT_SETTINGS[_format(name, settings)]
            empty = settings.value is None
            found[name] = {} if empty else inside(settings, readers, f" of `{name}`")
        return found
    items = node.items()
    if not items:
        raise node.error("expected a list of at least one")
    names: dict[str, Mapping[str, float]] = {}
    for item in items:
        name = _format(item.string(), item)
        if name in names:
            raise item.error(f"`{name}` is listed twice")
        names[name] = {}
    return names


def _format(name: str, node: Node) -> str:
    if name not in MADE:
        hint = suggestion(name, MADE) or f"only {listed(MADE)} are made"
        raise node.error(f"unknown format `{shown(name)}`", hint)
    return name


def inside(node: Node, readers: Mapping[str, Callable[[Node], Any]], where: str) -> dict[str, Any]:
    """Read a mapping of settings; the first that is wrong is raised at its place."""
    found = {}
    for name, entry in node.mapping().items():
        if name not in readers:
            fault = entry.unknown(name, readers, where)
            known = f"there is {listed(sorted(readers))}" if readers else "there is nothing to set"
            raise ManifestError(fault.message, span=fault.span, hint=fault.hint or known)
        found[name] = readers[name](entry)
    return found


def _enum(choices: Collection[Any]) -> dict[str, Any]:
    return {"enum": list(choices)}


def _number(least: float, most: float, kind: str = "number") -> dict[str, Any]:
    return {"type": kind, "minimum": least, "maximum": most}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


_OFF = {"const": False}
_FORMAT_SCHEMAS = {
    "mp3": _object(bitrate=_enum(MP3_BITRATES)),
    "ogg": _object(quality=_number(0, 10)),
    "opus": _object(bitrate=_number(32, 320, "integer")),
    "flac": _object(bits=_enum((16, 24))),
    "wav": _object(bits=_enum((16, 24))),
    "m4a": _object(bitrate=_number(64, 320, "integer")),
    "mid": _object(),
}

FORMATS = Shape(
    formats,
    {
        "anyOf": [
            {"type": "array", "items": _enum(MADE), "minItems": 1, "uniqueItems": True},
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    name: {"anyOf": [{"type": "null"}, schema]}
                    for name, schema in _FORMAT_SCHEMAS.items()
                },
            },
        ]
    },
)
PRESET = Shape(one_of(tuple(PRESETS), "preset"), _enum(PRESETS))
LOUDNESS = Shape(
    level(QUIETEST, LOUDEST, "a loudness", " LUFS"), {"anyOf": [_OFF, _number(QUIETEST, LOUDEST)]}
)
TRUE_PEAK = Shape(level(-20, 0, "a true peak", " dBTP"), {"anyOf": [_OFF, _number(-20, 0)]})
GAIN_MODE = Shape(one_of(("encode", "lossless"), "gain mode"), _enum(("encode", "lossless")))
TRIMMED = Shape(trim, {"anyOf": [{"type": "boolean"}, _number(-100, -20)]})
FADE = Shape(
    fade,
    {
        "anyOf": [
            _number(0, LONGEST_FADE),
            {
                **_object(seconds=_number(0, LONGEST_FADE), curve=_enum(CURVES)),
                "required": ["seconds"],
            },
        ]
    },
)
LENGTH = Shape(one_of(("exact", "delivered"), "length"), _enum(("exact", "delivered")))
LOOP = Shape(
    loop,
    {
        "anyOf": [
            {"type": "boolean"},
            _object(
                crossfade=_number(0.01, LONGEST_CROSSFADE), bars=_number(1, MOST_BARS, "integer")
            ),
        ]
    },
)
SAMPLE_RATE = Shape(one_of(SAMPLE_RATES, "sample rate"), _enum(SAMPLE_RATES))
CHANNELS = Shape(one_of((1, 2), "number of channels"), _enum((1, 2)))


def bounded(least: float, most: float, what: str, *, whole: bool = False) -> Shape:
    return Shape(
        within(least, most, what, whole=whole),
        _number(least, most, "integer" if whole else "number"),
    )
