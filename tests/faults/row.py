"""One class of faults: what goes wrong, and how a build of three tracks ends with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from specimens import spec, track
from studio import Studio

from musicbuild.events import BuildStarted

from .oracle import Audited

# Of an odd number of frames each, so that half of the audio breaks off within one.
MENU, BOSS, THEME = TRACKS = (
    track("menu", spec("Calm pads — für Élise", duration=15)),
    track("boss", spec("Loud drums", duration=21)),
    track("theme", spec("Slow strings\nand a flute ", duration=15)),
)

TIMES: Mapping[str, tuple[float, str]] = {
    "once": (1, ""),
    "thrice": (3, ""),
    "always": (math.inf, ""),
    "boss-always": (math.inf, BOSS.generate.prompt),
}
"""How often a fault strikes, and of which prompt: of that one alone, or of any."""


def nothing(_: Studio) -> None:
    pass


@dataclass(frozen=True)
class Row:
    """`codes` are the exit codes where it strikes once, thrice, always, and always one track.

    `halts` is whether one track that fails stops the others; `posts` how many orders a build may
    send at most.  `late` has the fault begin when the first order is about to be sent, and `lost`
    has the answers to so many orders lost besides.  `waste` are generations that were charged
    against the service's own terms, or that neither of its witnesses shows.
    """

    id: str
    phase: str
    name: str
    codes: str
    options: Mapping[str, Any] = field(default_factory=dict)
    polls: int = 0
    prepare: Callable[[Studio], None] = nothing
    late: bool = False
    lost: float = 0
    halts: bool = False
    posts: int = 6
    any_audio: bool = False
    waste: Callable[[Studio], set[str]] = lambda _: set()
    end: Callable[[Audited], None] = Audited.assert_done

    def code(self, times: str) -> int:
        return dict(zip(TIMES, map(int, self.codes.split()), strict=False))[times]

    @property
    def times(self) -> list[str]:
        return list(TIMES)[: len(self.codes.split())]

    def strike(self, studio: Studio, times: str) -> None:
        gateway = studio.gateway
        gateway.polls = self.polls
        self.prepare(studio)
        if self.lost:
            gateway.fault("post", "lost", times=self.lost)
        often, prompt = TIMES[times]

        def begin() -> None:
            gateway.fault(self.phase, self.name, times=often, prompt=prompt, **self.options)

        if not self.late:
            begin()
            return

        def hear(event: object) -> None:
            if isinstance(event, BuildStarted):
                studio.heard = lambda _: None
                begin()

        studio.heard = hear
