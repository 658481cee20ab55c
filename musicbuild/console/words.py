"""The words for a plan's steps: the sign, the verb, the reasons, the way out of what is blocked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ..cost import Cost, Quote, plain
from ..spec import GenerateSpec
from ..steps import (
    Cause,
    Edited,
    Generate,
    Keep,
    Lost,
    Master,
    Reason,
    Restore,
    Step,
    Tag,
)
from .look import Style, escape

SIGNS = {
    "+": Style.NEW,
    "~": Style.CHANGED,
    "↻": Style.FREE,
    "=": Style.DIM,
    "!": Style.BAD,
    "?": Style.DIM,
}

CAUSES = {
    Cause.NEW: "new",
    Cause.PROMPT: "prompt changed",
    Cause.MODEL: "model changed, was {before}",
    Cause.DURATION: "duration changed, was {before}",
    Cause.OPTIONS: "options changed, were {before}",
    Cause.TAKES: "more takes",
    Cause.DRAFT: "draft until now",
    Cause.ADOPTED: "adopted from `{after}`",
    Cause.PICKED: "take {after} in place of take {before}",
    Cause.TWIN: "shares the audio of `{after}`",
    Cause.UNDER_WAY: "ordered already, to be collected",
    Cause.AUDIO_MISSING: "audio missing",
    Cause.MASTERING: "mastering changed",
    Cause.OUTPUT_MISSING: "output missing",
    Cause.OUTPUT_NEW: "output new",
    Cause.FORCED: "forced",
    Cause.EDITED: "`{after}` was changed by hand",
    Cause.FOREIGN: "`{after}` was not made by musicbuild",
}


def sign(step: Step) -> str:
    match step:
        case Generate(reasons=reasons):
            new = any(reason.cause is Cause.NEW for reason in reasons)
            return "+" if new else "~"
        case Master() | Restore():
            return "↻"
        case Keep():
            return "="
    return "!"


def action(step: Step) -> str:
    """Return the one word for a step, as JSON has it."""
    match step:
        case Generate():
            return "generate"
        case Tag():
            return "tag"
        case Master():
            return "master"
        case Restore():
            return "restore"
        case Keep():
            return "keep"
        case Lost():
            return "lost"
    return "edited"


def done(step: Step) -> str:
    """Return the verb for a step that was taken."""
    match step:
        case Generate(draft=True):
            return "drafted"
        case Generate():
            return "made"
        case Tag():
            return "tagged"
        case Master():
            return "mastered"
        case Restore():
            return "restored"
        case Lost():
            return "fetched"
    return "kept"


def why(step: Step) -> str:
    """Say the reasons of a step on one line."""
    if isinstance(step, Keep):
        return "not fetched" if step.unfetched else "up to date"
    said = _causes(step.reasons)
    match step:
        case Tag():
            return f"{said}: tags only"
        case Restore():
            return f"{said}: restored from the store"
        case Master(reasons=(Reason(cause=Cause.NEW), *_)):
            return "new, its music is at hand"
        case Generate(draft=draft, specs=specs):
            takes = [f"{len(specs)} takes"] if len(specs) > 1 else []
            return ", ".join([said, *takes, *(["as a draft"] if draft else [])])
        case Lost(purchase=purchase):
            how = "adopted" if purchase.adopted else "bought"
            return f"{said}, and the audio that was {how} is not here"
    return said


def way_out(step: Step) -> str:
    """Return what to do about a step that a build does not take by itself."""
    match step:
        case Lost(purchase=purchase) if purchase.adopted:
            file = purchase.adopted.file
            again = f"have `{file}` again: `musicbuild adopt FILE --as {step.track.id}`"
            fetch = f"; `git lfs pull` fetches it with `{step.unfetched}`" if step.unfetched else ""
            return f"{again}{fetch}; or copy `.musicbuild/store` from where that was done"
        case Lost(purchase=purchase):
            again = f"a build asks {purchase.provider} for it again, for nothing"
            return f"{again}; or copy `.musicbuild/store` from where it was bought"
        case Edited():
            name = step.track.id
            keep = f"move it away to keep it, or use it by `musicbuild adopt FILE --as {name}`"
            return f"{keep}; `musicbuild build {name} --overwrite` replaces it"
    return ""


def step_quote(step: Step) -> Quote:
    """Return the price of a whole step, None if any part of it is unknown."""
    if not isinstance(step, Generate):
        return Cost(Decimal(0), "")
    amount, unit = Decimal(0), ""
    for quote in step.quotes:
        if quote is None:
            return None
        amount, unit = amount + quote.amount, quote.unit or unit
    return Cost(amount, unit)


def price(quote: Quote) -> str:
    return "unknown" if quote is None else str(quote)


def prices(quotes: Iterable[Quote]) -> list[str]:
    """Write prices one below the other: the figures right-aligned, words from the last digit."""
    known = list(quotes)
    figures = [plain(quote.amount) if quote else "" for quote in known]
    room = max(map(len, figures), default=0)
    return [
        f"{figure:>{room}} {escape(quote.unit)}" if quote else " " * (room - 1) + price(quote)
        for figure, quote in zip(figures, known, strict=True)
    ]


def wish(step: Step) -> GenerateSpec:
    """Return what the music of a step is, or will be, made from."""
    match step:
        case Generate(specs=specs) if specs:
            return specs[0]
        case Master(spec=spec):
            return spec
    return step.track.generate


def size(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 100_000 else f"{number / 1e3:.1f} kB"


def length(seconds: float) -> str:
    return f"{seconds:g} s"


def clock(second: float) -> str:
    """Write a moment of a piece as a player shows it: `1:05`."""
    minutes, seconds = divmod(int(second), 60)
    return f"{minutes}:{seconds:02}"


def _causes(reasons: Iterable[Reason]) -> str:
    said: list[str] = []
    tags: list[str] = []
    for reason in reasons:
        if reason.cause is Cause.TAGS:
            named = (reason.after or reason.before).partition(":")[0]
            tags += [named] if named not in tags else []
        else:
            before, after = escape(reason.before), escape(reason.after)
            said.append(CAUSES[reason.cause].format(before=before or "none", after=after))
    if tags:
        said.append(f"{', '.join(tags)} changed" if tags != [""] else "tags changed")
    return ", ".join(said)
