"""What a finished file is measured by, and what of it its author should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .musical import short_key
from .spec import MasterSpec, Sound, Tolerances, TrackSpec

Figures = Mapping[str, float | str]
"""What was measured of one file, by name: as the lock keeps it."""

HALF_A_STEP = 0.76
"""LU that a lossless gain may be off: it goes in steps of 1.5 dB."""

WORDS = frozenset({"key", "sides"})
"""Figures that are words; all others are numbers."""

ALWAYS = frozenset({"samples", "sample_rate", "channels", "sides", "silence"})
"""Figures that every file has which was measured at all."""

LEVELS = frozenset({"loudness", "true_peak"})
OF_LOOPS = frozenset({"loop_start", "loop_length", "seam_jump", "seam_step"})

LOUDEST = 1000.0
"""Level in dB that nothing has: beyond it there are no amplitudes to reckon with."""

MULTIPLES = (1.0, 2.0, 0.5)
"""A tempo that is heard twice or half as fast is the same music."""


def check(figures: Figures) -> None:
    """Raise ValueError for figures that no file has, so that all others may rely on theirs."""
    if not figures:
        return
    if lacking := ALWAYS - figures.keys():
        raise ValueError(f"no `{min(lacking)}` was measured")
    for name, value in figures.items():
        if isinstance(value, str) != (name in WORDS):
            raise ValueError(f"`{name}` was measured as {value!r:.40}")
    levels = (float(figures.get(name, 0)) for name in LEVELS)
    key = str(figures.get("key", "C"))
    if (
        float(figures["sample_rate"]) < 1
        or float(figures["samples"]) < 0
        or any(abs(level) > LOUDEST for level in levels)
        or ("loudness" in figures and "true_peak" not in figures)
        or short_key(key) != key
        or 0 < len(OF_LOOPS & figures.keys()) < len(OF_LOOPS)
    ):
        raise ValueError("its figures are those of no file")


def seconds(figures: Figures) -> float:
    """Return how long a measured file is."""
    return float(figures["samples"]) / float(figures["sample_rate"])


def remarks(track: TrackSpec, master: MasterSpec, figures: Figures) -> Iterator[str]:
    """Say where a file is off what was asked by more than the track's tolerances."""
    qc = track.qc
    if not (figures and qc.measured):
        return
    yield from _length(track.generate.duration, master.sound, qc, figures)
    yield from _clipping(qc, figures)
    if master.part:
        return  # a stem is as loud as it is in the whole, may be silent, and has no tempo
    yield from _levels(master, qc, figures)
    yield from _faults(qc, figures)
    yield from _music(master, qc, figures)


def differences(made: Figures, found: Figures, qc: Tolerances) -> Iterator[str]:
    """Say where a file measures other than the lock has it, with both figures."""
    bounds = {"samples": 0.0, "loudness": qc.loudness, "true_peak": qc.true_peak}
    for name, bound in bounds.items():
        before, now = made.get(name), found.get(name)
        if before == now or before is None:
            continue
        if now is None or abs(float(before) - float(now)) > bound + 1e-9:
            yield f"{NAMES[name]} was {_told(name, before)} and is {_told(name, now)}"


NAMES = {"samples": "the length", "loudness": "the loudness", "true_peak": "the true peak"}
UNITS = {"samples": "samples", "loudness": "LUFS", "true_peak": "dBTP"}


def _told(name: str, value: float | str | None) -> str:
    return "nothing" if value is None else f"{value:.10g} {UNITS[name]}"


def _length(asked: float, sound: Sound, qc: Tolerances, figures: Figures) -> Iterator[str]:
    had = seconds(figures)
    most = max(1.0, asked / 20) if qc.duration is None else qc.duration
    if sound.loop is None and sound.trim is None and abs(had - asked) > most:
        yield f"it is {had:.1f} s long, and {asked:g} s were asked for"
    if sound.loop is not None and not sound.loop.bars and had < asked / 2:
        yield f"its loop is {had:.1f} s long, of {asked:g} s that were asked for"


def _clipping(qc: Tolerances, figures: Figures) -> Iterator[str]:
    if (clipped := int(figures.get("clipped", 0))) > qc.clipping:
        yield f"it is clipped in {clipped} place{'s' * (clipped > 1)}"


def _levels(master: MasterSpec, qc: Tolerances, figures: Figures) -> Iterator[str]:
    sound = master.sound
    peak = float(figures.get("true_peak", -99.0))
    if sound.true_peak is not None and peak > sound.true_peak + qc.true_peak:
        yield f"its true peak is {peak:.1f} dBTP, over {sound.true_peak:g}"
    loudness = figures.get("loudness")
    if sound.loudness is None or "short" in figures:
        return  # what it falls short by was said where that was decided
    most = max(qc.loudness, HALF_A_STEP) if master.lossless else qc.loudness
    if loudness is None:
        yield "it has no loudness that could be measured: it is silent, or too short"
    elif abs(float(loudness) - sound.loudness) > most:
        yield f"it is at {float(loudness):.1f} LUFS, and {sound.loudness:g} were asked for"


def _faults(qc: Tolerances, figures: Figures) -> Iterator[str]:
    if (silence := float(figures.get("silence", 0))) > qc.silence:
        yield f"{silence:.0%} of it is silence"
    if (offset := float(figures.get("dc", 0))) > qc.dc:
        yield f"it is off zero by {offset:.3f} of full scale"


def _music(master: MasterSpec, qc: Tolerances, figures: Figures) -> Iterator[str]:
    heard, asked = figures.get("bpm"), master.tags.bpm
    if heard and asked:
        ratios = (float(heard) * times / float(asked) for times in MULTIPLES)
        if all(abs(ratio - 1) > qc.bpm for ratio in ratios):
            yield f"its tempo is heard as {float(heard):.0f} BPM, and its tag says {asked}"
    key, tagged = figures.get("key"), short_key(master.tags.key)
    if qc.key and key and tagged and _tones(str(key)) != _tones(tagged):
        yield f"its key is heard as {key}, and its tag says {tagged}"


def _tones(key: str) -> tuple[int, bool]:
    """Return how a key sounds: `C#m` and `Dbm` are the same keys of a piano."""
    natural = "C D EF G A B".index(key[0])
    return (natural + key.count("#") - key.count("b")) % 12, key.endswith("m")
