"""`plan` and `check`: what would be done, and whether anything would."""

from __future__ import annotations

from commands.folder import PAID, TWO_TRACKS
from gateway import Gateway

NEW = """\
musicbuild plan  Nightfall  3 tracks

 + menu    musicgen  30 s   9 tokens   new
 + boss-1  musicgen  30 s   9 tokens   new
 + boss-2  musicgen  30 s   9 tokens   new

 to pay: 27 tokens (3 tracks)
"""


def test_a_plan_needs_no_key_and_no_network(folder):
    found = folder.write(PAID).run("plan")
    assert (found.code, found.out, found.err) == (0, NEW, "")
    assert not (folder.root / "musicbuild.lock").exists()


def test_a_plan_may_be_of_some_tracks(folder):
    folder.write(PAID)
    assert "2 tracks" in folder.run("plan", "boss-*").out
    assert "1 track\n" in folder.run("plan", "--label", "quiet").out
    assert "1 track\n" in folder.run("plan", "--exclude", "boss-*").out


def test_a_plan_may_fail_if_there_is_anything_to_do(project, built):
    assert project.run("plan", "--check").code == 3
    assert built.run("plan", "--check").code == 0


def test_a_draft_costs_nothing(folder):
    found = folder.write(PAID).run("plan", "--draft")
    assert " + menu    sketch-1  30 s   free   new, as a draft" in found.out
    assert " to pay: nothing" in found.out


def test_an_unknown_track_is_guessed(project):
    found = project.run("plan", "mennu")
    assert (found.code, found.out) == (2, "")
    assert found.err == "error: no track matches `mennu`\nhint: did you mean `menu`?\n"
    envelope = project.run("plan", "mennu", "--json").envelope
    assert envelope["errors"][0]["hint"] == "did you mean `menu`?"


def test_a_plan_for_programs(folder):
    envelope = folder.write(PAID).run("plan", "--json").envelope
    assert envelope["command"] == "plan"
    assert envelope["data"]["to_pay"] == {"tokens": "27"}
    assert [step["track"] for step in envelope["data"]["steps"]] == ["menu", "boss-1", "boss-2"]
    assert envelope["spent"] == {}


def test_a_plan_for_a_pull_request(folder):
    found = folder.write(PAID).run("plan", "menu", "--format", "markdown")
    assert (
        found.out
        == """\
### musicbuild plan: `Nightfall`

| | track | model | length | price | why |
|---|---|---|---:|---:|---|
| `+` | `menu` | `musicgen` | 30 s | 9 tokens | new |

**to pay: 9 tokens (1 track)**

<details><summary>prompt of <code>menu</code></summary>

```text
Calm, 80 BPM
```

</details>
"""
    )


def test_a_changed_prompt_is_shown(tmp_path, built, folder):
    import shutil

    shutil.copytree(built.root, folder.root, dirs_exist_ok=True)
    folder.write(TWO_TRACKS.replace("Calm, 80", "Calm, soft pads, 80"))
    assert (
        folder.run("plan").out
        == """\
musicbuild plan  Nightfall  3 tracks

 ~ menu    sketch-1  2 s   free   prompt changed
             - Calm, 80 BPM
             + Calm, soft pads, 80 BPM
 = 2 tracks up to date

 to pay: nothing
"""
    )


def test_a_balance_needs_a_key(folder):
    found = folder.write(PAID).run("plan", "--online")
    assert (found.code, found.out) == (5, "")
    assert "`ELUMENTA_API_KEY`" in found.err


def test_a_free_plan_asks_nobody_for_a_balance(project):
    assert project.run("plan", "--online").code == 0


def test_all_faults_of_a_manifest_are_told_at_once(folder):
    folder.write("version: 1\ntracks:\n  menu:\n    prompt: Calm\n    tempoo: 120\n    takes: 0\n")
    found = folder.run("plan")
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith(
        "error: unknown key `tempoo` in track `menu`\n --> musicbuild.yaml:5:5"
    )
    assert found.err.endswith("\n2 errors in the manifest\n")
    errors = folder.run("plan", "--json").envelope["errors"]
    assert [(one["file"], one["line"], one["code"]) for one in errors] == [
        ("musicbuild.yaml", 5, 2),
        ("musicbuild.yaml", 6, 2),
    ]


def test_a_warning_stops_nothing(folder):
    folder.write(TWO_TRACKS + "    vars: {unused: 1}\n")
    found = folder.run("plan")
    assert found.code == 0
    assert found.err.startswith("warning: ")
    assert folder.run("plan", "--quiet").err == ""
    assert len(folder.run("plan", "--json").envelope["warnings"]) == 1


def test_nothing_from_outside_reaches_the_terminal_unescaped(folder):
    folder.write('version: 1\nalbum: "a\\e]0;x\\a"\ntracks: {menu: {prompt: "b\\e[2J"}}\n')
    for arguments in (["plan"], ["plan", "--format", "markdown"], ["show", "menu"], ["list"]):
        found = folder.run(*arguments)
        assert "\x1b" not in found.out + found.err


def test_a_damaged_lock_is_no_reason_to_pay(folder):
    folder.write(PAID).write("{", "musicbuild.lock")
    found = folder.run("plan")
    assert (found.code, found.out) == (7, "")
    assert found.err.startswith("error: `musicbuild.lock` is damaged")


def test_check_says_in_one_line_that_all_is_well(built):
    found = built.run("check")
    assert (found.code, found.out, found.err) == (0, "3 tracks are up to date\n", "")
    assert built.run("check", "--json").envelope["ok"] is True


def test_check_shows_the_plan_if_not(folder):
    found = folder.write(PAID).run("check")
    assert (found.code, found.out) == (3, NEW)
    assert found.err == "error: 3 tracks are out of date\nhint: `musicbuild build` makes them\n"
    found = folder.run("check", "--json")
    assert found.code == 3
    assert len(found.envelope["data"]["steps"]) == 3


def test_a_plan_may_ask_for_the_balance(folder):
    with Gateway(balance=412) as gateway:
        found = folder.write(PAID).run("plan", "--online", **gateway.environment)
        assert (found.code, gateway.charges) == (0, [])
        assert found.out == NEW + " elumenta has 412 tokens left\n"
