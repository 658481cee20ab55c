"""Finishing: outputs are tagged, kept in the store, and never put over another's work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gateway_audio import mp3
from specimens import purchase, sketch, spec, track

from musicbuild.errors import IntegrityError
from musicbuild.finish import Finisher
from musicbuild.hashing import digest_bytes
from musicbuild.lock import Lock
from musicbuild.mastering import Mastered
from musicbuild.models import SourceType
from musicbuild.outputs import Tree
from musicbuild.store import Store
from musicbuild.tags import audio_of, read

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
AUDIO = mp3("menu", 15)
WISH = spec("Calm pads", duration=15)
MENU = track("menu", WISH)


class Bench:
    """A tree, a store and a lock in which one piece is bought."""

    def __init__(self, root):
        self.store, self.tree = Store(root / "store"), Tree(root / "project")
        (root / "project").mkdir()
        bought = purchase(WISH, audio=self.store.put(AUDIO), seconds=15.0)
        self.lock = Lock({WISH.key: bought})

    def finisher(self, **more):
        return Finisher(self.store, self.tree, **more)

    def finish(self, wanted=MENU, *, overwrite=False):
        finisher = self.finisher(overwrite=overwrite)
        made = finisher.finish(
            wanted,
            wanted.outputs,
            {output.path: Mastered(None) for output in wanted.outputs},
            audio=lambda: AUDIO,
            lock=self.lock,
            spec=WISH,
            kind=SourceType.TRAINED,
            described=None,
            draft=False,
        )
        made = finisher.with_rest(made, self.lock.tracks.get(wanted.id))
        self.lock = self.lock.with_track(wanted.id, made)
        return made

    def put(self, path, data):
        (self.tree.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.tree.root / path).write_bytes(data)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def refusal(call, *arguments, **more):
    with pytest.raises(IntegrityError) as raised:
        call(*arguments, **more)
    return str(raised.value)


def test_an_output_is_tagged_stored_and_delivered(bench):
    made = bench.finish()
    data = bench.tree.read("audio/menu.mp3")
    output = made.outputs["audio/menu.mp3"]
    assert output.digest == digest_bytes(data)
    assert bench.store.get(output.digest) == data
    assert output.master == MENU.outputs[0].master.key(digest_bytes(AUDIO))
    assert output.audio_digest == digest_bytes(audio_of(AUDIO))
    assert (made.generate, made.take, made.tags, made.draft) == (
        WISH.key,
        1,
        {"title": "Menu"},
        False,
    )
    said = read(data)
    assert (said["title"], said["model"], said["spec"]) == ("Menu", "musicgen", WISH.key)
    assert "prompt" not in said


def test_finishing_twice_gives_the_same(bench):
    assert bench.finish() == bench.finish()


def test_an_output_made_from_an_output_is_the_same_as_one_from_the_audio(bench):
    made = bench.finish()
    data = bench.tree.read("audio/menu.mp3")
    finisher = bench.finisher()
    again = finisher.finish(
        MENU,
        MENU.outputs,
        {"audio/menu.mp3": Mastered(None)},
        audio=lambda: data,
        lock=bench.lock,
        spec=WISH,
        kind=SourceType.TRAINED,
        described=None,
        draft=False,
    )
    assert again == made


def test_the_outputs_that_are_left_are_remembered_as_long_as_they_are_there(bench):
    bench.finish(track("menu", WISH, paths=["a.mp3", "b.mp3"]))
    (bench.tree.root / "b.mp3").unlink()
    made = bench.finish(track("menu", WISH, paths=["c.mp3"]))
    assert set(made.outputs) == {"a.mp3", "c.mp3"}


def test_what_is_replaced_stays_in_the_store(bench):
    made = bench.finish()
    before = bench.tree.read("audio/menu.mp3")
    for path in (bench.store.folder / "objects").rglob("*"):
        if path.is_file() and path.read_bytes() == before:
            path.unlink()
    bench.finish(track("menu", WISH, title="Main Menu"))
    assert bench.tree.read("audio/menu.mp3") != before
    assert bench.store.get(made.outputs["audio/menu.mp3"].digest) == before


def test_a_file_changed_by_another_hand_is_kept(bench):
    bench.finish()
    bench.put("audio/menu.mp3", b"by hand")
    assert "was changed by another hand" in refusal(bench.finish)
    assert bench.tree.read("audio/menu.mp3") == b"by hand"


def test_a_file_that_was_there_before_is_kept(bench):
    bench.put("audio/menu.mp3", b"by hand")
    assert "was changed by another hand" in refusal(bench.finish)


def test_a_file_that_is_given_up_is_in_the_store_first(bench):
    bench.finish()
    bench.put("audio/menu.mp3", b"by hand")
    bench.finish(overwrite=True)
    assert bench.store.get(digest_bytes(b"by hand")) == b"by hand"
    assert bench.tree.read("audio/menu.mp3") != b"by hand"


def test_a_file_that_changes_at_the_last_moment_is_kept(bench, monkeypatch):
    bench.finish()
    put = bench.store.put

    def slip(data):
        digest = put(data)
        if data == first:
            bench.put("audio/menu.mp3", b"by hand")
        return digest

    first = bench.tree.read("audio/menu.mp3")
    monkeypatch.setattr(Store, "put", lambda _, data: slip(data))
    says = refusal(bench.finish, track("menu", WISH, title="Main Menu"))
    assert "was changed by another hand" in says
    assert bench.tree.read("audio/menu.mp3") == b"by hand"


def test_a_pointer_of_git_lfs_to_our_output_is_replaced(bench):
    digest = bench.finish().outputs["audio/menu.mp3"].digest
    data = bench.tree.read("audio/menu.mp3")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 9\n".encode()
    bench.put("audio/menu.mp3", pointer)
    bench.finish()
    assert bench.tree.read("audio/menu.mp3") == data
    assert not bench.store.holds(digest_bytes(pointer))


def test_a_folder_in_the_place_of_an_output_is_left_alone(bench):
    bench.put("audio/menu.mp3/inside", b"x")
    assert "is not a plain file" in refusal(bench.finish)


def test_a_link_out_of_the_folder_is_not_followed(bench, tmp_path):
    (tmp_path / "outside").mkdir()
    (bench.tree.root / "audio").symlink_to(tmp_path / "outside")
    assert "leads out of the manifest's folder" in refusal(bench.finish)
    assert not list((tmp_path / "outside").iterdir())


# Covers.

COVERED = track("menu", WISH, cover="cover.png")
MASTER = COVERED.outputs[0].master
MASTER = replace(MASTER, tags=replace(MASTER.tags, cover=digest_bytes(PNG)))
COVERED = replace(COVERED, outputs=(replace(COVERED.outputs[0], master=MASTER),))


def test_a_cover_is_put_into_the_output(bench):
    bench.put("cover.png", PNG)
    made = bench.finish(COVERED)
    assert read(bench.tree.read("audio/menu.mp3"))["cover"] == f"image/png, {len(PNG)} bytes"
    assert made.tags["cover"] == digest_bytes(PNG)


@pytest.mark.parametrize("now", [None, PNG + b"x"])
def test_a_cover_that_changes_while_the_build_runs_stops_it(bench, now):
    if now:
        bench.put("cover.png", now)
    assert refusal(bench.finish, COVERED) == (
        "the cover `cover.png` changed while the build ran\nhint: build again"
    )
    assert bench.tree.find("audio/menu.mp3") is None


# Where audio comes from.


def clear(bench):
    for path in (bench.store.folder / "objects").rglob("*"):
        if path.is_file():
            path.unlink()


def test_audio_comes_from_the_store(bench):
    assert bench.finisher().audio(WISH, "", bench.lock) == AUDIO


def rot(bench, digest):
    bench.store.path(digest).chmod(0o644)
    bench.store.path(digest).write_bytes(b"rot")


def test_audio_that_is_nowhere_is_none(bench):
    rot(bench, digest_bytes(AUDIO))
    assert bench.finisher().audio(WISH, "", bench.lock) is None
    clear(bench)
    assert bench.finisher().audio(WISH, "", bench.lock) is None


def test_damaged_audio_is_put_right_from_an_output(bench):
    bench.finish()
    rot(bench, digest_bytes(AUDIO))
    assert audio_of(bench.finisher().audio(WISH, "", bench.lock)) == AUDIO
    assert bench.store.get(digest_bytes(AUDIO)) == AUDIO


@pytest.mark.parametrize("now", [None, b"by hand"])
def test_damaged_audio_is_put_right_from_the_stored_copy_of_an_output(bench, now):
    bench.finish()
    rot(bench, digest_bytes(AUDIO))
    (bench.tree.root / "audio/menu.mp3").unlink()
    if now:
        bench.put("audio/menu.mp3", now)
    assert audio_of(bench.finisher().audio(WISH, "", bench.lock)) == AUDIO
    assert bench.store.get(digest_bytes(AUDIO)) == AUDIO


def test_an_output_of_audio_that_came_with_tags_of_its_own_serves_in_its_place(bench):
    tagged = b"ID3\3\0\0\0\0\0\x14TIT2\0\0\0\x0a\0\0\0delivered" + AUDIO
    bought = purchase(WISH, audio=bench.store.put(tagged), seconds=15.0)
    bench.lock = Lock({WISH.key: bought})
    bench.finish()
    rot(bench, bought.audio)
    assert audio_of(bench.finisher().audio(WISH, "", bench.lock)) == AUDIO
    assert bench.store.get(bought.audio) is None


def test_audio_comes_from_an_output(bench):
    bench.finish()
    clear(bench)
    data = bench.tree.read("audio/menu.mp3")
    assert bench.finisher().audio(WISH, "audio/menu.mp3", bench.lock) == data


@pytest.mark.parametrize("now", [None, b"by hand"])
def test_audio_of_an_output_that_was_replaced_meanwhile_comes_from_the_store(bench, now):
    bench.finish()
    data = bench.tree.read("audio/menu.mp3")
    (bench.tree.root / "audio/menu.mp3").unlink()
    if now:
        bench.put("audio/menu.mp3", now)
    assert bench.finisher().audio(WISH, "audio/menu.mp3", bench.lock) == data
    clear(bench)
    assert bench.finisher().audio(WISH, "audio/menu.mp3", bench.lock) is None


def test_an_output_of_another_piece_is_no_source(bench):
    bench.finish()
    other = sketch("Loud drums")
    lock = bench.lock.with_purchase(other.key, purchase(other))
    assert bench.finisher().audio(other, "audio/menu.mp3", lock) is None


# Putting back.


def test_outputs_are_put_back_as_they_were(bench):
    digest = bench.finish().outputs["audio/menu.mp3"].digest
    data = bench.tree.read("audio/menu.mp3")
    (bench.tree.root / "audio/menu.mp3").unlink()
    assert bench.finisher().restore({"audio/menu.mp3": digest}, bench.lock) == set()
    assert bench.tree.read("audio/menu.mp3") == data


def test_a_damaged_output_is_not_put_back(bench):
    digest = bench.finish().outputs["audio/menu.mp3"].digest
    (bench.tree.root / "audio/menu.mp3").unlink()
    rot(bench, digest)
    damaged = bench.finisher().restore({"audio/menu.mp3": digest}, bench.lock)
    assert damaged == {"audio/menu.mp3"}
    assert bench.tree.find("audio/menu.mp3") is None
