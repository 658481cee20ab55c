"""Which stretch of a piece may be played again and again."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..measure.lowrate import LowRate, Mono
from ..sound import Block
from .cut import Cut, NoLoop, looped
from .likeness import Likeness, exact_distance
from .pulse import Pulse, pulse_of
from .seam import SeamMeter

__all__ = ["CROSSFADE", "LONGEST", "Cut", "LoopFinder", "NoLoop", "looped"]

LONGEST = 600.0
"""Seconds of sound in which a loop is looked for."""
CROSSFADE = 0.2
"""Seconds, where nothing else is said."""

_SHORTEST = 2.0
"""Seconds of a loop without a pulse."""
_SILENT = 1e-3
_SAME_TEMPO = 0.03
_OFF_BEAT = 0.05
"""Beats by which the end of a whole file may miss a beat."""
_NEAR = 0.02
"""Of the length asked for: so near it a whole file is taken."""
_EXACT = 0.001
"""Seconds by which a loop may differ from the bars of a given tempo."""
_BENT = 0.03
"""Seconds by which it may from bars, or places, that are heard."""

_PLACES = 600
"""Places that are looked at where no pulse gives them; more differ too little."""
_LENGTH_COUNTS = 0.5
"""How much likeness a loop may give away to be as long as asked instead of nothing."""
_PHRASE = 0.02
"""What four bars, or eight, are worth, for music is written in such phrases."""
_BAR = 0.1
"""What it is worth that a loop is of bars that are heard."""
_TRIED = 32
_OF_A_START = 4
_CLEAN = 0.05
"""LU of a step that is reckoned and is none in the loop that is made."""
_SILENCE = 100.0
"""What a silence at an end counts as, in LU of a step: it is worse than any."""
_STEP = 0.1
_AROUND_BEAT = 0.012
_MOMENT = 0.005


class LoopFinder:
    """Listens to a piece and finds the stretch of it that loops best.

    It keeps the sound in 16 bits at about 11 kHz: 13 MB for ten minutes.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._low = LowRate(sample_rate, channels)
        self._seam = SeamMeter(sample_rate, channels)
        self._fed = 0
        self._kept: list[NDArray[np.int16]] = []

    def feed(self, block: Block) -> None:
        self._fed += len(block)
        self._seam.feed(block)
        if not self._too_long:
            self._keep(self._low.feed(block))

    def find(
        self,
        *,
        seconds: float | None = None,
        bars: int | None = None,
        bpm: float | None = None,
        beats: int = 4,
        crossfade: float = CROSSFADE,
        made: bool = False,
    ) -> Cut:
        """Return the best loop of all that was fed, after which nothing may be.

        It is of exactly `bars` bars, or near `seconds` long, or else as long as the piece allows;
        with a tempo, given or heard clearly, of whole bars of `beats` beats each.  Bars of a given
        tempo are met within 1 ms; those of one that is heard bend with the music.  A piece that
        loops as it is, and is as long as asked, is taken whole; so is one that was `made` to loop,
        however long it is, if its seam has no fault and no bars are asked.

        Raises:
            NoLoop: The sound is silent, longer than ten minutes or too short for what is asked, or
                bars are asked of music without a pulse.
        """
        if made and bars is None and self._fed and not self._seam.result().faults():
            return Cut(0, self._fed, 0, bpm or 0.0, 0, 1.0)
        if self._too_long:
            raise NoLoop(f"a loop is looked for in at most {LONGEST / 60:.0f} minutes of sound")
        self._keep(self._low.rest())
        mono = np.concatenate((*self._kept, np.zeros(0, np.int16))).astype(np.float32)
        mono /= np.float32(32767)
        if not len(mono) or np.abs(mono).max() < _SILENT:
            raise NoLoop("the sound is silent")
        piece = _Piece(mono, self._low.rate, self._low.factor, self._fed)
        pulse = pulse_of(piece.mono, piece.rate, bpm, beats)
        if bars is not None and pulse is None:
            raise NoLoop("no pulse is heard to count bars by, and no tempo is given")
        wish = _Wish(seconds, bars, round(crossfade * self._rate))
        whole = _whole(piece, pulse, wish)
        runs_on = self._seam.runs_on() and not self._seam.result().faults()
        if whole is not None and runs_on:
            return whole
        return _best(piece, self._seam, pulse, wish)

    @property
    def _too_long(self) -> bool:
        return self._fed > LONGEST * self._rate

    def _keep(self, mono: Mono) -> None:
        self._kept.append(np.rint(np.clip(mono, -1, 1) * 32767).astype(np.int16))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A whole piece at the low rate, `fine` times less than that of its `samples`."""

    mono: Mono
    rate: float
    fine: int
    samples: int


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of a loop; the crossfade is in samples of the piece."""

    seconds: float | None
    bars: int | None
    crossfade: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A loop that starts near a low-rate sample and is about so many samples of the piece long."""

    worth: float
    start: int
    length: int
    bars: int
    likeness: float


def _whole(piece: _Piece, pulse: Pulse | None, wish: _Wish) -> Cut | None:
    """Return the whole piece as a loop, if it has the right length and ends on a beat."""
    rate = piece.rate * piece.fine
    if wish.seconds and abs(piece.samples / rate - wish.seconds) > _NEAR * wish.seconds:
        return None
    if pulse is None:
        return Cut(0, piece.samples, 0, 0.0, 0, 1.0)
    beats = piece.samples / piece.fine / pulse.beat
    if abs(beats - round(beats)) * pulse.beat > _EXACT * piece.rate:
        beats = _heard_beats(pulse, beats)
        if not round(beats) or abs(beats - round(beats)) > _OFF_BEAT:
            return None
    count, odd = divmod(round(beats), pulse.beats)
    if not count or (wish.bars is not None and (wish.bars, 0) != (count, odd)):
        return None
    bpm = round(beats) * 60 * rate / piece.samples
    return Cut(0, piece.samples, 0, bpm, 0 if odd else count, 1.0)


def _heard_beats(pulse: Pulse, beats: float) -> float:
    """Return the beats of the tempo that is heard; none if it isn't near the one given."""
    if not pulse.heard:
        return 0.0
    heard = pulse.heard * 2.0 ** round(math.log2(pulse.bpm / pulse.heard)) / pulse.bpm
    return beats * heard if abs(heard - 1) <= _SAME_TEMPO else 0.0


def _best(piece: _Piece, seam: SeamMeter, pulse: Pulse | None, wish: _Wish) -> Cut:
    """Return the first loop without a fault of those that are best by likeness and length."""
    tried, least = None, math.inf
    candidates = _candidates(piece, pulse, wish)
    if pulse and not pulse.given and wish.bars is None:
        candidates += _candidates(piece, None, wish)
    for candidate in heapq.nlargest(_TRIED, candidates, key=lambda each: each.worth):
        cut = _refined(piece, pulse if candidate.bars else None, candidate, wish.crossfade)
        if cut.start < cut.crossfade:
            continue
        worst = _worst(piece, seam, cut)
        if worst < least:
            tried, least = cut, worst
        if least <= _CLEAN:
            break
    if tried is None:
        raise NoLoop(_too_short(piece, pulse, wish))
    return tried


def _too_short(piece: _Piece, pulse: Pulse | None, wish: _Wish) -> str:
    rate = piece.rate * piece.fine
    shortest = (wish.bars or 1) * pulse.bar / piece.rate if pulse else _SHORTEST
    return (
        f"{piece.samples / rate:.1f} s of sound are too short for a loop of {shortest:.1f} s "
        f"and a crossfade of {wish.crossfade / rate:.1f} s"
    )


def _step(piece: _Piece, pulse: Pulse | None) -> float:
    """Return the distance of places where a loop may begin and end, in low-rate samples."""
    return pulse.bar if pulse else max(_STEP * piece.rate, len(piece.mono) / _PLACES)


def _candidates(piece: _Piece, pulse: Pulse | None, wish: _Wish) -> list[_Candidate]:
    """Return for each start the loops that are best by likeness and length."""
    step = _step(piece, pulse)
    places = np.arange(pulse.downbeat if pulse else 0.0, len(piece.mono), step)
    shortest = wish.bars or max(1, math.ceil(0 if pulse else _SHORTEST * piece.rate / step))
    likeness = Likeness(piece.mono, piece.rate, np.rint(places).astype(np.intp))
    lead = wish.crossfade / piece.fine + _AROUND_BEAT * piece.rate
    asked = wish.seconds * piece.rate / step if wish.seconds else 0.0
    found: list[_Candidate] = []
    for start in np.flatnonzero((places >= lead) & likeness.audible):
        counts = np.arange(shortest, wish.bars + 1 if wish.bars else len(places) - start)
        counts = counts[counts + start < len(places)]
        if not len(counts):
            continue
        like = likeness.of(int(start), slice(start + counts[0], start + counts[-1] + 1))
        off = np.abs(counts - asked) / asked if asked else 1 - counts / len(places)
        worth = like - _LENGTH_COUNTS * np.minimum(1, off)
        if pulse:
            worth += _BAR + _PHRASE * (counts % 4 == 0)
        worth[~likeness.audible[start + counts]] -= 1
        found.extend(
            _Candidate(
                worth=float(worth[each]),
                start=round(float(places[start])),
                length=round(float(counts[each]) * step * piece.fine),
                bars=int(counts[each]) if pulse else 0,
                likeness=float(like[each]),
            )
            for each in np.argsort(-worth, kind="stable")[:_OF_A_START]
        )
    return found


def _refined(piece: _Piece, pulse: Pulse | None, candidate: _Candidate, crossfade: int) -> Cut:
    """Return a candidate that starts in the quietest moment before its beat and ends as exactly."""
    rate = piece.rate * piece.fine
    start = _quietest(piece, candidate.start)
    if pulse:
        reach = round((_EXACT if pulse.given else _BENT) * rate) - 1
    else:
        reach = round(_step(piece, pulse) * piece.fine)
    length = exact_distance(
        piece.mono, start, candidate.length, reach=reach, rate=piece.rate, fine=piece.fine
    )
    at = min(start * piece.fine, piece.samples - length)
    bars = candidate.bars
    bpm = bars * pulse.beats * 60 * rate / length if pulse else 0.0
    return Cut(at, length, crossfade, bpm, bars, candidate.likeness)


def _quietest(piece: _Piece, place: int) -> int:
    around, moment = round(_AROUND_BEAT * piece.rate), max(1, round(_MOMENT * piece.rate))
    sound = piece.mono[place - around - moment // 2 :][: 2 * around + moment]
    power = np.convolve(sound * sound, np.ones(moment, np.float32), "valid")
    return place - around + int(np.argmin(power))


def _worst(piece: _Piece, seam: SeamMeter, cut: Cut) -> float:
    """Return the step at the seam of a loop in LU, which a silence makes worse than any.

    It is reckoned twice: from the loudness of the whole piece, which is known every 1024 samples
    only, and from a loop made of the low-rate sound, which lacks what is above 4 kHz.
    """
    start, length, crossfade = (
        round(each / piece.fine) for each in (cut.start, cut.length, cut.crossfade)
    )
    low = Cut(start, min(length, len(piece.mono) - start), crossfade, 0.0, 0, 0.0)
    meter = SeamMeter(round(piece.rate), 1)
    for block in looped([piece.mono[:, None]], low):
        meter.feed(block)
    made = meter.result()
    step = max(made.step, seam.step_of(cut.start, cut.length, cut.crossfade))
    return step + (_SILENCE if made.silent else 0)
