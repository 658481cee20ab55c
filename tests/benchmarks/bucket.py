"""As much of an S3 service as is measured against: objects in memory, given at once.

    python bucket.py [SECONDS]

It prints its port, and ends with its standard input.  Each answer waits so many seconds, as one
from far away does.  A service for tests, such as moto, takes longer for each than the way does.
"""

from __future__ import annotations

import asyncio
import sys
import threading

OBJECTS: dict[bytes, bytes] = {}
KEPT = b'ETag: "0"\r\nLast-Modified: Thu, 26 Nov 2026 02:11:34 GMT\r\n'
BUFFER = 4 << 20


class Connection(asyncio.Protocol):
    """One connection: requests come one after the other, each with a whole body."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._head = b""
        self._body = bytearray()
        self._wanted = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=BUFFER)

    def data_received(self, data: bytes) -> None:
        if not self._head:
            head, end, data = (bytes(self._body) + data).partition(b"\r\n\r\n")
            self._body.clear()
            if not end:
                self._body += head
                return
            self._head, self._wanted = head, _length(head)
        self._body += data
        if len(self._body) >= self._wanted:
            head, body = self._head, bytes(self._body)
            self._head = b""
            self._body.clear()
            asyncio.get_running_loop().call_later(self._delay, self._answer, head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"PUT":
            OBJECTS[path] = body
            self._say(b"200 OK", b"")
        elif path in OBJECTS:
            found = OBJECTS[path]
            self._say(b"200 OK", found if method == b"GET" else b"", len(found))
        else:
            self._say(b"404 Not Found", b"")

    def _say(self, status: bytes, body: bytes, length: int | None = None) -> None:
        size = len(body) if length is None else length
        self._transport.write(b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, KEPT, size))
        self._transport.write(body)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delay), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    threading.Thread(
        target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True
    ).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
