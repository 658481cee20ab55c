"""Where audio may be fetched from, and how much of it, and how slowly.

The URL comes from outside and is trusted with nothing: no key, no cookie, no address of this
network, no end to its bytes.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from ..clock import Clock
from ..errors import Undelivered
from .credentials import Secret, is_loopback
from .http import PAUSES, Client, Unfit, packed
from .wire import Deadline

MOST_REDIRECTS = 3
LONGEST_URL = 8192
GONE = frozenset({403, 404, 410})
PASSING = frozenset({408, 425, 429})
MOVED = frozenset({301, 302, 303, 307, 308})

# Addresses that `is_global` calls global on some Pythons, and that are no place for audio: the
# host of a virtual machine, protocol assignments, relays of 6to4, and examples.
NEVER = (
    ip_network("168.63.129.16"),
    ip_network("192.0.0.0/24"),
    ip_network("192.88.99.0/24"),
    ip_network("3fff::/20"),
)
OPEN = IPv6Network("2000::/3")
"""All of IPv6 that is given out; the rest is local, reserved, or a translator's own."""

TRANSLATED = IPv6Network("64:ff9b::/96")
HOST = re.compile(rb"[A-Za-z0-9._:-]{1,255}")
COMPATIBLE = IPv6Network("::/96")


class Expired(Undelivered):
    """The URL is no longer good; the service gives a fresh one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, seconds, and the fewest bytes a second over any `patience` seconds."""

    size: int = 200 * 1024 * 1024
    seconds: float = 900
    slowest: float = 1024
    patience: float = 60


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, and the addresses that its host was found to have and that it may have."""

    url: httpx.URL
    addresses: Sequence[str]

    def requests(self, through: Client, deadline: Deadline) -> Iterator[httpx.Request]:
        """Yield one request for each address, to the very address that was checked.

        A host that is looked up again may have another address by then.
        """
        host = self.url.raw_host.decode("ascii")
        for address in self.addresses:
            yield through.request(
                "GET",
                self.url.copy_with(host=address),
                headers={"Host": self.url.netloc.decode("ascii"), "Accept": "audio/*"},
                extensions={**deadline.timeouts(read=30), "sni_hostname": host},
            )


def download(
    url: str, *, clock: Clock, secret: Secret, own: str = "", limits: Limits | None = None
) -> bytes:
    """Fetch audio; `own` is the base URL of the API, which on this machine may serve it itself.

    The secret is not sent.  It is kept out of what is said of the host's own words, for who gave
    the URL may have told it.  Raises Expired if a fresh URL is needed, and Undelivered;
    Interrupted from the clock.
    """
    pauses = iter(PAUSES)
    while True:
        outcome = _attempt(url, clock, secret, own, limits or Limits())
        pause = next(pauses, None)
        match outcome:
            case bytes():
                return outcome
            case Undelivered():
                raise type(outcome)(secret.line(outcome.message))
            case error if pause is None:
                words = secret.line(str(error)) or type(error).__name__
                raise Undelivered(f"the audio can't be fetched: {words}")
        clock.sleep(pause)


def _attempt(url: str, clock: Clock, secret: Secret, own: str, limits: Limits) -> bytes | Exception:
    """Try once; an error that is none of ours may pass."""
    deadline = Deadline(clock, limits.seconds)
    try:
        with Client(keep=False) as through:
            for _ in range(MOST_REDIRECTS + 1):
                if secret.redact(url) != url:
                    return Undelivered("the URL of the audio has the key in it")
                target = locate(url, own)
                with closing(_connected(through, target, deadline)) as response:
                    if response.status_code not in MOVED:
                        return _audio(response, clock, limits)
                    url = str(target.url.join(response.headers.get("location", "")))
            return Undelivered(f"the audio is behind more than {MOST_REDIRECTS} redirects")
    except httpx.TimeoutException as error:
        late = Undelivered(f"the audio took longer than {limits.seconds:g} seconds")
        return late if deadline.passed else error
    except Exception as error:  # noqa: BLE001 - nothing foreign comes out, and all is free
        return error


def _connected(through: Client, target: Target, deadline: Deadline) -> httpx.Response:
    """Return the answer of the first address that takes a connection."""
    failed: Exception = Unfit(f"`{target.url.host}` has no address")
    for request in target.requests(through, deadline):
        try:
            return through.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failed = error
    raise failed


def _audio(response: httpx.Response, clock: Clock, limits: Limits) -> bytes:
    status, head = response.status_code, response.headers
    if status in GONE:
        raise Expired(f"the audio is not at its URL any more ({status})")
    if status in PASSING or status >= 500:
        raise Unfit(f"its host answers with status {status}")
    if status != 200:
        raise Undelivered(f"the audio can't be fetched: its host answers with status {status}")
    if packed(response):
        raise Undelivered("the audio comes packed, though nobody asked for that")
    length = head.get("content-length")
    if length is None and head.get("transfer-encoding") != "chunked":
        # Nothing would tell such audio from its first half.
        raise Undelivered("the host of the audio does not say how long it is")
    if length is not None and not (length.isdecimal() and int(length) <= limits.size):
        raise Undelivered(f"the audio has {length} bytes, and {limits.size} is the most")
    read = _body(response, clock, limits)
    if length is not None and len(read) != int(length):
        raise Unfit(f"{len(read)} of {length} bytes came")
    return read


def _body(response: httpx.Response, clock: Clock, limits: Limits) -> bytes:
    mark = clock.monotonic()
    read, size, marked = BytesIO(), 0, 0  # unlike a bytearray, it gives up its bytes uncopied
    for chunk in response.iter_raw():
        size += read.write(chunk)
        now = clock.monotonic()
        if size > limits.size:
            raise Undelivered(f"the audio has more than {limits.size} bytes")
        if now - mark >= limits.patience:
            if size - marked < limits.slowest * (now - mark):
                raise Undelivered(f"the audio comes at less than {limits.slowest:g} bytes a second")
            mark, marked = now, size
    return read.getvalue()


def kind(audio: bytes) -> str:
    """Return what sort of audio begins like this, or nothing: a web page is none."""
    match audio[:4]:
        case b"RIFF":
            return "wav"
        case b"fLaC":
            return "flac"
        case b"OggS":
            return "ogg"
        case start if start[:3] == b"ID3":
            return "mp3"
        case start if len(start) == 4 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2:
            return "mp3"  # the sync word, and Layer III
        case _:
            return ""


def locate(url: str, own: str = "") -> Target:
    """Check a URL and look up its host, once; raise Undelivered if nothing may be fetched there."""
    if len(url) > LONGEST_URL or any(ord(one) <= 0x20 or one in "\\\x7f" for one in url):
        raise Undelivered("the URL of the audio is not well formed")
    try:
        parsed = httpx.URL(url)
        ours = bool(own) and _place(parsed) == _place(httpx.URL(own))
    except (httpx.InvalidURL, ValueError):
        raise Undelivered("the URL of the audio is not well formed") from None
    ours = ours and is_loopback(parsed.host)
    if parsed.userinfo or not HOST.fullmatch(parsed.raw_host):
        raise Undelivered("the URL of the audio is not well formed")
    if not ours and (parsed.scheme != "https" or parsed.port not in (None, 443)):
        raise Undelivered(f"the audio at `{parsed.host}` is not on https, and so is not fetched")
    try:
        found = socket.getaddrinfo(
            parsed.raw_host.decode("ascii"), parsed.port or 443, type=socket.SOCK_STREAM
        )
    except OSError:
        raise Unfit(f"`{parsed.host}` can't be found") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        if not (ip_address(address).is_loopback if ours else is_public(address)):
            raise Undelivered(
                f"the audio at `{parsed.host}` is at an address of a private network, and so is "
                "not fetched"
            )
    return Target(parsed, addresses)


def is_public(address: str) -> bool:
    """Tell whether an address is one of the open Internet, whatever it is wrapped in."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = _inner(found) or found
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and (found.version == 4 or found in OPEN)
        and not any(found.version == net.version and found in net for net in NEVER)
    )


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return None
    if address in TRANSLATED or address in COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    tunnelled = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or tunnelled


def _place(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
