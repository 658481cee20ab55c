"""What a worker answers, read as what anybody might have sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .. import fields
from ..hashing import Digest

LARGEST = 4 << 20
"""Characters of an answer: the files that are made never come in it."""

LONGEST = 2_000
"""Characters of a sentence."""

Read = TypeVar("Read")


class NoAnswer(Exception):
    """This is not what a worker says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made: digests of files by output, and what was said, as bytes or by digest.

    Or why nothing was: the work `refused` it, the `store` can't be used (why, and the way out),
    the tools differ and are these, or what lay under a digest was not that.
    """

    files: Mapping[str, Digest] = field(default_factory=dict)
    said: Mapping[str, bytes | Digest] = field(default_factory=dict)
    refused: str | None = None
    store: tuple[str, str] | None = None
    differs: Mapping[str, str] | None = None
    spoilt: Digest | None = None

    @property
    def digests(self) -> Iterator[Digest]:
        """Yield all that was put into the store."""
        yield from self.files.values()
        yield from (one for one in self.said.values() if isinstance(one, str))


def read_answer(told: object) -> Answer:
    """Read what came of work; raise NoAnswer for what can't have."""
    return _read(told, _answer)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker works with, and why it can't use the `store`, with the way out."""

    tools: Mapping[str, str]
    store: tuple[str, str] | None


def read_ready(told: object) -> Ready:
    """Read what a worker says of itself; raise NoAnswer for what can't be that."""

    def ready(value: Any) -> Ready:
        objection = _objection(value["store"]) if "store" in value else None
        return Ready(_tools(value["tools"]), objection)

    return _read(told, ready)


def _read(told: object, read: Callable[[Any], Read]) -> Read:
    if not isinstance(told, str) or len(told) > LARGEST:
        raise NoAnswer
    try:
        return read(json.loads(told))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise NoAnswer from None


def _answer(value: Any) -> Answer:
    match value:
        case {"made": {"files": files, "said": said}}:
            return Answer(
                files={fields.text(name): fields.digest(one) for name, one in files.items()},
                said={fields.text(name): _carried(one) for name, one in said.items()},
            )
        case {"refused": str(sentence)}:
            return Answer(refused=_sentence(sentence))
        case {"store": objection}:
            return Answer(store=_objection(objection))
        case {"differs": found}:
            return Answer(differs=_tools(found))
        case {"spoilt": digest}:
            return Answer(spoilt=fields.digest(digest))
    raise NoAnswer


def _carried(value: Any) -> bytes | Digest:
    if "data" in value:
        return base64.b64decode(fields.text(value["data"]), validate=True)
    return fields.digest(value["digest"])


def _objection(value: Any) -> tuple[str, str]:
    message, hint = value
    return _sentence(message), _sentence(hint)


def _tools(value: Any) -> Mapping[str, str]:
    return {_sentence(name): _sentence(text) for name, text in value.items()}


def _sentence(value: Any) -> str:
    return fields.text(value)[:LONGEST]
