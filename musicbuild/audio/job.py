"""An order to the audio tools in plain values, and what came of it: for a process of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .decode import NotAudio, Reader, open_audio
from .lossless import raise_losslessly
from .master import master
from .measure import Measured, Meter
from .measure.loudness import Unmeasurable
from .measure.tempo import TempoMeter
from .measure.tonality import KeyMeter
from .recipe import Done, LoopWish, Made, Recipe, Target
from .shape import Fade
from .sound import Block

SURE = 0.5
"""How confident a tempo or a key must be to be told."""

HEARD = 0.1
"""LU that are told; fewer are within what meters differ by.  Source: EBU Tech 3341."""

MUSIC = ("bpm", "key")

Figures = dict[str, float | str]


def work(order: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Do an order, and return what is to be said of each output by name, as JSON.

    An order has `sources`, paths by part, and `outputs`: of each its `part`, its `format` and
    `encoding`, whether it is `lossless`, whether all figures are `measured`, and the `path` to be
    written, null for a file that stays as it is.  `sound` says what is to be done (see Recipe),
    `seconds` how long the piece was meant to be, `missing` how much of that may lack; `bpm` (0 if
    it isn't known) and `beats` are its tempo and how many of them a bar has, and `loops` says
    whether it was made to loop.

    Raises ValueError, with one plain sentence, where it can't be done.
    """
    try:
        return {"": json.dumps(_done(order), allow_nan=False).encode()}
    except OSError as error:
        raise ValueError(f"a file can't be read or written: {error.strerror or error}") from error


def _done(order: Mapping[str, Any]) -> dict[str, Any]:
    sources = {part: Path(path) for part, path in order["sources"].items()}
    outputs = order["outputs"]
    kept = {
        part: _as_is(sources[part], musical=not part)
        for part in {one["part"] for one in outputs.values() if one["path"] is None}
    }
    made = _mastered(order, sources)
    music: Figures = {}
    if "" in kept:
        figures = kept[""]["figures"]
        music = {name: figures[name] for name in MUSIC if name in figures}
    elif any(outputs[name]["measured"] and not outputs[name]["part"] for name in made):
        music = _music(sources[""])
    return {
        name: _told(made[name], one, {} if one["part"] else music)
        if name in made
        else kept[one["part"]]
        for name, one in outputs.items()
    }


def _mastered(order: Mapping[str, Any], sources: Mapping[str, Path]) -> dict[str, Made]:
    outputs = {name: one for name, one in order["outputs"].items() if one["path"] is not None}
    if not outputs:
        return {}
    recipe = _recipe(order)
    targets, found = {}, {}
    for name, output in outputs.items():
        path = Path(output["path"])
        if output["lossless"]:
            found[name] = raise_losslessly(sources[output["part"]], recipe, path)
        else:
            encoding = {
                key: value for key, value in output["encoding"].items() if value is not None
            }
            targets[name] = Target(output["part"], path, output["format"], **encoding)
    if targets:
        made = master(sources, recipe, tuple(targets.values()))
        found.update((name, made[target.path]) for name, target in targets.items())
    return found


def _recipe(order: Mapping[str, Any]) -> Recipe:
    said = dict(order["sound"])
    exact = said.pop("seconds")
    for name in ("fade_in", "fade_out"):
        said[name] = Fade(**said[name]) if said[name] else None
    if loop := said["loop"]:
        told = {**loop, "bpm": loop["bpm"] or order["bpm"], "beats": order["beats"]}
        told["made"] = order["loops"]
        said["loop"] = LoopWish(**told)
    asked = order["seconds"] if exact is None else exact
    return Recipe(asked=asked, exact=exact is not None, missing=order["missing"], **said)


def _as_is(source: Path, *, musical: bool) -> dict[str, Any]:
    """Measure a file that stays as it is; one that can't be decoded is bought all the same."""
    figures: Figures = {}
    container = ""
    try:
        with open_audio(source) as reader:
            container = reader.container
            meter = Meter(reader.sample_rate, reader.channels)
            music = _Music(reader) if musical else None
            for block in reader.blocks():
                meter.feed(block)
                if music:
                    music.feed(block)
            remarks = list(reader.problems)
            figures = _figures(meter.result()) | (music.heard() if music else {})
    except NotAudio as error:
        remarks = [f"it can't be decoded: {error}"]
    except Unmeasurable as error:
        remarks = [f"it can't be measured: {error}"]
    except OSError as error:
        remarks = [f"it can't be read: {error.strerror or error}"]
    return {"encoder": "", "figures": figures, "remarks": remarks, "container": container}


class _Music:
    """Hears tempo and key of a piece; what it isn't sure of, it keeps to itself."""

    def __init__(self, reader: Reader) -> None:
        self._tempo = TempoMeter(reader.sample_rate, reader.channels)
        self._key = KeyMeter(reader.sample_rate, reader.channels)

    def feed(self, block: Block) -> None:
        self._tempo.feed(block)
        self._key.feed(block)

    def heard(self) -> Figures:
        tempo, key = self._tempo.result(), self._key.result()
        found: Figures = {}
        if tempo.confidence >= SURE:
            found["bpm"] = round(tempo.bpm, 1)
        if key.confidence >= SURE:
            found["key"] = key.key
        return found


def _music(source: Path) -> Figures:
    with open_audio(source) as reader:
        music = _Music(reader)
        for block in reader.blocks():
            music.feed(block)
        return music.heard()


def _told(made: Made, output: Mapping[str, Any], music: Figures) -> dict[str, Any]:
    done, remarks = made.done, list(made.problems)
    if made.seam and not output["part"]:  # a stem may well begin and end in silence
        remarks += [f"its loop may be heard: {fault}" for fault in made.seam.faults()]
    if done.short > HEARD:
        remarks.append(
            f"it stays {done.short:.1f} LU under the loudness asked for: {_why(output, done)}"
        )
    if done.missing:
        remarks.append(f"{done.missing:.3f} s of silence make up its exact length")
    figures = {**_figures(made.measured), **music, **_deeds(done)}
    if made.seam:
        figures["seam_jump"] = round(made.seam.jump, 3)
        figures["seam_step"] = round(made.seam.step, 2)
    return {"encoder": made.encoder, "figures": figures, "remarks": remarks}


def _why(output: Mapping[str, Any], done: Done) -> str:
    if output["lossless"]:
        return "no whole step of lossless gain brings it nearer and keeps its true peak"
    if done.reduction:
        return f"its limiter turns down {done.reduction:.1f} dB by now"
    return "its true peak allows no more gain without `limit: true`"


def _figures(measured: Measured) -> Figures:
    levels = {
        "loudness": (measured.loudness.integrated, 2),
        "range": (measured.loudness.range, 1),
        "true_peak": (measured.true_peak, 2),
        "silence": (measured.silence, 4),
        "dc": (measured.dc, 5),
    }
    return {
        "sample_rate": measured.sample_rate,
        "samples": measured.samples,
        "channels": measured.channels,
        "sides": measured.sides,
        "clipped": measured.clipped,
        **{
            name: round(value, digits) + 0.0
            for name, (value, digits) in levels.items()
            if math.isfinite(value)
        },
    }


def _deeds(done: Done) -> Figures:
    loop = {"loop_start": done.loop.start, "loop_length": done.loop.length} if done.loop else {}
    deeds = {
        "gain": done.gain,
        "reduction": done.reduction,
        "short": done.short,
        "missing": done.missing,
        "steps": done.steps,
    }
    return {**{name: value for name, value in deeds.items() if value}, **loop}
