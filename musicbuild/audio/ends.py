"""Where a piece begins and ends: its silence trimmed, its length made exact, its loop cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .decode import Reader
from .loop import CROSSFADE, Cut, LoopFinder, looped
from .recipe import Recipe
from .shape import NO_FADE, Shape, edges, exact, shaped
from .sound import Block, amplitude


class Unfit(ValueError):
    """A piece can't be given the ends that were asked for."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What is played of a piece: its shape first, then the loop in that; None is all of it.

    Both are in samples of `sample_rate`.  `missing` are the seconds of silence that make up an
    exact length.
    """

    sample_rate: int
    shape: Shape | None = None
    cut: Cut | None = None
    missing: float = 0.0
    exact: float | None = None

    def at(self, sample_rate: int) -> Ends:
        """Return the same for a piece that was resampled."""
        if sample_rate == self.sample_rate:
            return self

        def scaled(samples: int) -> int:
            return round(samples * sample_rate / self.sample_rate)

        shape, cut = self.shape, self.cut
        if shape:
            first, last = scaled(shape.first), scaled(shape.last)
            length = last - first if self.exact is None else round(self.exact * sample_rate)
            shape = replace(shape, first=first, last=last, length=length)
        if cut:
            # The end is rounded, not the start: one sample more might not be there.
            length = scaled(cut.length)
            start = scaled(cut.start + cut.length) - length
            cut = replace(
                cut, start=start, length=length, crossfade=min(start, scaled(cut.crossfade))
            )
        return replace(self, sample_rate=sample_rate, shape=shape, cut=cut)


def ends_of(reader: Reader, recipe: Recipe) -> Ends:
    """Find the ends that a recipe asks for; raise Unfit, or NoLoop, if the piece has none such."""
    rate = reader.sample_rate
    fade_in, fade_out = recipe.fade_in or NO_FADE, recipe.fade_out
    shape, missing = None, 0.0
    if recipe.trim is not None or recipe.exact or recipe.fade_in or fade_out:
        first, last = _sounding(reader, recipe)
        if recipe.exact:
            shape, missing = exact(
                first, last, recipe.asked, rate, fade_in=fade_in, fade_out=fade_out
            )
        else:
            shape = Shape(first, last, last - first, fade_in, fade_out or NO_FADE)
    if recipe.missing is not None and missing > recipe.missing:
        had = recipe.asked - missing
        raise Unfit(f"it is {had:.3f} s long, {missing:.3f} s short of its exact length")
    ends = Ends(rate, shape, None, missing, recipe.asked if recipe.exact else None)
    return replace(ends, cut=_cut(reader, recipe, ends)) if recipe.loop else ends


def played(blocks: Iterable[Block], ends: Ends) -> Iterator[Block]:
    """Give of a piece what is played, at the rate of its ends."""
    if ends.shape:
        blocks = shaped(blocks, ends.shape, ends.sample_rate)
    if ends.cut:
        blocks = looped(blocks, ends.cut)
    yield from blocks


def _sounding(reader: Reader, recipe: Recipe) -> tuple[int, int]:
    """Return where the music begins and has ended; without trimming, the whole of it."""
    if recipe.trim is None:
        return 0, sum(map(len, reader.blocks()))
    first, last = edges(reader.blocks(), amplitude(recipe.trim))
    if not last:
        raise Unfit(f"it is nothing but silence under {recipe.trim:g} dBFS")
    return first, last


def _cut(reader: Reader, recipe: Recipe, ends: Ends) -> Cut:
    assert recipe.loop is not None
    finder = LoopFinder(reader.sample_rate, reader.channels)
    for block in played(reader.blocks(), ends):
        finder.feed(block)
    return finder.find(
        seconds=recipe.asked,
        bars=recipe.loop.bars or None,
        bpm=recipe.loop.bpm or None,
        beats=recipe.loop.beats,
        crossfade=recipe.loop.crossfade or CROSSFADE,
        made=recipe.loop.made,
    )
