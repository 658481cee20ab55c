"""A remote that is a folder: a network share, a disk that goes from hand to hand, a synced drive.

A folder is used only if it says that it is a store.  So a manifest can't have us write into any
folder it names, and a share that is not mounted is no empty store.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote

from .. import durable, reading
from ..address import parse
from ..errors import RemoteError, Unusable
from ..folders import Folder, Linked, hold
from .names import checked

MARKER = "musicbuild-store.json"
VERSION = 1
MODE = 0o666
"""Of the files there, less what the user's mask takes away: a store is for a team."""

_LARGEST_MARKER = 64 << 10
_MISSING = (FileNotFoundError, NotADirectoryError)


class FolderRemote:
    """Files below one folder, held open from the look at its marker until it is closed.

    What is mounted or linked over its path later changes nothing.
    """

    def __init__(self, url: str, root: Path, *, create: bool = False) -> None:
        self._url = url
        self._is_closed = False
        path = _path(url, root)
        if create:
            _mark(url, path)
        try:
            self._folder = hold(path)
        except _MISSING:
            raise _unmarked(url, "there is no such folder") from None
        except OSError as error:
            raise _failed(url, error) from None
        try:
            _check_marker(url, self._folder)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return self._url

    def has(self, name: str) -> bool:
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        """Return how many bytes have this name; 0 for what is no plain file."""
        with self._failing(), suppress(*_MISSING), self._within(name) as (folder, last):
            status = folder.status(last)
            return status.st_size if stat.S_ISREG(status.st_mode) else 0
        return None

    def get(self, name: str) -> bytes | None:
        with self._failing(name), suppress(*_MISSING), self._within(name) as (folder, last):
            return reading.contents(last, within=folder)
        return None

    def create(self, name: str, data: bytes) -> bool:
        with self._failing(), self._within(name, make=True) as (folder, last):
            return durable.create_within(folder, last, data, mode=MODE)

    def put(self, name: str, data: bytes) -> None:
        with self._failing(), self._within(name, make=True) as (folder, last):
            durable.write_within(folder, last, data, mode=MODE)

    def remove(self, name: str) -> None:
        with self._failing(), suppress(*_MISSING), self._within(name) as (folder, last):
            folder.remove(last)
            folder.sync()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._folder.__exit__()

    @contextmanager
    def _within(self, name: str, *, make: bool = False) -> Iterator[tuple[Folder, str]]:
        """Open the folder of a name, and give it with the name's last part."""
        *parts, last = checked(name).split("/")
        folder = self._folder
        try:
            for part in parts:
                inner = folder.inner(part, make=make)
                if folder is not self._folder:
                    folder.__exit__()
                folder = inner
            yield folder, last
        finally:
            if folder is not self._folder:
                folder.__exit__()

    @contextmanager
    def _failing(self, name: str = "") -> Iterator[None]:
        """Turn what the system says into an error of ours."""
        try:
            yield
        except (reading.NotPlain, reading.TooLarge) as error:
            raise Unusable(
                f"`{name}` in the store `{self._url}` {error.strerror}", hint="remove it there"
            ) from None
        except OSError as error:
            raise _failed(self._url, error) from None


def _path(url: str, root: Path) -> Path:
    address = parse(url)
    if address.scheme != "file":
        return root / url
    path = unquote(url.partition("://")[2].removeprefix("localhost"))
    return Path(path[1:] if os.name == "nt" else path)


def _mark(url: str, path: Path) -> None:
    """Make the folder, and put the marker there if there is none."""
    text = json.dumps({"version": VERSION}) + "\n"
    try:
        durable.make_folder(path)
        with hold(path) as folder:
            durable.create_within(folder, MARKER, text.encode(), mode=MODE)
    except OSError as error:
        raise _failed(url, error) from None


def _check_marker(url: str, folder: Folder) -> None:
    try:
        data = reading.contents(MARKER, most=_LARGEST_MARKER, within=folder)
    except FileNotFoundError:
        raise _unmarked(url, f"it has no `{MARKER}`") from None
    except (reading.NotPlain, reading.TooLarge):
        raise _unmarked(url, f"its `{MARKER}` can't be read") from None
    except OSError as error:
        raise _failed(url, error) from None
    try:
        version = json.loads(data)["version"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _unmarked(url, f"its `{MARKER}` can't be read") from None
    if version != VERSION:
        raise RemoteError(
            f"the store `{url}` is of version {str(version)[:20]}, and this musicbuild knows"
            f" version {VERSION}",
            hint="use a newer musicbuild",
        )


def _unmarked(url: str, why: str) -> RemoteError:
    return RemoteError(
        f"`{url}` is no store: {why}",
        hint="mount it, or `musicbuild push --create` makes a store of it",
    )


def _failed(url: str, error: OSError) -> RemoteError:
    if isinstance(error, Linked):
        what = f"`{error.filename}` in it is a link"
    else:
        what = (error.strerror or str(error)).lower()
    return RemoteError(f"the store `{url}`: {what}", hint="see that it is mounted and yours to use")
