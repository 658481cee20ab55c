"""How much of a file is in memory at once: a window of it, moved along as it is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, BinaryIO, Protocol

WINDOW = 1 << 20
BUFFERED = 1 << 16
"""What is read ahead for a decoder, which asks for a frame in two or three parts."""

AHEAD = 1 << 17
"""What a window holds beyond the place it is good for: more than any frame or page."""

Part = bytes | tuple[int, int]
"""Bytes, or those of a file from a place to another."""


class Sliced(Protocol):
    """What is read in slices, as bytes are."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


class View(Sliced, Protocol):
    """Bytes that are looked at through windows."""

    def window(self, place: int) -> tuple[bytes, int, int]:
        """Return data, where they begin, and the place up to which they show all that follows.

        That place is after `place`, and at the end of the view or AHEAD before that of the data.
        """
        ...


class Whole:
    """A view of bytes that are in memory anyway."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, part: slice, /) -> bytes:
        return self._data[part]

    def window(self, place: int) -> tuple[bytes, int, int]:  # noqa: ARG002
        return self._data, 0, len(self._data)


class FileView:
    """A view of a file on disk, of which no more than a window is in memory.

    It is as long as the file was at first; bytes that are gone by now are missing from slices.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._window = (b"", 0, 0)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self._size)
        self._file.seek(start)
        return self._file.read(max(stop - start, 0))

    def window(self, place: int) -> tuple[bytes, int, int]:
        _, offset, end = self._window
        if not offset <= place < end:
            whole = place + WINDOW + AHEAD >= self._size
            data = self[place : place + WINDOW + AHEAD]
            self._window = (data, place, self._size if whole else place + WINDOW)
        return self._window


class Spliced:
    """A file for reading, made of parts of another one and of bytes, as decoders ask for it.

    A decoder calls it from C, where nothing can be raised: an error ends the file, and `check`
    raises it afterwards.
    """

    def __init__(self, file: BinaryIO, parts: Iterable[Part]) -> None:
        self._file = file
        self._parts = tuple(parts)
        sizes = [len(p) if isinstance(p, bytes) else p[1] - p[0] for p in self._parts]
        self._starts = (0, *accumulate(sizes))
        self._place = 0
        self._buffer, self._buffer_start = b"", 0
        self._error: OSError | None = None

    def check(self) -> None:
        if self._error:
            raise self._error

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = max(0, offset + (0, self._place, self._starts[-1])[whence])
        return self._place

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._starts[-1] - self._place)
        data = bytearray(left if size < 0 else min(size, left))
        return bytes(data[: self.readinto(data)])

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer)
        if len(wanted) > BUFFERED:
            count = self._read_parts(self._place, wanted)
            self._place += count
            return count
        start = self._place - self._buffer_start
        if not 0 <= start <= len(self._buffer) - len(wanted):
            ahead = bytearray(BUFFERED)
            count = self._read_parts(self._place, memoryview(ahead))
            self._buffer, self._buffer_start, start = bytes(ahead[:count]), self._place, 0
        data = self._buffer[start : start + len(wanted)]
        wanted[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _read_parts(self, place: int, wanted: memoryview) -> int:
        done = 0
        while done < len(wanted) and place + done < self._starts[-1]:
            try:
                count = self._read_part(place + done, wanted[done:])
            except OSError as error:
                self._error = error
                break
            if not count:
                break
            done += count
        return done

    def _read_part(self, place: int, wanted: memoryview) -> int:
        index = bisect_right(self._starts, place) - 1
        part, start = self._parts[index], place - self._starts[index]
        wanted = wanted[: self._starts[index + 1] - place]
        if isinstance(part, bytes):
            wanted[:] = part[start : start + len(wanted)]
            return len(wanted)
        self._file.seek(part[0] + start)
        return self._file.readinto(wanted)  # type: ignore[attr-defined,no-any-return]
