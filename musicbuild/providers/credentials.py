"""What a key is, where it comes from, and how it stays out of sight.

A key comes from the environment alone, never from a manifest.  Text from outside is cleaned
here too, because a server may well say a key back.
"""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from ..errors import Unavailable

KEY_SHAPE = re.compile(r"[!-~]{8,512}")
REDACTED = "[key]"
LONGEST_TEXT = 300
"""Characters of a server's own words that are shown."""

# Control and format characters (which hide, reorder or rewrite what a terminal shows), lone
# surrogates (which no file can hold) and line breaks.
UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})

# What is none of a key's own characters, as it is and as an error or JSON writes it.  A key with
# such between its characters is still the key to whoever reads it, or cleans it.
BETWEEN = re.compile(r"(?:[^!-~]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[bfnrt])+")


class Secret:
    """A key.  It shows itself only to whoever calls `reveal`."""

    __slots__ = ("_forms", "_shortest", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        bare = {BETWEEN.sub("", form).lower() for form in forms(value)}
        self._shortest = min(map(len, bare))
        self._forms = re.compile("|".join(map(re.escape, sorted(bare, key=len, reverse=True))))

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")

    def reveal(self) -> str:
        return self._value

    def redact(self, text: str) -> str:
        """Take the key out of a text, in each form in which one meets it.

        It is found in any case of its letters, and whatever unseen stands between them, so that
        no cleaning of the text brings it back.
        """
        if len(text) < self._shortest:
            return text
        bare = BETWEEN.sub("", text).lower()
        if not self._forms.search(bare):
            return text
        places = _places(text)
        kept, end = [], 0
        for found in self._forms.finditer(bare):
            kept += [text[end : places[found.start()]], REDACTED]
            end = places[found.end() - 1] + 1
        return "".join([*kept, text[end:]])

    def line(self, text: str) -> str:
        """Make foreign text fit to be shown: without the key, on one line, and bounded.

        This is the only way for it into a message: text that was cut first may hold most of the
        key, and no longer all of it.
        """
        line = " ".join(self.redact(text)[: 4 * LONGEST_TEXT].split())
        seen = "".join(one for one in line if unicodedata.category(one) not in UNSEEN)
        return seen if len(seen) <= LONGEST_TEXT else f"{seen[:LONGEST_TEXT]}…"


def key(environment: Mapping[str, str], name: str) -> Secret:
    """Read a key; raise Unavailable, naming the variable and not its value."""
    value = environment.get(name, "").strip()
    if not value:
        raise Unavailable(
            f"`{name}` is not set; nothing was sent",
            hint=f"`export {name}=…`, or `musicbuild build --draft` to go without",
        )
    if not KEY_SHAPE.fullmatch(value):
        raise Unavailable(
            f"`{name}` is no key: it has {len(value)} characters, and a key has 8 to 512, "
            "all of them ASCII and none of them a space; nothing was sent",
            hint=f"copy the key once more, then `export {name}=…`",
        )
    return Secret(value)


def origin(environment: Mapping[str, str], name: str, default: str) -> str:
    """Read where an API is, without a slash at its end.

    Raises Unavailable, naming the variable, unless it is https, or http on this machine: the key
    goes there.  The value is not shown, for it may hold a password.
    """
    value = (environment.get(name, "").strip() or default).rstrip("/")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        port, parts = 0, urlsplit("")
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    whole = parts.hostname and port != 0 and not (parts.query or parts.fragment or "@" in value)
    if not (whole and (plain or parts.scheme == "https") and KEY_SHAPE.fullmatch(value)):
        raise Unavailable(
            f"`{name}` is no address of an API: it must begin with https, and have a host, and "
            "neither a user nor a query; nothing was sent",
            hint=f"`export {name}={default}`",
        )
    return value


def seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    """Read a number of seconds above 0 and up to an hour; raise Unavailable if it is none."""
    written = environment.get(name, "").strip()
    try:
        value = float(written) if written else default
    except ValueError:
        value = math.nan
    if not 0 < value <= 3600:  # NaN is not, either
        raise Unavailable(
            f"`{name}` is no number of seconds between 0 and 3600; nothing was sent",
            hint=f"`export {name}={default:g}`",
        )
    return value


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its very name; nothing is looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def forms(value: str) -> tuple[str, ...]:
    """Return what a key looks like as it is, backwards, in a URL, in JSON, hex and base64."""
    raw = value.encode()
    # Base64 at each of the three places where the key may begin in a longer text; characters
    # in which its neighbours have a part are left off.
    packed = {
        base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[first:-1]
        for shift, first in enumerate((0, 2, 3))
    }
    packed |= {form.replace("+", "-").replace("/", "_") for form in packed}
    plain = {value, value[::-1], quote(value, safe=""), json.dumps(value)[1:-1], raw.hex()}
    return tuple(sorted(plain | packed, key=len, reverse=True))


def _places(text: str) -> list[int]:
    """Return where in a text each character stands that is none of those between."""
    places: list[int] = []
    end = 0
    for gap in BETWEEN.finditer(text):
        places += range(end, gap.start())
        end = gap.end()
    return [*places, *range(end, len(text))]
