"""What a lock holds: purchases by key, outputs by track."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from ..cost import Cost, Totals, total
from ..hashing import Digest
from ..models import SourceType
from ..quality import Figures
from ..spec import GenerateSpec, MasterSpec
from .growing import grown, shrunk


@dataclass(frozen=True, slots=True)
class Adopted:
    """Where audio came from that was made elsewhere: the `file`'s name, and its `format`.

    `kind` is how it was made, None where nobody said.
    """

    file: str
    format: str
    kind: SourceType | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """Audio that a provider delivered for a key; `duration` was asked, `seconds` came.

    `generation` is the provider's id, `audio` the digest of the bytes as delivered, `bought`
    the moment in ISO 8601.  What was `adopted` in place of such audio cost nothing, and no
    provider can give it again.
    """

    provider: str
    model: str
    prompt: str
    duration: float
    options: tuple[tuple[str, str | int | float | bool], ...]
    take: int
    generation: str
    audio: Digest
    bytes: int
    seconds: float
    cost: Cost
    bought: str
    adopted: Adopted | None = None

    @property
    def spec(self) -> GenerateSpec:
        """What was asked for when it was made; the key under which it stands is that of this."""
        return GenerateSpec(
            provider=self.provider,
            model=self.model,
            prompt=self.prompt,
            duration=self.duration,
            options=self.options,
            take=self.take,
        )


@dataclass(frozen=True, slots=True)
class LockedOutput:
    """One finished file: the key it was made by, its digest, and that of its audio frames.

    `part` is what of the piece it holds, nothing for all of it.  `sound` is the key of what was
    done to its samples, nothing if they are as they were delivered, and `encoder` is what wrote
    them then.  `measured` are the figures of the file as it is, by name.
    """

    master: Digest
    digest: Digest
    audio_digest: Digest
    part: str = ""
    sound: Digest | Literal[""] = ""
    encoder: str = ""
    measured: Figures = field(default_factory=dict)

    def sounds_as(self, master: MasterSpec, audio: Digest) -> bool:
        """Tell whether it sounds just as a spec asks of this audio, whatever its tags."""
        return self.part == master.part and self.sound == master.sound_key(audio)


@dataclass(frozen=True, slots=True)
class LockedTrack:
    """What a track was made from: the key and take of its audio, its tags, its outputs by path.

    `picked` is the take that it is to be made from next, zero if that is the same.
    """

    generate: Digest
    take: int
    outputs: Mapping[str, LockedOutput]
    tags: Mapping[str, str | bool] = field(default_factory=dict)
    draft: bool = False
    picked: int = 0

    @property
    def whole(self) -> Mapping[str, LockedOutput]:
        """Return the outputs that hold all of the audio as it was delivered."""
        outputs = self.outputs.items()
        return {path: output for path, output in outputs if not (output.part or output.sound)}


@dataclass(frozen=True)
class Lock:
    purchases: Mapping[Digest, Purchase] = field(default_factory=dict)
    tracks: Mapping[str, LockedTrack] = field(default_factory=dict)

    @property
    def spent(self) -> Totals:
        return total(purchase.cost for purchase in self.purchases.values())

    @cached_property
    def owners(self) -> Mapping[str, tuple[str, ...]]:
        """The tracks that have a path, by path; a merge may have left one to two of them."""
        found: dict[str, tuple[str, ...]] = {}
        for name, track in self.tracks.items():
            for path in track.outputs:
                found[path] = (*found.get(path, ()), name)
        return found

    @cached_property
    def made_from(self) -> Mapping[Digest, tuple[str, ...]]:
        """The tracks that were made from a purchase, by its key."""
        found: dict[Digest, tuple[str, ...]] = {}
        for name, track in self.tracks.items():
            found[track.generate] = (*found.get(track.generate, ()), name)
        return found

    def with_purchase(self, key: Digest, purchase: Purchase) -> Lock:
        return _knowing(self.owners, replace(self, purchases=grown(self.purchases, key, purchase)))

    def with_track(self, name: str, track: LockedTrack) -> Lock:
        """Record a track; a path it now owns is taken from any track that had it before."""
        tracks, owners = self.tracks, self.owners
        for path in tracks[name].outputs if name in tracks else ():
            owners = grown(owners, path, tuple(one for one in owners[path] if one != name))
        for path in track.outputs:
            for other in owners.get(path, ()):
                kept = {**tracks[other].outputs}
                del kept[path]
                if kept:
                    tracks = grown(tracks, other, replace(tracks[other], outputs=kept))
                else:
                    tracks = shrunk(tracks, other)
            owners = grown(owners, path, (name,))
        return _knowing(owners, replace(self, tracks=grown(tracks, name, track)))

    def without(self, paths: Collection[str]) -> Lock:
        """Forget outputs, and tracks of which none is left; purchases stay for ever."""
        tracks = {}
        for name, track in self.tracks.items():
            kept = {path: one for path, one in track.outputs.items() if path not in paths}
            if kept or not track.outputs:
                tracks[name] = replace(track, outputs=kept)
        return replace(self, tracks=tracks)


def _knowing(owners: Mapping[str, tuple[str, ...]], lock: Lock) -> Lock:
    """Hand on who owns what from the lock before: it is dear to find out anew."""
    vars(lock)["owners"] = owners
    return lock
