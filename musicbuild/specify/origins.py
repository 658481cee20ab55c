"""Where each value of a track came from, by the name of its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..manifest import Sourced, Track


def origins(track: Track) -> Mapping[str, Sourced[Any]]:
    """Return each setting with its layer, and `vars.x`, `tags.x`, `master.x` and `qc.x` too."""
    fields = {
        "model": track.model,
        "duration": track.duration,
        "title": track.title or Sourced(readable(track.id), "built in"),
        "prompt": track.prompt or track.prompt_file,
        "output": track.output,
        "takes": track.takes,
        "loop": track.loop,
        "formats": track.formats,
        "stems": track.stems,
        "seed": track.seed,
        "labels": track.labels,
        "group": track.group,
        "cover": track.cover,
        **{f"vars.{name}": sourced for name, sourced in track.vars.items()},
        **{f"tags.{name}": sourced for name, sourced in track.tags.items()},
        **{f"master.{name}": sourced for name, sourced in track.master.items()},
        **{f"qc.{name}": sourced for name, sourced in track.qc.items()},
    }
    return {name: sourced for name, sourced in fields.items() if sourced}


def readable(name: str) -> str:
    """Return an id as a title: `boss-1` as `Boss 1`."""
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", "-").split("-"))
