"""What goes wrong with an order before the service can have a say: no name, no way, no trust."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from gateway import Gateway

from musicbuild.clock import Clock
from musicbuild.providers import wire

# A key and two certificates for these tests alone; they open nothing.
KEY = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIEWTEXyqHUj4BNj9y0MU3dZMgK7+J8uecJ765H4AVKBGoAoGCCqGSM49
AwEHoUQDQgAETL9YtJ5p6SyVAdRt1Ken8E+RxH+kuTW9ZGv2V/LEx0TVau/7jrYg
jkm8NyQ2auJzb1ftZ3qReMHkRkEbi5eQzw==
-----END EC PRIVATE KEY-----
"""
OF_ANOTHER_HOST = """\
-----BEGIN CERTIFICATE-----
MIIBbDCCAROgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1vdGhlci5l
eGFtcGxlMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAYMRYwFAYD
VQQDDA1vdGhlci5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETL9Y
tJ5p6SyVAdRt1Ken8E+RxH+kuTW9ZGv2V/LEx0TVau/7jrYgjkm8NyQ2auJzb1ft
Z3qReMHkRkEbi5eQz6NMMEowGAYDVR0RBBEwD4INb3RoZXIuZXhhbXBsZTAPBgNV
HRMBAf8EBTADAQH/MB0GA1UdDgQWBBRN1AWW3vBBFKVqnvUFPh/a0Sv3bzAKBggq
hkjOPQQDAgNHADBEAiAB1dcJAGfrsJSNY81S1VKupJhGeIkvchL+Clxg+nQkkQIg
aHFC/TNNoHWOYe2mS6QElLwnYNJQH2SHZJD7UqzhdSQ=
-----END CERTIFICATE-----
"""
EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBWjCCAQCgAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAkxMjcuMC4w
LjEwHhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAkx
MjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARMv1i0nmnpLJUB1G3U
p6fwT5HEf6S5Nb1ka/ZX8sTHRNVq7/uOtiCOSbw3JDZq4nNvV+1nepF4weRGQRuL
l5DPo0MwQTAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0O
BBYEFE3UBZbe8EEUpWqe9QU+H9rRK/dvMAoGCCqGSM49BAMCA0gAMEUCIQCPQ9qf
8QVcDnYcO0CqkigcNgXr4gF9N02exR7l+rmzQQIgAjaHqX4PZvl0wSgJNsA4zpsm
MXOADdv3x7fzD3XSIcw=
-----END CERTIFICATE-----
"""
TRUSTED = {
    "tls-another-host": OF_ANOTHER_HOST,
    "tls-expired": EXPIRED,
    "tls-untrusted": OF_ANOTHER_HOST,
}


@contextmanager
def between(gateway: Gateway, clock: Clock, monkeypatch, folder: Path) -> Iterator[None]:
    """Let the faults of two more phases strike on the way to the gateway.

    `connect` are orders, and `stream` is audio that comes.
    """
    carry = wire.Client.send

    def send(through: wire.Client, request: wire.Request, *more: Any, **named: Any) -> wire.Reply:
        def gone_on(**changed: Any) -> wire.Reply:
            where = replace(request.place, **changed)
            return carry(through, replace(request, place=where), *more, **named)

        fault = None
        if request.method == "POST":
            words = json.loads(request.content)["prompt"]
            fault = gateway.strike("connect", prompt=words)
        elif request.target.startswith("/audio/"):
            made = gateway.find(request.target.removeprefix("/audio/").rpartition("-")[0])
            fault = gateway.strike("stream", prompt=made.prompt if made else "")
        match fault.name if fault else "":
            case "":
                return gone_on()
            case "refused":
                with _closed_port() as port:
                    return gone_on(port=port)
            case "tls-none":
                return gone_on(scheme="https")
            case "tls-another-host" | "tls-expired" | "tls-untrusted" as name:
                trusted = "" if name == "tls-untrusted" else TRUSTED[name]
                with _tls_server(folder, TRUSTED[name]) as port, _trusting(trusted):
                    return gone_on(scheme="https", port=port)
            case "dripping":
                reply = gone_on()
                chunks = reply.chunks
                reply.chunks = lambda: _dripping(chunks(), clock)
                return reply
            case "slow-connection":
                raise wire.NeverSent("timed out")
            case "no-name":
                raise wire.NeverSent("[Errno -2] Name or service not known")
            case "slow-upload":
                raise wire.BrokenOff("timed out")
            case "slow-answer":
                gone_on().close()
                raise wire.BrokenOff("timed out")
            case name:
                raise AssertionError(name)

    with monkeypatch.context() as patched:
        patched.setattr(wire.Client, "send", send)
        yield


def _dripping(chunks: Iterator[bytes], clock: Clock) -> Iterator[bytes]:
    """Yield a byte a second, as far as the clock can tell."""
    for chunk in chunks:
        for byte in chunk:
            clock.sleep(1)
            yield bytes([byte])


@contextmanager
def _closed_port() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def _trusting(authority: str) -> Iterator[None]:
    """Trust this authority in place of those that musicbuild trusts, if it is one."""
    context = ssl.create_default_context(cadata=authority) if authority else wire.tls()
    with patch.object(wire, "tls", lambda: context):
        yield


@contextmanager
def _tls_server(folder: Path, certificate: str) -> Iterator[int]:
    """Serve nothing but a handshake, once."""
    files = folder / "certificate.pem", folder / "key.pem"
    for file, text in zip(files, (certificate, KEY), strict=True):
        file.write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake() -> None:
            taken, _ = server.accept()
            with taken, suppress(OSError), context.wrap_socket(taken, server_side=True) as secure:
                secure.recv(1)

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join()
