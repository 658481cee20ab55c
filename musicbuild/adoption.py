"""How audio that was made elsewhere becomes a take of a track, for nothing.

The file is only read.  What is kept of it is in the store before the lock names it, so whatever
dies in between leaves nothing that a second try would not put right.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from . import lock as locks
from . import reading, tags
from .claim import claim
from .clock import SystemClock, stamp
from .cost import FREE
from .errors import (
    IntegrityError,
    MusicbuildError,
    PolicyError,
    UsageError,
    disk_failed,
)
from .hashing import Digest, digest_bytes
from .lock import Adopted, Lock, LockedTrack, Purchase
from .mastering import hear
from .models import SourceType
from .outputs import POINTER, POINTER_SIZE
from .project import Project
from .spec import GenerateSpec, TrackSpec
from .takes import is_adopted, is_made_from, picked, taken
from .trust import ensure_written, read_lock

LARGEST = 200 << 20
"""Bytes; as much as is fetched of what is bought."""


class Deed(Enum):
    ADOPTED = "adopted"
    PICKED = "picked"
    CORRECTED = "corrected"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Audio:
    """A file that may become a take; `kind` is how it was made, as far as that is known.

    That was `stated` where somebody has just said so, and not read off the file or the lock.
    `data` is what is kept as the take, `original` the whole file.  `bare` is the digest of its
    sound without any tag.  `output` tells that it lies at the path of one of the track's outputs.
    """

    file: str
    format: str
    seconds: float
    data: bytes
    original: bytes
    bare: Digest
    kind: SourceType | None
    stated: bool
    output: bool

    @property
    def digest(self) -> Digest:
        return digest_bytes(self.data)


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was done, or would be; `others` are tracks that ask for the same and so use it too."""

    track: TrackSpec
    deed: Deed
    audio: Audio
    spec: GenerateSpec
    purchase: Purchase
    lock: Lock
    others: tuple[str, ...]


def examine(
    project: Project, track: TrackSpec, path: Path, kind: SourceType | None = None
) -> Audio:
    """Read a file, decode it to its end, and tell what of it would be kept.

    What is tagged as one of our outputs, or lies where one does, is kept without its tags: a
    build writes those.  Raises UsageError if it can't be a take.
    """
    name = path.name.encode("utf-8", "replace").decode()
    data = _read(path)
    if len(data) < POINTER_SIZE and POINTER.match(data):
        raise UsageError(
            f"`{name}` is a Git LFS pointer: its audio is not fetched",
            hint="`git lfs pull` fetches it",
        )
    heard = hear(data)
    if heard.problems:
        raise UsageError(
            f"`{name}` can't be adopted: {'; '.join(heard.problems)}",
            hint="save it anew, as WAV, FLAC or MP3, in the program that made it",
        )
    said, bare = _tagged(data, heard.format)
    place = _place(project, path)
    output = place in {one.path for one in track.outputs}
    kept = bare if "spec" in said or output else data
    return Audio(
        file=name,
        format=heard.format,
        seconds=heard.seconds,
        data=kept,
        original=data,
        bare=digest_bytes(bare),
        kind=kind or _kind(said) or _made(project, place),
        stated=kind is not None,
        output=output,
    )


def propose(project: Project, track: TrackSpec, audio: Audio) -> Adoption:
    """Tell what adopting would do; writes nothing, and raises what `adopt` does."""
    return _decide(project, track, audio, project.lock)


def adopt(project: Project, track: TrackSpec, audio: Audio) -> Adoption:
    """Make audio the take that a track uses.

    Raises PolicyError while an order for it is open, and Claimed while a build runs.  Nothing is
    written then.
    """
    propose(project, track, audio)
    try:
        with claim(project.state, SystemClock()):
            lock = read_lock(project.lock_path, project.store)
            found = _decide(project, track, audio, lock)
            ensure_written(project.lock_path, lock)
            if found.purchase.audio == audio.digest:
                project.store.put(audio.data)
            if audio.output:  # what lies in its place is ours from now on
                project.store.put(audio.original)
            if found.lock is not lock:
                locks.save(project.lock_path, found.lock)
            return found
    except OSError as error:
        raise disk_failed(error) from None


def _read(path: Path) -> bytes:
    name = path.as_posix()
    try:
        return reading.contents(path, most=LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no file `{name}`") from None
    except reading.NotPlain:
        hint = "name the file itself, no link, pipe or folder"
        raise UsageError(f"`{name}` is not a plain file", hint=hint) from None
    except reading.TooLarge as error:
        raise UsageError(f"`{name}` {error.strerror}", hint="save it as FLAC or MP3") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"`{name}` can't be read: {why.lower()}") from None


def _tagged(data: bytes, form: str) -> tuple[Mapping[str, str], bytes]:
    """Return what tags of ours say in a file, and the file without any tag."""
    if form in tags.FORMATS:
        with suppress(IntegrityError):
            return tags.read(data, form), tags.audio_of(data, form)
    return {}, data


def _place(project: Project, path: Path) -> str:
    """Return a path as the manifest would write it, or nothing for one outside the project."""
    real, root = (Path(os.path.realpath(one)) for one in (path, project.root))
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else ""


def _kind(said: Mapping[str, str]) -> SourceType | None:
    with suppress(ValueError):
        return SourceType(said.get("source_type", "").removeprefix(tags.SOURCE_TYPES))
    return None


def _made(project: Project, place: str) -> SourceType | None:
    """Return how that was made which the lock has at a path: an edit of it is no other thing."""
    for name in project.lock.owners.get(place, ()):
        if bought := project.lock.purchases.get(project.lock.tracks[name].generate):
            if bought.adopted:
                return bought.adopted.kind
            with suppress(MusicbuildError, KeyError):  # its model may be here no longer
                return project.providers.model_of(bought.spec).kind
    return None


def _decide(project: Project, track: TrackSpec, audio: Audio, lock: Lock) -> Adoption:
    if any(one.master.part for one in track.outputs):
        raise UsageError(
            f"`{track.id}` wants notes or stems, and only its model makes those",
            hint="leave `stems` and `mid` out of it first",
        )
    _check_orders(project, track)
    deed, spec, after = _entered(track, audio, lock)
    if len(locks.dump(after)) > locks.LARGEST:
        raise IntegrityError(f"`{locks.FILE_NAME}` would be larger than may be read")
    others = tuple(
        one.id
        for one in project.tracks
        if one.id != track.id and picked(one, after).key == spec.key
    )
    return Adoption(track, deed, audio, spec, after.purchases[spec.key], after, others)


def _check_orders(project: Project, track: TrackSpec) -> None:
    wish = track.take(1)
    for payment in project.journal.payments():
        if payment.track == track.id or replace(payment.spec, take=1) == wish:
            raise PolicyError(
                f"an order of `{payment.track}` is open, and what comes of it would be one take"
                " more; nothing was adopted",
                hint=f"`musicbuild recover {payment.track}` looks after it first",
            )


def _entered(track: TrackSpec, audio: Audio, lock: Lock) -> tuple[Deed, GenerateSpec, Lock]:
    """Return what is to be done, the take that is used then, and the lock that says so."""
    current, locked = picked(track, lock), lock.tracks.get(track.id)
    usable = [one for one in taken(track, lock) if one.take <= track.takes or is_adopted(one, lock)]
    known = [spec for spec in usable if _is_of(spec, audio, lock, locked)]
    if current in known:
        corrected = _corrected(current, audio, lock)
        return Deed.KEPT if corrected is lock else Deed.CORRECTED, current, corrected
    if locked is None or not is_made_from(track, locked):
        spec = _next(track, lock)  # what was adopted last is used
        return Deed.ADOPTED, spec, lock.with_purchase(spec.key, _purchase(spec, audio))
    if known:
        deed, spec = Deed.PICKED, known[-1]
        lock = _corrected(spec, audio, lock)
    else:
        deed, spec = Deed.ADOPTED, _next(track, lock)
        lock = lock.with_purchase(spec.key, _purchase(spec, audio))
    other = 0 if spec.take == locked.take else spec.take
    return deed, spec, lock.with_track(track.id, replace(locked, picked=other))


def _is_of(spec: GenerateSpec, audio: Audio, lock: Lock, locked: LockedTrack | None) -> bool:
    """Tell whether a take is this very audio, or an output that was made from it."""
    if lock.purchases[spec.key].audio == audio.digest:
        return True
    if locked is None or locked.generate != spec.key:
        return False
    return any(one.audio_digest == audio.bare for one in locked.outputs.values())


def _corrected(spec: GenerateSpec, audio: Audio, lock: Lock) -> Lock:
    """Return the lock with how a take was made, if somebody says so now."""
    bought = lock.purchases[spec.key]
    if not audio.stated or bought.adopted is None or bought.adopted.kind is audio.kind:
        return lock
    adopted = replace(bought.adopted, kind=audio.kind)
    return lock.with_purchase(spec.key, replace(bought, adopted=adopted))


def _next(track: TrackSpec, lock: Lock) -> GenerateSpec:
    number = 1
    while track.take(number).key in lock.purchases:
        number += 1
    return track.take(number)


def _purchase(spec: GenerateSpec, audio: Audio) -> Purchase:
    return Purchase(
        provider=spec.provider,
        model=spec.model,
        prompt=spec.prompt,
        duration=spec.duration,
        options=spec.options,
        take=spec.take,
        generation=f"adopted-{audio.digest:.12}",
        audio=audio.digest,
        bytes=len(audio.data),
        seconds=audio.seconds,
        cost=FREE,
        bought=stamp(SystemClock().now()),
        adopted=Adopted(audio.file, audio.format, audio.kind),
    )
