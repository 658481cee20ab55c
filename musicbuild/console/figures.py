"""How what was measured of a file is told: levels, length, silence, loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..quality import Figures, seconds
from .look import Look, Style, escape, table


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """A file as it was measured; `problem` says why it could not be."""

    path: str
    figures: Figures
    remarks: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about an output that its author should know."""

    track: str
    path: str
    text: str


def remark_lines(remarks: Sequence[Remark], look: Look) -> list[str]:
    return [
        f" {look.paint('audio', Style.WARNING)}  {escape(one.track)}  `{escape(one.path)}`:"
        f" {escape(one.text)}"
        for one in remarks
    ]


COLUMNS = ("file", "loudness", "true peak", "range", "length", "silence", "tempo", "key", "form")


def measured_lines(files: Sequence[MeasuredFile], look: Look) -> list[str]:
    """Return one row a file, and below it what is wrong with it."""
    rows = [tuple(look.paint(name, Style.DIM) for name in COLUMNS)]
    rows += [(escape(one.path), *_row(one.figures)) for one in files if not one.problem]
    lines = table(rows) if len(rows) > 1 else []
    for one in files:
        said = [one.problem] if one.problem else one.remarks
        lines += [f"{escape(one.path)}: {escape(remark)}" for remark in said]
    return lines


def measured_data(files: Sequence[MeasuredFile]) -> dict[str, Any]:
    return {
        "files": [
            {
                "path": one.path,
                "figures": figures_data(one.figures) if not one.problem else None,
                "remarks": list(one.remarks),
                "problem": one.problem or None,
            }
            for one in files
        ]
    }


def figures_data(figures: Figures) -> dict[str, float | str]:
    """Return figures as they are, and the length in seconds beside the samples."""
    if "samples" not in figures:
        return dict(figures)
    return {**figures, "seconds": seconds(figures)}


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        _level(figures, "loudness", "LUFS"),
        _level(figures, "true_peak", "dBTP"),
        _level(figures, "range", "LU"),
        f"{seconds(figures):.3f} s",
        f"{float(figures['silence']):.0%}",
        f"{float(figures['bpm']):.0f} BPM" if "bpm" in figures else "",
        str(figures.get("key", "")),
        f"{float(figures['sample_rate']):g} Hz {figures['sides']}",
    )


def _level(figures: Figures, name: str, unit: str) -> str:
    """Return a level; silence has none, nor has what is too short to be measured."""
    return f"{float(figures[name]):.1f} {unit}" if name in figures else "none"


def figures_lines(figures: Figures) -> list[str]:
    """Return what the lock knows of one output, a line for each kind."""
    if "samples" not in figures:
        return []
    rows = [
        ("level", ", ".join(_levels(figures))),
        ("length", f"{seconds(figures):.3f} s, {float(figures['samples']):.0f} samples"),
        ("loop", _loop(figures)),
        ("heard", ", ".join(_heard(figures))),
    ]
    return table([(f"      {name}", text) for name, text in rows if text])


def _levels(figures: Figures) -> list[str]:
    told = [
        _level(figures, "loudness", "LUFS"),
        _level(figures, "true_peak", "dBTP"),
        f"gain {float(figures['gain']):+.2f} dB" if "gain" in figures else "",
        f"limited by up to {float(figures['reduction']):.1f} dB" if "reduction" in figures else "",
        f"{float(figures['short']):.1f} LU short" if "short" in figures else "",
    ]
    return [one for one in told if one]


def _loop(figures: Figures) -> str:
    if "loop_length" not in figures:
        return ""
    start, length = float(figures["loop_start"]), float(figures["loop_length"])
    seam = f"seam {float(figures['seam_jump']):.2f} of a usual step, {figures['seam_step']:g} LU"
    return f"{length:.0f} samples from {start:.0f} on, {seam}"


def _heard(figures: Figures) -> list[str]:
    tempo = [f"{float(figures['bpm']):.0f} BPM"] if "bpm" in figures else []
    return [*tempo, *([str(figures["key"])] if "key" in figures else [])]
