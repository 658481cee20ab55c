"""What a lock says a project has, which tracks need it, and where it can be read."""

from __future__ import annotations

import pytest
from gateway_audio import mp3

from musicbuild.cost import FREE
from musicbuild.errors import IntegrityError
from musicbuild.hashing import digest_bytes
from musicbuild.holdings import Holding, everything, in_place, of_tracks, reading
from musicbuild.lock import Lock, LockedOutput, LockedTrack, Purchase
from musicbuild.outputs import Found, Tree
from musicbuild.spec import GenerateSpec, MasterSpec, Output, Tags, TrackSpec
from musicbuild.store import Store
from musicbuild.tags import audio_of

MASTER = MasterSpec("mp3", Tags(title="Boss"))
NEW, OLD = (GenerateSpec("elumenta", "musicgen", prompt, 30) for prompt in ("new", "old"))
BOSS = TrackSpec("boss", NEW, (Output("audio/boss.mp3", MASTER),))


def bought(audio):
    return Purchase(
        "elumenta", "musicgen", "x", 30, (), 1, "g", audio, 5, 30, FREE, "2026-11-23T02:11:34Z"
    )


def digest(text):
    return digest_bytes(text.encode())


def lock(spec, *, key=None, path="audio/boss.mp3"):
    """Return a lock with both pieces bought, and `boss` made from one of them."""
    purchases = {one.key: bought(digest(one.prompt)) for one in (NEW, OLD)}
    key = key or MASTER.key(digest(spec.prompt))
    made = LockedOutput(key, digest("output"), digest(spec.prompt))
    return Lock(purchases, {"boss": LockedTrack(spec.key, 1, {path: made})})


def test_a_track_needs_its_audio_and_its_output():
    assert of_tracks(lock(NEW), [BOSS]) == (
        Holding(digest("new"), NEW.key, "boss", needed=True),
        Holding(digest("output"), NEW.key, "boss", "audio/boss.mp3", needed=True),
    )


@pytest.mark.parametrize("key", [None, digest("another mastering")])
def test_a_track_that_has_moved_on_has_what_it_had_and_needs_it_no_more(key):
    made = NEW if key else OLD
    held = of_tracks(lock(made, key=key), [BOSS])
    assert [one.digest for one in held if not one.needed] == (
        [digest("output")] if key else [digest("old"), digest("output")]
    )
    assert [one.digest for one in held if one.needed] == [digest("new")]


def test_an_output_that_is_asked_for_no_more_is_no_tracks():
    held = everything(lock(NEW, path="audio/other.mp3"), [BOSS])
    assert held == (
        Holding(digest("new"), NEW.key, "boss", needed=True),
        Holding(digest("old"), OLD.key),
        Holding(digest("output"), NEW.key, "", "audio/other.mp3"),
    )
    assert of_tracks(Lock(), [BOSS]) == everything(Lock(), [BOSS]) == ()


def test_all_that_the_lock_names_is_listed_once():
    held = everything(lock(NEW), [BOSS])
    assert [one.digest for one in held] == [digest("new"), digest("output"), digest("old")]


def test_what_two_tracks_share_is_needed_if_one_needs_it():
    twin = TrackSpec("twin", OLD, ())
    held = of_tracks(lock(OLD), [BOSS, twin])
    assert Holding(digest("old"), OLD.key, "twin", needed=True) in held
    assert len({one.digest for one in held}) == len(held) == 3


@pytest.fixture
def piece():
    """An output that holds audio as it was delivered, and that audio."""
    audio = mp3("boss", 1)
    data = b"ID3\x03\x00\x00\x00\x00\x00\x0a" + bytes(10) + audio
    assert audio_of(data) == audio
    return data, audio


@pytest.fixture
def read(tmp_path, piece):
    data, audio = piece
    made = LockedOutput(digest("key"), digest_bytes(data), digest_bytes(audio))
    known = Lock({}, {"boss": LockedTrack(NEW.key, 1, {"audio/boss.mp3": made})})
    (tmp_path / "audio").mkdir()
    return reading(known, Store(tmp_path / "store"), Tree(tmp_path))


def test_an_object_is_read_from_the_store_or_from_an_output(tmp_path, piece, read):
    data, audio = piece
    wanted = [digest_bytes(data), digest_bytes(audio)]
    assert list(map(read, wanted)) == [None, None]
    (tmp_path / "audio" / "boss.mp3").write_bytes(data)
    assert list(map(read, wanted)) == [data, audio]
    (tmp_path / "audio" / "boss.mp3").write_bytes(data + b"edited")
    assert list(map(read, wanted)) == [None, None]
    Store(tmp_path / "store").put(data)
    assert list(map(read, wanted)) == [data, audio]


def test_what_a_lock_says_untruly_gives_nothing(tmp_path, piece):
    data, _ = piece
    made = LockedOutput(digest("key"), digest_bytes(b"text"), digest("audio"))
    other = LockedOutput(digest("key"), digest_bytes(data), digest("audio"))
    outputs = {"audio/text.mp3": made, "audio/other.mp3": other}
    known = Lock({}, {"boss": LockedTrack(NEW.key, 1, outputs)})
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "text.mp3").write_bytes(b"text")
    (tmp_path / "audio" / "other.mp3").write_bytes(data)
    assert reading(known, Store(tmp_path / "store"), Tree(tmp_path))(digest("audio")) is None


def test_an_output_outside_of_the_project_is_not_read(tmp_path, piece, read):
    data, _ = piece
    (tmp_path / "audio").rmdir()
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    (outside / "boss.mp3").write_bytes(data)
    (tmp_path / "audio").symlink_to(outside)
    assert read(digest_bytes(data)) is None


def test_only_an_untouched_output_is_in_its_place():
    holding = Holding(digest("output"), NEW.key, "boss", "audio/boss.mp3")

    def fail(_):
        raise IntegrityError("is a link")

    assert in_place(holding, lambda _: Found(digest("output")))
    assert not in_place(holding, lambda _: Found(digest("other")))
    assert not in_place(holding, lambda _: Found(digest("output"), fetched=False))
    assert not in_place(holding, lambda _: None)
    assert not in_place(holding, fail)
    assert not in_place(Holding(digest("new"), NEW.key), lambda _: Found(digest("new")))
