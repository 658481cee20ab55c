"""A piece becomes files that are as loud, as long and as whole as was asked, in every format."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from audio.pieces import RATE, composed, decoded, heard, music, wav

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.formats import CannotEncode
from musicbuild.audio.limiter import PRE_ROLL
from musicbuild.audio.master import master
from musicbuild.audio.recipe import LoopWish, Recipe, Target
from musicbuild.audio.shape import Fade
from musicbuild.audio.sound import Loop

WHOLE = ("wav", "flac")
LOSSY = ("mp3", "ogg", "opus", "m4a")
EVERY = pytest.mark.parametrize("names", [WHOLE, LOSSY])
OFF = dict.fromkeys(LOSSY, 0.3) | dict.fromkeys(WHOLE, 0.1)
"""LU by which a file's loudness may be off."""

PEAK = 0.05
"""dB by which FFmpeg's true peak may be higher: it is told as an amplitude of three digits."""


@pytest.fixture
def mastered(tmp_path):
    """Return what masters a sound into files of some formats, and tells what came of each."""

    def mastered(sound, names, *, rate=RATE, encodings=(), **recipe):
        source = wav(tmp_path / "source.wav", sound, rate)
        targets = [Target("", tmp_path / f"made.{name}", name, **dict(encodings)) for name in names]
        asked = recipe.pop("asked", len(sound) / rate)
        made = master({"": source}, Recipe(asked, **recipe), targets)
        assert made.keys() == {target.path for target in targets}
        return {target.format: made[target.path] for target in targets}

    return mastered


def listen(folder, name):
    return heard(folder / f"made.{name}", name)


def first_and_last(sound, level=1e-3):
    """Return where a sound is first and last over a level, in samples from either end."""
    loud = np.flatnonzero(np.abs(sound).max(axis=1) > level)
    return int(loud[0]), len(sound) - 1 - int(loud[-1])


# -- loudness and peaks


@EVERY
@pytest.mark.parametrize("wanted", [-16, -30])
def test_the_loudness_is_reached_under_the_peak(mastered, names, wanted, tmp_path):
    made = mastered(composed("Metal, 160 BPM", "4"), names, loudness=wanted, true_peak=-1)
    for name, one in made.items():
        found = listen(tmp_path, name)
        assert found.loudness == pytest.approx(wanted, abs=OFF[name])
        assert one.measured.loudness.integrated == pytest.approx(found.loudness, abs=0.1)
        assert found.true_peak < -1 + PEAK
        assert (one.done.short, one.done.reduction) == (0, 0)


@EVERY
@pytest.mark.parametrize("ceiling", [-1, -3])
def test_without_a_limiter_the_gain_stops_at_the_peak(mastered, names, ceiling, tmp_path):
    sound = music(peak=0.4)
    for name, one in mastered(sound, names, loudness=-12, true_peak=ceiling).items():
        found = listen(tmp_path, name)
        assert found.loudness == pytest.approx(-12 - one.done.short, abs=OFF[name])
        assert one.done.short > 3
        assert ceiling - 1.5 < found.true_peak < ceiling + PEAK
        assert one.measured.true_peak <= ceiling
        # Nothing is done to the sound but a gain.
        factor = 10 ** (one.done.gain / 20)
        if name in WHOLE:
            assert np.abs(found.sound - sound * factor).max() < 1 / 32768


@EVERY
@pytest.mark.parametrize(
    ("wanted", "sound"),
    [(-14, music()), (-10, composed()), (-12, np.clip(music(peak=3), -1, 1))],
    ids=["drums", "composed", "clipped"],
)
def test_a_limiter_reaches_the_loudness_and_keeps_the_peak(
    mastered, names, wanted, sound, tmp_path
):
    made = mastered(sound, names, loudness=wanted, true_peak=-1, limit=True)
    for name, one in made.items():
        found = listen(tmp_path, name)
        assert found.loudness == pytest.approx(wanted, abs=OFF[name])
        assert found.true_peak < -1 + PEAK
        assert one.measured.true_peak <= -1
        assert one.done.reduction > 1
        assert one.done.short == 0


def test_what_even_a_limiter_does_not_reach_is_told(mastered, tmp_path):
    (one,) = mastered(music(), ["wav"], loudness=-1, true_peak=-1, limit=True).values()
    found = listen(tmp_path, "wav")
    assert found.loudness + one.done.short == pytest.approx(-1, abs=0.1)
    assert one.done.short > 1
    assert found.true_peak < -1 + PEAK


@pytest.mark.parametrize(
    "how", [{"bitrate": each} for each in (96, 192, 224, 320)] + [{"quality": 2}]
)
def test_an_mp3_is_as_loud_at_every_bitrate(mastered, how, tmp_path):
    mastered(composed(), ["mp3"], encodings=how.items(), loudness=-18, true_peak=-1)
    assert listen(tmp_path, "mp3").loudness == pytest.approx(-18, abs=0.15)


def test_a_few_bits_keep_the_peak_too(mastered, tmp_path):
    for name, how in (("mp3", {"bitrate": 64}), ("opus", {"bitrate": 32}), ("ogg", {"quality": 0})):
        (one,) = mastered(
            np.clip(music(peak=4), -1, 1), [name], encodings=how.items(), loudness=-8, true_peak=-1
        ).values()
        assert listen(tmp_path, name).true_peak < -1 + PEAK
        assert one.done.short > 0


def test_a_ceiling_alone_turns_down_what_is_over_it_and_nothing_else(mastered, tmp_path):
    for peak, due in ((1.0, -6), (0.25, None)):
        sound = music(peak=peak)
        (one,) = mastered(sound, ["wav"], true_peak=-6).values()
        found = listen(tmp_path, "wav")
        assert found.true_peak < -6 + PEAK
        assert one.done.short == 0
        if due is None:
            assert one.done.gain == 0
            assert np.abs(found.sound - sound).max() < 1 / 32768
        else:
            assert found.true_peak == pytest.approx(due, abs=PEAK)


def test_what_is_asked_for_nothing_is_only_encoded(mastered, tmp_path):
    sound = music(peak=1.0)
    for name, one in mastered(sound, [*WHOLE, "mp3"]).items():
        assert (one.done.gain, one.done.short) == (0, 0)
        if name in WHOLE:
            assert np.abs(decoded(tmp_path / f"made.{name}")[0] - sound).max() <= 1 / 32768


@EVERY
@pytest.mark.parametrize("seconds", [0.01, 0.3, 3.0])
def test_silence_is_not_raised(mastered, names, seconds, tmp_path):
    sound = np.zeros((round(seconds * RATE), 2), np.float32)
    for name, one in mastered(sound, names, loudness=-16, true_peak=-1).items():
        found, rate = decoded(tmp_path / f"made.{name}", name)
        assert len(found) == round(seconds * rate)
        assert np.abs(found).max() < 1e-4
        assert (one.done.gain, one.done.short) == (0, 0)


@EVERY
@pytest.mark.parametrize("limit", [False, True])
def test_what_is_too_short_for_a_loudness_keeps_its_level(mastered, names, limit, tmp_path):
    sound = music(0.3)
    for name, one in mastered(sound, names, loudness=-8, true_peak=-1, limit=limit).items():
        assert (one.done.gain, one.done.short) == (0, 0)
        assert np.abs(decoded(tmp_path / f"made.{name}", name)[0]).max() == pytest.approx(
            0.5, rel=0.1
        )


@pytest.mark.parametrize("limit", [False, True])
def test_what_is_too_short_for_a_loudness_keeps_its_peak(mastered, limit, tmp_path):
    (one,) = mastered(music(0.3, peak=1), ["wav"], loudness=-8, true_peak=-3, limit=limit).values()
    assert one.measured.true_peak == pytest.approx(-3, abs=0.02)
    assert one.done.short == 0


# -- ends and lengths


@EVERY
@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("asked", [2.5, 3.0, 3.7, 1.23456])
def test_an_exact_length_is_exact_in_every_format(mastered, names, rate, asked, tmp_path):
    made = mastered(music(3.0, rate), names, rate=rate, asked=asked, exact=True)
    for name, one in made.items():
        found, played = decoded(tmp_path / f"made.{name}", name)
        assert played == (48_000 if name == "opus" else rate)
        assert len(found) == one.measured.samples == round(asked * played)
        assert one.done.missing == pytest.approx(max(0, asked - 3), abs=0.001)
        end = found[-played // 1000 :]
        assert np.abs(end).max() < 0.05  # it doesn't break off


def test_fades_are_where_they_belong(mastered, tmp_path):
    sound = np.full((3 * RATE, 2), 0.5, np.float32)
    sound = np.concatenate([np.zeros((RATE, 2), np.float32), sound])
    mastered(sound, ["wav"], trim=-60, fade_in=Fade(1), fade_out=Fade(0.5, "s-curve"))
    found, _ = decoded(tmp_path / "made.wav")
    assert len(found) == 3 * RATE
    level = found[:, 0] / 0.5
    assert level[: RATE : RATE // 4] == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.001)
    assert level[RATE : 2 * RATE] == pytest.approx(1, abs=0.001)
    assert level[int(2.75 * RATE)] == pytest.approx(0.5, abs=0.001)
    assert level[-1] == pytest.approx(0, abs=0.001)


def test_a_fade_out_before_made_up_silence_ends_with_the_music(mastered, tmp_path):
    sound = np.full((RATE, 2), 0.5, np.float32)
    mastered(sound, ["wav"], asked=2, exact=True, fade_out=Fade(0.5))
    found = decoded(tmp_path / "made.wav")[0]
    assert found[int(0.75 * RATE), 0] == pytest.approx(0.25, abs=0.001)
    assert not found[RATE:].any()


@EVERY
def test_silence_is_trimmed_from_both_ends(mastered, names, tmp_path):
    quiet = np.zeros((RATE, 2), np.float32)
    sound = np.concatenate([quiet, music(2.0)[500:], quiet])
    begins, ends = first_and_last(sound)
    for name, one in mastered(sound, names, trim=-60).items():
        found, rate = decoded(tmp_path / f"made.{name}", name)
        due = (len(sound) - begins - ends) * rate / RATE
        assert len(found) == one.measured.samples
        assert len(found) == pytest.approx(due, abs=2)


def test_the_loudness_is_that_of_what_is_left(mastered, tmp_path):
    sound = np.concatenate([music(2.0), music(2.0) * 0.05])
    mastered(sound, ["wav"], asked=2, exact=True, loudness=-24)
    assert listen(tmp_path, "wav").loudness == pytest.approx(-24, abs=0.1)


# -- rates, channels, settings


@pytest.mark.parametrize("rate", [22_050, 32_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_rate_and_channels_are_those_asked_for(mastered, rate, channels, tmp_path):
    names = ["wav", "mp3", "ogg", "opus"]
    made = mastered(music(2.0), names, sample_rate=rate, channels=channels, loudness=-20)
    for name, one in made.items():
        found = listen(tmp_path, name)
        due = 48_000 if name == "opus" else rate
        assert (found.rate, found.sound.shape) == (due, (2 * due, channels))
        assert found.loudness == pytest.approx(-20, abs=OFF[name])
        assert (one.measured.sample_rate, one.measured.channels) == (due, channels)


def test_one_channel_stays_one_and_two_are_made_of_it(mastered, tmp_path):
    sound = music(1.0, channels=1)
    mastered(sound, ["wav"])
    assert decoded(tmp_path / "made.wav")[0].shape == (RATE, 1)
    (one,) = mastered(sound, ["wav"], channels=2).values()
    assert decoded(tmp_path / "made.wav")[0] == pytest.approx(np.repeat(sound, 2, axis=1), abs=1e-4)
    assert one.measured.sides == "mono"


def test_what_was_asked_of_a_format_is_done(mastered, tmp_path):
    mastered(music(1.0), WHOLE, encodings={"bits": 24}.items())
    for name in WHOLE:
        assert soundfile.info(tmp_path / f"made.{name}").subtype == "PCM_24"
    sizes = []
    for bitrate in (96, 320):
        (one,) = mastered(music(2.0), ["mp3"], encodings={"bitrate": bitrate}.items()).values()
        sizes.append((tmp_path / "made.mp3").stat().st_size)
    assert sizes[1] > 3 * sizes[0]
    assert one.encoder.startswith("lameenc ")


def test_what_a_format_can_not_do_is_said_and_nothing_is_left_open(mastered, tmp_path):
    """Files that were begun already are let go of; a warning of one would fail this."""
    with pytest.raises(CannotEncode, match=r"^m4a has 44100 or 48000 Hz, not 22050$"):
        mastered(music(1.0), ["wav", "mp3", "ogg", "m4a"], sample_rate=22_050)


# -- loops

LOOP = "Trance in A minor, 126 BPM"


def played_twice(path, channels=2):
    """Return a file played twice without a pause, by FFmpeg where it is installed."""
    if not shutil.which("ffmpeg"):
        return np.tile(decoded(path)[0], (2, 1))
    command = ["ffmpeg", "-v", "error", "-stream_loop", "1", "-i", path, "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(-1, channels)


def discontinuity(twice, length):
    """Return the bend at the seam over the largest nearly anywhere inside."""
    bends = np.abs(np.diff(twice, 2, axis=0)).max(axis=1)
    return bends[length - 3 : length + 2].max() / np.quantile(bends[: length - 8], 0.999)


@pytest.mark.parametrize("limit", [False, True], ids=["", "limited"])
@pytest.mark.parametrize("is_loop", [False, True], ids=["cut", "composed to loop"])
def test_a_loop_runs_on_over_its_seam(mastered, limit, is_loop, tmp_path):
    """Beside the formats that can't loop to the sample, which carry it all the same."""
    sound = composed(LOOP, "8", loop=is_loop)
    how = {"loudness": -13 if limit else -18, "true_peak": -1, "limit": limit}
    asked = 8 if is_loop else 3.8
    made = mastered(
        sound, ["ogg", "wav", "flac", "mp3", "opus"], asked=asked, loop=LoopWish(bpm=126), **how
    )
    bar = 4 * 60 / 126
    for name in ("ogg", "wav", "flac"):
        one, path = made[name], tmp_path / f"made.{name}"
        assert one.seam.faults() == ()
        length = one.done.loop.length
        assert one.done.loop == Loop(0, one.measured.samples)
        twice = played_twice(path)
        assert len(twice) == 2 * length
        assert discontinuity(twice, length) < 1.5
        bars = length / RATE / bar
        assert is_loop or bars == pytest.approx(round(bars), abs=0.03)
        assert (one.done.reduction > 1) == limit
    for name in ("mp3", "opus"):
        assert made[name].measured.seconds == pytest.approx(length / RATE, abs=0.0001)
    if is_loop:
        assert length == len(sound)
    assert b"smpl" in (tmp_path / "made.wav").read_bytes()
    for one in made.values():
        assert one.measured.true_peak <= -1


def test_a_limiter_is_as_far_down_after_the_seam_as_before(mastered, tmp_path):
    """A peak near the end lowers what comes first, as it would when played again."""
    turns = 2 * np.pi * np.arange(4 * RATE) / RATE
    sound = 0.3 * np.cos(220 * turns)[:, None].repeat(2, axis=1).astype(np.float32)
    sound[-2100:-2000] *= 3  # whole turns are 200.45 samples long
    (one,) = mastered(sound, ["wav"], true_peak=-6, limit=True, asked=4, loop=LoopWish()).values()
    gain = np.abs(decoded(tmp_path / "made.wav")[0][: RATE // 20]).max() / 0.3
    assert one.done.loop.length == len(sound)
    assert gain < 0.9


def test_a_loop_is_found_in_what_is_left_after_trimming(mastered, tmp_path):
    sound = composed(LOOP, "12")
    quiet = np.zeros((RATE, 2), np.float32)
    (one,) = mastered(
        np.concatenate([quiet, sound, quiet]),
        ["wav"],
        asked=7.6,
        trim=-60,
        loop=LoopWish(bars=4, bpm=126),
    ).values()
    assert one.done.loop.length == pytest.approx(4 * 4 * 60 / 126 * RATE, abs=RATE // 500)
    assert one.seam.faults() == ()


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_a_loop_at_another_rate_is_as_clean(mastered, rate, tmp_path):
    sound = composed(LOOP, "8")
    names = ["wav", "opus"]
    made = mastered(sound, names, asked=3.8, loop=LoopWish(bpm=126), sample_rate=rate)
    assert made["wav"].seam.faults() == ()
    assert made["wav"].measured.seconds == pytest.approx(made["opus"].measured.seconds, abs=0.0001)
    length = made["wav"].done.loop.length
    assert discontinuity(played_twice(tmp_path / "made.wav"), length) < 1.5


# -- stems


@pytest.fixture
def parts(tmp_path):
    stems = {"drums": music(5.0, peak=0.3, seed=1), "bass": music(5.0, peak=0.2, seed=2) * [1, 0.5]}
    stems = {name: stem.astype(np.float32) for name, stem in stems.items()}
    sounds = {"": sum(stems.values()), **stems}
    return {name: wav(tmp_path / f"source-{name}.wav", one) for name, one in sounds.items()}


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"loudness": -20, "true_peak": -1},
        {"loudness": -5, "true_peak": -1},
        {"trim": -30, "fade_in": Fade(0.5), "loudness": -22},
        {"asked": 2.2, "exact": True},
        {"asked": 6, "exact": True, "fade_out": Fade(1)},
        {"sample_rate": 48_000},
        {"loop": LoopWish(bpm=120)},
    ],
    ids=lambda how: ", ".join(how) or "nothing",
)
def test_stems_add_up_to_the_whole(parts, how, tmp_path):
    targets = [Target(part, tmp_path / f"{part}.wav", "wav") for part in parts]
    made = master(parts, Recipe(**{"asked": 3, **how}), targets)
    found = {target.part: decoded(target.path)[0] for target in targets}
    assert len({sound.shape for sound in found.values()}) == 1
    error = np.abs(found["drums"] + found["bass"] - found[""]).max()
    # A loop's crossfade follows how alike its ends are, which differs from stem to stem.
    assert error <= (0.01 if "loop" in how else 2 / 32768)
    assert len({one.done.gain for one in made.values()}) == 1


def test_stems_of_lossy_formats_have_the_gain_of_the_whole(parts, tmp_path):
    targets = [Target(part, tmp_path / f"{part}.ogg", "ogg") for part in parts]
    made = master(parts, Recipe(3, loudness=-14, true_peak=-1), targets)
    assert len({one.done.gain for one in made.values()}) == 1
    assert len({one.measured.samples for one in made.values()}) == 1


def test_stems_alone_are_as_loud_as_in_the_whole(parts, tmp_path):
    (one,) = master(
        parts, Recipe(3, loudness=-20), [Target("bass", tmp_path / "a.wav", "wav")]
    ).values()
    whole = heard(parts[""])
    assert one.done.gain == pytest.approx(-20 - whole.loudness, abs=0.1)


# -- the same bytes

FORMS = ("ogg", "wav")

ELSEWHERE = """
import sys
from pathlib import Path
from musicbuild.audio.master import master
from musicbuild.audio.recipe import LoopWish, Recipe, Target
source, folder, *names = sys.argv[1:]
recipe = Recipe(4, loudness=-12, true_peak=-1, limit=True, loop=LoopWish(bars=1, bpm=120))
targets = [Target("", Path(folder, name), name) for name in names]
for path, one in master({"": Path(source)}, recipe, targets).items():
    print(path.name, one)
"""


def test_the_same_bytes_and_figures_come_twice_and_in_another_process(tmp_path):
    source = wav(tmp_path / "source.wav", composed())
    names, told = (*WHOLE, *LOSSY), []
    for folder in ("once", "twice"):
        (tmp_path / folder).mkdir()
        command = [sys.executable, "-c", ELSEWHERE, source, tmp_path / folder, *names]
        told.append(subprocess.run(command, check=True, capture_output=True).stdout)
    assert told[0] == told[1] != b""
    for name in names:
        once = (tmp_path / "once" / name).read_bytes()
        assert once == (tmp_path / "twice" / name).read_bytes()


@pytest.mark.parametrize("limit", [False, True])
@pytest.mark.parametrize("name", ["wav", "ogg"])
def test_a_file_is_the_same_whatever_is_made_beside_it(parts, name, limit, tmp_path):
    """Its key says nothing of others, and of several outputs often only one is made anew."""
    recipe = Recipe(5, loudness=-5, true_peak=-1, limit=limit)
    alone = [Target(part, tmp_path / f"{part}-alone", name) for part in parts]
    beside = [Target(part, tmp_path / f"{part}.{one}", one) for part in parts for one in FORMS]
    master(parts, recipe, alone)
    master(parts, recipe, beside)
    for one in alone:
        assert one.path.read_bytes() == (tmp_path / f"{one.part}.{name}").read_bytes()


# -- what is wrong with a source


def test_half_a_source_is_mastered_and_told(tmp_path):
    samples = np.rint(composed() * 30_000).astype(np.int16)
    data = encode_mp3(samples, RATE)
    (tmp_path / "half.mp3").write_bytes(data[: len(data) // 2])
    target = Target("", tmp_path / "made.wav", "wav")
    (one,) = master({"": tmp_path / "half.mp3"}, Recipe(6, loudness=-18), [target]).values()
    assert one.problems != ()
    assert one.measured.seconds == pytest.approx(3, abs=0.1)


def test_a_whole_source_has_no_problems(mastered):
    (one,) = mastered(music(1.0), ["wav"]).values()
    assert one.problems == ()


@pytest.mark.parametrize(
    ("rate", "channels", "why"),
    [
        (44_100, 4, "4 channels can't become 2"),
        (4_000, 1, "its rate is 4000 Hz, and 8000 to 192000 are"),
    ],
)
def test_a_source_that_can_not_be_mastered_is_refused(rate, channels, why, tmp_path):
    sound = np.full((rate, channels), 0.1, np.float32)
    source = wav(tmp_path / "source.wav", sound, rate)
    with pytest.raises(ValueError, match=f"^{why}"):
        master({"": source}, Recipe(1), [Target("", tmp_path / "made.wav", "wav")])


def test_the_pre_roll_of_a_loop_shorter_than_it_is_all_of_the_loop(mastered):
    turns = 2 * np.pi * np.arange(round(0.7 * PRE_ROLL * RATE)) / RATE
    sound = 0.9 * np.cos(200 * turns)[:, None].repeat(2, axis=1).astype(np.float32)
    (one,) = mastered(sound, ["wav"], true_peak=-6, limit=True, loop=LoopWish()).values()
    assert one.done.loop.length == len(sound)
    assert one.measured.true_peak <= -6
