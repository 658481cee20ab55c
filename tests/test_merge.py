"""Locks of two branches merge: nothing bought is lost or counts twice; a person is asked last."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import purchase, sketch, spec

from musicbuild.cost import Cost, total
from musicbuild.errors import IntegrityError
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.lock import Lock, LockedOutput, LockedTrack, dump, parse
from musicbuild.lock.merge import Conflict, Kept, merge
from musicbuild.lock.sides import marked, read_base, read_side, split
from musicbuild.spec import GenerateSpec

A, B, C = (digest_bytes(name) for name in (b"a", b"b", b"c"))
WISH = spec("Calm")
OTHER = spec("Wild")


def bought(*found) -> dict[Digest, object]:
    """Put purchases under their keys."""
    return {one.spec.key: one for one in found}


def gen(name, wish=WISH, *, day=1, **more):
    return purchase(wish, generation=name, bought=f"2026-11-{day:02}T00:00:00Z", **more)


def out(digest=A, **more) -> LockedOutput:
    return LockedOutput(A, digest, A, **more)


def track(digest=A, wish=WISH, **more) -> LockedTrack:
    return LockedTrack(wish.key, wish.take, **{"outputs": {"a.mp3": out(digest)}, **more})


def both_ways(base, ours, theirs):
    """Merge, and hold it against the same with the sides changed over."""
    merged, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert dump(merged.lock) == dump(other.lock)
    assert (merged.joined, merged.twice) == (other.joined, other.twice)
    turned = tuple(Conflict(one.track, one.theirs, one.ours) for one in other.conflicts)
    assert merged.conflicts == turned
    return merged


# Purchases.


def test_the_purchases_of_both_sides_and_of_their_base_are_kept():
    base, ours, theirs = gen("0"), gen("1", spec("one")), gen("2", spec("two"))
    found = both_ways(Lock(bought(base)), Lock(bought(ours)), Lock(bought(theirs, base)))
    assert found.lock.purchases == bought(base, ours, theirs)
    assert found.lock.spent == {"tokens": 27}
    merged = merge(Lock(bought(base)), Lock(bought(ours)), Lock(bought(theirs, base)))
    assert merged.kept == Kept(0, 1, 2)
    assert merge(None, Lock(bought(base, ours)), Lock(bought(base))).kept == Kept(1, 1, 0)


def test_what_both_sides_have_taken_out_is_kept_too():
    base = Lock(bought(gen("0")))
    assert both_ways(base, Lock(), Lock()).lock == base


def test_of_two_purchases_for_one_key_the_older_keeps_the_take():
    old, new = gen("z", day=1), gen("a", day=2)
    found = both_ways(None, Lock(bought(new)), Lock(bought(old)))
    second = spec("Calm", take=2)
    assert found.lock.purchases == {WISH.key: old, second.key: replace(new, take=2)}
    assert (found.twice, found.lock.spent) == (1, {"tokens": 18})
    same = both_ways(None, Lock(bought(gen("b"))), Lock(bought(gen("a"))))
    assert same.lock.purchases[WISH.key].generation == "a"


def test_the_other_take_is_the_next_that_is_free():
    taken = gen("t", spec("Calm", take=2))
    found = both_ways(Lock(bought(taken)), Lock(bought(gen("a"))), Lock(bought(gen("b"), taken)))
    assert {one.take: one.generation for one in found.lock.purchases.values()} == {
        1: "a",
        2: "t",
        3: "b",
    }


def test_many_takes_bought_twice_take_no_longer_each(monkeypatch):
    """A lock may be anyone's: the next free take is not looked for from the first one each time."""
    asked = []
    key = GenerateSpec.key.fget
    monkeypatch.setattr(GenerateSpec, "key", property(lambda one: asked.append(1) or key(one)))
    takes = [spec("Calm", take=number) for number in range(1, 301)]
    ours, theirs = ({it.key: gen(f"{it.take}{name}", it) for it in takes} for name in "ab")
    asked.clear()
    found = merge(None, Lock(ours), Lock(theirs)).lock.purchases
    assert sorted(one.take for one in found.values()) == [*range(1, 601)]
    assert len(asked) < 5 * len(found)


def test_a_purchase_that_cost_nothing_gives_way_to_one_that_was_paid():
    free = gen("a", day=1, cost=Cost(Decimal(0), ""))
    found = both_ways(None, Lock(bought(free)), Lock(bought(gen("b", day=2))))
    assert found.lock.purchases[WISH.key].generation == "b"
    assert len(found.lock.purchases) == 2


def test_a_track_follows_the_purchase_that_it_was_made_from():
    ours = Lock(bought(gen("a")), {"menu": track(A)})
    theirs = Lock(bought(gen("b")), {"boss": track(B), "theme": track(C, OTHER)})
    second = spec("Calm", take=2)
    assert both_ways(None, ours, theirs).lock.tracks == {
        "menu": track(A),
        "boss": track(B, second),
        "theme": track(C, OTHER),
    }
    clash = both_ways(None, ours, Lock(theirs.purchases, {"menu": track(B)}))
    assert clash.conflicts == (Conflict("menu", track(A), track(B, second)),)


def test_a_purchase_that_has_moved_on_one_branch_is_not_there_twice():
    ours, theirs = Lock(bought(gen("b"))), Lock(bought(gen("a")), {"menu": track(A)})
    once = merge(None, ours, theirs).lock
    assert both_ways(ours, once, ours).lock == once
    assert both_ways(theirs, once, theirs).lock == once
    third = Lock(bought(gen("c")))
    one = both_ways(ours, merge(None, ours, third).lock, once)
    assert {it.take: it.generation for it in one.lock.purchases.values()} == {
        1: "a",
        2: "b",
        3: "c",
    }


def test_no_key_is_left_without_a_purchase():
    """However takes were moved about: a key that is empty would be paid for again."""
    second, third = (spec("Calm", take=number) for number in (2, 3))
    ours = Lock(bought(gen("a"), gen("b", third)))
    theirs = Lock(bought(gen("b"), gen("a", second)))
    found = both_ways(None, ours, theirs).lock.purchases
    assert found.keys() == {WISH.key, second.key, third.key}


def test_one_purchase_told_in_two_ways_is_as_it_was_changed():
    before, after = gen("a", seconds=30), gen("a", seconds=31)
    base = Lock(bought(before))
    assert both_ways(base, base, Lock(bought(after))).lock.purchases == bought(after)
    assert both_ways(None, base, Lock(bought(after))).lock.purchases == bought(before)
    later = gen("a", seconds=29, day=2)
    assert both_ways(base, Lock(bought(later)), Lock(bought(after))).lock.purchases == bought(after)


# Tracks.

MENU = {"menu": track(A)}
SAME = Lock(bought(gen("a")))


def tracks(base, ours, theirs):
    """Merge one track, `None` for none, and return it or its conflict."""
    locks = [
        Lock(SAME.purchases, {} if one is None else {"menu": one}) for one in (base, ours, theirs)
    ]
    found = both_ways(*locks)
    return found.conflicts[0] if found.conflicts else found.lock.tracks.get("menu")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        (None, track(A), None, track(A)),
        (None, track(A), track(A), track(A)),
        (track(A), track(A), track(B), track(B)),
        (track(A), track(B), track(B), track(B)),
        (track(A), None, track(A), None),
        (track(A), None, None, None),
        (track(A), None, track(B), Conflict("menu", None, track(B))),
        (track(A), track(B), track(C), Conflict("menu", track(B), track(C))),
        (None, track(B), track(C), Conflict("menu", track(B), track(C))),
        (
            track(A),
            track(B, OTHER),
            track(C),
            Conflict("menu", track(B, OTHER), track(C)),
        ),
    ],
)
def test_who_edited_a_track_decides(base, ours, theirs, merged):
    assert tracks(base, ours, theirs) == merged


def test_a_track_edited_on_both_sides_is_joined_field_by_field():
    a, b, c = "a.mp3", "b.ogg", "c.wav"
    base = track(outputs={a: out(A), c: out(C)}, tags={"title": "Menu", "bpm": "80"}, draft=True)
    ours = track(outputs={a: out(B), c: out(C)}, tags={"title": "Main", "bpm": "80"})
    theirs = track(outputs={a: out(A), b: out(B)}, tags={"title": "Menu"}, draft=True)
    assert tracks(base, ours, theirs) == track(
        outputs={a: out(B), b: out(B)}, tags={"title": "Main"}
    )


@pytest.mark.parametrize(
    "sides",
    [
        [track(tags={"title": name}) for name in "abc"],
        [track(outputs={"a.mp3": out(digest)}) for digest in (A, B, C)],
        [None, track(draft=True), track(draft=False)],
        [track(picked=number) for number in range(3)],
    ],
    ids=["tags", "outputs", "draft", "picked"],
)
def test_a_field_with_two_edits_is_for_a_person(sides):
    assert tracks(*sides) == Conflict("menu", *sides[1:])


def test_what_another_purchase_was_made_into_says_nothing():
    base = track(C, OTHER, outputs={"old.mp3": out(C), "a.mp3": out(C)})
    one = track(outputs={"a.mp3": out(A)})
    two = track(outputs={"a.mp3": out(A), "b.mp3": out(B)})
    three = track(outputs={"a.mp3": out(A), "old.mp3": out(C)})
    assert tracks(base, one, two) == two
    assert tracks(base, two, three).outputs.keys() == {"a.mp3", "b.mp3", "old.mp3"}


def test_a_path_of_two_tracks_stays_with_both_until_one_is_built():
    ours, theirs = Lock(SAME.purchases, {"menu": track(A)}), Lock({}, {"title": track(B)})
    lock = both_ways(None, ours, theirs).lock
    assert lock.owners == {"a.mp3": ("menu", "title")}
    assert lock.with_track("title", track(C)).tracks == {"title": track(C)}


# Any locks at all.

WISHES = [spec("Calm"), spec("Calm", take=2), spec("Calm", take=3), OTHER, sketch("Free")]
PURCHASES = st.builds(
    lambda wish, name, day, seconds: purchase(
        wish, generation=name, bought=f"day {day}", seconds=seconds
    ),
    st.sampled_from(WISHES),
    st.sampled_from("abc"),
    st.integers(1, 3),
    st.sampled_from([30.0, 30.5]),
)
OUTPUTS = st.dictionaries(
    st.sampled_from(["a.mp3", "b.mp3"]), st.sampled_from([out(A), out(B)]), min_size=1
)
TRACKS = st.builds(
    lambda wish, outputs, tags, draft: LockedTrack(wish.key, wish.take, outputs, tags, draft),
    st.sampled_from(WISHES),
    OUTPUTS,
    st.dictionaries(st.sampled_from(["title", "bpm"]), st.sampled_from(["x", "y"])),
    st.booleans(),
)
LOCKS = st.builds(
    lambda purchases, tracks: Lock(bought(*purchases), tracks),
    st.lists(PURCHASES, max_size=4, unique_by=lambda one: (one.prompt, one.generation)),
    st.dictionaries(st.sampled_from(["boss", "menu", "zen"]), TRACKS),
)


def known(*locks):
    """Tell what was bought, whatever take it is of its wish."""
    return {(one.prompt, one.generation) for lock in locks for one in lock.purchases.values()}


@given(st.none() | LOCKS, LOCKS, LOCKS)
def test_whatever_two_branches_did_nothing_bought_is_lost(base, ours, theirs):
    merged = both_ways(base, ours, theirs)
    lock, all_three = merged.lock, [base or Lock(), ours, theirs]
    assert known(lock) == known(*all_three)
    assert all(one.purchases.keys() <= lock.purchases.keys() for one in all_three)
    assert all(one.spec.key == key for key, one in lock.purchases.items())
    assert lock.spent == total(one.cost for one in lock.purchases.values())
    assert parse(dump(lock)) == lock
    assert sum(merged.kept) == len(lock.purchases)
    assert {one.track for one in merged.conflicts}.isdisjoint(lock.tracks)


@given(LOCKS, LOCKS, LOCKS)
def test_what_was_merged_merges_again_without_a_change(base, ours, theirs):
    whole = merge(base, ours, theirs).side("ours")
    assert both_ways(whole, whole, whole).lock == whole
    assert both_ways(ours, ours, whole).lock == whole


@given(LOCKS, LOCKS, LOCKS)
def test_a_conflict_is_read_again_as_it_was_written(base, ours, theirs):
    merged = merge(base, ours, theirs)
    text = marked(merged)
    sides = split(text)
    if not merged.conflicts:
        assert (text, sides) == (dump(merged.lock), None)
        return
    assert sides.base is None
    assert sides.ours == dump(merged.side("ours"))
    assert sides.theirs == dump(merged.side("theirs"))
    assert split(text.replace(b"\n", b"\r\n")) == sides
    with pytest.raises(IntegrityError, match="holds an unresolved merge"):
        parse(text)


# The text of a conflict.


def test_a_conflict_stands_around_its_track_alone():
    locks = [
        Lock({}, {"boss": track(A), "menu": one, "zen": track(A)}) for one in map(track, (A, B, C))
    ]
    text = marked(merge(*locks)).decode()
    head, ours, theirs, tail = _parts(text)
    assert (head + ours + tail, head + theirs + tail) == tuple(
        dump(one).decode() for one in locks[1:]
    )
    assert ours.startswith('  "menu": {\n')
    assert ours.endswith("\n  },\n")


def _parts(text):
    head, rest = text.split("<<<<<<< ours\n")
    ours, rest = rest.split("=======\n")
    theirs, tail = rest.split(">>>>>>> theirs\n")
    return head, ours, theirs, tail


@pytest.mark.parametrize("others", [{}, {"boss": track(A)}], ids=["alone", "last"])
def test_a_track_taken_out_on_one_side_leaves_both_sides_whole(others):
    base, theirs = (Lock({}, {**others, "menu": track(one)}) for one in (A, B))
    sides = split(marked(merge(base, Lock({}, others), theirs)))
    assert (read_side(sides.ours).tracks, read_side(sides.theirs)) == (others, theirs)


def test_a_person_chooses_a_side_of_each_track():
    locks = [Lock({}, {"boss": track(one), "menu": track(one)}) for one in (A, B, C)]
    merged = merge(*locks)
    half = merged.choose({"menu": "theirs"})
    assert half.lock.tracks == {"menu": track(C)}
    assert [one.track for one in half.conflicts] == ["boss"]
    assert half.choose({"boss": "ours"}).lock.tracks == {"boss": track(B), "menu": track(C)}
    gone = merge(locks[0], Lock(), locks[2]).choose({"boss": "ours", "menu": "ours"})
    assert (gone.lock, gone.conflicts) == (Lock(), ())


# Reading what others wrote.

NESTED = (
    b"<<<<<<< a\n1\n||||||| b\n<<<<<<<<< c\n2\n=========\n3\n>>>>>>>>> d\n=======\n4\n>>>>>>> e\n"
)
DIFF3 = b"a\n<<<<<<< HEAD\nb\n||||||| 1234567\nc\n=======\nd\n>>>>>>> topic\ne\n"


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        (DIFF3, (b"a\nc\ne\n", b"a\nb\ne\n", b"a\nd\ne\n")),
        (DIFF3.replace(b"\n", b"\r\n"), (b"a\nc\ne\n", b"a\nb\ne\n", b"a\nd\ne\n")),
        (b"<<<<<<< HEAD\nb\n=======\n>>>>>>> topic\n", (None, b"b\n", b"")),
        (
            b"<<<<<<<<< HEAD\nb\n=========\nd\n>>>>>>>>> topic",
            (None, b"b\n", b"d\n"),
        ),
        (
            DIFF3 + b"<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> topic\n",
            (None, b"a\nb\ne\nx\n", b"a\nd\ne\ny\n"),
        ),
        (
            NESTED,
            (b"<<<<<<<<< c\n2\n=========\n3\n>>>>>>>>> d\n", b"1\n", b"4\n"),
        ),
    ],
    ids=["diff3", "CRLF", "plain", "longer marks", "mixed", "a base in conflict"],
)
def test_each_side_of_a_merge_is_read_whole(text, sides):
    assert split(text) == sides


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a\n",
        b"=======\n",
        b">>>>>>> topic\n",
        b"<<<<<<< HEAD\n",
        b"<<<<<<< HEAD\n=======\n",
        b"a\n=======\n<<<<<<< HEAD\n=======\n>>>>>>> topic\n",
    ],
)
def test_marks_that_make_no_sense_are_no_sides(text):
    assert split(text) is None


def test_a_side_whose_purchases_contradict_themselves_is_refused():
    data = dump(Lock({OTHER.key: gen("a")}))
    with pytest.raises(IntegrityError) as raised:
        read_side(data, "musicbuild.lock, ours")
    assert str(raised.value) == (
        f"`musicbuild.lock, ours` is damaged: purchase `{OTHER.key[:12]}` does not match its key\n"
        "hint: restore it from version control: it holds what was paid for"
    )


def test_a_base_is_read_as_far_as_it_is_known():
    locks = [Lock(bought(gen("a")), {"boss": track(A), "menu": track(one)}) for one in (A, B, C)]
    text = marked(merge(*locks))
    assert read_base(dump(locks[0])) == locks[0]
    assert read_base(text) == Lock(bought(gen("a")), {"boss": track(A)})
    assert read_base(text.replace(b"\n", b"x\n", 1)) is None
    assert [read_base(data) for data in (None, b"", b"{", DIFF3)] == [None] * 4
