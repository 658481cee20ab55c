"""Which functions of musicbuild need not run again: values go in, and values alone come out.

A build asks them the same over and over, and so do the builds of other seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from musicbuild import delivery, finish, purchase
from musicbuild import lock as locks
from musicbuild.spec import GenerateSpec, MasterSpec

ALWAYS_THE_SAME = (
    (GenerateSpec, "key"),
    (MasterSpec, "key"),
    (locks, "parse"),
    (purchase, "inspect"),
    (finish, "audio_of"),
    (delivery, "audio_of"),
)


@contextmanager
def remembered() -> Iterator[None]:
    """Have each of them answer once what is asked again and again."""
    with ExitStack() as stack:
        for place, name in ALWAYS_THE_SAME:
            stack.enter_context(patch.object(place, name, _remembering(getattr(place, name))))
        yield


def _remembering(function: Any) -> Any:
    if isinstance(function, property):
        return property(_remembering(function.fget))
    return lru_cache(maxsize=4096)(function)
