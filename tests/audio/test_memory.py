"""Memory is bounded by seconds of sound: a piece eight times as long takes hardly more."""

from __future__ import annotations

import pytest
from audio.odd import RATE, sound
from benchmarks.memory import long_piece, orders, peak_of

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.sound import to_int16

pytest.importorskip("resource", reason="the peak of a process isn't told on Windows")

SHORT, LONG = 1, 8
"""Minutes; as samples the long one has 169 MB, as MP3 12 MB."""


@pytest.mark.parametrize(
    ("name", "growth"),
    [
        ("measure", 10),
        ("lossless gain", 10),
        ("to wav", 80),  # up to four minutes of samples are kept
    ],
)
def test_a_long_piece_takes_hardly_more_memory_than_a_short_one(name, growth, tmp_path):
    piece = tmp_path / "piece.mp3"
    piece.write_bytes(encode_mp3(to_int16(sound(10 * RATE)), RATE, quality=7))
    short, long = (
        peak_of(orders(long_piece(tmp_path / f"{minutes}.mp3", minutes, piece))[name])
        for minutes in (SHORT, LONG)
    )
    assert long < short + growth
