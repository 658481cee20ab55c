"""A finished piece: exact in length, level and bits, and music to any measure at hand."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import wave
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sketch_measures
from sketch_measures import decibels, lufs, side_to_middle
from sketch_pinned import GOLDEN

from musicbuild.sketch import piece as composer
from musicbuild.sketch.kits import KITS
from musicbuild.sketch.styles import STYLES

sketch = cache(composer.sketch)
RATE = 44100

LOFI = "Calm lo-fi hip hop, vinyl crackle, piano, 80 BPM"
EPIC = "Epic orchestral film score, rising tension, full strings and brass"
JAZZ = "Upbeat jazz with piano and double bass, 120 BPM, swing feel"
AMBIENT = "Soft ambient background music, minimal, piano and pads"
ROCK = "High energy rock, electric guitar riff, 140 BPM"
SYNTH = "1980s synthwave in F# minor, driving"
WALK = "A walk in the park, no drums"
PROMPTS = (LOFI, EPIC, JAZZ, AMBIENT, ROCK, SYNTH, WALK)


def mono(piece):
    return sketch_measures.mono(piece.samples)


def digest(samples):
    return hashlib.sha256(np.ascontiguousarray(samples, "<i2").tobytes()).hexdigest()


# -- the same everywhere


@pytest.mark.parametrize("call", GOLDEN, ids=lambda call: " ".join(call[0].split()[:2]))
def test_the_samples_are_pinned(call):
    prompt, seconds, take, seed, loop = call
    piece = sketch(prompt, seconds, take=take, seed=seed, loop=loop)
    assert digest(piece.samples) == GOLDEN[call]


def test_another_process_without_vector_units_gives_the_same():
    code = (
        "import hashlib, json, sys\n"
        "import numpy as np\n"
        "from musicbuild.sketch.piece import sketch\n"
        "core = np._core._multiarray_umath\n"
        "assert not any(core.__cpu_features__.get(name) for name in core.__cpu_dispatch__)\n"
        "for prompt, seconds, take, seed, loop in json.loads(sys.argv[1]):\n"
        "    piece = sketch(prompt, seconds, take=take, seed=seed, loop=loop)\n"
        "    print(hashlib.sha256(piece.samples.astype('<i2').tobytes()).hexdigest())\n"
    )
    plain = {
        **os.environ,
        "PYTHONHASHSEED": "99",
        "NPY_DISABLE_CPU_FEATURES": " ".join(np._core._multiarray_umath.__cpu_dispatch__),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(list(GOLDEN))],
        capture_output=True,
        text=True,
        check=True,
        env=plain,
    )
    assert done.stdout.split() == list(GOLDEN.values())


def test_take_and_seed_and_words_change_the_piece():
    calls = [(LOFI, 1, 0), (LOFI, 2, 0), (LOFI, 1, 1), (LOFI + " ", 1, 0)]
    heard = {digest(sketch(p, "3", take=take, seed=seed).samples) for p, take, seed in calls}
    assert len(heard) == len(calls)


# -- what was asked for


@pytest.mark.parametrize(
    "seconds",
    ["0.5", "0.501", "1", "1.999", "2.7182818", Fraction(10, 3), Fraction(22051, 44100), "7.77"],
)
def test_the_length_is_exact_to_the_sample(seconds):
    for loop in (False, True):
        piece = sketch(LOFI, seconds, loop=loop)
        assert piece.samples.shape == (round(Fraction(seconds) * RATE), 2)
        assert piece.samples.dtype == np.int16
        assert piece.samples.flags.c_contiguous


@pytest.mark.parametrize("seconds", ["0", "0.49", "-3", "601", "inf", "nan", "long", ""])
def test_other_lengths_are_refused(seconds):
    with pytest.raises((ValueError, OverflowError)):
        sketch(LOFI, seconds)


def test_the_piece_says_its_tempo_and_key():
    piece = sketch(SYNTH + ", 100 BPM", "4")
    assert (piece.bpm, piece.key, piece.sample_rate) == (100, "F# minor", RATE)


def test_the_beat_is_heard_at_the_tempo_asked_for():
    for bpm in (97, 140):
        samples = mono(sketch(f"rock, {bpm} BPM", "14"))
        step = 441
        power = (samples[: len(samples) // step * step] ** 2).reshape(-1, step).mean(axis=1)
        onsets = np.maximum(0, np.diff(np.log(power + 1e-6)))
        onsets -= onsets.mean()

        def likeness(candidate, onsets=onsets):
            lags = [round(beats * 6000 / candidate) for beats in (2, 4, 8)]
            return sum(np.dot(onsets[:-lag], onsets[lag:]) for lag in lags)

        candidates = np.arange(bpm * 0.9, bpm * 1.1, 0.5)
        best = candidates[np.argmax([likeness(candidate) for candidate in candidates])]
        assert best == pytest.approx(bpm, rel=0.012)


def test_no_drums_is_heard():
    """Without drums the highest octave is all but silent."""

    def treble(prompt):
        spectrum = np.abs(np.fft.rfft(mono(sketch(prompt, "8")))) ** 2
        return spectrum[8 * 9000 :].sum() / spectrum.sum()

    assert treble("synthwave, 110 BPM") > 5 * treble("synthwave, 110 BPM, no drums")
    score = sketch("synthwave, 110 BPM, no drums", "8").score
    assert not any(part.voice in KITS for part in score.parts)


# -- music


@pytest.mark.parametrize("prompt", PROMPTS)
def test_it_is_loud_enough_and_never_too_loud(prompt, tmp_path):
    piece = sketch(prompt, "12")
    samples = piece.samples
    assert lufs(samples) == pytest.approx(-16, abs=0.8)
    assert np.abs(samples.astype(int)).max() < 32768 * 10 ** (-1 / 20)
    assert np.abs(samples.mean(axis=0)).max() < 10
    if shutil.which("ffmpeg"):
        path = tmp_path / "piece.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
        done = subprocess.run(
            ["ffmpeg", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
            capture_output=True,
            text=True,
            check=True,
        )
        summary = done.stderr.rpartition("Summary:")[2].split()
        assert float(summary[summary.index("I:") + 1]) == pytest.approx(-16, abs=0.8)
        assert float(summary[summary.index("Peak:") + 1]) < -1


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_every_style_is_loud_and_wide_enough_and_ends(style):
    samples = sketch(style.name, "10").samples
    assert lufs(samples) == pytest.approx(-16, abs=0.8)
    assert np.abs(samples.astype(int)).max() < 32768 * 10 ** (-1 / 20)
    assert 0.05 < side_to_middle(samples) < 0.8
    sound = samples / 32768
    assert decibels((sound[: RATE * 3 // 10] ** 2).mean()) > -50
    assert decibels((sound[-RATE // 20 :] ** 2).mean()) < -55


@pytest.mark.parametrize("prompt", PROMPTS)
def test_no_second_is_silent_and_it_is_stereo(prompt):
    for piece in (sketch(prompt, "12"), sketch(prompt, "9.3", loop=True)):
        samples = piece.samples / 32768
        for start in range(0, len(samples) - RATE + 1, RATE):
            assert decibels((samples[start : start + RATE] ** 2).mean()) > -45
        assert 0.05 < side_to_middle(piece.samples) < 0.8


@pytest.mark.parametrize("prompt", PROMPTS)
def test_it_is_no_mere_tone(prompt):
    """Many partials at once, and not the same ones all the time."""
    samples = mono(sketch(prompt, "12"))
    seen = []
    for start in (2, 5, 8):
        part = samples[start * RATE : (start + 1) * RATE] * np.hanning(RATE)
        spectrum = decibels(np.abs(np.fft.rfft(part)) ** 2)[50:8000]
        ups = (spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])
        peaks = np.flatnonzero(ups & (spectrum[1:-1] > spectrum.max() - 45))
        assert len(peaks) > 12
        seen.append(set(peaks // 3))
    assert seen[0] != seen[1] != seen[2]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_piece_begins_at_once_and_ends_in_silence(prompt):
    samples = mono(sketch(prompt, "12"))
    assert decibels((samples[: RATE * 3 // 10] ** 2).mean()) > -50
    assert decibels((samples[-RATE // 20 :] ** 2).mean()) < -55
    assert abs(samples[-1]) < 1e-3


@pytest.mark.parametrize("prompt", [LOFI, EPIC, AMBIENT, ROCK])
def test_a_loop_has_no_seam(prompt):
    piece = sketch(prompt, "9.3", loop=True)
    samples = piece.samples.astype(float) / 32768
    assert sketch_measures.seam(piece.samples) <= 1

    around = np.concatenate([samples[-RATE:], samples[:RATE]]).mean(axis=1)
    power = decibels((around.reshape(-1, 441) ** 2).mean(axis=1))
    assert power[80:120].min() > power.mean() - 25  # neither end fades

    def rise(signal):
        frames = np.lib.stride_tricks.sliding_window_view(signal, 1024)[::256] * np.hanning(1024)
        level = np.log1p(50 * np.abs(np.fft.rfft(frames)))
        return np.maximum(0, np.diff(level, axis=0)).sum(axis=1)

    inside = np.percentile(rise(samples.mean(axis=1)), 99)
    middle = rise(around)
    assert middle[len(middle) // 2 - 3 : len(middle) // 2 + 4].max() < 2 * inside


def test_what_rings_past_the_end_of_a_loop_is_heard_at_its_start():
    loop, once = (sketch(AMBIENT, "9.3", loop=loop) for loop in (True, False))
    first = slice(0, RATE // 10)
    loudness = [decibels((mono(piece)[first] ** 2).mean()) for piece in (loop, once)]
    assert loudness[0] > loudness[1] + 6


def test_bright_is_brighter_than_dark():
    bright, dark = (
        sketch_measures.centroid(sketch(f"{word} synthwave in C minor", "6").samples)
        for word in ("bright", "dark")
    )
    assert bright > 1.03 * dark


# -- cheap


MEMORY = """
import sys
from pathlib import Path
from musicbuild.sketch.piece import sketch
sketch(sys.argv[1], "120", loop=sys.argv[2] == "loop")
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="nobody else tells it so plainly")
@pytest.mark.parametrize(("prompt", "ending"), [("techno", "loop"), ("synthwave", "end")])
def test_two_minutes_need_little_memory(prompt, ending):
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, prompt, ending], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 250 * 1024


@pytest.mark.parametrize(("module", "numpy"), [("piece", {"numpy"}), ("summary", set())])
def test_importing_it_loads_numpy_at_most(module, numpy):
    code = (
        f"import sys, musicbuild.sketch.{module}\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    others = set(json.loads(done.stdout.replace("'", '"')))
    heavy = {"numpy", "scipy", "lameenc", "mutagen", "h11", "click", "rich", "jinja2", "yaml"}
    assert others & heavy == numpy
