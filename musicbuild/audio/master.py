"""How a piece becomes finished files: its ends and length, its loop, its level, then each format.

The whole of a piece decides: where it is cut and by how much it is raised holds for its stems too,
so that they still add up.  What a file becomes hangs on no other file that is made beside it.
Nothing is ever compressed in silence: without a limiter the gain stops where the true peak forbids
more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from .decode import Reader, open_audio
from .ends import Ends, ends_of, played
from .formats import Encoder, Encoding, encoder, made_with, scale
from .limiter import PRE_ROLL, Limiter
from .loop.seam import SeamMeter
from .measure import Meter
from .measure.loudness import LoudnessMeter
from .measure.true_peak import TruePeakMeter
from .recipe import Done, Made, Recipe, Target
from .resample import Resampler, to_channels
from .sound import Block, Loop, amplitude, decibels

OPUS_RATE = 48_000
"""The one rate that Opus is played at.  Source: RFC 6716."""

LOSSY = frozenset({"mp3", "ogg", "opus", "m4a"})
OVERSHOOT = 0.3
"""dB that are left for what lossy encoding adds to the highest peak; noise gets a dB and more."""

LIMITED_OVERSHOOT = 0.5
"""The same where a limiter leaves many peaks of one height, of which the worst counts."""

MARGIN = 0.3
"""dB beyond what was seen, more each time: encoded again, each peak comes out otherwise."""

KEPT = 240 * 44_100 * 2
"""Samples of all channels that are kept in memory, not decoded again: four minutes in stereo."""

CLOSE = 0.1
"""LU that a limiter may take of the loudness without more gain to make up for it."""

LEAST_SLOPE = 0.25
"""LU that a dB of gain has to add, or else the limiter is told no more of them."""

ROUNDS = 6
"""How often that gain is tried at most, and how often a file is made anew for its peak."""


@dataclass(frozen=True, slots=True)
class _Level:
    """The gain in dB, the amplitude that a limiter keeps to, None without one, and LU lacking."""

    gain: float
    ceiling: float | None
    short: float


def master(
    sources: Mapping[str, Path], recipe: Recipe, targets: Sequence[Target]
) -> Mapping[Path, Made]:
    """Write each target from its part of the piece; `sources` has the whole under no name.

    Raises ValueError, with one plain sentence, if the audio can't be read or what was asked can't
    be had from it.
    """
    made: dict[Path, Made] = {}
    with open_audio(sources[""]) as whole:
        ends = ends_of(whole, recipe)
        first = _Pass(whole, recipe, ends, recipe.sample_rate or whole.sample_rate)
        levels = _levels(first, recipe, {one.format in LOSSY for one in targets})
        order = _order(first, levels)
        for (part, rate, _), group in groupby(sorted(targets, key=order), order):
            chosen = list(group)
            level = levels[chosen[0].format in LOSSY]
            if not part:
                run = first if rate == first.rate else _Pass(whole, recipe, ends, rate)
                made.update(_finished(run, recipe, level, chosen))
                continue
            with open_audio(sources[part]) as stem:
                run = _Pass(stem, recipe, ends, rate)
                made.update(_finished(run, recipe, replace(level, ceiling=None), chosen))
    return made


class _Pass:
    """A piece as it is to be played, at one rate, before its level is set."""

    def __init__(self, reader: Reader, recipe: Recipe, ends: Ends, rate: int) -> None:
        self._reader = reader
        self.rate = rate
        self.channels = recipe.channels or min(2, reader.channels)
        self.ends = ends.at(rate)
        self.missing = ends.missing
        self.is_levelled = recipe.loudness is not None
        self._kept: list[Block] | None = None

    def measured(self) -> tuple[float, float]:
        """Return its loudness in LUFS and its true peak in dBTP, and keep it if it is short."""
        loudness = LoudnessMeter(self.rate, self.channels)
        true_peak = TruePeakMeter(self.rate, self.channels)
        kept, room = list[Block](), KEPT
        for block in self._played():
            by_channel = np.asfortranarray(block)  # as both meters want it
            loudness.feed(by_channel)
            true_peak.feed(by_channel)
            room -= block.size
            if room >= 0:
                kept.append(block)
            else:
                kept.clear()
        if room >= 0:
            self._kept = kept
        return loudness.result().integrated, decibels(true_peak.result())

    @cached_property
    def samples(self) -> int:
        """How many samples per channel are played."""
        if self.ends.cut:
            return self.ends.cut.length
        if self.ends.shape:
            return self.ends.shape.length
        return sum(map(len, self.blocks()))

    @property
    def problems(self) -> tuple[str, ...]:
        return self._reader.problems

    def blocks(self) -> Iterable[Block]:
        return self._played() if self._kept is None else self._kept

    def _played(self) -> Iterator[Block]:
        sound: Iterator[Block] = (
            to_channels(block, self.channels) for block in self._reader.blocks()
        )
        if self.rate != self._reader.sample_rate:
            sound = _resampled(sound, self._reader.sample_rate, self.rate, self.channels)
        return played(sound, self.ends)


def _resampled(
    blocks: Iterable[Block], from_rate: int, to_rate: int, channels: int
) -> Iterator[Block]:
    resampler = Resampler(from_rate, to_rate, channels)
    for block in blocks:
        yield resampler.write(block)
    yield resampler.finish()


def _order(
    first: _Pass, levels: Mapping[bool, _Level]
) -> Callable[[Target], tuple[str, int, bool]]:
    """Return what tells which targets come from one pass: their part, their rate, their level."""
    differ = len(set(levels.values())) > 1

    def order(target: Target) -> tuple[str, int, bool]:
        rate = OPUS_RATE if target.format == "opus" else first.rate
        return target.part, rate, differ and target.format in LOSSY

    return order


def _levels(run: _Pass, recipe: Recipe, kinds: Collection[bool]) -> Mapping[bool, _Level]:
    """Decide by how much a piece is raised, for files with loss (True) and without (False)."""
    loudness, true_peak = run.measured()
    return {
        lossy: _settled(run, recipe, _level(recipe, loudness, true_peak, lossy=lossy))
        for lossy in kinds
    }


def _level(recipe: Recipe, loudness: float, true_peak: float, *, lossy: bool) -> _Level:
    """Tell the level that a piece asks for; what is encoded with loss leaves room for that."""
    wanted, has_goal = 0.0, False
    if recipe.loudness is not None and math.isfinite(loudness):
        wanted, has_goal = recipe.loudness - loudness, True
    if recipe.true_peak is None or not math.isfinite(true_peak):
        return _Level(round(wanted, 2), None, 0.0)
    allowed = recipe.true_peak - lossy * OVERSHOOT - true_peak
    # Rounded, so that what a processor makes of the last bit of a figure changes no file.
    if wanted <= allowed:
        return _Level(round(wanted, 2), None, 0.0)
    if recipe.limit:
        ceiling = amplitude(recipe.true_peak - lossy * LIMITED_OVERSHOOT)
        return _Level(round(wanted, 2), ceiling, 0.0)
    gain = math.floor(allowed * 100) / 100
    return _Level(gain, None, round(wanted - gain, 2) if has_goal else 0.0)


def _settled(run: _Pass, recipe: Recipe, level: _Level) -> _Level:
    """Raise the gain to make up for what the limiter takes of the loudness.

    The more it limits, the less each dB of gain adds: so each try goes on from the last two.
    """
    if level.ceiling is None or recipe.loudness is None:
        return level
    gain, slope = level.gain, 1.0
    tried: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        meter = LoudnessMeter(run.rate, run.channels)
        for block in _raised(run.blocks(), gain, _limiter(run, replace(level, gain=gain))):
            meter.feed(block)
        under = recipe.loudness - meter.result().integrated
        if abs(under) <= CLOSE or not math.isfinite(under):
            return replace(level, gain=gain, short=0.0)
        if tried:
            slope = (tried[-1][1] - under) / (gain - tried[-1][0])
        tried.append((gain, under))
        if slope < LEAST_SLOPE:
            break
        gain = round(gain + under / slope, 2)
    gain, under = tried[-1]
    return replace(level, gain=gain, short=round(max(0.0, under), 2))


def _finished(
    run: _Pass, recipe: Recipe, level: _Level, targets: Sequence[Target]
) -> Iterator[tuple[Path, Made]]:
    """Write targets of one pass, and again those that encoding brought over the ceiling."""
    reduction = _write(run, level, targets)
    for target in targets:
        now = level
        made = _made(run, target, now, reduction)
        for number in range(1, ROUNDS):
            if target.part or not (over := _over(made, recipe, number * MARGIN)):
                break
            has_goal = run.is_levelled and math.isfinite(made.measured.loudness.integrated)
            now = _settled(run, recipe, _lowered(now, recipe, over, has_goal=has_goal))
            made = _made(run, target, now, _write(run, now, [target]))
        yield target.path, made


def _over(made: Made, recipe: Recipe, margin: float) -> float:
    """Return by how much a file is to be lowered, in dB, 0 if its true peak is kept."""
    peak = made.measured.true_peak
    if recipe.true_peak is None or peak <= recipe.true_peak:
        return 0.0
    return math.ceil((peak - recipe.true_peak + margin) * 100) / 100


def _lowered(level: _Level, recipe: Recipe, over: float, *, has_goal: bool) -> _Level:
    if level.ceiling is not None:
        return replace(level, ceiling=level.ceiling * amplitude(-over))
    if recipe.limit and recipe.true_peak is not None:
        return replace(level, ceiling=amplitude(recipe.true_peak - OVERSHOOT))
    short = round(level.short + over, 2) if has_goal else 0.0
    return replace(level, gain=round(level.gain - over, 2), short=short)


def _write(run: _Pass, level: _Level, targets: Sequence[Target]) -> float:
    """Encode a pass at its level; return the greatest reduction of its limiter in dB."""
    loop = Loop(0, run.samples) if run.ends.cut else None
    encoders: list[tuple[Encoder, np.float32]] = []
    limiter = _limiter(run, level)
    try:
        for target in targets:
            how = _encoding(run, target)
            made = encoder(target.path, how, loop=loop, length=run.samples)
            # What is brought to no level had better be turned down than clipped.
            encoders.append((made, np.float32(1 / scale(how) if run.is_levelled else 1)))
        for block in _raised(run.blocks(), level.gain, limiter):
            for one, factor in encoders:
                one.write(block * factor if factor != 1 else block)
        for one, _ in encoders:
            one.close()
    except BaseException:
        for one, _ in encoders:
            one.abort()
        raise
    return limiter.reduction.greatest if limiter else 0.0


def _encoding(run: _Pass, target: Target) -> Encoding:
    how = target.bitrate, target.quality, target.bits
    return Encoding(target.format, run.rate, run.channels, *how)


def _raised(blocks: Iterable[Block], gain: float, limiter: Limiter | None) -> Iterator[Block]:
    factor = np.float32(amplitude(gain))
    for block in blocks:
        raised = block * factor if gain else block
        yield limiter.push(raised) if limiter else raised
    if limiter:
        yield limiter.finish()


def _limiter(run: _Pass, level: _Level) -> Limiter | None:
    if level.ceiling is None:
        return None
    pre_roll = None
    if run.ends.cut:
        pre_roll = _last(run.blocks(), round(PRE_ROLL * run.rate)) * amplitude(level.gain)
    return Limiter(run.rate, run.channels, level.ceiling, pre_roll=pre_roll)


def _last(blocks: Iterable[Block], count: int) -> Block:
    """Return the last samples of a stream."""
    tail: Block | None = None
    for block in blocks:
        tail = block if tail is None else np.concatenate([tail, block])
        tail = tail[-count:]
    assert tail is not None
    return tail


def _made(run: _Pass, target: Target, level: _Level, reduction: float) -> Made:
    """Measure a finished file as a player decodes it."""
    # What was written here may be larger than what is taken from others.
    with open_audio(target.path, max_bytes=target.path.stat().st_size) as reader:
        meter = Meter(reader.sample_rate, reader.channels)
        seam = SeamMeter(reader.sample_rate, reader.channels) if run.ends.cut else None
        for block in reader.blocks():
            meter.feed(block)
            if seam:
                seam.feed(block)
        measured = meter.result()
    return Made(
        encoder=made_with(target.format),
        measured=measured,
        done=Done(
            gain=level.gain,
            reduction=round(reduction, 2),
            short=level.short,
            missing=round(run.missing, 3),
            loop=Loop(0, measured.samples) if run.ends.cut else None,
        ),
        seam=seam.result() if seam else None,
        problems=run.problems,
    )
