"""An S3 service on this machine, in a process of its own, and a proxy before it that does harm."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
"""

BUCKET = "nightfall"


@contextmanager
def bucket_server():
    """Run the service with one bucket, and give its endpoint."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        endpoint = f"http://127.0.0.1:{int(server.stdout.readline())}"
        make_bucket(endpoint, BUCKET)
        try:
            yield endpoint
        finally:
            server.stdin.close()
            server.wait()


def make_bucket(endpoint, name):
    with urlopen(Request(f"{endpoint}/{name}", method="PUT")):
        pass


def credentials(endpoint):
    """Return the environment that leads to a service."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIATESTING",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-the-test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }


def cut(body):
    """Say how long it is, and end in the middle."""
    return body[: len(body) // 2], len(body)


def truncate(body):
    return body[: len(body) // 2], None


def empty(_):
    return b"", None


def lengthen(body):
    return body + b"more", None


def corrupt(body):
    return body[:10] + bytes([body[10] ^ 1]) + body[11:], None


def delay(body):
    time.sleep(0.3)
    return body, None


def refuse(_):
    """Answer as a service that is overloaded."""
    return 503


def deny(_):
    return 403


def hang_up(_):
    """Close without an answer, after the request was passed on."""
    return


def lose(_):
    """Close without an answer, and pass nothing on."""
    return


class Proxy:
    """Passes requests on to a service; what comes of each may be done harm to.

    `once` holds, by method, what is done to the next answers, one each; `always` to all others.
    """

    def __init__(self, upstream):
        self.once = defaultdict(list)
        self.always = {}
        self.requests = []
        self._upstream = urlsplit(upstream).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_request(self):
                proxy._handle(self)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request  # noqa: N815

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._mutex = threading.Lock()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handle(self, request):
        with self._mutex:
            self.requests.append((request.command, request.path))
            waiting = self.once[request.command]
            harm = waiting.pop(0) if waiting else self.always.get(request.command)
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        if harm is lose:
            request.close_connection = True
            return
        if harm in (refuse, deny):
            secret = request.headers.get("Authorization", "")
            said = f"<Error><Code>Nope</Code><Message>{secret}</Message></Error>".encode()
            self._answer(request, harm(body), {}, said, len(said))
            return
        status, headers, answer = self._ask(request, body)
        if harm is hang_up:
            request.close_connection = True
            return
        length = None
        if harm and status in {200, 206}:
            answer, length = harm(answer)
        self._answer(request, status, headers, answer, len(answer) if length is None else length)

    def _ask(self, request, body):
        connection = http.client.HTTPConnection(self._upstream, timeout=20)
        headers = {name: text for name, text in request.headers.items() if name != "Connection"}
        connection.request(request.command, request.path, body, headers)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), found

    def _answer(self, request, status, headers, body, length):
        request.send_response(status)
        for name, text in headers.items():
            if name.lower() not in {"content-length", "connection", "transfer-encoding", "date"}:
                request.send_header(name, text)
        if request.command == "HEAD":
            length = headers.get("Content-Length", headers.get("content-length", 0))
        request.send_header("Content-Length", str(length))
        request.end_headers()
        with suppress(ConnectionError):  # who asked may not wait for the end
            request.wfile.write(body)
        if len(body) != int(length) and request.command != "HEAD":
            request.close_connection = True
