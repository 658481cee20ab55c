"""What the players of chords and basses play: pads, rhythms, broken chords, bass lines."""

from __future__ import annotations

from collections.abc import Iterator

from .exact import Rng
from .pattern import Step, read_pattern
from .score import BEAT, Form, Note
from .style import ACCENTS, Arpeggio, Bass, Hits, Pads, Walk
from .theory import Chord, nearest, voicing

Voicing = tuple[int, ...]

_BASS_ACCENTS = {"R": 1.0, "r": 0.8, "f": 0.85, "o": 0.8, "a": 0.75}


def play_pads(figure: Pads, form: Form) -> Iterator[Note]:
    held: Voicing = ()
    begun, length, last = 0, 0, None
    for span in form.chords:
        # A chord that only goes on is not struck again.
        if last == span.chord and span.start % (2 * form.bar) and span.start != form.final:
            length += span.length
            continue
        for pitch in held:
            yield Note(begun, length, pitch, 1.0)
        held = voicing(span.chord, held, figure.low, figure.high, voices=figure.voices)
        begun, length, last = span.start, span.length, span.chord
    for pitch in held:
        yield Note(begun, length, pitch, 1.0)


def play_hits(figure: Hits, form: Form, rng: Rng) -> Iterator[Note]:
    held: Voicing = ()
    heard: Chord | None = None
    for section in form.sections:
        choice = rng.branch(section.name)
        plain, varied = choice.choice(figure.rhythms), choice.choice(figure.rhythms)
        for bar in range(section.bars):
            start = (section.bar + bar) * form.bar
            text = varied if bar % 4 == 3 else plain
            for step in read_pattern(text, form.meter.steps):
                at = start + step.start * form.step
                if at >= form.final:
                    break
                # A late hit that is held already belongs to the next chord.
                late = step.start >= form.meter.steps - 2 and bar + 1 < section.bars
                chord = form.chord_at(start + form.bar if late else at)
                if chord != heard:
                    held, heard = _struck(figure, chord, held), chord
                for pitch in held:
                    yield Note(at, step.length * form.step, pitch, ACCENTS[step.mark])
    if form.final < form.end:
        for pitch in _struck(figure, form.chord_at(form.final), held):
            yield Note(form.final, form.end - form.final, pitch, 0.95)


def _struck(figure: Hits, chord: Chord, held: Voicing) -> Voicing:
    if figure.fifths:
        root = nearest(chord.root, figure.low + 4, figure.low, figure.high)
        return (root, root + chord.fifth - chord.root, root + 12)
    low, high = figure.low, figure.high
    return voicing(chord, held, low, high, voices=figure.voices, rootless=figure.rootless)


def play_arpeggio(figure: Arpeggio, form: Form, rng: Rng) -> Iterator[Note]:
    held: Voicing = ()
    heard: Chord | None = None
    order = rng.choice(figure.orders)
    length = int(figure.grid * form.step * figure.gate)
    for index, at in enumerate(range(0, form.final, figure.grid * form.step)):
        chord = form.chord_at(at)
        if chord != heard:
            held = voicing(chord, held, figure.low, figure.high, voices=figure.voices)
            heard = chord
        accent = 1.0 if at % (2 * BEAT) == 0 else 0.9 if at % BEAT == 0 else 0.75
        turn = index % (form.bar // (figure.grid * form.step))
        yield Note(at, length, held[order[turn % len(order)] % len(held)], accent)
    if form.final < form.end:
        chord = form.chord_at(form.final)
        for pitch in voicing(chord, held, figure.low, figure.high, voices=figure.voices):
            yield Note(form.final, form.end - form.final, pitch, 0.85)


def play_bass(figure: Bass, form: Form, rng: Rng) -> Iterator[Note]:
    last = (figure.low + figure.high) // 2
    for section in form.sections:
        choice = rng.branch(section.name)
        plain, varied = choice.choice(figure.rhythms), choice.choice(figure.rhythms)
        for bar in range(section.bars):
            start = (section.bar + bar) * form.bar
            for step in read_pattern(varied if bar % 4 == 3 else plain, form.meter.steps):
                at = start + step.start * form.step
                if at >= form.final:
                    break
                root = nearest(form.chord_at(at).root, last, figure.low, figure.high)
                ahead = form.chord_at(start + form.bar)
                pitch = _bass_tone(figure, step, root, form.chord_at(at), ahead)
                length = step.length * form.step * 11 // 12
                yield Note(at, length, pitch, _BASS_ACCENTS[step.mark])
                last = root
    yield from _last_root(form, last, figure.low, figure.high)


def _bass_tone(figure: Bass, step: Step, root: int, chord: Chord, ahead: Chord) -> int:
    match step.mark:
        case "o":
            return root + 12 if root + 12 <= figure.high + 7 else root
        case "f":
            return nearest(chord.fifth, root, figure.low, figure.high)
        case "a":
            goal = nearest(ahead.root, root, figure.low, figure.high)
            return goal - 1 if goal > figure.low else goal + 1
        case _:
            return root


def play_walk(figure: Walk, form: Form, rng: Rng) -> Iterator[Note]:
    low, high = figure.low, figure.high
    last = nearest(form.chord_at(0).root, (low + high) // 2 - 3, low, high)
    heard: Chord | None = None
    for beat, at in enumerate(range(0, form.final, BEAT)):
        chord, ahead = form.chord_at(at), form.chord_at(at + BEAT)
        choice = rng.branch(beat)
        if chord != heard or at % form.bar == 0:
            pitch = nearest(chord.root, last, low, high)
        elif ahead != chord or (at + BEAT) % form.bar == 0:
            goal = nearest(ahead.root, last, low, high)
            pitch = _walked((goal - 1, goal + 1, goal - 2, goal + 2), last, 1, figure, choice)
        else:
            tones = tuple(nearest(each, last, low, high) for each in chord.classes[:4])
            pitch = _walked(tones, last, 3, figure, choice)
        again = choice.chance(0.1)
        length = (BEAT - 2 * form.step) * 9 // 10 if again else BEAT * 19 // 20
        yield Note(at, length, pitch, 1.0 if beat % 2 else 0.9)
        if again:
            yield Note(at + BEAT - 2 * form.step, BEAT * 3 // 10, pitch, 0.5)
        last, heard = pitch, chord
    yield from _last_root(form, last, low, high)


def _walked(tones: tuple[int, ...], last: int, stride: int, figure: Walk, rng: Rng) -> int:
    """Choose, by chance, among tones that are about a stride away."""
    near = [tone for tone in tones if figure.low <= tone <= figure.high and tone != last]
    return min(near or [last], key=lambda tone: abs(abs(tone - last) - stride) + 3 * rng.unit())


def _last_root(form: Form, last: int, low: int, high: int) -> Iterator[Note]:
    if form.final < form.end:
        root = nearest(form.chord_at(form.final).root, last, low, high)
        yield Note(form.final, form.end - form.final, root, 1.0)
