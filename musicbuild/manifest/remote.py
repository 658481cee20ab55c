"""What an author may say of a store for the team: where it is, and whether builds put into it."""

from __future__ import annotations

from ..address import FORMS, LONGEST, Shared, masked, objection
from ..document import Node
from ..errors import ManifestError
from .mastering import inside
from .shapes import Shape


def store(node: Node) -> Shared:
    """Read an address, or a mapping with `url` and `push`."""
    if not isinstance(node.value, dict):
        return Shared(_address(node))
    found = inside(node, {"url": _address, "push": Node.boolean}, " in `store`")
    if "url" not in found:
        raise node.error("a store has a `url`", FORMS)
    return Shared(found["url"], found.get("push", False))


def _address(node: Node) -> str:
    if why := objection(node.string()):
        place = node.span
        raise ManifestError(why, span=place._replace(text=masked(place.text)), hint=FORMS)
    return node.string()


_URL = {"type": "string", "minLength": 1, "maxLength": LONGEST}

STORE = Shape(
    store,
    {
        "anyOf": [
            _URL,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {"url": _URL, "push": {"type": "boolean"}},
                "required": ["url"],
            },
        ]
    },
)
