"""The key of pieces is heard that were composed in it, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from musicbuild.audio.measure.tonality import KEYS, KeyMeter, Tonality
from musicbuild.musical import short_key
from musicbuild.sketch.piece import sketch

RATE = 44100
MAJOR = (0, 4, 7)
MINOR = (0, 3, 7)


def heard(sound, rate=RATE, size=65536):
    meter = KeyMeter(rate, sound.shape[1])
    for at in range(0, len(sound), size):
        meter.feed(sound[at : at + size])
    return meter.result()


def composed(prompt, seconds="14"):
    return sketch(prompt, seconds).samples.astype(np.float32) / 32768


def cadence(tonic, third, *, cents=0, rate=RATE):
    """Play I IV V I above a MIDI pitch, each chord with four harmonics."""
    times = np.arange(rate) / rate
    chords = []
    for root, kind in ((0, third), (5, third), (7, MAJOR), (0, third)):
        pitches = [tonic + root + above for above in kind]
        hertz = [440 * 2 ** ((pitch - 69 + cents / 100) / 12) for pitch in pitches]
        chords.append(
            sum(np.sin(2 * np.pi * k * each * times) / k for each in hertz for k in range(1, 5))
        )
    return (0.1 * np.concatenate(chords)).astype(np.float32)[:, None]


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("Trance in A minor, 126 BPM", "Am"),
        ("8-bit boss fight in C minor, 150 BPM", "Cm"),
        ("Country tune in G major, 104 BPM", "G"),
        ("Dub in A minor, 72 BPM", "Am"),
        ("Disco in E minor, 110 BPM", "Em"),
        ("Pop in C major, 118 BPM", "C"),
        ("Nocturne in Eb major", "Eb"),
        ("Thrash metal in D minor, 160 BPM", "Dm"),
        ("Bossa nova in F major, 88 BPM", "F"),
    ],
)
def test_a_composed_key_is_heard(prompt, key):
    tonality = heard(composed(prompt))
    assert tonality.key == key
    assert tonality.confidence > 0.1


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("Retrowave in F# minor, 92 BPM", {"F#m", "A"}),
        ("Bebop in Bb major, 132 BPM", {"Bb", "Gm"}),
    ],
)
def test_it_says_so_where_the_relative_key_is_as_likely(prompt, keys):
    tonality = heard(composed(prompt))
    assert tonality.key in keys
    assert tonality.confidence < 0.4


def test_cadences_are_heard_in_all_keys():
    found = [heard(cadence(48 + tonic, third)) for third in (MAJOR, MINOR) for tonic in range(12)]
    assert [each.key for each in found] == list(KEYS)
    assert min(each.confidence for each in found) > 0.3


def test_instruments_may_be_out_of_tune():
    for cents in (-40, -20, 20, 40):
        assert heard(cadence(55, MAJOR, cents=cents)).key == "G"


def test_the_rate_does_not_matter():
    for rate in (16000, 48000, 96000):
        assert heard(cadence(50, MINOR, rate=rate), rate).key == "Dm"


def test_keys_are_written_as_tags_have_them():
    assert [short_key(key) for key in KEYS] == list(KEYS)
    assert len(set(KEYS)) == 24
    assert max(map(len, KEYS)) == 3


def test_no_key_is_found_where_there_is_none():
    noise = np.random.default_rng(1).standard_normal((10 * RATE, 2)).astype(np.float32)
    clusters = sum(cadence(60 + above, MAJOR) for above in range(12))
    for sound in (noise, clusters, np.zeros((RATE, 1), np.float32), noise[:0]):
        assert heard(sound) == Tonality("", 0.0)


def test_a_fifth_without_a_third_is_not_sure():
    times = np.arange(6 * RATE) / RATE
    fifth = sum(np.sin(2 * np.pi * hertz * times) for hertz in (220.0, 329.63, 440.0))
    assert heard((0.1 * fifth).astype(np.float32)[:, None]).confidence < 0.3


def test_the_level_and_the_sizes_of_blocks_do_not_matter():
    sound = composed("Pop in C major, 118 BPM")
    tonality = heard(sound)
    assert heard(sound, size=len(sound)) == heard(sound, size=4321) == tonality
    quiet = heard(sound * np.float32(0.01))
    assert quiet.key == tonality.key
    assert quiet.confidence == pytest.approx(tonality.confidence, abs=0.02)
