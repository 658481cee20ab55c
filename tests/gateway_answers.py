"""How the stand-in gateway answers: what the service would say, and every way to say it badly."""

from __future__ import annotations

import gzip
import json
import os
import select
import socket
import struct
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway_audio import mp3

NAMES = {
    "unread": "post: the connection is reset before a byte is read",
    "dropped": "post: read whole, not accepted, and closed without an answer",
    "lost": "accepted (a poll: read), and closed without an answer",
    "half": "half of the answer, then closed",
    "reset": "accepted, and the connection reset without an answer",
    "slow": "the whole answer, after `seconds`",
    "drip": "the whole answer, a byte every `seconds`",
    "no-id": "an answer without an id",
    "null-id": "the id is null",
    "odd-id": "the id is a path: ../../user/me",
    "long-id": "the id has 4096 characters",
    "html": "a web page, with status 200",
    "truncated": "half of the JSON, as if it were all",
    "empty": "nothing, with status 200",
    "list": "a JSON list",
    "deep": "JSON too deep to read",
    "huge": "the whole answer, and ten megabytes of white space",
    "gzip": "the answer packed, though nobody asked",
    "failed": "post: accepted, to fail later; not charged",
    "no-url": "post: accepted, and completed without a URL for `polls_without_url` polls",
    "pending": "poll: pending",
    "unknown-status": "poll: a status of no page",
    "echo": "poll: failed, with a message that has the key and control characters in it",
    "changed": "poll: the fields of `told` are so instead",
    "short": "download: fewer bytes than announced",
    "endless": "download: more than anyone wants, announced as `size` bytes",
    "no-length": "download: neither a length nor chunks",
    "chunked": "download: in chunks, without a length",
    "expired": "download: 403, and a fresh URL from the next poll on",
    "redirect": "download: 302 to `to`, or else to the same file",
    "loop": "history: each page is the first",
}
"""Every fault by name; a status such as `500` or `503-html` is one too."""

ACCEPTED = {"lost", "reset", "half", "slow", "drip", "huge", "gzip", "failed", "no-url", "deep"} | {
    *("no-id", "null-id", "odd-id", "long-id", "html", "truncated", "empty", "list")
}
"""The faults of a POST that is accepted, and charged, unless the fault says otherwise."""

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
MODELS = ("musicgen", "elevenlabs-music")


class Handler(BaseHTTPRequestHandler):
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

    def handle_one_request(self) -> None:
        select.select([self.connection], [], [], self.timeout)
        start = self.connection.recv(4, socket.MSG_PEEK)
        if start == b"POST" and self.gateway.strike("post", only="unread"):
            self.note("POST", {}, b"")
            self.reset()
            return
        super().handle_one_request()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.note("POST", self.lowered(), body)
        if self.path != "/api/v2/generate":
            self.error(404)
        elif self.authorised():
            self.generate(body)

    def do_GET(self) -> None:
        self.note("GET", self.lowered(), b"")
        parts = urlsplit(self.path)
        match [part for part in parts.path.split("/") if part]:
            case ["stand-in", "state"]:
                self.answer(self.gateway.state())
            case ["audio", name]:
                self.download(name)
            case _ if not self.authorised():
                pass
            case ["api", "v2", "generate", *between, wanted]:
                prefix = "/".join(["", "api", "v2", "generate", *between, ""])
                self.poll(prefix, wanted)
            case ["api", "v2", "user", "history"]:
                self.history(parse_qs(parts.query))
            case ["api", "v2", "balance"]:
                told = {"token_balance": self.gateway.balance, "plan": "vip"}
                self.answer({**told, "plan_expires_at": None}, self.gateway.strike("balance"))
            case _:
                self.error(404)

    # What the service does.

    def generate(self, body: bytes) -> None:
        fault = self.gateway.strike("post")
        asked = json.loads(body)
        queued = fault is None or (
            fault.queued if fault.queued is not None else fault.name in ACCEPTED
        )
        refusal = self.refusal(asked)
        if refusal and fault is None:
            self.error(refusal)
        elif not queued:
            self.answer({}, fault)
        else:
            if fault is not None and fault.name in ("failed", "no-url"):
                usual = {"failed": {"failure": "the model gave up"}, "no-url": {}}[fault.name]
                options = {"polls_without_url": 2, **usual, **fault.options}
                fault = replace(fault, name="", options=options)
            made = self.gateway.queue(asked["model"], asked["prompt"], asked["duration"], fault)
            self.answer(self.told(made, step=False), fault)

    def refusal(self, asked: dict[str, Any]) -> int:
        duration = asked.get("duration")
        if asked.get("model") not in MODELS:
            return 404
        if not isinstance(duration, int) or not 15 <= duration <= 120 or not asked.get("prompt"):
            return 422
        price = 58 if asked["model"] == "elevenlabs-music" else 9
        return 402 if self.gateway.balance < price else 0

    def poll(self, prefix: str, wanted: str) -> None:
        fault = self.gateway.strike("poll")
        made = self.gateway.find(wanted)
        if made is None or prefix != self.gateway.status_path:
            self.error(404)
            return
        told = self.told(made, step=True)
        match fault.name if fault else "":
            case "pending":
                told = {**told, "status": "pending", "output_url": None, "result_url": None}
            case "unknown-status":
                told = {**told, "status": "simmering"}
            case "echo":
                words = f"\x1b[2Jno use for {self.gateway.key}\r\n\u202egnp"
                told = {**told, "status": "failed", "error": words}
            case "changed":
                told = {**told, **fault.options["told"]}
            case _:
                self.answer(told, fault)
                return
        self.answer(told)

    def told(self, made: Any, *, step: bool) -> dict[str, Any]:
        """Say how a generation stands, in its dialect; `step` lets it go on by one poll."""
        with self.gateway.lock:
            pending, bare = made.polls > 0, made.polls_without_url > 0
            if step and pending:
                made.polls -= 1
            elif step and bare:
                made.polls_without_url -= 1
        status = "pending" if pending else "failed" if made.failure else "completed"
        url = None
        if status == "completed" and not bare:
            url = f"{self.gateway.url}/audio/{made.id}-{made.link}.mp3"
        common: dict[str, Any] = {"id": made.id, "status": status, "prompt": made.prompt}
        when = made.created.isoformat(timespec="seconds").replace("+00:00", "Z")
        if made.failure and not pending:
            common["error"] = made.failure
        return {**common, **self.dialect(made, url), "created_at": when}

    def dialect(self, made: Any, url: str | None) -> dict[str, Any]:
        """Say in the generation's dialect, or in a mixture, what the dialects say differently."""
        one = {
            "type": made.kind,
            "model": made.model,
            "output_url": url,
            "tokens_used": made.tokens,
            "duration_seconds": made.duration,
        }
        two = {
            "category": made.kind,
            "model_slug": made.model,
            "result_url": url,
            "tokens_spent": made.tokens,
            "result_metadata": {"duration": made.duration},
        }
        extra = {"model_name": made.model.title(), "result_text": None, "processing_ms": 2100}
        if self.gateway.dialect == "mixed":
            pairs = enumerate(zip(one.items(), two.items(), strict=True))
            return dict(pair[(at + made.dialect) % 2] for at, pair in pairs) | extra
        return one if made.dialect == 1 else two | extra

    def history(self, query: dict[str, list[str]]) -> None:
        fault = self.gateway.strike("history")
        page = int(query.get("page", ["1"])[0])
        limit = min(int(query.get("limit", ["20"])[0]), 100)
        if fault is not None and fault.name == "loop":
            page, fault = 1, None
        with self.gateway.lock:
            shown = [one for one in self.gateway.generations if one.hidden_reads <= 0]
            for one in self.gateway.generations:
                one.hidden_reads -= 1 if page == 1 else 0
        shown.sort(key=lambda one: one.created, reverse=not self.gateway.oldest_first)
        items = [self.told(one, step=False) for one in shown[(page - 1) * limit : page * limit]]
        for item in items:
            if "output_url" in item:
                item["url"] = item.pop("output_url")
        told = {"items": items, "page": page, "limit": limit}
        if self.gateway.total_field:
            told["total"] = len(shown)
        if self.gateway.pages_field:
            told["pages"] = -(-len(shown) // limit)
        self.answer(told, fault)

    def download(self, name: str) -> None:
        wanted, _, link = name.removesuffix(".mp3").rpartition("-")
        made = self.gateway.find(wanted)
        if made is None or int(link) != made.link:
            self.error(404)
            return
        audio = mp3(str(made.id), made.duration)
        fault = self.gateway.strike("download")
        match fault.name if fault else "":
            case "expired":
                made.link += 1
                self.error(403)
            case "redirect":
                self.send(302, b"", {"Location": fault.options.get("to", self.path)})
            case "short":
                self.send(200, audio[: len(audio) // 2], {"Content-Length": str(len(audio))})
                self.close_connection = True
            case "endless":
                size = str(fault.options.get("size", 10**12))
                self.send(200, audio, {"Content-Length": size})
                self.close_connection = True
            case "chunked":
                half = len(audio) // 2
                chunks = (audio[:half], audio[half:], b"")
                body = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks)
                self.send(200, body, {"Content-Length": "", "Transfer-Encoding": "chunked"})
            case "no-length":
                self.send(200, audio, {"Content-Length": ""})
                self.close_connection = True
            case _:
                self.deliver(200, audio, "audio/mpeg", fault)

    # How it says so.

    def answer(self, value: Any, fault: Any = None) -> None:
        self.deliver(200, json.dumps(value).encode(), "application/json", fault)

    def deliver(self, status: int, body: bytes, kind: str, fault: Any) -> None:
        head = {"Content-Type": kind}
        name = fault.name if fault else ""
        match name:
            case "":
                self.send(status, body, head)
            case "lost" | "dropped" | "unread":
                self.close_connection = True
            case "reset":
                self.reset()
            case "half":
                self.send(
                    status, body[: len(body) // 2], {**head, "Content-Length": str(len(body))}
                )
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
            case "no-id" | "null-id" | "odd-id" | "long-id":
                told = json.loads(body)
                told["id"] = {"null-id": None, "odd-id": "../../user/me"}.get(name, "x" * 4096)
                if name == "no-id":
                    del told["id"]
                self.answer(told)
            case _:
                self.broken(name, fault.options)

    def broken(self, name: str, options: Any) -> None:
        status, _, kind = name.partition("-")
        if kind == "html":
            self.send(int(status), PAGE, {"Content-Type": "text/html"})
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

    # What every request has.

    def authorised(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.gateway.key}":
            return True
        self.error(401)
        return False

    def lowered(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def note(self, method: str, headers: dict[str, str], body: bytes) -> None:
        path = self.path if headers else "/api/v2/generate"
        self.gateway.note(method, path, headers, body, self.client_address[1])

    def reset(self) -> None:
        hard = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        # The server would say goodbye first, and a reset says none.
        os.close(self.connection.detach())
        self.close_connection = True
