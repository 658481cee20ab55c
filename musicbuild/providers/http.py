"""An API: what is sent there, how long one waits, and what comes back.

A paid request goes out once, on a connection of its own.  Nothing foreign comes out of here:
only ProviderError, and Interrupted from the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

from ..clock import Clock
from ..errors import Busy, NotSent, ProviderError, Unavailable
from .credentials import Secret
from .verdict import Answer, lost, retry_after
from .wire import BrokenOff, Client, Deadline, NeverSent, Reply, Request, place

ANSWER_LIMIT = 1024 * 1024
"""Bytes; no JSON of a music API comes near."""

READ_TIMEOUT = 150.0
"""Seconds without a byte; music may be made while the answer waits."""

WHOLE_TIMEOUT = 600.0
"""Seconds for one whole exchange, so that a drip comes to an end."""

FREE_TIMEOUT = 120.0
"""The same for a free request, which nothing is made for while one waits."""

PAUSES = (1.0, 2.0, 4.0)
"""Seconds between the tries of a free request."""

LONGEST_PAUSE = 60.0
"""Seconds; who asks for more than that is told to the caller instead."""

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 528)})


class Unfit(Exception):
    """An answer that is of no use; it does not leave the HTTP edge."""


class Api:
    """An API at one place, spoken to with one key; `service` is its name in messages.

    The key is in a header of requests to that place, and nowhere else.
    """

    def __init__(
        self,
        base: str,
        *,
        service: str,
        secret: Secret,
        clock: Clock,
        header: str = "Authorization",
        prefix: str = "Bearer ",
        read_timeout: float = READ_TIMEOUT,
        whole_timeout: float = WHOLE_TIMEOUT,
    ) -> None:
        parts = urlsplit(base)
        self._place, self._path = place(parts), parts.path
        self._service = service
        self._secret = secret
        self._clock = clock
        self._header = header
        self._prefix = prefix
        self._read_timeout = read_timeout
        self._whole_timeout = whole_timeout
        self._free, self._paid = Client(keep=True), Client(keep=False)

    def close(self) -> None:
        self._free.close()

    def post(self, path: str, body: Mapping[str, Any], *, limit: int = ANSWER_LIMIT) -> Answer:
        """Send a paid request, once, and return the answer, whatever its status.

        The connection is a fresh one, so that no server closes an idle one just as it is used
        again.  Raises NotSent or AnswerLost if there is no answer.
        """
        try:
            content = json.dumps(body, allow_nan=False).encode()
        except ValueError:
            raise NotSent("the request is no JSON; nothing was sent, nothing charged") from None
        headers = {"Content-Type": "application/json", "Connection": "close"}
        request = self._request("POST", path, headers, content)
        deadline = Deadline(self._clock, self._whole_timeout)
        outcome = self._exchange(self._paid, request, deadline, self._read_timeout, limit)
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, NeverSent):
            raise NotSent(
                f"{self._service} can't be reached: {self._words(outcome)}; "
                "nothing was sent, nothing charged",
                hint="`musicbuild doctor --online` tries the connection",
            )
        raise lost(f"the answer of {self._service} was lost: {self._words(outcome)}")

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """Ask for JSON, which is free, and again if it fails in a way that may pass.

        Returns an answer whose status is final: a good one, which is a JSON object, or a
        refusal.  Raises Busy if the service wants a longer pause, and Unavailable.
        """
        request = self._request("GET", f"{path}?{urlencode(query)}" if query else path)
        pauses = iter(PAUSES)
        while True:
            deadline = Deadline(self._clock, min(FREE_TIMEOUT, self._whole_timeout))
            outcome = self._exchange(self._free, request, deadline, min(30, self._read_timeout))
            if isinstance(outcome, Answer) and _final(outcome):
                return outcome
            error = self._passing(outcome)
            wait = error.retry_after if isinstance(error, Busy) else None
            pause = next(pauses, None)
            if pause is None or (wait or 0) > LONGEST_PAUSE:
                raise error
            self._clock.sleep(max(pause, wait or 0))

    def _passing(self, outcome: Answer | Exception) -> ProviderError:
        if isinstance(outcome, Unfit):
            return Unavailable(f"the answer of {self._service} is of no use: {outcome}")
        if not isinstance(outcome, Answer):
            return Unavailable(
                f"{self._service} can't be reached: {self._words(outcome)}",
                hint="`musicbuild doctor --online` tries the connection",
            )
        what = "is no JSON" if outcome.good else f"has status {outcome.status}"
        said = f": {outcome.said()}" if outcome.said() else ""
        if outcome.status in (429, 503):
            text = f"{self._service} takes no more for now ({outcome.status}){said}"
            return Busy(text, retry_after=retry_after(outcome))
        return Unavailable(f"the answer of {self._service} {what}{said}")

    def _request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Request:
        key = {self._header: f"{self._prefix}{self._secret.reveal()}"}
        target = f"{self._path}{target}"
        return Request(method, self._place, target, {**(headers or {}), **key}, content)

    def _exchange(
        self,
        through: Client,
        request: Request,
        deadline: Deadline,
        read: float,
        limit: int = ANSWER_LIMIT,
    ) -> Answer | Exception:
        """Send one request and return its answer, or what kept it from coming."""
        try:
            with closing(through.send(request, deadline, read=read)) as reply:
                body = _body(reply, limit)
                return Answer(reply.status, reply.headers, body, self._secret)
        except Exception as error:  # noqa: BLE001 - whatever is not known may have been charged
            return error

    def _words(self, error: object) -> str:
        return self._secret.line(str(error)) or type(error).__name__


def _final(answer: Answer) -> bool:
    return bool(answer.json()) if answer.good else answer.status not in PASSING


def _body(reply: Reply, limit: int) -> bytes:
    """Read an answer's body; of a refusal, which its status tells, only what there is."""
    read = bytearray()
    try:
        for chunk in _chunks(reply, limit):
            read += chunk
    except (BrokenOff, Unfit):
        if 200 <= reply.status < 300:
            raise
    return bytes(read)


def _chunks(reply: Reply, limit: int) -> Iterator[bytes]:
    if reply.is_packed:
        raise Unfit("it comes packed, though nobody asked for that")
    size = 0
    for chunk in reply.chunks():
        size += len(chunk)
        if size > limit:
            raise Unfit(f"it is longer than {limit} bytes")
        yield chunk
