"""How the stand-in gateway answers: what the service would say, and every way to say it badly."""

from __future__ import annotations

import json
import select
import socket
from dataclasses import replace
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qs, urlsplit

from gateway_audio import mp3
from gateway_wire import Wire

NAMES = {
    "unread": "post: the connection is reset before a byte is read",
    "dropped": "post: read whole, not accepted, and closed without an answer",
    "unread-body": "post: the connection is reset once the head is read",
    "late": "post: accepted only when the history was read `reads` times; closed without an answer",
    "lost": "accepted (a poll: read), and closed without an answer",
    "half": "half of the answer, then closed",
    "reset": "accepted, and the connection reset without an answer",
    "broken-off": "half of the answer, then reset",
    "hints": "interim answers of status 100 and 103, then the whole one",
    "goodbye": "the whole answer, then closed though that was not announced",
    "twice": "the whole answer, then another one and garbage",
    "slow": "the whole answer, after `seconds`",
    "drip": "the whole answer, a byte every `seconds`",
    "no-id": "an answer without an id",
    "null-id": "the id is null",
    "odd-id": "the id is a path: ../../user/me",
    "bool-id": "the id is true",
    "same-id": "post: the id of an earlier generation",
    "stranger": "the generation of somebody else, asked for in other words, instead",
    "long-id": "the id has 4096 characters",
    "html": "a web page, with status 200",
    "truncated": "half of the JSON, as if it were all",
    "empty": "nothing, with status 200",
    "list": "a JSON list",
    "deep": "JSON too deep to read",
    "huge": "the whole answer, and ten megabytes of white space",
    "gzip": "the answer packed, though nobody asked",
    "failed": "post: accepted, to fail later; not charged, unless `charged`",
    "no-url": "post: accepted, and completed without a URL for `polls_without_url` polls",
    "pending": "poll: pending",
    "unknown-status": "poll: a status of no page",
    "echo": "poll: failed, with a message that has the key and control characters in it",
    "changed": "poll, balance: the fields of `told` are so instead",
    "moved": "poll: the whole answer, with another URL than before, and the former is gone",
    "short": "download: fewer bytes than announced",
    "long": "download: more bytes than announced",
    "other": "download: other music each time",
    "silence": "download: no music, but `data`",
    "endless": "download: more than anyone wants, announced as `size` bytes",
    "no-length": "download: neither a length nor chunks",
    "chunked": "download: in chunks, without a length",
    "expired": "download: 403, and a fresh URL from the next poll on",
    "redirect": "download: 302 to `to`, or else to the same file",
    "loop": "history: each page is the first",
    "repeats": "history: each page begins with the last entry of the one before",
    "misses": "history: the first entry of each page is left out",
    "unsorted": "history: in no order",
    "nothing": "history: no entries at all",
    "unmeasured": "history: entries do not say how long they are",
    "retold": "history: prompts are `cut`, `trimmed`, `decomposed` or have other `lines`",
}
"""Every fault by name; a status such as `500` or `503-html` is one too."""

ACCEPTED = {"lost", "reset", "half", "slow", "drip", "huge", "gzip", "failed", "no-url", "deep"} | {
    *("no-id", "null-id", "odd-id", "bool-id", "same-id", "stranger", "long-id"),
    *("html", "truncated", "empty", "list", "broken-off", "hints", "goodbye", "twice"),
}
"""The faults of a POST that is accepted, and charged, unless the fault says otherwise."""

RETOLD = {
    "cut": lambda prompt: prompt[: len(prompt) // 2],
    "trimmed": str.strip,
    "decomposed": lambda prompt: normalize("NFD", prompt),
    "lines": lambda prompt: prompt.replace("\n", "\r\n"),
}
"""How a history may give a prompt back."""

MODELS = ("musicgen", "elevenlabs-music")


class Handler(Wire):
    def handle_one_request(self) -> None:
        select.select([self.connection], [], [], self.timeout)
        start = self.connection.recv(4, socket.MSG_PEEK)
        if start == b"POST" and self.gateway.strike("post", only="unread"):
            self.note("POST", {}, b"")
            self.reset()
            return
        super().handle_one_request()

    def do_POST(self) -> None:  # noqa: N802 - so the library calls it
        if self.gateway.strike("post", only="unread-body"):
            self.note("POST", self.lowered(), b"")
            self.reset()
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.note("POST", self.lowered(), body)
        if len(body) < length:  # its client died: half a request is none
            self.close_connection = True
        elif self.path != "/api/v2/generate":
            self.error(404)
        elif self.authorised():
            self.generate(body)

    def do_GET(self) -> None:  # noqa: N802 - as above
        self.note("GET", self.lowered(), b"")
        parts = urlsplit(self.path)
        match [part for part in parts.path.split("/") if part]:
            case ["stand-in", "state"]:
                self.answer(self.gateway.state())
            case ["stand-in", "quiet"]:
                self.answer({"quiet": self.gateway.server.quiet(self.timeout)})
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
                self.balance()
            case _:
                self.error(404)

    # What the service does.

    def generate(self, body: bytes) -> None:
        asked = json.loads(body)
        fault = self.gateway.strike("post", prompt=asked["prompt"])
        queued = fault is None or (
            fault.queued if fault.queued is not None else fault.name in ACCEPTED
        )
        refusal = self.refusal(asked)
        if refusal and fault is None:
            self.error(refusal)
        elif not queued:
            if fault is not None and fault.name == "late":
                self.gateway.delay(
                    asked["model"], asked["prompt"], asked["duration"], **fault.options
                )
            self.answer({}, fault)
        else:
            if fault is not None and fault.name in ("failed", "no-url"):
                usual = {"failed": {"failure": "the model gave up"}, "no-url": {}}[fault.name]
                options = {"polls_without_url": 2, **usual, **fault.options}
                fault = replace(fault, name="", options=options)
            made = self.gateway.queue(asked["model"], asked["prompt"], asked["duration"], fault)
            told = self.told(made, step=False)
            if fault is not None and fault.name == "same-id":
                told, fault = {**told, "id": self.gateway.generations[0].id}, None
            elif fault is not None and fault.name == "stranger":
                told, fault = self.stranger(), None
            self.answer(told, fault)

    def stranger(self) -> dict[str, Any]:
        """Tell of a generation of somebody else, which this account does not show."""
        other = self.gateway.add("musicgen", "Somebody else's words", duration=15)
        self.gateway.generations.remove(other)
        self.gateway.strangers.append(other)
        return self.told(other, step=False)

    def balance(self) -> None:
        fault = self.gateway.strike("balance")
        told = {"token_balance": self.gateway.balance, "plan": "vip", "plan_expires_at": None}
        if fault is not None and fault.name == "changed":
            told, fault = {**told, **fault.options["told"]}, None
        self.answer(told, fault)

    def refusal(self, asked: dict[str, Any]) -> int:
        duration = asked.get("duration")
        if asked.get("model") not in MODELS:
            return 404
        if not isinstance(duration, int) or not 15 <= duration <= 120 or not asked.get("prompt"):
            return 422
        price = 58 if asked["model"] == "elevenlabs-music" else 9
        return 402 if self.gateway.balance < price else 0

    def poll(self, prefix: str, wanted: str) -> None:
        made = self.gateway.find(wanted)
        fault = self.gateway.strike("poll", prompt=made.prompt if made else "")
        if made is None or prefix != self.gateway.status_path:
            self.error(404)
            return
        if fault is not None and fault.name == "moved":
            made.link += 1
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
            case "stranger":
                told = self.stranger()
            case "moved":
                pass
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
        limit = min(int(query.get("limit", ["20"])[0]), self.gateway.most_a_page)
        name = fault.name if fault else ""
        page = 1 if name == "loop" else page
        with self.gateway.lock:
            shown = [one for one in self.gateway.generations if one.hidden_reads <= 0]
            if self.gateway.finished_only:
                shown = [one for one in shown if one.polls <= 0]
            if page == 1:
                self.gateway.tick()
        shown.sort(key=lambda one: one.created, reverse=not self.gateway.oldest_first)
        first, last = (page - 1) * limit, page * limit
        match name:
            case "repeats":
                first = max(0, first - 1)
            case "misses":
                first += 1
            case "unsorted":
                shown = shown[::2] + shown[1::2]
            case "nothing":
                shown = []
        items = [self.told(one, step=False) for one in shown[first:last]]
        if fault is not None and name == "retold":
            for item in items:
                item["prompt"] = RETOLD[fault.options["how"]](item["prompt"])
        if name == "unmeasured":
            for item in items:
                item.pop("duration_seconds", None)
                item.pop("result_metadata", None)
        if name in ("loop", "repeats", "misses", "unsorted", "nothing", "retold", "unmeasured"):
            fault = None
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
        made = self.gateway.find(wanted) or self.gateway.stranger(wanted)
        if made is None or int(link) != made.link:
            self.error(404)
            return
        audio = mp3(str(made.id), made.duration)
        fault = self.gateway.strike("download", prompt=made.prompt)
        match fault.name if fault else "":
            case "expired":
                made.link += 1
                self.error(403)
            case "redirect":
                self.send(302, b"", {"Location": fault.options.get("to", self.path)})
            case "short":
                self.send(200, audio[: len(audio) // 2], {"Content-Length": str(len(audio))})
                self.close_connection = True
            case "long":
                self.send(200, audio + audio, {"Content-Length": str(len(audio))})
                self.close_connection = True
            case "other":
                made.downloads += 1
                self.send(200, mp3(f"{made.id}/{made.downloads}", made.duration), {})
            case "silence":
                self.send(200, fault.options["data"], {"Content-Type": "audio/mpeg"})
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
