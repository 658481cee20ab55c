"""What a stranger's change may do to manifest and lock: its price is told before it is paid."""

from __future__ import annotations

import json

import pytest
from gateway import Gateway
from projects import Project

ALBUM = """
    version: 1
    album: Nightfall
    budget: {tokens: 60}
    defaults: {model: musicgen}
    tracks:
      menu: {prompt: calm}
      boss: {prompt: loud}
      night: {prompt: dark}
"""


@pytest.fixture
def project(tmp_path):
    """An album of three tracks that were paid; nothing that a test does may cost more."""
    with Gateway() as gateway:
        project = Project(tmp_path, gateway).write(ALBUM)
        project.build(charges=["calm", "loud", "dark"])
        yield project
        assert len(gateway.charges) == 3


def change(project, change):
    lock = project.lock()
    change(lock["tracks"], lock["purchases"])
    project.put("musicbuild.lock", json.dumps(lock))


def refuses(project, code, *words, says):
    ran = project.run(*words)
    assert ran.code == code
    assert says in ran.err
    return ran.out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gen_attacker", "`gen_attacker` can't be had now: elumenta does not know it"),
        ("../../attacker", "`../../attacker` is no id of a generation at elumenta"),
        ("of another track", "now has other audio than was bought"),
    ],
)
def test_an_id_in_the_lock_brings_no_audio_but_what_was_bought(project, name, says):
    """The lock names no address: audio comes from the store, or by id, and has the digest."""

    def other(tracks, purchases):
        (menu, boss) = (purchases[tracks[track]["generate"]] for track in ("menu", "boss"))
        menu["generation"] = boss["generation"] if name == "of another track" else name

    change(project, other)
    (project.folder / "audio/menu.mp3").unlink()
    for stored in project.folder.glob(".musicbuild/store/objects/*/*"):
        stored.unlink()
    refuses(project, 7, "build", "--yes", says=says)
    assert not (project.folder / "audio/menu.mp3").exists()


@pytest.mark.parametrize("track", ["menu", "boss"])
def test_a_purchase_taken_out_of_the_lock_is_not_paid_again(project, track):
    change(project, lambda tracks, purchases: purchases.pop(tracks[track]["generate"]))
    out = project.plan().out
    assert "to pay: 9 tokens (1 track)   spent so far: 18   budget: 60" in out
    says = "the lock is not up to date, and `--locked` makes nothing"
    refuses(project, 3, "build", "--locked", "--yes", says=says)
    says = f"`musicbuild.lock` is damaged: `{track}` was made from a purchase that is not in it"
    refuses(project, 7, "build", "--yes", says=says)


def test_a_track_taken_out_of_the_lock_is_made_of_what_was_bought(project):
    change(project, lambda tracks, _: tracks.pop("menu"))
    assert "to pay: nothing   spent so far: 27 tokens   budget: 60" in project.plan().out
    project.build(
        charges=[],
        says="""
        mastered  menu   new, its music is at hand   free
        spent nothing   1 mastered, 2 up to date
        """,
    )


def test_what_a_change_would_cost_is_told_and_kept_within_the_budget(project):
    project.edit("calm}", "calmer}").edit("loud}", "loud, takes: 4}")
    says = "the lock is not up to date, and `--locked` makes nothing"
    out = refuses(project, 3, "build", "--locked", "--yes", says=says)
    assert out == project.plan().out
    assert out.endswith(
        " to pay: 36 tokens (2 tracks)   spent so far: 27   budget: 60   over the budget by"
        " 3 tokens\n"
    )
    refuses(project, 4, "build", "--yes", says="and its budget is 60; nothing was sent")


def test_a_budget_raised_in_the_manifest_does_not_lift_the_cap_of_a_run(project):
    project.edit("calm}", "calmer}").edit("tokens: 60", "tokens: 6000")
    refuses(project, 4, "build", "--max-cost", "8", "--yes", says="nothing was sent")
