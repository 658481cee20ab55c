"""Branches that each bought music merge, and nobody pays for any of it again."""

from __future__ import annotations

import pytest
from repositories import Repository

HEAD = "version: 1\nalbum: Nightfall\ndefaults: {model: musicgen, duration: 15}\ntracks:\n"
THEME = "  theme: {prompt: slow waltz}\n"
BATTLE = "  battle: {prompt: fast march}\n"
RAIN = "  rain: {prompt: soft rain}\n"


@pytest.fixture
def repository(project):
    """The project's own folder as a repository, with git told how to merge."""
    found = Repository(project.folder)
    project.env |= {"PATH": found.env["PATH"]}
    project.write(HEAD + THEME).build(charges=["slow waltz"])
    return found.installed().commit(None)


def branches(project, repository, ours, theirs):
    """Build another manifest on each of two branches; the checkout keeps its store."""
    repository.git("checkout", "-q", "-b", "topic")
    project.write(theirs).build()
    repository.commit(None)
    repository.git("checkout", "-q", "main")
    project.write(ours).build()
    repository.commit(None)


def test_what_both_branches_bought_is_in_the_merged_lock(project, repository):
    branches(project, repository, HEAD + BATTLE + THEME, HEAD + THEME + RAIN)
    repository.git("merge", "-q", "--no-edit", "topic")
    assert project.run("check").code == 0
    project.build(charges=[])
    assert project.run("cost", "--json").json["data"]["spent"] == {"tokens": "27"}
    assert project.run("verify").code == 0


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_the_music_of_the_other_side_stays_bought(project, repository, side):
    wishes = {
        name: (HEAD + THEME).replace("slow", speed)
        for name, speed in {"ours": "quick", "theirs": "calm"}.items()
    }
    branches(project, repository, *wishes.values())
    repository.git("merge", "topic", code=1)
    assert project.run("build", "--yes").code == 2  # the manifest is in conflict too
    project.write(wishes[side])
    assert project.run("build", "--yes").code == 7
    assert project.run("git", "resolve", f"--{side}", "theme").code == 0
    repository.git("checkout", f"--{side}", "audio/theme.mp3")
    assert project.run("check").code == 0
    project.build(charges=[])
    for wish in wishes.values():
        project.write(wish).build(charges=[])
    assert project.run("cost", "--json").json["data"]["spent"] == {"tokens": "27"}


def test_one_wish_that_both_branches_paid_for_is_two_takes(project, repository):
    """As on two machines: neither has what the other bought."""
    repository.git("checkout", "-q", "-b", "topic")
    project.write(HEAD + THEME + RAIN).build(charges=["soft rain"])
    repository.commit(None)
    repository.git("checkout", "-q", "main")
    project.write(HEAD + THEME + RAIN).build(charges=["soft rain"])
    repository.commit(None)
    ran = repository.git("merge", "topic", code=1)
    assert "both sides edited `rain`" in ran.err
    ran = project.run("git", "resolve", "--ours", "rain")
    assert ran.code == 0
    assert " kept    1 of these was bought twice: it is one more take\n" in ran.out
    takes = [one["take"] for one in project.lock()["purchases"].values() if "rain" in one["prompt"]]
    assert sorted(takes) == [1, 2]
    repository.git("checkout", "--ours", "audio/rain.mp3")
    project.build(charges=[])
    assert project.run("cost", "--json").json["data"]["spent"] == {"tokens": "27"}
    project.edit("{prompt: soft rain}", "{prompt: soft rain, takes: 2}").build(charges=[])
    assert project.run("verify").code == 0
