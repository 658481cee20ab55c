"""What a server may do to whoever listens to it: never end, never begin, or swell up.

One row is one way of answering.  A free request, a paid one and a download each come to an end
with it, in the time and the memory that they were allowed.
"""

from __future__ import annotations

import gzip
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from gateway import KEY
from hostile.talker import Line, speaking

from musicbuild.clock import SystemClock
from musicbuild.errors import AnswerLost, NotSent, ProviderError, Unavailable, Undelivered
from musicbuild.providers import download, http, wire
from musicbuild.providers.credentials import Secret
from musicbuild.providers.download import Limits
from musicbuild.providers.http import Api
from musicbuild.providers.verdict import Answer

SECONDS = 0.3
GUARD = 20
"""Seconds after which what should have ended counts as going on for ever."""

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LATE = "took longer than 0.3 seconds"


@dataclass(frozen=True)
class Row:
    """`said` is in the error that comes of it; `audio` in that of a download, if another."""

    name: str
    script: Callable[[Line], None]
    said: str
    audio: str = ""


def interim(line: Line) -> None:
    line.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def interim_flood(line: Line) -> None:
    line.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def header(line: Line) -> None:
    line.say(HEAD + b"X: ")
    line.drip(b"a")


def headers(line: Line) -> None:
    line.say(HEAD)
    line.drip(b"X: a\r\n")


def status(line: Line) -> None:
    line.drip(b"H")


def chunk_size(line: Line) -> None:
    line.say(CHUNKED)
    line.drip(b"0")


def chunk_extension(line: Line) -> None:
    line.say(CHUNKED + b"5;")
    line.drip(b"a")


def trailer(line: Line) -> None:
    line.say(CHUNKED + b'7\r\n{"a":1}\r\n0\r\n')
    line.drip(b"X")


def body(line: Line) -> None:
    line.say(HEAD + b"Content-Length: 100000\r\n\r\n")
    line.drip(b"a")


def silence(line: Line) -> None:
    line.hold()


def half(line: Line) -> None:
    line.say(HEAD + b"Content-Length: 100000\r\n\r\n{")
    line.hold()


def long_header(line: Line) -> None:
    line.say(HEAD + b"X: " + b"a" * 300_000 + b"\r\n\r\n")
    line.hold()


def two_lengths(line: Line) -> None:
    line.say(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")
    line.hold()


def signed_length(line: Line) -> None:
    line.say(HEAD + b"Content-Length: +5\r\n\r\nabcde")
    line.hold()


def foreign_length(line: Line) -> None:
    line.say(HEAD + "Content-Length: \u0665\r\n\r\nabcde".encode())
    line.hold()


def huge_length(line: Line) -> None:
    line.say(HEAD + b"Content-Length: 10000000000\r\n\r\n")
    line.flood(b"a" * 65536)


def endless(line: Line) -> None:
    line.say(CHUNKED)
    line.flood(b"10000\r\n" + b"a" * 65536 + b"\r\n")


def packed(name: bytes, data: bytes) -> Callable[[Line], None]:
    def script(line: Line) -> None:
        line.say(HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (name, len(data)))
        line.say(data)
        line.hold()

    return script


NOUGHTS = gzip.compress(bytes(100_000_000), 1)

ROWS = [
    Row("no status line", status, LATE),
    Row("nothing at all", silence, LATE),
    Row("interim answers without end", interim, LATE),
    Row("interim answers in a flood", interim_flood, LATE),
    Row("a header without end", header, LATE),
    Row("headers without end", headers, LATE),
    Row("a chunk's size without end", chunk_size, LATE),
    Row("a chunk's extension without end", chunk_extension, LATE),
    Row("a trailer without end", trailer, LATE),
    Row("a body that drips", body, LATE),
    Row("a body that stops", half, LATE),
    Row("a header of 300 kB", long_header, "Receive buffer too long"),
    Row("two lengths", two_lengths, "Content-Length"),
    Row("a length with a sign", signed_length, "Content-Length"),
    Row("a length in foreign digits", foreign_length, "Content-Length"),
    Row("10 GB by its length", huge_length, "longer than 1048576 bytes", "the most"),
    Row("chunks without end", endless, "longer than 1048576 bytes", "more than 2000000 bytes"),
    Row("a bomb", packed(b"gzip", NOUGHTS), "comes packed"),
    Row("a bomb in a bomb", packed(b"gzip, gzip", gzip.compress(NOUGHTS)), "comes packed"),
    Row("a bomb of another make", packed(b"Deflate", zlib.compress(bytes(10**7))), "comes packed"),
    Row("an unheard-of packing", packed(b"br;q=x", b"{}"), "comes packed"),
]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Try nothing a second time, and allow little time."""
    for module in (http, download):
        monkeypatch.setattr(module, "PAUSES", ())


def error_of(call: Callable[[], object]) -> ProviderError:
    """Return the error of a call that ends, and that takes little memory to do so."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(call())
        except Exception as error:  # noqa: BLE001
            found.append(error)

    tracemalloc.start()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(GUARD)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found, "it goes on for ever"
    assert peak < 12_000_000
    (error,) = found
    assert isinstance(error, ProviderError), error
    return error


def get(url: str, seconds: float = SECONDS) -> Answer:
    with closing(_api(url, seconds)) as api:
        return api.get("/x")


def post(url: str, seconds: float = SECONDS) -> Answer:
    with closing(_api(url, seconds)) as api:
        return api.post("/x", {})


def _api(url: str, seconds: float) -> Api:
    secret = Secret(KEY)
    return Api(url, service="it", secret=secret, clock=SystemClock(), whole_timeout=seconds)


def _fetch(url: str, **more: Any) -> bytes:
    usual = {"clock": SystemClock(), "secret": Secret(KEY), "own": url}
    with closing(wire.Client(keep=True)) as through:
        return download.download(f"{url}/a", through=through, **usual, **more)


def ways(row: Row) -> list[tuple[Callable[[str], object], type[ProviderError], str]]:
    seconds = SECONDS if row.said == LATE else GUARD / 2

    def fetch(url: str) -> bytes:
        limits = Limits(size=2_000_000, seconds=seconds)
        return _fetch(url, limits=limits)

    return [
        (lambda url: get(url, seconds), Unavailable, row.said),
        (lambda url: post(url, seconds), AnswerLost, row.said),
        (fetch, Undelivered, row.audio or row.said),
    ]


@pytest.mark.parametrize("way", [0, 1, 2], ids=["free", "paid", "audio"])
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_a_server_can_not_hold_one_up(row, way):
    call, kind, said = ways(row)[way]
    with speaking(row.script) as url:
        error = error_of(lambda: call(url))
    assert type(error) is kind
    assert said in error.message


def test_a_handshake_that_never_ends_is_an_order_that_was_not_sent():
    with speaking(silence) as url:
        base = url.replace("http:", "https:")
        assert isinstance(error_of(lambda: post(base)), NotSent)
        assert isinstance(error_of(lambda: get(base)), Unavailable)


def test_a_refusal_counts_though_its_body_never_ends():
    def script(line: Line) -> None:
        line.say(b"HTTP/1.1 402 No\r\nTransfer-Encoding: chunked\r\n\r\n5;")
        line.drip(b"a")

    with speaking(script) as url:
        assert post(url, 1).status == 402


def test_a_refusal_counts_though_its_body_is_packed():
    def script(line: Line) -> None:
        line.say(b"HTTP/1.1 402 No\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n123456789")

    with speaking(script) as url:
        answer = post(url, 10)
    assert (answer.status, answer.body) == (402, b"")


def test_audio_takes_no_more_memory_than_it_is_long():
    size = 40_000_000

    def script(line: Line) -> None:
        line.say(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // 500_000):
            line.say(bytes(500_000))

    with speaking(script) as url:
        tracemalloc.start()
        audio = _fetch(url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(audio) == size
    assert peak < 1.3 * size


def test_keys_of_a_connection_are_never_written_down(tmp_path, monkeypatch):
    file = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(file))
    context = wire.tls.__wrapped__()
    assert not file.exists()
    assert context.keylog_filename is None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
