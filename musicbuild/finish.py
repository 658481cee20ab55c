"""From audio to finished files: mastered, tagged, stored, and put into the author's tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .errors import IntegrityError
from .hashing import Digest, digest_bytes
from .lock import Lock, LockedOutput, LockedTrack, Purchase
from .mastering import Mastered
from .models import Description, SourceType
from .outputs import Tree
from .plan import tags_of
from .quality import Figures, seconds
from .spec import NOTES, GenerateSpec, MasterSpec, Output, TrackSpec
from .store import Store
from .tags import Finding, Provenance, audio_of, tag

SAME = 0.01
"""Seconds by which a file that was cut may be shorter, and nothing in it has another place."""

REFERENCE = -18.0
"""LUFS to which a ReplayGain is given.  Source: ReplayGain 2.0."""


@dataclass(frozen=True, slots=True)
class Finisher:
    """Where audio comes from and where outputs go; `overwrite` lets it replace any file."""

    store: Store
    tree: Tree
    overwrite: bool = False

    def audio(self, spec: GenerateSpec, source: str, lock: Lock) -> bytes | None:
        """Return audio that was made, None if it is nowhere on this machine.

        It comes from the store, or from an output made from it: `source` first, where the plan
        found it there.  `lock` is the one that was planned with.  By now another track may have
        replaced that output; it is in the store then.

        A plan only looks whether an object is there.  One that turns out to be damaged is put
        right, if an output holds the very audio that was delivered.
        """
        bought = lock.purchases[spec.key].audio
        if not source and (data := self.store.get(bought)) is not None:
            return data
        made = [
            (path, output.digest)
            for name in lock.made_from.get(spec.key, ())
            for path, output in lock.tracks[name].whole.items()
        ]
        for path, digest in sorted(made, key=lambda one: one[0] != source):
            data = self.made(path, digest)
            if data is None:
                continue
            if not source and digest_bytes(audio_of(data)) == bought:
                self.store.put(audio_of(data))
            return data
        return self.store.get(bought) if source else None

    def made(self, path: str, digest: Digest) -> bytes | None:
        """Return an output as it was made, from its place or from the store."""
        data = self.tree.read(path)
        if data is not None and digest_bytes(data) == digest:
            return data
        return self.store.get(digest)

    def finish(
        self,
        track: TrackSpec,
        outputs: Iterable[Output],
        made: Mapping[str, Mastered],
        *,
        lock: Lock,
        spec: GenerateSpec,
        kind: SourceType | None,
        described: Description | None,
        draft: bool,
    ) -> LockedTrack:
        """Tag and deliver outputs of a track, and return what the lock is to say of them.

        `made` has the sound of each by its path.
        """
        purchase, finished = lock.purchases[spec.key], {}
        cover = self._cover(track)
        for output in outputs:
            master, one = output.master, made[output.path]
            data = audio = one.data
            if master.part != NOTES:
                heard = heard_in(described, master, spec, one.figures or {})
                provenance = provenance_of(purchase, spec, kind, heard)
                data = tag(
                    data,
                    master.format,
                    master.tags,
                    provenance,
                    seconds=_length(one, purchase) if master.changes_sound else purchase.seconds,
                    cover=cover,
                    finding=finding(master, one.figures or {}),
                )
                audio = audio_of(data, master.format)
            finished[output.path] = LockedOutput(
                master=master.key(purchase.audio),
                digest=self.put(output.path, data, lock),
                audio_digest=digest_bytes(audio),
                part=master.part,
                sound=master.sound_key(purchase.audio),
                encoder=one.encoder,
                measured=one.figures or {},
            )
        return LockedTrack(
            generate=spec.key,
            take=spec.take,
            outputs=finished,
            tags=tags_of(track),
            draft=draft,
        )

    def with_rest(self, made: LockedTrack, before: LockedTrack | None) -> LockedTrack:
        """Add the outputs that the track had before, as long as they are there."""
        left = before.outputs if before else {}
        rest = {
            path: output
            for path, output in left.items()
            if path not in made.outputs and self.tree.find(path)
        }
        return replace(made, outputs={**rest, **made.outputs})

    def restore(self, objects: Mapping[str, Digest], lock: Lock) -> frozenset[str]:
        """Put outputs back as they were; return the paths of those whose copy is damaged."""
        damaged = set()
        for path, digest in objects.items():
            data = self.store.get(digest)
            if data is None:
                damaged.add(path)
            else:
                self.put(path, data, lock)
        return frozenset(damaged)

    def put(self, path: str, data: bytes, lock: Lock) -> Digest:
        """Deliver one output; both it and what it replaces are in the store first."""
        digest = self.store.put(data)
        recorded = {lock.tracks[name].outputs[path].digest for name in lock.owners.get(path, ())}

        def ours(there: Digest) -> bool:
            return self.overwrite or there in recorded or self.store.holds(there)

        self.tree.deliver(path, data, ours=ours, keep=self.store.put)
        return digest

    def _cover(self, track: TrackSpec) -> bytes | None:
        if not track.cover:
            return None
        data = self.tree.read(track.cover)
        if data is None or digest_bytes(data) != track.outputs[0].master.tags.cover:
            raise IntegrityError(
                f"the cover `{track.cover}` changed while the build ran", hint="build again"
            )
        return data


def provenance_of(
    purchase: Purchase, spec: GenerateSpec, kind: SourceType | None, described: Description | None
) -> Provenance:
    """Return where the music came from; of what was adopted no model and no prompt is named."""
    if purchase.adopted:
        return Provenance("", "", "", spec.key, "", kind, described)
    return Provenance(
        provider=purchase.provider,
        model=purchase.model,
        generation=purchase.generation,
        key=spec.key,
        prompt=purchase.prompt,
        kind=kind,
        described=described,
    )


def heard_in(
    described: Description | None, master: MasterSpec, spec: GenerateSpec, figures: Figures
) -> Description | None:
    """Return what is described as it is heard in one file; where it is cut, places are unknown."""
    cut = master.sound.trim is not None or master.sound.loop is not None
    same = not cut or (bool(figures) and abs(seconds(figures) - spec.duration) < SAME)
    if described is None or same:
        return described
    return replace(described, chords=(), sections=())


def finding(master: MasterSpec, figures: Figures) -> Finding | None:
    """Return what of a file's figures goes into its tags, for players to act on.

    None leaves what the provider has to say of it: where the audio is as it was delivered.
    """
    loudness, loop = figures.get("loudness"), "loop_length" in figures
    measured = master.measure and loudness is not None
    if not (measured or master.changes_sound):
        return None
    return Finding(
        gain=REFERENCE - float(loudness or 0) if measured else None,
        peak=10 ** (float(figures["true_peak"]) / 20) if measured else None,
        loop=(int(figures["loop_start"]), int(figures["loop_length"])) if loop else None,
        steps=int(figures["steps"]) if "steps" in figures else None,
    )


def _length(made: Mastered, purchase: Purchase) -> float:
    return seconds(made.figures) if made.figures else purchase.seconds
