"""The journal: whole up to where a crash cut it, and never another payment than the real one."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from specimens import purchase, sketch, spec

from musicbuild import durable
from musicbuild.errors import IntegrityError
from musicbuild.journal import Journal
from musicbuild.payment import Payment
from musicbuild.reserve import ROOM, other_places

WHEN = datetime(2026, 11, 23, 2, 11, 34, tzinfo=UTC)
WISH = spec("Calm «pads»\n80 BPM", duration=30.5, options=(("loop", True), ("strength", 0.5)))
INTENDED = Payment("attempt-1", WISH, WHEN, frozenset({"gen_1", "gen_2"}))
ACCEPTED = replace(INTENDED, generation="gen_3")
PURCHASE = purchase(WISH, seconds=30.024)
DELIVERED = replace(ACCEPTED, purchase=PURCHASE)
STAGES = (INTENDED, ACCEPTED, DELIVERED)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


def written(journal):
    """Write a whole payment and return its file."""
    journal.intend(INTENDED)
    journal.accept("attempt-1", "gen_3")
    journal.deliver("attempt-1", PURCHASE)
    return journal.folder / "attempt-1.jsonl"


def test_no_journal_is_an_empty_one_and_reading_makes_none(journal):
    assert journal.payments() == []
    assert not journal.folder.exists()


def test_a_payment_is_folded_from_its_records(journal):
    journal.intend(INTENDED)
    assert journal.payments() == [INTENDED]
    journal.accept("attempt-1", "gen_3")
    assert journal.payments() == [ACCEPTED]
    journal.deliver("attempt-1", PURCHASE)
    assert journal.payments() == [DELIVERED]
    assert journal.payments()[0].spec.key == WISH.key
    journal.forget("attempt-1")
    journal.forget("attempt-1")
    assert journal.payments() == []


def test_the_oldest_payment_comes_first(journal):
    for name, minutes in {"c": 0, "a": 5, "b": 0}.items():
        journal.intend(Payment(name, sketch(), WHEN + timedelta(minutes=minutes)))
    assert [one.attempt for one in journal.payments()] == ["b", "c", "a"]


def test_a_file_cut_anywhere_is_an_earlier_stage(journal):
    path = written(journal)
    data = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends)
        assert journal.payments() == ([STAGES[whole - 1]] if whole else [])


def test_a_cut_file_is_gone_on_with_from_its_last_whole_line(journal):
    path = written(journal)
    data = path.read_bytes()
    first, second = data.index(b"\n") + 1, data.index(b"\n", data.index(b"\n") + 1) + 1
    for cut in range(first, second):
        path.write_bytes(data[:cut])
        journal.accept("attempt-1", "gen_3")
        assert path.read_bytes() == data[:second]
    for cut in range(second, len(data)):
        path.write_bytes(data[:cut])
        journal.deliver("attempt-1", PURCHASE)
        assert path.read_bytes() == data


def test_reading_never_writes(journal):
    path = written(journal)
    torn = path.read_bytes()[:-7]
    path.write_bytes(torn)
    journal.payments()
    assert path.read_bytes() == torn


@pytest.mark.parametrize("lines", [1, 3])
def test_a_changed_byte_anywhere_is_damage(journal, lines):
    path = written(journal)
    whole = b"".join(path.read_bytes().splitlines(keepends=True)[:lines])
    for place in range(len(whole)):
        for other in {whole[place] ^ 1, ord("\n"), ord("\t")}:
            if other == whole[place]:
                continue
            path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
            with pytest.raises(IntegrityError):
                journal.payments()


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_noughts_are_damage_and_no_torn_line(journal, lines):
    path = written(journal)
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rows[: lines - 1]) + bytes(len(rows[lines - 1])))
    with pytest.raises(IntegrityError):
        journal.payments()


def test_a_line_left_out_doubled_or_moved_is_damage(journal):
    path = written(journal)
    one, two, three = path.read_bytes().splitlines(keepends=True)
    for rows in ([two, three], [one, three], [one, one], [one, two, two, three], [one, three, two]):
        path.write_bytes(b"".join(rows))
        with pytest.raises(IntegrityError):
            journal.payments()


def test_damage_says_that_it_may_have_been_charged(journal):
    path = written(journal)
    path.write_bytes(path.read_bytes().replace(b"gen_3", b"gen_4"))
    with pytest.raises(IntegrityError) as raised:
        journal.payments()
    assert raised.value.exit_code == 7
    assert str(raised.value) == (
        "the journal of payment `attempt-1` is damaged, and it may have been charged\n"
        "hint: look at the provider's own history before you remove its file"
    )


def line(text: bytes, check: int = 0) -> bytes:
    return b"%s\t%08x\n" % (text, zlib.crc32(text, check))


GOOD = {
    "record": "intended",
    "spec": {
        "provider": "p",
        "model": "m",
        "prompt": "x",
        "duration": 30,
        "options": [],
        "take": 1,
    },
    "at": "2026-11-23T02:11:34Z",
    "known": [],
}


@pytest.mark.parametrize(
    "first",
    [
        b"no JSON",
        b"[" * 100_000,
        b"[]",
        b"null",
        b"{}",
        json.dumps({**GOOD, "spec": {}}).encode(),
        json.dumps({**GOOD, "spec": {**GOOD["spec"], "more": 1}}).encode(),
        json.dumps({**GOOD, "spec": {**GOOD["spec"], "options": [1]}}).encode(),
        json.dumps({**GOOD, "at": "yesterday"}).encode(),
        json.dumps({**GOOD, "at": 7}).encode(),
        json.dumps({**GOOD, "known": 7}).encode(),
    ],
)
def test_a_forged_intent_is_damage(journal, first):
    journal.folder.mkdir()
    (journal.folder / "attempt-1.jsonl").write_bytes(line(first))
    with pytest.raises(IntegrityError):
        journal.payments()


@pytest.mark.parametrize(
    "second",
    [
        {"record": "accepted"},
        {"record": "refunded"},
        {"record": "delivered", "purchase": {}},
        {"record": "delivered", "purchase": []},
        {"record": "delivered", "purchase": "gen_3"},
        ["accepted"],
    ],
)
def test_a_forged_record_is_damage(journal, second):
    journal.folder.mkdir()
    first, text = json.dumps(GOOD).encode(), json.dumps(second).encode()
    rows = line(first) + line(text, zlib.crc32(first))
    (journal.folder / "attempt-1.jsonl").write_bytes(rows)
    with pytest.raises(IntegrityError):
        journal.payments()


def test_options_that_are_none_are_damage(journal):
    path = written(journal)
    rows = path.read_bytes().splitlines(keepends=True)
    before = zlib.crc32(rows[1].rpartition(b"\t")[0], zlib.crc32(rows[0].rpartition(b"\t")[0]))
    forged = json.loads(rows[2].rpartition(b"\t")[0])
    forged["purchase"]["options"] = ["loop"]
    path.write_bytes(rows[0] + rows[1] + line(json.dumps(forged).encode(), before))
    with pytest.raises(IntegrityError):
        journal.payments()


def test_one_damaged_payment_hides_no_other(journal):
    written(journal)
    journal.intend(Payment("attempt-2", sketch(), WHEN))
    (journal.folder / "attempt-2.jsonl").write_bytes(b"nonsense\n")
    with pytest.raises(IntegrityError, match="attempt-2"):
        journal.payments()


def test_what_failed_is_set_aside_and_counted_by_key(journal):
    assert journal.failures(WISH.key) == 0
    for name in ("attempt-1", "attempt-2"):
        journal.intend(replace(INTENDED, attempt=name))
        journal.fail(name, WISH.key)
    assert journal.payments() == []
    assert journal.failures(WISH.key) == 2
    assert journal.failures(spec("Other").key) == 0


# A disk that fails.


@pytest.fixture
def others(tmp_path):
    return [tmp_path / "state", tmp_path / "temporary"]


def fails(monkeypatch, folder, *, full=False):
    """Let nothing more be written in a folder; one that is full has room again for a while."""
    append = durable.append

    def failing(path, data, **more):
        if path.is_relative_to(folder) and not (full and not (folder / "reserve").exists()):
            raise OSError(28, "No space left on device")
        return append(path, data, **more)

    monkeypatch.setattr(durable, "append", failing)


def test_room_for_the_ids_is_set_aside_before_anything_is_sent(journal):
    journal.intend(INTENDED)
    assert (journal.folder / "reserve").stat().st_size == ROOM
    assert journal.payments() == [INTENDED]


def test_nothing_is_intended_without_room_for_its_id(journal, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.intend(INTENDED)
    assert journal.payments() == []


def test_a_full_disk_has_room_for_an_id(journal, monkeypatch):
    journal.intend(INTENDED)
    fails(monkeypatch, journal.folder, full=True)
    journal.accept("attempt-1", "gen_3")
    assert journal.payments() == [ACCEPTED]
    assert not (journal.folder / "reserve").exists()


@pytest.mark.parametrize("broken", [0, 1])
def test_an_id_is_kept_elsewhere_if_the_disk_takes_nothing(journal, others, monkeypatch, broken):
    journal = Journal(journal.folder, others)
    journal.intend(INTENDED)
    for folder in (journal.folder, *others[:broken]):
        fails(monkeypatch, folder)
    journal.accept("attempt-1", "gen_3")
    assert (others[broken] / "musicbuild-attempt-1.jsonl").exists()
    assert journal.payments() == [ACCEPTED]
    assert journal.examine(journal.folder / "attempt-1.jsonl") == (ACCEPTED, False)
    monkeypatch.undo()
    journal.deliver("attempt-1", PURCHASE)
    assert journal.payments() == [DELIVERED]
    journal.forget("attempt-1")
    assert [path for folder in others for path in folder.glob("*")] == []


def test_an_id_that_can_be_kept_nowhere_is_an_error(journal, others, monkeypatch):
    journal = Journal(journal.folder, others)
    journal.intend(INTENDED)
    for folder in (journal.folder, *others):
        fails(monkeypatch, folder)
    with pytest.raises(OSError, match="No space"):
        journal.accept("attempt-1", "gen_3")
    assert journal.payments() == [INTENDED]


def test_the_other_places_are_those_of_the_user():
    told = {"XDG_STATE_HOME": "/home/ann/.state", "TMPDIR": "/scratch"}
    assert other_places(told) == (Path("/home/ann/.state/musicbuild"), Path("/scratch"))
    assert other_places({})[0] == Path("~/.local/state/musicbuild").expanduser()
