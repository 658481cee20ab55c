"""A stand-in for the paid service: a real HTTP server on loopback, with a ledger of its own.

It shares no code with the client that it tries.  Every charge is in the ledger before the answer
leaves, so the ledger is the oracle for "never paid twice".

    with Gateway() as gateway:
        gateway.fault("post", "lost")
        subprocess.run([...], env={**os.environ, **gateway.environment})
        assert len(gateway.charges) == 1

or `python tests/gateway.py --port 0 --ledger FILE`, whose first line of output is its URL.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from gateway_answers import Handler
from gateway_wire import Server

KEY = "nb_CANARY0" + "0123456789abcdefABCDEF" + "zyxwvutsrqponmlk"
PRICES: Mapping[str, int] = {"musicgen": 9, "elevenlabs-music": 58}


@dataclass(frozen=True, slots=True)
class Charge:
    id: str
    model: str
    prompt: str
    duration: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in; header names are in lower case, `port` is the client's."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int


@dataclass(slots=True)
class Generation:
    """One generation of the account; `polls` and `reads` are those still to come.

    It is pending for so many polls, completed without a URL for so many more, and not in the
    history for so many reads of it.
    """

    id: str | int
    model: str
    prompt: str
    duration: int
    tokens: int
    created: datetime
    dialect: int
    polls: int = 0
    polls_without_url: int = 0
    hidden_reads: int = 0
    failure: str = ""
    link: int = 0
    kind: str = "audio"
    downloads: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    `queued` is whether a POST is accepted, and charged, all the same; None leaves that to the
    kind of fault.  With a `prompt` it strikes only what has to do with that prompt.
    """

    name: str
    queued: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = ""


class Gateway:
    """The service.  Everything in it may be read and changed while it runs.

    `dialect` is 1, 2 or "mixed"; `polls` how often a new generation is still pending;
    `hidden_reads` how often the history is read before it shows a new generation.
    """

    def __init__(
        self,
        *,
        dialect: int | str = 1,
        polls: int = 0,
        hidden_reads: int = 0,
        balance: int = 3000,
        ledger: Path | None = None,
        port: int = 0,
    ) -> None:
        self.dialect = dialect
        self.polls = polls
        self.hidden_reads = hidden_reads
        self.balance = balance
        self.ledger = ledger
        self.key = KEY
        self.pages_field = True
        self.oldest_first = False
        self.finished_only = False
        self.most_a_page = 100
        self.delayed: list[list[Any]] = []
        self.strangers: list[Generation] = []
        self.total_field = True
        self.remaining_hour: int | None = None
        self.reset_hour: int | str | None = None
        self.status_path = "/api/v2/generate/"
        self.charges: list[Charge] = []
        self.requests: list[Seen] = []
        self.generations: list[Generation] = []
        self.lock = threading.RLock()
        self.faults: dict[str, list[tuple[Fault, float]]] = {}
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.gateway = self  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def restart(self) -> None:
        """Go down and come up again at the same place, with all that was known."""
        place = self.server.server_address
        self.server.shutdown()
        self.server.server_close()
        self.server = Server(place, Handler)
        self.server.gateway = self  # type: ignore[attr-defined]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which a musicbuild of another process comes here."""
        return {
            "ELUMENTA_API_KEY": self.key,
            "ELUMENTA_BASE_URL": self.url,
            "ELUMENTA_POLL_SECONDS": "0.02",
        }

    @property
    def posts(self) -> list[Seen]:
        return self.seen("POST")

    def seen(self, method: str, start: str = "/") -> list[Seen]:
        with self.lock:
            return [
                one for one in self.requests if one.method == method and one.path.startswith(start)
            ]

    def fault(
        self,
        phase: str,
        name: str,
        *,
        times: float = 1,
        queued: bool | None = None,
        prompt: str = "",
        **options: Any,
    ) -> None:
        """Let the next requests of a phase go wrong: post, poll, history, balance, download.

        `times` may be `math.inf`.  Several faults of a phase strike one after another; `name` is
        one of `gateway_answers.NAMES`, or a status such as `500`, `503-html`, `302`.
        """
        with self.lock:
            self.faults.setdefault(phase, []).append((Fault(name, queued, options, prompt), times))

    def strike(self, phase: str, *, prompt: str = "", only: str = "") -> Fault | None:
        """Take the fault that is due in a phase; with `only`, no other than that one."""
        with self.lock:
            due = self.faults.get(phase)
            if not due or (only and due[0][0].name != only):
                return None
            if due[0][0].prompt not in ("", prompt):
                return None
            fault, times = due.pop(0)
            if times > 1:
                due.insert(0, (fault, times - 1))
            return fault

    def queue(self, model: str, prompt: str, duration: int, fault: Fault | None) -> Generation:
        """Accept a generation: charge it, write that down, and only then return."""
        with self.lock:
            options = fault.options if fault else {}
            made = self.add(
                model,
                prompt,
                duration=duration,
                polls=options.get("polls", self.polls),
                hidden_reads=options.get("hidden_reads", self.hidden_reads),
                polls_without_url=options.get("polls_without_url", 0),
                failure=options.get("failure", ""),
            )
            if not made.failure or options.get("charged"):
                charge = Charge(str(made.id), model, prompt, duration, made.tokens)
                self.balance -= made.tokens
                self.charges.append(charge)
                self._write(charge)
            return made

    def add(
        self,
        model: str,
        prompt: str,
        *,
        duration: int = 30,
        created: datetime | None = None,
        **more: Any,
    ) -> Generation:
        """Put a generation into the account that this ledger does not charge."""
        with self.lock:
            serial = len(self.generations) + len(self.strangers) + 1
            dialect = serial % 2 + 1 if self.dialect == "mixed" else int(self.dialect)
            made = Generation(
                id=f"gen_01j9x2{serial:06d}" if dialect == 1 else 18501 + serial,
                model=model,
                prompt=prompt,
                duration=duration,
                tokens=PRICES.get(model, 2),
                created=created or datetime.now(UTC) + timedelta(microseconds=serial),
                dialect=dialect,
                **more,
            )
            self.generations.append(made)
            return made

    def delay(self, model: str, prompt: str, duration: int, *, reads: int) -> None:
        """Accept a generation only when the history was read so often."""
        with self.lock:
            self.delayed.append([reads, model, prompt, duration])

    def tick(self) -> None:
        """Let what waits for readings of the history go on by one."""
        with self.lock:
            for one in self.generations:
                one.hidden_reads -= 1
                one.polls -= 1 if self.finished_only and one.polls > 0 else 0
            for one in self.delayed:
                one[0] -= 1
            for _, model, prompt, duration in [one for one in self.delayed if one[0] <= 0]:
                self.queue(model, prompt, duration, None)
            self.delayed = [one for one in self.delayed if one[0] > 0]

    def find(self, wanted: str) -> Generation | None:
        with self.lock:
            return next((one for one in self.generations if str(one.id) == wanted), None)

    def stranger(self, wanted: str) -> Generation | None:
        with self.lock:
            return next((one for one in self.strangers if str(one.id) == wanted), None)

    def note(self, method: str, path: str, headers: dict[str, str], body: bytes, port: int) -> None:
        with self.lock:
            self.requests.append(Seen(method, path, headers, body, port))

    def state(self) -> dict[str, Any]:
        """Return what `GET /stand-in/state` shows to a test in another process."""
        with self.lock:
            return {
                "charges": [asdict(one) for one in self.charges],
                "requests": [f"{one.method} {one.path}" for one in self.requests],
                "balance": self.balance,
            }

    def _write(self, charge: Charge) -> None:
        if self.ledger is not None:
            with self.ledger.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(charge)) + "\n")
                file.flush()
                os.fsync(file.fileno())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--dialect", default="1", choices=("1", "2", "mixed"))
    parser.add_argument("--polls", type=int, default=0)
    parser.add_argument("--hidden-reads", type=int, default=0)
    parser.add_argument("--balance", type=int, default=3000)
    parser.add_argument(
        "--fault", action="append", default=[], metavar="PHASE:NAME[:TIMES]", help="`inf` = always"
    )
    asked = parser.parse_args()
    with Gateway(
        dialect=asked.dialect,
        polls=asked.polls,
        hidden_reads=asked.hidden_reads,
        balance=asked.balance,
        ledger=asked.ledger,
        port=asked.port,
    ) as gateway:
        for written in asked.fault:
            phase, name, times = [*written.split(":"), "1"][:3]
            gateway.fault(phase, name, times=math.inf if times == "inf" else int(times))
        print(gateway.url, flush=True)  # noqa: T201 - the one line that a parent process reads
        gateway.thread.join()


if __name__ == "__main__":
    main()
