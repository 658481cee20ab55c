"""A paid service in memory: it stands where HTTP would, and keeps a ledger of its own.

The real connection speaks to it, but for the bytes on a wire.  What goes wrong is drawn by chance:
for 62 of 100 orders something does.  An order may be enqueued late, and be listed later still;
all in all within the settling time, as the service promises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any

from gateway_audio import mp3

from musicbuild.clock import Clock, stamp
from musicbuild.errors import Busy, NotSent, Unavailable, Undelivered
from musicbuild.providers import Connection
from musicbuild.providers.credentials import Secret
from musicbuild.providers.download import Expired
from musicbuild.providers.elumenta import PROVIDER, Elumenta
from musicbuild.providers.elumenta_api import Elumenta as ElumentaConnection
from musicbuild.providers.verdict import Answer, lost

from .turns import START, Time

RATE = 0.62
PRICE = 9
BASE = "https://elumenta.example"
SECRET = Secret("nb_0123456789abcdefghijklmnop")
PAGE = b"<!doctype html><html><body>Bad gateway</body></html>"
MUTE = (b"", PAGE, b'{"id":', b'{"status": "pending"}', b'{"id": null}', b'{"id": "../me"}', b"[]")
WAITS = (None, 0, 5, 40, 299, 400, 3600, -1, "soon", True, [1])

POST_FAULTS = {
    "unsent": 2,  # no connection
    "unread": 4,  # no answer, and nothing is enqueued
    "lost": 6,  # enqueued, and no answer
    "late": 4,  # enqueued within a minute, and no answer
    "refused": 2,
    "busy": 4,
    "odd": 5,  # a status that tells nothing, enqueued or not
    "mute": 3,  # enqueued, and an answer without an id
    "failed": 3,  # enqueued, and not charged in the end
}
GET_FAULTS = {"gone": 3, "busy": 2, "odd": 1}
POLL_FAULTS = {"regress": 3, "no-url": 1, "unknown": 1}


@dataclass(slots=True)
class Generation:
    """One generation; moments are in simulated seconds.  `foreign` is somebody else's."""

    id: str
    model: str
    prompt: str
    duration: int
    enqueued: float
    ready: float
    seen: float
    listed: float
    fails: bool = False
    foreign: bool = False
    expired: bool = False
    damaged: bool = False


@dataclass(slots=True)
class Service:
    """What elumenta's API would be, `post` and `get` as its client calls them.

    `script` are the faults of the next orders, before chance has its way; `limit` is the most
    that may be spent; `ordered` hears of each order before anything becomes of it, and
    `asked` of each generation that is asked for.
    """

    chance: Random
    time: Time
    check: Callable[[], None]
    rate: float = RATE
    balance: str = "exact"
    generations: list[Generation] = field(default_factory=list)
    script: list[str] = field(default_factory=list)
    limit: int | None = None
    ordered: Callable[[Mapping[str, Any]], None] = lambda _: None
    asked: Callable[[str], None] = lambda _: None

    @property
    def charges(self) -> list[Generation]:
        """Return what is paid for: all of ours but what failed."""
        return [one for one in self.generations if not (one.fails or one.foreign)]

    @property
    def spent(self) -> int:
        return PRICE * len(self.charges)

    def close(self) -> None: ...

    def post(self, path: str, body: Mapping[str, Any], **_: Any) -> Answer:
        """Take an order, or seem to; the ledger has it before the answer leaves."""
        del path
        self.check()
        self.ordered(body)
        match self.script.pop(0) if self.script else self._strike(self.rate, POST_FAULTS):
            case "unsent":
                self._pass(10)
                raise NotSent("no connection")
            case "unread":
                self._pass(120)
                raise lost("the connection broke")
            case "lost":
                self.enqueue(body)
                self._pass(120)
                raise lost("the answer timed out")
            case "late":
                self.enqueue(body, late=self.chance.uniform(0, 60))
                self._pass(120)
                raise lost("the answer timed out")
            case "refused":
                return self._refusal(self.chance.choice([400, 422, 403, 401, 402, 307, 308]))
            case "busy":
                return self._refusal(self.chance.choice([429, 503]), self.chance.choice(WAITS))
            case "odd":
                if self.chance.random() < 0.5:
                    self.enqueue(body)
                self._pass(60)
                return self._answer(self.chance.choice([500, 502, 503, 504, 302, 409, 520]), PAGE)
            case "mute":
                self.enqueue(body)
                return self._answer(200, self.chance.choice(MUTE))
            case "failed":
                made = self.enqueue(body, fails=True)
            case _:
                made = self.enqueue(body)
        self._pass(2)
        return self._told({"id": made.id, "status": "pending"})

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        del query
        self._pass(2)
        match self._strike(self.rate / 4, GET_FAULTS):
            case "gone":
                raise Unavailable("no connection")
            case "busy":
                raise Busy("busy", retry_after=self.chance.choice([None, 0, 40]))
            case "odd":
                return self._refusal(403)
        match path.removeprefix("/api/v2/").split("/"):
            case ["balance"]:
                return self._told({"token_balance": self._left()})
            case ["user", "history"]:
                items = [self._item(one) for one in self.generations if one.listed <= self._now]
                return self._told({"items": items, "total": len(items)})
            case ["generate", id_]:
                return self._status(id_)
        return self._refusal(404)

    def fetch(self, url: str, **_: Any) -> bytes:
        """Give the audio at a URL, as a download would."""
        self._pass(2)
        made = next(one for one in self.generations if one.id == url.rpartition("/")[2])
        if made.expired:
            made.expired = False
            raise Expired("the URL is no longer good")
        if self._strike(self.rate / 8, {"gone": 1}):
            raise Undelivered("the audio can't be fetched")
        audio = sound(made.id)
        if made.damaged:
            made.damaged = False
            return audio[: len(audio) - 17]
        return audio

    def enqueue(
        self,
        body: Mapping[str, Any],
        *,
        late: float = 0,
        fails: bool = False,
        foreign: bool = False,
    ) -> Generation:
        """Enter a generation into the ledger."""
        chance, calm = self.chance, self.rate == 0
        enqueued = self._now + late
        ready = enqueued + (5 if calm else chance.uniform(0, 60))
        lag = 0 if calm else chance.choice([0, chance.uniform(0, 120)])
        shown = ready if not calm and chance.random() < 0.5 else enqueued
        made = Generation(
            id=f"gen-{len(self.generations):04d}",
            model=body["model"],
            prompt=body["prompt"],
            duration=body["duration"],
            enqueued=enqueued,
            ready=ready,
            seen=enqueued if calm else enqueued + chance.choice([0, chance.uniform(0, 60)]),
            listed=shown + lag,
            fails=fails,
            foreign=foreign,
            expired=not calm and chance.random() < 0.1,
            damaged=not calm and chance.random() < 0.1,
        )
        self.generations.append(made)
        return made

    @property
    def _now(self) -> float:
        return self.time.passed

    def _pass(self, most: float) -> None:
        self.time.sleep(self.chance.uniform(0, most))

    def _strike(self, rate: float, faults: Mapping[str, int]) -> str:
        if self.chance.random() >= rate:
            return ""
        return self.chance.choices(list(faults), list(faults.values()))[0]

    def _left(self) -> int:
        if self.balance == "stale":
            return 100_000
        gone = [one for one in self.generations if not one.foreign and one.enqueued <= self._now]
        if self.balance == "exact":  # else an order that will fail counts until it does
            gone = [one for one in gone if not one.fails]
        else:
            gone = [one for one in gone if not (one.fails and one.ready <= self._now)]
        return 100_000 - PRICE * len(gone)

    def _status(self, id_: str) -> Answer:
        self.asked(id_)
        made = next((one for one in self.generations if one.id == id_), None)
        if made is None or made.seen > self._now:
            return self._refusal(404)
        told = self._item(made)
        match self._strike(self.rate / 4, POLL_FAULTS) if made.ready <= self._now else "":
            case "regress":
                told["status"] = "pending"
            case "no-url":
                del told["output_url"]
            case "unknown":
                told["status"] = "polishing"
        return self._told(told)

    def _item(self, made: Generation) -> dict[str, Any]:
        told = {
            "id": made.id,
            "status": "pending",
            "model": made.model,
            "prompt": made.prompt,
            "created_at": stamp(START + timedelta(seconds=made.enqueued)),
        }
        if made.ready <= self._now:
            told["status"] = "failed" if made.fails else "completed"
            told |= {"output_url": f"{BASE}/{made.id}", "tokens_used": PRICE}
            told["duration_seconds"] = made.duration
        return told

    def _refusal(self, status: int, wait: object = None) -> Answer:
        self._pass(1)
        told = {"error": "refused", "message": "not now", "retry_after": wait}
        return self._answer(status, json.dumps(told).encode())

    def _told(self, told: Mapping[str, Any]) -> Answer:
        return self._answer(200, json.dumps(told).encode())

    def _answer(self, status: int, body: bytes) -> Answer:
        return Answer(status, {}, body, SECRET)


@lru_cache(maxsize=1024)
def sound(id_: str) -> bytes:
    """Return the shortest music there is, another for each generation."""
    return mp3(id_, 0.12)


@dataclass(frozen=True, slots=True)
class SimulatedElumenta(Elumenta):
    """The real provider as far as it is known offline, in front of a simulated service."""

    service: Callable[[], Service] = lambda: None

    def connect(self, environment: Mapping[str, str], clock: Clock) -> Connection:
        del environment
        return ElumentaConnection(
            PROVIDER, self.service(), clock, base=BASE, secret=SECRET, poll=5.0
        )
