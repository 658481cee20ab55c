"""What is listened to for tempo, key and loops: one channel at about 11 kHz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..sound import BLOCK, Block

Mono = NDArray[np.float32]
"""Samples of shape (n,)."""

_AIM = 11_025
_ROW = 16
"""Low-rate samples that a row of the product makes; the filter is as long as they last."""
_PRODUCT = 65_536
"""Multiplications of a product: one this small runs on the thread that asks for it.

A larger one goes to the threads of the BLAS, which burn a hundred times its work by waiting for
each other where other processes keep the cores busy.
"""
_WILD = 8.0
_KAISER = 6.0  # 63 dB down from 0.64 of the low rate on, so nothing folds to below 4 kHz


class LowRate:
    """Mixes the channels to one and keeps one sample of every `factor`, below 4 kHz unchanged.

    Low-rate sample k stands where sample k * factor of the source did; n samples become
    ceil(n / factor).  What is no number, or 18 dB over full scale, is heard as silence.  What
    comes out doesn't depend on the sizes of the blocks that come in.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.factor = max(1, round(sample_rate / _AIM))
        self.rate = sample_rate / self.factor
        self._channels = channels
        self._row = _ROW * self.factor
        self._rows = max(1, _PRODUCT // (self._row * channels * _ROW))
        self._chunk = -(-BLOCK // (self._row * self._rows)) * self._row * self._rows
        self._halves = _halves(self.factor, channels)
        # Half a filter of silence before, so that the filter is centred.
        self._waiting = [np.zeros((self._row // 2, channels), np.float32)]
        self._held = self._row // 2
        self._ahead = np.zeros((0, _ROW), np.float32)
        self._due = 0
        self._fed = 0

    def feed(self, block: Block) -> Mono:
        """Return what is complete by now: all but less than two blocks of `BLOCK` samples."""
        self._fed += len(block)
        self._waiting.append(block)
        self._held += len(block)
        if self._held < self._chunk:
            return np.zeros(0, np.float32)
        held = np.concatenate(self._waiting)
        whole = len(held) // self._chunk * self._chunk
        # A view would keep all that was fed.
        self._waiting, self._held = [held[whole:].copy()], len(held) - whole
        return self._reduced(held[:whole])

    def rest(self) -> Mono:
        """Return what the end still held back; nothing may be fed after it."""
        padding = 2 * self._row + -(self._held + 2 * self._row) % (self._row * self._rows)
        silence = np.zeros((padding, self._channels), np.float32)
        missing = -(-self._fed // self.factor) - self._due
        return self._reduced(np.concatenate([*self._waiting, silence]))[:missing]

    def _reduced(self, samples: Block) -> Mono:
        shape = (-1, self._rows, self._row * self._channels)
        rows = np.ascontiguousarray(samples, np.float32).reshape(shape)
        with np.errstate(invalid="ignore", over="ignore"):
            first, behind = ((rows @ half).reshape(-1, _ROW) for half in self._halves)
        ahead = np.concatenate((self._ahead, first))
        made: Mono = (ahead[:-1] + behind[1 - len(self._ahead) :]).ravel()
        # Neither a number that is none nor a wild one may decide for the whole piece.
        made[~(np.abs(made) <= _WILD)] = 0
        self._ahead = ahead[-1:]
        self._due += made.size
        return made


def _halves(factor: int, channels: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what a row of samples adds to its own low-rate row and to the one before.

    Both have the shape (samples of a row * channels, low-rate samples of a row).
    """
    length = _ROW * factor
    turns = np.arange(-length // 2, length // 2 + 1) / factor
    taps = np.sinc(turns) * np.kaiser(length + 1, _KAISER)
    taps /= taps.sum() * channels
    both = np.zeros((2 * length, _ROW))
    for each in range(_ROW):
        both[each * factor : each * factor + length + 1, each] = taps
    both = both.repeat(channels, axis=0)
    first, second = np.split(both.astype(np.float32), 2)
    return first, second
