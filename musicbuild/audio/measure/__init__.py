"""What there is to know of a piece before it is mastered or after: all figures in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..sound import BLOCK, Block, amplitude, decibels
from .loudness import HIGHEST, Loudness, LoudnessMeter, Unmeasurable
from .true_peak import TruePeakMeter

SILENCE = -60.0
"""Level in dBFS under which sound counts as silence, where nothing else is said."""

_FULL_SCALE = 32767 / 32768
_RUN = 3
"""Samples at full scale in a row that are heard as clipping, as one alone may be just a peak."""

_ROW = 512
"""Samples added side by side."""

_SEARCHED = 1024
"""Samples looked at together for the last loud one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a piece; `samples`, `head` and `tail` count samples per channel.

    `true_peak` is in dBTP and `peak` in dBFS, both minus infinity for silence.  `head` and `tail`
    are the silence before the first and after the last sample that reaches the threshold in any
    channel; where there is none, both are all of it.  `silence` is the share of stretches of
    100 ms (the last one may be shorter) whose RMS over all channels is under the threshold, 1.0
    for no samples.  `clipped` counts runs of 3 samples or more of one channel at 32767/32768 or
    over it.  `dc` is how far the mean of a channel is from zero at most.  `sides` is `mono` for
    one channel or two that are equal.
    """

    sample_rate: int
    channels: int
    samples: int
    loudness: Loudness
    true_peak: float
    peak: float
    head: int
    tail: int
    silence: float
    clipped: int
    dc: float
    sides: Literal["mono", "stereo"]

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate


def measure(
    blocks: Iterable[Block], sample_rate: int, channels: int, *, silence: float = SILENCE
) -> Measured:
    """Measure a whole piece; `silence` is the threshold of silence in dBFS.

    Raises Unmeasurable for rates and channels that no meter is made for, and for samples that
    are no numbers or beyond all bounds.
    """
    meter = Meter(sample_rate, channels, silence=silence)
    for block in blocks:
        meter.feed(block)
    return meter.result()


class Meter:
    """All meters in one, to be fed block by block; the cut into blocks changes nothing.

    `peak_floor` is the amplitude under which the true peak needn't be exact (see TruePeakMeter).
    """

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        *,
        silence: float = SILENCE,
        peak_floor: float = 0.0,
    ) -> None:
        self._sample_rate = sample_rate
        self._channels = channels
        self._loudness = LoudnessMeter(sample_rate, channels)
        self._true_peak = TruePeakMeter(sample_rate, channels, peak_floor)
        self._ends = _Ends(amplitude(silence))
        self._stretches = _Stretches((sample_rate + 5) // 10 * channels, amplitude(silence))
        self._clips = _Clips(np.zeros((_RUN, channels), np.bool_))
        self._samples = 0
        self._peak = 0.0
        self._sums = np.zeros(channels)
        self._sides_differ = channels > 2

    def feed(self, block: Block) -> None:
        """Measure more samples; raise Unmeasurable if some are no numbers or beyond all bounds."""
        # In parts, so that what is made in between stays small whatever comes.
        for start in range(0, max(1, len(block)), BLOCK):
            part = np.ascontiguousarray(block[start : start + BLOCK], np.float32)
            by_channel = np.asfortranarray(part)
            self._loudness.feed(by_channel)
            self._true_peak.feed(by_channel)
            if len(part):
                self._feed(part)

    def result(self) -> Measured:
        """Tell the figures of all that was fed so far."""
        return Measured(
            sample_rate=self._sample_rate,
            channels=self._channels,
            samples=self._samples,
            loudness=self._loudness.result(),
            true_peak=decibels(self._true_peak.result()),
            peak=decibels(self._peak),
            head=self._ends.head,
            tail=self._ends.tail,
            silence=self._stretches.silent_share(),
            clipped=self._clips.count,
            # Rounded where the order of additions would show.
            dc=round(float(np.abs(self._sums).max()) / max(1, self._samples), 9),
            sides="stereo" if self._sides_differ else "mono",
        )

    def _feed(self, block: Block) -> None:
        peak = max(float(block.max()), -float(block.min()))
        if not peak <= HIGHEST:
            raise Unmeasurable("some of its samples are no numbers, or far beyond full scale")
        self._samples += len(block)
        self._peak = max(self._peak, peak)
        self._ends.feed(block, peak)
        self._stretches.feed(block)
        self._clips.feed(block, peak)
        self._sums += _sums(block)
        if not self._sides_differ and self._channels == 2:
            self._sides_differ = not np.array_equal(block[:, 0], block[:, 1])


@dataclass(slots=True)
class _Ends:
    """Silence before the first and after the last sample at `level` or over it."""

    level: float
    head: int = 0
    tail: int = 0
    found: bool = False

    def feed(self, block: Block, peak: float) -> None:
        if peak < np.float32(self.level):
            self.tail += len(block)
            self.head += 0 if self.found else len(block)
            return
        if not self.found:
            self.head += int(self._loud(block)[0])
            self.found = True
        # Mostly the last samples of a block are loud, so they are looked at first.
        stop = len(block)
        while not len(loud := self._loud(block[max(0, stop - _SEARCHED) : stop])):
            stop -= _SEARCHED
        self.tail = len(block) - 1 - max(0, stop - _SEARCHED) - int(loud[-1])

    def _loud(self, block: Block) -> NDArray[np.intp]:
        return np.flatnonzero((np.abs(block) >= np.float32(self.level)).any(axis=1))


@dataclass(slots=True)
class _Stretches:
    """Stretches of `size` samples, counted over all channels, and how many of them are silent."""

    size: int
    level: float
    whole: int = 0
    silent: int = 0
    begun: int = 0
    energy: float = 0.0

    def feed(self, block: Block) -> None:
        samples = block.reshape(-1)
        first = min(-self.begun % self.size, len(samples))
        self._go_on(samples[:first])
        rows = samples[first : len(samples) - (len(samples) - first) % self.size]
        energies = np.einsum("ij,ij->i", *[rows.reshape(-1, self.size)] * 2)
        self.whole += len(energies)
        self.silent += int(np.count_nonzero(energies < self.level**2 * self.size))
        self._go_on(samples[first + len(rows) :])

    def silent_share(self) -> float:
        stretches = self.whole + (self.begun > 0)
        silent = self.silent + (0 < self.begun * self.level**2 > self.energy)
        return silent / stretches if stretches else 1.0

    def _go_on(self, samples: NDArray[np.float32]) -> None:
        self.begun += len(samples)
        self.energy += float(np.einsum("i,i->", samples, samples))
        if self.begun == self.size:
            self.whole += 1
            self.silent += self.energy < self.level**2 * self.size
            self.begun, self.energy = 0, 0.0


@dataclass(slots=True)
class _Clips:
    """How many runs at full scale there are; `last` tells of the last samples which are there."""

    last: NDArray[np.bool_]
    count: int = 0

    def feed(self, block: Block, peak: float) -> None:
        if peak < _FULL_SCALE:
            block = block[-_RUN:]  # none is there, and no more is needed to know it of the last
        full = np.concatenate([self.last, np.abs(block) >= np.float32(_FULL_SCALE)])
        if full.any():
            # A run counts where it has become long enough.
            self.count += int(np.count_nonzero(full[3:] & full[2:-1] & full[1:-2] & ~full[:-3]))
        self.last = full[-_RUN:]


def _sums(block: Block) -> NDArray[np.float64]:
    """Add up each channel, in rows of many samples, as numpy is slow with rows of one or two.

    In float64 the sums of what once had 16 or 24 bits are exact, whatever the order.
    """
    channels = block.shape[1]
    whole = len(block) - len(block) % _ROW
    row = block[:whole].reshape(-1, _ROW * channels).sum(axis=0, dtype=np.float64)
    both = np.concatenate([row.reshape(_ROW, channels), block[whole:]])
    return np.asarray(both.sum(axis=0))
