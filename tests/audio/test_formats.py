"""What is written comes back: as long as it was, where it was, and the same bytes each time."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from musicbuild.audio import formats
from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.formats import FORMATS, CannotEncode, Encoding, encoder, made_with, objection
from musicbuild.audio.mp3 import inspect
from musicbuild.audio.sound import Loop, to_int16

RATES = {"opus": (48_000,), "m4a": (44_100, 48_000)}
ALL = [
    (name, rate, channels)
    for name in FORMATS
    for rate in RATES.get(name, (22_050, 44_100, 48_000))
    for channels in (1, 2)
]
NOISE = dict.fromkeys(FORMATS, 0.04) | {"flac": 2e-5, "wav": 2e-5}
"""The largest error of any sample, from the first to the last."""


def music(length, rate=44_100, channels=2):
    """A chord that comes and goes, of which no part is like another."""
    seconds = np.arange(length)[:, None] / rate
    sides = np.array([0.0, 0.4])[:channels]
    sound = np.zeros((length, channels))
    for voice, pitch in enumerate((110.0, 164.8, 277.2, 440.0, 1318.5)):
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * (0.3 + 0.17 * voice) * seconds + voice)
        sound += swell * np.sin(2 * np.pi * pitch * seconds + sides * voice) / (voice + 2)
    return (0.5 * sound).astype(np.float32)


def write(path, samples, asked, *, block=65_536, loop=None, length=None):
    made = encoder(path, asked, loop=loop, length=len(samples) if length is None else length)
    for start in range(0, len(samples), block):
        made.write(samples[start : start + block])
    made.close()
    return path


def by_ffmpeg_libraries(path):
    # A few frames of MP3 are too few to be guessed from.
    with av.open(str(path), format="mp3" if path.suffix == ".mp3" else None) as file:
        to_planes = av.AudioResampler(format="fltp")
        frames = [part for frame in file.decode(audio=0) for part in to_planes.resample(frame)]
    return np.concatenate([frame.to_ndarray().T for frame in frames])


def by_libsndfile(path):
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def by_ffmpeg(path, channels=2):
    form = ["-f", "mp3"] if path.suffix == ".mp3" else []
    done = subprocess.run(
        ["ffmpeg", "-v", "error", *form, "-i", path, "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<f4").reshape(-1, channels)


def lengths(path):
    """How many samples each reader that is at hand plays."""
    found = {len(by_ffmpeg_libraries(path))}
    if path.suffix != ".m4a":
        found.add(len(by_libsndfile(path)))
    return found


@pytest.mark.parametrize(("name", "rate", "channels"), ALL)
def test_as_many_samples_come_back_as_went_in(name, rate, channels, tmp_path):
    for length in (575, 1152, 16_384, 44_100, 70_001):
        path = write(
            tmp_path / f"a.{name}", music(length, rate, channels), Encoding(name, rate, channels)
        )
        assert lengths(path) == {length}
    if shutil.which("ffmpeg"):
        assert len(by_ffmpeg(path, channels)) == length


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FORMATS), st.sampled_from((1, 2)), st.integers(1, 6000))
@example("ogg", 2, 1)
@example("ogg", 2, 128)
@example("ogg", 2, 1152)
@example("opus", 1, 1)
@example("opus", 2, 648)  # with the delay, a whole packet
@example("opus", 2, 649)
@example("m4a", 2, 1)
@example("m4a", 1, 512)
@example("m4a", 2, 513)
@example("m4a", 2, 1024)
@example("mp3", 2, 1)
@example("wav", 1, 1)
@example("flac", 2, 1)
def test_any_length_is_exact(name, channels, length):
    rate = 48_000 if name == "opus" else 44_100
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a.{name}")
        write(path, music(length, rate, channels), Encoding(name, rate, channels))
        assert lengths(path) == {length}


@pytest.mark.parametrize("name", FORMATS)
def test_a_piece_of_47_seconds_in_one_block_comes_back_whole(name, tmp_path):
    rate = 48_000 if name == "opus" else 44_100
    samples = np.tile(music(rate, rate, 1), (48, 1))[: 47 * rate + 1]
    path = write(tmp_path / f"a.{name}", samples, Encoding(name, rate, 1), block=len(samples))
    assert len(by_ffmpeg_libraries(path)) == 47 * rate + 1


def test_silence_that_fits_on_one_page_is_as_long(tmp_path):
    path = write(tmp_path / "a.ogg", np.zeros((200_000, 2), np.float32), Encoding("ogg", 44_100, 2))
    assert lengths(path) == {200_000}


@pytest.mark.parametrize(("name", "rate", "channels"), ALL)
def test_it_sounds_as_it_did_and_in_time(name, rate, channels, tmp_path):
    samples = music(50_001, rate, channels)
    path = write(tmp_path / f"a.{name}", samples, Encoding(name, rate, channels), block=5000)
    readers = [by_ffmpeg_libraries] + [by_libsndfile] * (name != "m4a")
    for read in readers:
        back = read(path)
        assert np.abs(back - samples).max() < NOISE[name]
        likeness = [
            float(np.vdot(samples[8:-8], back[8 + lag : len(back) - 8 + lag]))
            for lag in range(-8, 8)
        ]
        assert np.argmax(likeness) - 8 == 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_sudden_beginning_and_end_are_as_good_as_the_middle(name, tmp_path):
    rate = 48_000 if name == "opus" else 44_100
    for length in (40_960, 40_321):  # an m4a begins with and without more silence
        samples = music(length + 20_000, rate)[20_000:]
        path = write(tmp_path / f"a.{name}", samples, Encoding(name, rate, 2))
        error = np.abs(by_ffmpeg_libraries(path) - samples)
        assert max(error[:1024].max(), error[-240:].max()) < 2 * NOISE[name]


@pytest.mark.parametrize("name", FORMATS)
def test_how_the_sound_is_cut_into_blocks_changes_no_byte(name, tmp_path):
    rate = 48_000 if name == "opus" else 44_100
    samples, asked = music(60_000, rate), Encoding(name, rate, 2)
    whole = write(tmp_path / "whole", samples, asked, block=60_000).read_bytes()
    for block in (997, 16_384, 16_385):
        assert write(tmp_path / "cut", samples, asked, block=block).read_bytes() == whole
    made = encoder(tmp_path / "reused", asked, length=60_000)
    buffer = np.empty((1000, 2), np.float32)
    for start in range(0, 60_000, 1000):
        buffer[:] = samples[start : start + 1000]
        made.write(buffer)
    made.close()
    assert (tmp_path / "reused").read_bytes() == whole


ELSEWHERE = """
import sys
from pathlib import Path
import numpy as np
from musicbuild.audio.formats import FORMATS, Encoding, encoder
samples = np.load(sys.argv[1])
for name in FORMATS:
    path = Path(sys.argv[2], name)
    made = encoder(path, Encoding(name, 48000, 2), length=len(samples))
    made.write(samples)
    made.close()
"""


def test_another_process_makes_the_same_bytes(tmp_path):
    samples = music(30_000, 48_000)
    np.save(tmp_path / "samples.npy", samples)
    there = tmp_path / "there"
    there.mkdir()
    subprocess.run([sys.executable, "-c", ELSEWHERE, tmp_path / "samples.npy", there], check=True)
    for name in FORMATS:
        path = write(tmp_path / name, samples, Encoding(name, 48_000, 2), block=999)
        assert path.read_bytes() == (there / name).read_bytes(), name


def test_a_small_stack_is_enough(tmp_path):
    code = """
import sys, threading
from pathlib import Path
import numpy as np
from musicbuild.audio.formats import Encoding, encoder
def work():
    made = encoder(Path(sys.argv[1]), Encoding("ogg", 44100, 2))
    made.write(np.zeros((1 << 20, 2), np.float32))
    made.close()
threading.stack_size(512 << 10)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    path = tmp_path / "a.ogg"
    subprocess.run([sys.executable, "-c", code, path], check=True)
    assert soundfile.info(path).frames == 1 << 20


@pytest.mark.parametrize("name", ["ogg", "wav"])
def test_a_loop_has_no_seam_to_be_heard(name, tmp_path):
    length = 4 * 44_100 + 77
    turns = 2 * np.pi * np.arange(length)[:, None] / length
    voices = [np.sin(k * turns + [0.7, 1.0]) for k in (400, 733, 1201, 2800, 5003)]
    samples = (0.12 * np.sum(voices, axis=0)).astype(np.float32)
    path = write(tmp_path / f"a.{name}", samples, Encoding(name, 44_100, 2), loop=Loop(0, length))
    once = by_ffmpeg(path) if shutil.which("ffmpeg") else by_libsndfile(path)
    steps = np.abs(np.diff(np.concatenate([once, once]), axis=0)).max(axis=1)
    assert steps[length - 1] <= np.quantile(steps[: length - 1], 0.999)


@pytest.mark.parametrize("bits", [16, 24])
def test_a_wav_carries_its_loop(bits, tmp_path):
    samples = music(9999, 48_000, 1)  # of 24 bits, an odd number of bytes
    path = write(
        tmp_path / "a.wav", samples, Encoding("wav", 48_000, 1, bits=bits), loop=Loop(100, 5000)
    )
    data = path.read_bytes()
    assert struct.unpack("<4sI4s", data[:12]) == (b"RIFF", len(data) - 8, b"WAVE")
    chunks, place = {}, 12
    while place < len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        chunks[name] = data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    assert place == len(data)
    assert list(chunks) == [b"fmt ", b"data", b"smpl"]
    assert len(chunks[b"data"]) == 9999 * bits // 8
    words = struct.unpack("<15I", chunks[b"smpl"])
    assert words == (0, 0, 20_833, 60, 0, 0, 0, 1, 0, 0, 0, 100, 5099, 0, 0)
    said = soundfile.info(path, verbose=True).extra_info
    assert "Start :   100  End :  5099" in said
    assert "PEAK" not in said


@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_of_16_bits_is_what_the_standard_library_writes(channels, tmp_path):
    samples = music(5001, 22_050, channels)
    path = write(tmp_path / "a.wav", samples, Encoding("wav", 22_050, channels))
    with wave.open(str(tmp_path / "b.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(to_int16(samples).astype("<i2").tobytes())
    assert path.read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize("name", ["wav", "flac"])
@pytest.mark.parametrize("bits", [16, 24])
def test_what_is_not_lossy_rounds_and_clips_and_does_no_more(name, bits, tmp_path):
    full = 1 << (bits - 1)
    steps = np.array([0, 1, -1, 1000, full - 1, -full, 1234, -4321])
    samples = np.concatenate([steps / full, [1.5, -1.5, 0.4 / full]]).astype(np.float32)[:, None]
    expected = [*steps, full - 1, -full, 0]
    path = write(tmp_path / f"a.{name}", samples, Encoding(name, 44_100, 1, bits=bits))
    back = soundfile.read(path, dtype="int32")[0] >> (32 - bits)
    assert back.tolist() == expected
    assert soundfile.info(path).subtype == f"PCM_{bits}"


def test_an_mp3_is_that_of_the_whole_array(tmp_path):
    samples = music(100_003)
    path = write(tmp_path / "a.mp3", samples, Encoding("mp3", 44_100, 2), block=12_345)
    assert path.read_bytes() == encode_mp3(to_int16(samples), 44_100)


def test_an_mp3_of_variable_bitrate_is_exact_and_says_so(tmp_path):
    sizes = []
    for quality in (0, 4.5, 9):
        asked = Encoding("mp3", 44_100, 2, quality=quality)
        path = write(tmp_path / "a.mp3", music(150_001), asked)
        stream = inspect(path.read_bytes())
        assert (stream.samples, stream.problems) == (150_001, ())
        assert lengths(path) == {150_001}
        assert b"Xing" in path.read_bytes()[:100]
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(("name", "rate"), [("mp3", 44_100), ("opus", 48_000), ("m4a", 48_000)])
def test_the_bitrate_is_the_one_asked_for(name, rate, tmp_path):
    samples = music(4 * rate, rate)
    for bitrate in (96, 224):
        path = write(tmp_path / "a", samples, Encoding(name, rate, 2, bitrate=bitrate))
        assert path.stat().st_size * 8 / 4000 == pytest.approx(bitrate, rel=0.1)


def test_the_quality_of_an_ogg_is_the_one_asked_for(tmp_path):
    samples = music(100_000)
    nominal = []
    for quality in (2, -1, 9):
        path = write(tmp_path / "a", samples, Encoding("ogg", 44_100, 2, quality=quality))
        header = path.read_bytes().partition(b"\x01vorbis")[2]
        nominal.append(int.from_bytes(header[13:17], "little"))
    assert nominal == [96_000, 192_000, 320_000]


@pytest.mark.parametrize("name", ["mp3", "ogg", "flac", "wav"])
def test_the_sound_goes_to_the_file_as_it_comes(name, tmp_path):
    path, samples = tmp_path / "a", music(441_000)
    made = encoder(path, Encoding(name, 44_100, 2))
    made.write(samples)
    before = path.stat().st_size
    made.close()
    assert before > 0.7 * path.stat().st_size


@pytest.mark.parametrize("name", FORMATS)
def test_ffmpeg_and_mp3val_have_nothing_to_say(name, tmp_path):
    rate = 48_000 if name == "opus" else 44_100
    path = write(tmp_path / f"a.{name}", music(100_000, rate), Encoding(name, rate, 2))
    if shutil.which("ffmpeg"):
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", path, "-f", "null", "-"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout, done.stderr) == ("", "")
    if name == "mp3" and shutil.which("mp3val"):
        done = subprocess.run(["mp3val", path], capture_output=True, text=True, check=True)
        warnings = [line for line in done.stdout.splitlines() if line.startswith("WARNING")]
        # Tags are another's business.
        assert all(line.endswith("No supported tags in the file") for line in warnings)


def test_an_m4a_ends_exactly_by_its_edit_list_where_the_length_is_not_known(tmp_path):
    for length in (100, 1024, 5000):
        path = write(tmp_path / "a.m4a", music(length), Encoding("m4a", 44_100, 2), length=0)
        with av.open(str(path)) as file:
            assert file.streams.audio[0].duration == length
        assert length <= len(by_ffmpeg_libraries(path)) < length + 1024


def test_an_m4a_tells_no_date_and_no_program(tmp_path):
    path = write(tmp_path / "a.m4a", music(5000), Encoding("m4a", 44_100, 2))
    data = path.read_bytes()
    assert b"Lav" not in data
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        assert data.partition(kind)[2][4:12] == bytes(8)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (
            Encoding("aiff", 44_100, 2),
            "there is no format `aiff`, only mp3, ogg, opus, flac, wav or m4a",
        ),
        (Encoding("wav", 44_100, 3), "a file has 1 or 2 channels, not 3"),
        (Encoding("opus", 44_100, 2), "opus has 48000 Hz, not 44100"),
        (Encoding("m4a", 22_050, 2), "m4a has 44100 or 48000 Hz, not 22050"),
        (
            Encoding("mp3", 8000, 2),
            "mp3 has 16000, 22050, 24000, 32000, 44100 or 48000 Hz, not 8000",
        ),
        (Encoding("flac", 1, 2), "flac has 8000 to 192000 Hz, not 1"),
        (Encoding("wav", 44_100, 2, bitrate=192), "wav has no bitrate to choose"),
        (
            Encoding("opus", 48_000, 1, bitrate=300),
            "opus of one channel has 6 to 255 kbit/s, not 300",
        ),
        (Encoding("m4a", 48_000, 2, bitrate=8), "m4a of two channels has 64 to 512 kbit/s, not 8"),
        (
            Encoding("mp3", 44_100, 2, bitrate=192, quality=2),
            "mp3 takes a bitrate or a quality, not both",
        ),
        (Encoding("mp3", 44_100, 2, quality=9.5), "the quality of mp3 is 0 to 9, not 9.5"),
        (Encoding("ogg", 44_100, 2, quality=11), "the quality of ogg is 0 to 10, not 11"),
        (
            Encoding("ogg", 44_100, 2, quality=float("nan")),
            "the quality of ogg is 0 to 10, not nan",
        ),
        (Encoding("opus", 48_000, 2, quality=5), "opus has no quality to choose"),
        (Encoding("flac", 44_100, 2, bits=20), "flac has 16 or 24 bits, not 20"),
        (Encoding("ogg", 44_100, 2, bits=24), "ogg has no bits to choose"),
        (
            Encoding("mp3", 22_050, 2, bitrate=320),
            (
                "mp3 at 22050 Hz has 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144 or 160"
                " kbit/s, not 320"
            ),
        ),
    ],
)
def test_what_a_format_cannot_do_is_said_and_refused(asked, why, tmp_path):
    assert objection(asked) == why
    with pytest.raises(CannotEncode) as refused:
        encoder(tmp_path / "a", asked)
    assert str(refused.value) == why
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("rate", [8000, 32_000, 96_000, 192_000])
@pytest.mark.parametrize("name", ["ogg", "flac", "wav"])
def test_the_rates_nobody_objects_to_are_written(name, rate, tmp_path):
    for channels in (1, 2):
        asked = Encoding(name, rate, channels)
        assert objection(asked) == ""
        path = write(tmp_path / f"a.{name}", music(5000, rate, channels), asked)
        assert (soundfile.info(path).frames, soundfile.info(path).samplerate) == (5000, rate)


def test_every_bitrate_nobody_objects_to_is_written(tmp_path):
    for rate in (16_000, 22_050, 24_000, 32_000, 44_100, 48_000):
        for bitrate in range(400):
            asked = Encoding("mp3", rate, 1, bitrate=bitrate)
            if not objection(asked):
                path = write(tmp_path / "a", music(3000, rate, 1), asked)
                stream = inspect(path.read_bytes())
                assert (stream.samples, stream.sample_rate, stream.problems) == (3000, rate, ())


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_another_length_than_said_is_refused(name, tmp_path):
    path, samples = tmp_path / "a", music(2000, 48_000)
    asked = Encoding(name, 48_000, 2)
    with pytest.raises(CannotEncode, match=r"^there are no samples$"):
        write(path, samples[:0], asked)
    with pytest.raises(CannotEncode, match=r"^2000 samples came where 1999 were announced$"):
        write(path, samples, asked, length=1999)
    with pytest.raises(
        CannotEncode, match=r"^a loop of 1001 samples from 1000 is not inside 2000$"
    ):
        write(path, samples, asked, loop=Loop(1000, 1001))
    path.unlink()  # nobody holds it


@pytest.mark.parametrize(
    "samples",
    [np.zeros((9, 2)), np.zeros((9, 2), np.int16), np.zeros((9, 1), np.float32), np.zeros(9, "f4")],
)
def test_other_arrays_are_refused(samples, tmp_path):
    made = encoder(tmp_path / "a", Encoding("wav", 44_100, 2))
    with pytest.raises(CannotEncode, match=r"^samples are float32 of shape \(n, 2\), not "):
        made.write(samples)
    made.abort()


@pytest.mark.parametrize("name", FORMATS)
def test_a_place_that_cannot_be_written_is_an_error_of_the_system(name, tmp_path):
    with pytest.raises(OSError):
        encoder(tmp_path / "no folder" / "a", Encoding(name, 48_000, 2))


@pytest.mark.parametrize(
    ("name", "library", "way_out"),
    [
        ("m4a", "av", "m4a files need PyAV: pip install 'musicbuild[m4a]'"),
        ("mp3", "lameenc", "mp3 files need lameenc: pip install lameenc"),
        ("ogg", "soundfile", "ogg files need libsndfile 1.2: pip install soundfile"),
    ],
)
def test_a_missing_library_is_named_with_the_way_out(name, library, way_out, tmp_path, monkeypatch):
    for module in (name, "sndfile"):
        monkeypatch.delitem(sys.modules, f"musicbuild.audio.formats.{module}", raising=False)
    monkeypatch.delattr(formats, "sndfile", raising=False)
    monkeypatch.delitem(sys.modules, "musicbuild.audio.encode", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(CannotEncode) as missing:
        encoder(tmp_path / "a", Encoding(name, 48_000, 2))
    assert str(missing.value) == way_out


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("mp3", r"lameenc \d+\.\d+\.\d+"),
        ("ogg", r"libsndfile \d+\.\d+\.\d+ \(Xiph\.Org libVorbis I \d{8} .*\)"),
        ("opus", r"libsndfile \d+\.\d+\.\d+ \(libopus \d+\.\d+.*\)"),
        ("flac", r"libsndfile \d+\.\d+\.\d+ \(reference libFLAC \d+\.\d+.*\)"),
        ("wav", r"wav 1"),
        ("m4a", r"PyAV \d+\.\d+\.\d+ \(libavcodec \d+\.\d+\.\d+\)"),
    ],
)
def test_the_encoder_and_its_version_are_named(name, pattern):
    assert re.fullmatch(pattern, made_with(name))


def test_objections_load_nothing_heavy():
    code = """
import sys
from musicbuild.audio.formats import FORMATS, Encoding, objection
assert [objection(Encoding(name, 48000, 2)) for name in FORMATS] == [""] * len(FORMATS)
print([name for name in ("numpy", "soundfile", "lameenc", "av") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
