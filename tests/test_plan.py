"""Plans: for each situation one step, its reasons and its price; and a built plan is empty."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import Paper, carry_out, draft_of, price, sketch, spec, track

from musicbuild.cost import FREE, Cost
from musicbuild.lock import Lock
from musicbuild.plan import Wishes, plan, restoring, tags_of
from musicbuild.spec import Sound
from musicbuild.steps import (
    Cause,
    Edited,
    Generate,
    Keep,
    Lost,
    Master,
    Orphan,
    Plan,
    Reason,
    Restore,
    Tag,
)
from musicbuild.takes import picked

NINE = Cost(Decimal(9), "tokens")
MENU = track("menu", "Calm pads")


class Bench:
    """A project on paper: build it, change it, and look at the plan."""

    def __init__(self, *tracks, **wishes):
        self.lock, self.disk = Lock(), Paper()
        if tracks:
            self.build(*tracks, **wishes)

    def plan(self, *tracks, **wishes):
        return plan(tracks, self.lock, self.disk, price, Wishes(**wishes) if wishes else None)

    def step(self, *tracks, **wishes):
        """Return the step of the first track."""
        return self.plan(*tracks, **wishes).steps[0]

    def build(self, *tracks, **wishes):
        self.lock = carry_out(self.plan(*tracks, **wishes), self.lock, self.disk)
        return self

    def without_store(self):
        self.disk.store.clear()
        return self

    def without_outputs(self):
        self.disk.files.clear()
        return self


def causes(step):
    return [reason.cause for reason in step.reasons]


def mastered(wanted, loudness=-16, **tags):
    """Return a track as it is wished for at a loudness, and with other tags."""
    (output,) = wanted.outputs
    master = replace(
        output.master,
        sound=Sound(loudness=loudness),
        tags=replace(output.master.tags, **tags),
    )
    return replace(wanted, outputs=(replace(output, master=master),))


# The paid stage.


def test_a_new_track_is_ordered():
    step = Bench().step(MENU)
    assert step == Generate(MENU, (Reason(Cause.NEW),), (MENU.generate,), (NINE,))


def test_what_was_built_is_kept():
    assert Bench(MENU).plan(MENU).steps == (Keep(MENU),)
    assert Bench(MENU).plan(MENU).to_do == ()


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (spec("Loud drums"), Reason(Cause.PROMPT, "Calm pads", "Loud drums")),
        (
            spec(model="elevenlabs-music"),
            Reason(Cause.MODEL, "elumenta/musicgen", "elumenta/elevenlabs-music"),
        ),
        (
            spec(provider="replicate"),
            Reason(Cause.MODEL, "elumenta/musicgen", "replicate/musicgen"),
        ),
        (spec(duration=45.5), Reason(Cause.DURATION, "30 s", "45.5 s")),
        (
            spec(options=(("loop", True), ("seed", 7))),
            Reason(Cause.OPTIONS, "", "loop=True seed=7"),
        ),
    ],
)
def test_another_wish_is_ordered_and_says_what_changed(wish, reason):
    step = Bench(MENU).step(track("menu", wish))
    assert isinstance(step, Generate)
    assert step.reasons == (reason,)
    assert step.specs == (wish,)


def test_several_changes_are_all_said():
    step = Bench(MENU).step(track("menu", spec("Loud drums", model="other", duration=60)))
    assert causes(step) == [Cause.MODEL, Cause.PROMPT, Cause.DURATION]


def test_more_takes_order_only_the_new_ones():
    more = replace(MENU, takes=3)
    step = Bench(MENU).step(more)
    assert step.reasons == (Reason(Cause.TAKES, "1", "3"),)
    assert step.specs == (more.take(2), more.take(3))
    assert step.quotes == (NINE, NINE)


def test_fewer_takes_are_free():
    assert Bench(replace(MENU, takes=3)).step(MENU) == Keep(MENU)


def test_the_take_in_the_lock_stays_the_one_that_is_used():
    two = replace(MENU, takes=2)
    bench = Bench(two)
    key = two.take(2).key
    locked = replace(bench.lock.tracks["menu"], generate=key, take=2, outputs={})
    bench.lock = bench.lock.with_track("menu", locked)
    step = bench.step(two)
    assert isinstance(step, Master)
    assert step.spec == two.take(2)
    assert picked(two, bench.lock) == two.take(2)
    assert picked(MENU, bench.lock) == MENU.generate
    assert bench.build(two).step(two) == Keep(two)
    dropped = bench.step(MENU)
    assert isinstance(dropped, Master)
    assert dropped.reasons == (Reason(Cause.TAKES, "2", "1"),)


def test_a_purchase_that_is_gone_from_the_lock_is_new():
    bench = Bench(MENU)
    bench.lock = Lock(tracks=bench.lock.tracks)
    assert bench.step(MENU).reasons == (Reason(Cause.NEW),)


def test_a_reverted_prompt_is_free():
    loud = track("menu", "Loud drums")
    bench = Bench(MENU).build(loud)
    step = bench.step(MENU)
    assert isinstance(step, Master)
    assert step.reasons == (Reason(Cause.PROMPT, "Loud drums", "Calm pads"),)
    assert bench.build(MENU).lock.spent == {"tokens": 18}


# Twins.


def test_twins_are_ordered_once():
    twins = (MENU, track("title", "Calm pads"), track("credits", "Calm pads"))
    found = Bench().plan(*twins)
    first, second, third = found.steps
    assert first.specs == (MENU.generate,)
    assert second == Generate(
        twins[1], (Reason(Cause.NEW), Reason(Cause.TWIN, after="menu")), (), ()
    )
    assert third.specs == ()
    assert found.price == {"tokens": 9}
    assert found.purchases == (first,)
    assert Bench(*twins).plan(*twins).to_do == ()


def test_a_twin_with_more_takes_orders_the_rest():
    more = replace(track("title", "Calm pads"), takes=2)
    step = Bench().plan(MENU, more).steps[1]
    assert step.specs == (more.take(2),)
    assert causes(step) == [Cause.NEW, Cause.TWIN]


def test_a_twin_of_what_is_bought_is_free():
    step = Bench(MENU).step(track("title", "Calm pads"))
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.NEW),)


def test_a_twin_of_a_blocked_track_orders_for_itself():
    bench, twin = Bench(), track("title", "Calm pads")
    bench.disk.scribble("audio/menu.mp3")
    blocked, second = bench.plan(MENU, twin).steps
    assert isinstance(blocked, Edited)
    assert second.specs == (twin.generate,)


# The free stages.


def test_a_new_title_is_only_tagged():
    changed = track("menu", title="Main Menu", artist="Nightfall", prompt=True)
    step = Bench(MENU).step(changed)
    assert type(step) is Tag
    assert step.reasons == (
        Reason(Cause.TAGS, "artist: ", "artist: Nightfall"),
        Reason(Cause.TAGS, "prompt: ", "prompt: True"),
        Reason(Cause.TAGS, "title: Menu", "title: Main Menu"),
    )
    assert step.outputs == changed.outputs
    assert step.source == ""


def test_another_format_is_mastered():
    ogg = replace(MENU.outputs[0], master=replace(MENU.outputs[0].master, format="ogg"))
    step = Bench(MENU).step(replace(MENU, outputs=(ogg,)))
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.MASTERING),)


def test_a_renamed_track_is_free():
    renamed = track("main-menu", paths=["audio/menu.mp3"], title="Menu")
    bench = Bench(MENU)
    step = bench.step(renamed)
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.NEW),)
    assert list(bench.build(renamed).lock.tracks) == ["main-menu"]


def test_a_renamed_output_is_free_and_the_old_one_is_kept():
    moved = track("menu", paths=["music/menu.mp3"])
    bench = Bench(MENU)
    step = bench.step(moved)
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.OUTPUT_NEW),)
    assert bench.plan(moved).orphans == (Orphan("menu", ("audio/menu.mp3",)),)
    bench.build(moved)
    assert set(bench.disk.files) == {"audio/menu.mp3", "music/menu.mp3"}
    assert bench.step(moved) == Keep(moved)


def test_one_more_output_leaves_the_other_alone():
    two = track("menu", paths=["audio/menu.mp3", "music/menu.mp3"])
    step = Bench(MENU).step(two)
    assert step.reasons == (Reason(Cause.OUTPUT_NEW),)
    assert step.outputs == two.outputs[1:]


def test_a_title_and_an_output_together_are_mastered():
    two = track("menu", paths=["audio/menu.mp3", "music/menu.mp3"], title="Main Menu")
    step = Bench(MENU).step(two)
    assert type(step) is Master
    assert causes(step) == [Cause.TAGS, Cause.OUTPUT_NEW]


# What is missing.


def test_a_missing_output_comes_back_from_the_store():
    bench = Bench(MENU).without_outputs()
    digest = bench.lock.tracks["menu"].outputs["audio/menu.mp3"].digest
    step = bench.step(MENU)
    assert step == Restore(MENU, (Reason(Cause.OUTPUT_MISSING),), {"audio/menu.mp3": digest})
    assert bench.build(MENU).step(MENU) == Keep(MENU)


def test_a_missing_output_is_made_again_from_the_audio():
    bench = Bench(MENU).without_outputs().without_store()
    bench.disk.store.add(bench.lock.purchases[MENU.generate.key].audio)
    step = bench.step(MENU)
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.OUTPUT_MISSING),)


def test_a_missing_output_is_made_again_from_another_one():
    two = track("menu", paths=["a.mp3", "b.mp3"])
    bench = Bench(two).without_store()
    del bench.disk.files["a.mp3"]
    step = bench.step(two)
    assert type(step) is Master
    assert step.source == "b.mp3"
    assert [one.path for one in step.outputs] == ["a.mp3"]


def test_bought_audio_that_is_nowhere_is_lost_and_not_bought_again():
    bench = Bench(MENU).without_outputs().without_store()
    step = bench.step(MENU)
    bought = bench.lock.purchases[MENU.generate.key]
    assert step == Lost(MENU, (Reason(Cause.OUTPUT_MISSING),), bought)
    assert bench.plan(MENU).price == {}
    assert bench.build(MENU).step(MENU) == Keep(MENU)


def test_audio_that_costs_nothing_is_made_again():
    free = track("menu", sketch())
    step = Bench(free).without_outputs().without_store().step(free)
    assert isinstance(step, Generate)
    assert step.reasons == (Reason(Cause.AUDIO_MISSING),)
    assert step.quotes == (FREE,)


def test_audio_of_which_the_price_is_not_known_is_not():
    unknown = track("menu", spec(provider="replicate"))
    step = Bench(unknown).without_outputs().without_store().step(unknown)
    assert isinstance(step, Lost)


# A fresh clone.


def test_with_outputs_and_no_store_there_is_nothing_to_do():
    assert Bench(MENU).without_store().step(MENU) == Keep(MENU)


def test_with_outputs_and_no_store_a_title_changes_from_the_output():
    step = Bench(MENU).without_store().step(track("menu", title="Main Menu"))
    assert type(step) is Tag
    assert step.source == "audio/menu.mp3"


def test_with_outputs_and_no_store_a_twin_is_made_from_the_output_of_the_other():
    step = Bench(MENU).without_store().step(track("title", "Calm pads"))
    assert type(step) is Master
    assert step.source == "audio/menu.mp3"


def test_an_output_of_other_audio_is_no_source():
    bench = Bench(MENU, track("boss", "Loud drums")).without_store()
    del bench.disk.files["audio/menu.mp3"]
    assert isinstance(bench.step(MENU), Lost)


def test_a_pointer_of_git_lfs_is_not_fetched_and_never_changed():
    bench = Bench(MENU).without_store()
    bench.disk.unfetch("audio/menu.mp3")
    assert bench.step(MENU) == Keep(MENU, ("audio/menu.mp3",))
    assert isinstance(bench.step(track("menu", title="Main Menu")), Lost)


def test_a_pointer_of_git_lfs_is_fetched_from_the_store():
    bench = Bench(MENU)
    bench.disk.unfetch("audio/menu.mp3")
    step = bench.step(MENU)
    assert isinstance(step, Restore)
    assert step.reasons == (Reason(Cause.OUTPUT_MISSING),)


def test_a_pointer_and_a_missing_output_are_lost():
    two = track("menu", paths=["a.mp3", "b.mp3"])
    bench = Bench(two).without_store()
    bench.disk.unfetch("a.mp3")
    del bench.disk.files["b.mp3"]
    assert isinstance(bench.step(two), Lost)


# Other hands.


def test_an_output_edited_by_hand_is_kept():
    bench = Bench(MENU)
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(MENU)
    assert step == Edited(MENU, (Reason(Cause.EDITED, after="audio/menu.mp3"),))


def test_an_edited_output_says_what_would_have_been_ordered():
    bench = Bench(MENU)
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(track("menu", "Loud drums"))
    assert causes(step) == [Cause.EDITED, Cause.PROMPT]
    assert bench.plan(track("menu", "Loud drums")).price == {}


def test_a_foreign_file_is_in_the_way_before_anything_is_paid():
    bench = Bench()
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(MENU)
    assert step == Edited(MENU, (Reason(Cause.FOREIGN, after="audio/menu.mp3"), Reason(Cause.NEW)))


def test_a_file_that_the_store_has_may_be_replaced():
    bench = Bench(MENU).build(track("menu", title="Main Menu"))
    first = Bench(MENU).disk.files["audio/menu.mp3"]
    bench.disk.files["audio/menu.mp3"] = first
    step = bench.step(track("menu", title="Main Menu"))
    assert isinstance(step, Restore)


def test_overwriting_gives_up_an_edited_file():
    bench = Bench(MENU)
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(MENU, overwrite=True)
    assert isinstance(step, Restore)
    assert step.reasons == (Reason(Cause.EDITED, after="audio/menu.mp3"),)


def test_overwriting_makes_an_edited_file_anew_from_the_audio():
    bench = Bench(MENU)
    digest = bench.lock.tracks["menu"].outputs["audio/menu.mp3"].digest
    bench.disk.store.remove(digest)
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(MENU, overwrite=True)
    assert type(step) is Master
    assert causes(step) == [Cause.EDITED]


def test_overwriting_an_edited_file_with_nothing_at_hand_is_a_loss():
    bench = Bench(MENU).without_store()
    bench.disk.scribble("audio/menu.mp3")
    assert isinstance(bench.step(MENU, overwrite=True), Lost)


def test_overwriting_gives_up_a_foreign_file():
    bench = Bench()
    bench.disk.scribble("audio/menu.mp3")
    assert isinstance(bench.step(MENU, overwrite=True), Generate)


def test_a_path_that_a_merge_left_to_two_tracks_is_judged_by_its_own():
    bench = Bench(MENU)
    other = Bench(track("a", "Loud drums", paths=["audio/menu.mp3"]))
    for name in ("a", "z"):
        both = {**bench.lock.tracks, name: other.lock.tracks["a"]}
        merged = Lock({**bench.lock.purchases, **other.lock.purchases}, both)
        assert plan([MENU], merged, bench.disk, price).steps == (Keep(MENU),)
        assert isinstance(plan([MENU], merged, other.disk, price).steps[0], Lost)


# What is asked for.


def test_force_makes_all_outputs_of_what_was_bought_again_for_nothing():
    two = track("menu", paths=["a.mp3", "b.mp3"])
    step = Bench(two).step(two, force=frozenset({"menu"}))
    assert type(step) is Master
    assert step.reasons == (Reason(Cause.FORCED),)
    assert step.outputs == two.outputs


def test_force_composes_what_is_free_again():
    free = track("menu", sketch())
    step = Bench(free).step(free, force=frozenset({"menu"}))
    assert step == Generate(free, (Reason(Cause.FORCED),), (free.generate,), (FREE,))


def test_force_never_buys_again():
    bench = Bench(MENU).without_outputs().without_store()
    assert isinstance(bench.step(MENU, force=frozenset({"menu"})), Lost)


def test_force_of_another_track_changes_nothing():
    assert Bench(MENU).step(MENU, force=frozenset({"boss"})) == Keep(MENU)


def test_force_says_what_changed_besides():
    step = Bench(MENU).step(track("menu", title="Main Menu"), force=frozenset({"menu"}))
    assert type(step) is Master
    assert causes(step) == [Cause.FORCED, Cause.TAGS]


def test_only_some_tracks_are_looked_at_and_no_orphans():
    bench = Bench(track("old", "Old"))
    found = bench.plan(MENU, track("boss", "Loud drums"), only=frozenset({"boss"}))
    assert [step.track.id for step in found.steps] == ["boss"]
    assert found.orphans == ()
    assert bench.plan(MENU, only=frozenset()).steps == ()


def test_outputs_that_no_track_makes_any_more_are_orphans():
    bench = Bench(MENU, track("old", "Old", paths=["b.mp3", "a.mp3"]), track("gone", "Gone"))
    adopted = track("menu", paths=["audio/menu.mp3", "audio/gone.mp3"])
    assert bench.plan(adopted).orphans == (Orphan("old", ("a.mp3", "b.mp3")),)


def test_an_orphan_that_is_gone_is_not_spoken_of():
    bench = Bench(MENU, track("old", "Old"))
    del bench.disk.files["audio/old.mp3"]
    assert bench.plan(MENU).orphans == ()


# Drafts.


def test_what_is_not_bought_is_sketched():
    step = Bench().step(MENU, draft=draft_of)
    standin = draft_of(MENU)
    assert step == Generate(standin, (Reason(Cause.NEW),), (standin.generate,), (FREE,), draft=True)


def test_a_draft_is_kept_while_drafts_are_wanted_and_bought_when_they_are_not():
    bench = Bench(MENU, draft=draft_of)
    assert bench.lock.tracks["menu"].draft
    assert isinstance(bench.step(MENU, draft=draft_of), Keep)
    step = bench.step(MENU)
    assert step == Generate(MENU, (Reason(Cause.DRAFT),), (MENU.generate,), (NINE,))
    bench.build(MENU)
    assert not bench.lock.tracks["menu"].draft
    assert bench.step(MENU, draft=draft_of) == Keep(MENU)


def test_the_tags_of_a_draft_change_as_any():
    step = Bench(MENU, draft=draft_of).step(track("menu", title="Main Menu"), draft=draft_of)
    assert type(step) is Tag
    assert step.draft


def test_a_track_of_the_composer_is_no_draft():
    free = track("menu", sketch())
    step = Bench().step(free, draft=draft_of)
    assert not step.draft


def test_a_draft_of_a_changed_prompt_replaces_what_was_bought_and_reverting_is_free():
    loud = track("menu", "Loud drums")
    bench = Bench(MENU)
    bought = bench.lock.tracks["menu"].outputs["audio/menu.mp3"].digest
    step = bench.step(loud, draft=draft_of)
    assert step.draft
    assert causes(step) == [Cause.MODEL, Cause.PROMPT]
    bench.build(loud, draft=draft_of)
    assert bought in bench.disk.store, "what was bought can be put back"
    back = bench.step(MENU)
    assert type(back) is Master
    assert back.reasons == (Reason(Cause.DRAFT),)


def test_no_draft_takes_the_place_of_what_is_bought_though_more_takes_are_wished_for():
    more = replace(MENU, takes=2)
    assert Bench(MENU).step(more, draft=draft_of) == Keep(more)


# Prices.


def test_an_unknown_price_is_never_nothing():
    unknown, free = track("menu", spec(provider="replicate")), track("boss", sketch())
    found = Bench().plan(unknown, free, track("title", "Loud drums"))
    assert [step.track.id for step in found.purchases] == ["menu", "title"]
    assert [step.track.id for step in found.unknown] == ["menu"]
    assert found.steps[0].quotes == (None,)
    assert found.price == {"tokens": 9}


def test_the_same_values_give_the_same_plan():
    bench, tracks = Bench(MENU), (MENU, track("title", "Calm pads"), track("boss", "Loud drums"))
    assert bench.plan(*tracks) == bench.plan(*tracks)


def test_tags_that_say_nothing_are_not_in_the_lock():
    assert tags_of(track("menu", prompt=True, artist="")) == {"title": "Menu", "prompt": True}


# Whatever happens.

PATHS = ["audio/a.mp3", "audio/b.mp3", "audio/c.mp3", "music/d.mp3", "music/e.mp3"]
WISHED = st.builds(
    spec,
    st.sampled_from(["Calm pads", "Loud drums"]),
    provider=st.sampled_from(["elumenta", "sketch", "replicate"]),
    duration=st.sampled_from([30, 60]),
)


@st.composite
def manifests(draw):
    """Draw up to four tracks, no two of them with one path."""
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    paths = draw(st.permutations(PATHS))
    tracks = []
    for name in names:
        mine = [paths.pop() for _ in range(draw(st.integers(1, 2))) if paths]
        if mine:
            tracks.append(
                track(
                    name,
                    draw(WISHED),
                    paths=mine,
                    takes=draw(st.integers(1, 2)),
                    title=draw(st.sampled_from(["One", "Two"])),
                )
            )
    return tracks


MISHAPS = st.sampled_from(["nothing", "no store", "no outputs", "edited", "pointer", "reset"])
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "draft": st.just(draft_of),
        "force": st.sets(st.sampled_from("abcd")).map(frozenset),
        "overwrite": st.booleans(),
        "only": st.sets(st.sampled_from("abcd")).map(frozenset),
    },
)


def befall(mishap, bench, path):
    match mishap:
        case "no store":
            bench.without_store()
        case "no outputs":
            bench.without_outputs()
        case "edited":
            bench.disk.scribble(path)
        case "pointer" if path in bench.disk.files:
            bench.disk.unfetch(path)
        case "reset" if path in bench.disk.files:
            del bench.disk.files[path]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(manifests(), MISHAPS, st.sampled_from(PATHS), ASKED), max_size=5))
def test_a_built_plan_is_empty_and_nothing_is_ever_bought_twice(rounds):
    bench = Bench()
    for tracks, mishap, path, asked in rounds:
        befall(mishap, bench, path)
        before, by_hand = bench.lock, dict(bench.disk.files)
        found = bench.plan(*tracks, **asked)
        ordered = Counter(wish.key for step in found.purchases for wish in step.specs)
        assert all(times == 1 for times in ordered.values())
        assert not ordered.keys() & before.purchases.keys()
        bench.build(*tracks, **asked)
        assert before.purchases.keys() <= bench.lock.purchases.keys()
        if mishap == "edited" and not asked.get("overwrite"):
            assert bench.disk.files[path] == by_hand[path]
        again = bench.plan(*tracks, **{**asked, "force": frozenset(), "overwrite": False})
        assert all(isinstance(step, Edited) for step in again.to_do)
        owned = [path for one in bench.lock.tracks.values() for path in one.outputs]
        assert len(owned) == len(set(owned))


# Orders under way.


def test_an_order_under_way_costs_nothing_more():
    boss = track("boss", "Loud drums")
    found = plan([MENU, boss], Lock(), Paper(), price, under_way=frozenset({MENU.generate.key}))
    ordered, fresh = found.steps
    assert causes(ordered) == [Cause.NEW, Cause.UNDER_WAY]
    assert (ordered.quotes, fresh.quotes) == ((FREE,), (NINE,))
    assert [step.track.id for step in found.purchases] == ["boss"]


# Mastering.


def test_another_loudness_is_free():
    step = Bench(MENU).step(mastered(MENU))
    assert (type(step), causes(step)) == (Master, [Cause.MASTERING])
    loud = mastered(MENU, -14, title="Main Menu")
    step = Bench(mastered(MENU)).step(loud)
    assert (type(step), causes(step)) == (Master, [Cause.TAGS, Cause.MASTERING])


def test_what_was_mastered_is_no_source_for_other_sound():
    bench = Bench(mastered(MENU)).without_store()
    assert bench.plan(mastered(MENU)).steps == (Keep(mastered(MENU)),)
    assert isinstance(bench.step(mastered(MENU, -14)), Lost)
    assert isinstance(bench.step(MENU), Lost)


def test_what_was_mastered_needs_no_audio_for_other_tags():
    bench = Bench(mastered(MENU)).without_store()
    step = bench.step(mastered(MENU, title="Main Menu"))
    assert (type(step), causes(step), step.source) == (Tag, [Cause.TAGS], "")
    bench.disk.scribble("audio/menu.mp3")
    step = bench.step(mastered(MENU, title="Main Menu"), overwrite=True)
    assert isinstance(step, Lost)


def test_an_output_more_needs_the_audio():
    bench = Bench(mastered(MENU)).without_store()
    (output,) = mastered(MENU).outputs
    other = replace(output, path="audio/menu.ogg", master=replace(output.master, format="ogg"))
    assert isinstance(bench.step(replace(MENU, outputs=(output, other))), Lost)


def test_another_encoder_makes_nothing_out_of_date():
    loud = mastered(MENU)
    bench = Bench(loud)
    (locked,) = bench.lock.tracks.values()
    outputs = {path: replace(made, encoder="another 9.9") for path, made in locked.outputs.items()}
    bench.lock = bench.lock.with_track("menu", replace(locked, outputs=outputs))
    assert isinstance(bench.step(loud), Keep)
    assert isinstance(bench.without_outputs().step(loud), Restore)


# Nothing but what the lock says.


def test_what_is_not_in_place_is_put_back_and_nothing_else_is_done():
    bench = Bench(MENU, track("boss", "Drums"))
    wished = [mastered(MENU), track("boss", "Other drums"), track("new", "Waltz")]
    assert restoring(wished, bench.lock, bench.disk) == Plan(
        (Keep(wished[0]), Keep(wished[1])), orphans=()
    )
    del bench.disk.files["audio/boss.mp3"]
    made = bench.lock.tracks["boss"].outputs["audio/boss.mp3"]
    missing = (Reason(Cause.OUTPUT_MISSING),)
    assert restoring(wished, bench.lock, bench.disk).to_do == (
        Restore(wished[1], missing, {"audio/boss.mp3": made.digest}),
    )
