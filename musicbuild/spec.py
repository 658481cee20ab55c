"""What a track asks for, as two values: the paid part and the free part.

Every field belongs to exactly one stage.  What is in `GenerateSpec` costs money again when it
changes; what is in `MasterSpec` is made again for nothing; what is in neither (the id, the
path of an output, labels) is only a name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from .hashing import Digest, canonical, digest_canonical, quoted

GENERATE_RECIPE = 1
"""The version of the paid key.  A new one carries old purchases over; it never buys again."""

MASTER_RECIPE = 1
"""The version of mastering and tagging; a new one makes outputs anew from the same audio."""

DELIVERED = frozenset({"mp3", "mid"})
"""Formats that come from a provider as they are."""

WHOLE, NOTES = "", "mid"
"""Parts of a piece: all of it, as it was delivered, and its notes; all others are stems."""


class _Keyed:
    """A place for a key, beside the fields, once it was asked for."""

    __slots__ = ("_key",)
    _key: Digest


@dataclass(frozen=True, slots=True)
class GenerateSpec(_Keyed):
    """All that a provider hears; a change of any of it is another piece of music.

    `duration` is in seconds.  `options` are pairs in the order of their names.  `take` counts
    from one and tells several tries of one wish apart.
    """

    provider: str
    model: str
    prompt: str
    duration: float
    options: tuple[tuple[str, str | int | float | bool], ...] = ()
    take: int = 1

    @property
    def key(self) -> Digest:
        if not hasattr(self, "_key"):
            object.__setattr__(self, "_key", self._digest())
        return self._key

    def _digest(self) -> Digest:
        # Written by hand: the keys of a whole lock are made anew each time that it is read.
        options = canonical(self.options) if self.options else "[]"
        return digest_canonical(
            "generate",
            GENERATE_RECIPE,
            f'{{"duration":{canonical(self.duration)},"model":{quoted(self.model)},'
            f'"options":{options},"prompt":{quoted(self.prompt)},'
            f'"provider":{quoted(self.provider)},"take":{canonical(self.take)}}}',
        )

    def is_near(self, seconds: float) -> bool:
        """Tell whether audio is about as long as was asked: models round, and encoders pad."""
        return abs(seconds - self.duration) <= max(2.0, self.duration / 10)


@dataclass(frozen=True, slots=True)
class Tags:
    """What an output says of itself; empty text is left out of the file.

    `number` is the place in the album, `3` or `3/12`; `cover` the digest of a picture;
    `prompt` whether the prompt is written into the file too.
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    number: str = ""
    genre: str = ""
    bpm: str = ""
    key: str = ""
    comment: str = ""
    copyright: str = ""
    cover: Digest | None = None
    prompt: bool = False

    @property
    def canonical(self) -> str:
        """Return all fields in their one form, as a key holds them."""
        return (
            f'{{"album":{quoted(self.album)},"artist":{quoted(self.artist)},'
            f'"bpm":{quoted(self.bpm)},"comment":{quoted(self.comment)},'
            f'"copyright":{quoted(self.copyright)},"cover":{canonical(self.cover)},'
            f'"genre":{quoted(self.genre)},"key":{quoted(self.key)},'
            f'"number":{quoted(self.number)},"prompt":{canonical(self.prompt)},'
            f'"title":{quoted(self.title)}}}'
        )


@dataclass(frozen=True, slots=True)
class Fade:
    seconds: float
    curve: str


@dataclass(frozen=True, slots=True)
class LoopWish:
    """A loop to be found in the audio; zero leaves the choice to what is found.

    `crossfade` is in seconds; `bpm` is the tempo that bars are counted in.
    """

    crossfade: float = 0
    bars: int = 0
    bpm: float = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """What happens to the samples; as it stands here, nothing does.

    `loudness` is in LUFS, `true_peak` in dBTP, `trim` the level in dBFS under which the ends are
    cut off, `seconds` the exact length.
    """

    loudness: float | None = None
    true_peak: float | None = None
    limit: bool = False
    trim: float | None = None
    fade_in: Fade | None = None
    fade_out: Fade | None = None
    seconds: float | None = None
    loop: LoopWish | None = None
    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples are written; None is the format's own choice.

    `bitrate` is in kbit/s, `quality` on the format's own scale, `bits` those of a sample.
    """

    bitrate: int | None = None
    quality: float | None = None
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class MasterSpec:
    """All that happens to audio on its way to one output; changing it costs nothing.

    `part` is nothing for the piece as it was delivered, else what its provider gives besides:
    `mid`, its notes, or one of its stems.  `measure` writes what was measured into the tags.
    `lossless` brings an MP3 to its loudness without encoding it again.  `encode` is for audio
    that is of another format than it would be delivered in, and so can't stay as it is.
    """

    format: str
    tags: Tags
    part: str = ""
    sound: Sound = Sound()
    encoding: Encoding = Encoding()
    measure: bool = False
    lossless: bool = False
    encode: bool = False

    def key(self, audio: Digest) -> Digest:
        """Digest this spec together with the very audio it is applied to."""
        return self._digest("master", audio, self.tags.canonical, measure=self.measure)

    @property
    def changes_sound(self) -> bool:
        """Tell whether anything is done to the audio as it was delivered, tags apart."""
        asked = self.sound != Sound() or self.encoding != Encoding() or self.encode
        return asked or self.format not in DELIVERED

    def sound_key(self, audio: Digest) -> Digest | Literal[""]:
        """Digest what is done to the samples alone, tags apart; nothing if nothing is done."""
        if not self.changes_sound:
            return ""
        return self._digest("sound", audio, "{}", measure=False)

    def _digest(self, kind: str, audio: Digest, tags: str, *, measure: bool) -> Digest:
        shared = _all_but_tags(
            self.format,
            self.part,
            self.sound,
            self.encoding,
            measure=measure,
            lossless=self.lossless,
            encode=self.encode,
        )
        text = f'{{"audio":{quoted(audio)},"spec":{{{shared},"tags":{tags}}}}}'
        return digest_canonical(kind, MASTER_RECIPE, text)


@lru_cache
def _all_but_tags(
    form: str,
    part: str,
    sound: Sound,
    encoding: Encoding,
    *,
    measure: bool,
    lossless: bool,
    encode: bool,
) -> str:
    """Write the entries of a master's spec but for its tags; most files of an album share them."""
    said = _said(MasterSpec(form, Tags(), part, sound, encoding, measure, lossless, encode))
    del said["tags"]
    return canonical(said)[1:-1]


def _said(value: Any) -> dict[str, Any]:
    """Return the fields that differ from what is built in, so that a new one keeps old keys."""
    found = {}
    for one in fields(value):
        if (said := getattr(value, one.name)) != one.default:
            found[one.name] = _said(said) if is_dataclass(said) else said
    return found


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far audio may be off before a build says so; none of it costs anything.

    `loudness` is in LU, `true_peak` in dB, `duration` in seconds, `silence` a share of the whole,
    `clipping` counts clipped stretches, `dc` is a share of full scale, `bpm` a share of the tempo;
    `key` tells whether the musical key is compared.  `missing` are the seconds by which audio
    may be too short for its exact length; None only warns.  `duration` is None for a second, or a
    twentieth of what was asked.  Without `measured` none of it is looked at.
    """

    loudness: float = 0.5
    true_peak: float = 0.3
    duration: float | None = None
    silence: float = 0.5
    clipping: int = 0
    dc: float = 0.01
    bpm: float = 0.03
    key: bool = True
    missing: float | None = None
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Output:
    """One finished file: its path below the manifest's folder, with `/`, and what is in it."""

    path: str
    master: MasterSpec


@dataclass(frozen=True, slots=True)
class TrackSpec:
    """One track's complete wish; `generate` is that of the first take, `cover` a picture's path."""

    id: str
    generate: GenerateSpec
    outputs: tuple[Output, ...]
    takes: int = 1
    labels: tuple[str, ...] = ()
    cover: str = ""
    qc: Tolerances = Tolerances()

    def take(self, number: int) -> GenerateSpec:
        same = number == self.generate.take
        return self.generate if same else replace(self.generate, take=number)

    @property
    def wishes(self) -> tuple[GenerateSpec, ...]:
        """Return one spec for each take asked for."""
        if self.takes == self.generate.take == 1:
            return (self.generate,)
        return tuple(self.take(number) for number in range(1, self.takes + 1))
