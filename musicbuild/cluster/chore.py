"""One piece of work as a worker of a cluster does it: all it is told and answers is JSON text.

It opens the store by its address, with the credentials of its own environment.  Files come from
there and go there; what is told and answered names them by digest.

| told | |
|---|---|
| `tools` | what the work must be done with, as `tools.here()` has it |
| `store` | the address of the store |
| `module`, `order` | whose work, and the order, without files |
| `sources` | digests of the files of `order["sources"]`, by part |
| `place` | where results go in the store |
| `anew` | whether what lies there already is not to be relied on |

The answer has one entry: `made`, with the digests of `files` by output, and what was `said` by
name; or why there is none: `differs`, `spoilt`, `store` or `refused`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..crew import Crew
from ..errors import RemoteError
from ..remotes import Remote, open_remote
from . import parcels, tools

SAME = "see that this address means the same place on all machines"

SMALL = 64 << 10
"""Bytes that an answer itself may hold; more goes through the store."""


def ready(told: str) -> str:
    """Tell what this worker works with, and why it can't use the store, if so.

    It is told of the `store`, and of a `probe` in some `place` there; it answers with another.
    """
    asked = json.loads(told)
    found: dict[str, Any] = {"tools": tools.here()}
    try:
        remote = _open(asked["store"])
        try:
            probe = parcels.fetch(remote, asked["place"], asked["probe"])
            parcels.put(remote, asked["place"], probe[::-1])
        finally:
            remote.close()
    except RemoteError as error:
        found["store"] = [error.message, error.hint]
    except parcels.Spoilt:
        found["store"] = [f"`{asked['store']}` is another one there", SAME]
    return json.dumps(found)


def do(told: str) -> str:
    """Do one piece of work.  Raises OSError if this machine fails at it: another may not."""
    return json.dumps(_done(json.loads(told)))


def _done(told: Mapping[str, Any]) -> dict[str, Any]:
    found = tools.here()
    if found != told["tools"]:
        return {"differs": found}
    try:
        remote = _open(told["store"])
        try:
            with TemporaryDirectory(prefix="musicbuild-") as folder:
                return {"made": _made(told, remote, Path(folder))}
        finally:
            remote.close()
    except parcels.Spoilt as error:
        return {"spoilt": error.digest}
    except RemoteError as error:
        return {"store": [error.message, error.hint]}
    except ValueError as error:
        return {"refused": str(error)}


def _made(told: Mapping[str, Any], remote: Remote, folder: Path) -> dict[str, Any]:
    order, place, anew = dict(told["order"]), told["place"], told["anew"]
    if told["sources"]:
        order["sources"] = {}
    for number, (part, digest) in enumerate(told["sources"].items()):
        path = folder / f"source-{number}"
        path.write_bytes(parcels.fetch(remote, parcels.OBJECTS, digest))
        order["sources"][part] = str(path)
    files = {}
    for number, (name, output) in enumerate(order.get("outputs", {}).items()):
        if output["path"] is not None:
            files[name] = folder / f"output-{number}"
            output["path"] = str(files[name])
    said = _crew(told["module"]).do(order)

    def carried(data: bytes) -> dict[str, str]:
        if len(data) <= SMALL:
            return {"data": base64.b64encode(data).decode()}
        return {"digest": parcels.put(remote, place, data, anew=anew)}

    return {
        "files": {
            name: parcels.put(remote, place, path.read_bytes(), anew=anew)
            for name, path in files.items()
        },
        "said": {name: carried(data) for name, data in said.items()},
    }


def _open(store: str) -> Remote:
    return open_remote(store, root=Path(Path.cwd().anchor), environment=os.environ)


@cache
def _crew(module: str) -> Crew:
    """Return who does the work, kept for the next piece, as on a machine without a cluster.

    It is apart: a decoder that dies takes no worker with it, and sees none of its credentials.
    """
    return Crew(module, apart=True)
