"""What is run: each target with its seeds and mutations, input after input, and what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType

import musicbuild

from . import corpus, frames, mutate, targets, values, vocabulary
from .grammar import grown
from .limits import SECONDS, TooLong, limited
from .mutate import Mutation

PACKAGE = Path(musicbuild.__file__).parent
POOL = 400
MOST_TRIES = 2_000
MOST_SLOW_TRIES = 20
"""How often a finding is tried to be made smaller, and one that never ends."""


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises if the bytes break its promise; `seeds` makes inputs that are valid."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    mutations: Sequence[Mutation]


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that breaks a promise: by which error, and in which function that came up."""

    target: str
    data: bytes
    error: str
    place: str
    message: str

    @property
    def key(self) -> tuple[str, str]:
        return self.error, self.place

    def __str__(self) -> str:
        return f"{self.target}: {self.error} in {self.place}: {self.message}"


TEXT = (mutate.raw, mutate.lines)
YAML = (*TEXT, *[mutate.words(vocabulary.YAML)] * 3)
TEMPLATE = (mutate.raw, *[mutate.words(vocabulary.TEMPLATE)] * 5)
MP3 = (mutate.raw, frames.id3, frames.music, frames.promise)
TARGETS: Mapping[str, Target] = {
    one.name: one
    for one in (
        Target("document", targets.document, corpus.manifests, YAML),
        Target("manifest", targets.manifest, corpus.albums, (*YAML, *[values.one_value] * 6)),
        Target("template", targets.template, corpus.templates, (*TEMPLATE, *[grown] * 6)),
        Target("lock", targets.lock, corpus.lockfiles, (*TEXT, *[values.one_value] * 4)),
        Target(
            "journal",
            targets.journal,
            corpus.journals,
            (mutate.raw, values.a_signed_line, *[values.a_record] * 4),
        ),
        Target("torn", targets.torn, corpus.blows, (mutate.raw,)),
        Target("reply", targets.reply, corpus.replies, (mutate.raw, *[values.a_body] * 4)),
        Target("history", targets.history, corpus.histories, (*TEXT, *[values.a_line] * 4)),
        Target("audio", targets.audio, corpus.mp3s, MP3),
        Target("tags", targets.tags, corpus.tagged, (*MP3, *[frames.a_frame] * 4)),
    )
}


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """Yield the seeds, then what comes of them, and of that, without end; by `seed` alone.

    A part of the inputs is kept to go on from, so that changes add up; as often one begins anew
    from a seed, for most of what was changed is soon refused.
    """
    random = Random(f"{target.name} {seed}")
    seeds = target.seeds()
    pool, kept = [*seeds], len(seeds)
    yield from seeds
    while True:
        base = random.choice(random.choice((seeds, pool)))
        made = mutate.changed(random, base, target.mutations, pool)
        yield made
        if not random.randrange(8):
            if len(pool) < POOL:
                pool.append(made)
            else:
                pool[random.randrange(kept, POOL)] = made


def tried(target: Target, data: bytes, seconds: float = SECONDS) -> Finding | None:
    """Run a target once; return what came out that should not, a run without end included."""
    try:
        with limited(seconds):
            target.run(data)
    except (Exception, TooLong) as error:  # noqa: BLE001 - that is what is looked for
        message = str(error).partition("\n")[0][:200]
        return Finding(target.name, data, type(error).__name__, _place(error), message)
    return None


def hunt(target: Target, given: Iterable[bytes]) -> Iterator[Finding]:
    """Run a target on each input, and yield the first finding of each sort, made small."""
    known: set[tuple[str, str]] = set()
    for data in given:
        found = tried(target, data)
        if found and found.key not in known:
            known.add(found.key)
            yield smallest(target, found)


def smallest(target: Target, found: Finding) -> Finding:
    """Leave out of a finding what it does not need: halves, then quarters, down to each byte."""
    left = MOST_TRIES if found.error != TooLong.__name__ else MOST_SLOW_TRIES
    before = None
    while found != before and left:
        before, size = found, max(1, len(found.data) // 2)
        while size and left:
            found, left = _without(target, found, size, left)
            size //= 2
    return found


def _without(target: Target, found: Finding, size: int, left: int) -> tuple[Finding, int]:
    """Leave out stretches of one size; `left` counts the tries."""
    place = 0
    while place < len(found.data) and left:
        left -= 1
        again = tried(target, found.data[:place] + found.data[place + size :])
        if again and again.key == found.key:
            found = again
        else:
            place += size
    return found, left


def _place(error: BaseException) -> str:
    """Return the innermost function of musicbuild that an error came through, or else a line."""
    step: TracebackType | None = error.__traceback__
    place = ours = ""
    while step is not None:
        code = step.tb_frame.f_code
        file = Path(code.co_filename)
        place = f"{file.name}:{step.tb_lineno}"
        if file.is_relative_to(PACKAGE):
            ours = f"{file.name}:{code.co_name}"
        step = step.tb_next
    return ours or place
