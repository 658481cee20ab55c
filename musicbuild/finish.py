"""From audio to finished files: mastered, tagged, stored, and put into the author's tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from .crew import Hands
from .delivery import Delivered, Delivery, File, delivered
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
from .tags import Finding, Provenance, Said, audio_of, say

SAME = 0.01
"""Seconds by which a file that was cut may be shorter, and nothing in it has another place."""

REFERENCE = -18.0
"""LUFS to which a ReplayGain is given.  Source: ReplayGain 2.0."""


@dataclass(frozen=True, slots=True)
class Finisher:
    """Where audio comes from and where outputs go; `overwrite` lets it replace any file.

    With `hands` files whose audio is in the store are delivered by a process beside this one.
    """

    store: Store
    tree: Tree
    overwrite: bool = False
    hands: Hands | None = None

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
        audio: Callable[[], bytes],
        lock: Lock,
        spec: GenerateSpec,
        kind: SourceType | None,
        described: Description | None,
        draft: bool,
    ) -> LockedTrack:
        """Tag and deliver outputs of a track, and return what the lock is to say of them.

        `made` has the sound of each by its path; `audio` is asked for that of those which are as it
        was delivered.
        """
        purchase, cover = lock.purchases[spec.key], self._cover(track)

        def said(output: Output) -> Said | None:
            master, one = output.master, made[output.path]
            if master.part == NOTES:
                return None
            heard = heard_in(described, master, spec, one.figures or {})
            return say(
                master.tags,
                provenance_of(purchase, spec, kind, heard),
                seconds=_length(one, purchase) if master.changes_sound else purchase.seconds,
                cover=cover,
                finding=finding(master, one.figures or {}),
            )

        outputs = tuple(outputs)
        files = [
            File(one.path, one.master.format, said(one), _recorded(one.path, lock))
            for one in outputs
        ]
        done = self._deliver(files, made, audio, purchase.audio)
        finished = {
            output.path: LockedOutput(
                master=output.master.key(purchase.audio),
                digest=done[output.path].file,
                audio_digest=done[output.path].audio,
                part=output.master.part,
                sound=output.master.sound_key(purchase.audio),
                encoder=made[output.path].encoder,
                measured=made[output.path].figures or {},
            )
            for output in outputs
        }
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
                self._delivery.put(path, data, _recorded(path, lock))
        return frozenset(damaged)

    @property
    def _delivery(self) -> Delivery:
        return Delivery(self.store, self.tree, self.overwrite)

    def _deliver(
        self,
        files: Collection[File],
        made: Mapping[str, Mastered],
        audio: Callable[[], bytes],
        stored: Digest,
    ) -> Mapping[str, Delivered]:
        """Deliver files, by path: beside this process if all of them are as the audio is stored."""
        delivery = self._delivery
        as_stored = all(made[file.path].data is None for file in files)
        if self.hands and as_stored and (order := delivery.order(files, stored)):
            # What fails there is tried here, where it can be healed, or said.
            with suppress(OSError, ValueError):
                return delivered(self.hands.do(order))
        done = {}
        for file in files:
            data = made[file.path].data
            done[file.path] = delivery.deliver(file, audio() if data is None else data)
        return done

    def _cover(self, track: TrackSpec) -> bytes | None:
        if not track.cover:
            return None
        data = self.tree.read(track.cover)
        if data is None or digest_bytes(data) != track.outputs[0].master.tags.cover:
            raise IntegrityError(
                f"the cover `{track.cover}` changed while the build ran", hint="build again"
            )
        return data


def _recorded(path: str, lock: Lock) -> frozenset[Digest]:
    """Return what the lock says of the file at a path, whichever track it is of."""
    return frozenset(lock.tracks[name].outputs[path].digest for name in lock.owners.get(path, ()))


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
