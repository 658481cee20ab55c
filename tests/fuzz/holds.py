"""What is asked of any success and any error, and how bytes become what a target takes."""

from __future__ import annotations

import unicodedata
from typing import Any

from musicbuild.console.errors import error_lines
from musicbuild.console.look import Look
from musicbuild.document import DEPTH, Node
from musicbuild.document.source import CONTROL
from musicbuild.errors import MusicbuildError, UsageError
from musicbuild.models import Model
from musicbuild.providers import elumenta, sketch
from musicbuild.providers.credentials import Secret
from musicbuild.providers.verdict import Answer

KEY = "nb_CANARY0123456789abcdefABCDEF"
SECRET = Secret(KEY)
VARIABLES = {
    "era": "1980s «synthwave»",
    "bpm": 120,
    "ratio": 0.5,
    "calm": True,
    "id": "menu",
    "parts": ["drums", "bass"],
    "mix": {"pads": 3, "deep": {"x": "y"}},
    "title": "Menu",
    "energy": "high",
    "phase": 2,
    "place": "a harbour",
    "scene": "a talk",
    "duration": 30,
}
"""What a template sees, in a test of templates alone."""


def answered(data: bytes) -> Answer:
    """Make an answer of a first line, the status and perhaps what to wait, and a body."""
    head, _, body = data.partition(b"\n")
    status, _, wait = head.decode("latin-1").partition(" ")
    number = int(status) if status.isascii() and status.isdecimal() and len(status) == 3 else 200
    return Answer(number, {"retry-after": wait} if wait else {}, body, SECRET)


def model(written: str) -> Model:
    name = written.rpartition("/")[2].replace("sketch-1", "sketch")
    known = {**elumenta.MODELS, "sketch": sketch.PROVIDER.models["sketch-1"]}
    if name in known:
        return known[name]
    raise UsageError(f"unknown model `{written}`")


def plain(node: Node, depth: int) -> Any:
    """Return the values of a document; its places are all in its text."""
    assert depth <= DEPTH
    for place in (node.span, node.key):
        assert place.line <= len(node.source.lines) + 1
        assert place.excerpt()
    match node.value:
        case dict():
            return {name: plain(one, depth + 1) for name, one in node.value.items()}
        case list():
            return [plain(one, depth + 1) for one in node.value]
        case value:
            assert not isinstance(value, str) or not CONTROL.search(value)
            return value


def as_json(value: Any) -> bool:
    """Tell whether JSON can hold values: no long keys, bare marks or floats without a point."""
    match value:
        case dict():
            return all(len(name) < 1000 and as_json([name, one]) for name, one in value.items())
        case list():
            return all(map(as_json, value))
        case str():
            return not {"\ufeff", "\ufffe", "\uffff"} & {*value}
        case _:
            return "e" not in repr(value) or not isinstance(value, float)


def clean(text: str) -> None:
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)
    assert not CONTROL.search(text)
    text.encode()


def legible(error: MusicbuildError) -> None:
    """Check that an error can be shown, and nothing in it is obeyed by a terminal."""
    assert str(error)
    for line in error_lines(error, Look()):
        assert not CONTROL.search(line), line
        assert not any(unicodedata.bidirectional(one) in {"RLO", "LRO", "RLI"} for one in line)
