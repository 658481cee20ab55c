"""What a corpus is held to, and how it is shown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from .hearing import Heard

_ROW = "| {} | {} | {} | {} | {} | {} | {} | {} | {} |"
_HEAD = (
    *("style", "tempo composed", "found", "error, %", "key score", "LUFS", "true peak"),
    *("side/mid", "speed, median (least)"),
)


@dataclass(frozen=True, slots=True)
class Total:
    """One thing that a corpus is held to: the share that must hold, and the pieces that don't."""

    what: str
    needed: float
    count: int
    missed: tuple[str, ...]

    @property
    def share(self) -> float:
        return 1 - len(self.missed) / self.count if self.count else 1.0

    @property
    def holds(self) -> bool:
        return self.share >= self.needed


def totals(pieces: Sequence[Heard], pairs: Mapping[str, float]) -> tuple[Total, ...]:
    drummed = [each for each in pieces if each.drums]
    loops = [each for each in pieces if each.seam is not None]
    return (
        Total(
            "length, style, drums, asked tempo, key and meter as asked",
            1.0,
            len(pieces),
            tuple(f"{each.name}: {', '.join(each.unlike)}" for each in pieces if each.unlike),
        ),
        Total(
            "LUFS within 0.5 of -16",
            1.0,
            len(pieces),
            tuple(f"{each.name}: {each.lufs}" for each in pieces if abs(each.lufs + 16) > 0.5001),
        ),
        Total(
            "true peak below -0.5 dBFS",
            1.0,
            len(pieces),
            tuple(
                f"{each.name}: {each.true_peak}"
                for each in pieces
                if each.true_peak is not None and each.true_peak > -0.5
            ),
        ),
        Total(
            "tempo within 1 %, where there are drums",
            0.95,
            len(drummed),
            tuple(_off_tempo(each) for each in drummed if each.error > 0.01),
        ),
        Total(
            "key exact, a fifth or relative",
            0.92,
            len(pieces),
            tuple(
                f"{each.name}: {each.key}, heard {each.key_heard}"
                for each in pieces
                if each.relation in {"parallel", "other"}
            ),
        ),
        Total(
            "step at a loop's seam at most 1.5 of the 99.9th percentile",
            1.0,
            len(loops),
            tuple(f"{each.name}: {each.seam:.2f}" for each in loops if each.seam > 1.5),
        ),
        Total(
            "`bright` is brighter than `dark`",
            0.95,
            len(pairs),
            tuple(f"{name}: {ratio:.2f}" for name, ratio in pairs.items() if ratio <= 1),
        ),
    )


def _off_tempo(each: Heard) -> str:
    return f"{each.name}: {each.composed:.1f}, heard {each.tempo:.1f}"


def table(pieces: Sequence[Heard]) -> Iterator[str]:
    """Yield the lines of a Markdown table, a style each in the order of the corpus."""
    by_style = defaultdict(list)
    for each in pieces:
        by_style[each.style].append(each)
    yield _ROW.format(*_HEAD)
    yield "|---" * len(_HEAD) + "|"
    for style, those in by_style.items():
        yield _ROW.format(style, *_figures(those))
    yield _ROW.format("all", *_figures(pieces))


def _figures(those: Sequence[Heard]) -> Iterator[str]:
    yield _range([each.composed for each in those], 0)
    # A style without drums has no beat that one could be sure of.
    beaten = [each for each in those if each.drums]
    found = Counter(each.multiple for each in beaten if each.error <= 0.01)
    found["other"] = len(beaten) - found.total()
    yield ", ".join(f"{count} x {what}" for what, count in found.most_common() if count) or "-"
    errors = [100 * each.error for each in beaten if each.error <= 0.01]
    yield f"{mean(errors):.2f}" if errors else "-"
    yield f"{mean(each.key_score for each in those):.2f}"
    yield _range([each.lufs for each in those], 1)
    peaks = [each.true_peak for each in those if each.true_peak is not None]
    yield f"{max(peaks):.1f}" if peaks else "-"
    yield _range([each.side_to_middle for each in those], 2)
    speeds = [each.speed for each in those]
    yield f"{median(speeds):.0f} ({min(speeds):.0f})"


def _range(values: Sequence[float], places: int) -> str:
    low, high = (f"{each:.{places}f}" for each in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def relations(pieces: Sequence[Heard]) -> str:
    counts = Counter(each.relation for each in pieces)
    return ", ".join(f"{count} {relation}" for relation, count in counts.most_common())


def tally(total: Total) -> str:
    hits = total.count - len(total.missed)
    return (
        f"{'ok  ' if total.holds else 'SHORT'} {total.what}: {hits} of {total.count}, "
        f"{100 * total.share:.1f} %, {100 * total.needed:.0f} % needed"
    )
