"""A way to a server on this machine that keeps all that goes through it, both ways."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Wiretap:
    """Listens at `port`, and hands on to the server at a host and port."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._mutex = threading.Lock()
        self._heard: list[list[bytes]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def heard(self) -> list[bytes]:
        """Return what was said, by connection and direction."""
        with self._mutex:
            return [b"".join(parts) for parts in self._heard]

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        parts: list[bytes] = []
        with self._mutex:
            self._heard.append(parts)
        with suppress(OSError):
            while data := source.recv(1 << 16):
                with self._mutex:
                    parts.append(data)
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
