"""The one way to servers: connections, what goes over them, and how long one waits.

A request goes out as it is: by no proxy, with no netrc or cookies, never again, and after no
redirect.  The environment has no say, because a proxy named there would see a key on its way to an
API on this machine, and may hold back or send again a request that is paid for.

A time-out for a read alone is no bound.  A byte now and then, in a header, an interim answer, the
extension of a chunk or a trailer, would keep one waiting for ever.  So each wait for the network
ends when the whole of an exchange must.
"""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import SplitResult, quote

import certifi
import httpcore

from .. import __version__
from ..clock import Clock

COMMON: Mapping[str, str] = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
    "User-Agent": f"musicbuild/{__version__}",
}
"""Headers of every request, unless it has another of the name."""

PORTS: Mapping[str, int] = {"http": 80, "https": 443}

KEPT = 64
"""Idle connections to one place that are kept: one for each track that is under way."""

IDLE_SECONDS = 5.0
"""How long they are kept."""

_ASCII = "".join(map(chr, range(0x21, 0x7F)))


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: to a host, by its name or by an address that it was found at."""

    scheme: str
    host: str
    port: int
    address: str

    @property
    def written(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS.get(self.scheme) else f"{host}:{self.port}"


def place(url: SplitResult) -> Place:
    """Return where a URL leads; raise ValueError if that is nowhere."""
    port, host = url.port, url.hostname
    if not host:
        raise ValueError("it names no host")
    port = PORTS.get(url.scheme, 0) if port is None else port
    return Place(url.scheme, host, port, host)


def target(url: SplitResult) -> str:
    """Return what a URL asks for at its place; what is not ASCII is written as URLs write it."""
    path = quote(url.path, safe=_ASCII) or "/"
    return f"{path}?{quote(url.query, safe=_ASCII)}" if url.query else path


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `headers` are those beside the usual ones."""

    method: str
    place: Place
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # a key may be in them
    content: bytes | None = None


class Reply:
    """An answer whose head is read; header names are in lower case.  It is to be closed."""

    def __init__(self, response: httpcore.Response, close: Callable[[], None]) -> None:
        self.status = response.status
        self.headers = _read(response.headers)
        self.close = close
        self._response = response

    @property
    def is_packed(self) -> bool:
        """Whether the body would have to be unpacked, which nobody asked for: maybe a bomb."""
        return self.headers.get("content-encoding", "identity").strip().lower() != "identity"

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes; raise an error of httpcore if it breaks off."""
        return self._response.iter_stream()


class Client:
    """Sends requests.  Without `keep` each has a connection of its own, which ends with it."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._idle: dict[Place, list[httpcore.HTTPConnection]] = defaultdict(list)
        self._mutex = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Request, deadline: Deadline, *, read: float) -> Reply:
        """Send a request, and return the answer as soon as its head is read.

        `read` is for how many seconds nothing may come.  Raises an error of httpcore, or
        ValueError, of which `NEVER_SENT` tells some.
        """
        connection = self._connection(request.place)
        try:
            response = connection.handle_request(_outgoing(request, deadline, read))
        except BaseException:
            connection.close()
            raise

        def close() -> None:
            response.close()
            self._put_by(request.place, connection)

        return Reply(response, close)

    def close(self) -> None:
        with self._mutex:
            idle, self._idle, self._keep = self._idle, defaultdict(list), False
        for connection in (one for several in idle.values() for one in several):
            connection.close()

    def _connection(self, to: Place) -> httpcore.HTTPConnection:
        """Return a connection that is still open, or a new one, which is not open yet."""
        while True:
            with self._mutex:
                connection = self._idle[to].pop() if self._idle[to] else None
            if connection is None:
                return _new(to)
            if not connection.has_expired():
                return connection
            connection.close()

    def _put_by(self, to: Place, connection: httpcore.HTTPConnection) -> None:
        with self._mutex:
            room = self._keep and connection.is_idle() and len(self._idle[to]) < KEPT
            if room:
                self._idle[to].append(connection)
        if not room:
            connection.close()


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


NEVER_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
    UnicodeEncodeError,
)
"""What comes up before the first byte of a request leaves.  All else may come after it."""

BROKEN_OFF = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
"""What comes up in place of the rest of an answer."""


def _new(to: Place) -> httpcore.HTTPConnection:
    if to.scheme not in PORTS:
        raise httpcore.UnsupportedProtocol(f"`{to.scheme}` is neither http nor https")
    return httpcore.HTTPConnection(
        httpcore.Origin(to.scheme.encode(), to.address.encode("ascii"), to.port),
        ssl_context=tls() if to.scheme == "https" else None,
        keepalive_expiry=IDLE_SECONDS,
        retries=0,
        network_backend=_Backend(),
    )


def _outgoing(request: Request, deadline: Deadline, read: float) -> httpcore.Request:
    to, content = request.place, request.content
    headers = {"Host": to.written, **COMMON, **request.headers}
    if content is not None:
        headers["Content-Length"] = str(len(content))
    seconds = {"connect": 10, "read": read, "write": 30}
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=to.scheme, host=to.address, port=to.port, target=request.target),
        headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()],
        content=content,
        extensions={
            "timeout": {what: _Wait(most, deadline) for what, most in seconds.items()},
            # The certificate is to be the host's, by whatever address it was reached.
            "sni_hostname": to.host,
        },
    )


def _read(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Put the headers of an answer into words; what is said more than once is all kept."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


class _Wait(float):
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


def _wait(timeout: float | None) -> _Wait:
    if not isinstance(timeout, _Wait):
        raise TypeError("a request has no deadline")
    return timeout
