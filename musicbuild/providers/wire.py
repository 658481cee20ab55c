"""How long one exchange may take: each wait for the network ends when the whole of it must.

A time-out for a read alone is no bound.  A byte now and then, in a header, an interim answer, the
extension of a chunk or a trailer, would keep one waiting for ever.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpcore
import httpx

from ..clock import Clock

# Those of the two libraries' errors that come out of a connection; they bear the same names.
ERRORS: Mapping[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ReadError: httpx.ReadError,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.WriteError: httpx.WriteError,
    httpcore.WriteTimeout: httpx.WriteTimeout,
}


KEPT = 64
"""Idle connections that are kept for the next request: one for each track that is under way."""


class Deadline:
    """When an exchange must be over; it runs from when it is made."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.monotonic() + seconds

    def __str__(self) -> str:
        return f"it took longer than {self._seconds:g} seconds"

    @property
    def passed(self) -> bool:
        return self.left <= 0

    @property
    def left(self) -> float:
        return self._end - self._clock.monotonic()

    def timeouts(self, *, read: float) -> Mapping[str, Any]:
        """Return what a request needs among its extensions to be bound by this deadline."""
        seconds = {"connect": 10, "read": read, "write": 30, "pool": 10}
        return {"timeout": {what: Wait(most, self) for what, most in seconds.items()}}


class Wait(float):
    """The longest that one call may wait, which never goes beyond the deadline of its exchange.

    Connections are shared; this is the one thing that comes to them with each request.
    """

    deadline: Deadline

    def __new__(cls, seconds: float, deadline: Deadline) -> Self:
        made = super().__new__(cls, seconds)
        made.deadline = deadline
        return made

    @contextmanager
    def bounded(self, error: type[Exception]) -> Iterator[float]:
        """Give the seconds that a call may wait now; raise `error` once there are none left."""
        left = self.deadline.left
        if left <= 0:
            raise error(str(self.deadline))
        try:
            yield min(self, left)
        except error:
            if self.deadline.passed:
                raise error(str(self.deadline)) from None
            raise


class Transport(httpx.BaseTransport):
    """A way to servers without proxy or retries, for requests with the time-outs of a deadline.

    Without `keep` each request has a connection of its own, which ends with the answer.
    """

    def __init__(self, context: ssl.SSLContext, *, keep: bool = False) -> None:
        self._context = context
        self._kept: httpcore.ConnectionPool | None = None
        if keep:
            self._kept = httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=None,
                max_keepalive_connections=KEPT,
                keepalive_expiry=5,
                retries=0,
                network_backend=_Backend(),
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translated():
            if self._kept:
                answer, ending = self._kept.handle_request(asked), None
            else:
                ending = self._fresh(asked.url)
                answer = ending.handle_request(asked)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer, ending),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        if self._kept:
            self._kept.close()

    def _fresh(self, url: httpcore.URL) -> httpcore.HTTPConnection:
        if url.scheme not in (b"http", b"https"):
            raise httpcore.UnsupportedProtocol(f"`{url.scheme.decode()}` is neither http nor https")
        return httpcore.HTTPConnection(
            url.origin, ssl_context=self._context, retries=0, network_backend=_Backend()
        )


class _Body(httpx.SyncByteStream):
    """The body of an answer, and the connection that ends with it, if one does."""

    def __init__(
        self, answer: httpcore.Response, ending: httpcore.ConnectionInterface | None
    ) -> None:
        self._answer, self._ending = answer, ending

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        if self._ending is not None:
            self._ending.close()


class _Backend(httpcore.NetworkBackend):
    """Connections of which no call waits beyond the deadline of its request."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        with _wait(timeout).bounded(httpcore.ConnectTimeout) as wait:
            inner = httpcore.SyncBackend()
            return _Stream(inner.connect_tcp(host, port, wait, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _wait(timeout).bounded(httpcore.ReadTimeout) as wait:
            return self._inner.read(max_bytes, wait)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _wait(timeout).bounded(httpcore.WriteTimeout) as wait:
            self._inner.write(buffer, wait)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        with _wait(timeout).bounded(httpcore.ConnectTimeout) as wait:
            return _Stream(self._inner.start_tls(ssl_context, server_hostname, wait))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _wait(timeout: float | None) -> Wait:
    if not isinstance(timeout, Wait):
        raise TypeError("a request has no deadline")
    return timeout


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the errors of the one library as those of the other."""
    try:
        yield
    except tuple(ERRORS) as error:
        raise ERRORS[type(error)](str(error)) from error
