"""The HTTP edge: what leaves, what comes in, and what never does either."""

from __future__ import annotations

import base64
import copy
import json
import logging
import math
import pickle
import shutil
import socket
import ssl
import subprocess
import threading
from collections import deque
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

import pytest
from gateway import KEY
from gateway_audio import mp3

from musicbuild.errors import (
    AnswerLost,
    Busy,
    Interrupted,
    NotSent,
    Unavailable,
    Undelivered,
)
from musicbuild.providers import credentials, download, wire
from musicbuild.providers.credentials import Secret
from musicbuild.providers.download import Expired, Limits, is_public, locate
from musicbuild.providers.http import Api
from musicbuild.providers.wire import Client, Deadline, Place
from musicbuild.testing import FakeClock

ORDER = {"model": "musicgen", "prompt": "calm", "duration": 15}
POST = "/api/v2/generate"


@pytest.fixture
def api(gateway, clock):
    opened = []

    def api(base=gateway.url, clock=clock, **more):
        opened.append(Api(base, service="it", secret=Secret(KEY), clock=clock, **more))
        return opened[-1]

    yield api
    for one in opened:
        one.close()


# Keys.


def test_a_secret_does_not_show_itself():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {vars(Api)}"
    assert secret.reveal() == KEY
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not written down"):
            write(secret)


@pytest.mark.parametrize("key", [KEY, 'quote"and\\slash', "a+b/c=d&e?f%"])
def test_a_key_is_taken_out_in_every_form(key):
    secret = Secret(key)
    forms = [key, quote(key, safe=""), json.dumps(key)[1:-1], key.encode().hex()]
    for before in ("", "a", "ab", "abc"):
        packed = base64.b64encode(f"{before}{key} and more".encode()).decode()
        assert len(secret.redact(packed)) < len(packed) - len(key) // 2
    for form in forms:
        assert secret.redact(f"<{form}>") == "<[key]>"


@pytest.mark.parametrize("key", ["short", "x" * 513, "with a space", "a\nline-break", "ключ-ключ"])
def test_a_malformed_key_is_not_shown(key):
    with pytest.raises(Unavailable, match="`KEY` is no key") as caught:
        credentials.key({"KEY": key}, "KEY")
    assert key not in str(caught.value)


def test_foreign_text_is_made_fit_to_print():
    line = Secret(KEY).line
    assert line("a\r\n\x1b]0;b\x07\u202ec\x9b1m\u2028d\ud800") == "a ]0;bc1m d"
    assert len(line("x" * 10**6)) == 301


def test_nothing_is_logged_that_may_hold_the_key(gateway, api, caplog):
    caplog.set_level(logging.DEBUG)
    api().post(POST, ORDER)
    api().get("/api/v2/balance")
    assert caplog.records == []


# Paid requests.


@pytest.mark.parametrize(
    "error", [OSError("no route"), TimeoutError("timed out"), UnicodeError("label too long")]
)
def test_what_keeps_a_connection_from_coming_about_has_sent_nothing(
    gateway, api, monkeypatch, error
):
    def fail(*_):
        raise error

    monkeypatch.setattr(wire.socket, "create_connection", fail)
    with pytest.raises(NotSent, match=str(error)):
        api().post(POST, ORDER)
    assert gateway.requests == []


def test_a_paid_request_that_gets_no_answer_in_time_is_lost(gateway, api):
    gateway.fault("post", "slow", seconds=0.6)
    with pytest.raises(AnswerLost, match="may have been charged"):
        api(read_timeout=0.1).post(POST, ORDER)
    assert len(gateway.posts) == 1


def test_an_answer_that_never_ends_is_lost(gateway, api):
    gateway.fault("post", "huge")
    with pytest.raises(AnswerLost, match="longer than 1048576 bytes"):
        api().post(POST, ORDER)
    gateway.fault("post", "reset")
    with pytest.raises(AnswerLost, match="reset by peer"):
        api().post(POST, ORDER)


def test_an_answer_that_drips_is_lost_in_the_end(gateway, api):
    gateway.fault("post", "drip", seconds=0.001)
    with pytest.raises(AnswerLost, match="longer than 600 seconds"):
        api(clock=FakeClock(tick=100)).post(POST, ORDER)
    assert len(gateway.posts) == 1


@pytest.mark.parametrize("body", [{"x": math.nan}, {"x": math.inf}])
def test_what_is_no_json_is_not_sent(gateway, api, body):
    with pytest.raises(NotSent, match="nothing was sent"):
        api().post(POST, body)
    assert gateway.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(gateway, api, status):
    gateway.fault("post", str(status), to=POST, times=2)
    assert api().post(POST, ORDER).status == status
    gateway.fault("balance", str(status), to="/api/v2/user/history")
    assert api().get("/api/v2/balance").status == status
    assert [f"{one.method} {one.path}" for one in gateway.requests] == [
        "POST /api/v2/generate",
        "GET /api/v2/balance",
    ]


def test_no_proxy_of_the_environment_comes_between(gateway, api, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert api().post(POST, ORDER).good
    assert api().get("/api/v2/balance").good
    assert fetch(f"{gateway.url}/audio/gen_01j9x2000001-0.mp3", **own(gateway))


def test_no_foreign_error_hangs_on_to_ours(gateway, api):
    gateway.fault("post", "lost")
    with pytest.raises(AnswerLost) as caught:
        api().post(POST, ORDER)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


# Free requests.


def test_a_free_request_is_tried_four_times(gateway, api, clock):
    gateway.fault("balance", "500", times=4)
    with pytest.raises(Unavailable, match="status 500"):
        api().get("/api/v2/balance")
    assert clock.slept == [1, 2, 4]
    assert api().get("/api/v2/balance").good


def test_a_free_request_waits_as_long_as_it_is_told(gateway, api, clock):
    gateway.fault("balance", "429", retry_after=30)
    assert api().get("/api/v2/balance").good
    assert clock.slept == [30]
    gateway.fault("balance", "429", retry_after=61)
    with pytest.raises(Busy) as caught:
        api().get("/api/v2/balance")
    assert caught.value.retry_after == 61
    assert clock.slept == [30]


def test_an_interruption_comes_through(gateway, api, clock, monkeypatch):
    def stop(_):
        raise Interrupted("interrupted")

    monkeypatch.setattr(clock, "sleep", stop)
    gateway.fault("balance", "500")
    with pytest.raises(Interrupted):
        api().get("/api/v2/balance")
    gateway.add("musicgen", "calm")
    gateway.fault("download", "500")
    with pytest.raises(Interrupted):
        fetch(f"{gateway.url}/audio/gen_01j9x2000001-0.mp3", **own(gateway, clock))


def test_an_api_on_a_name_of_this_machine(gateway, api):
    # `localhost` may be found at an address where nobody listens as well.
    base = gateway.url.replace("127.0.0.1", "localhost")
    assert api(base).post(POST, ORDER).good
    assert fetch(
        f"{base}/audio/gen_01j9x2000001-0.mp3", clock=FakeClock(), secret=Secret(KEY), own=base
    )


# Audio.


def fetch(url, **more):
    with closing(Client(keep=True)) as through:
        return download.download(url, through=through, **more)


def own(gateway, clock=None):
    return {"clock": clock or FakeClock(), "secret": Secret(KEY), "own": gateway.url}


@pytest.fixture
def url(gateway):
    made = gateway.add("musicgen", "calm")
    return f"{gateway.url}/audio/{made.id}-0.mp3"


def test_audio_is_fetched_whole(gateway, url):
    assert fetch(url, **own(gateway)) == mp3("gen_01j9x2000001", 30)


def test_audio_comes_over_one_connection(gateway, url):
    with closing(Client(keep=True)) as through:
        for _ in range(3):
            download.download(url, through=through, **own(gateway))
    assert len({seen.port for seen in gateway.requests}) == 1


def test_a_connection_serves_no_other_host_at_its_address(gateway, url):
    with closing(Client(keep=True)) as through:
        (request,) = locate(url, gateway.url)
        other = replace(request, place=replace(request.place, host="localhost"))
        for one in (request, other):
            with closing(through.send(one, Deadline(FakeClock(), 5), read=5)) as reply:
                assert b"".join(reply.chunks())
    assert len({seen.port for seen in gateway.requests}) == 2


def test_a_connection_that_the_server_closed_is_not_used_again(gateway, url):
    with closing(Client(keep=True)) as through:
        (request,) = locate(url, gateway.url)
        for _ in range(2):
            with closing(through.send(request, Deadline(FakeClock(), 5), read=5)) as reply:
                assert b"".join(reply.chunks())
            (idle,) = through._idle[request.place]
            idle._line.shutdown(socket.SHUT_RDWR)
    assert len({seen.port for seen in gateway.requests}) == 2


def test_audio_that_is_gone_needs_a_fresh_url(gateway, url):
    gateway.fault("download", "expired")
    with pytest.raises(Expired):
        fetch(url, **own(gateway))


def test_audio_has_a_greatest_size(gateway, url):
    for fault in ("", "endless"):
        gateway.fault("download", fault, size=10**12)
        with pytest.raises(Undelivered, match="1000 is the most"):
            fetch(url, **own(gateway), limits=Limits(size=1000))
    assert len(gateway.requests) == 2


def test_audio_in_chunks_is_as_good_and_as_bounded(gateway, url):
    gateway.fault("download", "chunked", times=2)
    assert fetch(url, **own(gateway)) == mp3("gen_01j9x2000001", 30)
    with pytest.raises(Undelivered, match="more than 1000 bytes"):
        fetch(url, **own(gateway), limits=Limits(size=1000))


def test_audio_takes_a_longest_time(gateway, url):
    with pytest.raises(Undelivered, match="longer than 900 seconds"):
        fetch(url, **own(gateway, FakeClock(tick=1000)))


def test_audio_has_a_slowest_speed(gateway, url):
    gateway.fault("download", "drip", seconds=0.001)
    with pytest.raises(Undelivered, match="less than 1024 bytes a second"):
        fetch(url, **own(gateway, FakeClock(tick=10)))


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://cdn.example/a", "gopher://x/", "data:audio/mp3;base64,AA"),
        *("http://cdn.example/a.mp3", "https://cdn.example:22/a", "https://cdn.example:8443/a"),
        *("https://user@cdn.example/a", "https://cdn.ok@evil.example/", "https://", "", "x"),
        *("https://a\r\nb/", "https://a b/", "https://cdn.example\\@evil.example/", "https://[/"),
        *("https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://0.0.0.0/"),
        *("http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/"),
        *("https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/"),
        *("https://[2002:a9fe:a9fe::]/", "https://[::127.0.0.1]/", "https://224.0.0.1/"),
        *("https://168.63.129.16/", "https://192.0.0.192/", "https://100.64.0.1/"),
        *("https://10.0.0.1/", "https://[fe80::1]/", "https://[fd00:ec2::254]/"),
        "https://example.com/" + "x" * 9000,
    ],
)
def test_where_no_audio_is_fetched_from(gateway, url):
    for base in ("", gateway.url):
        with pytest.raises(Undelivered):
            fetch(url, clock=FakeClock(), secret=Secret(KEY), own=base)
    assert gateway.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "017700000001", "127.1", "cdn.example"])
def test_a_host_is_judged_by_its_address_and_not_by_its_name(monkeypatch, host):
    here = [(2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    with pytest.raises(Undelivered, match="private network"):
        locate(f"https://{host}/a.mp3")


def test_a_host_that_is_not_found_is_looked_up_again(monkeypatch, clock):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Undelivered, match=r"`cdn\.example` can't be found"):
        fetch("https://cdn.example/a.mp3", clock=clock, secret=Secret(KEY))
    assert clock.slept == [1, 2, 4]


def test_an_api_elsewhere_may_not_serve_audio_from_this_machine(gateway, url):
    for base in ("", "https://elumenta.ru", "http://127.0.0.1:9"):
        with pytest.raises(Undelivered, match="so is not fetched"):
            fetch(url, clock=FakeClock(), secret=Secret(KEY), own=base)
    assert gateway.requests == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_addresses_of_the_open_internet(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "fe80::1%eth0", "64:ff9b:1::1", "2001:0:a9fe:a9fe::", "::", "fec0::1", "5f00::1"),
        *("192.88.99.1", "3fff::1", "2001:db8::1", "100::1", "ff02::1", "255.255.255.255"),
    ],
)
def test_addresses_of_no_audio(address):
    assert not is_public(address)


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    found = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Undelivered, match="private network"):
        locate("https://cdn.example/a.mp3")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
    (request,) = locate("https://cdn.example/a.mp3")
    assert request.place.address == "8.8.8.8"


@pytest.mark.parametrize(
    "url", ["https://user@cdn.example/a", "https://:pass@cdn.example/", "https://a\\@cdn.example/"]
)
def test_a_url_that_hides_its_host_is_not_even_looked_up(monkeypatch, url):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    with pytest.raises(Undelivered, match="not well formed"):
        locate(url)


def test_a_host_that_is_looked_up_only_once_can_not_change(monkeypatch):
    answers = deque([[(2, 1, 6, "", ("8.8.8.8", 443))], [(2, 1, 6, "", ("127.0.0.1", 443))]])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.popleft())
    (request,) = locate("https://cdn.example/a.mp3")
    assert request.place == Place("https", "cdn.example", 443, "8.8.8.8")
    assert len(answers) == 1


class Song(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.host = self.headers["Host"]
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"song")

    def log_message(self, *_):
        pass


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """A host `cdn.example` with a certificate of its own, found at an address of this machine."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-days", "2", "-subj", "/CN=cdn.example"]
    made += ["-addext", "subjectAltName=DNS:cdn.example"]
    made += ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    monkeypatch.setattr(wire, "tls", lambda: trusting)
    monkeypatch.setattr(download, "is_public", lambda _: True)
    with HTTPServer(("127.0.0.1", 0), Song) as server:
        server.handle_error = lambda *_: None
        server.socket = context.wrap_socket(server.socket, server_side=True)
        found = [(2, 1, 6, "", server.server_address)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["cdn.example", "other.example"])
def test_the_certificate_is_that_of_the_host_and_not_of_its_address(secure, host):
    url = f"https://{host}/a.mp3"
    (request,) = locate(url)
    port = secure.server_address[1]
    here = [replace(request, place=replace(request.place, port=port))]
    deadline = Deadline(FakeClock(), 5)
    with closing(Client(keep=False)) as through:
        if host == "cdn.example":
            with closing(download._connected(through, here, deadline)) as reply:
                assert b"".join(reply.chunks()) == b"song"
            assert secure.host == f"cdn.example:{port}"
        else:
            with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
                download._connected(through, here, deadline)
