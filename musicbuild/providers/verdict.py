"""What an answer to a paid request means for the money: refused, busy, or perhaps charged.

Only answers that surely were not processed count as such.  For everything else the one safe
reading is that the request was accepted and its answer lost: it is looked up in the history,
and never sent again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import AnswerLost, Busy, ProviderError, Refused, Scope
from .credentials import Secret

LONGEST_WAIT = 2 * 86_400.0
"""Seconds; a provider that asks for more has made a mistake, for quotas are by the day."""

TRACK_REFUSED = frozenset({400, 404, 405, 411, 413, 414, 415, 422, 431, 451})
MOVED = frozenset({307, 308})
LOOK = "`musicbuild build` looks it up before anything is paid again"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of an API; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    secret: Secret

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, Any]:
        """Return the JSON object that the body is, with the key taken out; else an empty one."""
        try:
            read = json.loads(self.body, parse_constant=lambda _: None)
            cleaned = self._clean(read)
        except (ValueError, RecursionError):
            return {}
        return cleaned if isinstance(cleaned, dict) else {}

    def said(self) -> str:
        """Return the server's own words, fit for one line, or nothing."""
        told = self.json()
        detail = told.get("detail")
        inner = detail if isinstance(detail, dict) else {}
        for words in (told.get("message"), inner.get("message"), detail, told.get("error")):
            if words:
                return self.secret.line(words if isinstance(words, str) else json.dumps(words))
        return ""

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                # A lone surrogate is good JSON, and yet no file and no terminal takes it.
                whole = value if value.isascii() else value.encode(errors="replace").decode()
                return self.secret.redact(whole)
            case dict():
                return {self._clean(name): self._clean(one) for name, one in value.items()}
            case list():
                return [self._clean(one) for one in value]
            case _:
                return value


def judge(answer: Answer, service: str) -> ProviderError | None:
    """Return what went wrong with a paid request, or None if it was accepted.

    A redirect is never followed, for that would be a second paid request.  307 and 308 ask for
    the same request at another address and so have not acted on it; any other redirect may
    well be the way in which an accepted request is answered.
    """
    if answer.good:
        return None
    status, said = answer.status, answer.said()
    words = f": {said}" if said else ""
    refused = f"{service} refused it ({status}){words}; nothing was charged"
    match status:
        case _ if status in TRACK_REFUSED:
            return Refused(refused, hint="change the track, then `musicbuild plan`")
        case 401:
            hint = "check the key; `musicbuild doctor --online` tries it for nothing"
            return Refused(refused, scope=Scope.BUILD, hint=hint)
        case 402:
            hint = "`musicbuild plan --online` shows the balance and the need"
            return Refused(refused, scope=Scope.BUILD, hint=hint)
        case 403:
            # A firewall refuses in words of its own, and all requests alike.
            scope = Scope.MODEL if answer.json() else Scope.BUILD
            return Refused(refused, scope=scope, hint="`musicbuild models` lists other models")
        case 429:
            wait = retry_after(answer)
            return Busy(
                f"{service} takes no more for now (429){words}; nothing was charged",
                retry_after=wait,
                hint="`musicbuild build` goes on from here later",
            )
        case 503 if _own_shape(answer):
            return Busy(
                f"{service} can't take it now (503){words}; nothing was charged",
                retry_after=retry_after(answer),
                hint="`musicbuild build` goes on from here later",
            )
        case _ if status in MOVED:
            return Refused(
                f"{service} is at another address ({status}), and a paid request follows no "
                "redirect; nothing was charged",
                scope=Scope.BUILD,
                hint="set the base URL in the environment",
            )
        case _:
            return lost(f"{service} answered with status {status}{words}")


def lost(what: str) -> AnswerLost:
    return AnswerLost(f"{what}; it may have been charged", hint=LOOK)


def retry_after(answer: Answer) -> float | None:
    """Return the seconds to wait, as the body or else the header says; None if neither does."""
    told = answer.json().get("retry_after")
    if isinstance(told, int | float) and not isinstance(told, bool):
        try:
            wait = float(told)
        except OverflowError:
            wait = math.nan
        if 0 <= wait <= LONGEST_WAIT:  # NaN is not
            return wait
    header = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,6}", header) and int(header) <= LONGEST_WAIT:
        return float(header)
    return None


def _own_shape(answer: Answer) -> bool:
    """Tell an API's own error from that of a proxy before it, which may have passed it on."""
    told = answer.json()
    return isinstance(told.get("error"), str) and isinstance(told.get("message"), str)
