"""A service that takes every order, on loopback, in a process of its own and at little cost.

    python tests/benchmarks/counter.py SECONDS

It answers an order after so many seconds, and all else at once.  Its first line of output is its
URL.  For faults, and a ledger, there is `tests/gateway.py`, which is slower.
"""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gateway_audio import FRAME_BYTES, mp3

BALANCE = {"token_balance": 10**9, "plan": "vip", "plan_expires_at": None}
HISTORY = {"items": [], "page": 1, "limit": 100, "total": 0, "pages": 1}
SECONDS = 30
BITS = 24


class Counter(asyncio.Protocol):
    """One connection; each request on it is read whole before it is answered."""

    ids = count(1)

    def __init__(self, url, seconds, audio):
        self.url, self.seconds, self.audio = url, seconds, audio
        self.read = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            self.read = b""
            self.answer(*head.split(b" ", 2)[:2], body)

    def answer(self, method, path, body):
        if method == b"POST":
            loop = asyncio.get_running_loop()
            loop.call_later(self.seconds, self.say_json, self.made(json.loads(body)))
        elif path.startswith(b"/audio/"):
            self.say(self.audio(int(path[7:])), "audio/mpeg")
        else:
            self.say_json(BALANCE if path.startswith(b"/api/v2/balance") else HISTORY)

    def made(self, asked):
        number = next(self.ids)
        return {
            "id": f"gen_{number:010}",
            "status": "completed",
            "prompt": asked["prompt"],
            "type": "audio",
            "model": asked["model"],
            "output_url": f"{self.url}/audio/{number}",
            "tokens_used": 9,
            "duration_seconds": asked["duration"],
            "created_at": "2026-11-23T02:11:34Z",
        }

    def say_json(self, value):
        self.say(json.dumps(value).encode(), "application/json")

    def say(self, body, kind):
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


def pieces():
    """Return what makes a piece of any number: no two of them are the same."""
    one, other = mp3("one", SECONDS), mp3("other", SECONDS)
    frames = one[:FRAME_BYTES], other[:FRAME_BYTES]
    rest = one[BITS * FRAME_BYTES :]
    return lambda number: b"".join([frames[number >> bit & 1] for bit in range(BITS)]) + rest


async def main():
    audio, seconds = pieces(), float(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Counter(url, seconds, audio), "127.0.0.1", 0, backlog=1024
    )
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(url, flush=True)  # noqa: T201 - the one line that a parent process reads
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
