"""The lock: read as it was written, merged line by line, and never taken for an empty one."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import Paper, carry_out, price, purchase, sketch, spec, track

from musicbuild import lock as locks
from musicbuild.cost import Cost
from musicbuild.errors import IntegrityError
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.lock import (
    Adopted,
    Lock,
    LockedOutput,
    LockedTrack,
    Purchase,
    Writer,
    dump,
    entries,
    growing,
    load,
    parse,
    purchase_to_json,
    save,
)
from musicbuild.lock.entries import track_to_json
from musicbuild.lock.text import entry_text
from musicbuild.models import SourceType
from musicbuild.paths import astray
from musicbuild.plan import plan

RESTORE = "\nhint: restore it from version control: it holds what was paid for"
WISH = spec("Calm «pads»\n80 BPM", options=(("loop", True), ("seed", 7), ("strength", 0.5)))


def lock_of(*tracks) -> Lock:
    """Build tracks on paper and return the lock."""
    disk = Paper()
    return carry_out(plan(tracks, Lock(), disk, price), Lock(), disk)


ONE = lock_of(track("menu", WISH, prompt=True, paths=["audio/menu.mp3", "audio/größe.mp3"]))


def test_a_lock_reads_like_this():
    wish = spec("Calm «pads»", duration=30.0, options=(("loop", True),))
    lock = Lock(
        {wish.key: purchase(wish, seconds=30.0, cost=Cost(Decimal("9.50"), "tokens"))},
        {
            "menu": LockedTrack(
                wish.key,
                1,
                {"audio/menu.mp3": LockedOutput(*[Digest(one * 64) for one in "abc"])},
                {"title": "Menu", "prompt": True},
                draft=True,
            )
        },
    )
    assert (
        dump(lock).decode()
        == f"""{{
 "purchases": {{
  "{wish.key}": {{
   "audio": "{digest_bytes(wish.key.encode())}",
   "bought": "2026-11-23T02:11:34Z",
   "bytes": 480000,
   "cost": "9.5",
   "duration": 30,
   "generation": "gen_{wish.key[:8]}",
   "model": "musicgen",
   "options": {{
    "loop": true
   }},
   "prompt": "Calm «pads»",
   "provider": "elumenta",
   "seconds": 30,
   "take": 1,
   "unit": "tokens"
  }}
 }},
 "tracks": {{
  "menu": {{
   "draft": true,
   "generate": "{wish.key}",
   "outputs": {{
    "audio/menu.mp3": {{
     "audio_digest": "{"c" * 64}",
     "digest": "{"b" * 64}",
     "master": "{"a" * 64}"
    }}
   }},
   "tags": {{
    "prompt": true,
    "title": "Menu"
   }},
   "take": 1
  }}
 }},
 "version": 1
}}
"""
    )
    assert parse(dump(lock)) == lock


def test_no_lock_is_an_empty_one_and_what_is_saved_is_read_again(tmp_path):
    path = tmp_path / "musicbuild.lock"
    assert load(path) == Lock()
    save(path, ONE)
    assert load(path) == ONE


def test_outputs_of_a_part_are_not_of_the_whole():
    digest = digest_bytes(b"x")
    whole, drums = (LockedOutput(digest, digest, digest, part) for part in ("", "drums"))
    track = LockedTrack(digest, 1, {"a.mp3": whole, "a.drums.mp3": drums})
    assert track.whole == {"a.mp3": whole}


def test_what_was_spent_is_the_sum_of_all_purchases():
    assert lock_of(track("a", "one"), track("b", "two"), track("c", sketch())).spent == {
        "tokens": 18
    }


# Round trips.

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DIGESTS = st.binary(min_size=1).map(digest_bytes)
PATHS = TEXT.map(lambda text: text.replace("\\", "/")).filter(lambda text: not astray(text))
NUMBERS = st.integers(0, 2**53 - 1) | st.floats(0, 2**53 - 1)
OPTIONS = st.dictionaries(
    TEXT, TEXT | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9), max_size=3
).map(lambda options: tuple(sorted(options.items())))
PURCHASES = st.builds(
    Purchase,
    provider=TEXT,
    model=TEXT,
    prompt=TEXT,
    duration=NUMBERS,
    options=OPTIONS,
    take=st.integers(1, 99),
    generation=TEXT,
    audio=DIGESTS,
    bytes=st.integers(0, 2**53 - 1),
    seconds=NUMBERS,
    cost=st.builds(
        Cost, st.decimals(0, 10**15 - 1, allow_nan=False, places=4) | st.just(Decimal("-0.0")), TEXT
    ),
    bought=TEXT,
    adopted=st.none()
    | st.builds(Adopted, TEXT, TEXT, st.none() | st.sampled_from(list(SourceType))),
)
TRACKS = st.builds(
    LockedTrack,
    generate=DIGESTS,
    take=st.integers(1, 99),
    outputs=st.dictionaries(
        PATHS, st.builds(LockedOutput, DIGESTS, DIGESTS, DIGESTS, st.just("") | TEXT), max_size=3
    ),
    tags=st.dictionaries(TEXT, TEXT | st.booleans(), max_size=3),
    draft=st.booleans(),
    picked=st.integers(0, 99),
)
LOCKS = st.builds(
    Lock,
    purchases=st.dictionaries(DIGESTS, PURCHASES, max_size=3),
    tracks=st.dictionaries(TEXT, TRACKS, max_size=3),
)


@given(LOCKS)
def test_every_lock_is_read_as_it_was_written_and_written_as_it_was_read(lock):
    assert parse(dump(lock)) == lock
    assert dump(parse(dump(lock))) == dump(lock)


@given(st.lists(LOCKS, max_size=3))
def test_a_lock_is_the_json_of_its_values_whatever_was_written_before_it(found):
    writer, lock = Writer(), Lock()
    for one in found:
        lock = Lock({**lock.purchases, **one.purchases}, {**lock.tracks, **one.tracks})
        value = {
            "version": 1,
            "purchases": {key: purchase_to_json(one) for key, one in lock.purchases.items()},
            "tracks": {name: track_to_json(one) for name, one in lock.tracks.items()},
        }
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        assert writer.dump(lock) == dump(lock) == text.encode()


@given(LOCKS)
def test_a_lock_is_sorted_with_one_field_a_line(lock):
    text = dump(lock).decode()

    def is_sorted(pairs):
        assert [name for name, _ in pairs] == sorted(name for name, _ in pairs)
        return dict(pairs)

    json.loads(text, object_pairs_hook=is_sorted)
    scalars = [line for line in text.split("\n") if not line.rstrip(",").endswith(("{", "}"))]
    for line in scalars[:-1]:
        assert len(json.loads(f"{{{line.rstrip(',')}}}")) == 1


# Merging.


def merged(folder, base, ours, theirs):
    for name, lock in {"base": base, "ours": ours, "theirs": theirs}.items():
        (folder / name).write_bytes(dump(lock))
    run = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return run.returncode, run.stdout


def union(one, other):
    return Lock({**one.purchases, **other.purchases}, {**one.tracks, **other.tracks})


def prompts_before_and_after(base):
    """Find prompts whose keys sort before and after every key of a lock."""
    keys = sorted(base.purchases)
    prompts = [f"prompt {number}" for number in range(2000)]
    first = next(one for one in prompts if spec(one).key < keys[0])
    last = next(one for one in prompts if spec(one).key > keys[-1])
    return first, last


def test_two_branches_that_add_tracks_merge_by_text(tmp_path):
    common = [track(name, f"the {name}") for name in ("boss", "credits", "menu", "victory")]
    base = lock_of(*common)
    first, last = prompts_before_and_after(base)
    ours = lock_of(*common, track("arena", first))
    theirs = lock_of(*common, track("zeppelin", last))
    code, text = merged(tmp_path, base, ours, theirs)
    assert code == 0
    assert parse(text) == union(ours, theirs)
    assert text == dump(union(ours, theirs))


def test_two_branches_that_change_two_tracks_merge_by_text(tmp_path):
    base = lock_of(track("boss", "one"), track("menu", "two"), track("victory", "three"))
    one = lock_of(track("boss", "one", bpm="150"), track("menu", "two"), track("victory", "three"))
    two = lock_of(track("boss", "one"), track("menu", "two"), track("victory", "three", bpm="80"))
    code, text = merged(tmp_path, base, one, two)
    assert code == 0
    assert parse(text).tracks["boss"] == one.tracks["boss"]
    assert parse(text).tracks["victory"] == two.tracks["victory"]


def test_two_branches_that_change_one_track_are_told_to_a_person(tmp_path):
    base, one, two = (lock_of(track("boss", "one", bpm=bpm)) for bpm in ("", "150", "80"))
    code, text = merged(tmp_path, base, one, two)
    assert code == 1
    with pytest.raises(IntegrityError) as raised:
        parse(text)
    assert str(raised.value) == (
        "`musicbuild.lock` holds an unresolved merge\n"
        "hint: `musicbuild git resolve` keeps the purchases and tracks of both sides"
    )
    assert raised.value.exit_code == 7


# Who owns a path.


def test_a_path_belongs_to_the_track_that_had_it_last():
    lock = lock_of(
        track("menu", "one", paths=["a.mp3"]), track("boss", "two", paths=["b.mp3", "c.mp3"])
    )
    taken = lock.with_track("title", lock.tracks["menu"])
    assert list(taken.tracks) == ["boss", "title"]
    part = replace(lock.tracks["menu"], outputs={"b.mp3": lock.tracks["boss"].outputs["b.mp3"]})
    shared = lock.with_track("menu", part)
    assert list(shared.tracks["boss"].outputs) == ["c.mp3"]
    assert list(shared.tracks["menu"].outputs) == ["b.mp3"]


def test_outputs_are_forgotten_and_tracks_with_their_last_and_purchases_never():
    lock = lock_of(
        track("menu", "one", paths=["a.mp3"]), track("boss", "two", paths=["b.mp3", "c.mp3"])
    )
    bare = replace(lock.tracks["menu"], outputs={})
    lock = replace(lock, tracks={**lock.tracks, "bare": bare})
    left = lock.without({"a.mp3", "c.mp3", "d.mp3"})
    assert list(left.tracks) == ["boss", "bare"]
    assert list(left.owners) == ["b.mp3"]
    assert left.purchases == lock.purchases


KEY = digest_bytes(b"key")
OUTPUT = LockedOutput(KEY, KEY, KEY)
BOUGHT = purchase(spec("one"))
FEW = st.sampled_from(["a.mp3", "b.mp3", "c.mp3", "d.mp3"])
NAMES = st.sampled_from(["menu", "boss", "title"])
ENTERED = st.tuples(NAMES, st.dictionaries(FEW, st.builds(LockedOutput, *[DIGESTS] * 3)))


@given(st.dictionaries(NAMES, st.dictionaries(FEW, st.just(OUTPUT))), st.lists(ENTERED))
def test_who_owns_what_is_known_after_each_track(merged, entered):
    lock = Lock({}, {name: LockedTrack(KEY, 1, outputs) for name, outputs in merged.items()})
    for name, outputs in entered:
        before, lock = lock, lock.with_track(name, LockedTrack(KEY, 1, outputs))
        lost = {other: {*one.outputs} - {*outputs} for other, one in before.tracks.items()}
        kept = {other for other in lost if lost[other] or not before.tracks[other].outputs}
        assert lock.tracks[name].outputs == outputs
        assert lock.tracks.keys() == kept | {name}
        assert all({*lock.tracks[one].outputs} == lost[one] for one in kept - {name})
        owners = {path: {*names} for path, names in lock.owners.items() if names}
        found = Lock(lock.purchases, lock.tracks)
        assert owners == {path: {*names} for path, names in found.owners.items()}
        assert lock.with_purchase(KEY, BOUGHT).owners == lock.owners
        made_from = {KEY: tuple(lock.tracks)}
        assert lock.made_from == made_from


@given(st.dictionaries(st.integers(0, 9), st.integers(), min_size=1), st.data())
def test_what_a_large_mapping_grows_to_is_what_a_dictionary_becomes(entries, data):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(growing, "MOST", data.draw(st.integers(1, 5)))
        one = entries
        for key, value in data.draw(st.lists(st.tuples(st.integers(0, 15), st.integers()))):
            before, had = one, dict(one.items())
            one, entries = growing.grown(one, key, value), {**entries, key: value}
            assert dict(before.items()) == had
            assert one == entries
            assert list(one) == list(one.keys()) == list(entries)
            assert list(one.values()) == list(entries.values())
            assert list(one.items()) == list(entries.items())
            assert len(one) == len(entries)
            assert [one.get(name) for name in range(20)] == [
                entries.get(name) for name in range(20)
            ]
            assert [name in one for name in range(20)] == [name in entries for name in range(20)]
            gone = data.draw(st.sampled_from(sorted(entries)))
            left = {name: value for name, value in entries.items() if name != gone}
            assert list(growing.shrunk(one, gone).items()) == list(left.items())
            assert dict(one.items()) == entries


# Damage.


def refused(data: bytes) -> str:
    with pytest.raises(IntegrityError) as raised:
        parse(data)
    assert raised.value.exit_code == 7
    return str(raised.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "`musicbuild.lock` is empty" + RESTORE),
        (b" \n\n", "`musicbuild.lock` is empty" + RESTORE),
        (b"\xff\xfe{}", "`musicbuild.lock` is not UTF-8" + RESTORE),
        (
            b"{",
            "`musicbuild.lock` is damaged: Expecting property name enclosed in double quotes:"
            " line 1 column 2" + RESTORE,
        ),
        (
            dump(ONE) + b"}",
            "`musicbuild.lock` is damaged: Extra data: line 47 column 1" + RESTORE,
        ),
        (
            b'{"version": 2, "purchases": {}, "tracks": {}}',
            (
                "`musicbuild.lock` has version 2, and this musicbuild reads version 1\n"
                "hint: upgrade musicbuild: `pip install -U musicbuild`"
            ),
        ),
        (
            b'{"version": 1, "version": 1}',
            "`musicbuild.lock` is damaged: a key appears twice" + RESTORE,
        ),
        (b'{"version": 1, "tracks": {}}', "`musicbuild.lock` is damaged: no `purchases`" + RESTORE),
        (
            b'{"version": 1, "purchases": {"c0ffee": {}}, "tracks": {}}',
            "`musicbuild.lock` is damaged: unexpected 'c0ffee'" + RESTORE,
        ),
    ],
)
def test_damage_is_told_with_the_way_out(data, says):
    assert refused(data) == says


@pytest.mark.parametrize(
    "version", ["0", "2", "1.0", "true", '"1"', "null", "[1]", "1e400", '"' + "x" * 10**6 + '"']
)
def test_only_this_version_is_read(version):
    said = refused(b'{"version": %s, "purchases": {}, "tracks": {}}' % version.encode())
    assert "reads version 1" in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100 + b"]" * 100,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"version": 1, "purchases": %s, "tracks": {}}' % (b"[" * 100 + b"]" * 100),
        b'{"version": 1, "purchases": [], "tracks": {}}',
        b'{"version": 1, "purchases": null, "tracks": {}}',
        b'{"version": 1, "purchases": {}, "tracks": []}',
        b'{"version": 1, "purchases": {}, "tracks": {"menu": []}}',
        b"null",
        b'"purchases"',
        b"\xef\xbb\xbf" + dump(ONE),
        b'{"version": 1, "purchases": {}, "tracks": {}}\0',
        b"x" * 5000,
        b"9" * 5000,
    ],
)
def test_other_shapes_are_refused(data):
    refused(data)


KEY = next(iter(ONE.purchases))
DEEP = json.loads("[" * 100 + "]" * 100)
BAD = {
    ("purchases", KEY, "provider"): [None, 1, ["x"]],
    ("purchases", KEY, "prompt"): [None, "\ud800", "a\0b", DEEP],
    ("purchases", KEY, "duration"): [None, "30", True, -1, 2**53, float("nan"), float("inf"), DEEP],
    ("purchases", KEY, "options"): [None, [], "x", {"x": None}, {"x": DEEP}, {"x": float("nan")}],
    ("purchases", KEY, "take"): [None, "1", True, -1, 1.5, 2**53],
    ("purchases", KEY, "generation"): [None, 18502],
    ("purchases", KEY, "audio"): [None, "", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", 7],
    ("purchases", KEY, "bytes"): [None, "1", True, -1, 0.5],
    ("purchases", KEY, "seconds"): [None, "1", -0.5, float("nan")],
    ("purchases", KEY, "cost"): [
        *(None, 9, "", " 9", "-9", "-0", "+9", "NaN", "sNaN", "Infinity", "nine", "1e2"),
        *("1e999999999", "1e-999999999", "9" * 16, "٩", "9.", "0." + "0" * 401),
    ],
    ("purchases", KEY, "unit"): [None, 1],
    ("purchases", KEY, "bought"): [None, 20261123],
    ("purchases", KEY, "adopted"): [
        *(None, "x", [], {}, {"file": "a.wav"}, {"format": "wav"}, DEEP),
        *({"file": "a.wav", "format": "wav", **wrong} for wrong in ({"by": "me"}, {"file": 1})),
        *({"file": "a.wav", "format": "wav", "kind": wrong} for wrong in (None, "", "x" * 999, [])),
    ],
    ("tracks", "menu"): [None, "x", []],
    ("tracks", "menu", "generate"): [None, "x", "0" * 63],
    ("tracks", "menu", "take"): [None, "1", True, -1],
    ("tracks", "menu", "picked"): [None, "1", True, -1],
    ("tracks", "menu", "draft"): [None, 1, "yes"],
    ("tracks", "menu", "tags"): [None, [], {"title": 1}, {"title": None}, {"\ud800": "x"}],
    ("tracks", "menu", "outputs"): [None, [], {"a.mp3": []}, {"a\0.mp3": {}}],
    ("tracks", "menu", "outputs", "audio/menu.mp3"): [None, "x", {}],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "master"): [None, 1, "0" * 63],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "digest"): [None, 1, "g" * 64],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "audio_digest"): [None, 1, ""],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "sound"): [None, 1, "", "0" * 63],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "encoder"): [None, 1, "a\0b"],
    ("tracks", "menu", "outputs", "audio/menu.mp3", "measured"): [
        *(None, [], "x", {"samples": 4}, {"samples": 4, "sample_rate": 0}, {"loop_length": 4}),
        *({"loudness": wrong} for wrong in (None, "-16", True, [1], float("nan"), 2**53, DEEP)),
        *({"key": 5}, {"sides": 2}, {"key": "a\0b"}),
    ],
}


@pytest.mark.parametrize(
    ("place", "value"), [(place, value) for place, values in BAD.items() for value in values]
)
def test_a_wrong_value_is_refused_in_few_words(place, value):
    whole = json.loads(dump(ONE))
    inner = whole
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert len(refused(json.dumps(whole).encode())) < 300


OPTIONAL = ("options", "adopted", "picked", "draft", "sound", "encoder", "measured")


@pytest.mark.parametrize("place", [place for place in BAD if place[-1] not in OPTIONAL])
def test_a_missing_value_is_refused(place):
    whole = json.loads(dump(ONE))
    inner = whole
    for name in place[:-1]:
        inner = inner[name]
    inner.pop(place[-1], None)
    if place in (("tracks", "menu"), ("tracks", "menu", "outputs", "audio/menu.mp3")):
        parse(json.dumps(whole).encode())
    elif place[-1] != "draft":
        assert f"no `{place[-1]}`" in refused(json.dumps(whole).encode())


FIGURES = {
    "samples": 1_323_000,
    "sample_rate": 44_100,
    "channels": 2,
    "sides": "stereo",
    "silence": 0.02,
    "loudness": -16,
    "true_peak": -1,
    "key": "F#m",
}
LOOP = {"loop_start": 0, "loop_length": 9, "seam_jump": 0.1, "seam_step": 0}


def lock_with(figures):
    whole = json.loads(dump(ONE))
    whole["tracks"]["menu"]["outputs"]["audio/menu.mp3"]["measured"] = figures
    return json.dumps(whole).encode()


@pytest.mark.parametrize("more", [{}, LOOP, {"a figure to come": 1}])
def test_figures_are_read_as_they_were_written(more):
    lock = parse(lock_with(FIGURES | more))
    (menu,) = lock.tracks.values()
    assert menu.outputs["audio/menu.mp3"].measured == FIGURES | more
    assert parse(dump(lock)) == lock
    assert b'"loudness": -16,' in dump(lock)


@pytest.mark.parametrize(
    "figures",
    [
        *(
            {name: one for name, one in FIGURES.items() if name != lacking}
            for lacking in sorted(FIGURES.keys() - {"loudness", "key"})
        ),
        *(FIGURES | {name: one} for name, one in LOOP.items()),
        FIGURES | {"sample_rate": 0},
        FIGURES | {"samples": -1},
        FIGURES | {"samples": "many"},
        FIGURES | {"sides": 2},
        FIGURES | {"true_peak": 1e9},
        FIGURES | {"true_peak": float("nan")},
        FIGURES | {"key": "H"},
        FIGURES | {"bpm": True},
        FIGURES | {"steps": None},
        [],
        None,
    ],
)
def test_figures_of_no_file_are_refused(figures):
    refused(lock_with(figures))


@pytest.mark.parametrize("place", [("purchases",), ("tracks",), ("tracks", "menu")])
def test_a_key_that_appears_twice_is_refused(place):
    text = dump(ONE).decode()
    line = next(line for line in text.split("\n") if f'"{place[-1]}": {{' in line)
    refused(text.replace(line, f"{line}}},\n{line}", 1).encode())


def test_a_lock_cut_anywhere_is_refused():
    data = dump(ONE)
    for end in range(len(data) - 1):
        refused(data[:end])
    assert parse(data[:-1]) == ONE


@settings(max_examples=300)
@given(
    st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode(errors="replace"))
)
def test_no_bytes_do_more_than_be_refused(data):
    with pytest.raises(IntegrityError):
        parse(data)


def test_a_lock_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "LARGEST", 2 << 20)
    path = tmp_path / "musicbuild.lock"
    path.write_bytes(b" " * (2 << 20) + b"{")
    with pytest.raises(IntegrityError) as raised:
        load(path)
    assert str(raised.value) == "`musicbuild.lock` is larger than 2 MiB" + RESTORE


def test_line_ends_of_another_system_do_no_harm():
    assert parse(dump(ONE).replace(b"\n", b"\r\n")) == ONE


KEY = "a" * 64
PLAIN = {
    "version": 1,
    "purchases": {
        KEY: {
            "provider": "sketch",
            "model": "one",
            "prompt": "Calm",
            "duration": 30,
            "take": 1,
            "generation": "g",
            "audio": "b" * 64,
            "bytes": 9,
            "seconds": 30.5,
            "cost": "9",
            "unit": "tokens",
            "bought": "2026-11-23T02:11:34Z",
        }
    },
    "tracks": {
        "menu": {
            "generate": KEY,
            "take": 1,
            "tags": {"title": "Menu"},
            "outputs": {"a.mp3": {"master": KEY, "digest": "c" * 64, "audio_digest": "d" * 64}},
        }
    },
}
PLACES = [
    *(("purchases", KEY, name) for name in [*PLAIN["purchases"][KEY], "options", "odd"]),
    *(("tracks", "menu", name) for name in [*PLAIN["tracks"]["menu"], "draft", "odd"]),
    *(("tracks", "menu", "tags", name) for name in ("title", "prompt", "\0", "\ud800")),
    *(("tracks", "menu", "outputs", "a.mp3", name) for name in ("master", "digest", "part", "odd")),
    *(("tracks", "menu", "outputs", path) for path in ("a.mp3", "../b", "é.mp3", "a\0")),
    *(("purchases", KEY), ("purchases", "A" * 64), ("tracks", "menu"), ("tracks", "\0")),
]
ODD = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        1.5,
        2**53,
        [],
        ["x"],
        {},
        {"x": 1},
        "",
        "x",
        "é",
        "\0",
        "\ud800",
    ),
    *("e" * 64, "E" * 64, "e" * 63, "e" * 64 + " ", "e" * 64 + "\n", "9.5", "1e9", float("nan")),
]


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD), st.booleans()), max_size=3)
)
def test_a_look_at_a_whole_entry_gives_what_a_look_at_each_value_gives(changes):
    value = json.loads(json.dumps(PLAIN))
    for (*way, name), odd, removed in changes:
        inner = value
        for step in way:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(name, None) if removed else inner.update({name: odd})
    data = json.dumps(value).encode()
    found = outcome(data)
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("PURCHASE", "TRACK", "OUTPUT"):
            patch.setattr(entries, f"_PLAIN_{kind}", frozenset({"none has this"}))
        assert outcome(data) == found


def outcome(data):
    try:
        return repr(parse(data))
    except IntegrityError as error:
        return str(error)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(), inner, max_size=4),
    ),
    max_leaves=20,
)


@given(st.text(), VALUES)
def test_an_entry_is_written_as_json_would(name, value):
    text = json.dumps({"part": {name: value}}, indent=1, sort_keys=True, ensure_ascii=False)
    assert b'{\n "part": {\n  %s\n }\n}' % entry_text({name: value}) == text.encode()
