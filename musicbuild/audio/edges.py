"""Where the music in an MP3 file begins and ends: between the tags before it and those after.

Sources: ID3v2.4.0 structure, sections 3.1 and 3.4; APE tag 2.0 specification.
"""

from __future__ import annotations

from .view import Sliced

_MAX_HEAD_TAGS = 16


def after_head_tags(data: Sliced) -> int:
    """Return where the ID3v2 tags at the head end, which may be beyond the data."""
    place = 0
    for _ in range(_MAX_HEAD_TAGS):
        tag = data[place : place + 10]
        if len(tag) < 10 or tag[:3] != b"ID3" or max(tag[6:]) > 127:
            break
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        footer = 10 if tag[3] == 4 and tag[5] & 0x10 else 0  # other versions have none
        place += 10 + size + footer
    return place


def is_broken_tag(header: bytes) -> bool:
    return len(header) == 10 and header[:3] == b"ID3" and max(header[6:]) > 127


def before_tail_tags(data: Sliced, start: int) -> int:
    """Return where the ID3v1 and APE tags at the tail begin, for music that begins at `start`."""
    end = len(data)
    while size := _tail_tag(data, start, end):
        end -= size
    return end


def _tail_tag(data: Sliced, start: int, end: int) -> int:
    """Return the length of the ID3v1 or APE tag that ends at `end`, or nothing.

    A damaged APE tag is no tag: its length isn't known, and no player minds it.
    """
    if end - start >= 128 and data[end - 128 : end - 125] == b"TAG":
        return 128
    footer = data[end - 32 : end] if end - start >= 32 else b""
    if not footer.startswith(b"APETAGEX"):
        return 0
    # The length counts the footer, but not the header of 32 bytes that may stand before.
    size = int.from_bytes(footer[12:16], "little")
    if not 32 <= size <= end - start:
        return 0
    header = end - size - 32
    return size + 32 if header >= start and data[header : header + 8] == b"APETAGEX" else size
