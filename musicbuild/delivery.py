"""Finished files: each is tagged, kept in the store, and put into the author's tree.

Of thousands of tracks that is better done by a process beside the build (`crew`), whose threads
would else wait for the interpreter instead of the network.  It is asked in JSON, and `work`
answers it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import MusicbuildError
from .hashing import Digest, digest_bytes
from .outputs import Tree
from .store import Store
from .tags import Said, audio_of, tag


@dataclass(frozen=True, slots=True)
class File:
    """One output as it is to be.

    `said` is None where its format holds no tags.  `recorded` are the digests that the lock has for
    its path: what has one of them may be replaced.
    """

    path: str
    format: str
    said: Said | None
    recorded: frozenset[Digest]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The digests of a file that is in its place, and of the music in it."""

    file: Digest
    audio: Digest


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where files go; `overwrite` lets one replace whatever lies at its path."""

    store: Store
    tree: Tree
    overwrite: bool = False

    def deliver(self, file: File, sound: bytes, digest: Digest | None = None) -> Delivered:
        """Tag one file, and put it where it belongs; `digest` is that of its sound, if it is known.

        Raises IntegrityError as `Tree.deliver`.
        """
        if file.said is None:
            done = self.put(file.path, sound, file.recorded)
            return Delivered(done, done)
        data = tag(sound, file.format, file.said)
        audio = audio_of(data, file.format)
        heard = digest if digest and audio == sound else digest_bytes(audio)
        return Delivered(self.put(file.path, data, file.recorded), heard)

    def put(self, path: str, data: bytes, recorded: Collection[Digest]) -> Digest:
        """Put one file in its place; both it and what it replaces are in the store first."""
        digest = self.store.put(data)

        def ours(there: Digest) -> bool:
            return self.overwrite or there in recorded or self.store.holds(there)

        self.tree.deliver(path, data, ours=ours, keep=self.store.put)
        return digest

    def order(self, files: Collection[File], audio: Digest) -> Mapping[str, Any] | None:
        """Return what `work` has to be told to deliver files made from one object in the store.

        None if a file has what JSON does not: a picture.
        """
        if any(file.said and file.said.cover for file in files):
            return None
        return {
            "store": str(self.store.folder),
            "root": str(self.tree.root),
            "overwrite": self.overwrite,
            "audio": audio,
            "files": [_told(file) for file in files],
        }


def delivered(reply: Mapping[str, bytes]) -> Mapping[str, Delivered]:
    """Read what `work` answers, by path."""
    return {path: Delivered(**one) for path, one in json.loads(reply[""]).items()}


def work(order: Mapping[str, Any]) -> Mapping[str, bytes]:
    """Deliver what is ordered; raise ValueError if not all of it could be."""
    delivery = Delivery(
        Store(Path(order["store"])), Tree(Path(order["root"])), overwrite=order["overwrite"]
    )
    sound = delivery.store.get(order["audio"])
    if sound is None:
        raise ValueError("the audio is not in the store")
    done = {}
    for told in order["files"]:
        said = Said(told["texts"], None, told["measured"]) if told["format"] else None
        file = File(told["path"], told["format"], said, frozenset(told["recorded"]))
        try:
            one = delivery.deliver(file, sound, order["audio"])
        except (MusicbuildError, OSError) as error:
            raise ValueError(str(error)) from None
        done[file.path] = {"file": one.file, "audio": one.audio}
    return {"": json.dumps(done).encode()}


def _told(file: File) -> dict[str, Any]:
    return {
        "path": file.path,
        "format": file.format if file.said else "",
        "texts": dict(file.said.texts) if file.said else {},
        "measured": bool(file.said and file.said.measured),
        "recorded": sorted(file.recorded),
    }
