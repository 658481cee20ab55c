"""What the drummer plays: layers that come in with the intensity, fills, an ending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .exact import Rng
from .pattern import read_pattern
from .score import BEAT, DRUMS, Form, Note, Section
from .style import ACCENTS, Beat


def play_beat(figure: Beat, form: Form, rng: Rng) -> Iterator[Note]:
    for index, section in enumerate(form.sections):
        choice = rng.branch(section.name)
        patterns = {
            layer.drum: (choice.choice(layer.patterns), choice.choice(layer.patterns))
            for layer in figure.layers
            if section.intensity >= layer.above and (layer.intro or section.name != "intro")
        }
        if figure.crash and index and section.name != "intro":
            yield Note(section.bar * form.bar, 4 * BEAT, DRUMS["crash"], 0.9)
        fill = rng.branch("fill", index).choice(figure.fills) if figure.fills else {}
        if section.name == "intro" or section.bars < 2:
            fill = {}
        for note in _drum(form, section, patterns, fill):
            if note.start < form.final:
                yield note
    if form.final < form.end:
        for drum in figure.ending:
            yield Note(form.final, 4 * BEAT, DRUMS[drum], 1.0)


def _drum(
    form: Form,
    section: Section,
    patterns: Mapping[str, tuple[str, str]],
    fill: Mapping[str, str],
) -> Iterator[Note]:
    sixteenths = form.meter.steps
    length = max((len(text) for text in fill.values()), default=0)
    for bar in range(section.bars):
        start = (section.bar + bar) * form.bar
        closing = bar == section.bars - 1
        until = sixteenths - length if closing else sixteenths
        for drum, (plain, varied) in patterns.items():
            text = varied if bar % 4 == 3 else plain
            for step in read_pattern(text, until):
                yield Note(
                    start + step.start * form.step, form.step, DRUMS[drum], ACCENTS[step.mark]
                )
        if closing:
            for drum, text in fill.items():
                for step in read_pattern(text, length):
                    at = start + (until + step.start) * form.step
                    yield Note(at, form.step, DRUMS[drum], ACCENTS[step.mark])
