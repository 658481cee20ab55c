"""What a pruning takes away, what it never does, and that it may be killed at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from gateway import Gateway
from specimens import purchase, sketch, spec, track
from studio import PowerCut, Studio

from musicbuild import durable
from musicbuild import lock as locks
from musicbuild.cost import FREE as NOTHING
from musicbuild.discard import discard
from musicbuild.errors import IntegrityError, PolicyError
from musicbuild.findings import Grade, Problem
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.journal import Journal, Payment
from musicbuild.litter import TO_TRASH, Kind, Why
from musicbuild.lock import Adopted
from musicbuild.providers import Providers
from musicbuild.prune import MONTH, Asked, decide
from musicbuild.testing import FakeClock
from musicbuild.verify import Subject, verify

MENU = track("menu", spec("Calm pads", duration=15))
BOSS = track("boss", spec("Loud drums", duration=15))
FREE = track("free", sketch("Rain", duration=1))
LATE = track("late", sketch("Wind", duration=1))
TRACKS = (MENU, BOSS, FREE, LATE)
LOCK = "musicbuild.lock"
TWENTY = ".0123456789abcdef"
"""How the name of a file ends that was written aside."""


class Bench(Studio):
    """A project of which some is not needed any more."""

    def __init__(self, root: Path, gateway: Gateway) -> None:
        super().__init__(root, gateway, FakeClock())
        self.tracks = TRACKS

    @property
    def subject(self) -> Subject:
        return Subject(
            root=self.root,
            lock_path=self.root / LOCK,
            store=self.store,
            journal=Journal(self.state / "journal"),
            tree=self.tree,
            tracks=self.tracks,
            repeatable=lambda bought: (
                not bought.adopted and Providers().model_of(bought.spec).repeatable
            ),
        )

    def asked(self, **more) -> Asked:
        return Asked(self.clock.now(), **more)

    def decide(self, **more):
        return decide(self.subject, self.asked(**more))

    def prune(self, **more):
        return discard(self.decide(**more), self.subject, self.clock.now())

    def gone(self, **more) -> list[tuple[Kind, str]]:
        return [(one.kind, self.known(one.path)) for one in self.decide(**more).gone]

    def kept(self, **more) -> list[tuple[Why, str]]:
        return [(one.why, self.known(one.path)) for one in self.decide(**more).kept]

    def known(self, path: str) -> str:
        """Return a path, or of an object which one it is."""
        place = ".musicbuild/store/objects/"
        digest = self.store.named(self.root / path) if path.startswith(place) else None
        for key, one in self.lock.purchases.items():
            if one.audio == digest:
                return f"audio of {self.lock.purchases[key].prompt}"
        return "an object" if digest else path

    def audio(self, wished) -> Digest:
        return self.lock.purchases[wished.generate.key].audio

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def bytes(self) -> set[bytes]:
        return set(self.files().values())

    def in_trash(self) -> set[str]:
        folder = self.state / "trash"
        paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {"/".join(path.parts[1:]) for path in paths}

    def build_for_nothing(self) -> None:
        before = self.charges
        assert self.build(*self.tracks).exit_code == 0
        assert self.charges == before, "paid again"


@pytest.fixture(scope="module")
def gateway():
    with Gateway() as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(durable.os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def built(tmp_path_factory, gateway):
    bench = Bench(tmp_path_factory.mktemp("built"), gateway)
    assert bench.build(*TRACKS).exit_code == 0
    return {path: data for path, data in bench.files().items() if "/claim" not in path}


@pytest.fixture
def bench(tmp_path, gateway, built):
    bench = Bench(tmp_path, gateway)
    for path, data in built.items():
        bench.write(path, data)
    return bench


def damage(path: Path, data: bytes = b"rot") -> None:
    path.chmod(0o644)
    path.write_bytes(data)


# What goes.


def test_nothing_goes_of_a_project_that_is_up_to_date(bench):
    pruning = bench.decide(trash=timedelta(0), bought=True, held=lambda _: True)
    assert (pruning.gone, pruning.kept) == ((), ())


def test_nothing_is_written_where_nothing_was_ever_built(tmp_path, gateway):
    bench = Bench(tmp_path, gateway)
    assert (bench.gone(), bench.kept()) == ([], [])
    assert list(tmp_path.iterdir()) == []


def test_an_output_of_no_track_goes_to_the_trash_and_out_of_the_lock(bench):
    bench.tracks = (BOSS, FREE, LATE)
    made, purchases = bench.read("audio/menu.mp3"), bench.lock.purchases
    done = bench.prune()
    assert [one.kind for one in done.gone] == [Kind.OUTPUT, Kind.COPY]
    assert bench.read(f"{done.trash}/audio/menu.mp3") == made
    assert not (bench.root / "audio/menu.mp3").exists()
    assert set(bench.lock.tracks) == {"boss", "free", "late"}
    assert bench.lock.purchases == purchases
    assert bench.gone() == []
    assert verify(bench.subject).findings == ()
    bench.tracks = TRACKS
    bench.build_for_nothing()
    assert bench.read("audio/menu.mp3") == made


def test_what_is_moved_back_from_the_trash_is_as_it_was(bench):
    before, lock = bench.files(), bench.read(LOCK)
    bench.tracks = (FREE, LATE)
    done = bench.prune()
    for path in sorted((bench.root / done.trash).rglob("*")):
        if path.is_file():
            bench.write(path.relative_to(bench.root / done.trash).as_posix(), path.read_bytes())
    bench.write(LOCK, lock)
    after = bench.files()
    outputs = [path for path in before if path.startswith("audio/")]
    assert {path: after[path] for path in outputs} == {path: before[path] for path in outputs}


def test_a_path_that_its_track_no_longer_has_goes_once_the_other_is_built(bench):
    moved = replace(MENU, outputs=(replace(MENU.outputs[0], path="music/menu.mp3"),))
    bench.tracks = (moved, BOSS, FREE, LATE)
    assert bench.kept() == [(Why.NOT_BUILT, "audio/menu.mp3")]
    assert bench.gone() == []
    bench.build_for_nothing()
    assert bench.gone() == [(Kind.OUTPUT, "audio/menu.mp3")]
    bench.prune()
    assert list(bench.lock.tracks["menu"].outputs) == ["music/menu.mp3"]
    assert verify(bench.subject).findings == ()


def test_an_entry_goes_whose_file_is_gone_already(bench):
    (bench.root / "audio/menu.mp3").unlink()
    bench.tracks = (BOSS, FREE, LATE)
    assert bench.gone() == [(Kind.UNUSED, "an object"), (Kind.ENTRY, "audio/menu.mp3")]
    bench.prune()
    assert "menu" not in bench.lock.tracks


def test_free_audio_goes_for_good_once_no_track_uses_it(bench):
    bench.tracks = (MENU, BOSS, LATE)
    (bench.root / "audio/free.mp3").unlink()
    assert set(bench.gone()) == {
        (Kind.ENTRY, "audio/free.mp3"),
        (Kind.DRAFT, "an object"),
        (Kind.DRAFT, "audio of Rain"),
    }
    done = bench.prune()
    assert done.trash == ""
    assert not (bench.state / "trash").exists()
    bench.tracks = TRACKS
    bench.build_for_nothing()


def test_free_audio_stays_that_a_build_would_use_next(bench):
    other = replace(FREE, generate=sketch("Hail", duration=1))
    bench.tracks = (MENU, BOSS, other, LATE)
    bench.build_for_nothing()
    assert (Kind.DRAFT, "audio of Rain") in bench.gone()
    bench.tracks = TRACKS
    assert bench.gone() == [(Kind.UNUSED, "an object")]


def test_outputs_of_earlier_builds_go_to_the_trash(bench):
    old = bench.read("audio/menu.mp3")
    bench.tracks = (track("menu", MENU.generate, artist="Nightfall"), BOSS, FREE, LATE)
    bench.build_for_nothing()
    assert bench.gone() == [(Kind.UNUSED, "an object")]
    done = bench.prune()
    digest = digest_bytes(old)
    assert bench.in_trash() == {f".musicbuild/store/objects/{digest[:2]}/{digest[2:]}"}
    assert done.gone[0].bytes == len(old)
    assert not bench.store.path(digest).parent.exists()
    bench.build_for_nothing()


def test_what_lies_where_an_output_goes_stays_in_the_store(bench):
    """By it a build knows that the file is one of ours, if it died before it wrote the lock."""
    lock = bench.read(LOCK)
    bench.tracks = (track("menu", MENU.generate, artist="Nightfall"), BOSS, FREE, LATE)
    bench.build_for_nothing()
    bench.write(LOCK, lock)
    assert bench.gone() == []
    bench.build_for_nothing()


def test_what_dead_builds_left_over_goes(bench):
    left = [
        f"audio/.menu.mp3{TWENTY}",
        f"audio/.probe{TWENTY}",
        f".musicbuild.lock{TWENTY}",
        f".musicbuild/.claim.json{TWENTY}",
        f".musicbuild/journal/.reserve{TWENTY}",
        f".musicbuild/store/.probe{TWENTY}",
        f".musicbuild/store/objects/ab/.{'c' * 40}{TWENTY}",
        ".musicbuild/work/musicbuild-abcdefgh/source-0",
    ]
    mine = [f"audio/.other.mp3{TWENTY}", f".notes{TWENTY}", "audio/.menu.mp3.part", "audio/.keep"]
    for path in [*left, *mine]:
        bench.write(path, b"half")
    found = {one.where for one in verify(bench.subject).findings}
    done = bench.prune()
    assert {one.path for one in done.gone} == {*left[:-1], ".musicbuild/work/musicbuild-abcdefgh"}
    assert found == {one.path for one in done.gone}
    assert {one.bytes for one in done.gone} == {4}
    files = bench.files()
    assert not files.keys() & set(left)
    assert files.keys() >= set(mine)
    assert bench.gone() == []


def test_no_left_over_is_looked_for_behind_a_link(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    (folder / f".x.mp3{TWENTY}").write_bytes(b"half")
    (bench.root / "linked").symlink_to(folder)
    (bench.root / "audio" / f".menu.mp3{TWENTY}").symlink_to(folder / f".x.mp3{TWENTY}")
    bench.tracks = (*TRACKS, track("x", sketch("X"), paths=["linked/x.mp3"]))
    assert bench.gone() == []


def test_old_failures_go_and_young_ones_stay(bench):
    journal = Journal(bench.state / "journal")
    for attempt, days in [("old", 31), ("young", 29)]:
        when = bench.clock.now() - timedelta(days=days)
        journal.intend(Payment(attempt, MENU.generate, when, track="menu"))
        journal.fail(attempt, MENU.generate.key)
    bench.write(f".musicbuild/journal/failed/{'0' * 64}/torn.jsonl", b"{}\n{}\n")
    assert [path.rpartition("/")[2] for _, path in bench.gone()] == ["old.jsonl"]
    bench.prune()
    assert journal.failures(MENU.generate.key) == 1


def test_empty_folders_of_the_store_go(bench):
    bench.tracks = (MENU, BOSS, FREE)
    bench.prune()
    assert all(list(folder.iterdir()) for folder in bench.store.folder.glob("objects/*"))


# What stays.


def test_a_file_that_was_changed_by_hand_stays(bench):
    bench.write("audio/menu.mp3", b"my own mix")
    bench.tracks = (BOSS, FREE, LATE)
    assert bench.kept() == [(Why.CHANGED, "audio/menu.mp3")]
    assert bench.gone() == []
    assert bench.read("audio/menu.mp3") == b"my own mix"


def test_a_file_that_is_changed_at_the_last_moment_stays_with_all_that_names_it(bench):
    bench.tracks = (BOSS, FREE, LATE)
    pruning = bench.decide()
    bench.write("audio/menu.mp3", b"my own mix")
    done = discard(pruning, bench.subject, bench.clock.now())
    assert done.gone == ()
    assert bench.read("audio/menu.mp3") == b"my own mix"
    assert bench.store.holds(bench.lock.tracks["menu"].outputs["audio/menu.mp3"].digest)


def test_what_vanishes_meanwhile_is_not_said_to_have_been_taken_away(bench):
    bench.tracks = (MENU, BOSS, FREE)
    bench.write(f"audio/.menu.mp3{TWENTY}", b"half")
    bench.store.put(b"ID3 musicbuild key")
    pruning = bench.decide()
    bench.store.path(digest_bytes(b"ID3 musicbuild key")).unlink()
    (bench.root / f"audio/.menu.mp3{TWENTY}").unlink()
    (bench.root / "audio/late.mp3").unlink()
    kinds = {one.kind for one in discard(pruning, bench.subject, bench.clock.now()).gone}
    assert kinds == {Kind.DRAFT}


def test_a_lock_that_changed_meanwhile_is_not_written(bench):
    bench.tracks = (BOSS, FREE, LATE)
    pruning, before = bench.decide(), bench.files()
    changed = locks.dump(bench.lock.without({"audio/free.mp3"}))
    bench.write(LOCK, changed)
    with pytest.raises(PolicyError, match=r"changed meanwhile; nothing was taken away"):
        discard(pruning, bench.subject, bench.clock.now())
    assert bench.files() == {**before, LOCK: changed}


def test_a_pointer_of_git_lfs_stays(bench):
    digest = bench.lock.tracks["menu"].outputs["audio/menu.mp3"].digest
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 9\n"
    bench.write("audio/menu.mp3", text.encode())
    bench.tracks = (BOSS, FREE, LATE)
    assert bench.kept() == [(Why.POINTER, "audio/menu.mp3")]


def test_what_is_no_file_stays(bench):
    (bench.root / "audio/menu.mp3").unlink()
    (bench.root / "audio/menu.mp3").mkdir()
    bench.tracks = (BOSS, FREE, LATE)
    assert bench.kept() == [(Why.NOT_PLAIN, "audio/menu.mp3")]


@pytest.mark.parametrize(
    "path", [".git/config", "musicbuild.yaml", "src/main.py", ".musicbuild/a.mp3", "a\u202e.mp3"]
)
def test_what_a_lock_says_of_other_files_takes_none_of_them_away(bench, path):
    """Anybody may have written a lock, and an output of it may be any file with its digest."""
    bench.write(path, b"theirs")
    aside = "/".join([*path.split("/")[:-1], f".{path.rpartition('/')[2][:40]}{TWENTY}"])
    bench.write(aside, b"theirs too")
    lock = bench.lock
    made = lock.tracks["menu"].outputs["audio/menu.mp3"]
    stolen = replace(
        lock.tracks["menu"], outputs={path: replace(made, digest=digest_bytes(b"theirs"))}
    )
    tracks = {**lock.tracks, "stolen": stolen}
    locks.save(bench.root / LOCK, replace(lock, tracks=tracks))
    assert (Why.ELSEWHERE, path) in bench.kept()
    bench.prune()
    assert bench.read(path) == b"theirs"
    assert (bench.root / aside).exists() is not path.startswith(".musicbuild")
    assert "stolen" in bench.lock.tracks


def test_a_name_that_a_disk_may_take_for_a_wanted_one_stays(bench):
    loud = replace(MENU, outputs=(replace(MENU.outputs[0], path="Audio/Menu.mp3"),))
    bench.tracks = (loud, BOSS, FREE, LATE)
    assert bench.kept() == [(Why.SAME, "audio/menu.mp3")]


def test_an_output_stays_that_alone_has_bought_music(bench):
    bench.tracks = (BOSS, FREE, LATE)
    damage(bench.store.path(bench.audio(MENU)))
    assert bench.kept() == [(Why.ONLY, "audio/menu.mp3")]
    assert [kind for kind, _ in bench.gone(held=lambda _: True)] == [Kind.OUTPUT, Kind.COPY]
    (bench.root / "audio/menu.mp3").unlink()
    assert bench.kept() == [(Why.ONLY, "audio/menu.mp3")]
    output = bench.lock.tracks["menu"].outputs["audio/menu.mp3"]
    bench.store.path(output.digest).unlink()
    assert bench.gone() == [(Kind.ENTRY, "audio/menu.mp3")]


def test_an_output_goes_if_a_twin_has_its_music(bench):
    twin = track("twin", MENU.generate)
    bench.tracks = (*TRACKS, twin)
    bench.build_for_nothing()
    bench.store.path(bench.audio(MENU)).unlink()
    bench.tracks = (twin, BOSS, FREE, LATE)
    assert (Kind.OUTPUT, "audio/menu.mp3") in bench.gone()
    bench.prune()
    bench.build_for_nothing()


def test_a_path_that_a_merge_left_to_two_tracks_goes_from_both(bench):
    lock = bench.lock
    both = {**lock.tracks["boss"].outputs, **lock.tracks["menu"].outputs}
    tracks = {**lock.tracks, "boss": replace(lock.tracks["boss"], outputs=both)}
    locks.save(bench.root / LOCK, replace(lock, tracks=tracks))
    bench.tracks = (BOSS, FREE, LATE)
    assert (Kind.OUTPUT, "audio/menu.mp3") in bench.gone()
    bench.prune()
    assert list(bench.lock.owners) == ["audio/boss.mp3", "audio/free.mp3", "audio/late.mp3"]


# Bought audio.


def test_bought_audio_stays_whatever_became_of_its_track(bench):
    bench.tracks = (FREE, LATE)
    bench.prune()
    assert bench.store.get(bench.audio(MENU)) is not None
    assert bench.store.get(bench.audio(BOSS)) is not None
    assert bench.gone() == []


def test_bought_audio_goes_only_if_it_was_asked_for_and_a_remote_holds_it(bench):
    bench.tracks = (MENU, FREE, LATE)
    bench.prune()
    audio, held = bench.audio(BOSS), set()
    assert bench.kept(bought=True, held=held.__contains__) == [(Why.ONLY, "audio of Loud drums")]
    held |= {audio, bench.audio(MENU)}
    assert bench.gone(held=held.__contains__) == []
    assert bench.gone(bought=True, held=held.__contains__) == [(Kind.BOUGHT, "audio of Loud drums")]
    purchases, data = bench.lock.purchases, bench.store.get(audio)
    done = bench.prune(bought=True, held=held.__contains__)
    place = f".musicbuild/store/objects/{audio[:2]}/{audio[2:]}"
    assert bench.read(f"{done.trash}/{place}") == data
    assert bench.lock.purchases == purchases


def test_without_a_remote_bought_audio_is_not_even_looked_at(bench):
    with pytest.raises(PolicyError) as raised:
        bench.decide(bought=True)
    assert str(raised.value) == (
        "`--bought` takes away only what the team's store has too, and this project names none;"
        " nothing was taken away\n"
        "hint: name a `store` in the manifest and `musicbuild push`, or leave `--bought` out"
    )


@pytest.mark.parametrize("wished", [MENU, FREE])
def test_adopted_audio_is_never_taken_for_free_or_for_another_tracks(bench, wished):
    """Nobody can give it again, be it of a model whose music is free, or not in use just now."""
    second = replace(wished.generate, take=2)
    audio = bench.store.put(b"what a composer made")
    made = Adopted("mine.mp3", "mp3", None)
    bought = replace(purchase(second, audio=audio, bytes=20, cost=NOTHING), adopted=made)
    locks.save(bench.root / LOCK, bench.lock.with_purchase(second.key, bought))
    assert bench.gone(bought=True, held=lambda _: True) == []
    bench.tracks = tuple(one for one in TRACKS if one != wished)
    bench.prune()
    assert bench.store.get(audio) == b"what a composer made"
    assert (Why.ONLY, f"audio of {second.prompt}") in bench.kept(bought=True, held=lambda _: False)


def test_what_another_branch_may_have_bought_stays(bench):
    digest = bench.store.put(b"audio that another lock names")
    assert bench.kept() == [(Why.UNKNOWN, "an object")]
    assert bench.gone() == []
    assert bench.gone(bought=True, held=digest.__eq__) == [(Kind.BOUGHT, "an object")]


@pytest.mark.parametrize(
    "data", [b"MThd and notes", b"..MUSICBUILD_KEY=..", "musicbuild key".encode("utf-16")]
)
def test_what_has_our_tags_is_known_for_an_output(bench, data):
    bench.store.put(data)
    assert bench.gone() == [(Kind.UNUSED, "an object")]


def test_what_can_not_be_read_is_not_taken_for_an_output(bench):
    path = bench.store.path(digest_bytes(b"x"))
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.truncate(path, 1 << 40)
    assert bench.kept() == [(Why.UNKNOWN, "an object")]


# The trash.


@pytest.fixture
def full(bench):
    """A project with two things in the trash: an output, and bought audio that a remote held."""
    bench.tracks = (MENU, FREE, LATE)
    bench.prune(bought=True, held=lambda _: True)
    bench.prune(bought=True, held=lambda _: True)
    assert len(bench.in_trash()) == 2
    return bench


def test_the_trash_is_left_alone_unless_that_is_asked(full):
    full.clock.sleep(100 * 86400)
    assert full.gone() == []


def test_of_the_trash_only_what_is_old_goes(full):
    full.clock.sleep(30 * 86400 - 1)
    assert full.gone(trash=MONTH, held=lambda _: True) == []
    full.clock.sleep(1)
    assert [kind for kind, _ in full.gone(trash=MONTH, held=lambda _: True)] == [Kind.TRASH] * 2
    full.prune(trash=MONTH, held=lambda _: True)
    assert list((full.state / "trash").iterdir()) == []


def test_bought_audio_stays_in_the_trash_if_it_is_nowhere_else(full):
    (why, path), *more = full.kept(trash=timedelta(0))
    assert (why, more) == (Why.ONLY, [])
    full.prune(trash=timedelta(0))
    assert full.in_trash() == {path.partition("Z/")[2]}
    digest = full.audio(BOSS)
    assert digest_bytes(full.read(path)) == digest
    full.store.put(full.read(path))
    full.prune(trash=timedelta(0))
    assert full.in_trash() == set()


def test_what_other_locks_may_name_stays_in_the_trash_and_the_rest_goes(bench):
    for number, data in enumerate([b"unknown", b"ID3 musicbuild key"]):
        digest = digest_bytes(data)
        where = f"store/objects/{digest[:2]}/{digest[2:]}"
        bench.write(f".musicbuild/trash/2000-01-01T00-00-0{number}Z/.musicbuild/{where}", data)
    free = bench.audio(FREE)
    where = f".musicbuild/store/objects/{free[:2]}/{free[2:]}"
    bench.write(f".musicbuild/trash/2000-01-01T00-00-02Z/{where}", b"draft")
    damage(bench.store.path(free))
    bench.write(".musicbuild/trash/mine/notes.txt", b"put there by hand")
    bench.prune(trash=timedelta(0))
    assert {data for path, data in bench.files().items() if "/trash/" in path} == {
        b"unknown",
        b"put there by hand",
    }


def test_two_prunings_in_one_second_have_a_folder_each(bench):
    bench.tracks = (MENU, BOSS, FREE)
    first = bench.prune()
    bench.tracks = (MENU, BOSS)
    second = bench.prune()
    assert first.trash < second.trash
    assert bench.in_trash() == {"audio/late.mp3", "audio/free.mp3"}


def test_another_disk_gets_a_copy_before_the_file_goes(bench, monkeypatch):
    def rename(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    bench.tracks = (BOSS, FREE, LATE)
    made = bench.read("audio/menu.mp3")
    monkeypatch.setattr(os, "rename", rename)
    done = bench.prune()
    assert bench.read(f"{done.trash}/audio/menu.mp3") == made
    assert not (bench.root / "audio/menu.mp3").exists()


def test_a_trash_that_can_not_be_written_leaves_all_in_place(bench, monkeypatch):
    def rename(*_, **__):
        raise PermissionError(13, "Permission denied")

    bench.tracks = (BOSS, FREE, LATE)
    before = bench.bytes()
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(PermissionError):
        bench.prune()
    assert bench.bytes() == before


# Refusals.


@pytest.mark.parametrize("text", [None, b"", b"{", b"<<<<<<< HEAD\n", b'{"version": 2}'])
def test_a_lock_that_is_gone_or_damaged_makes_nothing_unused(bench, text):
    if text is None:
        (bench.root / LOCK).unlink()
    else:
        bench.write(LOCK, text)
    with pytest.raises(IntegrityError) as raised:
        bench.decide()
    assert raised.value.hint


@pytest.mark.parametrize("fault", ["key", "purchase", "take"])
def test_nothing_goes_by_a_lock_that_contradicts_itself(bench, fault):
    lock, key = bench.lock, MENU.generate.key
    bought = lock.purchases[key]
    rest = {name: one for name, one in lock.purchases.items() if name != key}
    other = replace(lock.tracks["menu"], take=2)
    found = {
        "key": replace(lock, purchases={**rest, Digest("0" * 64): bought}),
        "purchase": replace(lock, purchases=rest),
        "take": replace(lock, tracks={**lock.tracks, "menu": other}),
    }
    locks.save(bench.root / LOCK, found[fault])
    with pytest.raises(IntegrityError, match=r"^`musicbuild.lock` is damaged: "):
        bench.decide()


def test_nothing_goes_while_an_order_is_open_but_old_trash(bench):
    journal = Journal(bench.state / "journal")
    wish = spec("Ordered")
    journal.intend(Payment("open", wish, bench.clock.now(), track="ordered"))
    bench.write(".musicbuild/trash/2000-01-01T00-00-00Z/audio/old.mp3", b"old")
    assert [kind for kind, _ in bench.gone(trash=MONTH)] == [Kind.TRASH]
    bench.tracks = (BOSS, FREE, LATE)
    with pytest.raises(PolicyError) as raised:
        bench.decide()
    assert str(raised.value) == (
        "an order of `ordered` is open, and may yet need what would go; nothing was taken away\n"
        "hint: `musicbuild recover` looks after it"
    )


# Killed at any moment.

CALLS = ("rename", "replace", "unlink", "mkdir", "rmdir", "write", "fsync")
"""Each change that a pruning makes to a disk."""


class Power:
    """Power that fails at one of these calls, before it is made or within a writing."""

    def __init__(self, monkeypatch, at: int) -> None:
        self.left = at
        for name in CALLS:
            monkeypatch.setattr(os, name, self.powered(getattr(os, name), name))

    def powered(self, call, name):
        def step(*given, **more):
            self.left -= 1
            if self.left == 0 and name == "write":
                call(given[0], bytes(given[1])[: len(given[1]) // 2])
            if self.left <= 0:
                raise PowerCut
            return call(*given, **more)

        return step


def untidy(bench) -> None:
    """Have something of every kind that goes."""
    bench.tracks = (track("menu", MENU.generate, artist="Nightfall"), BOSS, FREE, LATE)
    bench.build_for_nothing()
    bench.write(".musicbuild/trash/2000-01-01T00-00-00Z/audio/old.mp3", b"old")
    bench.write(".musicbuild/work/musicbuild-abcdefgh/source-0", b"work")
    bench.write(f"audio/.menu.mp3{TWENTY}", b"half")
    when = bench.clock.now() - timedelta(days=31)
    journal = Journal(bench.state / "journal")
    journal.intend(Payment("old", spec("failed"), when))
    journal.fail("old", spec("failed").key)
    (bench.root / "audio/late.mp3").unlink()
    bench.tracks = (bench.tracks[0], FREE)


def killed_at(tmp_path, gateway, built) -> Iterator[tuple[Bench, int]]:
    """Yield a fresh project, and the call at which power fails, until there is no such call."""
    for at in range(1, 500):
        bench = Bench(tmp_path / str(at), gateway)
        for path, data in built.items():
            bench.write(path, data)
        untidy(bench)
        yield bench, at


def test_killed_at_any_call_nothing_is_lost_and_the_next_pruning_goes_on(tmp_path, gateway, built):
    asked = {"trash": MONTH, "bought": True, "held": lambda _: True}
    for bench, at in killed_at(tmp_path, gateway, built):
        pruning, before = bench.decide(**asked), bench.bytes()
        assert {one.kind for one in pruning.gone} == set(Kind)
        for_good = {bench.read(one.path) for one in pruning.gone if is_for_good(bench, one)}
        lost = before - for_good - {bench.read(LOCK), b"work"}
        with pytest.MonkeyPatch.context() as patched:
            Power(patched, at)
            try:
                discard(pruning, bench.subject, bench.clock.now())
            except PowerCut:
                done = False
            else:
                done = True
        assert lost <= bench.bytes(), at
        assert not [one for one in verify(bench.subject).findings if is_grave(one)], at
        bench.prune(**asked)
        assert bench.decide(**asked).gone == (), at
        assert lost <= bench.bytes(), at
        bench.build_for_nothing()
        if done:
            break
    assert at > 30


def is_for_good(bench, one) -> bool:
    path = bench.root / one.path
    return one.kind not in {*TO_TRASH, Kind.ENTRY, Kind.COPY} and path.is_file()


def is_grave(finding) -> bool:
    return finding.problem.grade is Grade.LOST and finding.problem is not Problem.AUDIO
