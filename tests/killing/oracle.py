"""What the ledger of the gateway says, against the lock and the journal, read as plain JSON.

Nothing here asks musicbuild how to read its own files: what it wrote has to speak for itself.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_audio import mp3

DOCUMENT = Path(__file__).parents[2] / "docs" / "scripting.md"

Wish = tuple[str, str, int]
"""A model, a prompt and a duration in seconds."""


class Violation(Exception):
    """A promise that was broken."""


@dataclass(frozen=True, slots=True)
class Order:
    """One file of the journal: what was asked for, what was there before, and the id, if known."""

    wish: Wish
    known: frozenset[str]
    generation: str


def exit_codes() -> frozenset[int]:
    """Return the codes that the table in docs/scripting.md has."""
    table = DOCUMENT.read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    return frozenset(int(code) for row in rows for code in row.split(","))


CODES = exit_codes()


def lock_of(project: Path) -> dict[str, Any]:
    """Return the lock, which is whole whenever it is looked at."""
    try:
        found = json.loads((project / "musicbuild.lock").read_bytes())
    except FileNotFoundError:
        return {"purchases": {}, "tracks": {}}
    except ValueError:
        raise Violation("the lock does not parse") from None
    return dict(found)


def charges(ledger: Path) -> dict[str, Wish]:
    """Return what was charged, by id."""
    if not ledger.exists():
        return {}
    lines = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    return {one["id"]: (one["model"], one["prompt"], one["duration"]) for one in lines}


def orders(project: Path) -> list[Order]:
    """Return what the journal has; a last line without an end was never written."""
    found = []
    for path in sorted((project / ".musicbuild" / "journal").glob("*.jsonl")):
        try:
            whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
        except FileNotFoundError:  # it was settled meanwhile
            continue
        records = [json.loads(line.rpartition(b"\t")[0]) for line in whole]
        if not records:
            continue
        spec = records[0]["spec"]
        named = [one["generation"] for one in records if one["record"] == "accepted"]
        found.append(
            Order(
                wish=(spec["model"], spec["prompt"], int(spec["duration"])),
                known=frozenset(records[0]["known"]),
                generation=str(named[-1]) if named else "",
            )
        )
    return found


def check_said(said: str, code: int, allowed: Iterable[int]) -> None:
    if "Traceback" in said or "internal error" in said:
        raise Violation("a traceback was shown")
    if code >= 0 and code not in CODES:
        raise Violation(f"exit code {code} is in no table")
    if code not in allowed:
        raise Violation(f"exit code {code}")


def check_claims(project: Path, ledger: Path) -> None:
    """Make sure that every charge is in the lock, or is what an order in the journal asked for.

    An order whose id is not known claims one charge: of the same words, and not seen before.
    This holds while a build runs, too, if all is read in the order in which it goes.
    """
    found = charges(ledger)
    waiting = orders(project)
    bought = [one["generation"] for one in lock_of(project)["purchases"].values()]
    if len(set(bought)) < len(bought):
        raise Violation("one generation is bought twice in the lock")
    named = {*bought, *(order.generation for order in waiting)}
    unnamed = [order for order in waiting if not order.generation]
    for generation in sorted(set(found) - named):
        claiming = [one for one in unnamed if _may_be(one, generation, found[generation])]
        if not claiming:
            raise Violation(f"{generation} is paid, and claimed by nothing: {found[generation]}")
        unnamed.remove(claiming[0])


def _may_be(order: Order, generation: str, wish: Wish) -> bool:
    return order.wish == wish and generation not in order.known


def check_end(project: Path, ledger: Path, wishes: Counter[Wish]) -> None:
    """Make sure that each wish was charged once, and that all of it is in the lock."""
    check_claims(project, ledger)
    found = charges(ledger)
    charged = Counter(found.values())
    if charged != wishes:
        raise Violation(f"too much: {charged - wishes}, too little: {wishes - charged}")
    if left := orders(project):
        raise Violation(f"{len(left)} orders are left in the journal")
    lock = lock_of(project)
    bought = {
        one["generation"]: (one["model"], one["prompt"], int(one["duration"]))
        for one in lock["purchases"].values()
    }
    if bought != found:
        raise Violation(f"the lock has {bought}, and {found} was charged")
    for track in lock["tracks"].values():
        purchase = lock["purchases"][track["generate"]]
        check_outputs(project, track["outputs"], purchase["generation"], purchase["duration"])


def check_outputs(project: Path, paths: Iterable[str], generation: str, seconds: float) -> None:
    """Make sure that outputs are tags, and then the very music that was delivered."""
    music = mp3(generation, int(seconds))
    for path in paths:
        try:
            made = (project / path).read_bytes()
        except FileNotFoundError:
            raise Violation(f"`{path}` is not there") from None
        if not (made.startswith(b"ID3") and made.endswith(music)):
            raise Violation(f"`{path}` is not the whole music of {generation}")
