"""What a reply of Elumenta says, in whichever of its dialects, or a mixture, it says it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from unicodedata import normalize

from ..clock import moment

MOST_TOKENS = Decimal(10**9)
"""No account holds as much: a greater figure is a mistake."""

FINEST = Decimal("1e-18")
"""No amount is finer; one of a thousand decimals would be too long for a lock to be read again."""

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")

KEPT = (
    *("id", "status", "error", "created_at"),
    *("output_url", "result_url", "url"),
    *("tokens_used", "tokens_spent"),
    *("model", "model_slug"),
    *("duration_seconds", "result_metadata"),
)
"""The fields that are read, and that a ticket so keeps."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation as the service sees it; what it does not say, or says wrongly, is empty.

    A `url` is that of finished audio.  `cost` is in tokens.
    """

    id: str
    model: str
    prompt: str
    created: datetime | None
    url: str
    cost: Decimal | None
    failed: bool
    error: str
    seconds: float | None

    @property
    def done(self) -> bool:
        return self.failed or bool(self.url)

    def named(self, wanted: str) -> bool:
        """Tell whether this may have that id: of two dialects each may have one of its own."""
        return self.id in ("", wanted) or self.id.isdecimal() != wanted.isdecimal()

    def asked(self, prompt: str) -> bool:
        """Tell whether this may be what was asked for in these words.

        It may be if it says nothing of that, and a service may cut words off or write them in
        another normal form.
        """
        ours, theirs = _plain(prompt), _plain(self.prompt)
        return ours.startswith(theirs) or theirs.startswith(ours)


def read(told: Mapping[str, Any]) -> Generation:
    """Read a generation; a status of no page counts as pending."""
    status = _text(told, "status").strip().lower()
    return Generation(
        id=identity(told.get("id")),
        model=_text(told, "model_slug", "model"),
        prompt=_text(told, "prompt"),
        created=created(told),
        url=_text(told, "output_url", "result_url", "url") if status == "completed" else "",
        cost=tokens(told.get("tokens_used"), told.get("tokens_spent")),
        failed=status == "failed",
        error=_text(told, "error"),
        seconds=_seconds(told),
    )


def created(told: Mapping[str, Any]) -> datetime | None:
    """Return when a generation was made, None if that is not said."""
    try:
        return moment(_text(told, "created_at"))
    except (ValueError, OverflowError):
        return None


def _seconds(told: Mapping[str, Any]) -> float | None:
    metadata = told.get("result_metadata")
    inside = metadata.get("duration") if isinstance(metadata, dict) else None
    for found in (told.get("duration_seconds"), inside):
        if isinstance(found, int | float) and not isinstance(found, bool) and 0 < found < 86_400:
            return float(found)
    return None


def keep(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: told[name] for name in KEPT if name in told}


def is_music(told: Mapping[str, Any], models: Collection[str]) -> bool:
    """Tell whether an entry of the history is, or may be, one of our models' work."""
    model = _text(told, "model_slug", "model")
    if model:
        return model in models
    return _text(told, "type", "category") in ("", "audio", "music")


def identity(told: object) -> str:
    """Return an id as text, or nothing if it can't be one: it becomes part of a URL."""
    written = str(told) if isinstance(told, int | str) and not isinstance(told, bool) else ""
    return written if ID.fullmatch(written) else ""


def tokens(*figures: object) -> Decimal | None:
    """Return the first figure that can be an amount: finite, not below 0, and not too fine."""
    for figure in figures:
        if isinstance(figure, int | float | str) and not isinstance(figure, bool):
            try:
                amount = Decimal(str(figure))
                sound = amount == amount.quantize(FINEST)
            except (InvalidOperation, ValueError):
                continue
            if sound and 0 <= amount <= MOST_TOKENS:
                return amount
    return None


def _plain(words: str) -> str:
    return " ".join(normalize("NFC", words).split())


def _text(told: Mapping[str, Any], *names: str) -> str:
    return next(
        (told[name] for name in names if told.get(name) and isinstance(told[name], str)), ""
    )
