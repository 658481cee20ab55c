"""How fast objects go to a bucket and come from it, against what obstore alone does.

    python -m tests.benchmarks.transfers [OBJECTS] [--jobs N] [--seconds S] [--rounds N]

Ours looks whether each object is there, reads, digests, and keeps it on disk for good.  obstore
alone moves bytes between the memory of two processes, with as many threads.  The service answers
each request after so many seconds, and takes next to nothing for it.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from obstore.store import S3Store

from musicbuild.events import Passage
from musicbuild.exchange import Exchange
from musicbuild.hashing import Digest
from musicbuild.remotes import open_remote
from musicbuild.store import Store

BUCKET = Path(__file__).with_name("bucket.py")
SIZE = 1_000_000
"""Bytes of an object."""
ANSWER = 0.03
"""Seconds that a service in the same part of the world takes to answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds for all objects, one way: of ours, and of obstore alone."""

    ours: float
    bare: float

    @property
    def share(self) -> float:
        """Return how much of obstore's speed ours has."""
        return self.bare / self.ours


def transfers(
    objects: int = 1000, *, jobs: int = 8, seconds: float = ANSWER
) -> tuple[Taken, Taken]:
    """Push so many objects and pull them, in new folders; by turns with obstore alone."""
    with tempfile.TemporaryDirectory() as folder, bucket(seconds) as endpoint:
        full, empty = Store(Path(folder, "full")), Store(Path(folder, "empty"))
        digests = [full.put(piece(number)) for number in range(objects)]
        environment = {
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
        }
        config = {name.lower(): value for name, value in environment.items()}
        alone = S3Store("bare", config=config)
        data = {digest: full.get(digest) for digest in digests}
        remote = open_remote("s3://ours", root=Path(folder), environment=environment)
        bare_push = _each(digests, jobs, lambda one: alone.put(one, data[one], use_multipart=False))
        push = _ours(lambda: Exchange(full, remote, jobs=jobs).push(digests), digests)
        bare_pull = _each(digests, jobs, lambda one: bytes(alone.get(one).bytes()))
        pull = _ours(lambda: Exchange(empty, remote, jobs=jobs).pull(digests), digests)
    return Taken(push, bare_push), Taken(pull, bare_pull)


def measure(objects: int) -> dict[str, list[float]]:
    """Return the share of obstore's speed that ours has in three rounds, each way."""
    rounds = [transfers(objects) for _ in range(3)]
    return {
        "push": [push.share for push, _ in rounds],
        "pull": [pull.share for _, pull in rounds],
    }


def piece(number: int) -> bytes:
    return hashlib.shake_128(b"%d" % number).digest(SIZE)


def _ours(move: Callable[[], object], digests: list[Digest]) -> float:
    began = time.perf_counter()
    moved = move()
    wall = time.perf_counter() - began
    assert len(moved.those(Passage.MOVED)) == len(digests)
    return wall


def _each(digests: list[Digest], jobs: int, move: Callable[[Digest], object]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(move, digests):
            pass
    return time.perf_counter() - began


@contextmanager
def bucket(seconds: float) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, BUCKET, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objects", type=int, nargs="?", default=1000)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=ANSWER)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for _ in range(options.rounds):
        both = transfers(options.objects, jobs=options.jobs, seconds=options.seconds)
        for way, taken in zip(("push", "pull"), both, strict=True):
            megabytes = options.objects * SIZE / 1e6
            sys.stdout.write(
                f"{way}: {megabytes / taken.ours:.0f} MB/s, obstore alone"
                f" {megabytes / taken.bare:.0f} MB/s, {taken.share:.0%}\n"
            )


if __name__ == "__main__":
    main()
