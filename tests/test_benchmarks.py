"""The benchmarks say what they measured, and hold it against the goals as these are meant."""

from __future__ import annotations

import json
import resource
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import processes
from benchmarks.__main__ import GROUPS, measure
from benchmarks.figures import Figure, by_round
from benchmarks.goals import SLOPPY, Goal, goals, judge
from benchmarks.ground import Ground
from benchmarks.installed import Tools
from benchmarks.scale import FULL, SMALL, Scale
from benchmarks.table import machine, missed, table, to_json, told
from benchmarks.timing import Command, Failed, interleave, peak

TINY = Scale((2,), 0.1, (1, 1), 1, 4, 3, locks=(1, 2), rounds=1)
HERE = Tools(
    Path(sys.executable),
    {name: Path(path) for name in ("ninja", "make") if (path := shutil.which(name))},
    {"doit": "could not be installed"},
)
"""What is installed where the tests run; the benchmarks themselves install afresh."""


def figures(**values):
    """Return figures of one group, by the names `x/…`."""
    each = {f"x/{name}": value for name, value in values.items()}
    return {name: Figure(name, "ms", value) for name, value in each.items()}


def held(goal, **values):
    return judge(goal, figures(**values))


def python(code, says=""):
    return Command([sys.executable, "-c", code], Path.cwd(), says)


def test_a_run_of_the_smallest_size_measures_every_goal_of_its_groups(tmp_path):
    groups = ["start", "no-op", "memory", "transfers", "lock", "sketch"]
    found = measure(tmp_path, HERE, TINY, groups)
    verdicts = [judge(goal, found) for goal in goals(TINY)]
    data = json.loads(json.dumps(to_json(found, verdicts, machine(HERE))))
    assert set(data) == {"version", "machine", "figures", "goals"}
    beside = {processes.PASS, *processes.VERBS, *HERE.others}
    assert set(data["figures"]) == {
        *(f"start/{name}" for name in (processes.PASS, "--version", "--help")),
        *(f"no-op/{count}/{name}" for count in TINY.sizes for name in beside),
        *(f"memory/2/{name}" for name in (processes.PASS, "no-op", "comment in each track")),
        "transfers/push",
        "transfers/pull",
        "lock/1",
        "lock/2",
        "sketch/all styles",
    }
    for figure in data["figures"].values():
        assert set(figure) == {"unit", "median", "min", "max", "values", "cpu"}
        assert 0 < figure["min"] <= figure["median"] <= figure["max"]
    for goal in data["goals"]:
        measured = goal["ours"].split("/")[0] in groups
        assert (goal["value"] is not None) == measured == (goal["reached"] is not None)
    assert data["machine"]["missing"] == {"doit": "could not be installed"}
    assert data["machine"]["versions"]["musicbuild"].startswith("musicbuild ")
    assert "left out: doit (could not be installed)" in told(data["machine"])
    text = table(found, verdicts)
    assert all(f"\n{name} " in text for name in found)


def test_an_edit_is_planned_as_what_it_is_and_taken_back(tmp_path):
    ground = Ground(tmp_path, HERE)
    folder = ground.project(3, "edited")
    before = (folder / "musicbuild.yaml").read_bytes()
    edited = ground.edited(folder, processes.one_prompt, "1 track")
    (figure,) = interleave("x", {"edited": edited}, rounds=1, budget=0)
    assert (figure.name, len(figure.values)) == ("x/edited", 1)
    assert (folder / "musicbuild.yaml").read_bytes() == before
    assert folder == ground.project(3, "edited") != ground.project(3, "another")


def test_each_round_has_an_edit_of_its_own():
    text = 'tracks:\n  a:\n    title: A\n    prompt: "p"\n  b:\n    title: B\n    prompt: "q"\n'
    assert processes.written_again(text, 1) == text
    assert processes.comment_on_top(text, 1) == f"# edit 1\n{text}"
    assert processes.comment_in_each(text, 2).count("    # edit 2\n    title:") == 2
    assert processes.one_prompt(text, 3) == text.replace('"q"', '"edit 3, q"')


def test_commands_take_turns():
    seen = []
    commands = {
        name: replace(
            python("pass"),
            before=lambda number, name=name: seen.append((name, number)),
            after=seen.append,
        )
        for name in ("one", "other")
    }
    each = list(interleave("x", commands, rounds=2, budget=0))
    turns = [("one", 0), 0, ("other", 0), 0, ("one", 1), 1, ("other", 1), 1]
    assert seen[-8:] == turns
    assert [(one.name, len(one.values), len(one.cpu)) for one in each] == [
        ("x/one", 2, 2),
        ("x/other", 2, 2),
    ]


@pytest.mark.parametrize("code", ["print('hello')", "import sys; print('done'); sys.exit(3)"])
def test_a_command_that_does_something_else_is_not_timed(code):
    with pytest.raises(Failed, match=r"ended with [03], and said:\n(hello|done)"):
        list(interleave("x", {"one": python(code, "done")}, rounds=1, budget=0))


def test_a_command_that_fails_has_no_peak():
    with pytest.raises(Failed, match="ended with 3"):
        peak(python("raise SystemExit(3)"))


def test_the_peak_of_a_process_is_its_own_and_not_that_of_who_starts_it():
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = own / 1e6 if sys.platform == "darwin" else own * 1024 / 1e6
    small, large = peak(python("pass")), peak(python("b'x' * 50_000_000"))
    assert small < own
    assert small + 45 < large < small + 60


def test_at_most_so_many_times_the_median_of_another():
    goal = Goal("", "x/ours", 1.5, "x/other")
    verdict = held(goal, ours=[3, 9, 2], other=[2, 1, 2])
    assert (verdict.value, verdict.by_round, verdict.holds()) == (1.5, 1.5, True)
    assert not held(goal, ours=[4], other=[2]).holds()
    assert held(goal, ours=[6], other=[2]).holds(SLOPPY)
    assert not held(goal, ours=[6.1], other=[2]).holds(SLOPPY)


def test_at_least_so_much():
    goal = Goal("", "x/ours", 25, least=True)
    assert held(goal, ours=[25]).holds()
    assert not held(goal, ours=[24]).holds()
    assert held(goal, ours=[12.5]).holds(SLOPPY)
    assert not held(goal, ours=[12]).holds(SLOPPY)


def test_where_the_other_tool_is_missing_the_goal_is_held_against_another_figure():
    goal = Goal("", "x/ours", 1, "x/other", instead=("x/bare", 4))
    verdict = held(goal, ours=[5], bare=[1])
    assert (verdict.than, verdict.limit, verdict.value) == ("x/bare", 4, 5)
    assert not verdict.holds()
    assert held(goal, ours=[5], bare=[1], other=[5]).value == 1


def test_what_was_not_measured_is_left_out_and_missed_by_nobody():
    goal = Goal("something", "x/ours", 1, "x/other")
    for verdict in (held(goal, ours=[5]), held(goal, other=[5])):
        assert verdict.left_out
        assert missed([verdict], 1.0) == []
    assert "left out" in table(figures(ours=[5]), [held(goal, ours=[5])])


def test_what_is_missed_is_named_with_its_limit():
    goal, least = Goal("a", "x/ours", 1, "x/other"), Goal("b", "x/ours", 20, least=True)
    verdicts = [held(one, ours=[9], other=[3]) for one in (goal, least)]
    assert missed(verdicts, 1.0) == ["a: 3.00, and not <= 1 x other", "b: 9.00, and not >= 20"]
    assert missed(verdicts, 2.0) == ["a: 3.00, and not <= 2 x other", "b: 9.00, and not >= 10"]
    assert table(figures(ours=[9], other=[3]), verdicts).count("MISSED") == 2


def test_rounds_are_compared_only_where_they_were_had_by_turns():
    one, other = Figure("a/x", "ms", [4, 6]), Figure("a/y", "ms", [2, 2])
    assert by_round(one, other) == [2, 3]
    assert by_round(one, Figure("b/y", "ms", [2, 2])) == []
    assert by_round(one, Figure("a/y", "ms", [2])) == []


@pytest.mark.parametrize("scale", [FULL, SMALL, TINY])
def test_every_goal_belongs_to_a_group_that_can_be_measured(scale):
    found = list(goals(scale))
    assert {goal.ours.split("/")[0] for goal in found} <= set(GROUPS)
    assert len({(goal.what, goal.than) for goal in found}) == len(found)
