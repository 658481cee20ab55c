"""`musicbuild.lock`: what was bought, for how much, and what came of it.

Purchases stand by key, so that no name of a track decides what is paid; outputs by track.
Nothing is ever taken from the purchases: their sum is what the project has spent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from sys import intern
from typing import Any, Literal

from . import durable, fields, pieces, quality, reading
from .cost import Cost, Totals, plain, total
from .errors import IntegrityError
from .hashing import Digest
from .paths import astray
from .pieces import Piece
from .quality import Figures
from .spec import MasterSpec

VERSION = 1
FILE_NAME = "musicbuild.lock"
LARGEST = 32 << 20
"""Bytes.  10,000 purchases and as many tracks have 16 MiB, with prompts of 300 characters."""
CONFLICT = re.compile(rb"^(<<<<<<<|=======|>>>>>>>)", re.MULTILINE)

RESTORE = "restore it from version control: it holds what was paid for"
_NEWER = "upgrade musicbuild if a newer one wrote it: `pip install -U musicbuild`; else restore it"


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
    """One finished file: the key it was made by, its digest, and that of its audio frames.

    `part` is what of the piece it holds, nothing for all of it.  `sound` is the key of what was
    done to its samples, nothing if they are as they were delivered, and `encoder` is what wrote
    them then.  `measured` are the figures of the file as it is, by name.
    """

    master: Digest
    digest: Digest
    audio_digest: Digest
    part: str = ""
    sound: Digest | Literal[""] = ""
    encoder: str = ""
    measured: Figures = field(default_factory=dict)

    def sounds_as(self, master: MasterSpec, audio: Digest) -> bool:
        """Tell whether it sounds just as a spec asks of this audio, whatever its tags."""
        return self.part == master.part and self.sound == master.sound_key(audio)


@dataclass(frozen=True, slots=True)
class LockedTrack:
    """What a track was made from: the key and take of its audio, its tags, its outputs by path."""

    generate: Digest
    take: int
    outputs: Mapping[str, LockedOutput]
    tags: Mapping[str, str | bool] = field(default_factory=dict)
    draft: bool = False

    @property
    def whole(self) -> Mapping[str, LockedOutput]:
        """Return the outputs that hold all of the audio as it was delivered."""
        outputs = self.outputs.items()
        return {path: output for path, output in outputs if not (output.part or output.sound)}


@dataclass(frozen=True)
class Lock:
    purchases: Mapping[Digest, Purchase] = field(default_factory=dict)
    tracks: Mapping[str, LockedTrack] = field(default_factory=dict)

    @property
    def spent(self) -> Totals:
        return total(purchase.cost for purchase in self.purchases.values())

    @cached_property
    def owners(self) -> Mapping[str, tuple[str, ...]]:
        """The tracks that have a path, by path; a merge may have left one to two of them."""
        found: dict[str, tuple[str, ...]] = {}
        for name, track in self.tracks.items():
            for path in track.outputs:
                found[path] = (*found.get(path, ()), name)
        return found

    @cached_property
    def made_from(self) -> Mapping[Digest, tuple[str, ...]]:
        """The tracks that were made from a purchase, by its key."""
        found: dict[Digest, tuple[str, ...]] = {}
        for name, track in self.tracks.items():
            found[track.generate] = (*found.get(track.generate, ()), name)
        return found

    def with_purchase(self, key: Digest, purchase: Purchase) -> Lock:
        return _knowing(self.owners, replace(self, purchases={**self.purchases, key: purchase}))

    def with_track(self, name: str, track: LockedTrack) -> Lock:
        """Record a track; a path it now owns is taken from any track that had it before."""
        tracks, owners = {**self.tracks}, {**self.owners}
        for path in tracks[name].outputs if name in tracks else ():
            owners[path] = tuple(one for one in owners[path] if one != name)
        for path in track.outputs:
            for other in owners.get(path, ()):
                kept = {**tracks[other].outputs}
                del kept[path]
                if kept:
                    tracks[other] = replace(tracks[other], outputs=kept)
                else:
                    del tracks[other]
            owners[path] = (name,)
        return _knowing(owners, replace(self, tracks={**tracks, name: track}))


def _knowing(owners: Mapping[str, tuple[str, ...]], lock: Lock) -> Lock:
    """Hand on who owns what from the lock before: it is dear to find out anew."""
    vars(lock)["owners"] = owners
    return lock


def load(path: Path) -> Lock:
    """Read a lock, empty if there is none yet; raise IntegrityError if it can't be trusted."""
    try:
        data = reading.contents(os.path.realpath(path), most=LARGEST)
    except FileNotFoundError:
        return Lock()
    except (reading.NotPlain, reading.TooLarge) as error:
        raise IntegrityError(f"`{path.name}` {error.strerror}", hint=RESTORE) from None
    return parse(data, path.name)


def save(path: Path, lock: Lock) -> None:
    durable.write(path, dump(lock))


def dump(lock: Lock) -> bytes:
    """Write a lock as JSON: sorted, one field a line, so that branches merge track by track."""
    return Writer().dump(lock)


class Writer:
    """Writes one lock after another, and remembers the text of each entry until the next."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], tuple[object, bytes]] = {}

    def dump(self, lock: Lock) -> bytes:
        """Return what `dump` does; only entries that are new or changed are put into words."""
        before, self._entries = self._entries, {}
        parts = (
            self._part("purchases", lock.purchases, purchase_to_json, before),
            self._part("tracks", lock.tracks, _from_track, before),
            b'"version": %d' % VERSION,
        )
        return b"{\n " + b",\n ".join(parts) + b"\n}\n"

    def _part(
        self,
        part: str,
        entries: Mapping[Any, Any],
        worded: Callable[[Any], Mapping[str, Any]],
        before: Mapping[tuple[str, str], tuple[object, bytes]],
    ) -> bytes:
        texts = []
        for name in sorted(entries):
            entry, place = entries[name], (part, name)
            known = before.get(place)
            if known is None or known[0] is not entry:
                known = entry, _text({name: worded(entry)})
            self._entries[place] = known
            texts.append(known[1])
        inner = b"{\n  " + b",\n  ".join(texts) + b"\n }" if texts else b"{}"
        return b'"%s": %s' % (part.encode(), inner)


def _text(entry: Mapping[str, Any]) -> bytes:
    """Write an entry as it stands among others, two mappings deep; no text in it has line ends."""
    text = json.dumps(entry, indent=1, sort_keys=True, ensure_ascii=False)
    return text[3:-2].replace("\n", "\n ").encode()


def parse(data: bytes, name: str = FILE_NAME) -> Lock:
    """Read a lock from bytes; raise IntegrityError, which never is a reason to pay."""
    if not data.strip():
        raise IntegrityError(f"`{name}` is empty", hint=RESTORE)
    try:
        return _read(pieces.cut(data.replace(b"\r\n", b"\n")), name)
    except pieces.Damaged as error:
        if CONFLICT.search(data):  # no JSON has a line that begins so
            raise IntegrityError(
                f"`{name}` holds an unresolved merge",
                hint="keep the purchases and tracks of both sides, then remove the markers",
            ) from None
        raise IntegrityError(f"`{name}` {error}", hint=RESTORE) from None
    except fields.UnknownKey as error:
        raise IntegrityError(f"`{name}` is not to be trusted: {error}", hint=_NEWER) from None
    except KeyError as error:
        raise IntegrityError(f"`{name}` is damaged: no `{error.args[0]}`", hint=RESTORE) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"`{name}` is damaged: {error}", hint=RESTORE) from None


def _read(found: list[Piece], name: str) -> Lock:
    """Put a lock together from its pieces; the version stands in the last of them."""
    last = found[-1].value()
    version = last.get("version")
    if type(version) is not int or version != VERSION:
        raise IntegrityError(
            f"`{name}` has version {version!r:.40}, and this musicbuild reads version {VERSION}",
            hint="upgrade musicbuild: `pip install -U musicbuild`",
        )
    if len(found) == 1:
        return _to_lock(last)
    del last  # it is read once more, so that no two are in memory
    purchases: dict[Digest, Purchase] = {}
    tracks: dict[str, LockedTrack] = {}
    for piece in found:
        part = _to_lock({"purchases": {}, "tracks": {}, **piece.value()})
        if part.purchases.keys() & purchases.keys() or part.tracks.keys() & tracks.keys():
            raise pieces.Damaged("is damaged: a key appears twice")
        purchases.update(part.purchases)
        tracks.update(part.tracks)
    return Lock(purchases, tracks)


def _to_lock(value: Mapping[str, Any]) -> Lock:
    fields.only(_LOCK, value)
    return Lock(
        purchases={
            fields.digest(key): purchase_from_json(one) for key, one in value["purchases"].items()
        },
        tracks={fields.text(track): _to_track(one) for track, one in value["tracks"].items()},
    )


_LOCK = frozenset({"version", "purchases", "tracks"})
_PURCHASE = frozenset(
    {
        *("provider", "model", "prompt", "duration", "options", "take", "generation", "audio"),
        *("bytes", "seconds", "cost", "unit", "bought"),
    }
)
_PLAIN_PURCHASE = _PURCHASE - {"options"}
_TEXTS = itemgetter("provider", "model", "prompt", "generation", "audio", "cost", "unit", "bought")
_TRACK = frozenset({"generate", "take", "draft", "tags", "outputs"})
_OUTPUT = frozenset({"master", "digest", "audio_digest", "part", "sound", "encoder", "measured"})
_PLAIN_TRACK = _TRACK - {"draft"}
_PLAIN_OUTPUT = frozenset({"master", "digest", "audio_digest"})
_DIGESTS = itemgetter("master", "digest", "audio_digest")


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
    """Read a purchase; raise KeyError, TypeError, AttributeError or ValueError if it is none."""
    return _plain_purchase(value) or _any_purchase(value)


def _plain_purchase(value: Mapping[str, Any]) -> Purchase | None:
    """Return a purchase that is as most are; None where a closer look must say what is amiss."""
    if value.keys() != _PLAIN_PURCHASE:
        return None
    try:
        texts = fields.texts(_TEXTS(value))
        provider, model, prompt, generation, audio, cost, unit, bought = texts
        return Purchase(
            provider=intern(provider),
            model=intern(model),
            prompt=prompt,
            duration=fields.number(value["duration"]),
            options=(),
            take=fields.count(value["take"]),
            generation=generation,
            audio=fields.digest(audio),
            bytes=fields.count(value["bytes"]),
            seconds=fields.number(value["seconds"]),
            cost=_cost(cost, unit),
            bought=bought,
        )
    except (ValueError, TypeError):
        return None


@lru_cache
def _cost(amount: str, unit: str) -> Cost:
    return Cost(fields.amount(amount), fields.text(unit))


def _any_purchase(value: Mapping[str, Any]) -> Purchase:
    fields.only(_PURCHASE, value)
    options = value.get("options", {})
    return Purchase(
        provider=fields.text(value["provider"]),
        model=fields.text(value["model"]),
        prompt=fields.text(value["prompt"]),
        duration=fields.number(value["duration"]),
        options=tuple(
            sorted((fields.text(name), fields.scalar(one)) for name, one in options.items())
        ),
        take=fields.count(value["take"]),
        generation=fields.text(value["generation"]),
        audio=fields.digest(value["audio"]),
        bytes=fields.count(value["bytes"]),
        seconds=fields.number(value["seconds"]),
        cost=Cost(fields.amount(value["cost"]), fields.text(value["unit"])),
        bought=fields.text(value["bought"]),
    )


def _from_track(one: LockedTrack) -> dict[str, Any]:
    return {
        "generate": one.generate,
        "take": one.take,
        **({"draft": True} if one.draft else {}),
        "tags": dict(one.tags),
        "outputs": {path: _from_output(out) for path, out in one.outputs.items()},
    }


def _from_output(out: LockedOutput) -> dict[str, Any]:
    said = {
        "part": out.part,
        "sound": out.sound,
        "encoder": out.encoder,
        "measured": {name: _figure(value) for name, value in out.measured.items()},
    }
    return {
        "master": out.master,
        "digest": out.digest,
        "audio_digest": out.audio_digest,
        **{name: value for name, value in said.items() if value},
    }


def _figure(value: float | str) -> float | str:
    return value if isinstance(value, str) else _written(value)


def _to_track(value: Mapping[str, Any]) -> LockedTrack:
    return _plain_track(value) or _any_track(value)


def _plain_track(value: Mapping[str, Any]) -> LockedTrack | None:
    """Return a track that is as most are; None where a closer look must say what is amiss."""
    if value.keys() != _PLAIN_TRACK:
        return None
    tags, outputs = value["tags"], value["outputs"]
    try:
        fields.texts((*outputs, *tags, *tags.values()))
        if any(map(astray, outputs)):
            return None
        return LockedTrack(
            generate=fields.digest(value["generate"]),
            take=fields.count(value["take"]),
            outputs={path: _to_output(one) for path, one in outputs.items()},
            tags=tags,
        )
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _any_track(value: Mapping[str, Any]) -> LockedTrack:
    fields.only(_TRACK, value)
    return LockedTrack(
        generate=fields.digest(value["generate"]),
        take=fields.count(value["take"]),
        outputs={fields.path(path): _to_output(out) for path, out in value["outputs"].items()},
        tags={fields.text(name): fields.tag(one) for name, one in value["tags"].items()},
        draft=fields.flag(value.get("draft", False)),
    )


def _to_output(value: Mapping[str, Any]) -> LockedOutput:
    if value.keys() == _PLAIN_OUTPUT:
        master, digest, audio_digest = fields.digests(_DIGESTS(value))
        return LockedOutput(master, digest, audio_digest)
    fields.only(_OUTPUT, value)
    return LockedOutput(
        fields.digest(value["master"]),
        fields.digest(value["digest"]),
        fields.digest(value["audio_digest"]),
        fields.text(value.get("part", "")),
        fields.digest(value["sound"]) if "sound" in value else "",
        fields.text(value.get("encoder", "")),
        _to_figures(value.get("measured", {})),
    )


def _to_figures(value: Mapping[str, Any]) -> Figures:
    figures = {fields.text(name): fields.figure(one) for name, one in value.items()}
    quality.check(figures)
    return figures


def _written(number: float) -> float:
    """Write equal numbers alike, so that reading and saving a lock changes no line of it."""
    return int(number) if number == int(number) else number
