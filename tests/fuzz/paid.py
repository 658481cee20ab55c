"""One payment as a journal tells of it, stage by stage, and what may befall its file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from specimens import purchase, spec

from musicbuild import durable
from musicbuild.cost import Cost
from musicbuild.journal import Journal
from musicbuild.lock import Lock, LockedOutput, LockedTrack, Purchase
from musicbuild.payment import Payment

from .ground import ground

WHEN = datetime(2026, 11, 23, 2, 11, 34, tzinfo=UTC)
WISH = spec("Calm «pads»\n80 BPM", duration=30.5, options=(("loop", True), ("strength", 0.5)))
BOUGHT = purchase(WISH, seconds=30.024)
INTENDED = Payment(
    *("attempt-1", WISH, WHEN, frozenset({"gen_1", "gen_2"}), "menu"),
    quote=BOUGHT.cost,
    balance=replace(BOUGHT.cost, amount=BOUGHT.cost.amount * 9),
)
ACCEPTED = replace(INTENDED, generation="gen_3")
STAGES = (INTENDED, ACCEPTED, replace(ACCEPTED, purchase=BOUGHT))

MOST_BLOWS = 8


def bought(cost: Cost) -> Purchase:
    return replace(BOUGHT, cost=cost)


def locked() -> Lock:
    """Return a lock of two purchases, and of a track that is made from one of them."""
    other = purchase(spec("Loud", take=2))
    digest = BOUGHT.audio
    track = LockedTrack(
        *(WISH.key, 1, {"audio/menu.mp3": LockedOutput(digest, digest, digest)}),
        tags={"title": "Menu «1»", "prompt": True},
        draft=True,
    )
    whole = Lock().with_purchase(WISH.key, BOUGHT).with_purchase(spec("Loud", take=2).key, other)
    return whole.with_track("menu", track)


@cache
def written() -> bytes:
    """Return the file that a journal writes for a payment."""
    durable_sync, durable.os.fsync = durable.os.fsync, lambda _: None
    try:
        journal = Journal(ground() / "written")
        journal.intend(INTENDED)
        journal.accept(INTENDED.attempt, ACCEPTED.generation)
        journal.deliver(INTENDED.attempt, BOUGHT)
    finally:
        durable.os.fsync = durable_sync
    return (journal.folder / f"{INTENDED.attempt}.jsonl").read_bytes()


def spoiled(data: bytes, blows: bytes) -> bytes:
    """Return a file after some blows, each of four bytes: which, where (two), and how much."""
    for start in range(0, min(len(blows) // 4, MOST_BLOWS) * 4, 4):
        which, high, low, much = blows[start : start + 4]
        data = _struck(data, which % 8, (high << 8 | low) % (len(data) + 1), much)
    return data


def _struck(data: bytes, which: int, place: int, much: int) -> bytes:
    before, after = data[:place], data[place:]
    part, rest = after[:much], after[much:]
    match which:
        case 0:
            return before + bytes(one ^ (much or 1) for one in after[:1]) + after[1:]
        case 1:
            return before
        case 2:
            return before + rest
        case 3:
            return before + bytes((much,)) + after
        case 4:
            return before + bytes(len(part)) + rest
        case 5:
            return before + part + part + rest
        case 6:
            return before + part[::-1] + rest
        case _:
            line = data.splitlines(keepends=True)
            return b"".join(line[: much % 4] + line[much % 4 + 1 :] if place % 2 else line[::-1])
