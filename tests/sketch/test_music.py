"""Every style plays music: in time, in key, in range, with a form, at any length and any dice."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from statistics import mean

import pytest

from musicbuild.sketch import styles
from musicbuild.sketch.brief import read_prompt
from musicbuild.sketch.compose import cast, compose
from musicbuild.sketch.kits import KITS
from musicbuild.sketch.score import BEAT, DRUMS
from musicbuild.sketch.style import Bass, Beat, Melody, Pads, Walk
from musicbuild.sketch.theory import SCALES

RATE = 44100
STYLES = {
    **{style.name: style.name for style in styles.STYLES},
    "neutral": "a walk in the park",
}
SECONDS = (5, 17, 61)
SEEDS = (0, 1, 2)

# The degrees by which one hears the mode, in semitones above the tonic.
TELLING = {
    "major": {4, 11},
    "minor": {3, 8},
    "dorian": {3, 9},
    "phrygian": {1, 3},
    "lydian": {4, 6},
    "mixolydian": {4, 10},
}

every_style = pytest.mark.parametrize("style", STYLES)

# What can be played on each, as MIDI pitches, from the lowest string or key to a good player's top.
RANGES = {
    "808 bass": (24, 60),
    "accordion": (41, 93),
    "chip bass": (24, 60),
    "fiddle": (55, 100),
    "pulse": (36, 96),
    "reese": (24, 60),
    "square": (48, 96),
    "steel guitar": (40, 84),
    "bell": (60, 108),
    "brass": (40, 84),
    "choir": (40, 84),
    "distorted guitar": (38, 88),
    "double bass": (28, 60),
    "electric bass": (28, 67),
    "electric piano": (28, 103),
    "flute": (60, 96),
    "horn": (35, 77),
    "lead guitar": (40, 88),
    "low strings": (28, 64),
    "marimba": (45, 96),
    "nylon guitar": (40, 84),
    "organ": (36, 96),
    "pad": (36, 96),
    "piano": (21, 108),
    "pluck": (36, 96),
    "short strings": (36, 96),
    "strings": (36, 100),
    "sub": (24, 48),
    "synth bass": (24, 60),
    "synth lead": (48, 96),
    "timpani": (38, 57),
    "vibraphone": (53, 89),
}


@lru_cache(2000)
def score_of(prompt, seconds=30, *, take=1, seed=0, loop=False):
    length = round(Fraction(seconds) * RATE)
    return compose(read_prompt(prompt, length, RATE, take=take, seed=seed, loop=loop))


def pieces(style, more="", *, seconds=SECONDS, loops=(False, True)):
    for length, seed, loop in product(seconds, SEEDS[:2], loops):
        yield score_of(f"{STYLES[style]}{more}", length, seed=seed, loop=loop)


def tonal_parts(score):
    return [part for part in score.parts if part.voice not in KITS]


def tonal(score):
    return [note for part in tonal_parts(score) for note in part.notes]


def drums(score):
    return [note for part in score.parts if part.voice in KITS for note in part.notes]


def parts_of(score, *figures):
    names = {role.name for role in cast(score.brief) if isinstance(role.figure, figures)}
    return [part for part in score.parts if part.name in names]


def notes_of(score):
    return {(part.name, note.start, note.pitch) for part in score.parts for note in part.notes}


def likeness(one, other):
    return len(one & other) / len(one | other)


def bars_of(score):
    last = score.form.sections[-1]
    return last.bar + last.bars


def within(score, section, *, bars=None):
    """Return what is played in a section, the times counted from its beginning."""
    form = score.form
    first = section.bar * form.bar
    stop = min(form.final, first + (bars or section.bars) * form.bar)
    return [
        (part.name, note.start - first, note)
        for part in score.parts
        for note in part.notes
        if first <= note.start < stop
    ]


# -- the dice


@every_style
def test_equal_wishes_are_equal_scores(style):
    brief = score_of(STYLES[style], 30, seed=5).brief
    again = read_prompt(brief.prompt, brief.length, RATE, take=1, seed=5, loop=False)
    assert again == brief
    assert compose(again) == compose(brief)


@every_style
def test_takes_and_seeds_share_little(style):
    scores = [
        score_of(STYLES[style], 30, take=take, seed=seed) for take in (1, 2, 3) for seed in SEEDS
    ]
    for one, other in pairwise(scores):
        assert likeness(notes_of(one), notes_of(other)) < 0.6


def test_a_part_more_does_not_change_the_others():
    plain = {part.name: part for part in score_of("synthwave, 110 BPM", 30).parts}
    brief = score_of("synthwave, 110 BPM", 30).brief
    more = compose(replace(brief, drums=False))
    assert len(more.parts) == len(plain) - 1
    assert all(part == plain[part.name] for part in more.parts)


# -- what was asked for


@every_style
@pytest.mark.parametrize("bpm", ["60", "97.5", "121", "183"])
def test_a_tempo_is_kept(style, bpm):
    for score in pieces(style, f", {bpm} BPM", seconds=(5, 17), loops=(False,)):
        assert score.form.bpm == Fraction(bpm)
    for score in pieces(style, f", {bpm} BPM", seconds=(30,), loops=(True,)):
        assert abs(score.form.bpm / Fraction(bpm) - 1) <= Fraction(3, 100)
        beats = Fraction(score.brief.length, RATE) * score.form.bpm / 60
        assert beats * BEAT == score.form.end


@every_style
def test_a_free_tempo_is_in_the_range_of_its_style(style):
    for score in pieces(style):
        low, high = score.brief.style.tempo
        slack = Fraction(1, 2) if score.brief.length < 20 * RATE else Fraction(3, 100)
        bend = slack if score.brief.loop else 0
        assert low * (1 - bend) <= score.form.bpm <= high * (1 + bend)


@every_style
@pytest.mark.parametrize(
    ("words", "low", "high"), [("very slow", 52, 60), ("slow", 66, 76), ("fast", 146, 156)]
)
def test_a_word_for_the_tempo_is_kept(style, words, low, high):
    for seed in SEEDS:
        form = score_of(f"{words} {STYLES[style]}", 30, seed=seed).form
        # Six-eight counts dotted quarters.
        assert (
            low
            <= form.bpm * form.meter.parts / (4 if form.meter.beats > 2 else Fraction(9, 2))
            <= high
        )


@every_style
@pytest.mark.parametrize("mode", SCALES)
def test_a_key_is_kept_in_every_mode(style, mode):
    heard = set()
    for seed in range(5):
        score = score_of(f"{STYLES[style]} in F# {mode}", 30, seed=seed)
        assert score.brief.key == f"F# {mode}"
        degrees = [(note.pitch - 6) % 12 for note in tonal(score)]
        assert mean(degree in SCALES[mode] for degree in degrees) >= 0.8
        heard.update(degrees)
    assert heard >= TELLING[mode]


@every_style
def test_a_waltz_is_in_three(style):
    for score in pieces(style, " waltz"):
        form = score.form
        assert form.bar == 3 * BEAT
        for span in form.chords[:-1]:
            assert span.start % BEAT == 0
        starts = {note.start for part in score.parts for note in part.notes}
        assert starts >= set(range(0, form.final, form.bar))


@every_style
@pytest.mark.parametrize(
    ("word", "beats", "eighths"), [("6/8", 2, 3), ("jig", 2, 3), ("3/4", 3, 2)]
)
def test_a_bar_has_the_beats_of_its_meter(style, word, beats, eighths):
    """Every bar is begun, and what is struck between the beats falls on their sixteenths."""
    for score in pieces(style, f" {word}", seconds=(17,)):
        form = score.form
        assert form.bar == beats * BEAT
        starts = {note.start for part in score.parts for note in part.notes}
        assert starts >= set(range(0, form.final, form.bar))
        assert all(start % (BEAT // (2 * eighths)) == 0 for start in starts)
        assert {start % form.bar for start in starts} - {0}


def test_a_waltz_goes_one_two_three_and_a_jig_in_threes():
    for prompt, kicks, snares in (
        ("rock waltz", {0, 4}, {2, 4}),
        ("rock in 6/8", {0, 3, 5}, {3}),
    ):
        score = score_of(prompt, 30)
        eighth = 2 * score.form.step
        strong = [note for note in drums(score) if note.velocity > 0.5]
        for drum, places in (("kick", kicks), ("snare", snares)):
            struck = Counter(
                note.start % score.form.bar // eighth
                for note in strong
                if note.pitch == DRUMS[drum] and note.start % eighth == 0
            )
            assert places >= {place for place, often in struck.items() if often > 4} > set()


def test_six_eight_is_counted_in_dotted_quarters():
    score = score_of("rock in 6/8, 72 BPM", 30)
    assert (score.form.bpm, score.form.bar) == (72, 2 * BEAT)
    for seed in SEEDS:
        assert 93 <= score_of("rock in 6/8", 30, seed=seed).form.bpm <= 111


@every_style
def test_chords_change_on_beats(style):
    for score in pieces(style):
        for one, other in pairwise(score.form.chords):
            assert other.start == one.start + one.length
            assert other.start % BEAT == 0


@every_style
def test_drums_play_if_and_only_if_they_are_asked_for(style):
    for score in pieces(style, seconds=(17, 30)):
        assert bool(drums(score)) is score.brief.style.drums
    for score in pieces(style, ", no drums"):
        assert not drums(score)
        assert tonal(score)
    for score in pieces(style, " with drums", seconds=(17, 30)):
        assert drums(score)


@pytest.mark.parametrize(
    ("prompt", "silent"),
    [
        ("rock, no guitar", {"distorted guitar", "lead guitar", "nylon guitar"}),
        ("rock without guitars", {"distorted guitar", "lead guitar", "nylon guitar"}),
        ("rock, no electric guitar", {"distorted guitar", "lead guitar"}),
        ("rock, no bass", {"electric bass"}),
        ("jazz, no bass", {"double bass"}),
        ("orchestral, no strings", {"strings", "low strings", "short strings"}),
        ("orchestral without brass", {"brass", "horn"}),
        ("a walk in the park, no piano or flute", {"piano", "flute"}),
    ],
)
def test_a_family_that_is_denied_is_silent(prompt, silent):
    for seed in SEEDS:
        score = score_of(prompt, 30, seed=seed)
        assert not {part.voice for part in score.parts} & silent
        assert tonal(score)


def test_who_is_left_alone_plays_from_the_beginning():
    for prompt in (
        "calm rock, no guitar, no drums",
        "lo-fi, no rhodes, no electric piano, no drums",
    ):
        for seed in SEEDS:
            notes = tonal(score_of(prompt, 30, seed=seed))
            assert min(note.start for note in notes) == 0


def test_who_forbids_all_there_is_still_hears_a_piece():
    assert tonal(score_of("synthwave, no synth"))


@pytest.mark.parametrize("style", [*STYLES])
@pytest.mark.parametrize("voice", ["flute", "organ", "marimba", "choir", "violins", "trumpets"])
def test_an_instrument_asked_for_plays(style, voice):
    score = score_of(f"{STYLES[style]} with {voice}, energetic", 30)
    sounding = {"violins": "strings", "trumpets": "brass"}.get(voice, voice)
    played = [part for part in score.parts if part.voice == sounding]
    assert played
    low, high = RANGES[sounding]
    assert all(low <= note.pitch <= high for part in played for note in part.notes)


# -- notes


@every_style
def test_notes_are_inside_the_piece_and_on_the_instrument(style):
    for more in ("", " waltz", " with flute, harp, trumpet, cello, bells and organ"):
        for score in pieces(style, more):
            form = score.form
            for part in score.parts:
                for note in part.notes:
                    assert 0 <= note.start <= form.final
                    assert note.start < form.end
                    assert 0.05 < note.velocity <= 1
                    if part.voice in KITS:
                        assert note.pitch in DRUMS.values()
                    else:
                        low, high = RANGES[part.voice]
                        assert low <= note.pitch <= high, part.voice
                        assert note.start + note.length <= form.end


@every_style
def test_no_note_is_struck_twice_at_once(style):
    for seconds in (Fraction(1, 2), 2, 3, 4):
        for score in pieces(style, seconds=(seconds,)):
            for part in score.parts:
                struck = Counter((note.start, note.pitch) for note in part.notes)
                assert struck.total() == len(struck), part.name


@every_style
def test_who_plays_one_note_at_a_time_plays_one(style):
    for score in pieces(style):
        for part in parts_of(score, Melody, Bass, Walk):
            for one, other in pairwise(part.notes):
                assert one.start + one.length <= other.start


@every_style
def test_the_first_beat_is_heard(style):
    for score in pieces(style):
        assert min(note.start for part in score.parts for note in part.notes) == 0


# -- melody and harmony


@every_style
def test_the_melody_rests_on_chords(style):
    shares = []
    for score in (*pieces(style), *pieces(style, ", energetic"), *pieces(style, ", calm")):
        for part in parts_of(score, Melody):
            strong = [
                note.pitch % 12 in score.form.chord_at(note.start).classes
                for note in part.notes
                if note.start < score.form.final and note.start % score.form.bar in (0, 2 * BEAT)
            ]
            if strong:
                shares.append(mean(strong))
    assert mean(shares) >= 0.8
    assert min(shares) >= 0.6


@every_style
def test_the_melody_sings(style):
    """No leap beyond an octave, mostly small steps, three pitches or more."""
    moves = []
    for more in ("", ", calm", ", energetic", ", rising"):
        for score in pieces(style, more):
            for part in parts_of(score, Melody):
                moves += [abs(b.pitch - a.pitch) for a, b in pairwise(part.notes)]
                if not more and len(part.notes) > 12:
                    assert len({note.pitch for note in part.notes}) >= 3
    assert max(moves) <= 12
    assert mean(move <= 5 for move in moves) > 0.8


@every_style
def test_voices_move_little(style):
    moves = []
    for score in pieces(style, seconds=(30, 61)):
        for part in parts_of(score, Pads):
            chords = defaultdict(list)
            for note in part.notes:
                chords[note.start].append(note.pitch)
            voiced = [sorted(chords[start]) for start in sorted(chords)]
            assert len({len(each) for each in voiced}) == 1
            moves += [
                mean(abs(a - b) for a, b in zip(one, other, strict=True))
                for one, other in pairwise(voiced)
            ]
    assert not moves or mean(moves) <= 3


@every_style
def test_melody_and_bass_do_not_grate(style):
    """No minor second, nor any octave of it, for longer than a beat."""
    for score in (*pieces(style), *pieces(style, " in E phrygian")):
        for lead, bass in product(parts_of(score, Melody), parts_of(score, Bass, Walk)):
            for high, low in product(lead.notes, bass.notes):
                together = min(high.start + high.length, low.start + low.length) - max(
                    high.start, low.start
                )
                assert together <= BEAT or (high.pitch - low.pitch) % 12 != 1


@every_style
def test_the_bass_says_the_chord(style):
    for score in pieces(style):
        for part in parts_of(score, Bass, Walk):
            for note in part.notes:
                if note.start % score.form.bar == 0:
                    assert note.pitch % 12 == score.form.chord_at(note.start).root


@every_style
def test_a_piece_ends_at_home(style):
    for mode in SCALES:
        for score in pieces(style, f" in D {mode}", seconds=(5, 30), loops=(False,)):
            form, chord = score.form, score.form.chords[-1].chord
            assert chord.root == 2
            assert (3 in chord.intervals) is score.brief.minor
            last = [note for note in tonal(score) if note.start == form.final]
            assert 2 in {note.pitch % 12 for note in last}
            assert {note.pitch % 12 for note in last} <= set(chord.classes)
            assert max(note.start + note.length for note in last) == form.end
    for score in pieces(style, loops=(True,)):
        assert not [note for note in tonal(score) if note.start >= score.form.final]


# -- form


@every_style
def test_from_eight_bars_on_there_are_sections_that_differ(style):
    for score in pieces(style):
        form = score.form
        if bars_of(score) < 8:
            continue
        assert len(form.sections) >= 2
        heard = {
            section.name: {
                (name, at, note.pitch) for name, at, note in within(score, section, bars=4)
            }
            for section in form.sections
        }
        if "B" in heard:
            assert likeness(heard["A"], heard["B"]) < 0.75
        else:
            assert likeness(heard["A"], heard["intro"]) < 0.75


@every_style
def test_a_minute_has_a_verse_and_a_chorus(style):
    for score in pieces(style, seconds=(61,)):
        assert {"A", "B"} <= {section.name for section in score.form.sections}


@every_style
def test_energy_is_heard_as_density(style):
    """With the same dice, a calm piece has fewer notes and a lively one more."""
    counts = dict.fromkeys((-0.2, 0.0, 0.2), 0)
    for seed in range(6):
        brief = score_of(f"{STYLES[style]}, 110 BPM in C minor", 60, seed=seed).brief
        for shift in counts:
            energy = min(1.2, brief.energy + shift)
            score = compose(replace(brief, energy=energy))
            counts[shift] += len(tonal(score)) + len(drums(score))
    assert counts[-0.2] < counts[0.0] < counts[0.2]


@every_style
@pytest.mark.parametrize("word", ["rising", "crescendo"])
def test_what_builds_grows(style, word):
    for score in pieces(style, f", {word}", seconds=(17, 61), loops=(False,)):
        sections = score.form.sections
        intensities = [section.intensity for section in sections]
        assert intensities == sorted(intensities)
        if len(sections) > 1:
            assert intensities[-1] > intensities[0]
            first, last = (
                sum(note.velocity for _, _, note in within(score, section)) / section.bars
                for section in (sections[0], sections[-1])
            )
            assert last > first


@every_style
def test_what_comes_back_is_known_again(style):
    """Sections of one name have the same chords, and the melody the same rhythm."""
    score = score_of(STYLES[style], 120)
    form = score.form
    chords, rhythms = defaultdict(list), defaultdict(list)
    for section in form.sections:
        first = section.bar * form.bar
        bars = range(min(3, section.bars))
        chords[section.name].append([form.chord_at(first + bar * form.bar) for bar in bars])
        rhythms[section.name].append(
            {at for name, at, _ in within(score, section, bars=3) if name in {"lead", "theme"}}
        )
    assert any(len(each) > 1 for each in chords.values())
    for name, each in chords.items():
        assert all(one == each[0] for one in each), name
    for name, each in rhythms.items():
        heard = [one for one in each if one]
        for one, other in pairwise(heard):
            assert likeness(one, other) > 0.5, name  # a weak note may be left out by chance


@every_style
def test_a_fill_leads_into_the_next_section(style):
    """The last beat before a section is played otherwise than the one a bar before."""
    beat = next(
        role.figure
        for role in score_of(STYLES[style]).brief.style.roles
        if isinstance(role.figure, Beat)
    )
    score = score_of(f"{STYLES[style]} with drums", 61)
    if not beat.fills:
        return
    form, changed = score.form, 0
    for section in score.form.sections[1:]:
        before = section.bar * form.bar - BEAT
        played = [
            {
                (note.start - start, note.pitch)
                for note in drums(score)
                if start <= note.start < start + BEAT
            }
            for start in (before, before - form.bar)
        ]
        changed += played[0] != played[1]
    assert changed >= 1
