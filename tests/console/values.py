"""Steps, plans and events that the tests of the console share."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from musicbuild.console.look import Look
from musicbuild.console.plan import Shown
from musicbuild.console.summary import Tally
from musicbuild.cost import Cost
from musicbuild.events import (
    Bought,
    BuildFinished,
    BuildStarted,
    Ordered,
    Searching,
    TrackFinished,
    TrackStarted,
    Waiting,
)
from musicbuild.hashing import Digest
from musicbuild.lock import Purchase
from musicbuild.spec import GenerateSpec, MasterSpec, Output, Tags, TrackSpec
from musicbuild.steps import (
    Cause,
    Generate,
    Keep,
    Plan,
    Reason,
    Tag,
)

LOOK = Look(width=80)
COLOR = Look(color=True, width=80)
TOKENS = Cost(Decimal(9), "tokens")


def track(name, *, model="musicgen", seconds=60, prompt="Calm", takes=1):
    spec = GenerateSpec("elumenta", model, prompt, seconds)
    output = Output(f"audio/{name}.mp3", MasterSpec("mp3", Tags(title=name.title())))
    return TrackSpec(name, spec, (output,), takes)


def generate(one, *reasons, quote=TOKENS, draft=False):
    return Generate(one, reasons, one.wishes, (quote,) * one.takes, draft)


def purchase(**changes):
    found = Purchase(
        provider="elumenta",
        model="musicgen",
        prompt="Calm synthwave",
        duration=60,
        options=(),
        take=1,
        generation="gen_1",
        audio=Digest("ab" * 32),
        bytes=1000,
        seconds=60.0,
        cost=TOKENS,
        bought="2026-11-02T10:00:00Z",
    )
    return replace(found, **changes)


NEW = Reason(Cause.NEW)
BOSS = generate(track("boss-1", model="elevenlabs-music"), NEW, quote=Cost(Decimal(58), "tokens"))
MENU = generate(
    track("menu"),
    Reason(Cause.PROMPT, "Calm synthwave, 80 BPM", "Calm synthwave, soft pads, 80 BPM"),
)
CREDITS_TRACK = track("credits", seconds=30)
CREDITS = Tag(
    CREDITS_TRACK,
    (Reason(Cause.TAGS, "title: Credits", "title: End Credits"),),
    CREDITS_TRACK.outputs,
    CREDITS_TRACK.generate,
)
KEPT = tuple(Keep(track(f"explore-{number}")) for number in range(1, 10))
PLAN = Plan((BOSS, MENU, CREDITS, *KEPT), ())
SHOWN = Shown("Nightfall", PLAN, {"tokens": Decimal(134)}, {"tokens": Decimal(300)})


def of(*steps, spent=None, budget=None, orphans=(), album="Nightfall"):
    return Shown(album, Plan(steps, orphans), spent or {}, budget or {})


def text(lines):
    return "\n".join(lines) + "\n"


def whole(expected):
    """Return text as it is written in a test; its last line says how far it is indented."""
    margin = expected.rpartition("\n")[2]
    return (
        expected.removeprefix("\n")
        .replace(f"\n{margin}    ", "\n")
        .removeprefix(f"{margin}    ")
        .removesuffix(margin)
    )


def events(*more):
    menu = MENU.track
    plan = Plan((MENU, CREDITS, *KEPT), ())
    return [
        BuildStarted(plan),
        TrackStarted("menu", MENU),
        Ordered("menu", menu.generate, "gen_1"),
        Waiting("menu", 20.0),
        Searching("menu", 61.2),
        Bought("menu", menu.generate, TOKENS, 60.04),
        TrackFinished("menu", MENU),
        TrackStarted("credits", CREDITS),
        TrackFinished("credits", CREDITS),
        *more,
    ]


END = BuildFinished({"tokens": Decimal(9)}, 2, 0, 0)


def heard(*all_events):
    tally = Tally()
    for event in all_events:
        tally.hear(event)
    return tally
