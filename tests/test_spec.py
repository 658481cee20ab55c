"""Specs: every field belongs to exactly one stage, and a key is the same everywhere, for ever."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, fields, is_dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicbuild.hashing import Digest, digest_bytes
from musicbuild.spec import (
    Encoding,
    Fade,
    GenerateSpec,
    LoopWish,
    MasterSpec,
    Output,
    Sound,
    Tags,
    Tolerances,
    TrackSpec,
)

AUDIO = digest_bytes(b"audio")
PICTURE = digest_bytes(b"picture")
PLAIN = TrackSpec(
    id="menu",
    generate=GenerateSpec("elumenta", "musicgen", "Calm pads", 30),
    outputs=(Output("audio/menu.mp3", MasterSpec("mp3", Tags(title="Main Menu"))),),
)


def keys(track):
    """Return the keys of all that is paid for, and of all that is mastered."""
    return (
        [spec.key for spec in (track.generate, *track.wishes)],
        [output.master.key(AUDIO) for output in track.outputs],
    )


def with_output(**changed):
    return replace(PLAIN, outputs=(replace(PLAIN.outputs[0], **changed),))


def with_master(**changed):
    return with_output(master=replace(PLAIN.outputs[0].master, **changed))


def with_tags(**changed):
    return with_master(tags=replace(PLAIN.outputs[0].master.tags, **changed))


def with_sound(**changed):
    return with_master(sound=Sound(**changed))


PAID, FREE, NAME = "paid", "free", "name"

STAGES = {
    (GenerateSpec, "provider"): (PAID, "other"),
    (GenerateSpec, "model"): (PAID, "other"),
    (GenerateSpec, "prompt"): (PAID, "Calm pads."),
    (GenerateSpec, "duration"): (PAID, 31),
    (GenerateSpec, "options"): (PAID, (("seed", 7),)),
    (GenerateSpec, "take"): (PAID, 2),
    (Tags, "title"): (FREE, "Menu"),
    (Tags, "artist"): (FREE, "Nightfall Games"),
    (Tags, "album"): (FREE, "Nightfall"),
    (Tags, "number"): (FREE, "3/12"),
    (Tags, "genre"): (FREE, "Ambient"),
    (Tags, "bpm"): (FREE, "80"),
    (Tags, "key"): (FREE, "F# minor"),
    (Tags, "comment"): (FREE, "First"),
    (Tags, "copyright"): (FREE, "2026"),
    (Tags, "cover"): (FREE, PICTURE),
    (Tags, "prompt"): (FREE, True),
    (MasterSpec, "format"): (FREE, "ogg"),
    (MasterSpec, "tags"): (FREE, Tags()),
    (MasterSpec, "part"): (FREE, "drums"),
    (MasterSpec, "sound"): (FREE, Sound(loudness=-16)),
    (MasterSpec, "encoding"): (FREE, Encoding(bitrate=128)),
    (MasterSpec, "measure"): (FREE, True),
    (MasterSpec, "lossless"): (FREE, True),
    (MasterSpec, "encode"): (FREE, True),
    (Sound, "loudness"): (FREE, -16),
    (Sound, "true_peak"): (FREE, -1),
    (Sound, "limit"): (FREE, True),
    (Sound, "trim"): (FREE, -60),
    (Sound, "fade_in"): (FREE, Fade(1, "linear")),
    (Sound, "fade_out"): (FREE, Fade(2, "s-curve")),
    (Sound, "seconds"): (FREE, 30),
    (Sound, "loop"): (FREE, LoopWish()),
    (Sound, "sample_rate"): (FREE, 48000),
    (Sound, "channels"): (FREE, 1),
    (Encoding, "bitrate"): (FREE, 128),
    (Encoding, "quality"): (FREE, 6),
    (Encoding, "bits"): (FREE, 24),
    (Output, "path"): (NAME, "music/menu.mp3"),
    (Output, "master"): (FREE, MasterSpec("ogg", Tags())),
    (TrackSpec, "id"): (NAME, "main-menu"),
    (TrackSpec, "generate"): (PAID, GenerateSpec("elumenta", "musicgen", "Loud drums", 30)),
    (TrackSpec, "outputs"): (FREE, (*PLAIN.outputs, Output("menu.ogg", MasterSpec("ogg", Tags())))),
    (TrackSpec, "takes"): (PAID, 2),
    (TrackSpec, "labels"): (NAME, ("act2",)),
    (TrackSpec, "cover"): (NAME, "cover.png"),
    (TrackSpec, "qc"): (NAME, Tolerances(measured=False)),
}
CHANGE = {
    GenerateSpec: lambda **changed: replace(PLAIN, generate=replace(PLAIN.generate, **changed)),
    Tags: with_tags,
    MasterSpec: with_master,
    Sound: with_sound,
    Encoding: lambda **changed: with_master(encoding=Encoding(**changed)),
    Output: with_output,
    TrackSpec: lambda **changed: replace(PLAIN, **changed),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, one.name) for kind in CHANGE for one in fields(kind)]
)
def test_every_field_belongs_to_exactly_one_stage(kind, name):
    stage, other = STAGES[kind, name]
    changed = CHANGE[kind](**{name: other})
    assert changed != PLAIN
    (paid, free), (paid_now, free_now) = keys(PLAIN), keys(changed)
    assert (paid != paid_now, free != free_now) == (stage == PAID, stage == FREE)


def test_no_field_is_forgotten_or_invented():
    assert set(STAGES) == {(kind, one.name) for kind in CHANGE for one in fields(kind)}


OPTIONS = (("loop", True), ("seed", 7), ("strength", 2.5), ("style", "größer"))


def test_the_paid_key_of_a_plain_spec_is_this_for_ever():
    plain = GenerateSpec("elumenta", "musicgen", "Calm pads", 30)
    assert plain.key == "d08dc45d654d704c0a69c98defdf6b23707aba799f96da56c2a91cd60c0da0a8"


def test_the_paid_key_of_a_full_spec_is_this_for_ever():
    full = GenerateSpec("sketch", "sketch-1", "Café\n«ночь»", 90.5, OPTIONS, 3)
    assert full.key == "1adef90f3ef88a5a156263270fff7b188522508be55768c38837b2daf208cc7f"


def test_the_free_key_is_this_until_the_recipe_changes():
    tags = Tags(
        title="Boss",
        artist="Nightfall Games",
        album="Nightfall",
        number="3/12",
        genre="Industrial",
        bpm="150",
        key="F# minor",
        comment="Phase 1",
        copyright="2026",
        cover=PICTURE,
        prompt=True,
    )
    assert (
        MasterSpec("mp3", tags).key(AUDIO)
        == "3c93af149e7b8b963747c55626e708e196612b909b08e7af86825937de245b71"
    )
    assert (
        MasterSpec("mp3", Tags()).key(AUDIO)
        == "64d965ddbbc35afac57a485755800f23a17d6a6aecc42885b7fc5ef8e1623804"
    )


def test_a_key_depends_on_the_audio():
    master = MasterSpec("mp3", Tags())
    assert master.key(AUDIO) != master.key(Digest("0" * 64))


@pytest.mark.parametrize("value", [2, 2.0])
def test_equal_numbers_give_one_key(value):
    same = replace(PLAIN.generate, duration=value, options=(("strength", value),))
    assert same.key == replace(PLAIN.generate, duration=2, options=(("strength", 2),)).key


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_has_no_key(value):
    with pytest.raises(ValueError, match="JSON compliant"):
        assert replace(PLAIN.generate, duration=value).key
    with pytest.raises(ValueError, match="JSON compliant"):
        assert replace(PLAIN.generate, options=(("strength", value),)).key


def test_takes_are_one_wish_each():
    track = replace(PLAIN, takes=3)
    assert [spec.take for spec in track.wishes] == [1, 2, 3]
    assert track.wishes[0] == track.generate
    assert len({spec.key for spec in track.wishes}) == 3


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.booleans(), max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_order_of_keys_gives_the_same_key(options, chance):
    names = list(options)
    chance.shuffle(names)
    one = replace(PLAIN.generate, options=tuple(sorted(options.items())))
    other = replace(PLAIN.generate, options=tuple(sorted((name, options[name]) for name in names)))
    assert one.key == other.key


def test_a_key_is_the_same_in_every_process():
    code = (
        "from musicbuild.spec import GenerateSpec;"
        "print(GenerateSpec('elumenta', 'musicgen', 'Calm pads', 30).key)"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == PLAIN.generate.key


def test_what_is_done_to_the_samples_has_a_key_of_its_own():
    """Other tags, or figures in them, are no reason to encode again; other sound is."""
    plain = MasterSpec("mp3", Tags(title="Menu"))
    assert not plain.changes_sound
    assert plain.sound_key(AUDIO) == ""
    assert replace(plain, tags=Tags(), measure=True).sound_key(AUDIO) == ""
    loud = replace(plain, sound=Sound(loudness=-16))
    others = [
        replace(plain, format="ogg"),
        replace(plain, encoding=Encoding(bitrate=128)),
        replace(loud, sound=Sound(loudness=-14)),
        replace(loud, sound=Sound(loudness=-16, loop=LoopWish(bars=8))),
        replace(loud, sound=Sound(loudness=-16, loop=LoopWish(bars=16))),
        replace(loud, lossless=True),
        replace(loud, part="drums"),
    ]
    keys = {loud.sound_key(AUDIO), *(one.sound_key(AUDIO) for one in others)}
    assert len(keys) == len(others) + 1
    assert replace(loud, tags=Tags(title="Boss"), measure=True).sound_key(AUDIO) in keys
    assert loud.sound_key(PICTURE) not in keys


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers(0, 2**53) | st.floats(0, 1e300) | st.integers(0, 600).map(float)
LEVEL = st.none() | st.integers(-99, 9) | st.floats(-99, 9)
COUNT = st.none() | st.integers(1, 96_000)
DIGESTS = st.binary(max_size=4).map(digest_bytes)

GENERATE = st.builds(
    GenerateSpec,
    provider=TEXT,
    model=TEXT,
    prompt=TEXT,
    duration=NUMBER,
    options=st.dictionaries(TEXT, TEXT | NUMBER | st.booleans(), max_size=3).map(
        lambda options: tuple(sorted(options.items()))
    ),
    take=st.integers(1, 2**40),
)
FADES = st.none() | st.builds(Fade, NUMBER, TEXT)
MASTERS = st.builds(
    MasterSpec,
    format=TEXT,
    tags=st.builds(
        Tags,
        **{one.name: TEXT for one in fields(Tags) if one.type == "str"},
        cover=st.none() | DIGESTS,
        prompt=st.booleans(),
    ),
    part=TEXT,
    sound=st.builds(
        Sound,
        loudness=LEVEL,
        true_peak=LEVEL,
        limit=st.booleans(),
        trim=LEVEL,
        fade_in=FADES,
        fade_out=FADES,
        seconds=st.none() | NUMBER,
        loop=st.none() | st.builds(LoopWish, NUMBER, st.integers(0, 99), NUMBER),
        sample_rate=COUNT,
        channels=COUNT,
    ),
    encoding=st.builds(Encoding, bitrate=COUNT, quality=st.none() | NUMBER, bits=COUNT),
    measure=st.booleans(),
    lossless=st.booleans(),
)


def restated(kind, value):
    """Digest a value as the first version did, step by step."""

    def plain(one):
        if isinstance(one, dict):
            return {name: plain(inner) for name, inner in one.items()}
        if isinstance(one, list | tuple):
            return [plain(inner) for inner in one]
        return int(one) if isinstance(one, float) and one.is_integer() else one

    text = json.dumps(
        plain({"kind": kind, "recipe": 1, "value": value}),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def said(value):
    pairs = [(one.name, getattr(value, one.name), one.default) for one in fields(value)]
    return {
        name: said(found) if is_dataclass(found) else found
        for name, found, default in pairs
        if found != default
    }


@given(GENERATE)
def test_the_paid_key_of_any_spec_is_that_of_its_fields(spec):
    assert spec.key == restated("generate", asdict(spec))


@given(MASTERS, DIGESTS)
def test_the_free_keys_of_any_spec_are_those_of_what_it_says(master, audio):
    spec = {**said(master), "tags": asdict(master.tags)}
    assert master.key(audio) == restated("master", {"audio": audio, "spec": spec})
    if master.changes_sound:
        spec = said(replace(master, tags=Tags(), measure=False))
        assert master.sound_key(audio) == restated("sound", {"audio": audio, "spec": spec})
