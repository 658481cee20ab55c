"""Where audio may be fetched from, and how much of it, and how slowly.

The URL comes from outside and is trusted with nothing: no key, no cookie, no address of this
network, no end to its bytes.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urljoin, urlsplit

from ..clock import Clock
from ..errors import Undelivered
from .credentials import Secret, is_loopback
from .http import PAUSES, Unfit
from .wire import BrokenOff, Client, Deadline, NeverSent, Place, Reply, Request, place, target

MOST_REDIRECTS = 3
READ_TIMEOUT = 30.0
"""Seconds without a byte."""

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
HOST = re.compile(r"[A-Za-z0-9._:-]{1,255}", re.ASCII)
MALFORMED = re.compile(r"[\x00-\x20\\\x7f]")
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


def download(
    url: str,
    *,
    through: Client,
    clock: Clock,
    secret: Secret,
    own: str = "",
    limits: Limits | None = None,
) -> bytes:
    """Fetch audio; `own` is the base URL of the API, which on this machine may serve it itself.

    The secret is not sent.  It is kept out of what is said of the host's own words, for who gave
    the URL may have told it.  Raises Expired if a fresh URL is needed, and Undelivered;
    Interrupted from the clock.
    """
    pauses = iter(PAUSES)
    while True:
        outcome = _attempt(url, through, secret, own, clock=clock, limits=limits or Limits())
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


def _attempt(
    url: str, through: Client, secret: Secret, own: str, *, clock: Clock, limits: Limits
) -> bytes | Exception:
    """Try once; an error that is none of ours may pass."""
    deadline = Deadline(clock, limits.seconds)
    try:
        for _ in range(MOST_REDIRECTS + 1):
            if secret.redact(url) != url:
                return Undelivered("the URL of the audio has the key in it")
            with closing(_connected(through, locate(url, own), deadline)) as reply:
                if reply.status not in MOVED:
                    return _audio(reply, clock, limits)
                url = urljoin(url, reply.headers.get("location", ""))
        return Undelivered(f"the audio is behind more than {MOST_REDIRECTS} redirects")
    except (NeverSent, BrokenOff) as error:
        late = Undelivered(f"the audio took longer than {limits.seconds:g} seconds")
        return late if deadline.passed else error
    except Exception as error:  # noqa: BLE001 - nothing foreign comes out, and all is free
        return error


def _connected(through: Client, requests: Sequence[Request], deadline: Deadline) -> Reply:
    """Return the answer of the first address that takes a connection."""
    *others, last = requests
    for request in others:
        with suppress(NeverSent):
            return through.send(request, deadline, read=READ_TIMEOUT)
    return through.send(last, deadline, read=READ_TIMEOUT)


def _audio(reply: Reply, clock: Clock, limits: Limits) -> bytes:
    status, head = reply.status, reply.headers
    if status in GONE:
        raise Expired(f"the audio is not at its URL any more ({status})")
    if status in PASSING or status >= 500:
        raise Unfit(f"its host answers with status {status}")
    if status != 200:
        raise Undelivered(f"the audio can't be fetched: its host answers with status {status}")
    if reply.is_packed:
        raise Undelivered("the audio comes packed, though nobody asked for that")
    length = head.get("content-length")
    if length is None and head.get("transfer-encoding") != "chunked":
        # Nothing would tell such audio from its first half.
        raise Undelivered("the host of the audio does not say how long it is")
    if length is not None and not (length.isdecimal() and int(length) <= limits.size):
        raise Undelivered(f"the audio has {length} bytes, and {limits.size} is the most")
    read = _body(reply, clock, limits)
    if length is not None and len(read) != int(length):
        raise Unfit(f"{len(read)} of {length} bytes came")
    return read


def _body(reply: Reply, clock: Clock, limits: Limits) -> bytes:
    mark = clock.monotonic()
    read, size, marked = BytesIO(), 0, 0  # unlike a bytearray, it gives up its bytes uncopied
    for chunk in reply.chunks():
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


def locate(url: str, own: str = "") -> Sequence[Request]:
    """Check a URL and look up its host, once; raise Undelivered if nothing may be fetched there.

    Returns a request for each address that the host was found to have, to that very address: a
    host that is looked up again may have another one by then.
    """
    if len(url) > LONGEST_URL or MALFORMED.search(url):
        raise Undelivered("the URL of the audio is not well formed")
    try:
        parts = urlsplit(url)
        there = place(parts)
        ours = bool(own) and there == place(urlsplit(own)) and is_loopback(there.host)
    except ValueError:
        raise Undelivered("the URL of the audio is not well formed") from None
    if "@" in parts.netloc or not HOST.fullmatch(there.host):
        raise Undelivered("the URL of the audio is not well formed")
    if not ours and (there.scheme, there.port) != ("https", 443):
        raise Undelivered(f"the audio at `{there.host}` is not on https, and so is not fetched")
    addresses = _addresses(there)
    for address in addresses:
        if not (ip_address(address).is_loopback if ours else is_public(address)):
            raise Undelivered(
                f"the audio at `{there.host}` is at an address of a private network, and so is "
                "not fetched"
            )
    asked = target(parts)
    return [
        Request("GET", replace(there, address=address), asked, {"Accept": "audio/*"})
        for address in addresses
    ]


def _addresses(there: Place) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(there.host, there.port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    if not found:
        raise Unfit(f"`{there.host}` can't be found")
    return list(dict.fromkeys(str(one[4][0]) for one in found))


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
