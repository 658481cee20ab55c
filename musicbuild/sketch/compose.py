"""Who plays what: a brief becomes a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from .beat import play_beat
from .brief import Brief, read_prompt
from .exact import SAMPLE_RATE
from .form import plan_form
from .harmony import play_arpeggio, play_bass, play_hits, play_pads, play_walk
from .instruments import COMPASS
from .melody import play_melody, without_leaps
from .meters import in_meter
from .pattern import read_pattern
from .score import BASS_STEM, BEAT, DRUM_STEM, MUSIC_STEM, Form, Note, Part, Score
from .style import FOUR, Arpeggio, Bass, Beat, Figure, Hits, Melody, Pads, Role, Walk
from .styles import EXTRAS

SHORTEST, LONGEST = Fraction(1, 2), Fraction(600)
"""Seconds of a piece."""

_SHORTEST = 30
"""Ticks of the shortest note."""

_FELT = 0.04
"""How far the energy asked for must be from the style's to change what is played."""


def write(
    prompt: str, seconds: str | Fraction, *, take: int = 1, seed: int = 0, loop: bool = False
) -> Score:
    """Compose what a prompt asks for.

    Equal arguments give equal scores on every machine; another `take` or `seed` gives another
    piece.  Raises ValueError for less than half a second or more than ten minutes.
    """
    exact = Fraction(seconds)
    if not SHORTEST <= exact <= LONGEST:
        raise ValueError(f"a piece has {SHORTEST} to {LONGEST} seconds, not {seconds}")
    length = round(exact * SAMPLE_RATE)
    return compose(read_prompt(prompt, length, SAMPLE_RATE, take=take, seed=seed, loop=loop))


def compose(brief: Brief) -> Score:
    form = plan_form(brief)
    parts = (
        Part(role.name, role.voice, role.mix, tuple(_play(role, form, brief)), _stem(role))
        for role in cast(brief)
    )
    return Score(brief, form, tuple(part for part in parts if part.notes))


def _stem(role: Role) -> str:
    match role.figure:
        case Beat():
            return DRUM_STEM
        case Bass() | Walk():
            return BASS_STEM
    return MUSIC_STEM


def cast(brief: Brief) -> tuple[Role, ...]:
    """Choose the players: those of the style, with the instruments that were asked for."""
    native = brief.style.meter
    roles = [
        replace(role, figure=in_meter(role.figure, brief.meter, native))
        for role in brief.style.roles
    ]
    if not brief.drums:
        roles = [role for role in roles if not isinstance(role.figure, Beat)]
    taken: set[str] = set()
    for instrument in brief.instruments:
        slots = [role.slot for role in roles]
        if instrument.slot in slots and instrument.slot not in taken:
            place = slots.index(instrument.slot)
            figure = _in_compass(roles[place].figure, instrument.voice)
            roles[place] = replace(roles[place], voice=instrument.voice, figure=figure)
        elif all(role.voice != instrument.voice for role in roles):
            extra = EXTRAS[instrument.slot]
            name = f"{extra.name} {len(roles)}"
            figure = in_meter(extra.figure, brief.meter, FOUR)
            figure = _in_compass(figure, instrument.voice)
            roles.append(replace(extra, name=name, voice=instrument.voice, figure=figure))
        taken.add(instrument.slot)
    wanted = [role for role in roles if role.voice not in brief.unwanted]
    # Drums alone are no piece: who forbids all the rest of a style hears it all the same.
    tonal = [role for role in wanted if not isinstance(role.figure, Beat)]
    if not tonal:
        return tuple(roles)
    # Who begins a piece is not silent in a calm one.
    first = min(tonal, key=lambda role: (isinstance(role.figure, Melody), role.above))
    return tuple(replace(role, above=0.0) if role is first else role for role in wanted)


def _in_compass(figure: Figure, voice: str) -> Figure:
    """Move a figure up by octaves, and cut it off above, to where a voice can play it."""
    if voice not in COMPASS or isinstance(figure, Beat):
        return figure
    lowest, highest = COMPASS[voice]
    up = 12 * max(0, -(-(lowest - figure.low) // 12))
    return replace(figure, low=figure.low + up, high=min(highest, figure.high + up))


def _livelier(figure: Figure) -> Figure:
    """Keep the busier half of the rhythms."""
    match figure:
        case Hits() | Bass():
            return replace(figure, rhythms=_busier(figure.rhythms))
        case Melody():
            return replace(figure, cells=_busier(figure.cells))
        case Arpeggio(grid=4):
            return replace(figure, grid=2)
        case Beat():
            layers = (replace(layer, patterns=_busier(layer.patterns)) for layer in figure.layers)
            return replace(figure, layers=tuple(layers))
        case _:
            return figure


def _busier(rhythms: Sequence[str]) -> tuple[str, ...]:
    in_order = sorted(rhythms, key=lambda text: len(read_pattern(text, len(text))))
    return tuple(in_order[len(in_order) // 2 :])


def _play(role: Role, form: Form, brief: Brief) -> Iterable[Note]:
    played = _played(role, form, brief)
    return without_leaps(role.figure, played) if isinstance(role.figure, Melody) else played


def _played(role: Role, form: Form, brief: Brief) -> Iterator[Note]:
    calm = brief.style.energy - brief.energy
    for note in sorted(_notes(role, form, brief), key=lambda note: (note.start, note.pitch)):
        intensity = form.intensity_at(note.start)
        if intensity < role.above:
            continue
        if _left_out(role, note, form, brief, calm):
            continue
        end = form.end if note.start == form.final else form.final
        length = note.length
        if not isinstance(role.figure, Beat):
            length = max(_SHORTEST, min(length, end - note.start))
        velocity = note.velocity * role.velocity + 0.3 * (intensity - 0.7)
        yield replace(note, length=length, velocity=min(1.0, max(0.06, velocity)))


def _notes(role: Role, form: Form, brief: Brief) -> Iterable[Note]:
    rng = brief.rng("part", role.name)
    lively = brief.energy - brief.style.energy >= _FELT
    match _livelier(role.figure) if lively else role.figure:
        case Pads() as figure:
            return play_pads(figure, form)
        case Hits() as figure:
            return play_hits(figure, form, rng)
        case Arpeggio() as figure:
            return play_arpeggio(figure, form, rng)
        case Bass() as figure:
            return play_bass(figure, form, rng)
        case Walk() as figure:
            return play_walk(figure, form, rng)
        case Melody() as figure:
            return play_melody(figure, form, brief, rng)
        case Beat() as figure:
            return play_beat(figure, form, rng)


def _left_out(role: Role, note: Note, form: Form, brief: Brief, calm: float) -> bool:
    """Thin out the weak beats of a piece that is to be calmer than its style."""
    if calm < _FELT or note.start % BEAT == 0 or note.start >= form.final:
        return False
    if isinstance(role.figure, Pads | Bass | Walk):
        return False
    weight = 1.0 if note.start % (BEAT // 2) == 0 else 1.6
    chance = brief.rng("thin", role.name, note.start)
    return chance.chance(min(0.75, 2.2 * calm * weight))
