"""What is heard in each piece of the corpus, beside what it was asked and composed to be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

from musicbuild.sketch.kits import KITS
from musicbuild.sketch.piece import sketch
from musicbuild.sketch.theory import MINOR_MODES, NOTE_NAMES

from .. import sketch_measures as measures
from . import oracles
from .prompts import Wish

# The multiples of a tempo that one may as well tap: octaves, and where a bar or a beat has three
# parts, those too.
_OCTAVES = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(4))
_THREES = (*_OCTAVES, Fraction(3), Fraction(1, 3), Fraction(3, 2), Fraction(2, 3))
_TAPPED = {"4/4": _OCTAVES, "3/4": _THREES, "6/8": _THREES}


@dataclass(frozen=True, slots=True)
class Heard:
    """One piece.  Tempi are in beats a minute, `speed` in seconds of music a second of CPU time.

    `error` is how far the tempo heard is from the nearest multiple that may be tapped, which is
    `multiple`, as a share of it.  The key score is MIREX's.
    """

    name: str
    style: str
    unlike: tuple[str, ...]
    composed: float
    tempo: float
    multiple: str
    error: float
    drums: bool
    key: str
    key_heard: str
    relation: str
    key_score: float
    lufs: float
    true_peak: float | None
    side_to_middle: float
    seam: float | None
    speed: float


SCORES = {"exact": 1.0, "fifth": 0.5, "relative": 0.3, "parallel": 0.2, "other": 0.0}


def hear(wish: Wish, seed: int) -> Heard:
    begun = time.process_time()
    piece = sketch(wish.prompt, wish.seconds, seed=seed, loop=wish.loop)
    spent = time.process_time() - begun
    samples, brief, form = piece.samples, piece.score.brief, piece.score.form
    tempo = oracles.tempo(samples)
    multiple, error = nearest_multiple(float(form.bpm), tempo, form.meter.name)
    tonic, mode = oracles.key(samples)
    relation = related(
        (brief.tonic, "minor" if brief.mode in MINOR_MODES else "major"), (tonic, mode)
    )
    loudness, peak = oracles.loudness(samples) or (float(measures.lufs(samples)), None)
    return Heard(
        name=f"{wish.prompt!r} {seed}",
        style=brief.style.name,
        unlike=tuple(_unlike(wish, piece)),
        composed=float(form.bpm),
        tempo=tempo,
        multiple=str(multiple),
        error=error,
        drums=wish.drums,
        key=piece.key,
        key_heard=f"{NOTE_NAMES[tonic]} {mode}",
        relation=relation,
        key_score=SCORES[relation],
        lufs=loudness,
        true_peak=peak,
        side_to_middle=measures.side_to_middle(samples),
        seam=measures.seam(samples) if wish.loop else None,
        speed=len(samples) / piece.sample_rate / spent,
    )


def _unlike(wish, piece):
    """Yield in words what the piece is that was not asked for; these are exact."""
    brief, form = piece.score.brief, piece.score.form
    length = round(Fraction(wish.seconds) * piece.sample_rate)
    if len(piece.samples) != length:
        yield f"{len(piece.samples)} samples, not {length}"
    if brief.style.name != wish.style:
        yield f"style {brief.style.name}, not {wish.style}"
    if any(part.voice in KITS for part in piece.score.parts) is not wish.drums:
        yield "no drums" if wish.drums else "drums"
    if wish.bpm:
        bent = abs(form.bpm / Fraction(wish.bpm) - 1)
        if bent > (Fraction(3, 100) if wish.loop else 0):
            yield f"{float(form.bpm)} BPM, not {wish.bpm}"
    if wish.key and brief.key != wish.key:
        yield f"{brief.key}, not {wish.key}"
    if wish.meter and form.meter.name != wish.meter:
        yield f"{form.meter.name}, not {wish.meter}"


def nearest_multiple(composed, heard, meter):
    tapped = min(_TAPPED[meter], key=lambda each: abs(heard / (composed * each) - 1))
    return tapped, float(abs(heard / (composed * tapped) - 1))


def related(composed, heard):
    """Say in MIREX's words how a key heard is related to the one composed."""
    (tonic, mode), (other, heard_mode) = composed, heard
    up = (other - tonic) % 12
    if mode == heard_mode:
        return {0: "exact", 7: "fifth", 5: "fifth"}.get(up, "other")
    if up == 0:
        return "parallel"
    return "relative" if up == (9 if mode == "major" else 3) else "other"


def brighter(wish: Wish) -> float:
    """Return how much brighter a prompt is with the word for it than with the one for dark."""
    one, other = (
        measures.centroid(sketch(f"{wish.prompt}, {word}", "12").samples)
        for word in ("bright", "dark")
    )
    return one / other
