"""What every test has: no way out for it or for a key, and a clock that waits for nobody."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from canary import (  # noqa: F401  pytest finds them here
    masks,
    no_key_in_files,
    no_key_in_output,
    pytest_runtest_logreport,
)

from musicbuild.testing import FakeClock


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail a test that reaches for another machine, even if its own code swallows the error."""
    reached: list[object] = []

    def guarded(name):
        call = getattr(socket.socket, name)

        def guard(self, *arguments):
            place = arguments[-1]
            if self.family != getattr(socket, "AF_UNIX", None) and not _is_here(place[0]):
                reached.append(place)
                pytest.fail(f"a test reached for {place}")
            return call(self, *arguments)

        return guard

    lookup = socket.getaddrinfo

    def guarded_lookup(host, *arguments, **options):
        if not _is_literal(host) and not _is_here(host):
            reached.append(host)
            pytest.fail(f"a test looked up {host!r}")
        return lookup(host, *arguments, **options)

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(name))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_lookup)
    yield
    assert not reached


@pytest.fixture
def clock():
    return FakeClock()


def _is_here(host: object) -> bool:
    return host in (None, "", "localhost") or (_is_literal(host) and ip_address(host).is_loopback)


def _is_literal(host: object) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
