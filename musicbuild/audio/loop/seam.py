"""Whether the end of a loop runs on into its start: without a click, a step or a gap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..sound import BLOCK, Block, amplitude

MOST_JUMP = 1.5
"""Times the file's own 99th percentile step from sample to sample."""
MOST_STEP = 0.5
"""LU more than the file's own loudness changes from one stretch to the next."""
MOST_SILENCE = 0.05
"""Seconds at either end."""

SILENT = amplitude(-60)
"""Of the file's own peak."""
_OWN = 0.99
_STRETCH = 0.4
"""Seconds: the momentary window of EBU Tech 3341.  Of the loops it was tried on, a fade-out was
found in all over 400 ms, and in a quarter over 3 s, where the music's own changes hide it."""
_EVERY = 0.1
_FADED = 20.0
"""LU below the whole: changes to and from such a stretch are a fade's, and excuse nothing."""
_FRAME = 1024
_FRAMES = 32
_INAUDIBLE = 1e-9
"""Power re full scale: nobody hears a change below it."""
_LEAST_STEP = 2.0**-24
"""Half of the last of 24 bits: where most steps are smaller, the sound is silence but for a few."""
_RUNS_ON = 0.5
_SHIFT = 16
"""Bits of a float32 that are left out in the histogram: what is left tells 0.8 % apart."""


@dataclass(frozen=True, slots=True)
class Seam:
    """How the end of a loop meets its start.

    `jump` is the step from the last sample to the first, of the channel where it is greatest, over
    the file's own 99th percentile of steps from sample to sample.  `step` is by how many LU the
    loudness changes more at the seam than at 99 of 100 places inside.  `silent` says that the
    first or the last 50 ms stay under -60 dB re the file's own peak.
    """

    jump: float
    step: float
    silent: bool

    def faults(self) -> tuple[str, ...]:
        """Return in phrases what may be heard at the seam, nothing where it is clean."""
        return tuple(self._faults())

    def _faults(self) -> Iterator[str]:
        if self.jump > MOST_JUMP:
            yield (
                f"the step from the last sample to the first is {self.jump:.1f} times "
                f"the file's own largest, not at most {MOST_JUMP:.1f}"
            )
        if self.step > MOST_STEP:
            yield (
                f"the loudness changes {self.step:.1f} LU more at the seam than inside, "
                f"not at most {MOST_STEP:.1f}"
            )
        if self.silent:
            yield f"an end is silent for more than {1000 * MOST_SILENCE:.0f} ms"


class SeamMeter:
    """Measures the seam of a loop that is fed as a whole, as it was decoded.

    It keeps the loudness of every 1024 samples.  Loudness is K-weighted (ITU-R BS.1770-5, annex 1)
    and ungated, of two stretches of 400 ms before the seam and two after it: their greatest change
    tells of a step, and of a fade at either end.  Such neighbours differ by several LU wherever
    music has a beat, so the change is held against the changes at every 100 ms inside, but for
    pauses and fades.  A loop shorter than 1.6 s is measured by quarters.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._channels = channels
        self._fed = 0
        self._edge = round(MOST_SILENCE * sample_rate)
        self._head = np.zeros((0, channels), np.float32)
        self._tail = np.zeros((0, channels), np.float32)
        self._peak = 0.0
        self._steps = np.zeros(1 << 31 - _SHIFT, np.int64)
        self._waiting = [np.zeros((0, channels), np.float32)]
        self._held = 0
        self._weights = _k_weights(_FRAME, sample_rate)
        self._energies: list[NDArray[np.float32]] = []
        self._summed: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def feed(self, block: Block) -> None:
        if not len(block):
            return
        self._fed += len(block)
        if len(self._head) < self._edge:
            self._head = np.concatenate((self._head, block[: self._edge - len(self._head)]))
        self._count(np.concatenate((self._tail[-1:], block[:1])))
        self._count(block)
        self._peak = max(self._peak, float(block.max()), -float(block.min()))
        # A view would keep all that was fed.
        self._tail = np.concatenate((self._tail, block[-self._edge :]))[-self._edge :].copy()
        self._waiting.append(block)
        self._held += len(block)
        if self._held >= BLOCK:
            self._weigh()

    def result(self) -> Seam:
        """Return the seam of all that was fed, after which nothing may be."""
        if not self._peak > 0:
            return Seam(0.0, 0.0, silent=True)
        edges = (self._head, self._tail)
        return Seam(
            jump=self._jump(),
            step=self.step_of(0, self._fed, 0),
            silent=min(float(np.abs(edge).max()) for edge in edges) < self._peak * SILENT,
        )

    def step_of(self, start: int, length: int, crossfade: int) -> float:
        """Return the step that a loop cut from the file has: its `length` samples from `start` on.

        Its last `crossfade` samples fade into those before the start; half of the energy there is
        taken to be of either.
        """
        places, sums = self._sums()

        def energy(begin: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
            between: NDArray[np.float64] = np.interp(end, places, sums)
            return between - np.interp(begin, places, sums)

        def levels(begins: NDArray[np.float64], stretch: float) -> NDArray[np.float64]:
            ends = begins + stretch
            total = energy(begins, ends)
            fading = np.clip(begins, fade_at, None), np.clip(ends, fade_at, None)
            total -= energy(*fading) / 2
            total += energy(fading[0] - length, fading[1] - length) / 2
            louder: NDArray[np.float64] = 10 * np.log10(np.maximum(total, 0) / stretch + _INAUDIBLE)
            return louder

        end, fade_at = start + length, start + length - crossfade
        stretch = min(_STRETCH * self._rate, length / 4)
        around = levels(
            np.array([end - 2 * stretch, end - stretch, start, start + stretch]), stretch
        )
        inside = np.arange(start + stretch, end - stretch, _EVERY * self._rate)
        before, after = levels(inside - stretch, stretch), levels(inside, stretch)
        faded = float(levels(np.array([float(start)]), length)[0]) - _FADED
        changes = np.abs(after - before)[np.minimum(before, after) > faded]
        own = float(np.quantile(changes, _OWN)) if len(changes) else 0.0
        return max(0.0, float(np.abs(np.diff(around)).max()) - own)

    def runs_on(self) -> bool:
        """Say whether the waveform at the end goes on at the start, as in a piece made to loop.

        That is so where neither its step nor its bend, the second difference, is more than half as
        large as the file's own 99th percentile step.  It was so of 97 in 100 composed loops, of 69
        in 100 once they had been MP3, and of 10 in 100 pieces cut at a bar line.
        """
        if len(self._head) < 2 or not self._peak > 0:
            return False
        across = np.concatenate((self._tail[-2:], self._head[:2]))
        bend = float(np.abs(np.diff(across, 2, axis=0)).max())
        return max(self._jump(), bend / self._own_step()) <= _RUNS_ON

    def _count(self, block: Block) -> None:
        steps = np.abs(np.diff(block, axis=0))
        bins = steps.view(np.int32).ravel() >> _SHIFT
        self._steps += np.bincount(bins, minlength=len(self._steps))

    def _jump(self) -> float:
        return float(np.abs(self._head[0] - self._tail[-1]).max()) / self._own_step()

    def _own_step(self) -> float:
        """Return the 99th percentile of steps, to 0.4 %: the middle of its bin, never nothing."""
        total = self._steps.cumsum()
        own = int(np.searchsorted(total, _OWN * total[-1]))
        middle = np.array([(own << _SHIFT) + (1 << _SHIFT - 1)], np.int32)
        return max(_LEAST_STEP, float(middle.view(np.float32)[0]))

    def _weigh(self) -> None:
        held = np.concatenate(self._waiting)
        count = len(held) // _FRAME
        frames = held[: count * _FRAME].reshape(count, _FRAME, self._channels)
        for at in range(0, count, _FRAMES):
            self._energies.append(_energies(frames[at : at + _FRAMES], self._weights))
        self._waiting, self._held = [held[count * _FRAME :].copy()], len(held) - count * _FRAME

    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return places in the file, and the energy of all that is before each."""
        if self._summed is not None:
            return self._summed
        self._weigh()
        if self._held:
            rest = np.concatenate(self._waiting)[None]
            self._energies.append(_energies(rest, _k_weights(self._held, self._rate)))
        energies = np.concatenate(self._energies)
        places = np.minimum(np.arange(len(energies) + 1) * _FRAME, self._fed)
        before = np.concatenate(([0.0], energies.cumsum(dtype=float)))
        self._summed = places.astype(float), before
        return self._summed


def _energies(frames: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the K-weighted energy of frames of shape (n, samples, channels), by Parseval.

    The filter is applied to a frame as if it repeated itself; of music that changes the loudness
    of 23 ms by some hundredths of a LU.
    """
    spectra = np.fft.rfft(frames, axis=1)
    powers = spectra.real**2 + spectra.imag**2
    energies: NDArray[np.float32] = np.einsum("fkc,k->f", powers, weights)
    return energies


def _k_weights(length: int, sample_rate: int) -> NDArray[np.float32]:
    """Return what each bin of a real spectrum of `length` samples adds to the weighted energy.

    The two filters are those of BS.1770-5, annex 1, as analogue prototypes that fit any rate: a
    shelf of 4 dB above 1682 Hz and a high-pass at 38 Hz, pre-warped by the bilinear transform.
    """
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(length))
    response = np.ones(len(turn))
    for hertz, quality, gains in (
        (1681.974450955533, 0.7071752369554196, (1.0, 1.2587209302, 1.5848931925)),
        (38.13547087602444, 0.5003270373238773, (0.0, 0.0, 1.0)),
    ):
        warped = math.tan(math.pi * hertz / sample_rate)
        low, middle, high = warped * warped * gains[0], warped / quality * gains[1], gains[2]
        top = (low + middle + high) + 2 * (low - high) * turn + (low - middle + high) * turn**2
        low, middle, high = warped * warped, warped / quality, 1.0
        base = (low + middle + high) + 2 * (low - high) * turn + (low - middle + high) * turn**2
        response = response * np.abs(top / base) ** 2
    response[1 : (length + 1) // 2] *= 2
    weights: NDArray[np.float32] = (response / length).astype(np.float32)
    return weights
