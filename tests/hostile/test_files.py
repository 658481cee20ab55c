"""Links, pipes, devices, endless files in a project: nothing is written outside, nothing hangs."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys

import pytest
from commands.folder import Folder

from musicbuild import durable, folders, lock, outputs, reading
from musicbuild.claim import claim
from musicbuild.clock import SystemClock
from musicbuild.delivery import Delivery
from musicbuild.errors import Claimed, IntegrityError
from musicbuild.hashing import digest_bytes, digest_file
from musicbuild.journal import Journal
from musicbuild.lock import Lock
from musicbuild.outputs import Tree
from musicbuild.records import check_records
from musicbuild.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")

ONE = "version: 1\ndefaults: {duration: 2}\ntracks: {a: {prompt: pads}}\n"
PAID = "version: 1\ndefaults: {duration: 30, model: musicgen}\ntracks: {a: {prompt: pads}}\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def victim(tmp_path):
    (tmp_path / "victim").mkdir()
    return tmp_path / "victim"


def everything(folder):
    """Return what is in a folder and in all below, with the bytes of the files."""
    return {
        path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }


# Outputs: a folder that becomes a link.


MOMENTS = {
    "when its folder is to be opened": (folders.Folder, "inner"),
    "when its folder is open": (outputs, "_found"),
    "when it is looked at": (reading.os, "fstat"),
    "when it is to be written": (durable.os, "write"),
    "when it is written": (durable.os, "fsync"),
    "when it is to be renamed": (durable.os, "replace"),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("act", ["deliver", "probe", "find", "read"])
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    root, victim, monkeypatch, moment, act
):
    (root / "out").mkdir()
    (root / "out/a.mp3").write_bytes(b"ours")
    (victim / "a.mp3").write_bytes(b"theirs")
    tree = Tree(root)
    where, name = MOMENTS[moment]
    call, swapped = getattr(where, name), []

    def first(*arguments, **more):
        if not swapped:
            swapped.append((root / "out").rename(root / "away"))
            (root / "out").symlink_to(victim)
        return call(*arguments, **more)

    monkeypatch.setattr(where, name, first)
    acts = {
        "deliver": lambda: tree.deliver("out/a.mp3", b"new", **ALWAYS),
        "probe": lambda: tree.probe("out/a.mp3", 1),
        "find": lambda: tree.find("out/a.mp3") == outputs.Found(digest_bytes(b"ours")),
        "read": lambda: tree.read("out/a.mp3") == b"ours",
    }
    try:
        assert acts[act]() in (None, True)
    except IntegrityError as error:
        assert str(error).startswith("`out/a.mp3` leads out of the manifest's folder by a link\n")
    assert everything(victim) == {victim / "a.mp3": b"theirs"}


TRIES = 1500

ALWAYS = {"ours": lambda _: True, "keep": lambda _: None}
NEVER = {"ours": lambda _: False, "keep": lambda _: None}

SWAP = """
import itertools, os, sys
folder, away, victim = sys.argv[1:]
print(flush=True)
for number in itertools.count():
    try:
        os.rename(folder, away + str(number))
        os.symlink(victim, folder)
    except OSError:
        pass
    try:
        os.unlink(folder)
    except OSError:
        pass
"""
"""Another process, which turns a folder into a link, time and again."""


def test_no_timing_writes_or_reads_outside(root, victim, monkeypatch):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)
    (root / "out").mkdir()
    (victim / "secret.mp3").write_bytes(b"theirs")
    theirs = outputs.Found(digest_bytes(b"theirs"))
    tree = Tree(root)
    words = [sys.executable, "-c", SWAP, root / "out", root / "away", victim]
    other = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        for number in range(TRIES):
            with contextlib.suppress(IntegrityError, OSError):
                tree.deliver(f"out/{number % 50}.mp3", b"%d" % number, **ALWAYS)
                tree.probe("out/a.mp3", 1)
            with contextlib.suppress(IntegrityError, OSError):
                assert tree.find("out/secret.mp3") != theirs
                assert tree.read("out/secret.mp3") != b"theirs"
    finally:
        other.kill()
        other.communicate()
    assert [path.name for path in victim.iterdir()] == ["secret.mp3"]
    assert len(list(root.glob("away*"))) > 1, "no race was run"


LINKS = {
    "within": ("out", "real", "real/a.mp3"),
    "within, two in a row": ("out", "next", "real/a.mp3"),
    "within, to a folder not yet made": ("out", "new", "new/a.mp3"),
    "out": ("out", "../victim", ""),
    "out, by two": ("out", "far", ""),
    "out, absolute": ("out", "/tmp", ""),
    "in a circle": ("out", "out", ""),
    "to the root": ("out", "/", ""),
    "to where git keeps its own": ("out", ".git/hooks", ""),
    "to our own records": ("out", ".musicbuild/store", ""),
}


@pytest.mark.parametrize("row", LINKS)
def test_a_link_to_a_folder_is_followed_within_the_project_alone(root, victim, row):
    name, target, lands = LINKS[row]
    for folder in ("real", ".git/hooks", ".musicbuild/store"):
        (root / folder).mkdir(parents=True)
    (root / "next").symlink_to("real")
    (root / "far").symlink_to("../victim")
    (root / name).symlink_to(target)
    tree = Tree(root)
    if lands:
        tree.deliver("out/a.mp3", b"new", **NEVER)
        assert (root / lands).read_bytes() == b"new"
        return
    for act in (
        lambda: tree.deliver("out/a.mp3", b"new", **ALWAYS),
        lambda: tree.probe("out/a.mp3", 1),
        lambda: tree.find("out/a.mp3"),
        lambda: tree.read("out/a.mp3"),
    ):
        with pytest.raises(IntegrityError, match=r"^`out/a.mp3` leads out of the manifest's"):
            act()
    assert everything(victim) == {}
    assert everything(root / ".git") == {root / ".git/hooks": None}


@pytest.mark.parametrize("held", [True, False], ids=["as here", "as on Windows"])
@pytest.mark.parametrize("lands", ["inside", "outside", "on a file"])
def test_where_no_folder_can_be_held_links_are_looked_for(root, victim, monkeypatch, held, lands):
    monkeypatch.setattr(folders, "HELD", held)
    monkeypatch.setattr(folders, "NO_LINK", folders.NO_LINK if held else 0)
    tree = Tree(root)
    match lands:
        case "inside":
            tree.deliver("out/deep/a.mp3", b"new", **NEVER)
            tree.probe("out/deep/a.mp3", 1)
            assert tree.read("out/deep/a.mp3") == b"new"
            (root / "out/deep/b.mp3").symlink_to("a.mp3")
            assert tree.read("out/deep/b.mp3") is None
        case "outside":
            (root / "out").symlink_to(victim)
            with pytest.raises(IntegrityError, match="by a link"):
                tree.deliver("out/a.mp3", b"new", **ALWAYS)
            assert everything(victim) == {}
        case "on a file":
            (root / "out").write_bytes(b"a file")
            assert tree.find("out/a.mp3") is None
            with pytest.raises(NotADirectoryError):
                tree.deliver("out/a.mp3", b"new", **ALWAYS)


def test_a_hard_link_to_an_output_keeps_its_bytes(root, tmp_path):
    other = tmp_path / "other.mp3"
    other.write_bytes(b"by hand")
    (root / "out").mkdir()
    (root / "out/a.mp3").hardlink_to(other)
    store = Store(root / ".musicbuild/store")
    Delivery(store, Tree(root), overwrite=True).put("out/a.mp3", b"new", ())
    assert other.read_bytes() == b"by hand"
    assert (root / "out/a.mp3").read_bytes() == b"new"
    assert store.get(digest_bytes(b"by hand")) == b"by hand"


# Our own records: no part of them is a link.

PARTS = [
    ".musicbuild",
    ".musicbuild/store",
    ".musicbuild/store/objects",
    ".musicbuild/store/objects/ab",
    ".musicbuild/journal",
    ".musicbuild/journal/failed",
    f".musicbuild/journal/failed/{'0' * 64}",
    ".musicbuild/journal/given-up",
    ".musicbuild/journal/reserve",
    ".musicbuild/journal/order.jsonl",
    ".musicbuild/trash",
    ".musicbuild/trash/2026-11-26T03-54-53Z",
    ".musicbuild/work",
    ".musicbuild/work/musicbuild-abcdefgh",
    ".musicbuild/claim",
    ".musicbuild/claim.json",
]


@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_our_records_may_be_a_link(root, victim, part):
    (root / part).parent.mkdir(parents=True, exist_ok=True)
    (root / part).symlink_to(victim)
    before = everything(root)
    with (
        pytest.raises(IntegrityError) as raised,
        claim(root / ".musicbuild", SystemClock()),
    ):
        raise AssertionError
    assert str(raised.value) == (
        f"`{part}` is a link, and our own records are kept in the project itself\n"
        "hint: look where it leads, remove it, and build again"
    )
    assert everything(victim) == {}
    assert everything(root) == before


def test_records_that_are_not_there_or_no_folder_are_no_links(root):
    check_records(root / ".musicbuild")
    (root / ".musicbuild").write_bytes(b"")
    check_records(root / ".musicbuild")


@pytest.mark.parametrize(
    "words", ["build", "build --draft", "recover", "plan", "verify", "prune --yes", "doctor"]
)
@pytest.mark.parametrize("part", [".musicbuild", ".musicbuild/journal"])
def test_no_command_writes_behind_a_link(root, victim, words, part):
    folder = Folder(root).write(ONE)
    (root / part).parent.mkdir(exist_ok=True)
    (root / part).symlink_to(victim)
    ran = folder.run(*words.split())
    assert ran.code in ({1, 5} if words == "doctor" else {7}), ran
    assert f"`{part}` is a link, and our own records are kept" in ran.err + ran.out
    assert everything(victim) == {}
    assert not (root / "audio").exists()


# Pipes, devices and endless files.


def _pipe(place):
    os.mkfifo(place)


def _socket(place):
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(place.parent):
        made.bind(place.name)  # which has a hundred bytes at most


def _sparse(place):
    place.touch()
    os.truncate(place, 1 << 40)


KINDS = {
    "a pipe": _pipe,
    "a socket": _socket,
    "a folder": lambda place: place.mkdir(),
    "a link to a device": lambda place: place.symlink_to("/dev/zero"),
    "a link to a terminal": lambda place: place.symlink_to("/dev/tty"),
    "a link to itself": lambda place: place.symlink_to(place.name),
    "a terabyte": _sparse,
}
DIGEST = digest_bytes(b"music")


def _says(call):
    with pytest.raises(IntegrityError) as raised:
        call()
    return raised.value.message


READERS = {
    "the lock": lambda root, place: _says(lambda: lock.load(place)),
    "the journal": lambda root, place: _says(Journal(root).payments),
    "an output, found": lambda root, place: _says(lambda: Tree(root).find(place.name)),
    "an output, read": lambda root, place: Tree(root).read(place.name) or "",
    "an output, replaced": lambda root, place: _says(
        lambda: Tree(root).deliver(place.name, b"new", **ALWAYS)
    ),
    "an object": lambda root, place: Store(root).get(DIGEST) or "",
    "an object, by verify": lambda root, place: _raises(lambda: digest_file(place)),
}


def _raises(call):
    with pytest.raises(OSError, match=r"is not a plain file|is larger than"):
        call()
    return ""


PLACES = {
    "the lock": "musicbuild.lock",
    "the journal": "order.jsonl",
    "an object": f"objects/{DIGEST[:2]}/{DIGEST[2:]}",
    "an object, by verify": "object",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_plain_file_is_neither_waited_for_nor_read(root, reader, kind):
    place = root / PLACES.get(reader, "a.mp3")
    place.parent.mkdir(parents=True, exist_ok=True)
    KINDS[kind](place)
    says = READERS[reader](root, place)
    expected = {
        "the lock": f"`{place.name}` is not a plain file",
        "the journal": "the journal of payment `order` is damaged, and it may have been charged",
        "an output, found": "`a.mp3` is not a plain file",
        "an output, replaced": "`a.mp3` is not a plain file",
    }
    wanted = expected.get(reader, "")
    if kind == "a terabyte":
        wanted = {
            "the lock": "`musicbuild.lock` is larger than 32 MiB",
            "an output, found": "`a.mp3` is larger than 512 MiB, and no output is",
            "an output, replaced": "`a.mp3` is larger than 512 MiB, and no output is",
        }.get(reader, wanted)
    assert says == wanted


def test_what_is_said_of_another_build_is_not_waited_for(root):
    with claim(root, SystemClock()):
        (root / "claim.json").unlink()
        os.mkfifo(root / "claim.json")
        with pytest.raises(Claimed, match=r"^another build of this project runs\n"):
            claim(root, SystemClock()).__enter__()


@pytest.mark.parametrize("where", ["musicbuild.lock", "audio/a.mp3", ".musicbuild/journal/x.jsonl"])
@pytest.mark.parametrize("kind", ["a pipe", "a link to a device"])
def test_a_plan_ends_at_once_whatever_lies_there(root, where, kind):
    folder = Folder(root).write(ONE)
    (root / where).parent.mkdir(parents=True, exist_ok=True)
    KINDS[kind](root / where)
    ran = folder.run("plan")
    assert (ran.code, ran.out) == (7, "")
    assert "internal" not in ran.err


def test_a_small_bound_is_told_in_kilobytes(root):
    (root / "file").write_bytes(bytes(5000))
    with pytest.raises(reading.TooLarge, match="is larger than 4 KiB"):
        reading.contents(root / "file", most=4096)


# The lock as a link.


def test_a_lock_that_is_a_dangling_link_is_replaced_and_never_followed(root, victim):
    folder = Folder(root).write(ONE)
    (root / "musicbuild.lock").symlink_to(victim / "new")
    assert folder.run("build").code == 0
    assert not (root / "musicbuild.lock").is_symlink()
    assert everything(victim) == {}
    assert folder.run("verify").code == 0


def test_a_lock_that_is_a_link_is_read_and_then_replaced(root, victim):
    lock.save(victim / "theirs", Lock())
    before = everything(victim)
    (root / "musicbuild.lock").symlink_to(victim / "theirs")
    assert lock.load(root / "musicbuild.lock") == Lock()
    lock.save(root / "musicbuild.lock", Lock())
    assert not (root / "musicbuild.lock").is_symlink()
    assert everything(victim) == before


# What `init` writes.


@pytest.mark.parametrize("name", ["prompts", ".musicbuild"])
def test_init_follows_no_link(root, victim, name):
    (root / name).symlink_to(victim)
    ran = Folder(root).run("init")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: `{name}` is a link\nhint: move it out of the way\n"
    assert everything(victim) == {}
    assert not (root / "musicbuild.yaml").exists()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_init_waits_for_no_list_of_what_git_ignores(root, make):
    make(root / ".gitignore")
    ran = Folder(root).run("init")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: `.gitignore` is not a plain file\nhint: move it out of the way\n"
    assert everything(root).keys() == {root / ".gitignore"}
