"""A server that says whatever a test wants it to, byte by byte, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat


class Line:
    """One connection, whose request has been read."""

    def __init__(self, connection: socket.socket, stop: threading.Event) -> None:
        self._connection, self._stop = connection, stop

    def say(self, data: bytes) -> None:
        self._connection.sendall(data)

    def drip(self, data: bytes, seconds: float = 0.02) -> None:
        """Say it again and again until the other side, or the test, has enough."""
        while not self._stop.wait(seconds):
            self.say(data)

    def flood(self, data: bytes) -> None:
        for one in repeat(data):
            self.say(one)

    def hold(self) -> None:
        """Say no more, and don't hang up."""
        self._stop.wait(30)


@contextmanager
def speaking(script: Callable[[Line], None]) -> Iterator[str]:
    """Yield the URL of a server that answers each connection by the script."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(30)
                connection.recv(65536)
                script(Line(connection, stop))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection = server.accept()[0]
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
