"""How JSON is changed: its values for odd ones, its keys, its depth; a journal's lines as well."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from random import Random
from typing import Any

from .mutate import raw

MARK = "@odd@"
ODD = (
    *("null", "true", "false", "0", "-0", "1", "-1", "0.5", "1.0", "1e400", "-1e400", "5e-324"),
    *("NaN", "Infinity", "9" * 20, "9" * 400, "9" * 5000, str(2**53), "1e16", "1.5e300", '""'),
    *('" "', '"\\u0000"', '"\\ud800"', '"\\u202e"', '"\\u200b"', '"é"', '"1e999999"', '"1e-999"'),
    *('"1E+3"', '"NaN"', '"-1"', '"0.10"', '"00012"', '"1_0"', '"٣"', '"../../x"', '"a.b:c-d"'),
    *('"2026-11-23T02:11:34Z"', '"2026-11-23"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23Z"'),
    *('"{{ id }}"', '"{{ nope }}"', '"explore"', '"mp3"', '["mp3"]', '"1m30s"', '"audio/a.mp3"'),
    *('"art/cover.png"', '["levels/*.yaml"]', '{"bpm": [1, 2]}', '"../x"', '"CON"', '"house.j2"'),
    *("[]", "{}", "[[]]", '{"": {}}', '{"a": 1, "a": 2}', "[" * 90 + "]" * 90, '["9", "tokens"]'),
    *("[" * 3000 + "]" * 3000, '{"a":' * 3000, '"' + "a" * 5000 + '"', '"completed"', '"failed"'),
    *(f'"{"0" * 64}"', f'"{"A" * 64}"', '"intended"', '"accepted"', '"delivered"', '[["a", []]]'),
    *('"nb_CANARY0123456789abcdefABCDEF"', '{"message": "nb_CANARY0123456789abcdefABCDEF"}'),
    *('"nb_CANARY\\u200b0123456789abcdefABCDEF"', '"https://cdn.elumenta.ru/a.mp3"', '"musicgen"'),
)


def one_value(random: Random, data: bytes) -> bytes:
    """Change a value of a JSON text, or bytes that are none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return raw(random, data)
    return _changed(random, value)


def a_line(random: Random, data: bytes) -> bytes:
    """Change a value in one line of several."""
    found = data.split(b"\n")
    place = random.randrange(len(found))
    found[place] = one_value(random, found[place])
    return b"\n".join(found)


def a_body(random: Random, data: bytes) -> bytes:
    """Change a value in all that stands behind the first line."""
    head, line, body = data.partition(b"\n")
    return head + line + one_value(random, body)


def a_record(random: Random, data: bytes) -> bytes:
    """Change a value in one line of a journal, and sign all of them as the journal would."""
    found = [line.partition(b"\t")[0] for line in data.split(b"\n") if line]
    if found:
        place = random.randrange(len(found))
        found[place] = one_value(random, found[place])
    return signed(found)


def a_signed_line(random: Random, data: bytes) -> bytes:
    """Repeat, drop or move a line of a journal, and sign all of them."""
    found = [line.partition(b"\t")[0] for line in data.split(b"\n") if line]
    if not found:
        return data
    line = found.pop(random.randrange(len(found)))
    for _ in range(random.randrange(3)):
        found.insert(random.randrange(len(found) + 1), line)
    return signed(found)


def signed(records: list[bytes]) -> bytes:
    lines, check = [], 0
    for record in records:
        check = zlib.crc32(record, check)
        lines.append(b"%s\t%08x\n" % (record, check))
    return b"".join(lines)


def _changed(random: Random, value: Any) -> bytes:
    places = [*_places(value)]
    if not places or not random.randrange(20):
        return random.choice(ODD).encode()
    holder, key = random.choice(places)
    match random.randrange(8):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice((key + "x", "", "id", "a" * 80, "\u202e", "é"))] = holder.pop(key)
        case 2:
            other, name = random.choice(places)
            holder[key] = json.loads(json.dumps(other[name]))
        case 3:
            holder[key] = [holder[key]] if random.randrange(2) else {"a": holder[key]}
        case _:
            holder[key] = MARK
    text = json.dumps(value, ensure_ascii=bool(random.randrange(2)))
    text = text.replace(f'"{MARK}"', random.choice(ODD))
    if not random.randrange(15):
        text = text.replace("}", f", {text[1:].partition(',')[0]}}}", 1)  # a key twice
    return text.encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each place of a value: what holds it, and where in there."""
    left = [value]
    while left:
        one = left.pop()
        keys = one if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in [*keys]:
            yield one, key
            left.append(one[key])
