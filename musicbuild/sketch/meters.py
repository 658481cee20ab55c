"""How what is written in one meter is played in another: the turns that each drum and player has.

A melody in three is one of four cut short, and so is a note held for a whole bar in any meter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .pattern import read_pattern
from .style import FOUR, SIX, THREE, Arpeggio, Bass, Beat, Figure, Hits, Layer, Melody, Meter

Texts = tuple[str, ...]

# Tables are read by column.
# fmt: off
_DRUMS: Mapping[Meter, Mapping[str, Texts]] = {
    FOUR: {
        "kick": ("X.......x.......", "X.....x.X......."),
        "taiko": ("X.......x.....x.", "X..x....x..x...."),
        "tom": ("............o.o.",),
        "snare": ("....X.......X...",),
        "clap": ("....x.......x...",),
        "rim": ("....x.......x...",),
        "brush": ("....x.......x...",),
        "conga": ("o.x...xxo.x...xx",),
        "hat": ("x.o.x.o.x.o.x.o.",),
        "pedal": ("....x.......x...",),
        "open": ("..............o.",),
        "ride": ("x.o.x.o.x.o.x.o.",),
        "shaker": ("x.o.x.o.x.o.x.o.",),
        "tambourine": ("....x.......x...",),
    },
    THREE: {
        "kick": ("X...........", "X.......x..."),
        "taiko": ("X...x.x.X.x.", "X.x.x...x.x."),
        "tom": ("........o.o.",),
        "snare": ("....x...x...", "....x...x..o"),
        "clap": ("....x...x...",),
        "rim": ("....x...x...",),
        "brush": ("....,...,...", "....,...,.o."),
        "conga": ("o...x.o.x.oo",),
        "hat": ("x.o.x.o.x.o.",),
        "pedal": ("....x...x...",),
        "open": ("..........o.",),
        "ride": ("X...x.o.x.o.", "X...x...x.o."),
        "shaker": ("x.o.x.o.x.o.",),
        "tambourine": ("....x...x...",),
    },
    SIX: {
        "kick": ("X.....o.....", "X.........x."),
        "taiko": ("X...x.X.x.x.", "X.x.x.X...x."),
        "tom": ("..........o.",),
        "snare": ("......X.....", "......X...o."),
        "clap": ("......x.....",),
        "rim": ("......x.....",),
        "brush": ("......,...,.",),
        "conga": ("o...x.o.x.x.",),
        "hat": ("X.o.o.x.o.o.",),
        "pedal": ("......x.....",),
        "open": ("..........o.",),
        "ride": ("X.o.o.x.o.o.", "X...o.x...o."),
        "shaker": ("x.o.o.x.o.o.",),
        "tambourine": ("....x.....x.",),
    },
}
_HITS: Mapping[Meter, Texts] = {
    FOUR: ("X=====x=X===x===", "..x=..x=..x=..x=", "X===x=..X===x=x="),
    THREE: ("....x=..x=..", "....x===x===", "X===x=..x=.."),
    SIX: ("X===x=X===x=", "X=....x=..x=", "....x=....x="),
}
_RIFFS: Mapping[Meter, Texts] = {
    FOUR: ("X=====x=X===x=x=",),
    THREE: ("X=x=X=x=X=x=", "X=====x=X==="),
    SIX: ("X=x=x=X=x=x=", "X===x=X=x=x="),
}
_BASSES: Mapping[Meter, Texts] = {
    FOUR: ("R=====r=R===..a=", "R=======f======="),
    THREE: ("R=======....", "R===....f===", "R=======..a="),
    SIX: ("R===r=f=====", "R=====f===a=", "R===r=R===a="),
}
_CELLS: Mapping[Meter, Texts] = {
    FOUR: ("X===x===X=====x=", "X=x=x=x=X=======", "X=====x=x=x=X==="),
    SIX: ("X===x=X=====", "X=x=x=X===x=", "X=====x===x=", "X===x=X=x=x="),
}
_SLOW_CELLS: Mapping[Meter, Texts] = {
    FOUR: ("X=======x=======", "X===========x==="),
    SIX: ("X===========", "X=====x=====", "X=========x="),
}
# fmt: on


def in_meter(figure: Figure, meter: Meter, native: Meter) -> Figure:
    """Write a figure, which is in its native meter, in another one."""
    if meter is native:
        return figure
    match figure:
        case Hits():
            table = _RIFFS if figure.fifths else _HITS
            return replace(figure, rhythms=_rewritten(figure.rhythms, table[meter], meter))
        case Bass():
            return replace(figure, rhythms=_rewritten(figure.rhythms, _BASSES[meter], meter))
        case Melody() if meter is not THREE or native is SIX:
            busiest = max(len(read_pattern(cell, native.steps)) for cell in figure.cells)
            cells = (_SLOW_CELLS if busiest <= 3 else _CELLS).get(meter, figure.cells)
            return replace(figure, cells=cells, cadence="X".ljust(meter.steps, "="))
        case Arpeggio(grid=grid) if meter is SIX:
            return replace(figure, grid=2 if grid < 4 else 6)
        case Arpeggio(grid=6):
            return replace(figure, grid=4)
        case Beat():
            layers = tuple(_layer(layer, meter) for layer in figure.layers)
            fills = tuple(
                {drum: text[-6:] if meter is SIX else text for drum, text in fill.items()}
                for fill in figure.fills
            )
            return replace(figure, layers=layers, fills=fills)
        case _:
            return figure


def _rewritten(texts: Texts, others: Texts, meter: Meter) -> Texts:
    """Take other rhythms in place of these, unless each of these is but one note."""
    if all(len(read_pattern(text, len(text))) <= 1 for text in texts):
        step = read_pattern(texts[0], len(texts[0]))[0]
        return (step.mark.ljust(meter.steps, "." if step.length == 1 else "="),)
    return others


def _layer(layer: Layer, meter: Meter) -> Layer:
    cut = tuple(text[: meter.steps] for text in layer.patterns)
    return replace(layer, patterns=_DRUMS[meter].get(layer.drum, cut))
