"""Bit rot: whatever happens to a byte is found, costs nothing, and is put right or said to be lost.

Each case damages one file of a built project, looks, builds, and puts everything back as it was.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from gateway import Gateway
from specimens import purchase, sketch, spec, track
from studio import Studio

from musicbuild import durable
from musicbuild import lock as locks
from musicbuild.errors import IntegrityError, MusicbuildError
from musicbuild.findings import Grade, Mend, Problem
from musicbuild.hashing import Digest, digest_bytes
from musicbuild.journal import Journal
from musicbuild.payment import Payment
from musicbuild.providers import Providers
from musicbuild.testing import FakeClock
from musicbuild.verify import Subject, verify

MENU = track("menu", spec("Calm pads", duration=15))
BOSS = track("boss", spec("Loud drums", duration=15), takes=2)
FREE = track("free", sketch("Rain", duration=1))
TRACKS = (MENU, BOSS, FREE)
OPEN = [
    track(name, spec(prompt, duration=15))
    for name, prompt in [("lost", "Lost"), ("sent", "Sent"), ("come", "Come")]
]
LOCK = "musicbuild.lock"

UNWITNESSED = {
    *("cost", "unit", "bought", "seconds", "generation", "audio", "bytes"),
    *("tags", "title", "draft", "master", "audio_digest", "menu", "boss", "free"),
    *("audio/menu.mp3", "audio/boss.mp3", "audio/free.mp3"),
}
"""What of a lock may still make sense with another letter in it; git is the witness of that."""


class Bench(Studio):
    """A project that is damaged and put back, again and again."""

    def __init__(self, root: Path, gateway: Gateway, clock: FakeClock) -> None:
        super().__init__(root, gateway, clock)
        self.tracks = TRACKS

    def verify(self):
        return verify(
            Subject(
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
        )

    def problems(self) -> list[Problem]:
        return [finding.problem for finding in self.verify().findings]

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.root.rglob("*") if path.is_file()}

    def objects(self) -> list[Path]:
        return sorted((self.store.folder / "objects").glob("*/*"))

    def clear(self, folder: str) -> None:
        for path in (self.root / folder).rglob("*"):
            if path.is_file():
                path.unlink()

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        before = self.files()
        yield
        for path in self.files().keys() - before.keys():
            path.unlink()
        for path, data in before.items():
            if not path.exists() or path.read_bytes() != data:
                overwrite(path, data)

    def build_for_nothing(self) -> str:
        """Build all that is wished for; return what went wrong, and hold it to cost nothing."""
        before = self.charges
        try:
            outcome = self.build(*self.tracks)
            said = " ".join(map(str, outcome.failed.values()))
        except MusicbuildError as error:
            said = str(error)
        assert self.charges == before, "paid again"
        return said


@pytest.fixture(scope="module")
def gateway():
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def built(tmp_path_factory, gateway):
    bench = Bench(tmp_path_factory.mktemp("built"), gateway, FakeClock())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(durable.os, "fsync", lambda _: None)
        assert bench.build(*TRACKS).exit_code == 0
        yield bench


@pytest.fixture
def bench(built):
    with built.as_it_was():
        yield built


def overwrite(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data)


def damages(data: bytes, chance: random.Random, times: int = 1) -> Iterator[bytes]:
    """Yield the bytes with a bit turned, with some left out, zeroed, and with more of them."""
    for _ in range(times):
        place = chance.randrange(len(data))
        turned = bytes([data[place] ^ 1 << chance.randrange(8)])
        yield data[:place] + turned + data[place + 1 :]
        yield data[:place]
        yield data[:place] + bytes(len(data) - place)
        yield data + chance.randbytes(chance.randint(1, 9))


# Whole.


def test_a_built_project_is_whole(bench):
    report = bench.verify()
    assert report.findings == ()
    assert (report.purchases, report.objects, report.outputs) == (4, 7, 3)
    assert (report.unused, report.elsewhere) == (0, 0)
    assert report.bytes == sum(path.stat().st_size for path in bench.objects())


def test_a_folder_without_anything_is_whole(tmp_path, gateway):
    bench = Bench(tmp_path, gateway, FakeClock())
    assert bench.verify().findings == ()
    assert list(tmp_path.iterdir()) == []


def test_looking_writes_nothing(bench):
    overwrite(bench.objects()[0], b"rot")
    before = {path: (path.stat().st_mtime_ns, data) for path, data in bench.files().items()}
    bench.verify()
    assert before == {path: (path.stat().st_mtime_ns, data) for path, data in bench.files().items()}


def test_a_clone_with_outputs_alone_is_whole(bench):
    bench.clear(".musicbuild")
    report = bench.verify()
    assert report.findings == ()
    assert report.elsewhere == 4


# Objects.


def test_every_damage_to_an_object_is_found(bench):
    chance, cases = random.Random(1), 0
    for path in bench.objects():
        whole = path.read_bytes()
        for data in damages(whole, chance, times=12):
            overwrite(path, data)
            (found,) = bench.verify().findings
            assert found.problem is Problem.OBJECT
            assert found.where == path.relative_to(bench.root).as_posix()
            cases += 1
        overwrite(path, whole)
    assert cases == 7 * 4 * 12


def test_every_damage_to_an_object_is_put_right_where_it_is_needed(bench):
    """Outputs are missing, so that the next build has to use what the store holds."""
    chance = random.Random(2)
    outputs = {path: path.read_bytes() for path in bench.root.glob("audio/*")}
    for path in bench.objects():
        for data in damages(path.read_bytes(), chance):
            with bench.as_it_was():
                overwrite(path, data)
                bench.clear("audio")
                assert bench.build_for_nothing() == ""
                assert {path: path.read_bytes() for path in outputs} == outputs


def test_a_store_that_is_damaged_throughout_is_put_right(bench):
    outputs = {path: path.read_bytes() for path in bench.root.glob("audio/*")}
    chance = random.Random(3)
    for kind in range(4):
        with bench.as_it_was():
            for path in bench.objects():
                overwrite(path, list(damages(path.read_bytes(), chance))[kind])
            bench.clear("audio")
            assert bench.build_for_nothing() == ""
            assert {path: path.read_bytes() for path in outputs} == outputs
            (second,) = bench.verify().findings
            assert second.mend is Mend.LATER, "the second take, which no output is made from"


def test_what_mends_an_object_mends_it(bench):
    for path in bench.objects():
        with bench.as_it_was():
            overwrite(path, b"rot")
            (found,) = bench.verify().findings
            if found.mend is Mend.LATER:
                continue
            assert found.force
            assert bench.build(*TRACKS, force=frozenset({found.track})).exit_code == 0
            assert bench.problems() == []


def test_damaged_audio_is_never_delivered(bench):
    """Neither the store nor the service has it any more, and that is said."""
    for path in bench.objects():
        overwrite(path, path.read_bytes()[:-96])
    bench.clear("audio")
    bench.tracks = (replace(MENU), BOSS)
    generations = list(bench.gateway.generations)
    for one in generations:
        one.duration += 1  # the service has other audio by now
    try:
        before = bench.charges
        said = bench.build_for_nothing()
    finally:
        bench.tracks = TRACKS
        for one in generations:
            one.duration -= 1
    assert "is damaged, and can't be fetched again: " in said
    assert bench.charges == before
    assert not list(bench.root.glob("audio/*"))


def test_what_nothing_refers_to_is_counted_or_said_to_be_rotten(bench):
    digest = bench.store.put(b"an older output")
    assert (bench.verify().unused, bench.problems()) == (1, [])
    overwrite(bench.store.path(digest), b"an older outpux")
    (found,) = bench.verify().findings
    assert (found.problem, found.mend) == (Problem.OBJECT, Mend.REMOVE)


def test_what_is_no_object_is_only_noted(bench):
    overwrite(bench.store.folder / "objects/ab/.cdef.part", b"half")
    overwrite(bench.store.folder / "objects/ab/readme", b"mine")
    overwrite(bench.store.folder / "notes.txt", b"mine")
    (bench.store.folder / "empty").mkdir(exist_ok=True)
    found = bench.verify().findings
    assert [one.problem for one in found] == [Problem.STRAY, Problem.LEFT_OVER, Problem.STRAY]
    assert {one.problem.grade for one in found} == {Grade.NOTE}


def test_a_folder_in_the_place_of_an_object_is_damage(bench):
    path = bench.objects()[0]
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    assert Problem.OBJECT in bench.problems()
    path.rmdir()
    overwrite(path, data)


# The lock.


def test_every_damage_to_a_line_of_the_lock_is_found_or_of_no_account(bench):
    path, chance, cases, passed = bench.root / LOCK, random.Random(4), 0, 0
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number, line in enumerate(lines):
        for rotten in damages(line, chance):
            data = b"".join([*lines[:number], rotten, *lines[number + 1 :]])
            path.write_bytes(data)
            cases += 1
            if not _grave(bench):
                passed += 1
                assert _differs(whole, data) <= UNWITNESSED, rotten
    assert cases == 4 * len(lines)
    assert passed < cases / 8


def test_no_damage_to_a_line_of_the_lock_is_a_reason_to_pay(bench):
    path, chance = bench.root / LOCK, random.Random(5)
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines):
        for rotten in list(damages(line, chance))[:1]:
            with bench.as_it_was():
                data = b"".join([*lines[:number], rotten, *lines[number + 1 :]])
                path.write_bytes(data)
                bench.build_for_nothing()


def _grave(bench: Bench) -> bool:
    return any(one.problem.grade is not Grade.NOTE for one in bench.verify().findings)


def _differs(one: bytes, other: bytes) -> set[str]:
    """Return the names under which two locks hold different values."""
    return set(_names(json.loads(one), json.loads(other)))


def _names(one: object, other: object) -> Iterator[str]:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    for name in one.keys() | other.keys():
        if name not in one:
            continue
        if name not in other or not isinstance(one[name], dict):
            if one[name] != other.get(name):
                yield name
        else:
            yield from _names(one[name], other[name])


@pytest.mark.parametrize("where", ["key", "purchase", "track"])
def test_a_lock_that_contradicts_itself_is_found_and_orders_nothing(bench, where):
    lock, key = bench.lock, MENU.generate.key
    bought = lock.purchases[key]
    rest = {name: one for name, one in lock.purchases.items() if name != key}
    match where:
        case "key":
            lock = replace(lock, purchases={**rest, Digest("0" * 64): bought})
        case "purchase":
            lock = replace(lock, purchases=rest)
        case "track":
            other = replace(lock.tracks["menu"], take=2)
            lock = replace(lock, tracks={**lock.tracks, "menu": other})
    locks.save(bench.root / LOCK, lock)
    problems = {
        "key": [Problem.WRONG_KEY, Problem.NO_PURCHASE],
        "purchase": [Problem.NO_PURCHASE],
        "track": [Problem.WRONG_TAKE],
    }
    assert bench.problems() == problems[where]
    said = bench.build_for_nothing()
    assert said.startswith("`musicbuild.lock` is damaged: ") is (where != "track")
    assert ("nothing was ordered" in said) is (where == "purchase")


def test_audio_of_another_size_than_the_lock_says_is_found(bench):
    lock, key = bench.lock, MENU.generate.key
    odd = replace(lock.purchases[key], bytes=7)
    locks.save(bench.root / LOCK, replace(lock, purchases={**lock.purchases, key: odd}))
    assert bench.problems() == [Problem.WRONG_SIZE]


NEWER = '{"version": 2, "purchases": {}, "tracks": {}}'


@pytest.mark.parametrize("text", [None, "", "{", "<<<<<<< HEAD\n", NEWER])
def test_a_lock_that_is_gone_or_unreadable_is_an_error_and_no_reason_to_pay(bench, text):
    overwrite(bench.objects()[0], b"rot")
    if text is None:
        (bench.root / LOCK).unlink()
    else:
        (bench.root / LOCK).write_text(text)
    first, second = bench.verify().findings
    assert (first.problem, first.mend) == (Problem.LOCK, Mend.SAID)
    assert (second.problem, second.mend) == (Problem.OBJECT, Mend.LOCK_FIRST)
    assert bench.build_for_nothing() == str(first.said)


# The journal.


@pytest.fixture
def orders(bench):
    """Three orders of earlier builds: an answer that was lost, one accepted, one delivered."""
    clock, journal = bench.clock, Journal(bench.state / "journal")
    made = [bench.gateway.queue(one.generate.model, one.generate.prompt, 15, None) for one in OPEN]
    for number, one in enumerate(OPEN):
        wish = Payment(f"open-{number}", one.generate, clock.now(), track=one.id)
        journal.intend(replace(wish, quote=Providers().quote(one.generate)))
    journal.accept("open-1", str(made[1].id))
    journal.accept("open-2", str(made[2].id))
    audio = bench.store.put(b"what came")
    journal.deliver("open-2", purchase(OPEN[2].generate, audio=audio, bytes=9))
    bench.tracks = (*TRACKS, *OPEN)
    yield sorted(journal.folder.glob("*.jsonl"))
    bench.tracks = TRACKS


def test_open_orders_are_listed(bench, orders):
    found = bench.verify().findings
    assert [(one.problem, one.track) for one in found] == [
        (Problem.OPEN, "lost"),
        (Problem.OPEN, "sent"),
        (Problem.OPEN, "come"),
    ]
    assert {one.mend for one in found} == {Mend.RECOVER}


def test_every_damage_to_a_line_of_the_journal_is_found(bench, orders):
    """But a last line that is gone altogether: so it was before it was written."""
    chance, cases = random.Random(6), 0
    whole = bench.problems()
    for path in orders:
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines):
            for rotten in damages(line, chance, times=8):
                path.write_bytes(b"".join([*lines[:number], rotten, *lines[number + 1 :]]))
                problems = bench.problems()
                if _is_tail(lines, number, rotten):
                    assert problems != whole or not rotten
                else:
                    assert Problem.JOURNAL in problems
                cases += 1
        path.write_bytes(b"".join(lines))
    assert cases == 6 * 4 * 8


def test_no_damage_to_a_line_of_the_journal_is_a_reason_to_pay(bench, orders):
    """A first line that breaks off is none: it is whole before anything is sent."""
    chance = random.Random(7)
    for path in orders:
        lines = path.read_bytes().splitlines(keepends=True)
        for number, line in enumerate(lines):
            for rotten in damages(line, chance, times=2):
                if len(lines) == 1 and line.startswith(rotten):
                    continue
                with bench.as_it_was():
                    path.write_bytes(b"".join([*lines[:number], rotten, *lines[number + 1 :]]))
                    said = bench.build_for_nothing()
                    told = "is damaged, and it may have been charged" in said
                    assert told or _is_tail(lines, number, rotten)


def _is_tail(lines: list[bytes], number: int, rotten: bytes) -> bool:
    """Tell damage that looks as if a crash had come while the file was written to."""
    line = lines[number]
    return number == len(lines) - 1 and (line.startswith(rotten) or rotten.startswith(line))


# Outputs.


def place(bench: Bench, data: bytes | None) -> None:
    path = bench.root / "audio/menu.mp3"
    path.unlink()
    if data is not None:
        path.write_bytes(data)


def pointer(digest: str) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 9\n".encode()


def test_every_damage_to_an_output_is_found_and_it_is_kept(bench):
    chance = random.Random(8)
    path = bench.root / "audio/menu.mp3"
    for data in damages(path.read_bytes(), chance, times=3):
        with bench.as_it_was():
            place(bench, data)
            (found,) = bench.verify().findings
            assert (found.problem, found.where) == (Problem.CHANGED, "audio/menu.mp3")
            assert found.mend is Mend.OVERWRITE
            assert bench.build_for_nothing() == ""
            assert path.read_bytes() == data


def test_what_an_output_may_be_instead(bench):
    output = bench.lock.tracks["menu"].outputs["audio/menu.mp3"]
    bench.store.put(b"an older output")
    for data, problem, mend in [
        (None, Problem.MISSING, Mend.FROM_STORE),
        (pointer(output.digest), Problem.POINTER, Mend.LFS),
        (pointer("0" * 64), Problem.CHANGED, Mend.OVERWRITE),
        (b"an older output", Problem.OTHER, Mend.FROM_AUDIO),
    ]:
        with bench.as_it_was():
            place(bench, data)
            (found,) = bench.verify().findings
            assert (found.problem, found.mend) == (problem, mend)
            if problem in (Problem.MISSING, Problem.OTHER):
                assert bench.build_for_nothing() == ""
                assert bench.problems() == []


def test_a_folder_in_the_place_of_an_output_is_said(bench):
    place(bench, None)
    (bench.root / "audio/menu.mp3").mkdir()
    (found,) = bench.verify().findings
    assert (found.problem, str(found.said)) == (
        Problem.NO_FILE,
        "`audio/menu.mp3` is not a plain file\nhint: move it out of the way",
    )
    (bench.root / "audio/menu.mp3").rmdir()


@pytest.mark.parametrize(
    ("gone", "problem", "mend"),
    [
        (["output"], Problem.MISSING, Mend.FROM_AUDIO),
        (["output", "audio"], Problem.MISSING, Mend.FETCH),
    ],
)
def test_a_missing_output_says_what_it_is_made_from(bench, gone, problem, mend):
    place(bench, None)
    lock = bench.lock
    digests = {
        "output": lock.tracks["menu"].outputs["audio/menu.mp3"].digest,
        "audio": lock.purchases[MENU.generate.key].audio,
    }
    for name in gone:
        bench.store.path(digests[name]).unlink()
    found = bench.verify().findings
    assert (found[0].problem, found[0].mend) == (problem, mend)
    lost = [(one.problem, one.mend, one.source) for one in found[1:]]
    assert lost == ([(Problem.AUDIO, Mend.FETCH, "elumenta")] if "audio" in gone else [])
    assert bench.build_for_nothing() == ""
    assert bench.problems() == []


def test_a_clone_whose_outputs_are_pointers_has_lost_nothing(bench):
    for name, locked in bench.lock.tracks.items():
        (bench.root / f"audio/{name}.mp3").write_bytes(
            pointer(locked.outputs[f"audio/{name}.mp3"].digest)
        )
    bench.clear(".musicbuild")
    assert bench.problems() == [Problem.POINTER] * 3


def test_an_output_of_no_track_may_be_gone(bench):
    place(bench, None)
    bench.tracks = (BOSS, FREE)
    problems = bench.problems()
    bench.tracks = TRACKS
    assert problems == []


def test_audio_that_came_with_tags_of_its_own_may_be_removed(bench):
    """An output holds its music, but not the very bytes; a build uses the output."""
    lock, key = bench.lock, MENU.generate.key
    tagged = b"ID3\3\0\0\0\0\0\x14TIT2\0\0\0\x0a\0\0\0delivered" + bench.store.get(
        lock.purchases[key].audio
    )
    digest = bench.store.put(tagged)
    bought = replace(lock.purchases[key], audio=digest, bytes=len(tagged))
    made = lock.tracks["menu"].outputs["audio/menu.mp3"]
    made = replace(made, master=MENU.outputs[0].master.key(digest))
    locked = replace(lock.tracks["menu"], outputs={"audio/menu.mp3": made})
    lock = replace(lock.with_purchase(key, bought), tracks={**lock.tracks, "menu": locked})
    locks.save(bench.root / LOCK, lock)
    assert bench.problems() == []
    overwrite(bench.store.path(digest), b"rot")
    (found,) = bench.verify().findings
    assert (found.mend, found.source) == (Mend.SERVED, "audio/menu.mp3")
    assert bench.build(*TRACKS, force=frozenset({"menu"})).exit_code == 0
    assert digest_bytes((bench.root / "audio/menu.mp3").read_bytes()) == made.digest


def test_a_lock_with_a_store_before_it_is_read(bench):
    (bench.root / LOCK).unlink()
    with pytest.raises(IntegrityError) as raised:
        bench.build(*TRACKS)
    assert str(raised.value) == (
        "`musicbuild.lock` is missing, and the store holds what it said was made\n"
        "hint: restore it from version control: it holds what was paid for;"
        " to begin anew, move `.musicbuild` away"
    )
