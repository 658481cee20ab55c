"""How an order becomes a piece: its audio as MP3, its notes, its stems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..audio.encode import encode_mp3
from ..sketch.exact import SAMPLE_RATE
from ..sketch.midi import midi
from ..sketch.render import render, render_stems
from ..spec import NOTES, WHOLE
from . import sketch_order
from .sketch_order import Order

BITRATE = 192


def work(told: Mapping[str, Any]) -> Mapping[str, bytes]:
    return compose(Order(**{**told, "wanted": tuple(told["wanted"])}))


def compose(order: Order) -> Mapping[str, bytes]:
    """Compose what is wanted; audio is MP3.  Raises ValueError if there is no such piece."""
    score = sketch_order.score(order)
    found = {NOTES: midi(score)} if NOTES in order.wanted else {}
    if WHOLE in order.wanted:
        found[WHOLE] = encode_mp3(render(score), SAMPLE_RATE, bitrate=BITRATE)
    if stems := set(order.wanted) - {NOTES, WHOLE}:
        for name, samples in render_stems(score).items():
            if name in stems:
                found[name] = encode_mp3(samples, SAMPLE_RATE, bitrate=BITRATE)
    return found
