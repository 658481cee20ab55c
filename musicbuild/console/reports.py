"""How lists are told: the tracks, the models, and what a doctor found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..models import Model
from ..steps import Keep, Plan, Step
from .envelope import cost
from .look import Look, Style, count, escape, table
from .words import SIGNS, length, price, sign, why, wish


class Health(Enum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a doctor looked at, what was found, and the way out."""

    subject: str
    health: Health
    found: str
    hint: str = ""


def up_to_date(plan: Plan) -> str:
    tracks = len(plan.ids)
    if not tracks:
        return "there are no tracks to build"
    return f"{count(tracks, 'track')} {'is' if tracks == 1 else 'are'} up to date"


def list_lines(steps: Sequence[Step], look: Look) -> list[str]:
    rows = [
        (
            step.track.id,
            escape(wish(step).model),
            length(wish(step).duration),
            ", ".join(escape(output.path) for output in step.track.outputs),
            why(step),
        )
        for step in steps
    ]
    lines = table(rows, right=frozenset({2}))
    return [
        f" {look.paint(look.symbol(sign(step)), SIGNS[sign(step)])} {_dim(line, step, look)}"
        for step, line in zip(steps, lines, strict=True)
    ] or ["there are no tracks"]


def models_lines(models: Sequence[Model], short: Mapping[str, str], look: Look) -> list[str]:
    """Word the models; `short` gives the short name of those that have one."""
    head = ("model", "short name", "length", "price", "as of", "source")
    rows = [
        (
            escape(str(model)),
            short.get(str(model), ""),
            f"{model.shortest:g} to {model.longest:g} s",
            escape(price(model.price)),
            model.as_of,
            escape(model.source),
        )
        for model in models
    ]
    first, *rest = table([head, *rows])
    return [look.paint(first, Style.STRONG), *rest]


def model_data(model: Model) -> dict[str, Any]:
    return {
        "provider": model.provider,
        "model": model.name,
        "shortest": model.shortest,
        "longest": model.longest,
        "whole_seconds": model.whole_seconds,
        "price": cost(model.price),
        "as_of": model.as_of,
        "source": model.source,
        "kind": model.kind.value,
        "options": sorted(model.options),
        "repeatable": model.repeatable,
    }


def finding_lines(findings: Sequence[Finding], look: Look) -> list[str]:
    styles = {Health.OK: Style.NEW, Health.WARN: Style.WARNING, Health.FAIL: Style.ERROR}
    lines = []
    for one in findings:
        health = look.paint(f"{one.health.value:<4}", styles[one.health])
        lines.append(f"{health}  {one.subject}: {escape(one.found)}")
        if one.hint:
            lines.append(f"      {look.paint('hint:', Style.HINT)} {escape(one.hint)}")
    return lines


def finding_data(finding: Finding) -> dict[str, str]:
    return {
        "subject": finding.subject,
        "health": finding.health.value,
        "found": finding.found,
        "hint": finding.hint,
    }


def _dim(line: str, step: Step, look: Look) -> str:
    return look.paint(line, Style.DIM) if isinstance(step, Keep) else line


def wrote_lines(paths: Sequence[str], look: Look) -> list[str]:
    return [f" {look.paint('wrote', Style.NEW)}  {escape(path)}" for path in paths]


def init_lines(paths: Sequence[str], look: Look) -> list[str]:
    """Say what was written and what to type next."""
    return [
        *wrote_lines(paths, look),
        "",
        " musicbuild plan    shows what would be made, and for how much",
        " musicbuild build   makes it; as it stands free, offline and without a key",
        "",
        ' to keep audio in Git LFS: git lfs track "audio/**/*.mp3"',
    ]
