"""How each output is to sound: what is kept of before, what is known of it, and what is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .errors import NotMastered
from .events import Listener, Mastering, Remarked
from .hashing import Digest, digest_bytes
from .lock import Lock, LockedOutput
from .mastering import Mastered, Masters
from .models import Description
from .quality import remarks
from .spec import WHOLE, GenerateSpec, Output, TrackSpec
from .tags import audio_of


@dataclass(frozen=True, slots=True)
class Source:
    """Where the sound of one spec comes from: its `audio`, and the `parts` of it by name.

    What is `described` of it is None where nobody can tell.  Of what was `adopted` its model
    knows nothing, neither its parts nor whether it loops.
    """

    spec: GenerateSpec
    audio: Callable[[], bytes]
    parts: Callable[[Collection[str]], Mapping[str, bytes]]
    described: Description | None
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Sounds:
    """`find` returns an output as it was made, by path and digest, None if it is gone.

    `step_aside` is called before a track waits for its turn at the audio tools.
    """

    masters: Masters
    find: Callable[[str, Digest], bytes | None]
    step_aside: Callable[[], None]
    listen: Listener

    def of(
        self, track: TrackSpec, outputs: Sequence[Output], source: Source, lock: Lock
    ) -> Mapping[str, Mastered]:
        """Return the sound of outputs, by path, and say what of it their author should know."""
        kept = dict(self._kept(track, outputs, source.spec, lock))
        fresh = [output for output in outputs if output.path not in kept]
        changed = [output for output in fresh if output.master.changes_sound]
        parts = {output.master.part for output in fresh}
        others = parts - {WHOLE}
        if others and source.adopted:
            raise NotMastered(
                f"the audio of `{track.id}` was adopted, and only its model makes notes and stems",
                hint="leave `stems` and `mid` out of what the track asks for",
            )
        sources = dict(source.parts(others)) if others else {}
        if changed or (track.qc.measured and WHOLE in parts):
            sources[WHOLE] = source.audio()
            kept.update(_measured(track, fresh, sources[WHOLE], lock))
        if changed:
            self.listen(Mastering(track.id, len(changed)))
        left = [output for output in fresh if output.path not in kept]
        self.step_aside()
        found = self.masters.master(_heard(track, source), left, sources, source.described)
        for output in left:
            one = found[output.path]
            for remark in (*one.remarks, *remarks(track, output.master, one.figures or {})):
                self.listen(Remarked(track.id, output.path, remark))
        return {**kept, **found}

    def _kept(
        self, track: TrackSpec, outputs: Sequence[Output], spec: GenerateSpec, lock: Lock
    ) -> Iterator[tuple[str, Mastered]]:
        """Yield outputs of before that sound as is wished: they need only their tags.

        Those that hold the audio as it was delivered are not among them: that is had as ever.
        """
        locked = lock.tracks.get(track.id)
        if locked is None or locked.generate != spec.key:
            return
        audio = lock.purchases[spec.key].audio
        for output in outputs:
            made = locked.outputs.get(output.path)
            if made is None or not (made.sound or made.part):
                continue
            same = made.sounds_as(output.master, audio)
            if same and (data := self.find(output.path, made.digest)) is not None:
                yield output.path, Mastered(data, made.encoder, made.measured)


def _heard(track: TrackSpec, source: Source) -> TrackSpec:
    """Return a track as the audio tools are told of it: what was adopted was not made to loop."""
    if not source.adopted:
        return track
    return replace(track, generate=replace(track.generate, options=()))


def _measured(
    track: TrackSpec, outputs: Sequence[Output], audio: bytes, lock: Lock
) -> Iterator[tuple[str, Mastered]]:
    """Yield outputs that hold this very audio as it is, and whose figures are known."""
    locked = lock.tracks.get(track.id)
    known: Mapping[str, LockedOutput] = locked.outputs if locked else {}
    plain = [one for one in outputs if not (one.master.part or one.master.changes_sound)]
    digest = digest_bytes(audio_of(audio)) if known and plain else ""
    for output in plain:
        made = known.get(output.path)
        if made and made.measured and made.audio_digest == digest:
            yield output.path, Mastered(None, "", made.measured)
