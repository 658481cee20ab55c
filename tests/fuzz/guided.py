"""The same targets led by coverage, for who has installed atheris (there is none for Windows)."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from random import Random

import atheris

from .board import Board
from .drive import Order, save
from .ground import ground
from .limits import limit_memory

INSTRUMENTED = ("musicbuild", "jinja2", "yaml", "mutagen")
LONGEST = 16 << 10


def run(name: str, order: Order, board: Board, until: float) -> None:
    """Run one target until the runs or the time are over; this ends the process.

    What atheris has to say goes into a file beside the findings.
    """
    with (order.folder / f"{name}.log").open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    with atheris.instrument_imports(include=[*INSTRUMENTED]):
        campaign = import_module(".campaign", __package__)
        mutate = import_module(".mutate", __package__)
    target, known = campaign.TARGETS[name], set()
    folder = ground() / f"corpus-{name}"
    folder.mkdir(exist_ok=True)
    seeds = [data for data in target.seeds() if len(data) <= LONGEST]
    for number, data in enumerate(seeds):
        (folder / str(number)).write_bytes(data)

    def once(data: bytes) -> None:
        if data in order.deadly:
            return
        board.note(data)
        found = campaign.tried(target, data)
        if found and found.key not in known:
            known.add(found.key)
            found = campaign.smallest(target, found)
            save(order.folder, board, name, found.data, str(found))

    def change(data: bytes, most: int, chance: int) -> bytes:
        random = Random(chance)
        if not random.randrange(3):
            return bytes(atheris.Mutate(data, most))
        made: bytes = mutate.changed(random, data, target.mutations, seeds)
        return made[:most]

    left = None if order.runs is None else max(1, order.runs - board.executions)
    options = [f"-seed={order.seed + 1}", f"-max_len={LONGEST}", "-timeout=60", "-verbosity=0"]
    options += [f"-artifact_prefix={ground()}/"]
    options += [f"-runs={left}"] if left else []
    options += (
        [f"-max_total_time={max(1, int(until - time.perf_counter()))}"] if order.seconds else []
    )
    atheris.Setup([sys.argv[0], *options, str(folder)], once, custom_mutator=change)
    limit_memory()
    atheris.Fuzz()
