"""How a plan is told in a pull request's comment: a table, the prompts folded away below it.

Whoever wrote the manifest or the lock wrote nothing that is read as Markdown: whatever isn't made
of plain words stands in code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..steps import Cause, Generate, Keep, Step
from .diff import diff
from .look import Look, count, escape
from .plan import Shown, totals_line
from .words import length, price, sign, step_quote, way_out, why, wish

WHOLE = Look(verbose=True)
# Words of which neither Markdown nor GitHub makes anything: no sign but those of our own sentences.
PLAIN = re.compile(r"(?:[a-z0-9 ,()]|:(?= )|(?<=[0-9])\.(?=[0-9]))*")

HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
"""As `html.escape`, without the 2,231 names that its module brings along."""

LONGEST = 60_000
"""Characters; a comment on GitHub holds 65,536, and the table comes first."""


def plan_markdown(shown: Shown) -> list[str]:
    plan = shown.plan
    album = f": {_code(shown.album)}" if shown.album else ""
    lines = [f"### musicbuild plan{album}", ""]
    if plan.to_do:
        lines += ["| | track | model | length | price | why |", "|---|---|---|---:|---:|---|"]
        lines += [_row(step) for step in plan.to_do]
        lines.append("")
    kept = sum(isinstance(step, Keep) for step in plan.steps)
    if kept:
        lines += [f"{count(kept, 'track')} up to date.", ""]
    for orphan in plan.orphans:
        paths = ", ".join(map(_code, orphan.paths))
        lines += [f"{_code(orphan.name)} ({paths}) is made by no track now, and kept.", ""]
    lines.append(f"**{_words(totals_line(shown, WHOLE))}**")
    return [*lines, *_prompts(plan.to_do, LONGEST - sum(map(len, lines)))]


def _row(step: Step) -> str:
    spec = wish(step)
    hint = f"; {way_out(step)}" if way_out(step) else ""
    cells = [
        _code(sign(step)),
        _code(step.track.id),
        _code(spec.model),
        length(spec.duration),
        _words(price(step_quote(step))),
        _words(why(step) + hint),
    ]
    return f"| {' | '.join(cells)} |"


def _prompts(steps: Sequence[Step], room: int) -> list[str]:
    """Show new prompts and what differs in changed ones, as far as a comment holds them."""
    lines: list[str] = []
    for step in steps:
        block = _prompt(step)
        room -= sum(map(len, block))
        if block and room < 0:
            return [*lines, "", "Further prompts are left out here."]
        lines += block
    return lines


def _prompt(step: Step) -> list[str]:
    if not isinstance(step, Generate):
        return []
    changed = [reason for reason in step.reasons if reason.cause is Cause.PROMPT]
    if changed:
        pairs = [pair for one in changed for pair in diff(one.before, one.after, WHOLE)]
        text = [f"{mark} {line}" for mark, line in pairs]
    else:
        text = [escape(line) for line in wish(step).prompt.splitlines()]
    fence = _fence("\n".join(text))
    language = "diff" if changed else "text"
    name = escape(step.track.id).translate(HTML)
    summary = f"<details><summary>prompt of <code>{name}</code></summary>"
    return ["", summary, "", fence + language, *text, fence, "", "</details>"]


def _fence(text: str) -> str:
    """Return a fence longer than any run of backticks in the text."""
    return "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))


def _code(text: str) -> str:
    """Write text as code in a table's cell, where even there `|` would end the cell."""
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    gap = " " if len(fence) > 1 else ""
    shown = escape(text).replace("\\|", r"\\x7c").replace("|", r"\|")
    return f"{fence}{gap}{shown}{gap}{fence}"


def _words(text: str) -> str:
    """Write a sentence of ours, as code unless all that stands in it is plain."""
    return text if PLAIN.fullmatch(text) else _code(text)
