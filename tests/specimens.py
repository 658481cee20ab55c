"""Specs, purchases and a disk on paper: the values that most tests begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from musicbuild.cost import FREE, Cost
from musicbuild.hashing import Digest, digest_bytes, digest_value
from musicbuild.lock import Lock, LockedOutput, LockedTrack, Purchase
from musicbuild.outputs import Found
from musicbuild.plan import tags_of
from musicbuild.spec import GenerateSpec, MasterSpec, Output, Tags, Tolerances, TrackSpec
from musicbuild.steps import Generate, Lost, Master, Plan, Restore, Step

UNMEASURED = Tolerances(measured=False)
PRICES = {"elumenta": Cost(Decimal(9), "tokens"), "sketch": FREE}
"""What a generation costs; of any other provider it is not known."""


def spec(prompt: str = "Calm pads", **more) -> GenerateSpec:
    """Wish for a paid piece, unless told otherwise."""
    return GenerateSpec(
        **{"provider": "elumenta", "model": "musicgen", "duration": 30, "prompt": prompt, **more}
    )


def sketch(prompt: str = "Calm pads", **more) -> GenerateSpec:
    return spec(prompt, **{"provider": "sketch", "model": "sketch-1", **more})


def track(
    name: str = "menu",
    wish: GenerateSpec | str = "Calm pads",
    *,
    paths: Iterable[str] | None = None,
    takes: int = 1,
    labels: tuple[str, ...] = (),
    cover: str = "",
    **tags,
) -> TrackSpec:
    """Wish for a track of one output, `audio/<name>.mp3`, titled as it is named.

    It is not measured, which has tests of its own.
    """
    master = MasterSpec("mp3", Tags(**{"title": name.title(), **tags}))
    paths = [f"audio/{name}.mp3"] if paths is None else paths
    return TrackSpec(
        id=name,
        generate=spec(wish) if isinstance(wish, str) else wish,
        outputs=tuple(Output(path, master) for path in paths),
        takes=takes,
        labels=labels,
        cover=cover,
        qc=UNMEASURED,
    )


def draft_of(wanted: TrackSpec) -> TrackSpec:
    """Give the free stand-in of a track, as a project does."""
    wish = replace(wanted.generate, provider="sketch", model="sketch-1", options=(), take=1)
    return replace(wanted, generate=wish, takes=1)


def price(wish: GenerateSpec) -> Cost | None:
    return PRICES.get(wish.provider)


def purchase(wish: GenerateSpec, **more) -> Purchase:
    """Pay for a spec; the audio is told by its key."""
    paid = price(wish)
    told = {
        "provider": wish.provider,
        "model": wish.model,
        "prompt": wish.prompt,
        "duration": wish.duration,
        "options": wish.options,
        "take": wish.take,
        "generation": f"gen_{wish.key[:8]}",
        "audio": digest_bytes(wish.key.encode()),
        "bytes": 480_000,
        "seconds": 30.024,
        "cost": Cost(Decimal(7), "tokens") if paid is None else paid,
        "bought": "2026-11-23T02:11:34Z",
    }
    return Purchase(**{**told, **more})


@dataclass
class Paper:
    """A disk on paper: what the store holds, and what lies at which path."""

    store: set[Digest] = field(default_factory=set)
    files: dict[str, Found] = field(default_factory=dict)

    def holds(self, digest: Digest) -> bool:
        return digest in self.store

    def find(self, path: str) -> Found | None:
        return self.files.get(path)

    def scribble(self, path: str, text: str = "by hand") -> None:
        self.files[path] = Found(digest_bytes(text.encode()))

    def unfetch(self, path: str) -> None:
        self.files[path] = replace(self.files[path], fetched=False)


def carry_out(plan: Plan, lock: Lock, disk: Paper) -> Lock:
    """Do on paper what a build does, and return the lock that it leaves."""
    for step in plan.to_do:
        lock = _carry_out(step, lock, disk)
    return lock


def _carry_out(step: Step, lock: Lock, disk: Paper) -> Lock:
    match step:
        case Generate(track=wanted):
            for wish in step.specs:
                paid = wish.key not in lock.purchases
                assert paid or not price(wish), f"{wish} is bought a second time"
                lock = lock.with_purchase(wish.key, purchase(wish))
                disk.store.add(lock.purchases[wish.key].audio)
            return finish(wanted, wanted.outputs, lock, disk, draft=step.draft)
        case Master(track=wanted):
            return finish(wanted, step.outputs, lock, disk, wish=step.spec, draft=step.draft)
        case Lost(track=wanted):
            disk.store.add(step.purchase.audio)
            return finish(wanted, wanted.outputs, lock, disk)
        case Restore():
            disk.files.update({path: Found(digest) for path, digest in step.objects.items()})
    return lock


def finish(
    wanted: TrackSpec,
    outputs: Iterable[Output],
    lock: Lock,
    disk: Paper,
    *,
    wish: GenerateSpec | None = None,
    draft: bool = False,
) -> Lock:
    before = lock.tracks.get(wanted.id)
    if wish is None:
        same = [one for one in wanted.wishes if before and one.key == before.generate]
        wish = same[0] if same else wanted.generate
    made = {
        path: out for path, out in (before.outputs if before else {}).items() if disk.find(path)
    }
    for output in outputs:
        audio = lock.purchases[wish.key].audio
        master, sound = output.master.key(audio), output.master.sound_key(audio)
        digest = digest_value("output", 1, master)
        made[output.path] = LockedOutput(master, digest, audio, output.master.part, sound)
        disk.store.add(digest)
        disk.files[output.path] = Found(digest)
    return lock.with_track(
        wanted.id, LockedTrack(wish.key, wish.take, made, tags_of(wanted), draft)
    )
