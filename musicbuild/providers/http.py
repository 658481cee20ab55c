"""The one way to an API: what is sent, how long one waits, and what comes back.

A paid request goes out once, on a connection of its own.  Nothing foreign comes out of here:
only ProviderError, and Interrupted from the clock.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import Any, Self

import certifi
import httpx

from .. import __version__
from ..clock import Clock
from ..errors import Busy, NotSent, ProviderError, Unavailable
from .credentials import Secret
from .verdict import Answer, lost, retry_after
from .wire import Deadline, Transport

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

COMMON: Mapping[str, str] = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
    "User-Agent": f"musicbuild/{__version__}",
}
"""Headers of every request, unless it has another of the name."""

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, *range(520, 528)})

# These come up before the first byte of a request leaves.  All others may come after it.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    UnicodeEncodeError,
)


class Unfit(Exception):
    """An answer that is of no use; it does not leave the HTTP edge."""


@cache
def tls() -> ssl.SSLContext:
    """Return what trusts the usual authorities, and nothing that the environment names.

    Made by hand, because the usual maker writes the keys of each connection to the file that
    SSLKEYLOGFILE names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificates and names
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    return context


class Client:
    """Sends requests as they are: no proxy, netrc, cookies or retries, and no redirect followed.

    The environment has no say, because a proxy named there would see a key on its way to an API
    on this machine, and may hold back or send again a request that is paid for.  Without `keep`
    each request has a connection of its own.
    """

    def __init__(self, *, keep: bool) -> None:
        self._transport = Transport(tls(), keep=keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, method: str, url: httpx.URL | str, **more: Any) -> httpx.Request:
        """Make a request; the rest is that of `httpx.Request`."""
        headers = {**COMMON, **more.pop("headers", {})}
        return httpx.Request(method, url, headers=headers, **more)

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer as soon as its head is read."""
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()


def packed(response: httpx.Response) -> bool:
    """Tell whether a body would have to be unpacked, which nobody asked for: it may be a bomb."""
    encoding: str = response.headers.get("content-encoding", "identity")
    return encoding.strip().lower() != "identity"


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
        self._base = base
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
        deadline = Deadline(self._clock, self._whole_timeout)
        timeouts = deadline.timeouts(read=self._read_timeout)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        outcome = self._exchange(
            self._paid, "POST", path, headers, timeouts, content=content, limit=limit
        )
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, NEVER_SENT):
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
        pauses = iter(PAUSES)
        while True:
            deadline = Deadline(self._clock, min(FREE_TIMEOUT, self._whole_timeout))
            timeouts = deadline.timeouts(read=min(30, self._read_timeout))
            outcome = self._exchange(self._free, "GET", path, {}, timeouts, query=query)
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

    def _exchange(
        self,
        through: Client,
        method: str,
        path: str,
        headers: Mapping[str, str],
        timeouts: Mapping[str, Any],
        *,
        query: Mapping[str, str | int] | None = None,
        content: bytes | None = None,
        limit: int = ANSWER_LIMIT,
    ) -> Answer | Exception:
        """Send one request and return its answer, or what kept it from coming."""
        try:
            request = through.request(
                method,
                f"{self._base}{path}",
                params=query,
                content=content,
                headers={**headers, self._header: f"{self._prefix}{self._secret.reveal()}"},
                extensions=dict(timeouts),
            )
            with closing(through.send(request)) as response:
                read = self._body(response, limit)
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, found, read, self._secret)
        except Exception as error:  # noqa: BLE001 - whatever is not known may have been charged
            return error

    def _body(self, response: httpx.Response, limit: int) -> bytes:
        """Read an answer's body; of a refusal, which its status tells, only what there is."""
        read = bytearray()
        try:
            for chunk in _chunks(response, limit):
                read += chunk
        except (httpx.HTTPError, Unfit):
            if response.is_success:
                raise
        return bytes(read)

    def _words(self, error: object) -> str:
        return self._secret.line(str(error)) or type(error).__name__


def _final(answer: Answer) -> bool:
    return bool(answer.json()) if answer.good else answer.status not in PASSING


def _chunks(response: httpx.Response, limit: int) -> Iterator[bytes]:
    if packed(response):
        raise Unfit("it comes packed, though nobody asked for that")
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > limit:
            raise Unfit(f"it is longer than {limit} bytes")
        yield chunk
