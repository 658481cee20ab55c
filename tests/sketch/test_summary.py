"""What a piece says of itself."""

from __future__ import annotations

from itertools import pairwise

import pytest

from musicbuild.sketch.compose import write
from musicbuild.sketch.summary import summarise
from musicbuild.sketch.theory import INTERVALS, Chord, chord_name


def test_a_piece_is_told_in_words_and_seconds():
    told = summarise(write("lo-fi with ukulele, 80 BPM in D minor, no drums", "30"))
    assert (told.bpm, told.key, told.meter) == (80, "D minor", "4/4")
    assert told.heard == ("style lo-fi: lo-fi", "tempo: 80 as asked", "drums: no")
    assert told.ignored == ("ukulele",)
    assert told.sections[0] == (0, "intro")
    assert told.chords[-1][1] == "Dm9"
    # Four beats of 80 a minute are three seconds.
    assert all(second % 3 == 0 for second, _ in (*told.chords, *told.sections))


@pytest.mark.parametrize("prompt", ["jazz", "waltz", "celtic jig", "epic orchestral", "techno"])
@pytest.mark.parametrize("loop", [False, True])
def test_marks_follow_each_other_within_the_piece(prompt, loop):
    told = summarise(write(prompt, "24.7", loop=loop))
    for marks in (told.chords, told.sections):
        seconds = [second for second, _ in marks]
        assert seconds[0] == 0
        assert seconds == sorted(set(seconds))
        assert seconds[-1] < 24.7
    names = [name for _, name in told.chords]
    assert all(one != other for one, other in pairwise(names))


def test_chords_have_names_of_their_own():
    names = {chord_name(Chord(root, tones)) for root in range(12) for tones in INTERVALS.values()}
    assert len(names) == 12 * len(INTERVALS)
    assert chord_name(Chord(10, INTERVALS["maj7"])) == "Bbmaj7"
