"""What a track asks for, as two values: the paid part and the free part.

Every field belongs to exactly one stage.  What is in `GenerateSpec` costs money again when it
changes; what is in `MasterSpec` is made again for nothing; what is in neither (the id, the
path of an output, labels) is only a name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from .hashing import Digest, digest_value

GENERATE_RECIPE = 1
"""The version of the paid key.  A new one carries old purchases over; it never buys again."""

MASTER_RECIPE = 1
"""The version of mastering and tagging; a new one makes outputs anew from the same audio."""

WHOLE, NOTES = "", "mid"
"""Parts of a piece: all of it, as it was delivered, and its notes; all others are stems."""


@dataclass(frozen=True, slots=True)
class GenerateSpec:
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
        # As `asdict` without its deep copies: with each lock that is read all keys are made anew.
        value = {name: getattr(self, name) for name in self.__slots__}
        return digest_value("generate", GENERATE_RECIPE, value)

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


@dataclass(frozen=True, slots=True)
class MasterSpec:
    """All that happens to audio on its way to one output; changing it costs nothing.

    `part` is nothing for the piece as it was delivered, else what its provider gives besides:
    `mid`, its notes, or one of its stems.
    """

    format: str
    tags: Tags
    part: str = ""

    def key(self, audio: Digest) -> Digest:
        """Digest this spec together with the very audio it is applied to."""
        spec = asdict(self)
        if not self.part:
            del spec["part"]  # keys from before there were parts still hold
        return digest_value("master", MASTER_RECIPE, {"audio": audio, "spec": spec})


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

    def take(self, number: int) -> GenerateSpec:
        same = number == self.generate.take
        return self.generate if same else replace(self.generate, take=number)

    @property
    def wishes(self) -> tuple[GenerateSpec, ...]:
        """Return one spec for each take asked for."""
        return tuple(self.take(number) for number in range(1, self.takes + 1))
