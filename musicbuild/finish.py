"""From audio to finished files: mastered, tagged, stored, and put into the author's tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import IntegrityError
from .hashing import Digest, digest_bytes
from .lock import Lock, LockedOutput, LockedTrack, Purchase
from .models import SourceType
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

    def audio(self, purchase: Purchase, source: str) -> bytes | None:
        """Return a purchase's audio from the store, or from an output that holds it."""
        return self.store.get(purchase.audio) or (self.tree.read(source) if source else None)

    def finish(
        self,
        track: TrackSpec,
        outputs: Iterable[Output],
        *,
        lock: Lock,
        spec: GenerateSpec,
        audio: bytes,
        kind: SourceType,
        draft: bool,
    ) -> LockedTrack:
        """Make outputs of a track from its audio and return what the lock is to say of it."""
        purchase = lock.purchases[spec.key]
        before = lock.tracks.get(track.id)
        left = before.outputs if before else {}
        made = {path: output for path, output in left.items() if self.tree.find(path)}
        cover = self._cover(track)
        for output in outputs:
            provenance = Provenance(
                provider=purchase.provider,
                model=purchase.model,
                generation=purchase.generation,
                key=spec.key,
                prompt=purchase.prompt,
                kind=kind,
            )
            tags = output.master.tags
            data = tag_mp3(audio, tags, provenance, seconds=purchase.seconds, cover=cover)
            digest = self.put(output.path, data, lock)
            frames = digest_bytes(audio_of(data))
            made[output.path] = LockedOutput(output.master.key(purchase.audio), digest, frames)
        return LockedTrack(
            generate=spec.key,
            take=spec.take,
            outputs=made,
            tags=tags_of(track),
            draft=draft,
        )

    def restore(self, objects: Mapping[str, Digest], lock: Lock) -> None:
        """Put outputs back as they were."""
        for path, digest in objects.items():
            data = self.store.get(digest)
            if data is None:
                raise IntegrityError(
                    f"the stored copy of `{path}` is damaged",
                    hint=f"delete `{self.store.path(digest).name}` from the store, and build again",
                )
            self.put(path, data, lock)

    def put(self, path: str, data: bytes, lock: Lock) -> Digest:
        """Deliver one output; both it and what it replaces are in the store first."""
        digest = self.store.put(data)
        recorded = {
            locked.outputs[path].digest for locked in lock.tracks.values() if path in locked.outputs
        }
        found = self.tree.find(path)
        ours = found is None or found.digest in recorded or self.store.holds(found.digest)
        if found and found.fetched and (ours or self.overwrite):
            self.store.put(self.tree.read(path) or b"")
        self.tree.deliver(path, data, ours=lambda _: ours or self.overwrite)
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
