"""A hostile lock: it fills no memory, hides nothing, names no file outside, and buys nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from commands.folder import Folder
from effort import at_most
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import purchase, spec, track

from musicbuild import lock as locks
from musicbuild import pieces
from musicbuild.errors import IntegrityError
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.lock import Lock, LockedOutput, LockedTrack, dump, parse
from musicbuild.plan import tags_of
from musicbuild.quality import ALWAYS, LEVELS, OF_LOOPS
from musicbuild.store import Store
from musicbuild.trust import check_before_paying, growth, read_lock

ONE = "version: 1\ndefaults: {duration: 2}\ntracks: {a: {prompt: pads}}\n"
RESTORE = "hint: restore it from version control: it holds what was paid for"
NEWER = (
    "hint: upgrade musicbuild if a newer one wrote it: `pip install -U musicbuild`; else restore it"
)


def refused(data):
    with pytest.raises(IntegrityError) as raised:
        parse(data)
    assert raised.value.exit_code == 7
    return str(raised.value)


def large(count, text=""):
    """Return a lock of so many purchases, and a track with one output for each."""
    wishes = [spec(f"{text}{number}", options=(("seed", number),)) for number in range(count)]
    digests = [digest_bytes(b"%d" % number) for number in range(3)]
    return Lock(
        {wish.key: replace(purchase(wish), generation=f"gen_{wish.key}") for wish in wishes},
        {
            f"level-{number}": LockedTrack(
                wish.key, 1, {f"audio/{number}.mp3": LockedOutput(*digests)}, {"title": text}
            )
            for number, wish in enumerate(wishes)
        },
    )


# Memory.

LIMIT = 200 << 10
"""What a process that reads a hostile lock may have at most, in KiB."""

READ = """
import re, sys
from pathlib import Path
from musicbuild.errors import IntegrityError
from musicbuild.lock import load
try:
    load(Path(sys.argv[1]))
    print("accepted")
except IntegrityError as error:
    print(error.message)
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""

MOST = locks.LARGEST
WHOLE = b'{"version":1,"purchases":{},"tracks":{},"x":%s}'
AMID = b'{\n "purchases": {\n%s\n },\n "tracks": {},\n "version": 1\n}\n'
"""As a build writes it, with room for what would be entries."""


def filled(around, piece, *, size=MOST, end=b""):
    """Repeat a piece until there is no more room."""
    return around % (piece * ((size - len(around) - len(end)) // len(piece)) + end)


def numbered(size, text):
    """Return members of a mapping, no two of them alike."""
    return b",".join(text % number for number in range(size // (len(text) + 7)))


HEAVY = {
    "lists, as large as may be": lambda: filled(WHOLE, b"[],", size=MOST).replace(b",}", b"}"),
    "lists, in one piece": lambda: WHOLE % (b"[" + b"[]," * (pieces.LARGEST // 3 - 99) + b"[]]"),
    "mappings, in one piece": lambda: WHOLE % (b"[" + b"{}," * (pieces.LARGEST // 3 - 99) + b"{}]"),
    "a wide mapping": lambda: WHOLE % (b"{%s}" % numbered(pieces.LARGEST - 99, b'"%d":1')),
    "numbers": lambda: WHOLE % (b"[" + b"1.5," * (pieces.LARGEST // 4 - 99) + b"1]"),
    "one long text": lambda: WHOLE % (b'"' + b"a" * (MOST - 99) + b'"'),
    "deep": lambda: b"[" * MOST,
    "a long number": lambda: WHOLE % (b"9" * (pieces.LARGEST - 99)),
    "another version": lambda: filled(WHOLE, b"[],", size=MOST).replace(b'n":1', b'n":2'),
    "unknown keys between entries": lambda: filled(AMID, b'  "x": {\n   "y": 1\n  },\n'),
    "wide entries": lambda: filled(
        AMID, b'  "x": {%s\n  },\n' % numbered(pieces.LARGEST - 999, b'"%d":1')
    ),
    "entries of lists": lambda: filled(
        AMID, b'  "x": {"y": [%s[]]\n  },\n' % (b"[]," * (pieces.PIECE // 4))
    ),
    "wide characters": lambda: filled(
        AMID, b'  "x": {\n   "y": "\xf0\x9f\xa5\x81%s"\n  },\n' % (b"a" * 100_000)
    ),
    "nothing but space": lambda: b" " * MOST + b"{",
    "more than may be": lambda: b"{" * (MOST + 1),
}


@pytest.mark.skipif(sys.platform != "linux", reason="others count it in another way")
@pytest.mark.parametrize("row", HEAVY)
def test_a_hostile_lock_fills_no_memory(tmp_path, row):
    (tmp_path / "musicbuild.lock").write_bytes(HEAVY[row]())
    words = [sys.executable, "-c", READ, tmp_path / "musicbuild.lock"]
    said, most = subprocess.check_output(words, text=True).splitlines()
    assert said.startswith("`musicbuild.lock` ")
    assert len(said) < 300
    assert int(most) < LIMIT


def test_ten_thousand_purchases_and_tracks_have_half_the_room():
    size = len(dump(large(100, "Slow cinematic ambient pads with a distant piano. " * 6)))
    assert size / 100 * 10_000 < locks.LARGEST / 2


def test_a_lock_is_read_with_few_calls_for_an_entry(tmp_path):
    lock = large(500)
    locks.save(tmp_path / "lock", lock)
    with at_most(calls=500 * 200):
        assert read_lock(tmp_path / "lock", Store(tmp_path)) == lock


def test_nothing_is_bought_that_would_make_the_lock_too_large_to_be_read(monkeypatch):
    lock = large(20)
    check_before_paying(lock, [spec("new").key], room=1001)
    monkeypatch.setattr(locks, "LARGEST", len(dump(lock)) + 1000)
    with pytest.raises(IntegrityError) as raised:
        check_before_paying(lock, [spec("new").key], room=1001)
    assert str(raised.value) == (
        "`musicbuild.lock` is almost as large as may be read; nothing was ordered\n"
        "hint: part the project in two"
    )


@pytest.mark.parametrize("text", ["Calm", 'Dräuend, "grim" \\ ' * 20, "長い" * 500])
def test_a_track_makes_a_lock_grow_by_no_more_than_is_reckoned(text):
    """Even one whose outputs are loops with all figures."""
    wish, digest = spec(text, options=(("loop", True), ("seed", 2**32 - 1))), digest_bytes(b"")
    wanted = track("boss", wish, paths=["audio/boss.mp3", "audio/boss.ogg"], takes=2, comment=text)
    figures = dict.fromkeys(ALWAYS | LEVELS | OF_LOOPS | {"bpm", "clipping", "dc"}, -1234567.25)
    made = LockedOutput(digest, digest, digest, "strings", digest, "libvorbis 1.3.7 (x)", figures)
    outputs = {output.path: made for output in wanted.outputs}
    lock = Lock(
        {one.key: replace(purchase(one), generation="g" * 80) for one in wanted.wishes},
        {wanted.id: LockedTrack(digest, 2, outputs, tags_of(wanted), draft=True)},
    )
    grown = len(dump(lock)) - len(dump(Lock()))
    assert grown < growth(wanted) < grown * 2


# In pieces.


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 2000)
    monkeypatch.setattr(pieces, "LARGEST", 20_000)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), st.sampled_from(["", "\n  },\n", 'x"\n "tracks": {\n', "é" * 900, "🥁"]))
def test_a_lock_in_pieces_is_the_same_lock(count, text):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pieces, "PIECE", 2000)
        lock = large(count, text)
        assert parse(dump(lock)) == lock
        assert parse(dump(lock).replace(b"\n", b"\r\n")) == lock
        assert list(parse(dump(lock)).tracks) == sorted(lock.tracks)


def test_only_tracks_or_only_purchases_can_be_cut_too(small):
    lock = large(20)
    for part in (Lock(lock.purchases), Lock(tracks=lock.tracks)):
        assert parse(dump(part)) == part


def _entry(lock, part, index):
    """Return the lines of one entry in the text of a lock."""
    name = sorted(getattr(lock, part))[index]
    text = dump(lock).decode()
    start = text.index(f'  "{name}": {{\n')
    return text[start : text.index("\n  }", start)] + "\n  },\n"


LOCK = large(20)
PIECES = {
    "a purchase again in another piece": (
        lambda text: text.replace(
            ' "purchases": {\n', ' "purchases": {\n' + _entry(LOCK, "purchases", 15)
        ),
        "is damaged: a key appears twice",
    ),
    "a track again in another piece": (
        lambda text: text.replace(' "tracks": {\n', ' "tracks": {\n' + _entry(LOCK, "tracks", 15)),
        "is damaged: a key appears twice",
    ),
    "an unresolved merge": (
        lambda text: text.replace('  "level-7"', '<<<<<<< HEAD\n  "level-7"'),
        "holds an unresolved merge",
    ),
    "no JSON, far behind": (
        lambda text: text.replace('"level-7": {', '"level-7" {'),
        "is damaged: Expecting ':' delimiter: line ",
    ),
    "not UTF-8, far behind": (lambda text: text.replace("level-7", "level-\udcff"), "is not UTF-8"),
    "an entry too large": (
        lambda text: text.replace('"title": ""', f'"title": "{"x" * 20_000}"', 1),
        "is damaged: 0 MiB of it are in one piece",
    ),
    "not one field a line": (
        lambda text: json.dumps(json.loads(text)) + " " * 20_000,
        "is damaged: 0 MiB of it are in one piece",
    ),
    "another version at the end": (
        lambda text: text.replace('"version": 1', '"version": 2'),
        "has version 2, and this musicbuild reads version 1",
    ),
    "no version": (
        lambda text: text.replace(',\n "version": 1', ""),
        "has version None, and this musicbuild reads version 1",
    ),
    "an unknown key": (
        lambda text: text.replace('"version": 1', '"url": "https://evil",\n "version": 1'),
        "is not to be trusted: unknown key 'url'",
    ),
}


@pytest.mark.parametrize("row", PIECES)
def test_what_is_wrong_with_a_large_lock_is_found_in_any_piece(small, row):
    change, says = PIECES[row]
    text = dump(LOCK).decode()
    changed = change(text)
    assert changed != text
    assert refused(changed.encode(errors="surrogateescape")).startswith(f"`musicbuild.lock` {says}")


def test_the_line_of_damage_is_that_of_the_file(small):
    text = dump(LOCK).decode().replace('"level-7": {', '"level-7" {')
    line = text[: text.index('"level-7"')].count("\n") + 1
    assert f"line {line} column 13\n" in refused(text.encode())


# Keys that are not known.

PLACES = {
    "the lock": (),
    "a purchase": ("purchases", next(iter(LOCK.purchases))),
    "a track": ("tracks", "level-0"),
    "an output": ("tracks", "level-0", "outputs", "audio/0.mp3"),
}


@pytest.mark.parametrize(
    ("key", "shown"),
    [("url", "'url'"), ("\x1b[2K", r"'\x1b[2K'"), ("x" * 999, "'" + "x" * 79)],
    ids=["plain", "an escape", "long"],
)
@pytest.mark.parametrize("place", PLACES)
def test_a_key_without_a_meaning_is_refused_with_the_way_out(place, key, shown):
    whole = json.loads(dump(LOCK))
    inner = whole
    for name in PLACES[place]:
        inner = inner[name]
    inner[key] = "https://evil"
    assert refused(json.dumps(whole).encode()) == (
        f"`musicbuild.lock` is not to be trusted: unknown key {shown}\n{NEWER}"
    )


# Purchases that contradict themselves.

CALM, LOUD = spec("calm"), spec("loud")
PAID = {CALM.key: purchase(CALM), LOUD.key: purchase(LOUD)}


def _same_audio(one, other):
    audio = PAID[one.key].audio
    return {**PAID, other.key: replace(PAID[other.key], audio=audio)}


CONTRADICTIONS = {
    "swapped": (
        {CALM.key: PAID[LOUD.key], LOUD.key: PAID[CALM.key]},
        f"purchase `{CALM.key[:12]}` does not match its key",
    ),
    "under no key of its own": (
        {Digest("0" * 64): PAID[CALM.key]},
        "purchase `000000000000` does not match its key",
    ),
    "another prompt": (
        {CALM.key: replace(PAID[CALM.key], prompt="other")},
        f"purchase `{CALM.key[:12]}` does not match its key",
    ),
    "the same audio twice, as a service may give it": (_same_audio(CALM, LOUD), ""),
}


@pytest.mark.parametrize("row", CONTRADICTIONS)
def test_a_lock_that_contradicts_itself_is_not_read(tmp_path, row):
    purchases, says = CONTRADICTIONS[row]
    path = tmp_path / "musicbuild.lock"
    locks.save(path, Lock(purchases))
    if not says:
        assert read_lock(path, Store(tmp_path)) == Lock(purchases)
        check_before_paying(Lock(purchases), [], room=0)
        return
    with pytest.raises(IntegrityError) as raised:
        read_lock(path, Store(tmp_path))
    assert str(raised.value) == f"`musicbuild.lock` is damaged: {says}\n{RESTORE}"
    with pytest.raises(IntegrityError, match="; nothing was ordered\n"):
        check_before_paying(Lock(purchases), [], room=0)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = Folder(tmp_path_factory.mktemp("built"))
    folder.write(ONE.replace("{a:", "{b: {prompt: drums}, a:"))
    assert folder.run("build").code == 0
    return folder


@pytest.fixture
def folder(built, tmp_path):
    """A folder with what was built, but for the outputs and the store."""
    (tmp_path / "project").mkdir()
    for name in ("musicbuild.yaml", "musicbuild.lock"):
        (tmp_path / "project" / name).write_bytes((built.root / name).read_bytes())
    return Folder(tmp_path / "project")


def change(folder, edit):
    path = folder.root / "musicbuild.lock"
    whole = json.loads(path.read_bytes())
    edit(whole)
    path.write_text(json.dumps(whole))


def _swap(whole):
    first, second = whole["purchases"]
    bought = whole["purchases"]
    bought[first], bought[second] = bought[second], bought[first]


@pytest.mark.parametrize("words", ["plan", "build", "build --draft", "build --locked", "cost"])
def test_swapped_purchases_master_nothing(folder, words):
    change(folder, _swap)
    ran = folder.run(*words.split())
    assert ran.code == 7, ran
    assert "does not match its key" in ran.err
    assert not (folder.root / "audio").exists()
    ran = folder.run("verify")
    assert ran.code == 7
    assert ran.out.count("is not what its key was made from") == 2


# Paths and texts.


OUTSIDE = ["../v.mp3", "/v.mp3", "a/../../v.mp3", "./v.mp3", "", "C:v.mp3", "..\\v.mp3", "~/v.mp3"]


def _move(whole, path):
    for entry in whole["tracks"].values():
        entry["outputs"] = {path: next(iter(entry["outputs"].values()))}


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_output_in_a_lock_is_outside(path):
    whole = json.loads(dump(LOCK))
    _move(whole, path)
    says = f"`musicbuild.lock` is damaged: unexpected {path!r}\n{RESTORE}"
    assert refused(json.dumps(whole).encode()) == says


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes there")
@pytest.mark.parametrize("words", ["plan", "build", "verify"])
def test_an_output_outside_is_never_looked_at(folder, words):
    os.mkfifo(folder.root.parent / "v.mp3")
    change(folder, lambda whole: _move(whole, "../v.mp3"))
    ran = folder.run(words)
    assert ran.code == 7, ran
    assert "`musicbuild.lock` is damaged: unexpected '../v.mp3'" in ran.out + ran.err


ESCAPE = "\x1b[2K\x1b]8;;https://evil\x07x\r\u202ex\x9b1m"


@pytest.mark.parametrize("words", ["plan --format markdown", "build", "verify"])
@pytest.mark.parametrize("where", ["track", "model", "generation", "unit", "tag", "path"])
def test_no_text_of_a_lock_steers_a_terminal(folder, where, words):
    def plant(whole):
        if where in ("model", "generation", "unit"):
            for one in whole["purchases"].values():
                one[where] = ESCAPE
        elif where == "track":
            whole["tracks"][ESCAPE] = whole["tracks"].pop("a")
        elif where == "tag":
            whole["tracks"]["a"]["tags"]["title"] = ESCAPE
        else:
            outputs = whole["tracks"]["a"]["outputs"]
            outputs[f"{ESCAPE}.mp3"] = outputs.pop("audio/a.mp3")

    change(folder, plant)
    ran = folder.run(*words.split())
    for sign in "\x1b\x07\r\u202e\x9b":
        assert sign not in ran.out + ran.err
    assert "internal" not in ran.err
