"""From audio to finished files: mastered, tagged, stored, and put into the author's tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .errors import IntegrityError
from .hashing import Digest, digest_bytes
from .lock import Lock, LockedOutput, LockedTrack
from .models import Description, SourceType
from .outputs import Tree
from .plan import tags_of
from .spec import GenerateSpec, Output, TrackSpec
from .store import Store
from .tags import Provenance, audio_of, tag_mp3


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
            for locked in lock.tracks.values()
            if locked.generate == spec.key
            for path, output in locked.whole.items()
        ]
        for path, digest in sorted(made, key=lambda one: one[0] != source):
            data = self._made(path, digest)
            if data is None:
                continue
            if not source and digest_bytes(audio_of(data)) == bought:
                self.store.put(audio_of(data))
            return data
        return self.store.get(bought) if source else None

    def _made(self, path: str, digest: Digest) -> bytes | None:
        """Return an output as it was made, from its place or from the store."""
        data = self.tree.read(path)
        if data is not None and digest_bytes(data) == digest:
            return data
        return self.store.get(digest)

    def finish(
        self,
        track: TrackSpec,
        outputs: Iterable[Output],
        *,
        lock: Lock,
        spec: GenerateSpec,
        sources: Mapping[str, bytes],
        kind: SourceType,
        described: Description | None,
        draft: bool,
    ) -> LockedTrack:
        """Make outputs of a track and return what the lock is to say of them.

        `sources` has the audio under no name, and each part of it that an output holds.
        """
        purchase, made = lock.purchases[spec.key], {}
        cover = self._cover(track)
        for output in outputs:
            provenance = Provenance(
                provider=purchase.provider,
                model=purchase.model,
                generation=purchase.generation,
                key=spec.key,
                prompt=purchase.prompt,
                kind=kind,
                described=described,
            )
            tags = output.master.tags
            part = output.master.part
            data = audio = sources[part]
            if output.master.format == "mp3":
                data = tag_mp3(data, tags, provenance, seconds=purchase.seconds, cover=cover)
                audio = audio_of(data)
            digest = self.put(output.path, data, lock)
            key = output.master.key(purchase.audio)
            made[output.path] = LockedOutput(key, digest, digest_bytes(audio), part)
        return LockedTrack(
            generate=spec.key,
            take=spec.take,
            outputs=made,
            tags=tags_of(track),
            draft=draft,
        )

    def with_rest(self, made: LockedTrack, before: LockedTrack | None) -> LockedTrack:
        """Add the outputs that the track had before, as long as they are there."""
        left = before.outputs if before else {}
        rest = {path: output for path, output in left.items() if self.tree.find(path)}
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
        recorded = {
            locked.outputs[path].digest for locked in lock.tracks.values() if path in locked.outputs
        }

        def ours(there: Digest) -> bool:
            return self.overwrite or there in recorded or self.store.holds(there)

        found = self.tree.find(path)
        if found and found.fetched and ours(found.digest):
            self.store.put(self.tree.read(path) or b"")
        self.tree.deliver(path, data, ours=ours)
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
