"""What mastering a track asks for, from the settings of all its layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..errors import ManifestError
from ..manifest import Notice, Sourced, Track
from ..musical import whole_tempo
from ..spec import NOTES, Encoding, Fade, LoopWish, Sound, Tags, Tolerances

CEILING = -1.0
"""dBTP where a loudness is asked for and no true peak.  Source: EBU R 128, AES TD1008."""

BEATS = 4
"""Of a bar, where no model tells its meter."""

_SHAPING = ("trim", "fade_in", "fade_out", "loop", "sample_rate", "channels", "limit")
_FADES = ("fade_in", "fade_out")

LOW_RATE, LOW_BITRATE = 32_000, 160
"""Under this rate an MP3 has at most so many kbit/s.  Source: ISO/IEC 13818-3."""

M4A_RATE = 44_100
"""At lower rates not every player plays an M4A to the sample."""

MONO_BITRATES = {"opus": 255, "m4a": 256}
"""The most kbit/s of one channel.  Sources: RFC 6716, ISO/IEC 14496-3."""


class Mastering(NamedTuple):
    """The free part of a track's wish, but for its tags, and how far it may be off."""

    sound: Sound
    encodings: Mapping[str, Encoding]
    measure: bool
    lossless: bool
    tolerances: Tolerances


def mastering(track: Track, tags: Tags) -> Mastering:
    """Put a track's mastering together; raise ManifestError where its parts exclude each other."""
    said, formats = track.master, track.formats.value
    _check(track)
    loop = _value(said, "loop")
    exact = _value(said, "length") == "exact"
    loudness = _value(said, "loudness")
    true_peak = _value(said, "true_peak")
    limit = bool(_value(said, "limit"))
    if "true_peak" not in said and (loudness is not None or limit):
        true_peak = CEILING
    return Mastering(
        sound=Sound(
            loudness=loudness,
            true_peak=true_peak,
            limit=limit,
            trim=_value(said, "trim"),
            fade_in=_fade(said, "fade_in"),
            fade_out=_fade(said, "fade_out"),
            seconds=track.duration.value if exact else None,
            loop=None if loop is None else LoopWish(**loop, bpm=_tempo(tags)),
            sample_rate=_value(said, "sample_rate"),
            channels=_value(said, "channels"),
        ),
        encodings={name: Encoding(**how) for name, how in formats.items()},
        measure=bool(_value(said, "measure")),
        lossless=_value(said, "gain_mode") == "lossless",
        tolerances=_tolerances(track),
    )


def remarks(track: Track, tags: Tags) -> Iterator[Notice]:
    """Yield what an author should know of a mastering that is made all the same."""
    loop = track.master.get("loop")
    if "mp3" in track.formats.value and loop and loop.value is not None:
        message = f"the MP3 of `{track.id}` clicks where its loop begins again in many engines"
        hint = "most don't honour its header; `ogg`, `wav` and `flac` loop to the sample"
        yield Notice(message, loop.span, hint)
    if loop and loop.value and (tempo := _tempo(tags)) and (bars := loop.value.get("bars")):
        asked, seconds = track.duration.value, bars * BEATS * 60 / tempo
        if seconds > asked:
            message = (
                f"{bars} bars of {BEATS} beats at {tempo:g} BPM last {seconds:g} s, "
                f"and `{track.id}` is to be {asked:g} s long"
            )
            hint = "no such loop can be cut from it: ask for fewer `bars`, or a longer `duration`"
            yield Notice(message, loop.span, hint)


def _tolerances(track: Track) -> Tolerances:
    said = {name: sourced.value for name, sourced in track.qc.items()}
    return Tolerances(**said, missing=_value(track.master, "tolerance"))


def _tempo(tags: Tags) -> float:
    return float(tags.bpm) if whole_tempo(tags.bpm) else 0.0


def _check(track: Track) -> None:
    said, names = track.master, set(track.formats.value) - {NOTES}
    loop = said.get("loop")
    if loop and loop.value is not None:
        for name in ("length", *_FADES):
            if _asked(said, name):
                raise _at(said[name], f"`loop` and `{name}` exclude each other: a loop has no ends")
    if _value(said, "limit") and "true_peak" in said and _value(said, "true_peak") is None:
        raise _at(said["limit"], "`limit` needs a `true_peak` to keep to")
    if _value(said, "gain_mode") == "lossless":
        if _value(said, "loudness") is None:
            raise _at(said["gain_mode"], "`gain_mode: lossless` needs a `loudness` to reach")
        for name in ("length", *_SHAPING):
            if _asked(said, name):
                message = f"`{name}` can't be had with `gain_mode: lossless`: it needs encoding"
                raise _at(said[name], message)
        if track.stems.value:
            message = "`stems` can't be had with `gain_mode: lossless`: they would not add up"
            raise _at(said["gain_mode"], message)
        if names != {"mp3"} or track.formats.value["mp3"]:
            message = "`gain_mode: lossless` is for an MP3 that is otherwise as it was delivered"
            raise _at(said["gain_mode"], message)
    _check_formats(said, track.formats)


def _check_formats(
    said: Mapping[str, Sourced[Any]], formats: Sourced[Mapping[str, Mapping[str, float]]]
) -> None:
    rate = _value(said, "sample_rate")
    bitrates = {name: how.get("bitrate", 0) for name, how in formats.value.items()}
    if rate and rate < LOW_RATE and (bitrate := bitrates.get("mp3", 0)) > LOW_BITRATE:
        message = f"an MP3 of {rate} Hz has at most {LOW_BITRATE} kbit/s, not {bitrate:g}"
        raise _at(formats, message)
    if rate and rate < M4A_RATE and "m4a" in bitrates:
        raise _at(formats, f"an M4A has 44100 or 48000 Hz, not {rate}")
    if _value(said, "channels") == 1:
        for name, most in MONO_BITRATES.items():
            if (bitrate := bitrates.get(name, 0)) > most:
                message = f"`{name}` of one channel has at most {most} kbit/s, not {bitrate:g}"
                raise _at(formats, message)


def _asked(said: Mapping[str, Sourced[Any]], name: str) -> bool:
    value = _value(said, name)
    if name in _FADES:
        return bool(value and value[0])
    if name == "length":
        return bool(value == "exact")
    return value is not None and value is not False


def _value(said: Mapping[str, Sourced[Any]], name: str) -> Any:
    return said[name].value if name in said else None


def _fade(said: Mapping[str, Sourced[Any]], name: str) -> Fade | None:
    return Fade(*said[name].value) if _asked(said, name) else None


def _at(sourced: Sourced[Any], message: str) -> ManifestError:
    return ManifestError(message, span=sourced.span)
