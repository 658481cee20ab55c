"""How the stand-in gateway puts an answer on the wire, whole or broken."""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition
from typing import Any

CODES = {
    400: "bad_request",
    401: "not_authenticated",
    402: "insufficient_tokens",
    403: "insufficient_plan",
    404: "not_found",
    422: "validation_error",
    429: "rate_limit_exceeded",
    500: "provider_error",
    503: "model_unavailable",
}
PAGE = b"<!doctype html><html><body>Please log in</body></html>"


class Server(ThreadingHTTPServer):
    """A server that knows how many connections it has, and can wait until all are dealt with."""

    daemon_threads = True

    def __init__(self, place: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.changed = Condition()
        self.open = 0
        self.quieting = 0
        super().__init__(place, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.changed:
            self.open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.changed:
                self.open -= 1
                self.changed.notify_all()

    def quiet(self, seconds: float) -> bool:
        """Wait until no connection is open but those that wait for this; tell whether that came.

        Connections are taken in the order in which they were made, so whatever a client sent
        before it died has had its effect by then.
        """
        with self.changed:
            self.quieting += 1
            self.changed.notify_all()
            try:
                return self.changed.wait_for(lambda: self.open <= self.quieting, seconds)
            finally:
                self.quieting -= 1


class Wire(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True

    @property
    def gateway(self) -> Any:
        return self.server.gateway  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        # A client that gives up is part of the tests, not a fault of the server's.
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            self.close_connection = True

    def answer(self, value: Any, fault: Any = None) -> None:
        self.deliver(200, json.dumps(value).encode(), "application/json", fault)

    def deliver(self, status: int, body: bytes, kind: str, fault: Any) -> None:
        head = {"Content-Type": kind}
        name = fault.name if fault else ""
        match name:
            case "":
                self.send(status, body, head)
            case "lost" | "dropped" | "late" | "unread" | "unread-body":
                self.close_connection = True
            case "reset":
                self.reset()
            case "half":
                self.send(
                    status, body[: len(body) // 2], {**head, "Content-Length": str(len(body))}
                )
                self.close_connection = True
            case "broken-off":
                self.send(
                    status, body[: len(body) // 2], {**head, "Content-Length": str(len(body))}
                )
                self.reset()
            case "hints":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
                self.send(status, body, head)
            case "goodbye":
                self.send(status, body, head)
                self.close_connection = True
            case "twice":
                self.send(status, body, head)
                self.send(status, body, head)
                self.wfile.write(b"\0garbage\r\n\r\n")
                self.close_connection = True
            case "slow":
                time.sleep(fault.options.get("seconds", 0.5))
                self.send(status, body, head)
            case "drip":
                self.drip(status, body, head, fault.options.get("seconds", 0.01))
            case "gzip":
                self.send(status, gzip.compress(body), {**head, "Content-Encoding": "gzip"})
            case "html" | "truncated" | "empty" | "list" | "deep" | "huge":
                bodies = {
                    "html": PAGE,
                    "truncated": body[: len(body) // 2],
                    "empty": b"",
                    "list": b"[1, 2]",
                    "deep": b"[" * 100_000,
                    "huge": body + b" " * 10_000_000,
                }
                self.send(status, bodies[name], head)
            case "no-id" | "null-id" | "odd-id" | "bool-id" | "long-id":
                told = json.loads(body)
                odd = {"null-id": None, "odd-id": "../../user/me", "bool-id": True}
                told["id"] = odd.get(name, "x" * 4096)
                if name == "no-id":
                    del told["id"]
                self.answer(told)
            case _:
                self.broken(name, fault.options)

    def broken(self, name: str, options: Any) -> None:
        status, _, kind = name.partition("-")
        if kind == "html":
            self.send(int(status), PAGE, {"Content-Type": "text/html"})
        elif kind == "huge":
            self.send(int(status), PAGE + b" " * 10_000_000, {"Content-Type": "text/html"})
        elif status.startswith("3"):
            self.send(int(status), b"", {"Location": options.get("to", "/api/v2/generate")})
        else:
            self.error(int(status), **options)

    def error(self, status: int, *, header: str = "", message: str = "", **more: Any) -> None:
        """Answer with an error of the service's own shape.

        `header` is that of Retry-After; for a 429, `retry_after=...` leaves the field out.
        """
        said = {
            "error": CODES.get(status, "error"),
            "message": message or f"the stand-in says {status}",
            "details": {},
        }
        if status == 429:
            said |= {"retry_after": 847, "plan": "vip", "limit_hour": 100, "limit_day": 1000}
        said |= more
        said = {name: value for name, value in said.items() if value is not ...}
        head = {"Content-Type": "application/json"} | ({"Retry-After": header} if header else {})
        self.send(status, json.dumps(said).encode(), head)

    def send(self, status: int, body: bytes, head: dict[str, str]) -> None:
        self.send_response_only(status)
        limits = {"Limit-Hour": "100", "Limit-Day": "1000", "Remaining-Day": "900"}
        left, reset = self.gateway.remaining_hour, self.gateway.reset_hour
        left = max(0, 100 - len(self.gateway.posts)) if left is None else left
        reset = int(datetime.now(UTC).timestamp()) + 1800 if reset is None else reset
        limits |= {"Remaining-Hour": str(left), "Reset-Hour": str(reset)}
        limits = {f"X-RateLimit-{name}": value for name, value in limits.items()}
        for name, value in ({"Content-Length": str(len(body))} | limits | head).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self, status: int, body: bytes, head: dict[str, str], seconds: float) -> None:
        self.send(status, body[:1], {**head, "Content-Length": str(len(body))})
        for at in range(1, len(body)):
            time.sleep(seconds)
            self.wfile.write(body[at : at + 1])

    def reset(self) -> None:
        hard = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        # The server would say goodbye first, and a reset says none.
        os.close(self.connection.detach())
        self.close_connection = True
