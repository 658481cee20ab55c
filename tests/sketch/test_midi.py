"""The notes as a MIDI file, read back by a library that isn't ours."""

from __future__ import annotations

import io
from itertools import accumulate

import mido
import pytest

from musicbuild.sketch.compose import write
from musicbuild.sketch.instruments import VOICES
from musicbuild.sketch.midi import PROGRAMS, midi
from musicbuild.sketch.score import BEAT

PROMPTS = {
    "lo-fi 80 BPM in D minor": (80, "4/4", "Dm"),
    "waltz, 102.5 BPM in Eb major": (102.5, "3/4", "Eb"),
    "celtic jig, 100 BPM in A major": (100, "6/8", "A"),
    "techno in F# minor": (None, "4/4", "F#m"),
    "metal, 150 BPM in G major": (150, "4/4", "G"),
}


def read(score):
    return mido.MidiFile(file=io.BytesIO(midi(score)))


def timed(track):
    """Give each message of a track with the tick at which it stands."""
    return zip(accumulate(message.time for message in track), track, strict=True)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_tempo_meter_and_key_are_those_of_the_piece(prompt):
    bpm, meter, key = PROMPTS[prompt]
    score = write(prompt, "20")
    file = read(score)
    found = {message.type: message for message in file.tracks[0]}
    counted = 1.5 if meter == "6/8" else 1  # quarters in a beat
    told = mido.tempo2bpm(found["set_tempo"].tempo) / counted
    assert told == pytest.approx(bpm or float(score.form.bpm), abs=0.001)
    signature = found["time_signature"]
    assert f"{signature.numerator}/{signature.denominator}" == meter
    assert found["key_signature"].key == key
    assert file.ticks_per_beat * counted == BEAT


@pytest.mark.parametrize("prompt", PROMPTS)
def test_every_note_is_there_and_none_besides(prompt):
    score = write(prompt, "20")
    _, *tracks = read(score).tracks
    assert [track.name for track in tracks] == [part.name for part in score.parts]
    for track, part in zip(tracks, score.parts, strict=True):
        sounded, ended = [], []
        for tick, message in timed(track):
            if message.type == "note_on":
                sounded.append((tick, message.note))
                assert message.channel == 9 or part.stem != "drums"
            elif message.type == "note_off":
                ended.append((tick, message.note))
        assert sorted(sounded) == sorted((note.start, note.pitch) for note in part.notes)
        ends = sorted((note.start + note.length, note.pitch) for note in part.notes)
        assert sorted(ended) == ends


def test_parts_have_channels_and_instruments_of_their_own():
    score = write("epic orchestral battle with choir and piano", "20")
    _, *tracks = read(score).tracks
    channels = [{m.channel for m in track if not m.is_meta} for track in tracks]
    assert all(len(each) == 1 for each in channels)
    assert len(set().union(*channels)) == len(tracks)
    for track, part in zip(tracks, score.parts, strict=True):
        programs = [m.program for m in track if m.type == "program_change"]
        assert programs == ([] if part.stem == "drums" else [PROGRAMS[part.voice]])


def test_sections_and_chords_are_marked():
    score = write("pop in C major, 120 BPM", "30")
    signs = list(timed(read(score).tracks[0]))
    bar = score.form.bar
    marked = [(tick, m.text) for tick, m in signs if m.type == "marker"]
    assert marked == [(section.bar * bar, section.name) for section in score.form.sections]
    chords = [(tick, m.text) for tick, m in signs if m.type == "text"]
    assert [tick for tick, _ in chords] == [span.start for span in score.form.chords]
    assert chords[-1][1].startswith("C")
    assert signs[-1][0] == score.form.end


def test_every_voice_has_a_program():
    assert PROGRAMS.keys() == VOICES.keys()
