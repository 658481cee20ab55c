"""Specs against the lock: what must be done, why, and for how much.

Nothing here touches the world: what the disk holds is asked of `Facts`, prices of `quote`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Protocol

from .cost import FREE, Quote
from .hashing import Digest
from .lock import Lock, LockedOutput, LockedTrack
from .spec import GenerateSpec, Output, Tags, TrackSpec
from .steps import (
    Cause,
    Edited,
    Generate,
    Keep,
    Lost,
    Master,
    Orphan,
    Plan,
    Reason,
    Restore,
    Step,
    Tag,
)
from .takes import fitted, is_adopted, is_made_from, picked


class Found(Protocol):
    """A file at an output's path; `fetched` is false for a Git LFS pointer to the digest."""

    @property
    def digest(self) -> Digest: ...

    @property
    def fetched(self) -> bool: ...


class Facts(Protocol):
    """What the disk holds."""

    def holds(self, digest: Digest) -> bool:
        """Tell whether the store has these bytes."""
        ...

    def find(self, path: str) -> Found | None:
        """Return what lies at an output's path."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asks for beyond the manifest, each by the ids of tracks it applies to.

    `only` leaves out all others.  `draft` gives the free stand-in of a track that is not
    bought, where drafts are wanted.  `overwrite` gives up files changed by another hand.
    """

    only: frozenset[str] | None = None
    draft: Callable[[TrackSpec], TrackSpec] | None = None
    force: frozenset[str] = frozenset()
    overwrite: bool = False


def plan(
    tracks: Sequence[TrackSpec],
    lock: Lock,
    facts: Facts,
    quote: Callable[[GenerateSpec], Quote],
    wishes: Wishes | None = None,
    *,
    under_way: frozenset[Digest] = frozenset(),
) -> Plan:
    """Decide one step for each track that is wished for; the same values give the same plan.

    `under_way` are the keys of orders that were sent and are not in the lock yet: collecting
    them costs nothing more.
    """
    wishes = wishes or Wishes()
    made: dict[str, tuple[Digest, ...]] = {}
    for locked in lock.tracks.values():
        for path, output in locked.outputs.items():
            made[path] = (*made.get(path, ()), output.digest)
    decision = _Decision(lock, made, facts, quote, wishes, under_way)
    chosen = (track for track in tracks if wishes.only is None or track.id in wishes.only)
    orphans = _orphans(tracks, lock, facts) if wishes.only is None else ()
    return Plan(tuple(map(decision.step, chosen)), orphans)


def restoring(tracks: Iterable[TrackSpec], lock: Lock, facts: Facts) -> Plan:
    """Decide what it takes to have outputs just as the lock says, and nothing else.

    A track that is not in the lock has no step.
    """
    steps: list[Step] = []
    for track in tracks:
        if locked := lock.tracks.get(track.id):
            made = locked.outputs.items()
            absent = {path: one.digest for path, one in made if not _intact(facts, path, one)}
            reasons = (Reason(Cause.OUTPUT_MISSING),)
            steps.append(Restore(track, reasons, absent) if absent else Keep(track))
    return Plan(tuple(steps), ())


@dataclass(frozen=True, slots=True)
class _Decision:
    lock: Lock
    made: Mapping[str, tuple[Digest, ...]]
    """Digests by path; a merge may have left a path to two tracks."""
    facts: Facts
    quote: Callable[[GenerateSpec], Quote]
    wishes: Wishes
    under_way: frozenset[Digest]
    ordered: dict[Digest, str] = field(default_factory=dict)

    def step(self, track: TrackSpec) -> Step:
        """Compare one track with the lock, the paid stage first."""
        draft, locked = False, self.lock.tracks.get(track.id)
        missing = self._missing(track)
        if missing and self.wishes.draft:
            if picked(track, self.lock) in missing:
                standin = self.wishes.draft(track)
                draft = standin.generate != track.generate
                track = standin
                missing = self._missing(track)
            else:
                missing = []  # of what is bought no draft is made, though more takes are wished for
        if foreign := self._foreign(track):
            return self._blocked(track, locked, missing, foreign)
        if missing:
            return self._generate(track, missing, self._changes(track, locked), draft=draft)
        return self._finish(track, locked, draft=draft)

    def _missing(self, track: TrackSpec) -> list[GenerateSpec]:
        """Return the takes to be had; where one was adopted the choice is made."""
        missing = [spec for spec in track.wishes if spec.key not in self.lock.purchases]
        if missing and is_adopted(picked(track, self.lock), self.lock):
            return []
        return missing

    def _finish(self, track: TrackSpec, locked: LockedTrack | None, *, draft: bool) -> Step:
        """Decide the free stages of a track whose audio was made."""
        spec = picked(track, self.lock)
        bought = self.lock.purchases[spec.key]
        track, audio = fitted(track, bought), bought.audio
        known = locked.outputs if locked else {}
        stale = [one for one in track.outputs if not _current(one, audio, known)]
        absent = [
            one
            for one in track.outputs
            if one not in stale and not self._intact(one.path, known[one.path])
        ]
        forced = track.id in self.wishes.force
        if not (stale or absent or forced):
            return Keep(track)
        unfetched = tuple(one.path for one in absent if self._is_pointer(one.path))

        if forced and self._free(spec):
            return self._generate(track, [spec], (Reason(Cause.FORCED),), draft=draft)
        if absent and not stale and not forced:
            objects = {one.path: known[one.path].digest for one in absent}
            if all(map(self.facts.holds, objects.values())):
                return Restore(track, self._absence(absent), objects)

        outputs = track.outputs if forced else (*stale, *absent)
        reasons = self._why(track, locked, audio, stale, absent, forced=forced)
        source = self._source(spec, audio)
        same = locked is not None and locked.generate == spec.key
        if source is None and same and self._retaggable(outputs, audio, known):
            source = ""
        if source is not None:
            tags_only = {reason.cause for reason in reasons} == {Cause.TAGS}
            kind = Tag if tags_only else Master
            return kind(track, reasons, outputs, spec, source, draft)
        if self._free(spec):
            reason = Reason(Cause.AUDIO_MISSING)
            return self._generate(track, [spec], (reason,), draft=draft)
        if unfetched and len(unfetched) == len(outputs):
            return Keep(track, unfetched)
        return Lost(track, reasons, bought, self._unfetched(locked, spec))

    def _generate(
        self,
        track: TrackSpec,
        specs: Sequence[GenerateSpec],
        reasons: tuple[Reason, ...],
        *,
        draft: bool,
    ) -> Generate:
        """Order what no track before this one in the plan has ordered: twins share audio."""
        fresh = tuple(spec for spec in specs if spec.key not in self.ordered)
        twins = {self.ordered[spec.key] for spec in specs if spec.key in self.ordered}
        self.ordered.update((spec.key, track.id) for spec in fresh)
        shared = tuple(Reason(Cause.TWIN, after=name) for name in sorted(twins))
        sent = [Reason(Cause.UNDER_WAY)] if any(one.key in self.under_way for one in fresh) else []
        quotes = (FREE if one.key in self.under_way else self.quote(one) for one in fresh)
        return Generate(track, (*reasons, *shared, *sent), fresh, tuple(quotes), draft)

    def _free(self, spec: GenerateSpec) -> bool:
        """Tell whether audio that was made can be made again, just so, for nothing."""
        if is_adopted(spec, self.lock):
            return False
        quote = self.quote(spec)
        return quote is not None and not quote

    def _changes(self, track: TrackSpec, locked: LockedTrack | None) -> tuple[Reason, ...]:
        """Say what of the paid part differs from what the track was last made from."""
        before = self.lock.purchases.get(locked.generate) if locked else None
        if locked is None or before is None:
            return (Reason(Cause.NEW),)
        if locked.draft:
            return (Reason(Cause.DRAFT),)
        wish = track.generate
        texts = [
            (Cause.MODEL, f"{before.provider}/{before.model}", f"{wish.provider}/{wish.model}"),
            (Cause.PROMPT, before.prompt, wish.prompt),
            (Cause.DURATION, f"{before.duration:g} s", f"{wish.duration:g} s"),
            (Cause.OPTIONS, _options(before.options), _options(wish.options)),
        ]
        changed = tuple(Reason(cause, old, new) for cause, old, new in texts if old != new)
        return changed or (Reason(Cause.TAKES, str(before.take), str(track.takes)),)

    def _why(
        self,
        track: TrackSpec,
        locked: LockedTrack | None,
        audio: Digest,
        stale: list[Output],
        absent: list[Output],
        *,
        forced: bool,
    ) -> tuple[Reason, ...]:
        """Say what of the free part differs from what the outputs were made with."""
        reasons = [Reason(Cause.FORCED)] if forced else []
        known = locked.outputs if locked else {}
        if locked is None:
            reasons.append(Reason(Cause.NEW))
        elif locked.generate != picked(track, self.lock).key:
            reasons += self._switch(track, locked)
        else:
            changed = _retagged(locked, track)
            reasons += [Reason(Cause.TAGS, *texts) for texts in changed]
            again = [one for one in stale if one.path in known]
            if any(not _sounds(one, audio, known) for one in again) or (again and not changed):
                reasons.append(Reason(Cause.MASTERING))
        if locked and any(one.path not in known for one in stale):
            reasons.append(Reason(Cause.OUTPUT_NEW))
        return (*reasons, *self._absence(absent))

    def _switch(self, track: TrackSpec, locked: LockedTrack) -> tuple[Reason, ...]:
        """Say why other audio that is at hand is used from now on."""
        spec = picked(track, self.lock)
        if adopted := self.lock.purchases[spec.key].adopted:
            return (Reason(Cause.ADOPTED, after=adopted.file),)
        if locked.picked and is_made_from(track, locked):
            return (Reason(Cause.PICKED, str(locked.take), str(spec.take)),)
        return self._changes(track, locked)

    def _absence(self, absent: list[Output]) -> tuple[Reason, ...]:
        """Say why outputs that the lock has are not at hand: gone, or to be overwritten."""
        edited = [one for one in absent if self.facts.find(one.path)]
        edited = [one for one in edited if not self._is_pointer(one.path)]
        gone = (Reason(Cause.OUTPUT_MISSING),) if len(edited) < len(absent) else ()
        return (*(Reason(Cause.EDITED, after=one.path) for one in edited), *gone)

    def _blocked(
        self,
        track: TrackSpec,
        locked: LockedTrack | None,
        missing: list[GenerateSpec],
        foreign: list[Reason],
    ) -> Edited:
        """Keep a hand-made file, and say too what would have been done in its place."""
        if missing:
            return Edited(track, (*foreign, *self._changes(track, locked)))
        return Edited(track, tuple(foreign))

    def _foreign(self, track: TrackSpec) -> list[Reason]:
        """Find files at the track's paths that musicbuild did not put there."""
        if self.wishes.overwrite:
            return []
        found = []
        for output in track.outputs:
            there, made = self.facts.find(output.path), self.made.get(output.path, ())
            if there is None or there.digest in made or self.facts.holds(there.digest):
                continue
            found.append(Reason(Cause.EDITED if made else Cause.FOREIGN, after=output.path))
        return found

    def _is_pointer(self, path: str) -> bool:
        there = self.facts.find(path)
        return there is not None and not there.fetched

    def _intact(self, path: str, made: LockedOutput) -> bool:
        return _intact(self.facts, path, made)

    def _source(self, spec: GenerateSpec, audio: Digest) -> str | None:
        """Find where audio is at hand: nothing for the store, else an output made from it."""
        if self.facts.holds(audio):
            return ""
        for locked in self.lock.tracks.values():
            if locked.generate != spec.key:
                continue
            for path, made in locked.whole.items():
                if self._intact(path, made):
                    return path
        return None

    def _unfetched(self, locked: LockedTrack | None, spec: GenerateSpec) -> str:
        """Return a pointer to an output that holds audio as it came, or nothing."""
        if locked is None or locked.generate != spec.key:
            return ""
        return next(filter(self._is_pointer, locked.whole), "")

    def _retaggable(
        self, outputs: Sequence[Output], audio: Digest, known: Mapping[str, LockedOutput]
    ) -> bool:
        """Tell whether all these outputs are at hand as they are to sound, but for their tags."""
        return all(
            _sounds(one, audio, known)
            and (
                self._intact(one.path, known[one.path]) or self.facts.holds(known[one.path].digest)
            )
            for one in outputs
        )


def _intact(facts: Facts, path: str, made: LockedOutput) -> bool:
    there = facts.find(path)
    return there is not None and there.fetched and there.digest == made.digest


def _current(output: Output, audio: Digest, known: Mapping[str, LockedOutput]) -> bool:
    """Tell whether the lock says that this output was made from this audio, just so."""
    made = known.get(output.path)
    return made is not None and made.master == output.master.key(audio)


def _sounds(output: Output, audio: Digest, known: Mapping[str, LockedOutput]) -> bool:
    """Tell whether the lock says that this output sounds just as is wished, whatever its tags."""
    made = known.get(output.path)
    return made is not None and made.sounds_as(output.master, audio)


def tags_of(track: TrackSpec) -> dict[str, str | bool]:
    """Return a track's tags as the lock keeps them: those that say something, by name."""
    tags = track.outputs[0].master.tags
    named = {one.name: getattr(tags, one.name) for one in fields(Tags)}
    return {name: value for name, value in named.items() if value}


def _retagged(locked: LockedTrack, track: TrackSpec) -> list[tuple[str, str]]:
    """Return the tags that differ, each as `name: text` before and after."""
    now = tags_of(track)
    names = sorted(name for name in {*locked.tags, *now} if locked.tags.get(name) != now.get(name))
    return [
        (f"{name}: {locked.tags.get(name, '')}", f"{name}: {now.get(name, '')}") for name in names
    ]


def _options(options: Iterable[tuple[str, object]]) -> str:
    return " ".join(f"{name}={value}" for name, value in options)


def _orphans(tracks: Sequence[TrackSpec], lock: Lock, facts: Facts) -> tuple[Orphan, ...]:
    made = {output.path for track in tracks for output in track.outputs}
    found = []
    for name, locked in sorted(lock.tracks.items()):
        left = [path for path in sorted(locked.outputs) if path not in made and facts.find(path)]
        found += [Orphan(name, tuple(left))] if left else []
    return tuple(found)
