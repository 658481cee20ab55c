"""Which take of a track's wish its outputs are made from, and what that asks of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .lock import Lock, LockedTrack, Purchase
from .spec import DELIVERED, NOTES, GenerateSpec, Output, TrackSpec

AS_DELIVERED = "mp3"
"""The format in which audio comes from providers."""


def picked(track: TrackSpec, lock: Lock) -> GenerateSpec:
    """Return the take that the outputs are made from: the one in the lock, else the first.

    A track that the lock doesn't know, or knows by another wish, takes what was adopted last for
    the present one: so that is kept when a track has another name, or a prompt comes back.
    """
    locked = lock.tracks.get(track.id)
    if locked is not None and is_made_from(track, locked):
        for number in filter(None, (locked.picked, locked.take)):
            spec = track.take(number)
            if number <= track.takes or is_adopted(spec, lock):
                return spec
    return _adopted_last(track, lock) or track.generate


def is_made_from(track: TrackSpec, locked: LockedTrack) -> bool:
    """Tell whether what the lock has of a track was made from a take of its present wish."""
    return track.take(locked.take).key == locked.generate


def taken(track: TrackSpec, lock: Lock) -> Iterator[GenerateSpec]:
    """Yield the takes that there are of a track's wish, also beyond those that are asked for."""
    number = 1
    while (spec := track.take(number)).key in lock.purchases or number < track.takes:
        if spec.key in lock.purchases:
            yield spec
        number += 1


def is_adopted(spec: GenerateSpec, lock: Lock) -> bool:
    """Tell whether a take was made elsewhere, so that nobody can give it again."""
    bought = lock.purchases.get(spec.key)
    return bought is not None and bought.adopted is not None


def fitted(track: TrackSpec, bought: Purchase) -> TrackSpec:
    """Return a track as it is to be made from this audio, which need not be as providers deliver.

    What else would stay as it is has to be encoded then.
    """
    if bought.adopted is None or bought.adopted.format == AS_DELIVERED:
        return track
    return replace(track, outputs=tuple(map(_encoded, track.outputs)))


def _encoded(output: Output) -> Output:
    master = output.master
    if master.format not in DELIVERED or master.part == NOTES:
        return output
    master = replace(master, lossless=False)
    return replace(output, master=master if master.changes_sound else replace(master, encode=True))


def _adopted_last(track: TrackSpec, lock: Lock) -> GenerateSpec | None:
    found = None
    for spec in taken(track, lock):
        if is_adopted(spec, lock):
            found = spec
    return found
