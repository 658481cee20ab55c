"""Mastering through a process apart: many at once, whatever happens to it, and nothing is left."""

from __future__ import annotations

import io
import stat
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from audio.pieces import RATE, composed, decoded, heard, music
from specimens import track as wish_for

from musicbuild.audio.encode import encode_mp3
from musicbuild.crew import Crew
from musicbuild.errors import Interrupted, NotMastered, Unavailable
from musicbuild.mastering import DIED, JOB, Masters, check_tools, measure
from musicbuild.models import Description
from musicbuild.spec import Encoding, LoopWish, MasterSpec, Output, Sound, Tags, Tolerances


def wav(sound):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="WAV", subtype="FLOAT")
    return file.getvalue()


def mp3(sound):
    return encode_mp3(np.rint(sound * 32767).astype(np.int16), RATE)


AUDIO = mp3(music(2.0))
LEVELS = Sound(loudness=-22, true_peak=-1)


def output(path, *, part="", sound=LEVELS, **more):
    return Output(path, MasterSpec(path.rpartition(".")[2], Tags(), part=part, sound=sound, **more))


def plain(path, part=""):
    return Output(path, MasterSpec(path.rpartition(".")[2], Tags(), part=part))


def track(*outputs, duration=2, **qc):
    found = replace(wish_for(), outputs=outputs, qc=Tolerances(**qc))
    return replace(found, generate=replace(found.generate, duration=duration))


@pytest.fixture(autouse=True)
def temp(tmp_path, monkeypatch):
    """Give a folder for what is temporary, in which nothing may be left."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def masters():
    masters = Masters(Crew(JOB, cores=2, apart=True))
    yield masters
    masters.close()


def master(masters, wanted, sources=None, described=None):
    return masters.master(wanted, wanted.outputs, sources or {"": AUDIO}, described)


def test_outputs_of_all_kinds_are_made_in_one_go(masters, tmp_path):
    bass = wav(music(2.0, seed=3))
    wanted = track(
        output("a.mp3", encoding=Encoding(bitrate=128)),
        output("a.wav"),
        output("bass.ogg", part="bass"),
        plain("as-it-is.mp3"),
        plain("notes.mid", part="mid"),
    )
    found = master(masters, wanted, {"": AUDIO, "bass": bass, "mid": b"MThd"})
    assert found.keys() == {one.path for one in wanted.outputs}
    for path in ("a.mp3", "a.wav"):
        (tmp_path / path).write_bytes(found[path].data)
        sound = heard(tmp_path / path, path[2:])
        assert sound.loudness == pytest.approx(-22, abs=0.2)
        assert found[path].figures["loudness"] == pytest.approx(sound.loudness, abs=0.1)
        assert found[path].remarks == ()
        assert found[path].encoder
    assert found["bass.ogg"].figures["gain"] == found["a.wav"].figures["gain"]
    as_is = found["as-it-is.mp3"]
    assert (as_is.data, as_is.encoder) == (None, "")
    assert as_is.figures["samples"] == 2 * RATE
    notes = found["notes.mid"]
    assert (notes.data, notes.figures) == (b"MThd", None)


def test_what_is_not_to_be_measured_starts_no_process():
    masters = Masters(Crew(JOB, apart=True))
    found = master(masters, track(plain("a.mp3"), measured=False), {"": b"anything"})
    assert (found["a.mp3"].data, found["a.mp3"].figures) == (None, None)
    assert masters._crew.beside == []
    masters.close()


def test_audio_that_can_not_be_decoded_stays_as_it_is(masters):
    found = master(masters, track(plain("a.mp3")), {"": b"<html>"})["a.mp3"]
    assert (found.data, found.figures) == (None, {})
    assert found.remarks == ("it can't be decoded: it looks like a web page",)


def test_several_threads_may_ask_at_once(masters):
    wanted = [track(output("a.ogg", sound=replace(LEVELS, loudness=-22 - n))) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda one: master(masters, one)["a.ogg"], wanted))
    for number, one in enumerate(found):
        assert one.figures["loudness"] == pytest.approx(-22 - number, abs=0.1)
        assert one == master(masters, wanted[number])["a.ogg"]
    assert len(masters._crew.beside) <= 2


def test_a_described_tempo_counts_the_bars_of_a_loop(masters):
    sound = Sound(loop=LoopWish(bars=2))
    told = Description(120.0, "A minor", "3/4", (), (), (), ())
    wanted = track(output("a.wav", sound=sound), duration=8)
    source = {"": wav(composed("Disco in A minor, 120 BPM", "8"))}
    for described, bar in ((told, 1.5), (replace(told, meter="4/4"), 2.0)):
        figures = master(masters, wanted, source, described)["a.wav"].figures
        assert figures["loop_length"] == pytest.approx(2 * bar * RATE, abs=RATE // 500)


def test_what_can_not_be_done_is_said_and_the_process_goes_on(masters):
    with pytest.raises(NotMastered) as caught:
        master(masters, track(output("a.ogg", sound=Sound(loop=LoopWish()))), {"": wav(music(0.5))})
    assert str(caught.value).startswith("it can't be mastered: 0.5 s of sound are too short for a")
    with pytest.raises(NotMastered, match=r"^it can't be mastered: it looks like a web page\n"):
        master(masters, track(output("a.ogg")), {"": b"<html>"})
    assert master(masters, track(output("a.ogg")))["a.ogg"].data
    assert len(masters._crew.beside) == 1


def test_too_much_missing_is_refused(masters):
    wanted = track(output("a.ogg", sound=Sound(seconds=3)), duration=3, missing=0.5)
    with pytest.raises(NotMastered) as caught:
        master(masters, wanted)
    assert str(caught.value) == (
        "it can't be mastered: it is 2.000 s long, 1.000 s short of its exact length\n"
        "hint: its music is kept: change its `master`, and a build goes on from there for nothing"
    )


class Deadly:
    """The input of a process that is killed as soon as it has its order."""

    def __init__(self, process, kill=None):
        self.kill, self.pipe = kill or process.kill, process.stdin
        self.write, self.close = self.pipe.write, self.pipe.close

    def flush(self):
        self.pipe.flush()
        self.kill()


def test_a_process_that_is_killed_in_the_middle_makes_nothing(masters, temp):
    wanted = track(output("a.ogg"), output("a.mp3"))
    due = master(masters, wanted)
    (beside,) = masters._crew.beside
    beside.process.stdin = Deadly(beside.process)
    with pytest.raises(NotMastered) as caught:
        master(masters, wanted)
    assert str(caught.value) == DIED
    assert list(temp.iterdir()) == []
    assert master(masters, wanted) == due


def test_what_is_closed_in_the_middle_is_stopped_and_has_not_failed(temp):
    class Waiting(Crew):
        begun = threading.Event()
        ended = threading.Event()

        def do(self, order):
            self.begun.set()
            self.ended.wait()
            raise OSError("the process ended without an answer")

    crew = Waiting(JOB, apart=True)
    masters = Masters(crew)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(master, masters, track(output("a.ogg")))
        crew.begun.wait()
        assert list(temp.iterdir()) != []
        masters.close()
        left = list(temp.iterdir())
        crew.ended.set()
        with pytest.raises(Interrupted, match=r"^the build was stopped$"):
            asked.result()
    assert left == []  # whoever asked may not live to tidy up


def test_a_place_to_work_is_cleared_once_and_left_empty(tmp_path):
    work = tmp_path / "state" / "work"
    (work / "musicbuild-abcdefgh").mkdir(parents=True)
    (work / "musicbuild-abcdefgh" / "source-0").write_bytes(b"left over")
    masters = Masters(work=work)
    wanted = track(output("a.ogg"))
    due = master(masters, wanted)
    assert list(work.iterdir()) == []
    (work / "of-another-thread").mkdir()
    assert master(masters, wanted) == due
    assert [path.name for path in work.iterdir()] == ["of-another-thread"]
    masters.close()


def test_a_place_to_work_is_made_for_its_owner_alone(tmp_path):
    masters = Masters(work=tmp_path / "work")
    master(masters, track(output("a.ogg")))
    masters.close()
    assert stat.S_IMODE((tmp_path / "work").stat().st_mode) == 0o700


def test_a_process_that_can_not_be_started_makes_nothing(masters, monkeypatch):
    monkeypatch.setattr("musicbuild.crew.sys.executable", "/nowhere/python")
    with pytest.raises(NotMastered, match=f"^{DIED}$"):
        master(masters, track(output("a.ogg")))


def test_what_is_ended_by_a_stopped_build_has_not_failed(masters):
    wanted = track(output("a.ogg"))
    master(masters, wanted)
    (beside,) = masters._crew.beside
    beside.process.stdin = Deadly(beside.process, masters.close)
    for _ in ("under way", "asked for later"):
        with pytest.raises(Interrupted):
            master(masters, wanted)
    assert masters._crew.beside == []


def test_a_reply_that_makes_no_sense_makes_nothing(monkeypatch):
    class Babbling:
        def do(self, order):
            return {"": b"no JSON"}

    with pytest.raises(NotMastered, match=r"^it can't be mastered: "):
        master(Masters(Babbling()), track(output("a.ogg")))


# -- files as they are


def test_files_are_measured_several_at_once_and_in_order(tmp_path):
    paths = []
    for seconds in (1, 2, 3, 4):
        paths.append(tmp_path / f"{seconds}.wav")
        paths[-1].write_bytes(wav(music(float(seconds))))
    (tmp_path / "page.mp3").write_bytes(b"<html>")
    crew = Crew(JOB, cores=2, apart=True)
    *found, page = measure([*paths, tmp_path / "page.mp3"], crew)
    assert [one.figures["samples"] // RATE for one in found] == [1, 2, 3, 4]
    for path, one in zip(paths, found, strict=True):
        assert one.figures["loudness"] == pytest.approx(heard(path).loudness, abs=0.1)
        assert len(decoded(path)[0]) == one.figures["samples"]
    assert (page.figures, page.remarks) == ({}, ("it can't be decoded: it looks like a web page",))
    assert crew.beside == []


def test_no_files_are_measured_at_once():
    assert list(measure([])) == []


def test_a_file_that_is_not_there_is_remarked(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(music(1.0)))
    gone, there = measure([tmp_path / "gone.wav", tmp_path / "a.wav"])
    assert (gone.figures, gone.remarks) == ({}, ("it can't be read: No such file or directory",))
    assert there.figures["samples"] == RATE


def test_a_measuring_process_that_dies_is_remarked(tmp_path, monkeypatch):
    monkeypatch.setattr("musicbuild.crew.sys.executable", "/nowhere/python")
    (one,) = measure([tmp_path / "a.wav"])
    assert (one.figures, one.remarks) == ({}, (DIED,))


# -- tools


def test_a_format_without_its_tool_is_refused_before_anything_is_ordered(monkeypatch):
    check_tools([output("a.m4a"), output("a.mp3")])
    monkeypatch.setitem(sys.modules, "av", None)  # an import of it fails
    check_tools([output("a.mp3"), output("a.opus")])
    with pytest.raises(Unavailable) as caught:
        check_tools([output("a.mp3"), output("b.m4a")])
    assert str(caught.value) == (
        "`b.m4a` can't be written without `av`; nothing was ordered\n"
        "hint: `pip install 'musicbuild[m4a]'`"
    )
