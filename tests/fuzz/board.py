"""What a child that fuzzes leaves to its parent if it dies: how far it came, its last input."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Iterable, Iterator

HEAD = struct.Struct("<QQQ")
ROOM = 1 << 20


class Board:
    """Memory that is shared with what is forked after it was made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, HEAD.size + ROOM)

    def note(self, data: bytes) -> None:
        """Count an input that is about to be run, and keep it."""
        shown = data[:ROOM]
        HEAD.pack_into(self._memory, 0, self.executions + 1, self.findings, len(shown))
        self._memory[HEAD.size : HEAD.size + len(shown)] = shown

    def find(self) -> None:
        """Count a finding."""
        executions, findings, length = HEAD.unpack_from(self._memory)
        HEAD.pack_into(self._memory, 0, executions, findings + 1, length)

    @property
    def executions(self) -> int:
        return int(HEAD.unpack_from(self._memory)[0])

    @property
    def findings(self) -> int:
        return int(HEAD.unpack_from(self._memory)[1])

    @property
    def last(self) -> bytes:
        length = HEAD.unpack_from(self._memory)[2]
        return self._memory[HEAD.size : HEAD.size + length]


def counted(
    given: Iterable[bytes], board: Board, *, runs: int | None, until: float
) -> Iterator[bytes]:
    """Pass inputs on, each noted, until so many are run on this board or a moment has come."""
    for data in given:
        if time.perf_counter() >= until or (runs is not None and board.executions >= runs):
            return
        board.note(data)
        yield data
