"""Every generation of an Elumenta account: the whole list, or none of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ..errors import Undelivered
from . import Ticket
from .elumenta_replies import identity, is_music, keep, read
from .verdict import Answer

HISTORY = "/api/v2/user/history"
PAGE = 100
MOST_PAGES = 500

READS = 3
"""How often the list is read, since entries that come in meanwhile move the others on."""

Get = Callable[[str, Mapping[str, str | int]], Answer]


def tickets(get: Get, models: Collection[str]) -> Sequence[Ticket]:
    """Read the work of these models; raise Undelivered if the pages don't add up to the whole.

    What is neither music nor ours is left out here, for the service has no reliable filter.
    """
    for _ in range(READS - 1):
        try:
            return _tickets(get, models)
        except Undelivered:
            continue
    return _tickets(get, models)


def _tickets(get: Get, models: Collection[str]) -> Sequence[Ticket]:
    return [_ticket(told) for told in _entries(get) if is_music(told, models)]


def _entries(get: Get) -> Sequence[Mapping[str, Any]]:
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
        total, pages = told.get("total"), told.get("pages")
        if isinstance(total, int):
            if len(found) >= total:
                return list(found.values())
            if not items:
                raise unread(f"it has {len(found)} of {total} entries")
        elif not items or (isinstance(pages, int) and page >= pages):
            return list(found.values())
    raise unread(f"it has more than {MOST_PAGES} pages")


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
    )


def unread(why: str) -> Undelivered:
    return Undelivered(
        f"the history of elumenta can't be read whole: {why}; nothing was charged for that",
        hint="`musicbuild build` tries again, for nothing",
    )
