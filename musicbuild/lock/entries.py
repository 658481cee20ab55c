"""How one purchase, and one track, stand in the text of a lock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from sys import intern
from typing import Any

from .. import fields, quality
from ..cost import Cost, plain
from ..models import SourceType
from ..paths import astray
from ..quality import Figures
from .values import Adopted, LockedOutput, LockedTrack, Purchase

_PURCHASE = frozenset(
    {
        *("provider", "model", "prompt", "duration", "options", "take", "generation", "audio"),
        *("bytes", "seconds", "cost", "unit", "bought", "adopted"),
    }
)
_PLAIN_PURCHASE = _PURCHASE - {"options", "adopted"}
_ADOPTED = frozenset({"file", "format", "kind"})
_KINDS = {one.value: one for one in SourceType}
_TEXTS = itemgetter("provider", "model", "prompt", "generation", "audio", "cost", "unit", "bought")
_TRACK = frozenset({"generate", "take", "picked", "draft", "tags", "outputs"})
_OUTPUT = frozenset({"master", "digest", "audio_digest", "part", "sound", "encoder", "measured"})
_PLAIN_TRACK = _TRACK - {"draft", "picked"}
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
        **({"adopted": _from_adopted(one.adopted)} if one.adopted else {}),
    }


def _from_adopted(one: Adopted) -> dict[str, str]:
    said = {"file": one.file, "format": one.format}
    return {**said, **({"kind": one.kind.value} if one.kind else {})}


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
        adopted=_to_adopted(value["adopted"]) if "adopted" in value else None,
    )


def _to_adopted(value: Mapping[str, Any]) -> Adopted:
    fields.only(_ADOPTED, value)
    return Adopted(
        file=fields.text(value["file"]),
        format=fields.text(value["format"]),
        kind=_to_kind(fields.text(value["kind"])) if "kind" in value else None,
    )


def _to_kind(text: str) -> SourceType:
    if text not in _KINDS:
        raise ValueError(f"{text!r:.40} is no way in which music is made")
    return _KINDS[text]


def track_to_json(one: LockedTrack) -> dict[str, Any]:
    return {
        "generate": one.generate,
        "take": one.take,
        **({"picked": one.picked} if one.picked else {}),
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


def track_from_json(value: Mapping[str, Any]) -> LockedTrack:
    """Read a track; raise KeyError, TypeError, AttributeError or ValueError if it is none."""
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
        picked=fields.count(value.get("picked", 0)),
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
