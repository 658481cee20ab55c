"""How much memory it takes to measure and to master a piece of two hours.

    python -m tests.benchmarks.memory [MINUTES]

Each order is done in a process of its own, as a build does it; what is told is the most memory
that the process had.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from musicbuild.audio.mp3 import inspect
from musicbuild.audio.mp3.row import LAME_DELAY, info_frame, row_of_frames

from .pieces import pieces

MOST = 300
"""MB that a process may take."""

_WORK = """
import json, re, resource, sys
from pathlib import Path
from musicbuild.audio.job import work
work(json.loads(sys.argv[1]))
status = Path("/proc/self/status")
if status.exists():  # what the system calls a process's own peak is that of its parent too
    print(1024 * int(re.search("VmHWM:\\s+(\\d+) kB", status.read_text())[1]))
else:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(most if sys.platform == "darwin" else 1024 * most)
"""

SOUND = {
    "seconds": None,
    "loudness": -16.0,
    "true_peak": -1.0,
    "limit": False,
    "trim": None,
    "fade_in": None,
    "fade_out": None,
    "loop": None,
    "sample_rate": None,
    "channels": None,
}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory", description=__doc__)
    parser.add_argument("minutes", type=int, nargs="?", default=120)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        source = long_piece(Path(folder) / "long.mp3", minutes)
        size = source.stat().st_size / 1e6
        sys.stdout.write(f"{minutes} minutes of MP3, {size:.0f} MB; at most {MOST} MB each\n\n")
        for name, order in orders(source).items():
            sys.stdout.write(f"{name:<18}{peak_of(order):>5.0f} MB\n")
            sys.stdout.flush()


def orders(source):
    """Return what there is to do with a file, by name."""
    measured = {"measure": order(source, None)}
    lossless = {"lossless gain": order(source, "mp3", lossless=True)}
    mastered = {f"to {name}": order(source, name) for name in ("wav", "mp3", "ogg")}
    return measured | lossless | mastered | {"to wav, limited": order(source, "wav", limit=True)}


def order(source, form, *, limit=False, lossless=False):
    output = {
        "part": "",
        "format": form or "mp3",
        "encoding": {},
        "lossless": lossless,
        "measured": False,
        "path": str(source.with_suffix(f".out.{form}")) if form else None,
    }
    return {
        "sources": {"": str(source)},
        "outputs": {"": output},
        "sound": SOUND | {"limit": limit},
        "seconds": 60.0,
        "missing": None,
    }


def peak_of(order):
    """Return the most memory that the work on an order takes, in MB of 1,000,000 bytes."""
    done = subprocess.run(
        [sys.executable, "-c", _WORK, json.dumps(order)], check=True, capture_output=True
    )
    return int(done.stdout) / 1e6


def long_piece(path, minutes, piece=None):
    """Write an MP3 that is the frames of a short one again and again."""
    data = (piece or pieces(1, 60)[0]).read_bytes()
    stream = inspect(data)
    (first, last), *_ = stream.runs
    frames = data[first:last]
    times = round(minutes * 60 / stream.seconds)
    places = row_of_frames(frames).places
    size = len(frames) * times
    every = [place + len(frames) * time for time in range(times) for place in places]
    with path.open("wb") as file:
        file.write(info_frame(frames[:4], every, size, delay=LAME_DELAY, padding=LAME_DELAY))
        for _ in range(times):
            file.write(frames)
    return path


if __name__ == "__main__":
    main()
