"""How a score becomes samples: notes to sounds, parts to a mix, the mix to a finished piece."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from . import dsp, effects, kits, master, voices
from .dsp import F, Signal
from .exact import SAMPLE_RATE, Rng, decibels
from .score import BEAT, DRUMS, STEMS, Note, Part, Score
from .space import reverberate

_FADE = 0.9
_LOUDNESSES = 8
_HOLD_STEPS = 50
"""Held notes are made in so many lengths a second, so that equal ones are made once."""

_CACHE_BYTES = 48 << 20
_SQRT_2 = 1.4142135623730951


def render(score: Score) -> NDArray[np.int16]:
    """Return the piece, int16 of shape (n, 2), n being exactly the length of the brief."""
    return _render(score, [score.parts])[0]


def render_stems(score: Score) -> Mapping[str, NDArray[np.int16]]:
    """Return the groups of the piece, by the names of `STEMS`, each as long as the whole.

    All are mastered with the gains of the whole, so that together they are the piece again, but
    for its dither and the few peaks that were cut.
    """
    groups = [[part for part in score.parts if part.stem == name] for name in STEMS]
    return dict(zip(STEMS, _render(score, [score.parts, *groups])[1:], strict=True))


def _render(score: Score, groups: Sequence[Sequence[Part]]) -> list[NDArray[np.int16]]:
    """Mix each group of parts, and master all with the gains of the first."""
    brief = score.brief
    tail = dsp.samples(1.1 * brief.style.room.seconds + 1.8) if brief.loop else 0
    mixed = [_mix(score, parts, brief.length + tail) for parts in groups]
    if brief.loop:
        finished = _finish_loop(score, mixed)
    else:
        finished = _finish(score, mixed, 0)
        for signal in finished:
            dsp.fade_out(signal, min(brief.length // 3, dsp.samples(_FADE)))
            dsp.fade_in(signal, dsp.samples(0.003))
    return [master.to_int16(signal, 0) for signal in finished]


@dataclass(frozen=True, slots=True)
class Clock:
    """Where ticks are in samples: the exact tempo, and the swing of every off-beat."""

    bpm: Fraction
    swing: float
    grid: int

    def at(self, tick: int) -> int:
        exact = Fraction(self._swung(tick) * 60 * SAMPLE_RATE, BEAT) / self.bpm
        return math.floor(exact + Fraction(1, 2))

    def _swung(self, tick: int) -> int:
        if self.swing == 0.5:
            return tick
        pair, place = divmod(tick, 2 * self.grid)
        middle = int(2 * self.grid * self.swing)
        if place < self.grid:
            late = place * middle // self.grid
        else:
            late = middle + (place - self.grid) * (2 * self.grid - middle) // self.grid
        return pair * 2 * self.grid + late


def _mix(score: Score, parts: Iterable[Part], count: int) -> Signal:
    brief = score.brief
    clock = Clock(score.form.bpm, brief.swing, brief.style.swing_grid * score.form.step)
    mixed = np.zeros((2, count), F)
    sent = np.zeros(count, F)
    pumped = None
    for part in parts:
        signal = _Player(part, score, clock, count).play()
        if part.mix.duck:
            if pumped is None:
                pumped = effects.pump(count, _kicks(score, clock))
            signal *= F(1.0) - pumped * F(part.mix.duck)
        signal *= F(decibels(part.mix.gain))
        mixed += signal
        if part.mix.send:
            signal[0] += signal[1]
            signal[0] *= F(0.5 * part.mix.send)
            sent += signal[0]
    dsp.through(sent, lambda signal: dsp.highpass(signal, 180.0))
    reverberate(sent, brief.style.room, mixed)
    return mixed


def _kicks(score: Score, clock: Clock) -> Iterator[int]:
    for part in score.parts:
        if part.voice in kits.KITS:
            for note in part.notes:
                if note.pitch == DRUMS["kick"] and note.velocity > 0.4:
                    yield clock.at(note.start)


class _Player:
    """Plays one part; equal notes are made once."""

    def __init__(self, part: Part, score: Score, clock: Clock, count: int) -> None:
        self.part = part
        self.score = score
        self.clock = clock
        self.out = np.zeros((2, count), F)
        self._sounds: dict[tuple[int, ...], Signal] = {}
        self._bytes = 0
        self._ringing = self._ring_lengths()

    def play(self) -> Signal:
        mix = self.part.mix
        # A part through an amplifier is played twice, left and right.
        sides = (-0.85, 0.85) if mix.amplifier and mix.width else (None,)
        chord, last = 0, -1
        for index, note in enumerate(self.part.notes):
            chord = chord + 1 if note.start == last else 0
            last = note.start
            for take, side in enumerate(sides):
                rng = self.score.brief.rng("human", self.part.name, note.start, chord, take)
                self._place(note, chord, rng, side, index * len(sides) + take)
        self._sounds.clear()
        if mix.amplifier or mix.drive or mix.lowpass:
            for channel in self.out:
                dsp.through(channel, self._shaped)
        if mix.echo:
            effects.add_echo(self.out, mix.echo, self.clock.at(int(mix.echo.beats * BEAT)))
        return self.out

    def _shaped(self, signal: Signal) -> Signal:
        mix = self.part.mix
        if mix.amplifier:
            signal = effects.amplify(signal, mix.amplifier)
        if mix.drive:
            signal = effects.drive(signal, mix.drive)
        return dsp.lowpass(signal, mix.lowpass) if mix.lowpass else signal

    def _place(self, note: Note, chord: int, rng: Rng, side: float | None, variant: int) -> None:
        mix = self.part.mix
        start = self.clock.at(note.start)
        seconds = max(0.03, (self.clock.at(note.start + note.length) - start) / SAMPLE_RATE)
        late = dsp.samples(mix.jitter * rng.bell() + mix.lag + mix.strum * chord)
        velocity = min(1.0, max(0.05, note.velocity * (1.0 + 0.1 * rng.bell())))
        sound = self._sound(note, velocity, seconds, variant)
        start = max(0, start + late)
        stop = min(self.out.shape[1], start + len(sound))
        if stop <= start:
            return
        pan = self._pan(note, chord) if side is None else side
        heard = sound[: stop - start]
        self.out[0, start:stop] += heard * F(math.sqrt((1.0 - pan) / 2.0) * _SQRT_2)
        self.out[1, start:stop] += heard * F(math.sqrt((1.0 + pan) / 2.0) * _SQRT_2)

    def _pan(self, note: Note, chord: int) -> float:
        mix = self.part.mix
        if self.part.voice in kits.KITS:
            pan = mix.pan + mix.width * kits.hit(self.part.voice, note.pitch).place
        else:
            spread = max(-1.0, min(1.0, (note.pitch - 62) / 24.0))
            pan = mix.pan + mix.width * (0.7 * spread + (0.25 if chord % 2 else -0.25))
        return max(-1.0, min(1.0, pan))

    def _sound(self, note: Note, velocity: float, seconds: float, variant: int) -> Signal:
        voice = self.part.voice
        loudness = max(1, int(velocity * _LOUDNESSES + 0.5))
        force = loudness / _LOUDNESSES
        key: tuple[int, ...]
        if voice in kits.KITS:
            key = (note.pitch, loudness, variant % 3)
            if key not in self._sounds:
                self._keep(key, kits.strike_drum(voice, note.pitch, force, variant % 3))
            return self._sounds[key]
        if voices.rings(voice):
            key = (note.pitch, loudness)
            if key not in self._sounds:
                length = self._ringing[note.pitch]
                self._keep(key, voices.strike(voice, note.pitch, force, length))
            return voices.let_go(self._sounds[key], voice, seconds)
        length = max(1, int(seconds * _HOLD_STEPS + 0.5))
        key = (note.pitch, loudness, length, variant % 2)
        if key not in self._sounds:
            held = length / _HOLD_STEPS
            self._keep(key, voices.hold(voice, note.pitch, force, held, variant % 2))
        return self._sounds[key]

    def _keep(self, key: tuple[int, ...], sound: Signal) -> None:
        if self._bytes > _CACHE_BYTES:
            self._sounds.clear()
            self._bytes = 0
        self._sounds[key] = sound
        self._bytes += sound.nbytes

    def _ring_lengths(self) -> dict[int, float]:
        """Return for each pitch how long its longest note can be heard, in seconds."""
        voice = self.part.voice
        longest: dict[int, float] = {}
        if voice in kits.KITS or not voices.rings(voice):
            return longest
        for note in self.part.notes:
            stop, start = self.clock.at(note.start + note.length), self.clock.at(note.start)
            seconds = (stop - start) / SAMPLE_RATE + voices.release(voice) + 0.05
            longest[note.pitch] = max(longest.get(note.pitch, 0.0), seconds)
        return longest


def _finish_loop(score: Score, mixed: Sequence[Signal]) -> list[Signal]:
    """Fold the tail over the beginning, and master with the end before it and the start after."""
    length = score.brief.length
    before, after = min(length, SAMPLE_RATE), min(length, SAMPLE_RATE // 10)
    circles = []
    for signal in mixed:
        for start in range(length, signal.shape[1], length):
            tail = signal[:, start : start + length]
            signal[:, : tail.shape[1]] += tail
        circle = (signal[:, length - before : length], signal[:, :length], signal[:, :after])
        circles.append(np.concatenate(circle, axis=1))
    finished = _finish(score, circles, before)
    return [signal[:, before : before + length] for signal in finished]


def _finish(score: Score, signals: Sequence[Signal], begun: int) -> list[Signal]:
    """Colour mixes, and bring the first to its loudness and the others along.

    `begun` samples stand before the piece.  The crackle belongs to the whole and to the last.
    """
    coloured = [_colour(score, signal, begun) for signal in signals]
    master.level(*coloured)
    if score.brief.crackle:
        for signal in [coloured[0], *coloured[1:][-1:]]:
            effects.add_crackle(signal, score.brief.rng("crackle"))
        master.limit(*coloured)
    return coloured


def _colour(score: Score, signal: Signal, begun: int) -> Signal:
    brief, tone = score.brief, score.brief.style.tone
    brighter = brief.brightness - brief.style.brightness
    air = max(0.0, tone.air + 1.6 * brighter)

    def coloured(channel: Signal) -> Signal:
        channel = dsp.highpass(channel, 24.0)
        if tone.lowpass:
            channel = dsp.lowpass(channel, tone.lowpass)
        if brighter:
            channel += dsp.highpass(channel, 1200.0) * F(brighter)
        if air:
            channel += dsp.highpass(channel, 4500.0) * F(air)
        return channel

    for channel in signal:
        dsp.through(channel, coloured)
    if tone.flutter:
        cycles = max(1, int(0.55 * brief.length / SAMPLE_RATE + 0.5))
        signal = master.flutter(signal, tone.flutter, cycles, begun, brief.length)
    return signal
