"""How one track is told: every value with its place, what was made of it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import Span
from ..hashing import Digest
from ..lock import Adopted, LockedTrack, Purchase
from ..models import Description, Mark, SourceType
from ..quality import Figures
from ..spec import TrackSpec
from ..steps import Step
from .envelope import cost
from .errors import place
from .figures import figures_data, figures_lines
from .json import step_data
from .look import Look, Style, cells, escape, pad, table
from .words import clock, length, price, step_quote, way_out, why

KINDS: Mapping[SourceType, str] = {
    SourceType.TRAINED: "made by AI",
    SourceType.ALGORITHMIC: "composed by a program",
    SourceType.CREATED: "made by a human",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it counts, and the layer and place it comes from."""

    name: str
    text: str
    layer: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Take:
    """One take: its key, what was bought for it, and the path of its audio, if it is stored."""

    number: int
    key: Digest
    purchase: Purchase | None
    file: str


@dataclass(frozen=True, slots=True)
class File:
    """One output; `tags` are those of the file that lies there, None if none does.

    `figures` are those that the lock has of it.  `fetched` is false for a Git LFS pointer.
    """

    path: str
    master: Digest | None
    tags: Mapping[str, str] | None
    figures: Figures = field(default_factory=dict)
    fetched: bool = True


@dataclass(frozen=True, slots=True)
class Portrait:
    """All that is known of one track."""

    track: TrackSpec
    values: Sequence[Value]
    takes: Sequence[Take]
    files: Sequence[File]
    locked: LockedTrack | None
    step: Step
    described: Description | None = None


def show_lines(shown: Portrait, look: Look) -> list[str]:
    track = shown.track
    title = escape(track.outputs[0].master.tags.title)
    lines = [f"{look.paint(track.id, Style.STRONG)}  {title}", ""]
    rows = [(f" {escape(one.name)}", _short(one.text, look), _where(one)) for one in shown.values]
    lines += table(rows)
    lines += ["", _head("prompt", look)]
    lines += [f"   {escape(line)}" for line in track.generate.prompt.splitlines()]
    if shown.described:
        lines += ["", _head("music", look), *_music(shown.described, look)]
    lines += ["", _head("takes", look)]
    for take in shown.takes:
        lines += _take(take, shown.locked)
    lines += ["", _head("outputs", look)]
    for file in shown.files:
        lines += _file(file)
    return [*lines, "", *_verdict(shown.step, look)]


def show_data(shown: Portrait) -> dict[str, Any]:
    track = shown.track
    return {
        "track": track.id,
        "title": track.outputs[0].master.tags.title,
        "prompt": track.generate.prompt,
        "provider": track.generate.provider,
        "model": track.generate.model,
        "duration": track.generate.duration,
        "options": dict(track.generate.options),
        "labels": list(track.labels),
        "music": asdict(shown.described) if shown.described else None,
        "values": [
            {
                "name": one.name,
                "value": one.text,
                "layer": one.layer,
                "file": place(one.span.path) if one.span else None,
                "line": one.span.line if one.span else None,
            }
            for one in shown.values
        ],
        "takes": [_take_data(take) for take in shown.takes],
        "outputs": [
            {
                "path": file.path,
                "master_key": file.master,
                "tags": dict(file.tags) if file.tags is not None else None,
                "measured": figures_data(file.figures) or None,
                "fetched": file.fetched,
            }
            for file in shown.files
        ],
        "locked": _locked_data(shown.locked),
        "plan": step_data(shown.step),
    }


def _take_data(take: Take) -> dict[str, Any]:
    bought = take.purchase
    return {
        "take": take.number,
        "key": take.key,
        "file": take.file or None,
        "purchase": {
            "generation": bought.generation,
            "audio": bought.audio,
            "bytes": bought.bytes,
            "seconds": bought.seconds,
            "cost": cost(bought.cost),
            "bought": bought.bought,
            "adopted": origin_data(bought.adopted),
        }
        if bought
        else None,
    }


def origin_data(adopted: Adopted | None) -> dict[str, Any] | None:
    if adopted is None:
        return None
    kind = adopted.kind.value if adopted.kind else None
    return {"file": adopted.file, "format": adopted.format, "source_type": kind}


def _locked_data(locked: LockedTrack | None) -> dict[str, Any] | None:
    if locked is None:
        return None
    return {
        "generate": locked.generate,
        "take": locked.take,
        "draft": locked.draft,
        "outputs": {path: out.digest for path, out in locked.outputs.items()},
    }


def _head(text: str, look: Look) -> str:
    return f" {look.paint(text, Style.STRONG)}"


def _short(text: str, look: Look) -> str:
    return look.cut(escape(text), look.width if look.verbose else max(20, look.width - 48))


def _where(value: Value) -> str:
    at = f", {escape(place(value.span.path))}:{value.span.line}" if value.span else ""
    return f"{escape(value.layer)}{at}"


def _music(music: Description, look: Look) -> list[str]:
    """Say what will be heard, and what of the prompt was understood."""
    rows = [
        ("tempo", f"{music.bpm:g} BPM, {music.meter}"),
        ("key", music.key),
        ("chords", _marks(music.chords)),
        ("sections", _marks(music.sections)),
        ("heard", "; ".join(music.heard)),
        ("ignored", ", ".join(music.ignored)),
    ]
    width = look.width if look.verbose else max(20, look.width - 12)
    return table([(f"   {name}", look.cut(escape(text), width)) for name, text in rows if text])


def _marks(marks: Iterable[Mark]) -> str:
    return ", ".join(f"{clock(second)} {name}" for second, name in marks)


def _take(take: Take, locked: LockedTrack | None) -> list[str]:
    used = " (the outputs are made from it)" if locked and locked.generate == take.key else ""
    lines = [f"   {take.number}  key {take.key}{used}"]
    if take.purchase is None:
        return [*lines, "      not made yet"]
    bought = take.purchase
    named = f", `{escape(bought.generation)}`" if bought.generation else ""
    if adopted := bought.adopted:
        how = f", {KINDS[adopted.kind]}" if adopted.kind else ""
        lines += [
            f"      adopted {escape(bought.bought)} from `{escape(adopted.file)}`{how}",
            f"      {escape(adopted.format)}, {length(round(bought.seconds, 1))}{named}",
        ]
    else:
        lines.append(
            f"      made {escape(bought.bought)}, {escape(price(bought.cost))},"
            f" {length(round(bought.seconds, 1))}{named}"
        )
    return [*lines, f"      audio {escape(take.file) or 'is not in the store'}"]


def _file(file: File) -> list[str]:
    key = f"key {file.master}" if file.master else "its key is known once there is audio"
    lines = [f"   {escape(file.path)}  {key}", *figures_lines(file.figures)]
    if not file.fetched:
        return [*lines, "      is not fetched: `git lfs pull`"]
    if file.tags is None:
        return [*lines, "      is not there"]
    width = max(map(cells, file.tags), default=0) + 2
    return lines + [
        f"      {pad(escape(name), width)}{escape(text)}" for name, text in file.tags.items()
    ]


def _verdict(step: Step, look: Look) -> list[str]:
    quote = step_quote(step)
    costs = "" if quote is not None and not quote else f", {escape(price(quote))}"
    lines = [f"{_head('plan', look)}  {why(step)}{costs}"]
    if hint := way_out(step):
        lines.append(f"   {look.paint('hint:', Style.HINT)} {escape(hint)}")
    return lines
