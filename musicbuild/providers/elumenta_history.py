"""The generations of an Elumenta account since a moment: all of them, or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..errors import Undelivered
from . import Ticket
from .elumenta_replies import created, identity, is_music, keep, read
from .verdict import Answer

HISTORY = "/api/v2/user/history"
PAGE = 100
MOST_PAGES = 500

READS = 3
"""How often the list is read, since entries that come in meanwhile move the others on."""

Get = Callable[[str, Mapping[str, str | int]], Answer]


def tickets(get: Get, models: Collection[str], since: datetime) -> Sequence[Ticket]:
    """Read the work of these models; raise Undelivered if the pages don't add up to the whole.

    A list that is seen to begin with the newest is read only as far back as `since`: an account
    may have thousands of entries, and each request may count against its quota.

    What is neither music nor ours is left out here, for the service has no reliable filter.
    """
    for _ in range(READS - 1):
        try:
            return _tickets(get, models, since)
        except Undelivered:
            continue
    return _tickets(get, models, since)


def _tickets(get: Get, models: Collection[str], since: datetime) -> Sequence[Ticket]:
    return [_ticket(told) for told in _entries(get, since) if is_music(told, models)]


def _entries(get: Get, since: datetime) -> Sequence[Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for page in range(1, MOST_PAGES + 1):
        answer = get(HISTORY, {"page": page, "limit": PAGE})
        told = answer.json()
        items = told.get("items")
        if not answer.good or not isinstance(items, list):
            raise unread(f"page {page} has status {answer.status}, and no entries")
        known = len(found)
        for item in items:
            if not isinstance(item, dict):
                raise unread(f"page {page} has an entry that is none")
            found[identity(item.get("id")) or json.dumps(item, sort_keys=True)] = item
        if items and len(found) == known:
            raise unread("its pages repeat themselves")
        if _reach(found.values(), since):
            return list(found.values())
        total, pages = told.get("total"), told.get("pages")
        if isinstance(total, int):
            if len(found) >= total:
                return list(found.values())
            if not items:
                raise unread(f"it has {len(found)} of {total} entries")
        elif not items or (isinstance(pages, int) and page >= pages):
            return list(found.values())
    raise unread(f"it has more than {MOST_PAGES} pages")


def _reach(entries: Iterable[Mapping[str, Any]], since: datetime) -> bool:
    """Tell whether entries run from the newest on to one before a moment, in order."""
    moments = [created(told) for told in entries]
    known = [moment for moment in moments if moment is not None]
    in_order = len(known) == len(moments) and known == sorted(known, reverse=True)
    return bool(known) and in_order and known[-1] < since


def _ticket(told: Mapping[str, Any]) -> Ticket:
    made = read(told)
    if not made.id:
        raise unread("an entry of it has no id")
    return Ticket(
        made.id,
        keep(told),
        model=made.model,
        prompt=made.prompt,
        created=made.created,
        failed=made.failed,
        seconds=made.seconds,
    )


def unread(why: str) -> Undelivered:
    return Undelivered(
        f"the history of elumenta can't be read whole: {why}; nothing was charged for that",
        hint="`musicbuild build` tries again, for nothing",
    )
