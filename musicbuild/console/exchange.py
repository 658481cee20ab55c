"""How an exchange with the team's store is told: what was moved, what is on neither side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, NamedTuple

from ..address import Shared
from ..events import Exchanged, ExchangeStarted, Passage, Watcher
from ..exchange import Moved
from ..hashing import Digest
from ..holdings import Holding
from .look import Look, Style, count, escape
from .telling import draws
from .terminal import Console
from .words import size


class Lack(Enum):
    """How grave it is that an object is not on the other side, whole."""

    LOST = "lost"
    DAMAGED = "damaged"
    MISSING = "missing"


STYLES: Mapping[Lack, Style] = {
    Lack.LOST: Style.ERROR,
    Lack.DAMAGED: Style.ERROR,
    Lack.MISSING: Style.DIM,
}


class Way(Enum):
    """What gives an object that is lacking."""

    FETCH = "`musicbuild build` asks {source} for it again, for nothing"
    ADOPT = "`musicbuild adopt` takes it from `{source}` once more"
    COMPOSE = "`musicbuild build` has it composed again, for nothing"
    MASTER = "`musicbuild build` makes it again from the audio, for nothing"
    AFTER = "`musicbuild build` makes it again once its audio is here, for nothing"
    HERE = "it is whole here"
    CHECK = "`musicbuild push --check` puts it right, from where it is whole"
    UNUSED = "no track needs it"


class Lacking(NamedTuple):
    """One object that is not there, and the way to it; `source` is who sold it."""

    holding: Holding
    lack: Lack
    way: Way
    source: str


@dataclass(frozen=True, slots=True)
class Told:
    """An exchange as a whole."""

    push: bool
    dry_run: bool
    shared: Shared
    moved: Moved
    lacking: Sequence[Lacking]

    def amount(self, passage: Passage) -> int:
        return len(self.moved.those(passage))

    @property
    def grave(self) -> list[Lacking]:
        return [one for one in self.lacking if one.lack is not Lack.MISSING]


def store_line(shared: Shared) -> str:
    """Say which store it is, where the manifest does not."""
    return f"the store is `{escape(shared.url)}`, as `{shared.variable}` says"


def exchange_lines(told: Told, look: Look) -> list[str]:
    """Word what is lacking, a line each, then what was moved, and what to type next."""
    listed = told.lacking if look.verbose else told.grave
    lines = [
        f" {look.paint(f'{one.lack.value:<8}', STYLES[one.lack])}"
        f" {escape(what(one.holding))}: {escape(way_out(one))}"
        for one in listed
    ]
    others = len(told.lacking) - len(listed)
    if others:
        lines.append(f" missing  {count(others, 'object')} more, and none is lost by it")
    lines.append(f" {look.paint(f'{_verb(told):<8}', Style.NEW)} {_sum(told)}")
    if not told.push and not told.dry_run and told.amount(Passage.MOVED):
        lines.append(" `musicbuild build` puts outputs in place, for nothing")
    return lines


def exchange_data(told: Told) -> dict[str, Any]:
    return {
        "store": told.shared.url,
        "named_by": told.shared.variable or "manifest",
        "dry_run": told.dry_run,
        "there": told.amount(Passage.THERE),
        "moved": told.amount(Passage.MOVED),
        "mended": told.amount(Passage.MENDED),
        "left": len(told.moved.left),
        "bytes": told.moved.bytes,
        "lacking": [_lacking(one) for one in told.lacking],
    }


def exchange_error(told: Told) -> str:
    """Say how many objects are gravely lacking, or nothing."""
    number = len(told.grave)
    return f"{count(number, 'object')} {'is' if number == 1 else 'are'} lost or damaged" * bool(
        number
    )


def what(holding: Holding) -> str:
    if not holding.is_audio:
        return f"`{holding.path}`"
    return f"the audio of `{holding.track}`" if holding.track else f"audio `{holding.key:.12}`"


def way_out(one: Lacking) -> str:
    return one.way.value.format(source=one.source)


@contextmanager
def watching(
    console: Console, holdings: Sequence[Holding], *, push: bool, dry_run: bool
) -> Iterator[Watcher]:
    """Give what tells an exchange while it runs: a bar, a line for each object, or nothing."""
    names = {one.digest: what(one) for one in holdings}
    verb = "send" if push else "fetch"
    if console.manner.json or console.manner.quiet:
        yield lambda _: None
    elif draws(console):
        bar = import_module(".bar", __package__)  # rich is slow to load
        with bar.bar(console.err, "sending" if push else "fetching") as watch:
            yield watch
    else:
        done = f"to {verb}" if dry_run else "sent" if push else "fetched"

        def tell(event: ExchangeStarted | Exchanged) -> None:
            if isinstance(event, Exchanged) and event.bytes:
                console.say([f"{done} {escape(names[event.digest])}, {size(event.bytes)}"])

        yield tell


def _verb(told: Told) -> str:
    if told.dry_run:
        return "to send" if told.push else "to fetch"
    return "sent" if told.push else "fetched"


def _sum(told: Told) -> str:
    moved, mended = told.amount(Passage.MOVED), told.amount(Passage.MENDED)
    said = f"{count(moved + mended, 'object')} ({size(told.moved.bytes)})"
    parts = [f"{said} {'to' if told.push else 'from'} `{escape(told.shared.url)}`"]
    if mended:
        parts.append(f"{mended} in place of damaged ones")
    there = told.amount(Passage.THERE)
    if there:
        parts.append(f"{there} {'was' if there == 1 else 'were'} {_there(told)}")
    return ", ".join(parts)


def _there(told: Told) -> str:
    return "there already" if told.push else "here already"


def _lacking(one: Lacking) -> dict[str, Any]:
    digest: Digest = one.holding.digest
    return {
        "problem": one.lack.value,
        "digest": digest,
        "track": one.holding.track or None,
        "output": one.holding.path or None,
        "message": what(one.holding),
        "hint": way_out(one),
    }
