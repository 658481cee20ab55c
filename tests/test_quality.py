"""What of a finished file is told to its author: each tolerance on both sides, each text whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from specimens import track as wish_for

from musicbuild.quality import differences, remarks
from musicbuild.spec import LoopWish, MasterSpec, Sound, Tags, Tolerances

AS_ASKED = {
    "samples": 1_323_000,
    "sample_rate": 44_100,
    "channels": 2,
    "sides": "stereo",
    "loudness": -16.0,
    "true_peak": -1.0,
    "silence": 0.02,
    "clipped": 0,
    "dc": 0.0001,
    "bpm": 120.0,
    "key": "F#m",
}
LEVELS = Sound(loudness=-16, true_peak=-1)
TAGS = Tags(bpm="120", key="F# minor")


def told(found=(), *, sound=LEVELS, tags=TAGS, part="", lossless=False, without=(), **tolerances):
    """Return what is said of a file of 30 seconds; `found` is where it is not as asked."""
    track = replace(wish_for(), qc=Tolerances(**tolerances))
    figures = {name: figure for name, figure in AS_ASKED.items() if name not in without}
    master = MasterSpec("ogg", tags, part=part, sound=sound, lossless=lossless)
    return list(remarks(track, master, figures | dict(found)))


def test_nothing_is_said_of_what_is_as_asked():
    assert told() == []


def test_nothing_is_said_of_what_was_not_measured():
    assert list(remarks(wish_for(), MasterSpec("ogg", TAGS, sound=LEVELS), {})) == []


def test_nothing_is_said_where_nothing_is_to_be_measured():
    assert told({"clipped": 9, "silence": 1.0}, measured=False) == []


def test_a_loop_that_is_less_than_half_is_told_unless_its_bars_were_asked_for():
    loop = Sound(loop=LoopWish())
    assert told(seconds(15), sound=loop) == []
    assert told(seconds(14.9), sound=loop) == [
        "its loop is 14.9 s long, of 30 s that were asked for"
    ]
    assert told(seconds(4), sound=Sound(loop=LoopWish(bars=2))) == []


def test_a_loudness_that_was_said_to_be_short_is_not_told_again():
    assert told({"loudness": -20.0, "short": 4.0}) == []


def test_whole_steps_of_gain_may_miss_the_loudness_by_half_of_one():
    assert told({"loudness": -16.7}, lossless=True) == []
    assert told({"loudness": -16.8}, lossless=True) == [
        "it is at -16.8 LUFS, and -16 were asked for"
    ]


def seconds(count):
    return {"samples": round(count * 44_100)}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (seconds(31.5), None),
        (seconds(28.5), None),
        (seconds(31.6), "it is 31.6 s long, and 30 s were asked for"),
        (seconds(28.4), "it is 28.4 s long, and 30 s were asked for"),
        ({"true_peak": -0.7}, None),
        ({"true_peak": -0.6}, "its true peak is -0.6 dBTP, over -1"),
        ({"loudness": -16.5}, None),
        ({"loudness": -16.6}, "it is at -16.6 LUFS, and -16 were asked for"),
        ({"loudness": -15.4}, "it is at -15.4 LUFS, and -16 were asked for"),
        ({"silence": 0.5}, None),
        ({"silence": 0.51}, "51% of it is silence"),
        ({"clipped": 1}, "it is clipped in 1 place"),
        ({"clipped": 2}, "it is clipped in 2 places"),
        ({"dc": 0.01}, None),
        ({"dc": 0.011}, "it is off zero by 0.011 of full scale"),
        ({"bpm": 123.0}, None),
        ({"bpm": 241.0}, None),
        ({"bpm": 59.0}, None),
        ({"bpm": 124.0}, "its tempo is heard as 124 BPM, and its tag says 120"),
        ({"bpm": 90.0}, "its tempo is heard as 90 BPM, and its tag says 120"),
        ({"key": "Gbm"}, None),
        ({"key": "F#"}, "its key is heard as F#, and its tag says F#m"),
        ({"key": "Am"}, "its key is heard as Am, and its tag says F#m"),
    ],
    ids=str,
)
def test_what_is_off_by_more_than_its_tolerance_is_said(found, said):
    assert told(found) == ([said] if said else [])


@pytest.mark.parametrize(
    ("found", "tolerances", "is_said"),
    [
        (seconds(31.1), {"duration": 1.0}, True),
        (seconds(39), {"duration": 10.0}, False),
        ({"true_peak": -0.6}, {"true_peak": 0.5}, False),
        ({"loudness": -17}, {"loudness": 1.0}, False),
        ({"silence": 0.2}, {"silence": 0.1}, True),
        ({"clipped": 2}, {"clipping": 2}, False),
        ({"dc": 0.1}, {"dc": 0.2}, False),
        ({"bpm": 130.0}, {"bpm": 0.1}, False),
        ({"key": "C"}, {"key": False}, False),
    ],
    ids=str,
)
def test_the_tolerances_are_the_authors(found, tolerances, is_said):
    assert bool(told(found, **tolerances)) == is_said


def test_a_short_piece_may_be_off_by_a_second():
    track = wish_for()
    track = replace(track, generate=replace(track.generate, duration=5), qc=Tolerances())
    master = MasterSpec("ogg", Tags())
    for length, said in ((6, []), (6.1, ["it is 6.1 s long, and 5 s were asked for"])):
        assert list(remarks(track, master, AS_ASKED | seconds(length))) == said


@pytest.mark.parametrize("sound", [Sound(loop=LoopWish()), Sound(trim=-60)])
def test_a_loop_and_a_trimmed_piece_have_a_length_of_their_own(sound):
    assert told(seconds(16), sound=sound) == []


def test_levels_that_were_not_asked_for_are_not_compared():
    assert told({"loudness": -3, "true_peak": 2}, sound=Sound()) == []
    assert told({"loudness": -3, "true_peak": -1}, sound=Sound(true_peak=-1)) == []


def test_silence_has_neither_loudness_nor_peak():
    said = "it has no loudness that could be measured: it is silent, or too short"
    assert told(without=("loudness", "true_peak", "bpm", "key")) == [said]
    assert told(without=("loudness", "true_peak"), sound=Sound()) == []


def test_figures_that_are_not_there_are_not_compared():
    assert told(without=("silence", "clipped", "dc", "bpm", "key")) == []


@pytest.mark.parametrize("tags", [Tags(), Tags(key="in H"), Tags(bpm="", key="Phrygian")])
def test_music_is_compared_only_with_tags_that_can_be(tags):
    assert told({"bpm": 90.0, "key": "C"}, tags=tags) == []


@pytest.mark.parametrize("key", ["Db", "C#", "C sharp major", "D♭"])
def test_a_key_of_two_names_is_one(key):
    assert told({"key": "Db"}, tags=Tags(key=key)) == []
    assert told({"key": "D"}, tags=Tags(key=key)) != []


def test_keys_of_one_place_on_a_piano_are_one():
    for heard, tagged in (("B", "Cb"), ("C", "B#"), ("F", "E#"), ("Em", "Fbm")):
        assert told({"key": heard}, tags=Tags(key=tagged)) == []


def test_of_a_stem_only_the_length_and_clipping_are_looked_at():
    amiss = {"loudness": -40, "true_peak": 1, "silence": 0.9, "clipped": 3, "bpm": 77.0}
    assert told(amiss, part="drums") == ["it is clipped in 3 places"]
    said = "it is 10.0 s long, and 30 s were asked for"
    assert told(amiss | seconds(10), part="drums") == [said, "it is clipped in 3 places"]


def test_all_is_said_at_once():
    assert len(told({**seconds(9), "true_peak": 0, "loudness": -9, "silence": 1, "bpm": 1.0})) == 5


# -- against the lock


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, []),
        ({"samples": 44_100}, ["the length was 1323000 samples and is 44100 samples"]),
        ({"loudness": -16.5}, []),
        ({"loudness": -16.51}, ["the loudness was -16 LUFS and is -16.51 LUFS"]),
        ({"loudness": None}, ["the loudness was -16 LUFS and is nothing"]),
        ({"true_peak": -1.3}, []),
        ({"true_peak": -0.5}, ["the true peak was -1 dBTP and is -0.5 dBTP"]),
        ({"bpm": 3.0, "silence": 1.0}, []),
    ],
    ids=str,
)
def test_a_file_that_is_not_as_the_lock_has_it_is_told(found, said):
    now = {name: one for name, one in (AS_ASKED | found).items() if one is not None}
    assert list(differences(AS_ASKED, now, Tolerances())) == said


def test_what_the_lock_does_not_know_is_not_compared():
    assert list(differences({}, AS_ASKED, Tolerances())) == []


def test_a_file_that_could_not_be_measured_differs_in_all():
    assert len(list(differences(AS_ASKED, {}, Tolerances()))) == 3
