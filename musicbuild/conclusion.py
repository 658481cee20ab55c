"""What is written down of a run that found nothing to do: what it said, and of which manifest."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import fields, memory, reading, state
from .cost import Totals, plain
from .lock import FILE_NAME
from .memory import Sight, is_settled
from .state import Verdict

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""What folders are called that only installers write to."""

MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Noted:
    """A manifest of which nothing was to do: its text, and what is known of it as a whole.

    `ids` are its tracks, `weight` is how much it holds, `spent` what its lock says was paid,
    `budget` what may be, and `orphans` the outputs in the lock that none of its tracks makes, by
    whose they were.
    """

    text: str
    ids: Sequence[str]
    weight: Mapping[str, int]
    spent: Totals
    budget: Totals
    orphans: Mapping[str, Sequence[str]]


def conclude(
    records: Path,
    sight: Sight,
    *,
    inputs: Iterable[str],
    answers: Sequence[str],
    noted: Noted,
) -> None:
    """Write down that nothing is to do, if the stamps of all that was looked at can tell.

    `inputs` are the files and folders besides outputs that the answers came from, the manifest
    first, as seen from its folder.  `noted` must have been read before.
    """
    outputs = [path for path, found in sight.seen.items() if found]
    missing = [path for path, found in sight.seen.items() if not found]
    if sight.asked or len(sight.settled) < len(outputs):
        return
    tool = {place: Path(place).exists() for place in _tool()}
    inputs = [*inputs, *(place for place, there in tool.items() if there)]
    folders = sorted({above for name in (*inputs, *outputs, *missing) for above in _above(name)})
    with suppress(OSError, OverflowError):
        stamps = state.stamps(_placed(records, inputs))
        if not _can_tell(stamps, sight.since, _placed(records, [*inputs, *folders])):
            return
        verdict = Verdict(
            tool=state.tool(),
            inputs=inputs,
            outputs=outputs,
            folders=folders,
            absent=[*missing, *(place for place, there in tool.items() if not there)],
            stamps=[*stamps, *(one for path in outputs for one in sight.settled[path][0])],
            identities=state.identities(_placed(records, folders)),
            answers=list(answers),
        )
        memory.replace(records, state.NAME, state.dump(verdict))
        memory.write(records, MANIFEST, _noted(noted, stamps[:4]))


def noted(records: Path) -> Noted | None:
    """Return what is known of a manifest, if nothing else has changed since nothing was to do.

    That the lock has not tells that it was so here: nobody can guess its stamp who puts a verdict
    of his own into a repository.
    """
    root = records.parent
    try:
        verdict = state.load(reading.contents(root / state.FOLDER / state.NAME, most=state.LARGEST))
        if FILE_NAME not in verdict.inputs or not verdict.holds(str(root), edited=True):
            return None
        facts, _, text = memory.read(records, MANIFEST).partition(b"\n")
        value = json.loads(facts)
        if value["stamp"] != verdict.stamps[:4]:
            return None
        return Noted(
            text.decode(),
            tuple(map(fields.text, value["ids"])),
            {name: fields.count(number) for name, number in value["weight"].items()},
            _totals(value["spent"]),
            _totals(value["budget"]),
            {name: tuple(map(fields.text, paths)) for name, paths in value["orphans"].items()},
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _can_tell(stamps: Sequence[int], since: int, places: Iterable[str]) -> bool:
    """Tell whether stamps would show each change: all are settled, and no place is a link."""
    rows = zip(*[iter(stamps)] * 4, strict=True)
    settled = all(is_settled(row, since) for row in rows)
    return settled and not any(Path(place).is_symlink() for place in places)


def _noted(noted: Noted, stamp: Sequence[int]) -> bytes:
    facts = {
        "stamp": stamp,
        "ids": noted.ids,
        "weight": noted.weight,
        "spent": {unit: plain(amount) for unit, amount in noted.spent.items()},
        "budget": {unit: plain(amount) for unit, amount in noted.budget.items()},
        "orphans": noted.orphans,
    }
    return json.dumps(facts).encode() + b"\n" + noted.text.encode()


def _totals(value: Mapping[str, str]) -> Totals:
    return {fields.text(unit): fields.amount(amount) for unit, amount in value.items()}


def _tool() -> list[str]:
    """Return the places whose change may be that of the program, or of a plug-in of its own.

    An installer changes the folders; where the program or a plug-in is worked on, its files change.
    """
    places = [place for place in state.places() if Path(place).is_absolute()]
    places += _loaded()
    ours = Path(state.__file__).parent
    if ours.parent.name in INSTALLED:
        return places
    return list(dict.fromkeys([*places, *map(str, ours.rglob("*.py"))]))


def _loaded() -> list[str]:
    """Return the files of modules that neither an installer nor Python itself brought."""
    python = Path(os.__file__).parent
    modules = [one for name, one in sys.modules.items() if name != "__main__"]  # a link may be that
    files = [getattr(module, "__file__", None) or "" for module in modules]
    return [
        file
        for file in files
        if Path(file).is_absolute()
        and INSTALLED.isdisjoint(Path(file).parts)
        and not Path(file).is_relative_to(python)
    ]


def _placed(records: Path, names: Iterable[str]) -> list[str]:
    return [str(records.parent / name) for name in names]


def _above(name: str) -> Iterator[str]:
    """Yield the folders between the manifest's own and what has a name."""
    if not Path(name).is_absolute():
        parts = name.split("/")[:-1]
        yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
