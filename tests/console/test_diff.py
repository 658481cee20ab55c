"""Which part of two prompts is shown."""

from __future__ import annotations

from console.values import LOOK

from musicbuild.console.diff import diff
from musicbuild.console.look import Look


def test_a_long_prompt_is_cut_to_where_it_differs():
    before = "Calm and slow synthwave with soft pads and a warm round bass, 80 BPM, A minor key"
    after = before.replace("80 BPM", "90 BPM")
    assert diff(before, after, Look(width=50)) == [
        ("-", "… warm round bass, 80 BPM, A minor key"),
        ("+", "… warm round bass, 90 BPM, A minor key"),
    ]
    assert diff(before, after, Look(width=32)) == [
        ("-", "… warm round bass, 80 BPM, A …"),
        ("+", "… warm round bass, 90 BPM, A …"),
    ]
    assert diff(before, after, Look(width=50, verbose=True)) == [("-", before), ("+", after)]


def test_of_many_lines_only_those_that_differ_are_shown():
    before, after = "one\ntwo\nthree\nfour", "one\n2\nthree\nfour\nfive"
    assert diff(before, after, LOOK) == [("-", "two"), ("+", "2"), ("+", "five")]


def test_endless_prompts_are_compared_in_time():
    before, after = "\n".join("a" * 5000), "\n".join("b" * 5000)
    assert len(diff(before, after, LOOK)) == 10_000
