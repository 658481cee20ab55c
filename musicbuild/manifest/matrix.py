"""Which tracks one entry with a matrix stands for, and what their ids are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from ..document import Node
from ..document.source import shown
from ..errors import ManifestError
from .shapes import LONGEST_ID, scalar, slug, variable

MOST = 1_000


def combinations(name: str, node: Node) -> Iterator[tuple[str, dict[str, Node]]]:
    """Return the id and the variables of every track that a matrix makes, in the written order.

    Raises ManifestError at the first thing wrong with it.
    """
    dimensions = node.mapping()
    if not dimensions:
        raise node.error("expected a mapping of at least one list")
    for dimension, values in dimensions.items():
        variable(dimension, values)
        _check(dimension, values)
    count = prod(len(values.items()) for values in dimensions.values())
    if count > MOST:
        raise node.error(f"a matrix makes at most {MOST:,} tracks, not {shown(f'{count:,}')}")
    for choice in product(*(values.items() for values in dimensions.values())):
        whole = "-".join([name, *(slug(value.written) for value in choice)])
        if len(whole) > LONGEST_ID:
            message = f"the id `{shown(whole, 80)}` has more than {LONGEST_ID} characters"
            raise ManifestError(message, span=node.key)
        yield whole, dict(zip(dimensions, choice, strict=True))


def _check(dimension: str, values: Node) -> None:
    if not values.items():
        raise values.error("expected a list of at least one")
    first: dict[str, Node] = {}
    for node in values.items():
        scalar(node)
        part = slug(node.written)
        if not part:
            hint = "an id takes its letters and digits from it"
            raise node.error(f"`{shown(node.written)}` leaves nothing for an id", hint)
        if part in first:
            hint = f"`{dimension}` has `{shown(first[part].written)}` already"
            raise node.error(f"two values make the same id `…-{part}`", hint)
        first[part] = node
