"""Delivery: beside a build files become what they become in it, and what fails is tried again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from gateway_audio import mp3
from specimens import spec, track

from musicbuild.delivery import Delivery, File, delivered, work
from musicbuild.errors import IntegrityError
from musicbuild.hashing import digest_bytes
from musicbuild.outputs import Tree
from musicbuild.store import Store
from musicbuild.tags import Provenance, audio_of, say

AUDIO = mp3("menu", 15)
MENU = track("menu", spec("Ruhe, «pads»", duration=15), paths=["a/menu.mp3", "b/menu.mp3"])


@pytest.fixture
def places(tmp_path):
    """Return a place to deliver to, and another one just like it."""
    found = []
    for name in ("here", "beside"):
        (tmp_path / name).mkdir()
        found.append(Delivery(Store(tmp_path / name / "store"), Tree(tmp_path / name)))
        found[-1].store.put(AUDIO)
    return found


def files(cover=None):
    origin = Provenance("elumenta", "musicgen", "gen_1", "0" * 64, "", None)
    return [
        File(
            one.path,
            one.master.format,
            say(one.master.tags, origin, seconds=15, cover=cover),
            frozenset({digest_bytes(b"ours")}),
        )
        for one in MENU.outputs
    ]


def asked(place, wanted):
    """Have files delivered as a process is asked to: in JSON."""
    return delivered(work(json.loads(json.dumps(place.order(wanted, digest_bytes(AUDIO))))))


def test_files_are_the_same_wherever_they_are_delivered(places):
    here, beside = places
    wanted = [*files(), File("menu.mid", "mid", None, frozenset())]
    (beside.tree.root / "a").mkdir()
    (beside.tree.root / "a/menu.mp3").write_bytes(b"ours")
    done = asked(beside, wanted)
    assert done == {one.path: here.deliver(one, AUDIO) for one in wanted}
    for path, one in done.items():
        data = beside.tree.read(path)
        assert data == here.tree.read(path) == beside.store.get(one.file)
        assert one.audio == digest_bytes(audio_of(data) if path.endswith("mp3") else data)
    assert beside.store.get(digest_bytes(b"ours")) == b"ours"


def test_what_was_changed_by_hand_is_kept_and_said(places):
    _, place = places
    (place.tree.root / "b").mkdir()
    (place.tree.root / "b/menu.mp3").write_bytes(b"by hand")
    with pytest.raises(ValueError, match=r"`b/menu.mp3` was changed by another hand"):
        asked(place, files())
    assert place.tree.read("b/menu.mp3") == b"by hand"
    with pytest.raises(IntegrityError):
        place.deliver(files()[1], AUDIO)
    assert asked(replace(place, overwrite=True), files())
    assert place.tree.read("b/menu.mp3") != b"by hand"


def test_audio_that_is_not_in_the_store_can_not_be_delivered(places):
    place = places[0]
    order = place.order(files(), digest_bytes(b"other"))
    with pytest.raises(ValueError, match="not in the store"):
        work(order)


def test_a_picture_is_delivered_in_the_build_itself(places):
    wanted = files(cover=b"\x89PNG\r\n\x1a\n" + bytes(64))
    assert places[0].order(wanted, digest_bytes(AUDIO)) is None


def test_music_is_digested_without_the_tags_around_it(places):
    place, file = places[0], files()[0]
    place.deliver(file, AUDIO)
    tagged = place.tree.read(file.path)
    for sound in (AUDIO, tagged):
        assert place.deliver(file, sound, digest_bytes(sound)).audio == digest_bytes(AUDIO)
