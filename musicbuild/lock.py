"""`musicbuild.lock`: what was bought, for how much, and what came of it.

Purchases stand by key, so that no name of a track decides what is paid; outputs by track.
Nothing is ever taken from the purchases: their sum is what the project has spent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import durable
from .cost import Cost, Totals, plain, total
from .errors import IntegrityError
from .hashing import Digest

VERSION = 1
FILE_NAME = "musicbuild.lock"
LARGEST = 64 * 1024 * 1024
LARGEST_NUMBER = 2**53
DIGEST = re.compile(r"[0-9a-f]{64}")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,400})?")
"""As `plain` writes it; an exponent such as 1e999999 would fill the memory with noughts."""
CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Purchase:
    """Audio that a provider delivered for a key; `duration` was asked, `seconds` came.

    `generation` is the provider's id, `audio` the digest of the bytes as delivered, `bought`
    the moment in ISO 8601.
    """

    provider: str
    model: str
    prompt: str
    duration: float
    options: tuple[tuple[str, str | int | float | bool], ...]
    take: int
    generation: str
    audio: Digest
    bytes: int
    seconds: float
    cost: Cost
    bought: str


@dataclass(frozen=True, slots=True)
class LockedOutput:
    """One finished file: the key it was made by, its digest, and that of its audio frames."""

    master: Digest
    digest: Digest
    audio_digest: Digest


@dataclass(frozen=True, slots=True)
class LockedTrack:
    """What a track was made from: the key and take of its audio, its tags, its outputs by path."""

    generate: Digest
    take: int
    outputs: Mapping[str, LockedOutput]
    tags: Mapping[str, str | bool] = field(default_factory=dict)
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    purchases: Mapping[Digest, Purchase] = field(default_factory=dict)
    tracks: Mapping[str, LockedTrack] = field(default_factory=dict)

    @property
    def spent(self) -> Totals:
        return total(purchase.cost for purchase in self.purchases.values())

    def with_purchase(self, key: Digest, purchase: Purchase) -> Lock:
        return replace(self, purchases={**self.purchases, key: purchase})

    def with_track(self, name: str, track: LockedTrack) -> Lock:
        """Record a track; a path it now owns is taken from any track that had it before."""
        tracks = dict(self.tracks)
        for other, locked in self.tracks.items():
            kept = {path: out for path, out in locked.outputs.items() if path not in track.outputs}
            if len(kept) < len(locked.outputs):
                tracks[other] = replace(locked, outputs=kept)
                if not kept:
                    del tracks[other]
        return replace(self, tracks={**tracks, name: track})


def load(path: Path) -> Lock:
    """Read a lock, empty if there is none yet; raise IntegrityError if it can't be trusted."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Lock()
    if len(data) > LARGEST:
        raise IntegrityError(f"`{path.name}` is larger than {LARGEST >> 20} MiB", hint=_RESTORE)
    return parse(data, path.name)


def save(path: Path, lock: Lock) -> None:
    durable.write(path, dump(lock))


def dump(lock: Lock) -> bytes:
    """Write a lock as JSON: sorted, one field a line, so that branches merge track by track."""
    value = {
        "version": VERSION,
        "purchases": {key: purchase_to_json(one) for key, one in lock.purchases.items()},
        "tracks": {name: _from_track(one) for name, one in lock.tracks.items()},
    }
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def parse(data: bytes, name: str = FILE_NAME) -> Lock:
    """Read a lock from bytes; raise IntegrityError, which never is a reason to pay."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise IntegrityError(f"`{name}` is not UTF-8", hint=_RESTORE) from None
    if not text.strip():
        raise IntegrityError(f"`{name}` is empty", hint=_RESTORE)
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        if CONFLICT.search(text):  # no JSON has a line that begins so
            raise IntegrityError(
                f"`{name}` holds an unresolved merge",
                hint="keep the purchases and tracks of both sides, then remove the markers",
            ) from None
        raise IntegrityError(f"`{name}` is damaged: {error}", hint=_RESTORE) from None
    if not isinstance(value, dict):
        raise IntegrityError(f"`{name}` is damaged: it holds no mapping", hint=_RESTORE)
    found = value.get("version")
    if type(found) is not int or found != VERSION:
        raise IntegrityError(
            f"`{name}` has version {found!r:.40}, and this musicbuild reads version {VERSION}",
            hint="upgrade musicbuild: `pip install -U musicbuild`",
        )
    try:
        return Lock(
            purchases={
                _digest(key): purchase_from_json(one) for key, one in value["purchases"].items()
            },
            tracks={_text(track): _to_track(one) for track, one in value["tracks"].items()},
        )
    except KeyError as error:
        raise IntegrityError(f"`{name}` is damaged: no `{error.args[0]}`", hint=_RESTORE) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"`{name}` is damaged: {error}", hint=_RESTORE) from None


_RESTORE = "restore it from version control: it holds what was paid for"


def purchase_to_json(one: Purchase) -> dict[str, Any]:
    return {
        "provider": one.provider,
        "model": one.model,
        "prompt": one.prompt,
        "duration": _written(one.duration),
        **({"options": dict(one.options)} if one.options else {}),
        "take": one.take,
        "generation": one.generation,
        "audio": one.audio,
        "bytes": one.bytes,
        "seconds": _written(one.seconds),
        "cost": plain(one.cost.amount),
        "unit": one.cost.unit,
        "bought": one.bought,
    }


def purchase_from_json(value: Mapping[str, Any]) -> Purchase:
    options = value.get("options", {})
    return Purchase(
        provider=_text(value["provider"]),
        model=_text(value["model"]),
        prompt=_text(value["prompt"]),
        duration=_number(value["duration"]),
        options=tuple(sorted((_text(name), _scalar(one)) for name, one in options.items())),
        take=_count(value["take"]),
        generation=_text(value["generation"]),
        audio=_digest(value["audio"]),
        bytes=_count(value["bytes"]),
        seconds=_number(value["seconds"]),
        cost=Cost(_amount(value["cost"]), _text(value["unit"])),
        bought=_text(value["bought"]),
    )


def _from_track(one: LockedTrack) -> dict[str, Any]:
    return {
        "generate": one.generate,
        "take": one.take,
        **({"draft": True} if one.draft else {}),
        "tags": dict(one.tags),
        "outputs": {
            path: {"master": out.master, "digest": out.digest, "audio_digest": out.audio_digest}
            for path, out in one.outputs.items()
        },
    }


def _to_track(value: Mapping[str, Any]) -> LockedTrack:
    return LockedTrack(
        generate=_digest(value["generate"]),
        take=_count(value["take"]),
        outputs={_text(path): _to_output(out) for path, out in value["outputs"].items()},
        tags={_text(name): _tag(one) for name, one in value["tags"].items()},
        draft=_flag(value.get("draft", False)),
    )


def _to_output(value: Mapping[str, Any]) -> LockedOutput:
    return LockedOutput(
        _digest(value["master"]), _digest(value["digest"]), _digest(value["audio_digest"])
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _unexpected(value: Any) -> ValueError:
    return ValueError(f"unexpected {value!r:.80}")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _unexpected(value)
    return value


def _text(value: Any) -> str:
    """Take text that can be written to a file again, and be the name of one."""
    if not isinstance(value, str) or "\0" in value:
        raise _unexpected(value)
    value.encode()
    return value


def _digest(value: Any) -> Digest:
    if not DIGEST.fullmatch(_text(value)):
        raise _unexpected(value)
    return Digest(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LARGEST_NUMBER:
        raise _unexpected(value)
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < LARGEST_NUMBER:
        raise _unexpected(value)
    return float(value)


def _amount(value: Any) -> Decimal:
    if not AMOUNT.fullmatch(_text(value)):
        raise _unexpected(value)
    return Decimal(value)


def _scalar(value: Any) -> str | int | float | bool:
    match value:
        case str():
            return _text(value)
        case bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
    raise _unexpected(value)


def _tag(value: Any) -> str | bool:
    return value if isinstance(value, bool) else _text(value)


def _written(number: float) -> float:
    """Write equal numbers alike, so that reading and saving a lock changes no line of it."""
    return int(number) if number == int(number) else number
