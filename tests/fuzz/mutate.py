"""How bytes and text are changed at random; what knows their form stands in modules of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[Random, bytes], bytes]

LONGEST = 48 << 10
MOST_CHANGES = 5

EDGES = (0, 1, 9, 10, 13, 32, 34, 0x7F, 0x80, 0xC2, 0xE2, 0xED, 0xF0, 0xFE, 0xFF)
RUNS = (1, 2, 3, 4, 8, 16, 64, 300, 2000)
ODD_TEXT = tuple(
    one.encode("utf-8", "surrogatepass")
    for one in (
        *("\ufeff", "\u200b", "\u202e", "\u2028", "\x85", "\ud800", "\U0001f3b5", "e\u0301", "ß"),
        *("\r\n", "\r", "\n\n", "\0", "\x1b[31m", "ﬁ", "\u0130", "\ufffe", "¹", "٣"),
    )
)
TOKEN = re.compile(rb"\w+|[ \t]+|\n|[^\w\s]")


def changed(
    random: Random, data: bytes, mutations: Sequence[Mutation], others: Sequence[bytes]
) -> bytes:
    """Return data after a few changes, sometimes crossed with another input before them."""
    if not random.randrange(12):
        other = random.choice(others)
        data = data[: _place(random, data)] + other[_place(random, other) :]
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, MOST_CHANGES))):
        data = random.choice(mutations)(random, data)[:LONGEST]
    return data


def raw(random: Random, data: bytes) -> bytes:
    """Change bytes, whatever they are."""
    place = _place(random, data)
    before, after = data[:place], data[place:]
    size = random.choice(RUNS)
    match random.randrange(8):
        case 0:
            return before + bytes(one ^ 1 << random.randrange(8) for one in after[:1]) + after[1:]
        case 1:
            return before + bytes((random.choice(EDGES),)) + after[1:]
        case 2:
            return before + after[size:]
        case 3:
            return before + after[:size] * 2 + after[size:]
        case 4:
            return before if random.randrange(3) else after
        case 5:
            return before + random.randbytes(min(size, 16)) + after
        case 6:
            return before + random.choice(ODD_TEXT) + after
        case _:
            source = _place(random, data)
            return before + data[source : source + size] + after


def lines(random: Random, data: bytes) -> bytes:
    """Move, repeat, drop, indent or join whole lines."""
    found = data.splitlines(keepends=True) or [b""]
    place = random.randrange(len(found))
    match random.randrange(7):
        case 0:
            del found[place]
        case 1:
            found.insert(place, found[place])
        case 2:
            found.insert(random.randrange(len(found)), found.pop(place))
        case 3:
            found[place] = b"  " + found[place]
        case 4:
            found[place] = found[place].removeprefix(b"  ").removeprefix(b"\t")
        case 5:
            found[place] = found[place].rstrip(b"\r\n")
        case _:
            found[place] *= random.choice((2, 20, 500))
    return b"".join(found)


def words(vocabulary: Sequence[bytes]) -> Mutation:
    """Return the mutation that changes words and signs of a language for others of it."""

    def change(random: Random, data: bytes) -> bytes:
        found = TOKEN.findall(data) or [b""]
        place = random.randrange(len(found))
        word = random.choice(vocabulary)
        match random.randrange(6):
            case 0 | 1:
                found[place] = word
            case 2 | 3:
                found.insert(place, word)
            case 4:
                del found[place : place + random.choice((1, 1, 2, 5))]
            case _:
                found[place] = random.choice(found)
        return b"".join(found)

    return change


def _place(random: Random, data: bytes) -> int:
    return random.randrange(len(data) + 1)
