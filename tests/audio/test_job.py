"""An order in plain values is done as it says, and what can't be done is said in one sentence."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from audio import odd
from audio.pieces import RATE, composed, decoded, heard, music, wav

from musicbuild.audio.encode import encode_mp3
from musicbuild.audio.job import work
from musicbuild.spec import Encoding, Fade, LoopWish, Sound

TEMPO = "Disco in A minor, 120 BPM"


def mp3(sound, **how):
    return encode_mp3(np.rint(sound * 32767).astype(np.int16), RATE, **how)


@pytest.fixture
def do(tmp_path):
    """Return what has an order done, in JSON as from another process; `made` are its outputs."""

    def do(sources, made, sound=None, *, seconds=4.0, missing=None, bpm=0.0):
        paths = {}
        for number, (part, source) in enumerate(sources.items()):
            paths[part] = str(tmp_path / f"source-{number}")
            if isinstance(source, bytes):
                (tmp_path / f"source-{number}").write_bytes(source)
            else:
                wav(tmp_path / f"source-{number}", source)
        outputs = {
            name: {
                "part": "",
                "format": name.rpartition(".")[2],
                "encoding": asdict(Encoding()),
                "lossless": False,
                "measured": False,
                "path": str(tmp_path / name),
                **more,
            }
            for name, more in made.items()
        }
        order = {
            "sources": paths,
            "outputs": outputs,
            "sound": None if sound is None else asdict(sound),
            "seconds": seconds,
            "missing": missing,
            "bpm": bpm,
            "beats": 4,
            "loops": False,
        }
        reply = work(json.loads(json.dumps(order)))
        assert list(reply) == [""]
        told = json.loads(reply[""])
        assert list(told) == list(made)
        return told

    return do


AS_IS = {"path": None, "measured": True}


def test_several_outputs_of_one_order(do, tmp_path):
    names = ("a.mp3", "a.ogg", "a.opus", "a.flac", "a.wav", "a.m4a")
    told = do({"": music()}, {name: {} for name in names}, Sound(loudness=-23, true_peak=-1))
    for name, one in told.items():
        found = heard(tmp_path / name, name.rpartition(".")[2])
        figures = one["figures"]
        assert figures["loudness"] == pytest.approx(found.loudness, abs=0.1)
        assert figures["true_peak"] == pytest.approx(found.true_peak, abs=0.1)
        assert (figures["samples"], figures["sample_rate"]) == (len(found.sound), found.rate)
        assert (figures["channels"], figures["sides"]) == (2, "stereo")
        assert figures["gain"] > 0
        assert one["remarks"] == []
        assert one["encoder"] != ""
        assert not {"bpm", "key", "short", "reduction", "loop_start"} & figures.keys()


def test_all_that_was_asked_of_an_encoding_is_done(do, tmp_path):
    encodings = {
        "a.mp3": Encoding(bitrate=320),
        "b.mp3": Encoding(bitrate=64),
        "a.wav": Encoding(bits=24),
        "a.ogg": Encoding(quality=0),
        "b.ogg": Encoding(quality=9),
    }
    do({"": music()}, {name: {"encoding": asdict(one)} for name, one in encodings.items()}, Sound())
    size = {name: (tmp_path / name).stat().st_size for name in encodings}
    assert size["a.mp3"] > 4 * size["b.mp3"]
    assert size["b.ogg"] > 2 * size["a.ogg"]
    assert size["a.wav"] == pytest.approx(4 * RATE * 6, rel=0.01)


def test_the_whole_sound_of_a_manifest_is_understood(do, tmp_path):
    sound = Sound(
        loudness=-20.0,
        true_peak=-2.0,
        limit=True,
        trim=-60.0,
        fade_in=Fade(0.5, "linear"),
        fade_out=Fade(0.5, "s-curve"),
        seconds=3.0,
        sample_rate=48_000,
        channels=1,
    )
    told = do({"": music()}, {"a.wav": {}}, sound)
    found = heard(tmp_path / "a.wav")
    assert (found.rate, found.sound.shape) == (48_000, (3 * 48_000, 1))
    assert found.loudness == pytest.approx(-20, abs=0.1)
    assert np.abs(found.sound[[0, -1]]).max() < 0.001
    assert "missing" not in told["a.wav"]["figures"]


@pytest.mark.parametrize("measured", [False, True])
def test_tempo_and_key_are_heard_in_the_source_where_all_is_measured(do, measured):
    told = do({"": composed(TEMPO, "8")}, {"a.ogg": {"measured": measured}}, Sound())["a.ogg"]
    heard = {name: told["figures"].get(name) for name in ("bpm", "key")}
    if measured:
        assert heard == {"bpm": pytest.approx(120, abs=1), "key": "Am"}
    else:
        assert heard == {"bpm": None, "key": None}


def test_a_file_that_stays_is_measured_as_it_is(do):
    data = mp3(composed(TEMPO, "8"))
    one = do({"": data}, {"a.mp3": AS_IS})["a.mp3"]
    assert (one["encoder"], one["remarks"]) == ("", [])
    assert one["figures"]["samples"] == 8 * RATE
    assert one["figures"]["bpm"] == pytest.approx(120, abs=1)
    assert one["figures"]["key"] == "Am"
    assert "gain" not in one["figures"]


def test_what_is_heard_in_a_file_that_stays_is_told_of_those_made_of_it(do):
    data = mp3(composed(TEMPO, "8"))
    told = do({"": data}, {"a.mp3": AS_IS, "a.wav": {"measured": True}}, Sound())
    for name in ("bpm", "key"):
        assert told["a.wav"]["figures"][name] == told["a.mp3"]["figures"][name]


def test_no_tempo_and_key_are_told_of_a_stem(do):
    sound = composed(TEMPO, "8")
    made = {"a.wav": {"part": "bass", "measured": True}, "b.mp3": AS_IS | {"part": "bass"}}
    for one in do({"": sound, "bass": mp3(sound)}, made, Sound(loudness=-20)).values():
        assert not {"bpm", "key"} & one["figures"].keys()
        assert one["figures"]["samples"] == 8 * RATE


def test_what_is_not_sure_is_not_told(do):
    noise = np.random.default_rng(1).normal(0, 0.1, (3 * RATE, 1)).astype(np.float32)
    figures = do({"": noise}, {"a.wav": AS_IS})["a.wav"]["figures"]
    assert not {"bpm", "key"} & figures.keys()
    assert figures["sides"] == "mono"


def test_silence_has_no_level(do):
    figures = do({"": np.zeros((RATE, 2), np.float32)}, {"a.wav": {}}, Sound(loudness=-16))["a.wav"]
    assert not {"loudness", "true_peak", "gain", "short"} & figures["figures"].keys()
    assert figures["figures"]["silence"] == 1
    assert figures["remarks"] == []


# -- remarks


def test_a_loudness_that_the_peak_forbids_is_remarked(do):
    told = do({"": music()}, {"a.wav": {}}, Sound(loudness=-10, true_peak=-1))["a.wav"]
    short = told["figures"]["short"]
    (remark,) = told["remarks"]
    assert remark == (
        f"it stays {short:.1f} LU under the loudness asked for: its true peak allows no more gain"
        " without `limit: true`"
    )


def test_a_loudness_that_no_limiter_reaches_is_remarked(do):
    sound = Sound(loudness=-2, true_peak=-1, limit=True)
    told = do({"": music()}, {"a.wav": {}}, sound)["a.wav"]
    short, reduction = told["figures"]["short"], told["figures"]["reduction"]
    (remark,) = told["remarks"]
    assert remark == (
        f"it stays {short:.1f} LU under the loudness asked for: its limiter turns down"
        f" {reduction:.1f} dB by now"
    )


def test_a_loudness_that_no_lossless_gain_reaches_is_remarked(do):
    sound = Sound(loudness=-5, true_peak=-1)
    told = do({"": mp3(music())}, {"a.mp3": {"lossless": True}}, sound)["a.mp3"]
    assert told["encoder"] == "lossless gain"
    assert told["figures"]["steps"] > 0
    short = told["figures"]["short"]
    (remark,) = told["remarks"]
    assert remark == (
        f"it stays {short:.1f} LU under the loudness asked for: no whole step of lossless gain"
        " brings it nearer and keeps its true peak"
    )


def test_what_no_meter_would_tell_is_not_remarked(do):
    (told,) = do({"": music()}, {"a.wav": {}}, Sound(loudness=-20.2, true_peak=-1)).values()
    assert 0 < told["figures"]["short"] <= 0.1
    assert told["remarks"] == []


def test_silence_that_makes_up_a_length_is_remarked(do):
    told = do({"": music(2.0)}, {"a.wav": {}}, Sound(seconds=2.25))["a.wav"]
    assert told["remarks"] == ["0.250 s of silence make up its exact length"]
    assert told["figures"]["missing"] == 0.25


def test_a_seam_that_may_be_heard_is_remarked(do):
    """Noise that fades in can't be made to loop."""
    sound = np.random.default_rng(1).normal(0, 0.1, (4 * RATE, 2)).astype(np.float32)
    sound *= np.linspace(0, 1, len(sound), dtype=np.float32)[:, None] ** 4
    told = do({"": sound}, {"a.wav": {}}, Sound(loop=LoopWish()), seconds=3)["a.wav"]
    assert [one.partition(":")[0] for one in told["remarks"]] == ["its loop may be heard"]
    figures = told["figures"]
    assert figures["seam_step"] > 0.5
    assert (figures["loop_start"], figures["loop_length"]) == (0, figures["samples"])


def test_a_loop_is_counted_in_the_tempo_that_is_known(do):
    sound = composed(TEMPO, "8")
    told = do({"": sound}, {"a.wav": {}}, Sound(loop=LoopWish(bars=2)), bpm=120)["a.wav"]
    due = 2 * 4 * 60 / 120 * RATE
    assert told["figures"]["loop_length"] == pytest.approx(due, abs=RATE // 1000)


BARE = 78 * 1152
"""Samples of frames alone: no header tells which of them are silence at the ends."""

HALF = mp3(music())[:40_000]


@pytest.mark.parametrize(
    "made",
    [{"a.mp3": AS_IS}, {"a.wav": {}}, {"a.wav": {"measured": True}}, {"a.mp3": {"lossless": True}}],
    ids=["as it is", "made", "measured", "lossless"],
)
def test_half_a_source_is_remarked(do, made):
    (told,) = do({"": HALF}, made, Sound(loudness=-30)).values()
    assert any("1.6" in one or "frames" in one for one in told["remarks"]), told["remarks"]
    assert told["figures"]["samples"] < 2 * RATE


# -- what can't be done


@pytest.mark.parametrize(
    ("source", "sound", "why"),
    [
        (b"<html>gone</html>", Sound(), "it looks like"),
        (b"", Sound(), "it is empty"),
        (bytes(5000), Sound(), "it holds no sound of a known kind"),
        (np.zeros((RATE, 2)), Sound(trim=-60), "it is nothing but silence under -60 dBFS"),
        (np.zeros((RATE, 2)), Sound(loop=LoopWish()), "the sound is silent"),
        (music(1.0), Sound(loop=LoopWish()), "1.0 s of sound are too short for a loop"),
        (music(1.0), Sound(sample_rate=4000), "ogg has 8000 to 192000 Hz|its rate is 4000 Hz"),
        (music(1.0), Sound(seconds=2.0), "it is 1.000 s long, 1.000 s short of its exact length"),
        (np.zeros((RATE, 5)), Sound(), "5 channels can't become 2"),
    ],
    ids=["a page", "nothing", "zeros", "silence", "silent", "too short", "a rate", "short", "five"],
)
def test_what_can_not_be_done_is_said_in_a_sentence(do, source, sound, why):
    with pytest.raises(ValueError, match=f"^({why})") as caught:
        do({"": source}, {"a.ogg": {}}, sound, missing=0.5)
    (message,) = caught.value.args
    assert not message.endswith(".")
    assert "\n" not in message


def test_a_file_that_can_not_be_read_or_written_is_said(do, tmp_path):
    gone = "^a file can't be read or written: No such file or directory$"
    with pytest.raises(ValueError, match=gone):
        do({"": music(1.0)}, {"a.wav": {"path": str(tmp_path / "nowhere/a.wav")}}, Sound())
    assert measured(tmp_path / "gone")["remarks"] == ["it can't be read: No such file or directory"]


def measured(path):
    output = {"part": "", "path": None, "measured": True}
    reply = work({"sources": {"": str(path)}, "outputs": {"file": output}})
    return json.loads(reply[""])["file"]


def test_what_can_not_be_decoded_or_measured_is_remarked_where_it_stays(tmp_path):
    (tmp_path / "page").write_text("<html>")
    assert measured(tmp_path / "page") == {
        "encoder": "",
        "figures": {},
        "remarks": ["it can't be decoded: it looks like a web page"],
        "container": "",
    }
    slow = wav(tmp_path / "slow.wav", np.zeros((4000, 1), np.float32), 4000)
    wide = wav(tmp_path / "wide.wav", np.zeros((4000, 8), np.float32))
    for path, why in (
        (slow, "its rate is 4000 Hz, and 8000 to 192000 are measured"),
        (wide, "it has 8 channels, and 1 to 6 are measured"),
    ):
        one = measured(path)
        assert one["figures"] == {}
        (remark,) = one["remarks"]
        assert remark.startswith("it can't be measured: " + why[:16])


@pytest.mark.parametrize("rate", [8000, 11_025, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channels_that_a_meter_knows_are_measured(rate, channels, tmp_path):
    sound = np.repeat(music(1.0, rate, 1), channels, axis=1)
    one = measured(wav(tmp_path / "a.wav", sound, rate))
    assert one["remarks"] == []
    assert (one["figures"]["sample_rate"], one["figures"]["channels"]) == (rate, channels)
    assert "loudness" in one["figures"]


@pytest.mark.parametrize(
    "data",
    [
        odd.frames_alone(odd.mp3()),
        odd.flipped(odd.mp3()),
        odd.mp3()[:30_000],
        odd.mp3(rate=22_050),
        odd.other("OGG", subtype="VORBIS")[:20_000],
        odd.other("FLAC")[:100_000],
        odd.other("WAV")[:99_999],
        odd.other("OGG", subtype="VORBIS", samples=300),
    ],
    ids=["bare", "flipped", "half", "22 kHz", "half an ogg", "half a flac", "half a wav", "short"],
)
def test_an_odd_source_is_made_whole_or_refused(do, data, tmp_path):
    """What is made is as long as what could be decoded, and it is said if that isn't all."""
    try:
        told = do({"": data}, {"a.wav": {}, "a.ogg": {}}, Sound(loudness=-23, true_peak=-1))
    except ValueError as error:
        assert str(error)
        return
    for name, one in told.items():
        sound, _ = decoded(tmp_path / name)
        assert len(sound) == one["figures"]["samples"]
        assert one["remarks"] or len(sound) in {odd.SAMPLES, 300, BARE}
