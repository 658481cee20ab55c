"""Who plays what: a brief becomes a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .beat import play_beat
from .brief import Brief
from .form import plan_form
from .harmony import play_arpeggio, play_bass, play_hits, play_pads, play_walk
from .melody import play_melody
from .score import BEAT, Form, Note, Part, Score
from .style import Arpeggio, Bass, Beat, Hits, Melody, Pads, Role, Walk
from .styles import EXTRAS

_SHORTEST = 30
"""Ticks of the shortest note."""


def compose(brief: Brief) -> Score:
    form = plan_form(brief)
    parts = (
        Part(role.name, role.voice, role.mix, tuple(_play(role, form, brief)))
        for role in cast(brief)
    )
    return Score(brief, form, tuple(part for part in parts if part.notes))


def cast(brief: Brief) -> tuple[Role, ...]:
    """Choose the players: those of the style, with the instruments that were asked for."""
    roles = list(brief.style.roles)
    if not brief.drums:
        roles = [role for role in roles if not isinstance(role.figure, Beat)]
    taken: set[str] = set()
    for instrument in brief.instruments:
        slots = [role.slot for role in roles]
        if instrument.slot in slots and instrument.slot not in taken:
            place = slots.index(instrument.slot)
            roles[place] = replace(roles[place], voice=instrument.voice)
        elif all(role.voice != instrument.voice for role in roles):
            extra = EXTRAS[instrument.slot]
            name = f"{extra.name} {len(roles)}"
            roles.append(replace(extra, name=name, voice=instrument.voice))
        taken.add(instrument.slot)
    wanted = [role for role in roles if role.voice not in brief.unwanted]
    return tuple(wanted or roles)


def _play(role: Role, form: Form, brief: Brief) -> Iterator[Note]:
    calm = brief.style.energy - brief.energy
    for note in sorted(_notes(role, form, brief), key=lambda note: (note.start, note.pitch)):
        intensity = form.intensity_at(note.start)
        late = note.start > form.final or (note.start == form.final and brief.loop)
        if intensity < role.above or late:
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
    match role.figure:
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
    if calm < 0.04 or note.start % BEAT == 0 or note.start >= form.final:
        return False
    if isinstance(role.figure, Pads | Bass | Walk):
        return False
    weight = 1.0 if note.start % (BEAT // 2) == 0 else 1.6
    chance = brief.rng("thin", role.name, note.start)
    return chance.chance(min(0.75, 2.2 * calm * weight))
