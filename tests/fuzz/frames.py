"""How an MP3 is changed: the headers of its tags, of their frames, and of the frames of music."""

from __future__ import annotations

import re
from random import Random

FRAME = re.compile(rb"[A-Z][A-Z0-9]{3}(?=.{6})", re.DOTALL)
SYNC = re.compile(rb"\xff[\xe2-\xff].{2}", re.DOTALL)
HEADER = re.compile(rb"Xing|Info|VBRI|LAME")
NAMES = tuple(
    name.encode()
    for name in (
        *("TIT2", "TXXX", "COMM", "APIC", "GEOB", "PRIV", "CHAP", "CTOC", "UFID", "WXXX", "TDRC"),
        *("SYLT", "RVA2", "POPM", "MCDI", "USLT", "ETCO", "TMCL", "ZZZZ", "TT2\0"),
    )
)
SIZES = (
    *(b"\0\0\0\0", b"\0\0\0\1", b"\0\0\1\x7f", b"\x7f\x7f\x7f\x7f", b"\0\0\2\0"),
    *(b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x80"),
)
V1 = b"TAG" + b"Old title".ljust(125, b"\0")


def id3(random: Random, data: bytes) -> bytes:
    """Change the version, flags or length of a tag, or put one before, behind or into it."""
    found = bytearray(data)
    place = data.find(b"ID3")
    choice = random.randrange(7)
    if place < 0 or len(data) < place + 10 or choice == 6:
        return ape(random, data) if random.randrange(2) else data + V1
    match choice:
        case 0:
            found[place + 3] = random.choice((2, 3, 4, 5))
        case 1:
            found[place + 5] ^= 1 << random.randrange(4, 8)
        case 2:
            found[place + 6 : place + 10] = random.choice(SIZES)
        case 3:
            found[place + 9] = (found[place + 9] + random.choice((1, -1, 10, 20))) % 128
        case 4:
            return data[place : place + random.choice((10, 40, 200))] + data
        case _:
            found[place + 10 : place + 10] = random.choice((b"\0\0\0\6\0\0\0\0\0\0", bytes(10)))
    return bytes(found)


def ape(random: Random, data: bytes) -> bytes:
    """Put an APE tag at the end, with a header or not, and of some length."""
    size = random.choice((32, 32, 31, 48, 64, len(data), 2**31))
    flags = random.choice((0, 0x80000000, 0xA0000000, 0x20000000))
    footer = b"APETAGEX" + b"".join(one.to_bytes(4, "little") for one in (2000, size, 0, flags))
    footer += bytes(8)
    body = bytes(max(0, min(size, 4096) - 32))
    return data + (footer if flags and random.randrange(2) else b"") + body + footer


def a_frame(random: Random, data: bytes) -> bytes:
    """Change the name, the length, the flags or the encoding of a frame of a tag."""
    places = [one.start() for one in FRAME.finditer(data[: 16 << 10])]
    if not places:
        return data
    place = random.choice(places)
    found = bytearray(data)
    match random.randrange(6):
        case 0:
            found[place : place + 4] = random.choice(NAMES)
        case 1:
            found[place + 4 : place + 8] = random.choice(SIZES)
        case 2:
            found[place + 7] ^= 1 << random.randrange(8)
        case 3:
            found[place + random.choice((8, 9))] ^= 1 << random.randrange(8)
        case 4:
            found[place + 10 : place + 11] = bytes((random.choice((0, 1, 2, 3, 4, 255)),))
        case _:
            found[place:place] = found[place : place + random.choice((11, 30, 80))]
    return bytes(found)


def music(random: Random, data: bytes) -> bytes:
    """Change a header of the music, or what stands between two of its frames."""
    places = [one.start() for one in SYNC.finditer(data)]
    if not places:
        return data
    place = random.choice((places[0], random.choice(places)))
    found = bytearray(data)
    match random.randrange(5):
        case 0:
            found[place + random.choice((1, 2, 3))] ^= 1 << random.randrange(8)
        case 1:
            found[place + 2] = random.randrange(256)
        case 2:
            found[place:place] = random.randbytes(random.choice((1, 2, 5, 96)))
        case 3:
            del found[place : place + random.choice((1, 4, 50, 96))]
        case _:
            found[place:place] = data[place : place + 96] * random.choice((1, 2, 400))
    return bytes(found)


def promise(random: Random, data: bytes) -> bytes:
    """Change what the header frame says: its flags, its frames, what is left out at the ends."""
    places = [one.start() for one in HEADER.finditer(data)]
    if not places:
        return data
    place = random.choice(places) + random.choice((7, 8, 10, 11, 14, 21, 120, 141, 142, 143))
    found = bytearray(data)
    found[place : place + 1] = bytes((random.choice((0, 1, 15, 16, 127, 128, 255)),))
    return bytes(found)
