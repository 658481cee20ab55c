"""How long a build takes of which each order takes a while, against what the orders alone take.

    python -m tests.benchmarks.orders [TRACKS] [--jobs N] [--seconds S] [--on FOLDER]

All is counted that a user waits for: the program's start, the plan, orders, downloads, tags, files.
Nothing is mastered or measured.  The project lies on a disk in memory where the system has one, so
that it is not the disk that is measured; `--on` names another place.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COUNTER = Path(__file__).with_name("counter.py")
PROGRAM = Path(sys.executable).with_name("musicbuild")
MEMORY = Path("/dev/shm")
KEY = "nb_" + "0123456789abcdefABCDEF" * 2


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds: of the build, of its orders alone, and of a processor for the build."""

    wall: float
    ideal: float
    cpu: float

    @property
    def share(self) -> float:
        """Return how much of the build its orders alone would have taken."""
        return self.ideal / self.wall


def orders(
    tracks: int = 1000, *, jobs: int = 32, seconds: float = 0.05, on: Path | None = None
) -> Taken:
    """Build so many tracks in a new folder, through a service that takes so long for an order."""
    on = on or (MEMORY if os.access(MEMORY, os.W_OK) else None)
    with tempfile.TemporaryDirectory(dir=on) as folder, counter(seconds) as url:
        Path(folder, "musicbuild.yaml").write_text(manifest(tracks))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "ELUMENTA_API_KEY": KEY,
            "ELUMENTA_BASE_URL": url,
        }
        limits = ["--max-cost", str(9 * tracks), "--jobs", str(jobs)]
        used, began = _cpu(), time.perf_counter()
        subprocess.run(
            [PROGRAM, "build", *limits],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wall, cpu = time.perf_counter() - began, _cpu() - used
        assert len([*Path(folder, "audio").iterdir()]) == tracks
    return Taken(wall, tracks * seconds / jobs, cpu)


def measure(tracks: int) -> list[float]:
    """Return the share of the ideal that builds come to: seven, as a moment's noise takes a lot."""
    return [orders(tracks).share for _ in range(7)]


def manifest(tracks: int) -> str:
    lines = [
        "version: 1",
        "album: Bench",
        "defaults: {model: musicgen, duration: 30, qc: false}",
        "tracks:",
        *(f'  t{number:05}: {{prompt: "Piece number {number}"}}' for number in range(tracks)),
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def counter(seconds: float):
    """Run the service, and give its URL."""
    with subprocess.Popen(
        [sys.executable, COUNTER, str(seconds)], stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        try:
            yield service.stdout.readline().strip()
        finally:
            service.kill()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.orders", description=__doc__.splitlines()[0]
    )
    parser.add_argument("tracks", type=int, nargs="?", default=1000)
    parser.add_argument("--jobs", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--on", type=Path)
    asked = parser.parse_args()
    taken = orders(asked.tracks, jobs=asked.jobs, seconds=asked.seconds, on=asked.on)
    sys.stdout.write(
        f"{asked.tracks} tracks, {asked.jobs} at once: {taken.wall:.2f} s, the orders alone"
        f" {taken.ideal:.2f} s ({taken.share:.0%}), {taken.cpu:.2f} s of a processor\n"
    )


if __name__ == "__main__":
    main()
