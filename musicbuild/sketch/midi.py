"""A score as a Standard MIDI File, for whoever wants to go on from it in a sequencer.

Sources: Standard MIDI Files 1.0 (RP-001) and General MIDI 1 (RP-003), by the MIDI Association.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from .score import BEAT, DRUM_STEM, Part, Score
from .style import SIX
from .theory import MINOR_MODES, SCALES, chord_name

DRUM_CHANNEL = 9
"""The tenth, which General MIDI keeps for drums."""

PROGRAMS: Mapping[str, int] = {
    "piano": 0,
    "electric piano": 4,
    "bell": 9,
    "vibraphone": 11,
    "marimba": 12,
    "organ": 19,
    "accordion": 21,
    "nylon guitar": 24,
    "steel guitar": 25,
    "lead guitar": 29,
    "distorted guitar": 30,
    "double bass": 32,
    "electric bass": 33,
    "synth bass": 38,
    "808 bass": 38,
    "reese": 39,
    "chip bass": 38,
    "sub": 39,
    "pluck": 45,
    "timpani": 47,
    "strings": 48,
    "low strings": 48,
    "short strings": 48,
    "choir": 52,
    "horn": 60,
    "brass": 61,
    "flute": 73,
    "square": 80,
    "pulse": 80,
    "synth lead": 81,
    "pad": 89,
    "fiddle": 110,
}
"""The program of General MIDI, counted from nought, that is most like each voice."""

_SHARPS = {0: 0, 7: 1, 2: 2, 9: 3, 4: 4, 11: 5, 6: 6, 5: -1, 10: -2, 3: -3, 8: -4, 1: -5}
"""Sharps, or less than nought flats, of the major scale on each pitch class."""

Event = tuple[int, bytes]
"""The tick of an event, and its bytes."""


def midi(score: Score) -> bytes:
    """Return a file of format 1: a track of tempo, meter, key, sections and chords, and the parts.

    Notes stand where they are written: a swing is felt in the audio alone.
    """
    # A beat of six-eight is a dotted quarter, and files count in quarters.
    division = BEAT * 2 // 3 if score.form.meter is SIX else BEAT
    channels = (number for number in range(16) if number != DRUM_CHANNEL)
    tracks = [_track(_signs(score, division), score.form.end)]
    for part in score.parts:
        channel = DRUM_CHANNEL if part.stem == DRUM_STEM else next(channels, 15)
        tracks.append(_track(_played(part, channel), score.form.end))
    head = b"MThd" + _number(6, 4) + _number(1, 2) + _number(len(tracks), 2) + _number(division, 2)
    return head + b"".join(tracks)


def _signs(score: Score, division: int) -> Iterator[Event]:
    form, brief = score.form, score.brief
    quarters = form.bpm * Fraction(BEAT, division)
    yield 0, _meta(0x51, _number(round(60_000_000 / quarters), 3))
    upper, _, lower = form.meter.name.partition("/")
    clocks = 24 * BEAT // division
    yield 0, _meta(0x58, bytes([int(upper), int(lower).bit_length() - 1, clocks, 8]))
    # The major scale that has the same notes.
    major = next(root for root in range(12) if _same_notes(root, brief.tonic, brief.mode))
    yield 0, _meta(0x59, bytes([_SHARPS[major] % 256, brief.mode in MINOR_MODES]))
    for section in form.sections:
        yield section.bar * form.bar, _meta(0x06, section.name.encode())
    for span in form.chords:
        yield span.start, _meta(0x01, chord_name(span.chord).encode())


def _same_notes(root: int, tonic: int, mode: str) -> bool:
    notes = {(tonic + step) % 12 for step in SCALES[mode]}
    return {(root + step) % 12 for step in SCALES["major"]} == notes


def _played(part: Part, channel: int) -> Iterator[Event]:
    yield 0, _meta(0x03, part.name.encode())
    if channel != DRUM_CHANNEL:
        yield 0, bytes([0xC0 | channel, PROGRAMS[part.voice]])
    for note in part.notes:
        velocity = max(1, min(127, round(note.velocity * 127)))
        yield note.start, bytes([0x90 | channel, note.pitch, velocity])
        yield note.start + note.length, bytes([0x80 | channel, note.pitch, 0])


def _track(events: Iterable[Event], end: int) -> bytes:
    """Write events in the order of their ticks; at one tick notes end before others begin."""
    body, now = bytearray(), 0
    for tick, data in sorted(events, key=lambda each: (each[0], each[1][:1] >= b"\x90")):
        body += _length(tick - now) + data
        now = tick
    body += _length(max(0, end - now)) + _meta(0x2F, b"")
    return b"MTrk" + _number(len(body), 4) + bytes(body)


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _length(len(data)) + data


def _length(value: int) -> bytes:
    """Write a number seven bits a byte, the last without the highest bit."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(value & 0x7F | 0x80)
    return bytes(reversed(found))


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")
