"""How a tempo and a musical key are written in the few characters that tags have for them."""

from __future__ import annotations

import math
import re
from functools import lru_cache

MUSICAL_KEY = re.compile(
    r"([A-G])[ -]*(#|♯|sharp|b|♭|flat)?[ -]*(m|min|minor|maj|major)?", re.ASCII | re.IGNORECASE
)
TEMPO = re.compile(r"[0-9]{1,4}(\.[0-9]{1,9})?")
ACCIDENTALS = {"": "", "#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}


@lru_cache
def whole_tempo(text: str) -> str:
    """Round a tempo to whole beats a minute, half of one upwards; nothing if it is none."""
    if not TEMPO.fullmatch(told := text.strip()):
        return ""
    beats = math.floor(float(told) + 0.5)
    return str(beats) if beats else ""


def short_key(text: str) -> str:
    """Write a musical key in the three characters that ID3 has, `F#m`; nothing if it can't."""
    if not (found := MUSICAL_KEY.fullmatch(text.strip())):
        return ""
    note, accidental, mode = (part or "" for part in found.groups())
    minor = "m" if mode == "m" or mode.lower() in {"min", "minor"} else ""
    return note.upper() + ACCIDENTALS[accidental.lower()] + minor
