"""The one way to servers: connections, what goes over them, and how long one waits.

A request goes out as it is: by no proxy, with no netrc or cookies, never again, and after no
redirect.  The environment has no say, because a proxy named there would see a key on its way to an
API on this machine, and may hold back or send again a request that is paid for.

A time-out for a read alone is no bound.  A byte now and then, in a header, an interim answer, the
extension of a chunk or a trailer, would keep one waiting for ever.  So each wait for the network
ends when the whole of an exchange must.

What the bytes mean is for h11 to say; here they come and go.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import SplitResult, quote

import certifi
import h11

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

CONNECT_SECONDS = 10.0
WRITE_SECONDS = 30.0
"""How long one waits for a connection, and for a request to be taken."""

HEAD_LIMIT = 100 << 10
"""Bytes of the head of an answer, or of a chunk's."""

PIECE = 64 << 10
"""Bytes that are read at once."""

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
        return self._end - self.now

    @property
    def now(self) -> float:
        return self._clock.monotonic()


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


class NeverSent(Exception):
    """What comes up before the first byte of a request leaves.  All else may come after it."""


class BrokenOff(Exception):
    """What comes up in place of an answer, or of the rest of it."""


class Reply:
    """An answer whose head is read; header names are in lower case.  It is to be closed."""

    def __init__(
        self,
        response: h11.Response,
        body: Callable[[], Iterator[bytes]],
        close: Callable[[], None],
    ) -> None:
        self.status = response.status_code
        self.headers = _read(response.headers)
        self.close = close
        self._body = body

    @property
    def is_packed(self) -> bool:
        """Whether the body would have to be unpacked, which nobody asked for: maybe a bomb."""
        return self.headers.get("content-encoding", "identity").strip().lower() != "identity"

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes; raise BrokenOff if it breaks off."""
        return self._body()


class Client:
    """Sends requests.  Without `keep` each has a connection of its own, which ends with it."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._idle: dict[Place, list[_Connection]] = defaultdict(list)
        self._mutex = threading.Lock()

    def send(self, request: Request, deadline: Deadline, *, read: float) -> Reply:
        """Send a request, and return the answer as soon as its head is read.

        `read` is for how many seconds nothing may come.  Raises NeverSent or BrokenOff.
        """
        head = _head(request)
        connection = self._connection(request.place, deadline)
        try:
            connection.send(head, request.content, deadline)
            response = connection.response(deadline, read)
        except BaseException:
            connection.close()
            raise
        return Reply(
            response,
            lambda: connection.body(deadline, read),
            lambda: self._put_by(request.place, connection, deadline.now),
        )

    def close(self) -> None:
        with self._mutex:
            idle, self._idle, self._keep = self._idle, defaultdict(list), False
        for connection in (one for several in idle.values() for one in several):
            connection.close()

    def _connection(self, to: Place, deadline: Deadline) -> _Connection:
        """Return a connection that is still open, or a new one."""
        while True:
            with self._mutex:
                connection = self._idle[to].pop() if self._idle[to] else None
            if connection is None:
                return _Connection(_connect(to, deadline))
            if connection.is_good(deadline.now):
                return connection
            connection.close()

    def _put_by(self, to: Place, connection: _Connection, now: float) -> None:
        done = self._keep and connection.is_done(now)
        with self._mutex:
            room = done and self._keep and len(self._idle[to]) < KEPT
            if room:
                self._idle[to].append(connection)
        if not room:
            connection.close()


class _Connection:
    """An open connection, on which one exchange follows another."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._idle_since = 0.0
        self._wait = line.gettimeout()

    def close(self) -> None:
        self._line.close()

    def is_done(self, now: float) -> bool:
        """Tell whether an exchange is over and another may follow; it is idle then."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self._idle_since = now
        return True

    def is_good(self, now: float) -> bool:
        """Tell whether an idle connection may be used again: what has come meanwhile is its end."""
        return now < self._idle_since + IDLE_SECONDS and not _has_something(self._line)

    def send(self, head: h11.Request, content: bytes | None, deadline: Deadline) -> None:
        out = self._http.send(head) or b""
        if content:
            out += self._http.send(h11.Data(content)) or b""
        out += self._http.send(h11.EndOfMessage()) or b""
        self._bound(deadline, WRITE_SECONDS)
        try:
            self._line.sendall(out)
        except TimeoutError as error:
            raise BrokenOff(_why(error, deadline)) from None
        except OSError:
            pass  # who refuses may answer before he has read all

    def response(self, deadline: Deadline, read: float) -> h11.Response:
        """Wait for the head of the answer, past those that say to wait on."""
        while True:
            event = self._event(deadline, read)
            if isinstance(event, h11.Response):
                return event

    def body(self, deadline: Deadline, read: float) -> Iterator[bytes]:
        while isinstance(event := self._event(deadline, read), h11.Data):
            yield event.data

    def _event(self, deadline: Deadline, read: float) -> object:
        """Return what is said next; raise BrokenOff if it makes no sense, or does not come."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = self._receive(deadline, read)
                if not data and self._http.their_state is h11.SEND_RESPONSE:
                    raise BrokenOff("the connection was closed without an answer")
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise BrokenOff(str(error)) from None
        return event

    def _receive(self, deadline: Deadline, read: float) -> bytes:
        self._bound(deadline, read)
        try:
            return self._line.recv(PIECE)
        except OSError as error:
            raise BrokenOff(_why(error, deadline)) from None

    def _bound(self, deadline: Deadline, seconds: float) -> None:
        """Let the next call wait for so long, and never beyond the deadline; raise if that passed.

        To tell the system takes a call itself, which most times would say nothing new.
        """
        left = deadline.left
        if left <= 0:
            raise BrokenOff(str(deadline))
        wait = min(seconds, left)
        if wait != self._wait:
            self._line.settimeout(wait)
            self._wait = wait


@cache
def tls() -> ssl.SSLContext:
    """Return what trusts the usual authorities, and nothing that the environment names.

    Made by hand, because the usual maker writes the keys of each connection to the file that
    SSLKEYLOGFILE names.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificates and names
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(certifi.where())
    return context


def _connect(to: Place, deadline: Deadline) -> socket.socket:
    if to.scheme not in PORTS:
        raise NeverSent(f"`{to.scheme}` is neither http nor https")
    line = None
    try:
        line = socket.create_connection((to.address, to.port), _to_connect(deadline))
        if to.scheme == "http":
            return line
        line.settimeout(_to_connect(deadline))
        # The certificate is to be the host's, by whatever address it was reached.
        return tls().wrap_socket(line, server_hostname=to.host)
    except (OSError, ValueError) as error:  # the second for a name that can be no host's
        if line is not None:
            line.close()
        raise NeverSent(_why(error, deadline)) from None


def _to_connect(deadline: Deadline) -> float:
    """Return the seconds left to connect; nought would mean not to wait at all."""
    return min(CONNECT_SECONDS, max(deadline.left, 0.001))


def _why(error: Exception, deadline: Deadline) -> str:
    late = isinstance(error, TimeoutError) and deadline.passed
    return str(deadline) if late else str(error)


def _has_something(line: socket.socket) -> bool:
    """Tell whether there is something to read; `select` can't look at many files at once."""
    if not hasattr(select, "poll"):
        return bool(select.select([line], [], [], 0)[0])
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))


def _head(request: Request) -> h11.Request:
    """Put a request into the words of HTTP; raise NeverSent if that can't be done."""
    headers = {"Host": request.place.written, **COMMON, **request.headers}
    if request.content is not None:
        headers["Content-Length"] = str(len(request.content))
    try:
        return h11.Request(
            method=request.method,
            target=request.target,
            headers=[(name.encode("ascii"), one.encode("ascii")) for name, one in headers.items()],
        )
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise NeverSent(str(error)) from None


def _read(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Put the headers of an answer into words; what is said more than once is all kept."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found
