"""What goes wrong every day is told with its place and the way out, before anything is sent."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

HEAD = "version: 1\nalbum: Nightfall\ndefaults: {model: musicgen}\ntracks:\n"
ONE = "version: 1\ntracks: {theme: {model: musicgen, prompt: slow waltz}}\n"
RESTORE = "hint: restore it from version control: it holds what was paid for\n"
MERGE = (
    "error: `musicbuild.lock` holds an unresolved merge\n"
    "hint: `musicbuild git resolve` keeps the purchases and tracks of both sides\n"
)
NEWER = (
    "error: `musicbuild.lock` has version 2, and this musicbuild reads version 1\n"
    "hint: upgrade musicbuild: `pip install -U musicbuild`\n"
)


def refused(project, gateway, says: str, code: int = 2) -> None:
    """Build, plan, and build for a program: each tells the same, and sends and makes nothing."""
    says = dedent(says).lstrip()
    for words in (["build", "--yes"], ["plan"]):
        ran = project.run(*words)
        assert (ran.code, ran.out, ran.err) == (code, "", says)
    ran = project.run("build", "--yes", "--json")
    assert (ran.code, ran.err) == (code, "")
    (line,) = ran.events
    assert (line["event"], line["ok"], line["spent"]) == ("finished", False, {})
    assert [fact.pop("code") for fact in line["errors"]] == [code] * len(line["errors"])
    assert line["errors"] == facts(says)
    assert gateway.requests == []
    assert not (project.folder / "audio").exists()


def facts(told: str) -> list[dict[str, object]]:
    """Return what a person was told, as a program is told it."""
    found = []
    for block in re.findall(r"^error: .*(?:\n(?!error: ).*)*", told, re.MULTILINE):
        place = re.search(r"^ +--> (.+):(\d+):(\d+)$", block, re.MULTILINE)
        hint = re.search(r"^hint: (.*)$", block, re.MULTILINE)
        found.append(
            {
                "message": block.partition("\n")[0].removeprefix("error: "),
                "hint": hint[1] if hint else "",
                "file": place[1] if place else None,
                "line": int(place[2]) if place else None,
                "column": int(place[3]) if place else None,
            }
        )
    return found


def test_an_unknown_key(project, gateway):
    project.write(HEAD + "  boss:\n    prompt: doom\n    duratoin: 60\n")
    refused(
        project,
        gateway,
        """
        error: unknown key `duratoin` in track `boss`
         --> musicbuild.yaml:7:5
          |
        7 |     duratoin: 60
          |     ^^^^^^^^
        hint: did you mean `duration`?

        1 error in the manifest
        """,
    )


@pytest.mark.parametrize(("seconds", "under"), [("14", "^^"), ("121", "^^^")])
def test_a_duration_that_the_model_can_not_make(project, gateway, seconds, under):
    project.write(HEAD + f"  boss:\n    prompt: doom\n    duration: {seconds}\n")
    refused(
        project,
        gateway,
        f"""
        error: track `boss`: musicgen makes 15 to 120 seconds, not {seconds}
         --> musicbuild.yaml:7:15
          |
        7 |     duration: {seconds}
          |               {under}

        1 error in the manifest
        """,
    )


def test_a_part_of_a_second_where_the_model_has_whole_ones(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom, duration: 30.5}\n")
    refused(
        project,
        gateway,
        """
        error: track `boss`: musicgen makes whole seconds, not 30.5
         --> musicbuild.yaml:5:34
          |
        5 |   boss: {prompt: doom, duration: 30.5}
          |                                  ^^^^

        1 error in the manifest
        """,
    )


def test_a_key_that_stands_twice(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom}\n  boss: {prompt: gloom}\n")
    refused(
        project,
        gateway,
        """
        error: the key `boss` appears twice
         --> musicbuild.yaml:6:3
          |
        6 |   boss: {prompt: gloom}
          |   ^^^^
        hint: it is first on line 5

        1 error in the manifest
        """,
    )


def test_an_undefined_variable(project, gateway):
    project.write(HEAD + "  boss: {prompt: 'doom at {{ bmp }} BPM', vars: {bpm: 80}}\n")
    refused(
        project,
        gateway,
        """
        error: track `boss`: undefined variable `bmp`
         --> musicbuild.yaml:5:30
          |
        5 |   boss: {prompt: 'doom at {{ bmp }} BPM', vars: {bpm: 80}}
          |                              ^^^
        hint: did you mean `bpm`?

        1 error in the manifest
        """,
    )


def test_a_fault_of_a_template_in_a_line(project, gateway):
    project.write(HEAD + "  boss: {prompt: 'doom {{ 1 + }} end'}\n")
    refused(
        project,
        gateway,
        """
        error: track `boss`: unexpected `end of print statement`
         --> musicbuild.yaml:5:18
          |
        5 |   boss: {prompt: 'doom {{ 1 + }} end'}
          |                  ^^^^^^^^^^^^^^^^^^^^

        1 error in the manifest
        """,
    )


def test_a_fault_of_a_template_in_the_third_line_of_a_block(project, gateway):
    project.write(
        HEAD + "  boss:\n    prompt: |\n      slow drums\n      low brass\n"
        "      {% if %}choir{% endif %}\n"
    )
    refused(
        project,
        gateway,
        """
        error: track `boss`: expected an expression, got `end of statement block`
         --> musicbuild.yaml:9:7
          |
        9 |       {% if %}choir{% endif %}
          |       ^^^^^^^^^^^^^^^^^^^^^^^^

        1 error in the manifest
        """,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "{% if %}choir",
            """
            error: track `boss`: expected an expression, got `end of statement block`
             --> prompts/boss.j2:2:1
              |
            2 | {% if %}choir
              | ^^^^^^^^^^^^^

            1 error in the manifest
            """,
        ),
        (
            "{{ energy | lowder }} brass",
            """
            error: track `boss`: there is no filter `lowder`
             --> prompts/boss.j2:2:13
              |
            2 | {{ energy | lowder }} brass
              |             ^^^^^^
            hint: did you mean `lower`?

            1 error in the manifest
            """,
        ),
    ],
)
def test_a_fault_in_the_second_line_of_a_prompt_file(project, gateway, line, told):
    project.write(HEAD + "  boss: {prompt_file: boss.j2}\n")
    project.put("prompts/boss.j2", f"slow drums\n{line}\n")
    refused(project, gateway, told)


def test_a_prompt_file_that_is_not_there(project, gateway):
    project.write(HEAD + "  boss: {prompt_file: bos.j2}\n").put("prompts/boss.j2", "doom")
    ran = project.run("build", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(
        "error: track `boss`: there is no template `bos.j2` in `prompts/`\n"
        " --> musicbuild.yaml:5:23\n"
    )
    assert gateway.requests == []


def test_an_unknown_model(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom, model: musicgenn}\n")
    refused(
        project,
        gateway,
        """
        error: track `boss`: unknown model `musicgenn`
         --> musicbuild.yaml:5:31
          |
        5 |   boss: {prompt: doom, model: musicgenn}
          |                               ^^^^^^^^^
        hint: did you mean `musicgen`?

        1 error in the manifest
        """,
    )


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("../boss.mp3", "a path does not leave the manifest's folder by `..`"),
        ("/music/boss.mp3", "a path starts from the manifest's folder, not from `/`"),
        ("C:/music/boss.mp3", "a path starts from the manifest's folder, not from a drive"),
        (".git/boss.mp3", "`.git` is not a folder for music"),
        ("audio/boss.doc", "a file of the format `mp3` ends in `.mp3`"),
    ],
)
def test_an_output_that_must_not_be_written(project, gateway, output, why):
    project.write(HEAD + f"  boss:\n    prompt: doom\n    output: {output}\n")
    refused(
        project,
        gateway,
        f"""
        error: track `boss`: `{output}`: {why}
         --> musicbuild.yaml:7:13
          |
        7 |     output: {output}
          |             {"^" * len(output)}

        1 error in the manifest
        """,
    )
    assert [path.name for path in project.folder.iterdir()] == ["musicbuild.yaml"]
    assert not list(project.folder.parent.glob("*.mp3"))


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("audio/theme.mp3", "both write `audio/theme.mp3`"),
        (
            "audio/Theme.mp3",
            "write `audio/Theme.mp3` and `audio/theme.mp3`, one file on some systems",
        ),
    ],
)
def test_two_tracks_with_one_output(project, gateway, first, says):
    project.write(
        HEAD + f"  boss: {{prompt: doom, output: {first}}}\n"
        "  menu: {prompt: calm, output: audio/theme.mp3}\n"
    )
    refused(
        project,
        gateway,
        f"""
        error: the tracks `boss` and `menu` {says}
         --> musicbuild.yaml:6:32
          |
        6 |   menu: {{prompt: calm, output: audio/theme.mp3}}
          |                                ^^^^^^^^^^^^^^^
        hint: `boss` is at musicbuild.yaml:5:32

        1 error in the manifest
        """,
    )


def test_an_empty_manifest(project, gateway):
    project.write("")
    ran = project.run("build", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: the file is empty\n --> musicbuild.yaml:1:1\n  |\n1 |\n  | ^\n"
        "\n1 error in the manifest\n"
    )
    assert gateway.requests == []


def test_a_manifest_that_is_not_utf_8(project, gateway):
    project.put("musicbuild.yaml", b"version: 1\nalbum: N\xe4chte\ntracks: {a: {prompt: b}}\n")
    refused(
        project,
        gateway,
        """
        error: the file is not UTF-8
         --> musicbuild.yaml:2:9
          |
        2 | album: N\N{REPLACEMENT CHARACTER}chte
          |         ^
        hint: save the file as UTF-8 without a byte order mark

        1 error in the manifest
        """,
    )


def test_a_format_that_is_not_made(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom, formats: [oog]}\n")
    refused(
        project,
        gateway,
        """
        error: unknown format `oog`
         --> musicbuild.yaml:5:34
          |
        5 |   boss: {prompt: doom, formats: [oog]}
          |                                  ^^^
        hint: did you mean `ogg`?

        1 error in the manifest
        """,
    )


def test_a_bracket_that_is_not_closed(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom\n  menu: {prompt: calm}\n")
    refused(
        project,
        gateway,
        """
        error: this is not YAML: while parsing a flow mapping, did not find expected `,` or `}`
         --> musicbuild.yaml:6:7
          |
        6 |   menu: {prompt: calm}
          |       ^

        1 error in the manifest
        """,
    )


def test_a_manifest_of_a_later_version(project, gateway):
    project.write("version: 2\ntracks: {boss: {prompt: doom}}\n")
    refused(
        project,
        gateway,
        """
        error: unknown version 2 of the manifest
         --> musicbuild.yaml:1:10
          |
        1 | version: 2
          |          ^
        hint: this musicbuild reads version 1; a newer one may read it

        1 error in the manifest
        """,
    )


def test_several_errors_are_told_in_one_run(project, gateway):
    project.write(
        HEAD + "  boss: {prompt: doom, duration: 300}\n  menu: {prompt: calm, model: musicgenn}\n"
        "  end: {prompt: '{{ mood }}'}\n"
    )
    refused(
        project,
        gateway,
        """
        error: track `boss`: musicgen makes 15 to 120 seconds, not 300
         --> musicbuild.yaml:5:34
          |
        5 |   boss: {prompt: doom, duration: 300}
          |                                  ^^^

        error: track `menu`: unknown model `musicgenn`
         --> musicbuild.yaml:6:31
          |
        6 |   menu: {prompt: calm, model: musicgenn}
          |                               ^^^^^^^^^
        hint: did you mean `musicgen`?

        error: track `end`: undefined variable `mood`
         --> musicbuild.yaml:7:21
          |
        7 |   end: {prompt: '{{ mood }}'}
          |                     ^^^^

        3 errors in the manifest
        """,
    )


def test_a_manifest_is_judged_whole_even_if_one_track_is_wanted(project, gateway):
    project.write(HEAD + "  boss: {prompt: doom}\n  menu: {prompt: calm, duration: 300}\n")
    ran = project.build("boss", code=2, charges=[])
    assert ran.err.startswith("error: track `menu`: musicgen makes 15 to 120 seconds, not 300\n")
    assert gateway.requests == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda _: b"", "error: `musicbuild.lock` is empty\n" + RESTORE),
        (lambda good: good[:-30], r"error: `musicbuild.lock` is damaged: [^\n]+\n" + RESTORE),
        (lambda good: good[: len(good) // 2], r"error: .* is damaged: [^\n]+\n" + RESTORE),
        (
            lambda good: b"<<<<<<< HEAD\n" + good + b"=======\n" + good + b">>>>>>> other\n",
            MERGE,
        ),
        (
            lambda good: good.replace(b'"version": 1', b'"version": 2'),
            NEWER,
        ),
        (lambda _: b"\xff\xfe", "error: `musicbuild.lock` is not UTF-8\n" + RESTORE),
    ],
    ids=["empty", "end cut off", "half", "merge", "newer", "not UTF-8"],
)
def test_a_broken_lock_is_never_a_reason_to_pay(project, gateway, damage, says):
    project.write(ONE).build(charges=["slow waltz"])
    lock = project.folder / "musicbuild.lock"
    good, sent = lock.read_bytes(), len(gateway.requests)
    project.put("musicbuild.lock", damage(good))
    for words in (["build", "--yes"], ["plan"], ["check"], ["cost"]):
        ran = project.run(*words)
        assert (ran.code, ran.out) == (7, "")
        assert re.fullmatch(says, ran.err), ran.err
        told = project.run(*words, "--json").json
        assert [fact.pop("code") for fact in told["errors"]] == [7]
        assert told["errors"] == facts(ran.err)
    assert lock.read_bytes() == damage(good)
    assert len(gateway.requests) == sent
    project.put("musicbuild.lock", good)
    project.build(charges=[], says="spent nothing   1 up to date")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"slow waltz", b"fast waltz"),
        lambda text: text[:-3] + b"00\n",
        lambda text: b"{}\n" + text,
        lambda _: b"no record at all\n",
    ],
    ids=["other words", "other sum", "one line more", "no record"],
)
def test_a_damaged_journal_stops_every_order(project, gateway, damage):
    gateway.fault("post", "lost", queued=True, hidden_reads=1)
    project.write(ONE).build("--no-wait", code=6, charges=["slow waltz"])
    (record,) = project.journal()
    good, sent = record.read_bytes(), len(gateway.requests)
    record.write_bytes(damage(good))
    ran = project.build(code=7, charges=[])
    assert ran.out == ""
    assert ran.err == (
        f"error: the journal of payment `{record.stem}` is damaged, and it may have been charged\n"
        "hint: look at the provider's own history before you remove its file\n"
    )
    assert record.read_bytes() == damage(good)
    assert len(gateway.requests) == sent
    record.write_bytes(good)
    project.build(charges=[])
    assert (len(gateway.charges), project.journal()) == (1, [])
