"""Composes a corpus of prompts, and has programs that know nothing of the composer listen to it.

    pip install -e '.[corpus]'
    python -m tests.sketch_corpus
    python -m tests.sketch_corpus --prompts 12 --seeds 1 --json heard.json

It needs librosa, asks ffmpeg where that is installed, and takes some minutes.  What is missed is
named, and the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from .hearing import brighter, hear
from .prompts import CORPUS
from .verdict import relations, table, tally, totals


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sketch_corpus", description=__doc__)
    parser.add_argument("--prompts", type=int, default=len(CORPUS), help="the first so many")
    parser.add_argument("--style", help="only the prompts of this style")
    parser.add_argument("--seeds", type=int, default=3, help="so many pieces of each prompt")
    parser.add_argument("--json", type=Path, help="a file for all that was measured")
    options = parser.parse_args()
    wishes = [each for each in CORPUS if options.style in {None, each.style}][: options.prompts]
    pieces, pairs = [], {}
    for place, wish in enumerate(wishes, 1):
        sys.stderr.write(f"\r{place} of {len(wishes)}: {wish.prompt:<76.76}")
        pieces += [hear(wish, seed) for seed in range(options.seeds)]
        if "dark" not in wish.prompt.lower():
            pairs[wish.prompt] = brighter(wish)
    sys.stderr.write(f"\r{'':<90}\r")
    verdict = totals(pieces, pairs)
    said = [*table(pieces), "", f"Keys: {relations(pieces)}.", ""]
    for total in verdict:
        said += [tally(total), *(f"  {missed}" for missed in total.missed)]
    sys.stdout.write("\n".join(said) + "\n")
    if options.json:
        heard = {"pieces": [asdict(each) for each in pieces], "brighter": pairs}
        options.json.write_text(json.dumps(heard, indent=1) + "\n", "utf-8")
    return 0 if all(total.holds for total in verdict) else 1


if __name__ == "__main__":
    sys.exit(main())
