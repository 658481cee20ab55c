"""`list`, `show`, `cost`, `models`: what is, without a key and without changing anything."""

from __future__ import annotations

import json
import re

from commands.folder import PAID

from musicbuild.spec import GenerateSpec

KEY = GenerateSpec("elumenta", "musicgen", "Old", 30).key


def test_list_says_where_each_track_stands(built):
    assert built.run("list").out == (
        " = menu    sketch-1  2 s  audio/menu.mp3    up to date\n"
        " = boss-1  sketch-1  2 s  audio/boss-1.mp3  up to date\n"
        " = boss-2  sketch-1  2 s  audio/boss-2.mp3  up to date\n"
    )
    assert built.run("list", "--label", "quiet").out.count("\n") == 1


def test_list_guesses_a_label(project):
    found = project.run("list", "--label", "quite")
    assert found.code == 2
    assert found.err == "error: no track has the label `quite`\nhint: did you mean `quiet`?\n"


def test_list_for_programs(project):
    tracks = project.run("list", "--json").envelope["data"]["tracks"]
    assert [(one["track"], one["title"], one["labels"]) for one in tracks] == [
        ("menu", "Menu", ["quiet"]),
        ("boss-1", "Boss 1", []),
        ("boss-2", "Boss 2", []),
    ]


def test_show_says_where_each_value_comes_from(project):
    found = project.run("show", "boss-2")
    assert found.code == 0
    assert (
        re.sub(r"[0-9a-f]{64}", "KEY", found.out)
        == """\
boss-2  Boss 2

 model       sketch                               built in
 duration    2                                    defaults, musicbuild.yaml:3
 title       Boss {{ phase }}                     track, musicbuild.yaml:11
 prompt      Driving, phase {{ phase }}, 150 BPM  track, musicbuild.yaml:9
 output      audio/{{ id }}.mp3                   built in
 takes       1                                    built in
 loop        no                                   built in
 formats     mp3                                  built in
 stems       no                                   built in
 labels                                           built in
 vars.phase  2                                    matrix, musicbuild.yaml:10

 prompt
   Driving, phase 2, 150 BPM

 music
   tempo     150 BPM, 4/4
   key       F minor
   chords    0:00 Fm
   sections  0:00 A
   heard     style neutral: no word named one; tempo: 150 as asked; drums: yes

 takes
   1  key KEY
      not made yet

 outputs
   audio/boss-2.mp3  its key is known once there is audio
      is not there

 plan  new
"""
    )


def test_show_tells_what_was_made(built):
    out = built.run("show", "menu").out
    assert "(the outputs are made from it)" in out
    assert "      audio .musicbuild/store/objects/" in out
    assert "      title " in out
    assert out.endswith("\n plan  up to date\n")
    data = built.run("show", "menu", "--json").envelope["data"]
    assert data["takes"][0]["key"] == data["locked"]["generate"]
    assert data["outputs"][0]["tags"]["title"] == "Menu"
    assert len(data["outputs"][0]["master_key"]) == 64
    lock = json.loads((built.root / "musicbuild.lock").read_text())
    locked = lock["tracks"]["menu"]["outputs"]["audio/menu.mp3"]
    assert data["outputs"][0]["master_key"] == locked["master"]


def test_show_guesses_a_track(project):
    found = project.run("show", "boss")
    assert found.code == 2
    assert found.err.startswith("error: there is no track `boss`\nhint: did you mean `boss-")
    assert project.run("show", "--json", "x").envelope["errors"][0]["hint"] == (
        "`musicbuild list` shows the tracks"
    )


def test_show_needs_a_track(project):
    found = project.run("show")
    assert found.code == 2
    assert found.err == (
        "error: missing argument `TRACK`\nhint: `musicbuild show --help` shows what it takes\n"
    )


def purchase(**changes):
    return {
        "provider": "elumenta",
        "model": "musicgen",
        "prompt": "Old",
        "duration": 30,
        "take": 1,
        "generation": "gen_1",
        "audio": "b" * 64,
        "bytes": 10,
        "seconds": 30.0,
        "cost": "9",
        "unit": "tokens",
        "bought": "2026-10-01T00:00:00Z",
        **changes,
    }


def test_cost_is_the_sum_of_the_lock(folder):
    lock = {"version": 1, "purchases": {KEY: purchase()}, "tracks": {}}
    folder.write(PAID + "budget: {tokens: 50}\n").write(json.dumps(lock), "musicbuild.lock")
    found = folder.run("cost")
    assert (found.code, found.err) == (0, "")
    assert (
        found.out
        == """\
spent so far: 9 tokens

by model
 elumenta/musicgen  9 tokens

by track
 (no track)  9 tokens

by month
 2026-10  9 tokens

bought, and used by no track
 2026-10-01  musicgen  30 s  9 tokens  Old

a build would add: 27 tokens
left of the budget: 41 tokens
"""
    )
    data = folder.run("cost", "--json").envelope["data"]
    assert data["spent"] == {"tokens": "9"}
    assert data["budget_left"] == {"tokens": "41"}
    assert [one["key"] for one in data["unused"]] == [KEY]


def test_cost_of_what_is_free_is_nothing(built):
    assert built.run("cost").out == "spent so far: nothing\n\na build would add: nothing\n"


def test_models_tell_limits_prices_and_where_they_are_from(run):
    found = run("models")
    assert found.code == 0
    lines = found.out.splitlines()
    assert lines[0].split() == ["model", "short", "name", "length", "price", "as", "of", "source"]
    assert any(line.startswith("elumenta/musicgen ") and "9 tokens" in line for line in lines)
    models = run("models", "--json").envelope["data"]["models"]
    named = {f"{one['provider']}/{one['model']}": one for one in models}
    assert named["elumenta/elevenlabs-music"]["price"] == {"tokens": "58"}
    assert named["sketch/sketch-1"]["price"] == {}
    assert named["sketch/sketch-1"]["short_name"] == "sketch"
