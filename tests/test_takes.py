"""Which take is used, and what audio of another format than a provider's asks of the outputs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from specimens import Paper, carry_out, price, purchase, sketch, track

from musicbuild.cost import FREE
from musicbuild.lock import Adopted, Lock, LockedTrack
from musicbuild.models import SourceType
from musicbuild.plan import Wishes, plan
from musicbuild.spec import Encoding, MasterSpec, Sound, Tags
from musicbuild.steps import Cause, Generate, Keep, Lost, Master, Reason, Tag
from musicbuild.takes import fitted, is_adopted, is_made_from, picked, taken

MENU = track("menu", "Calm pads")
THEME = Adopted("theme.wav", "wav", SourceType.CREATED)
TAKE = Adopted("take.mp3", "mp3")


def adopted(wish, origin=TAKE):
    return purchase(wish, cost=FREE, generation=f"adopted-{wish.take}", adopted=origin)


def bought(*wishes, lock=None):
    for wish in wishes:
        lock = (lock or Lock()).with_purchase(wish.key, purchase(wish))
    return lock or Lock()


class Desk:
    """A track that was built, and a disk on paper."""

    def __init__(self, wanted=MENU):
        self.lock, self.disk = Lock(), Paper()
        self.build(wanted)

    def step(self, *tracks, **wishes):
        found = plan(tracks, self.lock, self.disk, price, Wishes(**wishes) if wishes else None)
        return found.steps[0]

    def build(self, *tracks):
        found = plan(tracks, self.lock, self.disk, price)
        self.lock = carry_out(found, self.lock, self.disk)
        return self

    def adopt(self, wish, origin=TAKE, *, pick=True):
        self.lock = self.lock.with_purchase(wish.key, adopted(wish, origin))
        self.disk.store.add(self.lock.purchases[wish.key].audio)
        if pick:
            self.lock = self.lock.with_track(
                "menu", replace(self.lock.tracks["menu"], picked=wish.take)
            )
        return self


def test_without_a_lock_the_first_take_is_used():
    assert picked(MENU, Lock()) == MENU.generate
    assert list(taken(MENU, Lock())) == []


def test_what_was_adopted_last_is_used_by_a_track_that_the_lock_does_not_know():
    lock = bought(MENU.generate)
    for number in (2, 3):
        lock = lock.with_purchase(MENU.take(number).key, adopted(MENU.take(number)))
    assert picked(MENU, lock) == MENU.take(3)
    assert [one.take for one in taken(MENU, lock)] == [1, 2, 3]
    assert [is_adopted(MENU.take(number), lock) for number in (1, 2, 3, 4)] == [
        *(False, True, True),
        False,
    ]


def test_a_gap_among_the_takes_hides_none_of_those_that_are_asked_for():
    three = replace(MENU, takes=3)
    lock = bought(MENU.generate).with_purchase(three.take(3).key, adopted(three.take(3)))
    assert [one.take for one in taken(three, lock)] == [1, 3]
    assert picked(three, lock) == three.take(3)
    assert picked(MENU, lock) == MENU.generate


def test_the_lock_s_own_take_comes_before_what_was_adopted():
    desk = Desk().adopt(MENU.take(2), pick=False)
    assert picked(MENU, desk.lock) == MENU.generate
    assert desk.step(MENU) == Keep(MENU)


def test_a_take_that_was_picked_is_made_next_and_stays():
    desk = Desk().adopt(MENU.take(2))
    step = desk.step(MENU)
    assert isinstance(step, Master)
    assert (step.spec, step.source) == (MENU.take(2), "")
    assert step.reasons == (Reason(Cause.ADOPTED, after="take.mp3"),)
    desk.build(MENU)
    assert desk.step(MENU) == Keep(MENU)
    locked = desk.lock.tracks["menu"]
    assert (locked.take, locked.picked) == (2, 0)
    renamed = replace(MENU, id="main-menu")
    assert desk.step(renamed).spec == MENU.take(2)


def test_a_take_that_was_bought_can_be_picked_again():
    desk = Desk().adopt(MENU.take(2)).build(MENU)
    locked = replace(desk.lock.tracks["menu"], picked=1)
    desk.lock = desk.lock.with_track("menu", locked)
    step = desk.step(MENU)
    assert step.spec == MENU.generate
    assert step.reasons == (Reason(Cause.PICKED, "2", "1"),)


def test_a_take_that_is_not_there_is_not_used_though_it_was_picked():
    lock = bought(MENU.generate).with_track("menu", LockedTrack(MENU.generate.key, 1, {}, picked=7))
    assert picked(MENU, lock) == MENU.generate
    lost = Lock(tracks={"menu": LockedTrack(MENU.take(9).key, 9, {})})
    assert is_made_from(MENU, lost.tracks["menu"])
    assert picked(MENU, lost) == MENU.generate


def test_no_more_takes_are_ordered_where_one_was_adopted():
    three = replace(MENU, takes=3)
    desk = Desk(track("other", "Loud drums")).adopt(three.take(1), pick=False)
    assert isinstance(desk.step(three), Master)
    assert isinstance(desk.step(three, draft=lambda one: pytest.fail(one.id)), Master)
    changed = track("menu", "Calm pads, slower", takes=3)
    assert len(desk.step(changed).specs) == 3


def test_another_prompt_is_ordered_and_the_old_one_back_is_free():
    desk = Desk().adopt(MENU.take(2)).build(MENU)
    slower = track("menu", "Calm pads, slower")
    assert isinstance(desk.step(slower), Generate)
    desk.build(slower)
    step = desk.step(MENU)
    assert isinstance(step, Master)
    assert step.spec == MENU.take(2)
    assert step.reasons == (Reason(Cause.ADOPTED, after="take.mp3"),)


def test_what_was_adopted_is_made_again_by_nobody():
    free = track("menu", sketch())
    desk = Desk(free).adopt(free.take(2)).build(free)
    assert isinstance(desk.step(free, force=frozenset({"menu"})), Master)
    desk.disk.store.clear()
    desk.disk.files.clear()
    step = desk.step(free)
    assert isinstance(step, Lost)
    assert step.purchase.adopted == TAKE


def test_audio_of_before_does_not_stand_in_for_what_was_picked():
    desk = Desk().adopt(MENU.take(2))
    desk.disk.store.clear()
    assert isinstance(desk.step(MENU), Lost)
    retitled = track("menu", "Calm pads", title="Main Menu")
    assert isinstance(desk.step(retitled), Lost)


def test_a_wav_has_to_be_encoded_where_an_mp3_would_stay_as_it_is():
    desk = Desk().adopt(MENU.take(2), THEME)
    (output,) = desk.step(MENU).outputs
    assert output.master == replace(MENU.outputs[0].master, encode=True)
    assert output.master.changes_sound
    desk.build(MENU)
    assert isinstance(desk.step(MENU), Keep)
    retitled = desk.step(track("menu", "Calm pads", title="Main Menu"))
    assert isinstance(retitled, Tag)
    (made,) = desk.lock.tracks["menu"].outputs.values()
    assert made.sound != ""
    assert desk.lock.tracks["menu"].whole == {}


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        (MasterSpec("mp3", Tags()), {"encode": True}),
        (MasterSpec("mp3", Tags(), encoding=Encoding(bitrate=320)), {}),
        (MasterSpec("mp3", Tags(), sound=Sound(loudness=-16), lossless=True), {"lossless": False}),
        (MasterSpec("ogg", Tags()), {}),
        (MasterSpec("mid", Tags(), part="mid"), {}),
    ],
)
def test_only_what_would_stay_as_delivered_is_asked_anew(master, expected):
    wanted = replace(MENU, outputs=(replace(MENU.outputs[0], master=master),))
    for origin, changed in ((THEME, expected), (TAKE, {}), (None, {})):
        (output,) = fitted(wanted, replace(purchase(MENU.generate), adopted=origin)).outputs
        assert output.master == replace(master, **changed)
