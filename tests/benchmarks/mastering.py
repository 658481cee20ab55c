"""How much work it is to master pieces, beside encoding alone and beside another tool.

    python -m tests.benchmarks.mastering [--small] [--rounds N] [--json FILE]

Each of 20 different pieces of 60 s is brought to -16 LUFS and -1 dBTP and encoded as an MP3 of
192 kbit/s.  What is counted is the CPU time of this process and of those it starts.  All tools
take their turns with each piece, so that what else the machine does falls on all alike, and the
least of each tool's turns counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from musicbuild.audio.decode import open_audio
from musicbuild.audio.encode import lame
from musicbuild.audio.formats import Encoding, encoder, made_with
from musicbuild.audio.master import master
from musicbuild.audio.measure import Meter
from musicbuild.audio.recipe import Recipe, Target
from musicbuild.audio.sound import to_int16

from .pieces import RATE, pieces

LOUDNESS, TRUE_PEAK, BITRATE = -16.0, -1.0, 192

FLOOR, PROGRAM, PEER = "lameenc", "lame -b 192", "ffmpeg-normalize"
GOALS = {PROGRAM: 1.3, PEER: 0.35}
"""What ours may cost in terms of theirs."""


@dataclass
class Run:
    """What one tool took for each piece, in CPU seconds, and what it made of them."""

    seconds: list[float] = field(default_factory=list)
    loudness: list[float] = field(default_factory=list)
    true_peak: list[float] = field(default_factory=list)


def main():
    options = _options()
    count, seconds = (3, 20) if options.small else (20, 60)
    paths = pieces(count, seconds)
    load = os.getloadavg()
    runs, start = _runs(paths, options.peer, options.rounds)
    sys.stdout.write(_table(runs, count, seconds, start, (load, os.getloadavg())) + "\n")
    if options.json:
        figures = {name: asdict(run) for name, run in runs.items()}
        data = {"pieces": count, "seconds": seconds, "start": start, "runs": figures}
        options.json.write_text(json.dumps(data, indent=2) + "\n")


def seconds_of_each(count, seconds, rounds, peer):
    """Return CPU seconds by tool, one for each piece: the least that so many rounds took."""
    runs, _ = _runs(pieces(count, seconds), peer, rounds)
    return {name: run.seconds for name, run in runs.items()}


def _runs(paths, peer, rounds):
    """Have all tools master all pieces; return how each did, and what the peer's start takes."""
    runs, start = {}, _start_of_peer(peer)
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            least, tools = {}, _tools(path, Path(folder), peer)
            for name, work in list(tools.items()) * rounds:
                out = Path(folder) / f"{name}.mp3"
                out.unlink(missing_ok=True)
                least[name] = min(least.get(name, 1e9), _cpu(partial(work, out)))
            for name, spent in least.items():
                run = runs.setdefault(name, Run())
                run.seconds.append(spent - start.get(name, 0.0))
                _measure(Path(folder) / f"{name}.mp3", run)
    return runs, start


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.mastering")
    parser.add_argument("--small", action="store_true", help="3 pieces of 20 s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--rounds", type=int, default=3, help="of which the least counts")
    parser.add_argument("--peer", default=shutil.which(PEER), help=f"where {PEER} is")
    return parser.parse_args()


def _tools(path, folder, peer):
    """Return each tool as a function of the file to write; what is ready before isn't counted."""
    samples = to_int16(_decoded(path))
    wav = folder / "decoded.wav"
    tools = {
        "ours": partial(_ours, path, limit=False),
        "ours, limited": partial(_ours, path, limit=True),
        FLOOR: partial(_lameenc, samples.tobytes()),
    }
    if program := shutil.which("lame"):
        _write_wav(wav, samples)
        tools["lame -b 192"] = partial(
            _program, [program, "--quiet", "-b", str(BITRATE), str(wav)], ()
        )
    if peer and shutil.which("ffmpeg"):
        levels = ["-nt", "ebu", "-t", str(LOUDNESS), "-tp", str(TRUE_PEAK)]
        form = ["-c:a", "libmp3lame", "-b:a", f"{BITRATE}k", "-ext", "mp3", "-f", "-o"]
        tools[PEER] = partial(_program, [peer, str(path), *levels, *form], ())
    return tools


def _ours(path, out, *, limit):
    recipe = Recipe(60.0, loudness=LOUDNESS, true_peak=TRUE_PEAK, limit=limit)
    master({"": path}, recipe, [Target("", out, "mp3", bitrate=BITRATE)])


def _lameenc(samples, out):
    one = lame(RATE, 2, bitrate=BITRATE)
    out.write_bytes(bytes(one.encode(samples)) + bytes(one.flush()))


def _program(command, more, out):
    subprocess.run([*command, str(out), *more], check=True, capture_output=True)


def _decoded(path):
    with open_audio(path) as reader:
        return np.concatenate(list(reader.blocks()))


def _write_wav(path, samples):
    one = encoder(path, Encoding("wav", RATE, 2))
    one.write(samples.astype(np.float32) / 32768)
    one.close()


def _start_of_peer(peer):
    """Return what the other tool takes to start, which is no work on a piece."""
    if not peer:
        return {}
    ask = partial(subprocess.run, [peer, "--version"], check=True, capture_output=True)
    return {PEER: min(_cpu(ask) for _ in range(5))}


def _cpu(work):
    before = _spent()
    work()
    return _spent() - before


def _spent():
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _measure(path, run):
    with open_audio(path) as reader:
        meter = Meter(reader.sample_rate, reader.channels)
        for block in reader.blocks():
            meter.feed(block)
    run.loudness.append(meter.result().loudness.integrated)
    run.true_peak.append(meter.result().true_peak)


def _table(runs, count, seconds, start, loads):
    made = f"{count} pieces of {seconds} s to {LOUDNESS:g} LUFS, {TRUE_PEAK:g} dBTP, MP3 {BITRATE}"
    versions = f"Python {sys.version.split()[0]}, numpy {np.__version__}, {made_with('mp3')}"
    head = f"{'':<18}{'CPU s':>7}{'median':>8}{'least':>7}{'most':>7}"
    head += f"{'x ' + FLOOR:>24}{'x ' + PEER:>24}{'LUFS':>16}{'most dBTP':>11}"
    load = f"load {loads[0][0]:.1f} to {loads[1][0]:.1f}"
    lines = [f"{made} kbit/s; {versions}, {load}", "", head]
    for name, run in runs.items():
        loud = f"{min(run.loudness):.1f} to {max(run.loudness):.1f}"
        lines.append(
            f"{name:<18}{sum(run.seconds):>7.2f}{statistics.median(run.seconds):>8.3f}"
            f"{min(run.seconds):>7.3f}{max(run.seconds):>7.3f}"
            f"{_ratio(run, runs.get(FLOOR)):>24}{_ratio(run, runs.get(PEER)):>24}"
            f"{loud:>16}{max(run.true_peak):>11.2f}"
        )
    for name, spent in start.items():
        lines += ["", f"{name} takes {spent:.2f} s to start, which is not counted."]
    for name, goal in GOALS.items():
        if name in runs:
            lines.append(f"goal: ours at most {goal:g} x {name}")
    return "\n".join(lines)


def _ratio(run, other):
    """Return the ratio of all, and the median and the spread of those of each piece."""
    if other is None:
        return ""
    each = [mine / theirs for mine, theirs in zip(run.seconds, other.seconds, strict=True)]
    whole = sum(run.seconds) / sum(other.seconds)
    return f"{whole:.2f} ({statistics.median(each):.2f}, {min(each):.2f}-{max(each):.2f})"


if __name__ == "__main__":
    main()
