"""Whatever is wrong with a file: what can be heard of it is given, and the rest is said."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from audio import odd
from audio.odd import RATE, SAMPLES

from musicbuild.audio import decode
from musicbuild.audio.decode import NotAudio, open_audio
from musicbuild.audio.mp3 import inspect
from musicbuild.audio.view import FileView

WHOLE = odd.mp3()
VARYING = odd.other("MP3", subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.2)
OGG = odd.other("OGG", subtype="VORBIS")
OPUS = odd.other("OGG", 96000, rate=48000, subtype="OPUS")
FLAC = odd.other("FLAC")
WAV = odd.other("WAV")
AIFF = odd.other("AIFF")
M4A = odd.m4a()

CLEAN = {
    "mp3": (WHOLE, SAMPLES, RATE, 2),
    "mp3-varying": (VARYING, SAMPLES, RATE, 2),
    "mp3-mono": (odd.mp3(channels=1), SAMPLES, RATE, 1),
    "mp3-48": (odd.mp3(rate=48000), SAMPLES, 48000, 2),
    "mp3-22": (odd.mp3(rate=22050), SAMPLES, 22050, 2),
    "mp3-8": (odd.mp3(10000, rate=8000), 10000, 8000, 2),
    "ogg": (OGG, SAMPLES, RATE, 2),
    "opus": (OPUS, 96000, 48000, 2),
    "flac": (FLAC, SAMPLES, RATE, 2),
    "flac-six-channels": (odd.other("FLAC", channels=6), SAMPLES, RATE, 6),
    "wav": (WAV, SAMPLES, RATE, 2),
    "wav-float-mono": (odd.other("WAV", channels=1, subtype="FLOAT"), SAMPLES, RATE, 1),
    "wav-24-bit": (odd.other("WAV", subtype="PCM_24"), SAMPLES, RATE, 2),
    "aiff": (AIFF, SAMPLES, RATE, 2),
    "m4a": (M4A, None, RATE, 2),
    "m4a-alac": (odd.m4a(codec="alac"), SAMPLES, RATE, 2),
}
# -- odd files: what is heard of each, and what is said; or why it is refused

SOME = (1, SAMPLES - 1)
"""A number of samples that an encoder decides."""

ZEROS = bytes(1 << 20)
TAGS = odd.id3(500) + bytes(500), b"TAG" + bytes(125)

PARTIAL = "the last frame breaks off after [0-9]+ bytes"
NO_END = "it breaks off before the end of the stream"
DAMAGED = "[0-9]+ of [0-9]+ pages are damaged"
UP_TO = r"it can be decoded only up to [01]\.[0-9] s"
UNKNOWN = "it holds no sound of a known kind"


def frames_say(claimed, there):
    return f"the header says {claimed} frames, there are {there}"


def samples_say(claimed, there="[0-9]+"):
    return f"the header says {claimed} samples, there are {there}"


def bytes_say(claimed, there="[0-9]+"):
    return f"the header says {claimed} bytes of sound, there are {there}"


WITHOUT_SOUND = {
    "html": (b"<!DOCTYPE html>\n<title>404</title>", "it looks like a web page"),
    "json": (b'\n {"error": "no credit"}', "it looks like JSON"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "it looks like a Git LFS pointer"),
    "empty": (b"", "it is empty"),
    "id3-only": (TAGS[0], "it is a tag without audio"),
    "random": (random.Random(7).randbytes(1 << 20), UNKNOWN),
    "zeros": (ZEROS, UNKNOWN),
    "ff": (b"\xff" * (1 << 20), UNKNOWN),
    "avi": (b"RIFF\0\0\0\0AVI LIST", "it looks like a RIFF file of something else than sound"),
    "flac-magic": (b"fLaC", "it begins like an audio file, but can't be decoded"),
    "ogg-magic": (b"OggS", "it is an Ogg file without Vorbis or Opus"),
    "ogg-magic-only": (b"OggS" * 50_000, "it is an Ogg file that is damaged all over"),
    "m4a-half": (M4A[: len(M4A) // 2], "it is an MP4 file without a table of contents"),
    "wav-nine": (odd.other("WAV", 100, channels=9), "it has 9 channels"),
    "wav-fast": (odd.other("WAV", 100, rate=400_000), "its sample rate is 400000 Hz"),
    "wav-silent": (odd.patched(WAV, b"data", bytes(4)), "nothing of it can be decoded"),
}


def odd_mp3():
    """Make odd MP3 files; where the header is wrong, whole frames are heard."""
    frames = inspect(WHOLE).frames
    alone, varying = odd.frames_alone(WHOLE), odd.frames_alone(VARYING)
    half = (len(WHOLE) // 2 - (len(WHOLE) - len(alone))) * frames // len(alone)
    shorter = odd.mp3(30000)
    joined = frames + 1 + inspect(shorter).frames
    raw = 1152 * frames
    hours = odd.patched(WHOLE, b"Info", b"\1\0\0\0", skip=4)
    few = odd.patched(WHOLE, b"Info", b"\0\0\0\5", skip=4)
    gap = WHOLE[:20000] + ZEROS + WHOLE[20000:]
    varies = "the bitrate varies and no header gives the length"
    inside = "1048576 bytes in 1 places inside are no MP3"
    return {
        "mp3-half": (WHOLE[: len(WHOLE) // 2], half * 1152, PARTIAL, frames_say(frames, half)),
        "mp3-300": (WHOLE[:-300], raw - 1152, PARTIAL, frames_say(frames, frames - 1)),
        "mp3-100-hours": (hours, raw, frames_say(1 << 24, frames)),
        "mp3-too-few": (few, raw, frames_say(5, frames)),
        "mp3-no-header": (alone, raw),
        "mp3-varying-no-header": (varying, 1152 * inspect(VARYING).frames, varies),
        "mp3-joined": (WHOLE + shorter, 1152 * joined, frames_say(frames, joined)),
        "mp3-gap": (gap, SAMPLES, inside),
        "mp3-flipped": (odd.flipped(WHOLE, start=40_000, bits=3), SAMPLES),
        "mp3-tags": (WHOLE.join(TAGS), SAMPLES),
    }


def odd_ogg():
    flipped = odd.flipped(OGG, bits=1, start=len(OGG) // 2)
    mono = odd.other("OGG", channels=1, subtype="VORBIS")
    otherwise = "after 2.0 s it goes on in another format"
    return {
        "ogg-half": (OGG[: len(OGG) // 2], SOME, DAMAGED, NO_END),
        "opus-cut": (OPUS[: len(OPUS) * 2 // 3], SOME, DAMAGED, NO_END),
        "ogg-flipped": (flipped, SOME, DAMAGED, samples_say(SAMPLES)),
        "ogg-chained": (OGG + OGG, 2 * SAMPLES),
        "ogg-chained-otherwise": (OGG + mono, SAMPLES, otherwise),
        "ogg-junk": (TAGS[0] + OGG + ZEROS, SAMPLES, "1048576 bytes are no Ogg pages"),
    }


def odd_flac():
    flipped = odd.flipped(FLAC, bits=1, start=len(FLAC) // 2)
    hours = odd.flac_claims(FLAC, 360_000 * RATE)
    after = "what follows the sound can't be decoded"
    return {
        "flac-half": (FLAC[: len(FLAC) // 2], SOME, UP_TO),
        "flac-flipped": (flipped, SOME, UP_TO),
        "flac-100-hours": (hours, SAMPLES, samples_say(360_000 * RATE, SAMPLES)),
        "flac-too-few": (odd.flac_claims(FLAC, 10), SAMPLES, samples_say(10, SAMPLES)),
        "flac-piped": (odd.flac_claims(FLAC, 0), SAMPLES),
        "flac-tags": (FLAC.join(TAGS), SAMPLES),
        "flac-joined": (FLAC + FLAC, SAMPLES, after),
    }


def odd_others():
    size = SAMPLES * 4
    claims = odd.patched(WAV, b"data", b"\0\0\0\xf0")
    unfinished = odd.patched(odd.patched(WAV, b"data", bytes(4)), b"RIFF", bytes(4))
    numbers = odd.other("WAV", subtype="FLOAT")[:-8] + b"\xff" * 4 + b"\0\0\x80\x7f"
    return {
        "wav-half": (WAV[: 44 + size // 2], SAMPLES // 2, bytes_say(size, size // 2)),
        "wav-4-gb": (claims, SAMPLES, bytes_say(0xF0 << 24, size)),
        "wav-piped": (odd.patched(WAV, b"data", b"\xff" * 4), SAMPLES),
        "wav-unfinished": (unfinished, SAMPLES, bytes_say(0, size)),
        "wav-no-number": (numbers, SAMPLES, "2 samples are no sound"),
        "wav-tags": (TAGS[0] + WAV, SAMPLES),
        "aiff-half": (AIFF[: len(AIFF) // 2], SOME, bytes_say("[0-9]+")),
        "m4a-flipped": (odd.flipped(M4A[:-2000], start=9000) + M4A[-2000:], SOME, UP_TO),
    }


ODD = WITHOUT_SOUND | odd_mp3() | odd_ogg() | odd_flac() | odd_others()
LARGE = {
    "mp3-id3-of-256-mb": SAMPLES,
    "mp3-cover-of-100-mb": SAMPLES,
    "wav-cover-of-100-mb": SAMPLES,
    "more-than-512-mb": "it has 536870913 bytes, and no more than 536870912 are read",
    "zeros-of-64-mb": UNKNOWN,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Decode all odd files in one process, which has to live to the end."""
    folder = tmp_path_factory.mktemp("odd")
    for name, (data, *_) in ODD.items():
        (folder / f"{name}.mp3").write_bytes(data)  # the wrong name for most of them
    odd.write_large(folder)
    done = subprocess.run(
        [sys.executable, odd.__file__, folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(decode.__file__).parents[2])},
    )
    shutil.rmtree(folder)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr[-2000:]
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", [*ODD, *LARGE])
def test_an_odd_file_has_its_stated_result(name, results):
    _, stated, *problems = ODD.get(name, (b"", LARGE.get(name)))
    result = results[f"{name}.mp3"]
    if isinstance(stated, str):
        assert result == stated
        return
    least, most = stated if isinstance(stated, tuple) else (stated, stated)
    assert result[0] == name.partition("-")[0]
    assert least <= result[3] <= most
    assert len(result[4]) == len(problems), result[4]
    for said, expected in zip(result[4], problems, strict=True):
        assert re.fullmatch(expected, said), said


def test_no_odd_file_takes_much_memory(results):
    assert len(results) >= len(ODD) + len(LARGE)
    assert results.get("peak", 0) < 300e6  # told on Linux alone


# -- clean files


def read(path):
    with open_audio(path) as reader:
        return reader, np.concatenate(list(reader.blocks()))


def by_ffmpeg(path, channels):
    asked = ["ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-c:a", "pcm_f32le", "-"]
    done = subprocess.run(asked, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(-1, channels)


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_file_gives_its_samples_and_no_problem(name, tmp_path):
    data, samples, rate, channels = CLEAN[name]
    path = tmp_path / "theme.bin"
    path.write_bytes(data)
    reader, heard = read(path)
    assert (reader.container, reader.problems) == (name.partition("-")[0], ())
    assert (reader.sample_rate, reader.channels) == (rate, channels)
    assert (heard.dtype, heard.shape[1], reader.samples) == (np.float32, channels, len(heard))
    if samples:
        assert len(heard) == samples
    if shutil.which("ffmpeg"):
        other = by_ffmpeg(path, channels)
        assert len(heard) == len(other)
        assert np.abs(heard - other).max() < 2e-3


def test_every_frame_is_decoded_where_no_header_gives_the_length(tmp_path):
    path = tmp_path / "theme.mp3"
    path.write_bytes(odd.frames_alone(VARYING))
    _, heard = read(path)
    assert len(heard) == 1152 * inspect(VARYING).frames
    if shutil.which("ffmpeg"):
        # Without a header it keeps the decoder's own delay.
        other = by_ffmpeg(path, 2)
        assert len(other) == len(heard)
        assert np.abs(heard[:-529] - other[529:]).max() < 2e-3


def test_both_pieces_of_joined_files_are_heard(tmp_path):
    shorter = odd.mp3(30000)
    path = tmp_path / "theme.mp3"
    path.write_bytes(WHOLE + shorter)
    _, heard = read(path)
    path.write_bytes(shorter)
    _, piece = read(path)
    start = 1152 * (inspect(WHOLE).frames + 1) + 576  # after the second header and delay
    assert np.abs(heard[start:][: len(piece)] - piece).max() < 1e-4


def test_bytes_between_the_frames_leave_the_rest_untouched(tmp_path):
    path = tmp_path / "theme.mp3"
    path.write_bytes(WHOLE)
    _, whole = read(path)
    stream = inspect(WHOLE)
    middle = WHOLE.index(b"\xff\xfb", len(WHOLE) // 2)
    while inspect(WHOLE[:middle]).problems[0].startswith("the last"):
        middle = WHOLE.index(b"\xff\xfb", middle + 1)
    path.write_bytes(WHOLE[:middle] + bytes(5000) + WHOLE[middle:])
    reader, heard = read(path)
    assert reader.problems == ("5000 bytes in 1 places inside are no MP3",)
    assert (len(heard), stream.samples) == (SAMPLES, SAMPLES)
    assert np.array_equal(heard, whole)


# -- the reader


def test_blocks_begin_again_each_time_and_have_the_size_asked_for(tmp_path):
    path = tmp_path / "theme.ogg"
    path.write_bytes(OGG)
    with open_audio(path) as reader:
        assert reader.samples is None
        whole = np.concatenate(list(reader.blocks()))
        assert reader.samples == SAMPLES
        sizes = [len(block) for block in reader.blocks(10_000)]
        assert sizes == [10_000] * 8 + [8200]
        both = zip(reader.blocks(10_000), reader.blocks(10_000), strict=True)
        for at, (one, other) in enumerate(both):
            part = whole[at * 10_000 :][:10_000]
            assert np.array_equal(one, part)
            assert np.array_equal(other, part)


def test_problems_of_the_decoder_are_known_after_the_last_block(tmp_path):
    path = tmp_path / "theme.flac"
    path.write_bytes(odd.flipped(FLAC, bits=1, start=len(FLAC) // 2))
    with open_audio(path) as reader:
        assert reader.problems == ()
        for _ in range(2):  # said once, however often it is decoded
            given = sum(len(block) for block in reader.blocks(1000))
            assert reader.problems == (f"it can be decoded only up to {given / RATE:.1f} s",)
            assert reader.samples == given


def test_a_sound_longer_than_allowed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "MAX_SECONDS", 1)
    for data in (WHOLE, FLAC, OGG, WAV, AIFF, M4A):
        path = tmp_path / "theme"
        path.write_bytes(data)
        with pytest.raises(NotAudio, match=r"^it is longer than 1 seconds$"):
            open_audio(path)
    path.write_bytes(odd.flac_claims(FLAC, 10))  # only decoding tells
    with (
        open_audio(path) as reader,
        pytest.raises(NotAudio, match=r"^it is longer than 1 seconds$"),
    ):
        list(reader.blocks(1000))


def test_m4a_needs_a_library_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "musicbuild.audio.decode.m4a", raising=False)
    path = tmp_path / "theme.m4a"
    path.write_bytes(M4A)
    with pytest.raises(NotAudio) as refused:
        open_audio(path)
    assert str(refused.value) == "m4a needs `pip install 'musicbuild[m4a]'`"


def test_only_plain_files_are_opened(tmp_path):
    with pytest.raises(NotAudio, match=r"^it is no plain file$"):
        open_audio(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_audio(tmp_path / "none")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(NotAudio, match=r"^it is no plain file$"):
            open_audio(tmp_path / "pipe")


def test_a_file_that_shrinks_while_it_is_read_ends_early(tmp_path):
    path = tmp_path / "theme.wav"
    path.write_bytes(WAV)
    with open_audio(path) as reader:
        os.truncate(path, len(WAV) // 2)
        given = sum(len(block) for block in reader.blocks(1000))
        assert given < SAMPLES
        assert reader.problems == (samples_say(SAMPLES, given),)


class Failing:
    """A file on a disk that fails after half of the bytes."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def readinto(self, buffer):
        if self._file.tell() > len(WAV) // 2:
            raise OSError(5, "Input/output error")
        return self._file.readinto(buffer)


@pytest.mark.parametrize("data", [WAV, FLAC.ljust(len(WAV), b"\0"), odd.m4a(500_000)])
def test_an_error_of_the_disk_is_no_fault_of_the_sound(data, tmp_path):
    path = tmp_path / "theme"
    path.write_bytes(data)
    with open_audio(path) as reader:
        reader._file = Failing(reader._file)
        given = []
        with contextlib.suppress(OSError):
            given.extend(len(block) for block in reader.blocks(1000))
            pytest.fail("no error")
        assert reader.problems == ()


# -- windows


@pytest.mark.parametrize("name", [name for name in ODD if name.startswith("mp3")])
def test_a_walk_through_windows_sees_what_a_walk_in_memory_sees(name, tmp_path, monkeypatch):
    data = ODD[name][0]
    path = tmp_path / "theme.mp3"
    path.write_bytes(data)
    seen = inspect(data)
    for size in (1, 1000, 4096) if len(data) < 200_000 else (10_000,):
        monkeypatch.setattr("musicbuild.audio.view.WINDOW", size)
        monkeypatch.setattr("musicbuild.audio.view.AHEAD", 1500)
        with path.open("rb") as file:
            assert inspect(FileView(file, len(data))) == seen


def test_the_pages_of_an_ogg_file_are_found_in_small_windows(tmp_path, monkeypatch):
    path = tmp_path / "theme.ogg"
    for data in (OGG, b"OggS".join((OGG[:20000], OGG[20000:])), ODD["ogg-junk"][0][:300_000]):
        path.write_bytes(data)
        with monkeypatch.context() as small:
            small.setattr("musicbuild.audio.view.WINDOW", 100)
            reader, heard = read(path)
        again, same = read(path)
        assert reader.problems == again.problems
        assert np.array_equal(heard, same)


def test_decoding_needs_no_m4a_library_to_be_loaded():
    code = "import sys, musicbuild.audio.decode; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
