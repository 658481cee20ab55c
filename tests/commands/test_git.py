"""`musicbuild git`: real repositories, in which branches that each bought tracks are merged."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from repositories import DRIVER, MANIFEST, Repository
from specimens import purchase, spec

from musicbuild.cost import total
from musicbuild.hashing import digest_bytes
from musicbuild.lock import Lock, LockedOutput, LockedTrack, dump
from musicbuild.lock.merge import merge
from musicbuild.lock.sides import read_side, split

DIGESTS = [digest_bytes(bytes([number])) for number in range(4)]


def track(edit=0, name="menu", wish=None):
    wish = wish or spec(name)
    output = LockedOutput(DIGESTS[0], DIGESTS[edit], DIGESTS[0])
    return LockedTrack(wish.key, wish.take, {f"audio/{name}.mp3": output}, {"title": name})


def lock(*bought, **tracks):
    """Hold purchases by their prompts, and tracks by the number of their edit."""
    wishes = [spec(prompt) for prompt in bought]
    return Lock(
        {wish.key: purchase(wish) for wish in wishes},
        {name: track(edit, name) for name, edit in tracks.items()},
    )


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "a game")


BASE = lock("boss", "menu", boss=0, menu=0)
OURS = lock("boss", "menu", "arena", boss=0, menu=1, arena=0)
THEIRS = lock("boss", "menu", "zen", boss=0, menu=0, zen=0)
UNITED = lock("boss", "menu", "arena", "zen", boss=0, menu=1, arena=0, zen=0)
BESIDE = lock("boss", "menu", "aria", boss=0, menu=0, aria=0)
EDITED = lock("boss", "menu", "zen", boss=0, menu=2, zen=0)
"""What branches did to the base: `BESIDE` adds a track where ours does, `EDITED` edits the menu."""


FINAL = {**UNITED.tracks, "boss": track(3, "boss"), "zen": track(3, "zen")}


# Installing.


def test_installing_tells_git_once(repository):
    ran = repository.run("git", "install")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        " wrote  .gitattributes\n"
        " wrote  .gitignore\n"
        " wrote  merge.musicbuild.name in the settings of this clone\n"
        " wrote  merge.musicbuild.driver in the settings of this clone\n"
        "\n"
        " git merges `musicbuild.lock` by its entries now, in this clone\n"
        " git takes no merge driver from a repository: run `musicbuild git install` in each clone\n"
    )
    files = {path: path.read_bytes() for path in repository.root.glob(".git?*")}
    assert files == {
        repository.root / ".gitattributes": b"musicbuild.lock merge=musicbuild text eol=lf\n",
        repository.root / ".gitignore": b".musicbuild/\n",
    }
    assert repository.git("config", "--local", "merge.musicbuild.driver").out == f"{DRIVER}\n"
    config = (repository.root / ".git" / "config").read_bytes()
    again = repository.run("git", "install")
    assert (again.code, again.out.splitlines()[0]) == (0, " there already, nothing was changed")
    assert config == (repository.root / ".git" / "config").read_bytes()
    assert files == {path: path.read_bytes() for path in files}


def test_what_others_wrote_stays_and_uninstalling_takes_back_our_own(repository):
    attributes, ignores = repository.root / ".gitattributes", repository.root / ".gitignore"
    attributes.write_bytes(b"*.mp3 filter=lfs\r\n*.yaml text")
    ignores.write_bytes(b"/.musicbuild\n")
    repository.installed()
    assert attributes.read_bytes() == (
        b"*.mp3 filter=lfs\r\n*.yaml text\nmusicbuild.lock merge=musicbuild text eol=lf\n"
    )
    assert ignores.read_bytes() == b"/.musicbuild\n"
    ran = repository.run("git", "install", "--uninstall")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        " took out  .gitattributes\n"
        " took out  merge.musicbuild.name in the settings of this clone\n"
        " took out  merge.musicbuild.driver in the settings of this clone\n"
        "\n"
        " git merges `musicbuild.lock` as plain text again\n"
    )
    assert attributes.read_bytes() == b"*.mp3 filter=lfs\r\n*.yaml text\n"
    repository.git("config", "--local", "merge.musicbuild.driver", code=1)
    again = repository.run("git", "install", "--uninstall", "--json").envelope
    assert (again["command"], again["data"]) == (
        "git install",
        {"installed": False, "changed": []},
    )


def test_attributes_that_were_ours_alone_go(repository):
    repository.installed().run("git", "install", "--uninstall")
    assert not (repository.root / ".gitattributes").exists()


def test_each_project_of_a_repository_has_its_own_lines(tmp_path):
    repository = Repository(tmp_path / "all games", "games/one")
    deep = repository.project / "audio"
    deep.mkdir()
    ran = repository.run("git", "install", "--json", cwd=deep)
    assert ran.envelope["data"]["changed"][0].endswith("/games/one/.gitattributes")
    assert (repository.project / ".gitattributes").exists()
    assert not (repository.root / ".gitattributes").exists()
    repository.branches(BASE, OURS, THEIRS).git("merge", "-q", "topic")
    assert repository.lock == UNITED


@pytest.mark.parametrize("words", [["git", "install"], ["git", "install", "--uninstall"]])
def test_without_a_repository_there_is_nothing_to_tell(folder, words):
    ran = folder.write(MANIFEST).run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"error: `{folder.root}` is in no git repository\n"
        "hint: `git init` makes one; start it there\n"
    )


def test_without_git_there_is_one_error(repository):
    ran = repository.run("git", "install", PATH=str(repository.root / "nowhere"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: git is not installed\n"
        "hint: install it, or put it on the `PATH`; one in the project itself is never run\n"
    )


def test_an_empty_folder_is_told_how_to_begin(folder):
    for command in ("install", "resolve"):
        ran = folder.run("git", command)
        assert (ran.code, ran.out) == (2, "")
        assert "hint: `musicbuild init` writes one\n" in ran.err


def test_a_link_in_the_way_is_not_followed(repository, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"x\n")
    (repository.root / ".gitattributes").symlink_to(tmp_path / "elsewhere")
    ran = repository.run("git", "install")
    assert ran.code == 2
    assert ran.err == (
        "error: `.gitattributes` is not a plain file\nhint: move it out of the way\n"
    )
    assert (tmp_path / "elsewhere").read_bytes() == b"x\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["instal"], "error: unknown command `instal`\nhint: did you mean `install`?\n"),
        (
            ["xyzzy"],
            "error: unknown command `xyzzy`\nhint: `musicbuild git --help` lists the commands\n",
        ),
        (
            ["install", "--uninstal"],
            "error: unknown option `--uninstal`\nhint: did you mean `--uninstall`?\n",
        ),
        (
            ["resolve", "--ours"],
            (
                "error: option `--ours` requires an argument\n"
                "hint: `musicbuild git resolve --help` shows what it takes\n"
            ),
        ),
    ],
)
def test_a_typo_is_guessed(repository, words, says):
    ran = repository.run("git", *words)
    assert (ran.code, ran.out, ran.err) == (2, "", says)


def test_the_group_alone_shows_its_help_and_hides_what_git_calls(repository):
    ran = repository.run("git")
    assert (ran.code, ran.out) == (2, "")
    assert "  install  " in ran.err
    assert "merge-driver" not in ran.err
    done = repository.run(
        _MUSICBUILD_COMPLETE="bash_complete", COMP_WORDS="musicbuild git ", COMP_CWORD="2"
    )
    assert done.out.split() == ["plain,install", "plain,resolve"]


# Merging.


def test_two_branches_that_each_bought_tracks_merge(repository):
    repository.installed().branches(BASE, OURS, THEIRS)
    repository.git("merge", "-q", "--no-edit", "topic")
    assert repository.data == dump(UNITED)
    assert repository.lock.spent == {"tokens": 36}
    assert repository.git("status", "--short").out == ""


def test_two_branches_rebase_and_pick_alike(repository):
    repository.installed().branches(BASE, OURS, THEIRS)
    repository.git("checkout", "-q", "-b", "picked")
    repository.git("cherry-pick", "topic")
    assert repository.data == dump(UNITED)
    repository.git("checkout", "-q", "topic")
    repository.git("rebase", "-q", "main")
    assert repository.data == dump(UNITED)
    repository.git("revert", "--no-edit", "HEAD")
    assert repository.lock.purchases == OURS.purchases


def test_branches_that_merged_each_other_merge_again(repository):
    """Git merges their two bases first, with the driver as well: in conflict, in this case."""
    repository.installed().branches(BASE, OURS, EDITED).git("branch", "was-main")
    for branch, other, name in (("main", "topic", "boss"), ("topic", "was-main", "zen")):
        repository.git("checkout", "-q", branch)
        repository.git("merge", "-q", other, code=1)
        assert repository.run("git", "resolve", "--ours", "menu").code == 0
        repository.commit(None)
        edited = {**repository.lock.tracks, name: track(3, name)}
        repository.commit(Lock(repository.lock.purchases, edited))
    bases = repository.git("merge-base", "--all", "main", "topic").out.split()
    assert len(bases) == 2
    ran = repository.git("merge", "main", code=1)
    assert "both sides edited `menu`" in ran.err
    sides = split(repository.data)
    assert sides.ours == dump(Lock(UNITED.purchases, {**FINAL, "menu": track(2)}))
    assert sides.theirs == dump(Lock(UNITED.purchases, {**FINAL, "menu": track(1)}))


def test_a_track_edited_on_both_sides_is_left_to_a_person(repository):
    repository.installed().branches(BASE, OURS, EDITED)
    ran = repository.git("merge", "topic", code=1)
    assert (
        "error: `musicbuild.lock`: both sides edited `menu`\n"
        "hint: `musicbuild git resolve` shows both, and takes what you choose\n"
    ) in ran.err
    sides = split(repository.data)
    assert (sides.ours, sides.theirs) == (
        dump(UNITED),
        dump(Lock(UNITED.purchases, {**UNITED.tracks, "menu": track(2)})),
    )
    for words in (["plan"], ["build", "--yes"]):
        refused = repository.run(*words)
        assert refused.code == 7
        assert refused.err == (
            "error: `musicbuild.lock` holds an unresolved merge\n"
            "hint: `musicbuild git resolve` keeps the purchases and tracks of both sides\n"
        )


SHOWN = f"""\
 kept    4 purchases of both sides (1 in ours alone, 1 in theirs alone)
 choose  menu: edited on both sides
         ours    audio/menu.mp3: {DIGESTS[1]:.12}
         theirs  audio/menu.mp3: {DIGESTS[2]:.12}
"""


@pytest.mark.parametrize("style", ["driver", "merge", "diff3", "zdiff3", "crlf", "whole", "text"])
def test_a_conflict_is_shown_and_chosen(repository, style):
    """Whoever wrote the marks, and also where all that is left is the text."""
    if style == "driver":
        repository.installed()
    elif style in {"diff3", "zdiff3", "merge"}:
        repository.git("config", "merge.conflictStyle", style)
    repository.branches(BASE, OURS, EDITED)
    repository.git("merge", "topic", code=1)
    if style == "crlf":
        repository.path.write_bytes(repository.data.replace(b"\n", b"\r\n"))
    if style in {"whole", "text"}:
        repository.git("merge", "--abort")
        text = b"<<<<<<< a\n%s||||||| b\n%s=======\n%s>>>>>>> c\n"
        repository.path.write_bytes(text % (dump(OURS), dump(BASE), dump(EDITED)))
    if style == "text":
        (repository.root / ".git").rename(repository.root.parent / "gone")
    before = repository.data
    ran = repository.run("git", "resolve")
    assert (ran.code, ran.out) == (1, SHOWN)
    assert ran.err == (
        "error: 1 track was edited on both sides; nothing was written\n"
        "hint: choose a side of each: `musicbuild git resolve --ours menu`, or `--theirs`\n"
    )
    assert repository.data == before
    told = repository.run("git", "resolve", "--json").envelope
    assert told["data"]["purchases"] == {"all": 4, "both": 2, "ours": 1, "theirs": 1, "twice": 0}
    (shown,) = told["data"]["conflicts"]
    assert shown["track"] == "menu"
    assert shown["theirs"]["outputs"]["audio/menu.mp3"]["digest"] == DIGESTS[2]
    ran = repository.run("git", "resolve", "--theirs", "menu")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        " kept    4 purchases of both sides (1 in ours alone, 1 in theirs alone)\n"
        " chosen  menu: theirs\n"
        " wrote   musicbuild.lock: `git add` it now\n"
    )
    wanted = Lock(UNITED.purchases, {**UNITED.tracks, "menu": track(2)})
    assert repository.data == dump(wanted)
    again = repository.run("git", "resolve")
    assert (again.code, again.out) == (
        0,
        " sound  `musicbuild.lock` holds no unresolved merge\n",
    )
    assert repository.data == dump(wanted)


def test_a_merge_by_text_that_conflicts_in_nothing_is_mended_unasked(repository):
    repository.branches(BASE, OURS, BESIDE).git("merge", "topic", code=1)
    ran = repository.run("git", "resolve")
    assert (ran.code, ran.err) == (0, "")
    assert repository.lock == Lock(
        {**OURS.purchases, **BESIDE.purchases}, {**OURS.tracks, "aria": track(0, "aria")}
    )


def test_two_edits_that_git_has_mixed_are_taken_apart_again(repository):
    """Lines of one edit beside those of the other would say of an output what it never was."""
    wish, sound = spec("menu"), {"samples": 1, "sample_rate": 1, "channels": 1, "silence": 0}

    def edit(number, loudness, title):
        figures = {**sound, "sides": "mono", "loudness": loudness, "true_peak": -1}
        made = LockedOutput(DIGESTS[0], DIGESTS[number], DIGESTS[0], measured=figures)
        menu = LockedTrack(wish.key, 1, {"a.mp3": made}, {"title": title})
        return Lock({wish.key: purchase(wish)}, {"menu": menu})

    base, ours, theirs = edit(0, -16, "Menu"), edit(1, -14, "Menu"), edit(2, -16, "Main")
    repository.branches(base, ours, theirs).git("merge", "topic", code=1)
    assert split(repository.data).theirs not in {dump(ours), dump(theirs)}
    assert repository.run("git", "resolve", "--theirs", "menu").code == 0
    assert repository.lock == theirs


def test_what_is_told_of_each_side(repository):
    """A track that both bought, one that a side took out, one that both edited apart."""
    wish = spec("menu")
    older, newer = (
        purchase(wish, generation=name, bought=f"2026-11-2{name}T00:00:00Z") for name in "34"
    )
    whole = track(0, "zen")
    tags, draft = ({**whole.tags, "bpm": "80"}, True)
    joined = [
        LockedTrack(whole.generate, 1, whole.outputs, *more)
        for more in ((tags,), ({"title": "zen"}, draft))
    ]
    base = Lock({}, {"boss": track(0, "boss"), "zen": whole})
    ours = Lock({wish.key: newer}, {"menu": track(1), "zen": joined[0]})
    theirs = Lock({wish.key: older}, {"boss": track(1, "boss"), "menu": track(2), "zen": joined[1]})
    repository.branches(base, ours, theirs).git("merge", "topic", code=1)
    assert repository.run("git", "resolve").out == (
        " kept    2 purchases of both sides (1 in ours alone, 1 in theirs alone)\n"
        " kept    1 of these was bought twice: it is one more take\n"
        " joined  zen: edited on both sides\n"
        " choose  boss: edited on both sides\n"
        "         ours    taken out of the lock\n"
        "         theirs  take: 1\n"
        "                 draft: no\n"
        "                 tag title: boss\n"
        f"                 audio/boss.mp3: {DIGESTS[1]:.12}\n"
        " choose  menu: edited on both sides\n"
        "         ours    take: 2\n"
        "                 bought: 2026-11-24T00:00:00Z, 9 tokens\n"
        f"                 audio/menu.mp3: {DIGESTS[1]:.12}\n"
        "         theirs  take: 1\n"
        "                 bought: 2026-11-23T00:00:00Z, 9 tokens\n"
        f"                 audio/menu.mp3: {DIGESTS[2]:.12}\n"
    )
    ran = repository.run("git", "resolve", "--ours", "boss", "--theirs", "m*")
    assert (ran.code, ran.err) == (0, "")
    assert {name: one.take for name, one in repository.lock.tracks.items()} == {"menu": 1, "zen": 1}
    assert repository.lock.spent == {"tokens": 18}


def test_what_was_chosen_by_hand_stays_chosen(repository):
    base, ours, theirs = (lock("boss", "zen", boss=edit, zen=edit) for edit in (0, 1, 2))
    repository.installed().branches(base, ours, theirs).git("merge", "topic", code=1)
    text = repository.data.decode()
    first = text.index("<<<<<<<")
    region = text[first : text.index("theirs\n", first) + len("theirs\n")]
    assert '"boss"' in region
    mended = region.partition("=======\n")[2].removesuffix(">>>>>>> theirs\n")
    entries = mended.split('  "zen": {')
    assert len(entries) == 2  # both tracks stand side by side, and so between the same marks
    kept = region.replace(region.partition('  "zen"')[0], f"{entries[0]}<<<<<<< ours\n", 1)
    kept = kept.replace(f"=======\n{entries[0]}", "=======\n")
    repository.path.write_text(text.replace(region, kept))
    ran = repository.run("git", "resolve", "--ours", "zen")
    assert (ran.code, ran.err) == (0, "")
    assert repository.lock.tracks == {"boss": track(2, "boss"), "zen": track(1, "zen")}


def test_a_purchase_that_only_the_text_has_is_kept(repository):
    repository.installed().branches(BASE, OURS, EDITED).git("merge", "topic", code=1)
    one = dump(lock("only here")).decode().partition('"purchases": {\n')[2].partition("\n }")[0]
    text = repository.data.decode().replace('"purchases": {\n', f'"purchases": {{\n{one},\n', 1)
    repository.path.write_text(text)
    assert repository.run("git", "resolve", "--ours", "menu").code == 0
    assert repository.lock.purchases == {**UNITED.purchases, **lock("only here").purchases}


def test_a_driver_that_could_not_be_started_loses_nothing(repository):
    """Git leaves ours in the file then, whole and without marks; theirs is in the index."""
    repository.installed().branches(BASE, OURS, THEIRS)
    repository.git("config", "merge.musicbuild.driver", "no-such-program %O %A %B %P")
    repository.git("merge", "topic", code=1)
    assert repository.lock == OURS
    assert repository.run("git", "resolve").code == 0
    assert repository.data == dump(UNITED)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--ours", "mneu"], "error: `mneu` is in no conflict\nhint: did you mean `menu`?\n"),
        (
            ["--theirs", "boss"],
            "error: `boss` is in no conflict\nhint: `musicbuild git resolve` lists the conflicts\n",
        ),
        (
            ["--theirs", "*", "--ours", "menu"],
            "error: `--ours` and `--theirs` were both said of `menu`\n",
        ),
    ],
)
def test_a_choice_of_nothing_is_refused(repository, words, says):
    repository.branches(BASE, OURS, EDITED).git("merge", "topic", code=1)
    before = repository.data
    ran = repository.run("git", "resolve", *words)
    assert (ran.code, ran.out, ran.err) == (2, "", says)
    assert repository.data == before


def test_a_build_that_runs_keeps_its_lock(repository):
    repository.branches(BASE, OURS, BESIDE).git("merge", "topic", code=1)
    before = repository.data
    (repository.project / ".musicbuild").mkdir()
    holder = (
        "import sys; from pathlib import Path; from musicbuild.claim import claim;"
        "from musicbuild.clock import SystemClock\n"
        "with claim(Path('.musicbuild'), SystemClock()):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        cwd=repository.project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout.readline() == b"held\n"
        ran = repository.run("git", "resolve")
        running.stdin.close()
        assert running.wait() == 0
    assert ran.code == 8
    assert repository.data == before
    assert repository.run("git", "resolve").code == 0


# What can't be read.

NEWER = dump(OURS).replace(b'"version": 1', b'"version": 2')


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"{\n", "is damaged: "),
        (b"", "is empty"),
        (NEWER, "has version 2, and this musicbuild reads version 1"),
        (dump(THEIRS).replace(b'"take": 1', b'"take": 2', 1), "is damaged: purchase `"),
        (b"\xff\0\n" * 99, "is not UTF-8"),
    ],
    ids=["damaged", "empty", "newer", "wrong key", "binary"],
)
@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_a_side_that_cannot_be_read_is_merged_as_text(repository, broken, says, side):
    sides = (broken, EDITED) if side == "ours" else (OURS, broken)
    repository.installed().branches(BASE, *sides)
    ran = repository.git("merge", "topic", code=1)
    assert f"error: merged as plain text: `musicbuild.lock, {side}` {says}" in ran.err
    assert repository.git("status", "--short").out == "UU musicbuild.lock\n"
    good = dump(EDITED if side == "ours" else OURS)
    for part in (good, broken):
        lines = [line for line in part.splitlines() if line.strip()]
        assert {*lines} - {*dump(BASE).splitlines()} <= {*repository.data.splitlines()}
    resolve = repository.run("git", "resolve")
    assert (resolve.code, resolve.out) == (7, "")
    assert resolve.err.startswith("error: `musicbuild.lock")


def test_a_file_that_git_will_not_merge_as_text_has_both_sides_whole(repository):
    broken = b"\0" * 3
    repository.installed().branches(BASE, OURS, broken).git("merge", "topic", code=1)
    assert repository.data == b"<<<<<<< ours\n%s=======\n\0\0\0\n>>>>>>> theirs\n" % dump(OURS)


def driven(repository, base, ours, theirs, **env):
    """Call the driver as git does, with files in the folder; return what ran and the result."""
    paths = []
    for name, data in (("O 1", base), ("A 1", ours), ("B 1", theirs)):
        paths.append(repository.root / name)
        paths[-1].write_bytes(data if isinstance(data, bytes) else dump(data))
    names = [path.name for path in paths]
    ran = repository.run(
        "git", "merge-driver", *names, "musicbuild.lock", cwd=repository.root, **env
    )
    return ran, paths[1].read_bytes()


def test_the_driver_needs_no_git_and_minds_no_other_repository(repository, tmp_path):
    other = {"GIT_DIR": str(tmp_path / "none"), "GIT_WORK_TREE": "/", "PATH": ""}
    ran, merged = driven(repository, BASE, OURS, THEIRS, **other)
    assert (ran.code, ran.out, ran.err, merged) == (0, "", "", dump(UNITED))
    ran, merged = driven(repository, b"", OURS, b"{", **other)
    assert (ran.code, ran.out) == (1, "")
    assert merged == b"<<<<<<< ours\n%s=======\n{\n>>>>>>> theirs\n" % dump(OURS)
    ran, merged = driven(repository, b"{", dump(OURS).replace(b"\n", b"\r\n"), THEIRS)
    assert (ran.code, merged) == (1, merged)
    assert "both sides edited `menu`" in ran.err


def test_the_driver_takes_files_alone(repository):
    (repository.root / "A 1").mkdir()
    ran = repository.run("git", "merge-driver", "A 1", "A 1", "A 1", cwd=repository.root)
    assert ran.code == 1
    assert ran.err.startswith("error: ")


# Where there is nothing to mend.


def test_a_lock_without_a_merge_is_left_alone(repository):
    repository.commit(BASE)
    told = repository.run("git", "resolve", "--json").envelope
    assert (told["command"], told["data"]) == ("git resolve", {"unresolved": False})
    assert repository.data == dump(BASE)


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (
            None,
            2,
            (
                "error: there is no `musicbuild.lock` to mend\n"
                "hint: `git status` shows what is in conflict\n"
            ),
        ),
        (
            b"{",
            7,
            (
                "error: `musicbuild.lock` is damaged: Expecting property name enclosed in double"
                " quotes: line 1 column 2\n"
                "hint: restore it from version control: it holds what was paid for\n"
            ),
        ),
        (
            b"<<<<<<< ours\n{}\n=======\n",
            7,
            (
                "error: `musicbuild.lock` holds an unresolved merge\n"
                "hint: `musicbuild git resolve` keeps the purchases and tracks of both sides\n"
            ),
        ),
    ],
    ids=["none", "damaged", "half a mark"],
)
def test_what_cannot_be_mended_is_said(repository, data, code, says):
    if data is not None:
        repository.path.write_bytes(data)
    ran = repository.run("git", "resolve")
    assert (ran.code, ran.out, ran.err) == (code, "", says)


# What a doctor says.


def test_a_doctor_advises_to_install(repository):
    def advice():
        ran = repository.run("doctor", "--json")
        assert ran.code == 0
        found = json.loads(ran.out)["data"]["findings"]
        return [
            (one["health"], one["found"], one["hint"])
            for one in found
            if one["subject"] == "merges"
        ]

    assert advice() == []
    repository.commit(Lock())
    warning = (
        "warn",
        "git merges `musicbuild.lock` as plain text",
        "`musicbuild git install` has it merged by its entries, once in each clone",
    )
    assert advice() == [warning]
    repository.installed()
    assert advice() == [("ok", "git merges `musicbuild.lock` by its entries", "")]
    (repository.root / ".gitattributes").unlink()
    assert advice() == [warning]


# Any two branches.

PROMPTS = ["arena", "boss", "credits", "menu", "zen"]
ADDED = st.lists(
    st.tuples(st.sampled_from(PROMPTS), st.sampled_from("abc")),
    max_size=4,
    unique_by=lambda one: one[0],
)
EDITS = st.dictionaries(st.sampled_from(PROMPTS), st.integers(0, 3), max_size=4)
DROPPED = st.sets(st.sampled_from(PROMPTS), max_size=2)


def grown(before, added, edits, dropped):
    """Buy, edit and take out on one branch; a purchase of the base stays what it is."""
    purchases = {**before.purchases}
    for prompt, name in [*added, *((name, "e") for name in edits)]:
        purchases.setdefault(spec(prompt).key, purchase(spec(prompt), generation=name))
    tracks = {**before.tracks, **{name: track(edit, name) for name, edit in edits.items()}}
    return Lock(purchases, {name: one for name, one in tracks.items() if name not in dropped})


BRANCH = st.tuples(ADDED, EDITS, DROPPED)
NUMBERS = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return Repository(tmp_path_factory.mktemp("merges") / "one repository").installed()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BRANCH, BRANCH, BRANCH)
def test_any_two_branches_merge_either_way(shared, first, left, right):
    base = grown(Lock(), *first)
    sides = grown(base, *left), grown(base, *right)
    number = next(NUMBERS)
    names = [f"left-{number}", f"right-{number}"]
    shared.write(f"base-{number}", base, **dict(zip(names, sides, strict=True)))
    lock, conflicts = merged(shared, *names)
    check(base, *sides, lock, conflicts)
    other = merge(base, *sides[::-1])
    assert (other.lock, {one.track for one in other.conflicts}) == (lock, conflicts)


def merged(shared, ours, theirs):
    """Merge with real git; return the lock, without what is in conflict, and these tracks."""
    shared.git("checkout", "-q", "--force", "--detach", ours)
    ran = shared.call("git", "merge", "--no-edit", theirs)
    if not ran.code:
        return shared.lock, set()
    assert ran.code == 1
    _, names = ran.err.splitlines()[0].split(": both sides edited ")
    conflicts = {one.strip("`") for one in names.split(", ")}
    lock = read_side(split(shared.data).ours)
    rest = {name: one for name, one in lock.tracks.items() if name not in conflicts}
    return Lock(lock.purchases, rest), conflicts


def check(base, ours, theirs, lock, conflicts):
    known = [
        {(one.prompt, one.generation) for one in each.purchases.values()}
        for each in (lock, ours, theirs)
    ]
    assert known[0] == known[1] | known[2]
    assert len(known[0]) == len(lock.purchases)
    assert lock.spent == total(purchase(spec(prompt)).cost for prompt, _ in known[0])
    for name in PROMPTS:
        was, mine, yours = (told(each, name) for each in (base, ours, theirs))
        if yours in (mine, was):
            wanted = mine
        elif mine == was:
            wanted = yours
        else:
            assert name in conflicts
            continue
        assert name not in conflicts
        assert told(lock, name) == wanted


def told(lock, name):
    """Tell a track by what it was made from, under whatever key that stands."""
    one = lock.tracks.get(name)
    if one is None:
        return None
    made_from = lock.purchases.get(one.generate)
    return made_from and made_from.generation, one.outputs, one.tags
